//! Events on their way to the host: found in places and numbers, lent with their texts.

use std::borrow::Cow;

use super::Client;
use super::asking::rejection;
use super::correlation::said;
use super::event::Event;
use super::growth::{self, Added};
use super::server::Server;
use super::unlent::{Meaning, Unlent};
use crate::envelope::message::Message;
use crate::envelope::{Envelope, ErrorCode};
use crate::link::{Cause, Class, ClientLinkEvent, State};

impl Client {
    /// The event for the host, which borrows from the buffer of the link.
    pub(super) fn lend(&mut self, told: Unlent) -> Option<Event<'_>> {
        Some(match told {
            Unlent::Link(unlent) => {
                let event = self.link.lend(unlent)?;
                self.tally.link_told(self.now.mono, &event);
                match event {
                    ClientLinkEvent::StateChanged { from: State::Open, .. } => {
                        self.asks.link_lost();
                        self.server = Server::default();
                    }
                    // The host's own wish is no reason to give anything up.
                    ClientLinkEvent::Stopped { cause, .. } if *cause != Cause::Host => {
                        self.stopped = true;
                    }
                    _ => {}
                }
                if let ClientLinkEvent::Closed(closed) = event
                    && closed.class == Class::TooBig
                    && let Some(ask) =
                        self.asks.end_too_large(!matches!(closed.cause, Cause::Frame(_)))
                {
                    let why = "a message that was too large ended the link";
                    let code = ErrorCode::MessageTooLarge;
                    let error = rejection(&self.prefix, self.now.wall, ask, &code, why);
                    self.turned_down.push_back((ask, error));
                }
                Event::Link(event)
            }
            Unlent::Unreadable(item, error) => {
                Event::Unreadable { error, text: self.link.text(item).ok()? }
            }
            Unlent::Expired(ask) => Event::Expired { ask },
            Unlent::Unknown(ask) => Event::Unknown { ask },
            Unlent::Unsent(ask) => Event::Unsent { ask },
            Unlent::TurnedDown(ask) => {
                let envelope = Envelope::parse(&self.text, Envelope::DEPTH).ok()?;
                let Message::Error(error) = envelope.message() else { return None };
                Event::Rejected {
                    ask,
                    code: error.error_code,
                    message: said(&envelope),
                    retry_after: None,
                    envelope: Some(envelope),
                }
            }
            Unlent::Message(item, meaning) => {
                let envelope = Envelope::from_scan(self.link.text(item).ok()?, self.scan);
                match meaning {
                    Meaning::Welcome => Event::Welcomed {
                        envelope,
                        correlates: self.server.correlates,
                        repeats: self.server.repeats,
                    },
                    Meaning::Piece(ask, Added { restart, at }) => {
                        let text = Cow::Borrowed(self.asks.told_since(ask, at));
                        Event::Piece { ask, text, restart, envelope }
                    }
                    Meaning::Answer(ask, told) => {
                        let (told, restart) = match told {
                            growth::Told::Beginning(told) => (told, false),
                            growth::Told::Other => (0, true),
                        };
                        Event::Answer { ask, text: said(&envelope), told, restart, envelope }
                    }
                    Meaning::Whole(ask) => {
                        let text = Cow::Borrowed(self.whole.as_str());
                        Event::Answer { ask, told: text.len(), text, restart: false, envelope }
                    }
                    Meaning::Rejection(ask) => {
                        let Message::Error(error) = envelope.message() else { return None };
                        Event::Rejected {
                            ask,
                            retry_after: error.retry_after(),
                            code: error.error_code,
                            message: said(&envelope),
                            envelope: Some(envelope),
                        }
                    }
                    Meaning::Incomplete(ask) => Event::Rejected {
                        ask,
                        code: Some(ErrorCode::MessageTooLarge),
                        message: "the answer came in more pieces than are kept, and not as a whole"
                            .into(),
                        retry_after: None,
                        envelope: Some(envelope),
                    },
                    Meaning::Late(ask) => Event::Late { ask, envelope },
                    Meaning::LatePiece(ask) => Event::Late { ask: Some(ask), envelope },
                    Meaning::News => Event::Message { envelope },
                    Meaning::OldNews => Event::Repeated { envelope },
                }
            }
        })
    }
}
