//! What a host wants of a session, as the files have it.

use core::time::Duration;

use pamlink::delivery::{
    AtBound, Priority, RejectError, SendError, SendOptions, SessionConfig, Target,
};
use pamlink::envelope::v1::{Code, Position};
use serde_json::Value;

use super::values::Members;

/// `send`: a body, and what else is said of it.
pub(super) fn send(its: &mut Members<'_>) -> Result<(String, SendOptions<'static>), String> {
    let body = its.take("body");
    let body = its.need("body", body)?.to_string();
    let priority = match its.text("priority").as_deref() {
        Some("urgent") => Priority::Urgent,
        Some("bulk") => Priority::Bulk,
        Some("normal") | None => Priority::Normal,
        Some(other) => return Err(format!("{other} is no priority")),
    };
    let options = SendOptions {
        priority,
        key: its.name("key"),
        time_to_live: its.millis("ttl"),
        of: its.position("of"),
        stream: its.name("stream"),
        agent: its.name("agent"),
    };
    Ok((body, options))
}

/// `reject`: which item, why, and for how long.
pub(super) fn reject(
    its: &mut Members<'_>,
) -> Result<(Position, Code<'static>, Option<Duration>), String> {
    let (of, code) = (its.position("at"), its.code("code"));
    Ok((its.need("at", of)?, its.need("code", code)?, its.millis("retry_after")))
}

/// `cancel`: what is to stop.
pub(super) fn target(its: &mut Members<'_>) -> Result<Target<'static>, String> {
    let (stream, agent) = (its.name("stream"), its.name("agent"));
    Ok(match its.text("scope").as_deref() {
        Some("stream") => Target::Stream(its.need("stream", stream)?),
        Some("agent") => Target::Agent(its.need("agent", agent)?),
        Some("all") => Target::All,
        _ => return Err("no scope".to_owned()),
    })
}

/// Sets an option of a session.
pub(super) fn set(config: &mut SessionConfig, name: &str, value: &Value) -> Result<(), String> {
    match (name, value) {
        ("at_bound", Value::String(word)) if word == "drop_oldest" => {
            config.at_bound = AtBound::DropOldest;
            Ok(())
        }
        (name, value) => {
            let number = value.as_u64().ok_or_else(|| format!("{name}: {value}"))?;
            config.set(name, number).map_err(|why| why.to_string())
        }
    }
}

pub(super) fn send_error(why: &SendError) -> &'static str {
    match why {
        SendError::Body(_) => "body",
        SendError::TooLarge { .. } => "too_large",
        SendError::Full => "full",
        SendError::WrongRole => "wrong_role",
        SendError::NoCancel => "no_cancel",
        SendError::TooManyResults => "too_many_results",
        SendError::Ended => "ended",
        other => panic!("{other}"),
    }
}

pub(super) fn reject_error(why: &RejectError) -> &'static str {
    match why {
        RejectError::NoItem => "no_item",
        RejectError::Ended => "ended",
        other => panic!("{other}"),
    }
}
