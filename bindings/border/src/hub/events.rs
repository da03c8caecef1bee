//! The events of a hub, as records.

use pamlink::hub::{Event, Repeat, Request};

use crate::packed::{self, schema};
use crate::said::{self, said};

/// Appends an event.
pub(super) fn push(out: &mut Vec<u8>, event: &Event<'_>) {
    match event {
        Event::Http { link, request } => {
            let mut headers = String::new();
            for (name, value) in request.headers().iter() {
                for part in [name, ": ", value, "\n"] {
                    headers.push_str(part);
                }
            }
            let texts = [request.method(), request.target(), &headers];
            packed::push(
                out,
                schema::HTTP,
                &[link.as_u64()],
                &texts.map(|text| Some(text.as_bytes())),
            );
        }
        Event::Authorize { link, user, token } => {
            let texts = [Some(user.as_bytes()), Some(token.expose().as_bytes())];
            packed::push(out, schema::AUTHORIZE_WANTED, &[link.as_u64()], &texts);
        }
        Event::Opened { link, user, links_of_user } => {
            let words = [link.as_u64(), (*links_of_user).into()];
            packed::push(out, schema::OPENED_LINK, &words, &[Some(user.as_bytes())]);
        }
        Event::Request(request) => self::request(out, request),
        Event::Message { link, user, envelope } => {
            let (kind, id, text) = (envelope.kind(), envelope.id(), said(envelope));
            let texts = [
                Some(user.as_bytes()),
                Some(kind.as_str().as_bytes()),
                id.as_ref().map(|id| id.as_str().as_bytes()),
                Some(text.as_bytes()),
                Some(envelope.as_str().as_bytes()),
            ];
            packed::push(out, schema::RECEIVED, &[link.as_u64()], &texts);
        }
        Event::Duplicate { link, user, first } => {
            let (first, request): (&[u8], _) = match first {
                Repeat::Answered => (b"answered", None),
                Repeat::Forgotten => (b"forgotten", None),
                Repeat::Running(request) => (b"running", Some(request.as_u64())),
            };
            let words = [link.as_u64(), packed::word(request)];
            packed::push(out, schema::DUPLICATE, &words, &[Some(user.as_bytes()), Some(first)]);
        }
        Event::Refused(refused) => {
            let words = [
                refused.link.as_u64(),
                said::maybe(refused.retry_after),
                refused.left.into(),
                refused.closing.into(),
            ];
            let texts = [Some(refused.user.as_bytes()), Some(refused.code.as_str().as_bytes())];
            packed::push(out, schema::REFUSED, &words, &texts);
        }
        Event::Expired { request, user } => {
            let user = Some(user.as_bytes());
            packed::push(out, schema::REQUEST_EXPIRED, &[request.as_u64()], &[user]);
        }
        Event::Overflowed { link, user, overflowed } => {
            let words = [link.as_u64(), overflowed.messages, overflowed.bytes];
            let policy = said::policy(overflowed.policy).as_bytes();
            packed::push(out, schema::OVERFLOWED, &words, &[Some(policy), Some(user.as_bytes())]);
        }
        Event::Closed { link, user, closed, running, links_of_user } => {
            said::closed(out, link.as_u64(), closed, *running, *links_of_user, user);
        }
        Event::Cancelled { request, user } => {
            let user = Some(user.as_bytes());
            packed::push(out, schema::REQUEST_CANCELLED, &[request.as_u64()], &[user]);
        }
        Event::Undelivered { push, user, outcome } => {
            let (name, code, retry_after) = said::outcome(outcome);
            let words = [push.as_u64(), said::maybe(retry_after)];
            let texts = [Some(*user), Some(name), code].map(|text| text.map(str::as_bytes));
            packed::push(out, schema::UNDELIVERED, &words, &texts);
        }
        Event::Drained => packed::push(out, schema::DRAINED, &[], &[]),
        // An event of a newer engine that this border does not know yet: a test holds that there
        // is none.
        _ => debug_assert!(false, "{event:?} has no record"),
    }
}

fn request(out: &mut Vec<u8>, request: &Request<'_>) {
    let (decision, envelope) = (&request.decision, &request.envelope);
    let (id, text) = (envelope.id(), said(envelope));
    let words = [request.request.as_u64(), request.link.as_u64(), request.wants_pieces.into()];
    let texts = [
        Some(request.user.as_bytes()),
        Some(decision.agent.id.as_bytes()),
        Some(decision.agent.name.as_bytes()),
        Some(decision.agent.module.as_bytes()),
        Some(decision.because.as_str().as_bytes()),
        decision.refused.as_ref().map(|refused| refused.as_str().as_bytes()),
        id.as_ref().map(|id| id.as_str().as_bytes()),
        Some(text.as_bytes()),
        Some(envelope.as_str().as_bytes()),
    ];
    packed::push(out, schema::REQUEST, &words, &texts);
}
