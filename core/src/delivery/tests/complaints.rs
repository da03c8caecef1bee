//! What users of other systems have met, one test each.

use super::pair::Pair;

/// socketio/socket.io#5538, #4888, #5282: recovery failed where the server had sent nothing.
#[test]
fn a_session_resumes_with_nothing_received() {
    let mut pair = Pair::begun();
    pair.cut();
    pair.pass(119_000);
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.heard, ["opened resumed", "caught_up"]);
    assert_eq!(pair.server.heard, ["opened resumed", "caught_up"]);
    assert_eq!(pair.client.outcomes(), [""; 0]);
}

/// socketio/socket.io#5363: what a client had sent was not recovered.
#[test]
fn what_a_client_sent_is_recovered_as_what_a_server_sent_is() {
    let mut pair = Pair::begun();
    pair.ask("up");
    pair.tell("down");
    pair.step_client();
    pair.step_server();
    pair.cut();
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.bodies(), ["up"]);
    assert_eq!(pair.client.bodies(), ["down"]);
}

/// socketio/socket.io#5419: recovered packets did not move the offset, and came again at the next recovery.
#[test]
fn replay_moves_the_positions() {
    let mut pair = Pair::begun();
    for text in ["a", "b"] {
        pair.tell(text);
    }
    pair.step_server();
    pair.cut();
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.bodies(), ["a", "b"]);
    pair.cut();
    pair.forget();
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.bodies(), [""; 0]);
    assert_eq!(pair.server.types(), ["opened", "caught_up"]);
}

/// socketio/socket.io#4880: the second recovery met the socket of the first.
#[test]
fn a_link_that_was_not_seen_to_break_is_taken_over_any_number_of_times() {
    let mut pair = Pair::begun();
    for text in ["a", "b", "c"] {
        pair.ask(text);
        pair.step_client();
        // No end has heard of the end of the link.
        pair.connect();
        pair.settle();
    }
    assert_eq!(pair.server.bodies(), ["a", "b", "c"]);
    assert!(pair.server.heard.iter().all(|line| !line.starts_with("fault")));
}

/// centrifugal/centrifuge-go#159, #160: an epoch that was paired with the offset of another gave another stream's
/// data for recovered.
#[test]
fn a_position_is_one_value_and_a_foreign_epoch_is_a_gap() {
    let mut pair = Pair::begun();
    for text in ["a", "b", "c"] {
        pair.tell(text);
    }
    pair.settle();
    pair.cut();
    // Another server has the session under its name, and has sent as much.
    let mut other = Pair::with_seeds(8, 9);
    other.connect();
    other.settle();
    for text in ["x", "y", "z"] {
        other.tell(text);
    }
    other.settle();
    other.cut();
    pair.server = other.server;
    pair.forget();
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.heard[..2], ["opened gap", "gap foreign_epoch"]);
    assert_eq!(pair.client.bodies(), ["x", "y", "z"]);
}

/// dotnet/aspnetcore#55575: what was counted and not numbered was counted otherwise at each end.
#[test]
fn a_number_that_is_missing_is_seen_at_once() {
    let mut pair = Pair::begun();
    pair.tell("a");
    pair.tell("b");
    while pair.step_server() {}
    pair.client.incoming.pop_front();
    pair.step_client();
    assert_eq!(pair.client.heard, ["fault out_of_order"]);
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.bodies(), ["a", "b"]);
}

/// cloudflare/agents#795: what was new overtook the replay.
#[test]
fn nothing_new_comes_before_the_end_of_the_replay() {
    let mut pair = Pair::begun();
    pair.tell("old");
    pair.step_server();
    pair.cut();
    pair.tell("new");
    pair.connect();
    pair.settle();
    let heard: Vec<_> = pair.client.heard.iter().map(String::as_str).collect();
    assert_eq!(heard, ["opened resumed", r#"item "old""#, "caught_up", r#"item "new""#]);
}

/// Hy4ri/hermes-mobile#842: a replay had new ids, and the answer was shown twice.
#[test]
fn a_replay_has_the_positions_of_the_first_sending() {
    let mut pair = Pair::begun();
    pair.tell("a");
    pair.step_server();
    let first = pair.server.sent[0].clone();
    pair.cut();
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.sent[2], first);
}

/// platformatic/mcp#164: all had the same number, so nobody could say from where to go on.
#[test]
fn each_has_a_number_of_its_own_and_keeps_it() {
    let mut pair = Pair::begun();
    for text in ["a", "b"] {
        pair.tell(text);
    }
    pair.settle();
    pair.cut();
    for text in ["c", "d"] {
        pair.tell(text);
    }
    pair.connect();
    pair.settle();
    let numbers: Vec<_> = pair.client.items.iter().map(|at| at.sequence).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}

/// omnara-ai/omnara#421: what was stored and whose notice was lost was never delivered.
#[test]
fn a_heartbeat_finds_what_was_lost_in_silence() {
    let mut pair = Pair::begun();
    pair.tell("a");
    while pair.step_server() {}
    pair.client.incoming.clear();
    let positions = pair.server.session.positions();
    let heartbeat = format!(
        r#"{{"type":"heartbeat","channels":[{{"channel":7,"received":["{}",{}],"sent":["{}",{}]}}]}}"#,
        positions.received.epoch,
        positions.received.sequence,
        positions.sent.epoch,
        positions.sent.sequence
    );
    pair.forge_to_client(&heartbeat);
    assert_eq!(pair.client.heard, ["fault out_of_order"]);
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.bodies(), ["a"]);
}

/// phoenixframework/phoenix#6788: each push that waited left something behind for ever.
#[test]
fn a_burst_leaves_no_memory_behind() {
    let mut pair = Pair::begun();
    pair.cut();
    let before = pair.client.session.memory();
    // Beside what it counts of itself, all that it shows: a thing that it forgot to count as well.
    let shown = |pair: &Pair| format!("{:?}", pair.client.session).len();
    let shown_before = shown(&pair);
    for _ in 0..1_000 {
        pair.ask("a");
    }
    assert!(pair.client.session.memory() > before + 1_000 * 100);
    assert!(shown(&pair) > shown_before + 1_000 * 100);
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.client.outcomes().len(), 1_000);
    assert!(pair.client.session.memory() < before + 4_096);
    assert!(shown(&pair) < shown_before + 256, "{:?}", pair.client.session);
}
