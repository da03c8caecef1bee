//! Events on their way to the host: found in places and numbers, lent with their texts.

use std::borrow::Cow;

use super::Client;
use super::asking::rejection;
use super::correlation::said;
use super::event::Event;
use super::growth::{self, Added};
use super::known_server::KnownServer;
use super::unlent::{Meaning, Source, Unlent};
use crate::delivery::SessionNumber;
use crate::envelope::message::ErrorFrame;
use crate::envelope::{Envelope, ErrorCode};
use crate::frame::Item;
use crate::link::{Cause, ClientLink, ClientLinkEvent, CloseClass, State, Trigger};

impl Client {
    /// The event for the host, which borrows from the buffer of the link, or from the text that the
    /// host has `lent`.
    pub(super) fn lend<'a>(&'a mut self, event: Unlent, lent: &'a str) -> Option<Event<'a>> {
        Some(match event {
            Unlent::Link(unlent) => {
                let event = self.link.lend(unlent)?;
                self.counters.link_event(self.now.mono, &event);
                match event {
                    ClientLinkEvent::StateChanged { from: State::Open, cause, .. } => {
                        self.requests.link_lost();
                        if let Some(conversations) = &mut self.conversations {
                            conversations.handle_link_lost(self.now, is_too_large(cause));
                        }
                        self.server = KnownServer::default();
                    }
                    // The host's own wish is no reason to give anything up.
                    ClientLinkEvent::Stopped { cause, .. } if *cause != Cause::Host => {
                        self.stopped = true;
                        if let Some(conversations) = &mut self.conversations {
                            conversations.leave_all(self.now);
                        }
                    }
                    _ => {}
                }
                if let ClientLinkEvent::Closed(closed) = event
                    && closed.class == CloseClass::TooBig
                {
                    let is_ours = !matches!(closed.cause, Cause::Frame(_));
                    let ended = self.requests.end_too_large(is_ours);
                    self.has_ended_oversized |= !is_ours && ended.is_some();
                    if let Some(request) = ended.filter(|it| !it.forgotten) {
                        let (request, code) = (request.id, ErrorCode::MessageTooLarge);
                        let why = "a message that was too large ended the link";
                        let error =
                            rejection(&self.prefix, self.now.wall, request, &code, why, None);
                        self.turned_down.push_back((request, error));
                    }
                }
                Event::Link(event)
            }
            Unlent::SecondLink(unlent) => {
                let event = self.second.as_deref_mut()?.link.lend(unlent)?;
                self.counters.second_link_event(&event);
                Event::SecondLink(event)
            }
            Unlent::ChangedPlaces => Event::ChangedPlaces,
            Unlent::NeedToken(need) => Event::Link(ClientLinkEvent::NeedToken(need)),
            Unlent::Unreadable(source, error) => {
                let text = text_of(source, &mut self.link, lent, &self.body)?;
                Event::Unreadable { error, text }
            }
            Unlent::Cancelled(request) => Event::Cancelled { request },
            Unlent::CancelResult(request, result) => {
                let (outcome, offset, code) = result.map_or((None, None, None), |it| {
                    let (outcome, offset, code) = it;
                    (Some(outcome), offset, code)
                });
                Event::CancelResult { request, outcome, offset, code }
            }
            Unlent::Outcome(session, command, outcome) => {
                Event::Outcome { session, command, outcome }
            }
            Unlent::Gap(session, lost, reason) => Event::Gap { session, lost, reason },
            Unlent::Expired(request) => Event::Expired { request },
            Unlent::Unknown(request) => Event::Unknown { request },
            Unlent::Unsent(request) => Event::Unsent { request },
            Unlent::TurnedDown(request) => {
                let envelope = Envelope::parse(&self.text, Envelope::DEPTH).ok()?;
                let error = envelope.read::<ErrorFrame>()?;
                Event::Rejected {
                    request,
                    retry_after: error.retry_after(),
                    code: error.error_code,
                    message: said(&envelope),
                    envelope: Some(envelope),
                }
            }
            Unlent::Message(source, meaning) => {
                let text = text_of(source, &mut self.link, lent, &self.body)?;
                let envelope = Envelope::from_scan(text, self.scan);
                match meaning {
                    Meaning::Welcome => Event::Welcomed {
                        envelope,
                        correlates: self.server.correlates,
                        repeats: self.server.repeats,
                    },
                    Meaning::Piece(request, Added { restart, at }) => {
                        let text = Cow::Borrowed(self.requests.given_since(request, at));
                        Event::Piece { request, text, restart, envelope }
                    }
                    Meaning::Answer(request, given) => {
                        let (in_pieces, restart) = match given {
                            growth::Given::Beginning(bytes) => (bytes, false),
                            growth::Given::Other => (0, true),
                        };
                        Event::Answer {
                            request,
                            text: said(&envelope),
                            in_pieces,
                            restart,
                            envelope,
                        }
                    }
                    Meaning::Whole(request) => {
                        let text = Cow::Borrowed(self.whole.as_str());
                        Event::Answer {
                            request,
                            in_pieces: text.len(),
                            text,
                            restart: false,
                            envelope,
                        }
                    }
                    Meaning::Rejection(request) => {
                        let error = envelope.read::<ErrorFrame>()?;
                        Event::Rejected {
                            request,
                            retry_after: error.retry_after(),
                            code: error.error_code,
                            message: said(&envelope),
                            envelope: Some(envelope),
                        }
                    }
                    Meaning::Incomplete(request) => Event::Rejected {
                        request,
                        code: Some(ErrorCode::MessageTooLarge),
                        message: "the answer came in more pieces than are kept, and not as a whole"
                            .into(),
                        retry_after: None,
                        envelope: Some(envelope),
                    },
                    Meaning::Late(request) => Event::Late { request, envelope },
                    Meaning::LatePiece(request) => Event::Late { request: Some(request), envelope },
                    Meaning::News => Event::Message { session: source.session(), envelope },
                    Meaning::OldNews => Event::Repeated { session: source.session(), envelope },
                }
            }
        })
    }
}

impl Source {
    /// The session that a message belongs to.
    const fn session(self) -> SessionNumber {
        match self {
            Self::Link(_) => SessionNumber::FIRST,
            Self::Session(session) => session,
        }
    }
}

/// Whether a link has ended for a message of this end that was too large.
const fn is_too_large(cause: Trigger<'_>) -> bool {
    let Trigger::End(Cause::Peer { code, .. }) = cause else { return false };
    matches!(CloseClass::of_close_code(code.as_u16()), CloseClass::TooBig)
}

/// The text that a message or fault is in.
fn text_of<'a>(
    source: Source,
    link: &'a mut ClientLink,
    lent: &'a str,
    body: &'a str,
) -> Option<&'a str> {
    match source {
        Source::Link(item) => text(item, link, lent),
        Source::Session(_) => Some(body),
    }
}

/// The text of a message: of the link's reader, or the one that the host has `lent`.
pub(super) fn text<'a>(item: Item, link: &'a mut ClientLink, lent: &'a str) -> Option<&'a str> {
    // If it is not UTF-8 the link's next step says so.
    if item.is_lent() { Some(lent) } else { link.text(item).ok() }
}
