//! What the other end must not do (section 9).

use proptest::prelude::*;

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

/// What a begun pair's client hears when its server sends this, with `$` for the server's epoch and
/// `%` for the client's.
fn client_hears(text: &str) -> Vec<String> {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.settle();
    let (client, server) = epochs(&pair);
    pair.forge_to_client(&text.replace('$', &server).replace('%', &client));
    assert_eq!(pair.client.session.is_open(), pair.client.heard.is_empty());
    pair.client.heard
}

/// The same of the server.
fn server_hears(text: &str) -> Vec<String> {
    let mut pair = Pair::begun();
    pair.tell("a");
    pair.settle();
    let (client, server) = epochs(&pair);
    pair.forge_to_server(&text.replace('$', &server).replace('%', &client));
    pair.server.heard
}

/// The epochs of the client and the server.
fn epochs(pair: &Pair) -> (String, String) {
    let epoch = |session: &super::Session| session.clone().positions().sent.epoch.to_string();
    (epoch(&pair.client.session), epoch(&pair.server.session))
}

#[test]
fn a_number_beyond_the_next_or_of_another_epoch_is_out_of_order() {
    for at in [r#"["$",2]"#, r#"["%",1]"#, r#"["$",9007199254740991]"#] {
        let text = format!(r#"{{"type":"item","at":{at},"body":1}}"#);
        assert_eq!(client_hears(&text), ["fault out_of_order"], "{at}");
    }
    assert_eq!(client_hears(r#"{"type":"item","at":["$",0],"body":1}"#), [""; 0], "a repeat");
}

#[test]
fn a_position_that_was_never_given_is_ahead() {
    for text in [
        r#"{"type":"ack","received":["%",2],"sent":["$",0]}"#,
        r#"{"type":"ack","received":["$",0],"sent":["$",0]}"#,
        r#"{"type":"reject","at":["$",1],"of":["%",2],"code":"busy"}"#,
    ] {
        assert_eq!(client_hears(text), ["fault ahead"], "{text}");
    }
    let item = r#"{"type":"item","at":["$",1],"received":["%",2],"body":1}"#;
    assert_eq!(client_hears(item), ["item 1", "fault ahead"]);
    let gone = r#"{"type":"reject","at":["$",1],"of":["00000000000000ff",7],"code":"busy"}"#;
    assert_eq!(client_hears(gone), [""; 0], "it has ended as unknown");
}

#[test]
fn a_second_reject_says_nothing_until_what_it_rejects_is_acknowledged() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.settle();
    let (client, server) = epochs(&pair);
    for number in 1..=2 {
        pair.forge_to_client(&format!(
            r#"{{"type":"reject","at":["{server}",{number}],"of":["{client}",1],"code":"busy"}}"#
        ));
    }
    assert_eq!(pair.client.heard, ["outcome 0 rejected busy"]);
    pair.forge_to_client(&format!(
        r#"{{"type":"reject","at":["{server}",3],"of":["{client}",1],"code":"busy","received":["{client}",1]}}"#
    ));
    pair.forge_to_client(&format!(
        r#"{{"type":"reject","at":["{server}",4],"of":["{client}",1],"code":"busy"}}"#
    ));
    assert_eq!(pair.client.heard, ["outcome 0 rejected busy", "fault ahead"]);
}

#[test]
fn a_channel_that_is_not_open_takes_nothing_and_one_that_is_no_open() {
    let open = r#"{"type":"open","session":"6f6e652073657373696f6e206f66206e","received":["$",0],"sent":["%",0]}"#;
    assert_eq!(server_hears(open), ["fault not_open"]);
    let mut pair = Pair::begun();
    pair.cut();
    pair.connect();
    pair.forge_to_server(r#"{"type":"item","at":["0000000000000001",1],"body":1}"#);
    assert_eq!(pair.server.heard, ["fault not_open"]);
    pair.forge_to_client(r#"{"type":"heartbeat","channels":[]}"#);
    assert!(pair.client.session.is_attached(), "a heartbeat is of the whole link");
    pair.forge_to_client(r#"{"type":"caught_up","at":["0000000000000001",1]}"#);
    assert_eq!(pair.client.heard, ["fault not_open"]);
}

#[test]
fn what_is_about_the_link_says_nothing_to_a_session() {
    let of_client = r#"{"type":"token","token":"t"}"#;
    let of_server = r#"{"type":"goodbye","code":"going_away"}"#;
    for text in [of_client, of_server] {
        assert_eq!(client_hears(text), [""; 0]);
        assert_eq!(server_hears(text), [""; 0]);
    }
}

#[test]
fn what_is_malformed_is_a_fault_of_its_channel() {
    assert_eq!(client_hears(r#"{"type":"ack","received":["%",0]}"#), ["fault malformed"]);
    let nameless = r#"{"type":"cancel","at":["%",1],"scope":"stream"}"#;
    assert_eq!(server_hears(nameless), ["fault malformed"]);
    let unnamed = r#"{"type":"open","session":"6f6e652073657373696f6e206f66206e","sent":["%",0]}"#;
    let mut pair = Pair::begun();
    pair.connect();
    pair.forge_to_server(&unnamed.replace('%', &epochs(&pair).0));
    assert_eq!(pair.server.heard, ["fault malformed"]);
}

#[test]
fn a_continue_comes_right_after_opened_or_is_out_of_order() {
    let text = r#"{"type":"continue","from":["00000000000000ff",0],"reason":"ahead"}"#;
    assert_eq!(server_hears(text), ["fault out_of_order"]);
}

#[test]
fn an_ack_of_what_has_not_come_is_a_loss() {
    let text = r#"{"type":"ack","received":["%",0],"sent":["$",1]}"#;
    assert_eq!(client_hears(text), ["fault out_of_order"]);
}

#[test]
fn more_cancels_than_a_client_may_have_is_too_many() {
    let mut pair = Pair::begun();
    let (client, _) = epochs(&pair);
    for number in 1..=129 {
        pair.forge_to_server(&format!(
            r#"{{"type":"cancel","at":["{client}",{number}],"scope":"all"}}"#
        ));
    }
    assert_eq!(pair.server.cancels.len(), 128);
    assert_eq!(pair.server.heard.last().map(String::as_str), Some("fault too_many"));
}

#[test]
fn a_superseded_session_goes_on_elsewhere() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.forge_to_client(r#"{"type":"closed","channel":7,"code":"superseded"}"#);
    assert_eq!(pair.client.heard, ["closed superseded"]);
    assert!(pair.client.session.id().is_some());
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.bodies(), ["a"]);
}

proptest! {
    /// No input is a panic, and whatever a faulty end has said: the next link is a good one, or
    /// the session has ended.
    #[test]
    fn nothing_that_the_other_end_says_is_a_panic(
        texts in prop::collection::vec((any::<bool>(), envelope()), 1..40),
    ) {
        let mut pair = Pair::begun();
        pair.ask("a");
        pair.tell("b");
        let (client, server) = epochs(&pair);
        for (to_client, text) in texts {
            let text = text.replace('$', &server).replace('%', &client);
            if to_client {
                pair.forge_to_client(&text);
            } else {
                pair.forge_to_server(&text);
            }
            if !pair.client.session.is_attached() || !pair.server.session.is_attached() {
                if pair.server.session.has_ended() {
                    return Ok(());
                }
                pair.connect();
            }
            pair.settle();
            pair.pass(100);
        }
    }
}

/// An envelope of any type, with positions near those of the ends.
fn envelope() -> impl Strategy<Value = String> {
    let position = || {
        let epoch = prop::sample::select(vec!["$", "%", "00000000000000ff"]);
        (epoch, prop::sample::select(vec![0u64, 1, 2, 3, 9_007_199_254_740_991]))
            .prop_map(|(epoch, number)| format!(r#"["{epoch}",{number}]"#))
    };
    let kind = prop::sample::select(vec![
        "open",
        "opened",
        "continue",
        "item",
        "reject",
        "cancel",
        "cancel_result",
        "ack",
        "caught_up",
        "heartbeat",
        "closed",
        "piece",
        "later",
    ]);
    let answer =
        prop::sample::select(vec!["begun", "resumed", "pending", "ended", "gap", "unknown"]);
    let places = (position(), position(), position(), position(), position());
    (kind, answer, places, any::<[bool; 3]>()).prop_map(
        |(kind, answer, (at, of, received, sent, from), [session, has, results])| {
            let session = if session { r#","session":"6f6e652073657373696f6e206f66206e""# } else { "" };
            let received = if has { format!(r#","received":{received}"#) } else { String::new() };
            let results = if results { r#"{"stream":"q","outcome":"ended"}"# } else { "" };
            format!(
                r#"{{"type":"{kind}","channel":7{session}{received},"at":{at},"of":{of},"sent":{sent},"from":{from},"answer":"{answer}","log":"0000000000000109","window":{{"envelopes":2,"bytes":1024}},"keep":1000,"reason":"ahead","code":"left_alone","body":{{}},"scope":"all","results":[{results}],"channels":[{{"channel":7,"received":{of},"sent":{sent}}}]}}"#
            )
        },
    )
}
