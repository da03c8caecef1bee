//! The events of a client, as records.

use pamlink::client::Event;
use pamlink::delivery::Outcome;
use pamlink::envelope::Envelope;
use pamlink::link::{Cause, ClientLinkEvent, CloseClass, TokenNeed};

use super::LINK;
use crate::packed::{self, schema};
use crate::said::{self, said};

/// Appends an event. Not [`CloseTransport`](ClientLinkEvent::CloseTransport), which has a record of
/// its own, behind what waits to be written.
pub(super) fn push(out: &mut Vec<u8>, event: &Event<'_>) {
    match event {
        Event::Link(event) => link(out, event),
        Event::Welcomed { envelope, correlates, repeats } => {
            let words = [(*correlates).into(), (*repeats).into()];
            packed::push(out, schema::WELCOMED, &words, &[json(envelope)]);
        }
        Event::Piece { request, text, restart, envelope } => {
            let words = [request.as_u64(), (*restart).into()];
            packed::push(out, schema::PIECE, &words, &[Some(text.as_bytes()), json(envelope)]);
        }
        Event::Answer { request, text, in_pieces, restart, envelope } => {
            let words = [request.as_u64(), (*restart).into()];
            // Mostly no piece came before, and the rest is the whole.
            let rest = (*in_pieces > 0).then(|| &text.as_bytes()[*in_pieces..]);
            let texts = [Some(text.as_bytes()), rest, json(envelope)];
            packed::push(out, schema::ANSWER, &words, &texts);
        }
        Event::Rejected { request, code, message, retry_after, envelope } => {
            let code = code.as_ref().map(|code| code.as_str().as_bytes());
            let json = envelope.as_ref().map_or("", Envelope::as_str);
            let texts = [code, Some(message.as_bytes()), Some(json.as_bytes())];
            let words = [request.as_u64(), said::maybe(*retry_after)];
            packed::push(out, schema::REJECTED, &words, &texts);
        }
        Event::Expired { request } => packed::push(out, schema::EXPIRED, &[request.as_u64()], &[]),
        Event::Unknown { request } => packed::push(out, schema::UNKNOWN, &[request.as_u64()], &[]),
        Event::Unsent { request } => packed::push(out, schema::UNSENT, &[request.as_u64()], &[]),
        Event::Late { request, envelope } => {
            let text = said(envelope);
            let request = packed::word(request.map(|request| request.as_u64()));
            packed::push(out, schema::LATE, &[request], &[Some(text.as_bytes()), json(envelope)]);
        }
        Event::Message { envelope, .. } => message(out, schema::MESSAGE, envelope),
        Event::Repeated { envelope, .. } => message(out, schema::REPEATED, envelope),
        Event::Unreadable { error, text } => {
            let error = error.to_string();
            let texts = [Some(error.as_bytes()), Some(text.as_bytes())];
            packed::push(out, schema::UNREADABLE, &[], &texts);
        }
        Event::Cancelled { request } => {
            packed::push(out, schema::CANCELLED, &[request.as_u64()], &[]);
        }
        Event::CancelResult { request, outcome, offset, code } => {
            let texts =
                [outcome.as_ref().map(|it| it.as_str()), code.as_ref().map(|it| it.as_str())];
            let words = [request.as_u64(), packed::word(*offset)];
            packed::push(
                out,
                schema::CANCEL_RESULT,
                &words,
                &texts.map(|it| it.map(str::as_bytes)),
            );
        }
        Event::Outcome { command, outcome, .. } => outcome_of(out, command.as_u64(), outcome),
        Event::Gap { lost, reason, .. } => {
            let texts = [Some(reason.as_str().as_bytes())];
            packed::push(out, schema::GAP, &[packed::word(*lost)], &texts);
        }
        // Of two links at once, which a client behind the border does not hold.
        Event::SecondLink(_) | Event::ChangedPlaces => {}
        // An event of a newer engine that this border does not know yet: a test holds that there
        // is none.
        _ => debug_assert!(false, "{event:?} has no record"),
    }
}

