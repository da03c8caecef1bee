//! What the other end must not do (section 9).

use super::pair::Pair;

#[test]
fn an_envelope_of_the_wrong_end_is_a_fault() {
    let mut pair = Pair::begun();
    pair.forge_to_client(r#"{"type":"open","sent":["0000000000000001",0]}"#);
    assert_eq!(pair.client.heard, ["fault wrong_role"]);
    assert_eq!(pair.client.sent, [r#"{"type":"closed","channel":7,"code":"wrong_role"}"#]);
    assert!(!pair.client.session.is_attached());
    pair.step_server();
    assert_eq!(pair.server.heard, ["closed wrong_role"]);
    pair.forget();
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.heard, ["opened resumed", "caught_up"]);
}
