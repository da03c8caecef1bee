//! What a session tells its host, as the files have it.

use std::collections::BTreeMap;

use pamlink::delivery::{Ending, Event, Expiry, FollowAnswer, Outcome, StreamEvent, Target};
use pamlink::envelope::v1::{Code, How, Name};
use serde_json::{Value, json};

use super::values::{shown, shown_millis, shown_result};

/// An event, where commands are called so.
pub(super) fn shown_event(event: &Event<'_>, names: &BTreeMap<u64, String>) -> Value {
    match event {
        Event::Opened { answer } => json!({"opened": {"answer": answer.as_str()}}),
        Event::Gap { lost, reason } => json!({"gap": {"lost": lost, "reason": reason.as_str()}}),
        Event::CaughtUp => json!({"caught_up": {}}),
        Event::Item { at, of, stream, agent, body } => json!({"item": {
            "at": shown(*at),
            "of": of.map(shown),
            "stream": stream.as_ref().map(Name::as_str),
            "agent": agent.as_ref().map(Name::as_str),
            "body": body.as_json(),
        }}),
        Event::Cancel { at, target } => {
            let (stream, agent) = match target {
                Target::Stream(name) => (Some(name.as_str()), None),
                Target::Agent(name) => (None, Some(name.as_str())),
                Target::All => (None, None),
            };
            json!({"cancel": {
                "at": shown(*at),
                "scope": target.scope().as_str(),
                "stream": stream,
                "agent": agent,
            }})
        }
        Event::CancelResult { command, results } => json!({"cancel_result": {
            "command": names[&command.as_u64()],
            "results": results.iter().map(shown_result).collect::<Vec<_>>(),
        }}),
        Event::Outcome { command, outcome } => shown_outcome(&names[&command.as_u64()], outcome),
        Event::Closed { code, retry_after } => json!({"closed": {
            "code": code.as_str(),
            "retry_after": shown_millis(*retry_after),
        }}),
        Event::Fault(fault) => json!({"fault": {"code": fault.code()}}),
        Event::Ended(ending) => json!({"ended": match ending {
            Ending::Left => json!({"ending": "left"}),
            Ending::Expired => json!({"ending": "expired"}),
            Ending::Unknown => json!({"ending": "unknown"}),
            Ending::Ended(how) => {
                json!({"ending": "ended", "how": how.as_ref().map(How::as_str)})
            }
            other => panic!("{other:?}"),
        }}),
        other => panic!("{other:?}"),
    }
}

/// What has become of a command, by what the file calls it.
pub(super) fn shown_outcome(command: &str, outcome: &Outcome<'_>) -> Value {
    json!({"outcome": match outcome {
        Outcome::Acknowledged => json!({"command": command, "outcome": "acknowledged"}),
        Outcome::Rejected { code, retry_after } => json!({
            "command": command,
            "outcome": "rejected",
            "code": code.as_str(),
            "retry_after": shown_millis(*retry_after),
        }),
        Outcome::Expired(expiry) => json!({
            "command": command,
            "outcome": "expired",
            "reason": match expiry {
                Expiry::Age => "age",
                Expiry::Dropped => "dropped",
                Expiry::Replaced => "replaced",
                Expiry::SessionEnded => "session_ended",
                other => panic!("{other:?}"),
            },
        }),
        Outcome::Unknown => json!({"command": command, "outcome": "unknown"}),
        other => panic!("{other:?}"),
    }})
}

/// An event of a stream that a client follows.
pub(super) fn shown_stream_event(event: &StreamEvent<'_>) -> Value {
    let its = match event {
        StreamEvent::Following { stream, answer, stays, offset } => {
            let mut its = json!({"stream": stream, "stays": stays, "offset": offset});
            let (word, more) = match answer {
                FollowAnswer::Resumed => ("resumed", json!({})),
                FollowAnswer::Pending => ("pending", json!({})),
                FollowAnswer::Ended(how) => ("ended", json!({"how": how.as_str()})),
                FollowAnswer::Gap { lost, reason } => {
                    let reason = reason.as_ref().map(Code::as_str);
                    ("gap", json!({"lost": lost, "reason": reason}))
                }
                FollowAnswer::Unknown => ("unknown", json!({})),
                other => panic!("{other:?}"),
            };
            its["answer"] = word.into();
            for (name, value) in more.as_object().into_iter().flatten() {
                its[name] = value.clone();
            }
            json!({ "following": its })
        }
        StreamEvent::Text { stream, offset, restart, text } => json!({"text": {
            "stream": stream,
            "offset": offset,
            "restart": restart,
            "text": text,
        }}),
        StreamEvent::CaughtUp { stream, offset } => {
            json!({"caught_up": {"stream": stream, "offset": offset}})
        }
        StreamEvent::Ended { stream, offset, how, code, body } => json!({"ended": {
            "stream": stream,
            "offset": offset,
            "how": how.as_str(),
            "code": code.as_ref().map(Code::as_str),
            "body": body.as_ref().map(|body| body.as_json()),
        }}),
        other => panic!("{other:?}"),
    };
    json!({ "stream": its })
}
