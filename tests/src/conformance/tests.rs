//! What the runner finds wrong with a file.

use serde_json::{Value, json};

use super::in_memory::faults;
use crate::conformance::file::{Case, File};
use crate::conformance::names::Names;

/// A client that opens a session, and expires what it cannot send.
const GOOD: &str = r#"
    {"do": {"send": {"body": 1, "ttl": 10}}, "as": "a"},
    {"at": 5, "do": {"attach": {}}},
    {"out": {"type": "open", "sent": ["$client", 0]}, "clause": "V-5.1"},
    {"time": 10},
    {"event": {"outcome": {"command": "a", "outcome": "expired", "reason": "age"}}},
    {"do": {"detach": {}}},
    {"do": {"attach": {}}},
    {"out": {"type": "open", "channel": 0, "sent": ["$client", 0], "follow": null}}"#;

/// What is wrong with a file of one case, where `from` is written as `to`.
fn fault(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let steps = GOOD.replacen(from, to, 1);
    let case = format!(r#"{{"name": "n", "end": "client", "steps": [{steps}]}}"#);
    let file = format!(r#"{{"clauses": ["V-5.1"], "cases": [{case}]}}"#);
    let faults = faults(&File::read("f".to_owned(), &file)).join("\n");
    faults.trim_start_matches("f, n, seed 1: ").to_owned()
}

/// Whether steps can be read.
fn is_read(steps: &str) -> bool {
    let case = format!(r#"{{"name": "n", "end": "client", "steps": [{steps}]}}"#);
    serde_json::from_str::<Case>(&case).is_ok()
}

#[test]
fn a_case_that_says_what_happens_passes() {
    assert_eq!(fault("1", "1"), "");
}

#[test]
fn a_clause_is_shown_by_an_output_and_named_by_the_file() {
    let foreign = "f: no output shows V-5.1\nf: V-5.2 is none of its clauses";
    assert_eq!(fault("V-5.1", "V-5.2"), foreign);
    assert_eq!(fault(r#", "clause": "V-5.1""#, ""), "f, n: shows no clause");
}

#[test]
fn an_output_is_compared_wholly() {
    let open = r#"in the envelope {"sent":["#;
    assert!(
        fault("\"open\"", "\"opened\"").starts_with(r#"step 3: .type is "open", not "opened","#)
    );
    assert!(fault(r#"["$client", 0]}"#, r#"["$client", 1]}"#).contains(".sent[1] is 0, not 1"));
    assert!(fault(r#"["$client", 0]}"#, r#"["$client", 0, 0]}"#).contains(open));
    assert!(fault(r#", "sent""#, r#", "received""#).contains(".received is not there"));
    assert!(fault(r#", "sent": ["$client", 0]}"#, "}").contains(".sent is there"));
    assert!(fault("\"age\"", "\"dropped\"").contains(r#".reason is "age""#));
    assert!(fault("null", "[]").contains(".follow is not there"));
}

#[test]
fn a_body_is_compared_as_it_stands() {
    let differs = |a: &str, b: &str| {
        let value = |text: &str| serde_json::from_str(text).expect("JSON");
        Names::default().difference(&value(a), &value(b)).is_some()
    };
    let alike = r#"{"reply":false,"channel":0,"of":null}"#;
    assert!(!differs("{}", alike) && !differs(alike, "{}"));
    assert!(differs(r#"{"body":{}}"#, &format!(r#"{{"body":{alike}}}"#)));
    assert!(differs(r#"{"body":"$a"}"#, r#"{"body":"0000000000000001"}"#));
    assert!(!differs(r#"{"body":"$a","at":"$a"}"#, r#"{"body":"$a","at":"0000000000000001"}"#));
}

#[test]
fn an_envelope_of_pam_has_the_members_that_are_named() {
    let expect = r#"{"pam": {"type": "pong", "message": "$absent", "b": "$same:a"}}"#;
    let differs = |found: &str| {
        let value = |text: &str| serde_json::from_str(text).expect("JSON");
        let found = format!(r#"{{"pam": {found}}}"#);
        Names::default().difference(&value(expect), &value(&found)).is_some()
    };
    assert!(!differs(r#"{"type":"pong","a":1,"b":1}"#));
    assert!(differs(r#"{"type":"ping","a":1,"b":1}"#));
    assert!(differs(r#"{"type":"pong","a":1,"b":1,"message":"x"}"#));
    assert!(differs(r#"{"type":"pong","a":1,"b":2}"#));
}

#[test]
fn a_name_in_an_envelope_of_pam_is_any_value_and_always_that() {
    let mut names = Names::default();
    let mut differs = |expected: Value, found: Value| {
        names.difference(&json!({ "pam": expected }), &json!({ "pam": found })).is_some()
    };
    assert!(!differs(json!({"id": "$q"}), json!({"id": 7})));
    assert!(!differs(json!({"reply_to": "$q"}), json!({"reply_to": 7})));
    assert!(differs(json!({"reply_to": "$q"}), json!({"reply_to": 8})));
    assert!(differs(json!({"id": "$r"}), json!({"id": 7})), "two names are not one");
    assert!(differs(json!({"id": "$s"}), json!({})));
    assert!(!differs(json!({"id": "$string"}), json!({"id": "a"})));
    assert!(!differs(json!({"id": "$string"}), json!({"id": "b"})));
}

#[test]
fn the_reason_of_a_close_is_compared_where_the_file_says_it() {
    let differs = |expected: Value| {
        let found = json!({"close": {"code": 1000, "reason": "x"}});
        Names::default().difference(&json!({ "close": expected }), &found).is_some()
    };
    assert!(!differs(json!({"code": 1000})));
    assert!(!differs(json!({"code": 1000, "reason": "x"})));
    assert!(differs(json!({"code": 1000, "reason": "y"})));
}

#[test]
fn every_output_is_named_before_the_next_input() {
    let open = r#"{"out": {"type": "open", "sent": ["$client", 0]}, "clause": "V-5.1"},"#;
    assert!(fault(open, "").starts_with("step 3: the envelope {"));
    let last = r#"{"out": {"type": "open", "channel": 0, "sent": ["$client", 0], "follow": null}}"#;
    assert!(fault(last, r#"{"time": 20}"#).starts_with("step 8: the envelope {"));
    assert!(
        fault(&format!(",\n    {last}"), "").starts_with("after the last step: the envelope {")
    );
    let twice = fault(open, &format!("{open}{open}"));
    assert!(twice.starts_with("step 4: the envelope {") && twice.contains("did not come"));
    let link = fault("\"open\", \"sent\": [\"$client\", 0]}", "\"open\"}, \"link\": \"b\"");
    assert!(link.contains("did not come"));
}

#[test]
fn what_comes_of_time_is_named_after_it() {
    let late = fault(r#"{"time": 10},"#, r#"{"at": 10, "do": {"detach": {}}},"#);
    assert!(late.starts_with("step 4: `time` comes first: the event {"));
    assert!(fault(r#"{"time": 10},"#, r#"{"time": 9},"#).contains("did not come"));
    assert_eq!(fault(r#"{"time": 10},"#, r#"{"time": 4},"#), "step 4: 4 ms is before 5 ms");
}

#[test]
fn a_name_is_one_value_and_a_value_has_one_name() {
    let other = fault(r#""channel": 0, "sent": ["$client""#, r#""sent": ["$other""#);
    assert!(other.contains("is $client, and not the new $other"));
    let kind = fault("\"type\": \"open\", \"sent\"", "\"type\": \"$kind\", \"sent\"");
    assert!(kind.contains("no id, epoch, number or stream"));
    let unknown = r#"{"in": {"type": "ack", "received": ["$server", 0], "sent": 0}},"#;
    let unknown = fault(r#"{"time": 10},"#, unknown);
    assert_eq!(unknown, "step 4: nothing has been $server yet");
    let number = fault("[\"$client\", 0]}, \"clause", "[\"$client\", \"$n1\"]}, \"clause");
    assert_eq!(number, "");
    let mut names = Names::default();
    let mut differs = |a: &str, b: &str| names.difference(&a.into(), &b.into()).is_some();
    let drawn = "c1a5e00000000001";
    assert!(!differs("$client", drawn) && !differs("${client}-2", &format!("{drawn}-2")));
    assert!(differs("${client}-2", &format!("{drawn}-3")) && differs("${client}", "${client}"));
}

#[test]
fn a_file_says_only_what_the_format_has() {
    assert!(is_read(GOOD));
    assert!(is_read(r#"{"each": [1, 2], "steps": [{"in": {"type": "$n"}}]}"#));
    for wrong in [
        r#"{"in": {}, "out": {}}"#,
        r#"{"at": 5}"#,
        r#"{"out": {}, "at": 5}"#,
        r#"{"time": 5, "link": "b"}"#,
        r#"{"in": {}, "as": "a"}"#,
        r#"{"in": {}, "clause": "V-5.1"}"#,
        r#"{"in": {}, "when": 5}"#,
        r#"{"time": "5"}"#,
        r#"{"each": [1, 2]}"#,
        r#"{"each": [1, 2], "steps": [{}]}"#,
    ] {
        assert!(!is_read(wrong), "{wrong}");
    }
    let command = r#"{"do": {"detach": {}}}"#;
    assert_eq!(fault(command, r#"{"do": {"fly": {}}}"#), "step 6: a session has no fly");
    let member = fault(command, r#"{"do": {"detach": {"far": 1}}}"#);
    assert_eq!(member, "step 6: detach has no `far`");
}

#[test]
fn numbers_and_long_texts_are_written_out() {
    let steps = r#"{"each": [3, 4], "steps": [{"time": 1}, {"in": [{"$text": ["q", ["ab", 2]]}, "$n", "q-$n", "$near"]}]}"#;
    let case = format!(r#"{{"name": "n", "end": "client", "steps": [{steps}]}}"#);
    let case: Case = serde_json::from_str(&case).expect("a case");
    let shown = format!("{:?}", case.steps);
    assert_eq!(case.steps.len(), 4);
    for there in ["qabab", "Number(3)", "Number(4)", "q-3", "q-4", "$near"] {
        assert!(shown.contains(there), "{shown}");
    }
}

/// A client that is welcomed, and a server that welcomes.
const LINK: [(&str, &str); 2] = [
    (
        "whole_client",
        r#"{"do": {"send": {"body": 1}}, "as": "a"},
        {"out": {"type": "item", "at": ["$client", 1], "body": 1}, "clause": "V-5.1"},
        {"in": {"close": {"code": 1000}}},
        {"event": {"stopped": {}}},
        {"event": {"outcome": {"command": "a", "outcome": "unknown"}}}"#,
    ),
    (
        "whole_server",
        r#"{"do": {"disconnect": {"code": 1012}}},
        {"out": {"type": "goodbye", "code": "going_away"}, "clause": "V-5.1"},
        {"out": {"close": {"code": 1012}}},
        {"in": {"request": {"path": "/", "subprotocols": ["pamlink.v1"]}}, "link": "b"},
        {"out": {"response": {"status": 404}}, "link": "b"}"#,
    ),
];

/// What is wrong with a file of one case, where a link is open and `from` is written as `to`.
fn fault_of_link((end, steps): (&str, &str), from: &str, to: &str) -> String {
    assert!(steps.contains(from), "{from}");
    let steps = steps.replacen(from, to, 1);
    let case = format!(r#"{{"name": "n", "end": "{end}", "opened": true, "steps": [{steps}]}}"#);
    let file = format!(r#"{{"clauses": ["V-5.1"], "cases": [{case}]}}"#);
    faults(&File::read("f".to_owned(), &file)).join("\n")
}

#[test]
fn what_is_said_over_a_link_is_compared_and_named() {
    let [client, server] = LINK;
    assert_eq!(fault_of_link(client, "1", "1"), "");
    assert_eq!(fault_of_link(server, "1", "1"), "");
    let faults = |end, from, to, why: &str| {
        let fault = fault_of_link(end, from, to);
        assert!(fault.contains(why), "{fault}");
    };
    faults(client, r#"{"event": {"stopped": {}}},"#, "", "is not named");
    faults(client, "1000", "4008", "did not come");
    faults(client, r#"{"close""#, r#"{"response""#, "nothing was requested");
    faults(client, "send", "fly", "a client has no fly");
    faults(server, "1012}}},", "1013}}},", r#".code is "overloaded""#);
    faults(server, r#"{"close": {"code": 1012}}"#, r#"{"close": {}}"#, ".close.code is there");
    faults(server, "404", "101", ".response.status is 404");
    faults(server, r#""path": "/""#, r#""path": "/", "far": 1"#, "request has no `far`");
    faults(server, "disconnect", "fly", "a server has no fly");
}
