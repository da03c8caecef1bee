//! Links that break, and sessions that go on.

use super::pair::Pair;

#[test]
fn a_session_begins_and_is_resumed() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.heard, ["opened begun"]);
    assert_eq!(pair.server.heard, ["opened begun"]);
    assert_eq!(pair.client.types(), ["open"]);
    assert_eq!(pair.server.types(), ["opened"]);
    pair.forget();

    pair.ask("a");
    pair.step_client();
    pair.cut();
    pair.tell("b");
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.types(), ["item", "open", "item", "caught_up"]);
    assert_eq!(pair.server.types(), ["opened", "caught_up", "item"]);
    assert_eq!(pair.server.heard, ["opened resumed", r#"item "a""#, "caught_up"]);
    assert_eq!(pair.client.heard[..2], ["opened resumed", "caught_up"]);
    assert_eq!(pair.client.bodies(), ["b"]);
}
