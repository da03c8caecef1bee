//! What a client says, as lines that are the same in every run and on every platform.

use pamlink::client::Event;
use pamlink::delivery::{Outcome, SessionNumber};
use pamlink::link::ClientLinkEvent;

/// An event as one line.
pub(in super::super) fn line(event: &Event<'_>) -> String {
    match event {
        Event::Link(event) => of_link(event),
        Event::SecondLink(event) => format!("second link: {}", of_link(event)),
        Event::ChangedPlaces => "changed places".to_owned(),
        Event::Welcomed { envelope, correlates, repeats } => {
            let able = [(*correlates, " correlates"), (*repeats, " knows repeats")];
            let able = able.map(|(able, what)| if able { what } else { "" }).concat();
            format!("welcomed{able}: {}", envelope.as_str())
        }
        Event::Piece { request, text, restart, .. } => {
            format!("piece of {request}{}: {}", anew(*restart), json(text))
        }
        Event::Answer { request, text, in_pieces, restart, .. } => {
            let anew = anew(*restart);
            format!("answer of {request}{anew}, {in_pieces} bytes in pieces: {}", json(text))
        }
        Event::Rejected { request, code, message, retry_after, .. } => {
            let code = code.as_ref().map_or("no code", |code| code.as_str());
            format!("rejected {request} ({code}, wait {retry_after:?}): {}", json(message))
        }
        Event::Unsent { request } => format!("unsent {request}"),
        Event::Expired { request } => format!("expired {request}"),
        Event::Unknown { request } => format!("unknown {request}"),
        Event::Cancelled { request } => format!("cancelled {request}"),
        Event::CancelResult { request, outcome, offset, code } => {
            let outcome = outcome.as_ref().map_or("lost", |outcome| outcome.as_str());
            let code = code.as_ref().map_or("no code", |code| code.as_str());
            format!("cancel of {request}: {outcome}, at {offset:?}, {code}")
        }
        Event::Outcome { session, command, outcome } => {
            let outcome = match outcome {
                Outcome::Acknowledged => "acknowledged".to_owned(),
                Outcome::Rejected { code, retry_after } => {
                    format!("rejected ({}, wait {retry_after:?})", code.as_str())
                }
                Outcome::Expired(why) => format!("expired ({why:?})"),
                Outcome::Unknown => "unknown".to_owned(),
                other => format!("{other:?}"),
            };
            format!("{}command {}: {outcome}", within(*session), command.as_u64())
        }
        Event::Gap { session, lost, reason } => {
            format!("{}gap of {lost:?}: {}", within(*session), reason.as_str())
        }
        Event::Late { request, envelope } => {
            format!("late of {request:?}: {}", envelope.as_str())
        }
        Event::Message { session, envelope } => {
            format!("{}message: {}", within(*session), envelope.as_str())
        }
        Event::Repeated { session, envelope } => {
            format!("{}repeated: {}", within(*session), envelope.as_str())
        }
        Event::Unreadable { error, text } => format!("unreadable ({error}): {}", json(text)),
        other => format!("{other:?}"),
    }
}

/// In which session, where that is not the first.
fn within(session: SessionNumber) -> String {
    if session == SessionNumber::FIRST { String::new() } else { format!("in session {session}: ") }
}

fn of_link(event: &ClientLinkEvent<'_>) -> String {
    match event {
        // Not the URL: it has the token in it.
        ClientLinkEvent::Dial(dial) => {
            let offers = dial.subprotocol.unwrap_or("pam alone");
            format!("dial, attempt {}, {offers}", dial.attempt)
        }
        ClientLinkEvent::NeedToken(need) => format!("need token ({need:?})"),
        ClientLinkEvent::StateChanged { from, to, cause } => format!("{from} to {to}: {cause}"),
        ClientLinkEvent::Text(text) => format!("text: {}", json(text)),
        ClientLinkEvent::Binary(bytes) => format!("binary: {bytes:?}"),
        ClientLinkEvent::Overflowed(it) => {
            format!("overflowed by {} messages, {} bytes", it.messages, it.bytes)
        }
        ClientLinkEvent::Failed(error) => format!("failed: {error}"),
        ClientLinkEvent::Closed(closed) => {
            let clean = if closed.clean { "clean" } else { "not clean" };
            let (code, reason, class) = (closed.code, json(closed.reason), closed.class);
            let (cause, unsent) = (closed.cause, closed.unsent);
            format!("closed {code} {reason} ({class}, {clean}, {unsent} unsent): {cause}")
        }
        ClientLinkEvent::CloseTransport => "close transport".to_owned(),
        ClientLinkEvent::Retrying { attempt, after, class, cause } => {
            format!("retrying ({class}): attempt {attempt} in {} ns: {cause}", after.as_nanos())
        }
        ClientLinkEvent::Stopped { class, cause } => format!("stopped ({class}): {cause}"),
        other => format!("{other:?}"),
    }
}

fn anew(restart: bool) -> &'static str {
    if restart { " anew" } else { "" }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