fn link(out: &mut Vec<u8>, event: &ClientLinkEvent<'_>) {
    match event {
        ClientLinkEvent::Dial(dial) => {
            let (url, host) = (dial.url(), dial.endpoint.host());
            let target = dial.endpoint.target(dial.token);
            let words =
                [dial.attempt.into(), dial.endpoint.is_tls().into(), dial.endpoint.port().into()];
            let texts = [Some(url.as_str()), Some(host), Some(&target), dial.subprotocol];
            let texts = texts.map(|text| text.map(str::as_bytes));
            packed::push(out, schema::DIAL, &words, &texts);
        }
        ClientLinkEvent::NeedToken(need) => {
            let need: &[u8] = match need {
                TokenNeed::Rejected => b"rejected",
                TokenNeed::Renewal => b"renewal",
                _ => b"missing",
            };
            packed::push(out, schema::NEED_TOKEN, &[], &[Some(need)]);
        }
        ClientLinkEvent::StateChanged { from, to, cause } => {
            let words = [from.number().into(), to.number().into()];
            packed::push(out, schema::STATE_CHANGED, &words, &[Some(cause.to_string().as_bytes())]);
        }
        ClientLinkEvent::Binary(bytes) => {
            packed::push(out, schema::BINARY_RECEIVED, &[], &[Some(bytes)]);
        }
        ClientLinkEvent::Overflowed(overflowed) => {
            let words = [LINK, overflowed.messages, overflowed.bytes];
            let texts = [Some(said::policy(overflowed.policy).as_bytes()), Some(&b""[..])];
            packed::push(out, schema::OVERFLOWED, &words, &texts);
        }
        ClientLinkEvent::Failed(error) => push_failed(out, *error),
        ClientLinkEvent::Closed(closed) => said::closed(out, LINK, closed, 0, 0, ""),
        ClientLinkEvent::Retrying { attempt, after, class, cause } => {
            let [status, code] = said::words(cause);
            let words = [(*attempt).into(), said::span(*after), status, code];
            because(out, schema::RETRYING, &words, *class, cause);
        }
        ClientLinkEvent::Stopped { class, cause } => {
            because(out, schema::STOPPED, &said::words(cause), *class, cause);
        }
        // The client has read the texts, and the transport has its own record.
        ClientLinkEvent::Text(_) | ClientLinkEvent::CloseTransport => {}
        // As above.
        _ => debug_assert!(false, "{event:?} has no record"),
    }
}

/// Appends what has become of something that was submitted.
fn outcome_of(out: &mut Vec<u8>, command: u64, outcome: &Outcome<'_>) {
    let (name, code, retry_after) = said::outcome(outcome);
    let words = [command, said::maybe(retry_after)];
    let texts = [Some(name), code].map(|it| it.map(str::as_bytes));
    packed::push(out, schema::OUTCOME, &words, &texts);
}

/// Appends what follows from an end, with its cause.
fn because(out: &mut Vec<u8>, kind: u16, words: &[u64], class: CloseClass, cause: &Cause) {
    let text = cause.to_string();
    let texts = [class.as_str(), &text, cause.reason()].map(|text| Some(text.as_bytes()));
    packed::push(out, kind, words, &texts);
}

/// Appends `failed`: the peer broke RFC 6455.
pub fn push_failed(out: &mut Vec<u8>, error: pamlink::frame::FrameError) {
    // The name of the variant is the name of the fault, in every language.
    let name = format!("{error:?}");
    let name = name.split([' ', '{', '(']).next().unwrap_or_default();
    let text = error.to_string();
    let texts = [Some(name.as_bytes()), Some(text.as_bytes())];
    packed::push(out, schema::FAILED, &[error.close_code().as_u16().into()], &texts);
}

fn json<'a>(envelope: &Envelope<'a>) -> Option<&'a [u8]> {
    Some(envelope.as_str().as_bytes())
}

fn message(out: &mut Vec<u8>, kind: u16, envelope: &Envelope<'_>) {
    let (name, id, text) = (envelope.kind(), envelope.id(), said(envelope));
    let texts = [
        Some(name.as_str().as_bytes()),
        id.as_ref().map(|id| id.as_str().as_bytes()),
        Some(text.as_bytes()),
        json(envelope),
    ];
    packed::push(out, kind, &[], &texts);
}
