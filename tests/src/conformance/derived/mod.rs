//! Cases of one end of a session, or of the streams and sessions of a server, as cases of a whole
//! client or server: the same conversation over links.
//!
//! The host is that of the whole end. A client's is told of messages, of outcomes and gaps, and of
//! the answers to what it asks; a server's of messages and requests, which it answers. Bodies are
//! envelopes of `pam`.

mod answers;
mod requests;
mod session;

use serde_json::{Value, json};

/// Why a case is none of a whole end.
pub(super) type Reason = String;

/// How long a link is without a heartbeat.
const QUIET: u64 = 20_000;

/// The end at which a case is one of a whole client or server, and that case, or why there is none.
/// Nothing for a case that is of such an end already.
pub(super) fn derive(
    case: &Value,
    openings: &Value,
) -> Option<(&'static str, Result<Value, Reason>)> {
    let (end, steps) = match case["end"].as_str()? {
        "client" => ("whole_client", session::steps(case, openings)),
        "server" => ("whole_server", session::steps(case, openings)),
        "streams" | "sessions" => ("whole_server", answers::steps(case, openings)),
        _ => return None,
    };
    let steps = steps.and_then(|steps| {
        let is_shown = steps.iter().any(|step| step.get("clause").is_some());
        is_shown.then_some(steps).ok_or_else(|| "its host is not told".to_owned())
    });
    let name = format!("{}, over a link", case["name"].as_str()?);
    Some((end, steps.map(|steps| json!({"name": name, "end": end, "steps": steps}))))
}

/// That a case sets no option: those of one end are not those of a host.
fn without_options(case: &Value) -> Result<(), Reason> {
    let option = case["options"].as_object().and_then(|options| options.keys().next());
    option.map_or(Ok(()), |option| Err(format!("no option `{option}`")))
}

/// A time at which a link is without a heartbeat yet.
fn early(at: u64) -> Result<u64, Reason> {
    if at < QUIET { Ok(at) } else { Err("it waits for more than 10 s".to_owned()) }
}

/// The word of a command or an event, and its members.
fn word(value: &Value) -> Result<(&str, &Value), Reason> {
    let only = value.as_object().and_then(|value| value.iter().next());
    only.map(|(word, its)| (word.as_str(), its)).ok_or_else(|| format!("{value} has no word"))
}

/// Something whose body, if it has one, is an envelope of `pam`: a server's, or a client's. An error
/// where the body is about its own form.
fn with_body(mut its: Value, of_server: bool) -> Result<Value, Reason> {
    if let Some(body) = its.get_mut("body") {
        let is_nested = body[0].is_array();
        if is_nested || body.get("$text").is_some() {
            return Err("it is about the form of a body".to_owned());
        }
        let word = if of_server { "alert" } else { "init" };
        *body = json!({"type": word, "context": {"body": body}});
    }
    Ok(its)
}
