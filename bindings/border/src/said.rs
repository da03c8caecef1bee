//! What the engine's own types are as words and texts of a record.

use std::borrow::Cow;

use core::time::Duration;

use pamlink::delivery::{Expiry, Outcome, Priority, SendOptions};
use pamlink::envelope::v1::Name;
use pamlink::envelope::{Envelope, Text};
use pamlink::link::{Cause, Closed, Overflow};
use pamlink::time::Deadline;

use crate::fault::{Code, Fault};
use crate::packed::{self, NONE, View, schema};

/// What a message says to a person, or nothing.
pub(crate) fn said<'a>(envelope: &Envelope<'a>) -> Cow<'a, str> {
    envelope.text().map_or(Cow::Borrowed(""), Text::into_cow)
}

/// A span as a word.
pub(crate) fn span(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(NONE - 1)
}

/// A span that there may be, as a word.
pub(crate) fn maybe(span_: Option<Duration>) -> u64 {
    packed::word(span_.map(span))
}

/// The name of a policy.
pub(crate) const fn policy(policy: Overflow) -> &'static str {
    match policy {
        Overflow::Close => "close",
        Overflow::DropOldest => "drop_oldest",
        Overflow::Reject => "reject",
    }
}

/// How something waits in a session: its first word is how long, its text at `at` the priority, and
/// the one behind it the key.
pub(crate) fn send_options<'a>(record: &View<'a>, at: usize) -> Result<SendOptions<'a>, Fault> {
    let priority = match record.optional(at) {
        None => Priority::default(),
        Some("urgent") => Priority::Urgent,
        Some("normal") => Priority::Normal,
        Some("bulk") => Priority::Bulk,
        Some(_) => {
            let what = "the priority is none of urgent, normal and bulk";
            return Err(Fault::new(Code::BadOption, what));
        }
    };
    Ok(SendOptions {
        priority,
        key: name(record, at + 1, "the key")?,
        time_to_live: record.some(0).map(Duration::from_nanos),
        ..SendOptions::default()
    })
}

/// A text that is a name, if it is there.
pub(crate) fn name<'a>(
    record: &View<'a>,
    at: usize,
    what: &str,
) -> Result<Option<Name<'a>>, Fault> {
    let found = record.optional(at).map(|text| {
        let bad = || format!("{what} is empty, too long or has control characters");
        Name::new(text).ok_or_else(|| Fault::new(Code::BadOption, bad()))
    });
    found.transpose()
}

/// What has become of something that was sent: its name, the code of why, and when it may be sent
/// again.
pub(crate) fn outcome<'a>(
    outcome: &'a Outcome<'_>,
) -> (&'static str, Option<&'a str>, Option<Duration>) {
    match outcome {
        Outcome::Acknowledged => ("acknowledged", None, None),
        Outcome::Rejected { code, retry_after } => ("rejected", Some(code.as_str()), *retry_after),
        Outcome::Expired(why) => ("expired", Some(expiry(*why)), None),
        _ => ("unknown", None, None),
    }
}

/// The name of why something left the queue.
const fn expiry(expiry: Expiry) -> &'static str {
    match expiry {
        Expiry::Age => "age",
        Expiry::Dropped => "dropped",
        Expiry::Replaced => "replaced",
        Expiry::SessionEnded => "session_ended",
        _ => "other",
    }
}

/// The words of a cause: the HTTP status that answered, and the code of the peer's close.
pub(crate) fn words(cause: &Cause) -> [u64; 2] {
    let code = cause.code().map(|code| code.as_u16());
    [cause.status(), code].map(|number| packed::word(number.map(u64::from)))
}

/// Appends `closed`.
pub(crate) fn closed(
    out: &mut Vec<u8>,
    link: u64,
    closed: &Closed<'_>,
    running: u32,
    links_of_user: u32,
    user: &str,
) {
    packed::push(
        out,
        schema::ENDED,
        &[
            link,
            closed.code.as_u16().into(),
            closed.clean.into(),
            closed.unsent as u64,
            running.into(),
            links_of_user.into(),
            words(closed.cause)[0],
        ],
        &[
            Some(closed.class.as_str().as_bytes()),
            Some(closed.reason.as_bytes()),
            Some(closed.cause.to_string().as_bytes()),
            Some(user.as_bytes()),
        ],
    );
}

/// Appends `next`, which every output ends with.
pub(crate) fn next(out: &mut Vec<u8>, deadline: Option<Deadline>) {
    let at = packed::word(deadline.map(|deadline| deadline.at.as_nanos()));
    let reason = deadline.map(|deadline| reason(deadline.reason));
    packed::push(out, schema::NEXT, &[at], &[reason.map(str::as_bytes)]);
}

/// The name of the reason of a deadline, without an allocation.
const fn reason(reason: pamlink::time::TimerReason) -> &'static str {
    use pamlink::time::TimerReason as Reason;
    match reason {
        Reason::Backoff => "backoff",
        Reason::CloseHandshake => "close handshake",
        Reason::Dial => "dial",
        Reason::Drain => "drain",
        Reason::Handshake => "handshake",
        Reason::Heartbeat => "heartbeat",
        Reason::Liveness => "liveness",
        Reason::Proven => "proven",
        Reason::RequestExpiry => "request expiry",
        Reason::TokenRenewal => "token renewal",
        Reason::TokenExpiry => "token expiry",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &str) -> String {
        said(&Envelope::parse(text, 10).unwrap()).into_owned()
    }

    #[test]
    fn an_answer_of_an_older_server_is_read_where_its_text_is() {
        let delta = r#"{"type":"chat_response_delta","content":"once "}"#;
        assert_eq!(text_of(delta), "once ");
        let end = r#"{"type":"chat_response_complete","full_response":"once upon"}"#;
        assert_eq!(text_of(end), "once upon");
        assert_eq!(text_of(r#"{"type":"response_complete"}"#), "");
    }
}
