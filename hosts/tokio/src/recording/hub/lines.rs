//! What a hub says, as lines that are the same in every run and on every platform.

use pamlink::envelope::Envelope;
use pamlink::frame::handshake::HandshakeError;
use pamlink::hub::{Event, LinkId, Repeat, Request};
use pamlink::link::Cause;

use super::first_line;
use super::members;
use super::opening::LONGEST_NAME;

/// An event as one line. What a peer has a hand in beside who it is passes `hide`: where a recording
/// has another text for it, so has the line.
pub(super) fn line(event: &Event<'_>, hide: impl Fn(&mut String)) -> String {
    let hidden = |mut text: String| {
        hide(&mut text);
        text
    };
    match event {
        // Not the query: a token may be in it.
        Event::Http { link, request } => {
            let method = first_line::method(request.method());
            format!("http of link {link}: {method} {}", request.path())
        }
        Event::Authorize { link, user, token } => {
            let length = token.expose().len();
            format!("authorize link {link} of {user}: a token of {length} characters")
        }
        Event::Opened { link, user, links_of_user } => {
            format!("opened link {link} of {user}, who has {links_of_user}")
        }
        Event::Request(request) => of_request(request, hidden(text(&request.envelope))),
        Event::Message { link, user, envelope } => {
            format!("message of link {link} of {user}: {}", hidden(text(envelope)))
        }
        Event::Duplicate { link, user, first } => {
            let first = match first {
                Repeat::Answered => "answered".to_owned(),
                Repeat::Forgotten => "forgotten".to_owned(),
                Repeat::Running(request) => format!("running as {request}"),
            };
            format!("repeat over link {link} of {user}: {first}")
        }
        Event::Refused(refused) => {
            let (link, user, code) = (refused.link, refused.user, refused.code.as_str());
            let (wait, left) = (refused.retry_after, refused.left);
            let closing = if refused.closing { ", closing" } else { "" };
            format!("refused {code} of link {link} of {user}: wait {wait:?}, {left} left{closing}")
        }
        Event::Expired { request, user } => format!("expired {request} of {user}"),
        Event::Overflowed { link, user, overflowed } => {
            let (messages, bytes) = (overflowed.messages, overflowed.bytes);
            format!("overflowed link {link} of {user} by {messages} messages, {bytes} bytes")
        }
        Event::Closed { link, user, closed, running, links_of_user } => {
            let clean = if closed.clean { "clean" } else { "not clean" };
            let (code, reason, class) = (closed.code, closed.reason, closed.class);
            let (cause, unsent) = (hidden(why(closed.cause)), closed.unsent);
            let reason = hidden(format!("{reason:?}"));
            format!(
                "closed link {link} of {user}, who has {links_of_user} and {running} requests: \
                 {code} {reason} ({class}, {clean}, {unsent} unsent): {cause}"
            )
        }
        Event::Cancelled { request, user } => format!("cancelled {request} of {user}"),
        Event::Undelivered { push, user, outcome } => {
            let outcome = hidden(format!("{outcome:?}"));
            format!("undelivered push {} to {user}: {outcome}", push.as_u64())
        }
        Event::Drained => "drained".to_owned(),
        other => hidden(format!("{other:?}")),
    }
}

/// The link of an event in whose line is what came over it.
pub(super) const fn link(event: &Event<'_>) -> Option<LinkId> {
    match event {
        Event::Request(request) => Some(request.link),
        Event::Message { link, .. } | Event::Closed { link, .. } => Some(*link),
        _ => None,
    }
}

/// The link that is open from this event on, and its user.
pub(super) fn opened<'e>(event: &Event<'e>) -> Option<(LinkId, &'e str)> {
    match event {
        Event::Opened { link, user, .. } => Some((*link, user)),
        _ => None,
    }
}

fn of_request(request: &Request<'_>, text: String) -> String {
    let Request { request: id, link, user, decision, wants_pieces, .. } = request;
    let (agent, because) = (&decision.agent.id, decision.because.as_str());
    let pieces = if *wants_pieces { " in pieces" } else { "" };
    format!("request {id} of link {link} of {user} for {agent} ({because}){pieces}: {text}")
}

/// A cause, without the rest of a name that is too long to be in a recording.
fn why(cause: &Cause) -> String {
    let text = cause.to_string();
    match cause {
        Cause::Handshake(HandshakeError::Header { header, .. }) => match header.get(LONGEST_NAME..)
        {
            Some(rest) if !rest.is_empty() => text.replacen(&**header, &header[..LONGEST_NAME], 1),
            _ => text,
        },
        _ => text,
    }
}

/// An envelope, its tokens hidden as they are in the bytes that came.
fn text(envelope: &Envelope<'_>) -> String {
    members::hidden(envelope.as_str())
}
