//! What comes over `pamlink.v1`: envelopes of the link and of the session, and what they mean to
//! requests, in the words of the `pam` dialect.

use core::time::Duration;

use super::Client;
use super::asking::rejection;
use super::conversation::CHANNEL;
use super::correlation::{Correlation, own};
use super::event::RequestId;
use super::known_server::KnownServer;
use super::requests::Growing;
use super::unlent::{CancelResult, Meaning, Source, Unlent};
use crate::delivery::{
    ClientEvent, Ending, Event, Expiry, Fault, FollowAnswer, Outcome, StreamEvent,
};
use crate::envelope::v1::{self, Answer, Code, GoodbyeCode, How, Message};
use crate::envelope::{Envelope, ErrorCode, Kind, Scan, write};
use crate::frame::Item;
use crate::link::Said;
use crate::metric_families::RequestOutcome;
use crate::metrics::Direction;

/// The code of what was cancelled, where an item is rejected for it (V-8.4).
const CANCELLED: &str = "cancelled";
/// The code of a channel whose session another link has taken over (V-5.8).
const SUPERSEDED: &str = "superseded";

/// Why something is lost where the session has ended: a reason of the client's own.
const SESSION_ENDED: &str = "session_ended";

/// What has come over the session, without its tie to it. Long texts stand in the client's `body`.
#[derive(Debug)]
enum Heard {
    Nothing,
    Welcome,
    Body,
    Text(RequestId, u64),
    PiecesLost(RequestId),
    NoStream(RequestId),
    Ended(RequestId, How<'static>, Option<Code<'static>>, bool),
    Acknowledged,
    Rejected(RequestId, Code<'static>, Option<Duration>),
    NotSent(RequestId, Expiry),
    Result(RequestId, Option<CancelResult>),
    Tell(Unlent),
    Closed(Option<Duration>),
    SessionEnded,
}

impl Client {
    /// An envelope has come over a link that speaks the dialect.
    pub(super) fn read_v1(&mut self, item: Item) -> Option<Unlent> {
        let welcomed = self.link.is_welcomed_v1();
        // If it is not UTF-8 the link's next step says so.
        let text = self.link.text(item).ok()?;
        self.counters.metrics.message_bytes.record(text.len());
        let conversation = self.conversation.as_deref_mut()?;
        if let Err(error) = Envelope::scan_into(&mut self.scan, text, v1::DEPTH) {
            if !welcomed {
                self.link.handle_said(self.now, Said::Wrong(GoodbyeCode::NotOpen));
                return None;
            }
            return Some(Unlent::Unreadable(Source::Link(item), error));
        }
        let mut ponged = false;
        let said = match Message::read(&Envelope::from_scan(text, self.scan)) {
            Err(malformed) if malformed.is_of_link() => Said::Wrong(GoodbyeCode::Malformed),
            Err(_) | Ok(None) if !welcomed => Said::Wrong(GoodbyeCode::NotOpen),
            Err(malformed) => {
                if malformed.channel == CHANNEL {
                    conversation.session.handle_fault(self.now, Fault::Malformed);
                }
                return None;
            }
            Ok(None) => return None,
            Ok(Some((channel, message))) => Said::of(&message, welcomed).unwrap_or_else(|| {
                let is_heartbeat = matches!(message, Message::Heartbeat(_));
                ponged = matches!(&message, Message::Heartbeat(it) if it.reply);
                if channel == CHANNEL || is_heartbeat {
                    conversation.session.handle_message(self.now, &message);
                }
                Said::Nothing
            }),
        };
        if ponged {
            self.take_pong();
        }
        let welcome = match &said {
            Said::Welcome(welcome) => Some((welcome.limits, Box::from(self.link.text(item).ok()?))),
            _ => None,
        };
        if self.begins_change(&said) {
            return None;
        }
        self.link.handle_said(self.now, said);
        let (limits, welcome) = welcome.filter(|_| self.link.is_welcomed_v1())?;
        self.server = KnownServer::of_v1(limits);
        if let Some(conversation) = &mut self.conversation {
            conversation.handle_welcome(welcome);
        }
        self.counters.welcomed(self.now.mono);
        self.flush();
        // The host hears of it once the session is open: what it asks a server to push then comes.
        None
    }

    /// Works through what has come over the session until it gives an event.
    pub(super) fn hear(&mut self) -> Option<Unlent> {
        loop {
            let heard = self.next_heard()?;
            if let Some(event) = self.mean(heard) {
                return Some(event);
            }
        }
    }

    fn next_heard(&mut self) -> Option<Heard> {
        let conversation = self.conversation.as_deref_mut()?;
        let (prefix, next, body) = (&*self.prefix, self.next, &mut self.body);
        let request = |stream: &str| own(prefix, next, stream);
        let mut keep = |text: &str| {
            body.clear();
            body.push_str(text);
        };
        let (command, outcome) = match conversation.session.poll_event()? {
            ClientEvent::Session(event) => match event {
                Event::Item { body, .. } => {
                    keep(body.as_json());
                    return Some(Heard::Body);
                }
                Event::Gap { lost, reason } => {
                    return Some(Heard::Tell(Unlent::Gap(lost, reason.into_owned())));
                }
                Event::Closed { code, .. } if code.as_str() == SUPERSEDED => {
                    return Some(Heard::Nothing);
                }
                Event::Closed { retry_after, .. } => return Some(Heard::Closed(retry_after)),
                Event::Fault(_) => return Some(Heard::Closed(None)),
                Event::CancelResult { command, results } => {
                    let result = results.first().cloned().map(|it| {
                        (it.outcome.into_owned(), it.offset, it.code.map(Code::into_owned))
                    });
                    let request = conversation.take_cancel(command);
                    return Some(request.map_or(Heard::Nothing, |it| Heard::Result(it, result)));
                }
                Event::Outcome { command, outcome } => (
                    command,
                    match outcome {
                        Outcome::Acknowledged => Outcome::Acknowledged,
                        Outcome::Rejected { code, retry_after } => {
                            Outcome::Rejected { code: code.into_owned(), retry_after }
                        }
                        Outcome::Expired(why) => Outcome::Expired(why),
                        Outcome::Unknown => Outcome::Unknown,
                    },
                ),
                // Another one begins, and what was sent to this one does not come.
                Event::Ended(Ending::Left) => return Some(Heard::Closed(None)),
                Event::Ended(_) => return Some(Heard::SessionEnded),
                Event::Opened { answer: Answer::Begun | Answer::Resumed | Answer::Gap } => {
                    let welcome = conversation.take_welcome();
                    return Some(welcome.map_or(Heard::Nothing, |welcome| {
                        keep(&welcome);
                        Heard::Welcome
                    }));
                }
                // What asks for nothing, or is never heard by a client.
                Event::Opened { .. } | Event::CaughtUp | Event::Cancel { .. } => {
                    return Some(Heard::Nothing);
                }
            },
            ClientEvent::Stream(event) => {
                let heard = match event {
                    StreamEvent::Text { stream, offset, text, .. } => {
                        keep(text);
                        request(stream).map(|it| Heard::Text(it, offset))
                    }
                    StreamEvent::Following { stream, answer: FollowAnswer::Unknown, .. } => {
                        request(stream).map(Heard::NoStream)
                    }
                    StreamEvent::Following { stream, stays, offset, .. } if stays < offset => {
                        request(stream).map(Heard::PiecesLost)
                    }
                    StreamEvent::Ended { stream, how, code, body, .. } => {
                        keep(body.map_or("", |body| body.as_json()));
                        let code = code.map(Code::into_owned);
                        let has_body = body.is_some();
                        request(stream).map(|it| Heard::Ended(it, how.into_owned(), code, has_body))
                    }
                    StreamEvent::Following { .. } | StreamEvent::CaughtUp { .. } => None,
                };
                return Some(heard.unwrap_or(Heard::Nothing));
            }
        };
        if let Some(request) = conversation.take_item(command) {
            return Some(match outcome {
                Outcome::Acknowledged => Heard::Acknowledged,
                Outcome::Rejected { code, retry_after } => {
                    Heard::Rejected(request, code, retry_after)
                }
                Outcome::Expired(why) => Heard::NotSent(request, why),
                // Whether its stream is there is asked, and tells.
                Outcome::Unknown => Heard::Nothing,
            });
        }
        if let Some(request) = conversation.take_cancel(command) {
            return Some(Heard::Result(request, None));
        }
        let is_hosts = conversation.take_sent(command);
        Some(if is_hosts { Heard::Tell(Unlent::Outcome(command, outcome)) } else { Heard::Nothing })
    }

    /// What was heard, as an event.
    fn mean(&mut self, heard: Heard) -> Option<Unlent> {
        match heard {
            Heard::Nothing | Heard::Acknowledged => None,
            Heard::Tell(event) => Some(event),
            Heard::Welcome => {
                self.scan_body()?;
                Some(Unlent::Message(Source::Session, Meaning::Welcome))
            }
            Heard::Body => self.mean_body(),
            Heard::Text(request, offset) => self.mean_text(request, offset),
            Heard::PiecesLost(request) => {
                self.requests.lose_pieces(request);
                None
            }
            Heard::NoStream(request) => {
                self.end(request, RequestOutcome::Unknown).then_some(Unlent::Unknown(request))
            }
            Heard::Ended(request, How::Cancelled, ..) => self.mean_cancelled(request),
            Heard::Ended(request, _, _, true) => {
                let Some(kind) = self.scan_body() else {
                    return self.mean_failed(request, &ErrorCode::from("INVALID_JSON"), None);
                };
                let (mut correlation, body) = self.correlation();
                let envelope = Envelope::from_scan(body.0, body.1);
                let meaning = correlation.end(request, &envelope, kind == Kind::Error);
                correlation.count(meaning);
                Some(Unlent::Message(Source::Session, meaning))
            }
            Heard::Ended(request, How::Done, ..) => {
                let text = self.requests.given_since(request, 0).to_owned();
                let id = self.id(request);
                self.body.clear();
                let answer =
                    write::Answer { text: &text, reply_to: Some(&id), ..write::Answer::default() };
                write::chat_response(&mut self.body, self.now.wall, &answer);
                self.mean(Heard::Ended(request, How::Done, None, true))
            }
            Heard::Ended(request, how, code, false) => {
                let code = code.as_deref().unwrap_or_else(|| how.as_str()).to_ascii_uppercase();
                self.mean_failed(request, &ErrorCode::from(code.as_str()), None)
            }
            Heard::Rejected(request, code, _) if code.as_str() == CANCELLED => {
                self.mean_cancelled(request)
            }
            Heard::Rejected(request, code, retry_after) => {
                let code = code.to_ascii_uppercase();
                self.mean_failed(request, &ErrorCode::from(code.as_str()), retry_after)
            }
            Heard::NotSent(request, Expiry::SessionEnded) => {
                self.requests.unsend(request);
                None
            }
            Heard::NotSent(request, _) => {
                self.end(request, RequestOutcome::Expired).then_some(Unlent::Expired(request))
            }
            Heard::Result(request, result) => Some(Unlent::CancelResult(request, result)),
            Heard::SessionEnded => {
                let _none = self.mean(Heard::Closed(None));
                Code::new(SESSION_ENDED).map(|reason| Unlent::Gap(None, reason))
            }
            Heard::Closed(_) if !self.link.is_welcomed_v1() => None,
            Heard::Closed(retry_after) => {
                if let Some(after) = retry_after {
                    self.link.retry_after(self.now, after);
                }
                let goes_on = retry_after.is_none()
                    && self.conversation.as_deref_mut().is_some_and(|it| it.reopen());
                if !goes_on {
                    self.pump();
                    self.link.handle_said(self.now, Said::Wrong(GoodbyeCode::Malformed));
                }
                None
            }
        }
    }

    /// An item of the server: a push, or what answers something that the host has sent.
    fn mean_body(&mut self) -> Option<Unlent> {
        let kind = match Envelope::scan_into(&mut self.scan, &self.body, self.config.depth) {
            Ok(()) => Envelope::from_scan(&self.body, self.scan).kind().into_owned(),
            Err(error) => return Some(Unlent::Unreadable(Source::Session, error)),
        };
        self.counters.metrics.messages.increment(&kind, Direction::Inbound);
        let (mut correlation, body) = self.correlation();
        let envelope = Envelope::from_scan(body.0, body.1);
        let meaning = match kind {
            Kind::Error => correlation.answer(&envelope, true),
            kind if kind.is_answer() => correlation.answer(&envelope, false),
            _ => correlation.news(&envelope),
        };
        correlation.count(meaning);
        Some(Unlent::Message(Source::Session, meaning))
    }

    /// Text of a stream, as a piece of an answer.
    fn mean_text(&mut self, request: RequestId, offset: u64) -> Option<Unlent> {
        let text = core::mem::take(&mut self.body);
        let meaning = match self.requests.grow_at(self.now.mono, request, offset, &text) {
            Growing::Waiting(request, added) => Meaning::Piece(request, added),
            Growing::Ended(request) => Meaning::LatePiece(request),
            Growing::Full | Growing::Nobody => return None,
        };
        let id = self.id(request);
        write::chat_response_delta(&mut self.body, self.now.wall, &text, Some(&id));
        self.scan_body()?;
        Some(Unlent::Message(Source::Session, meaning))
    }

    fn mean_cancelled(&mut self, request: RequestId) -> Option<Unlent> {
        self.end(request, RequestOutcome::Cancelled).then_some(Unlent::Cancelled(request))
    }

    /// A request ends with an `error`, made here in the words of the other dialect.
    fn mean_failed(
        &mut self,
        request: RequestId,
        code: &ErrorCode<'_>,
        retry_after: Option<Duration>,
    ) -> Option<Unlent> {
        let answered = self.requests.answer(request)?;
        self.counters.replied(self.now.mono, answered.asked);
        let why = "the server has refused the request";
        self.body = rejection(&self.prefix, self.now.wall, request, code, why, retry_after);
        self.scan_body()?;
        self.counters.metrics.requests.increment(RequestOutcome::Rejected);
        Some(Unlent::Message(Source::Session, Meaning::Rejection(request)))
    }

    /// Ends a request without an answer; whether somebody waits for it.
    pub(super) fn end(&mut self, request: RequestId, outcome: RequestOutcome) -> bool {
        let waits = self.requests.answer(request).is_some();
        if waits {
            self.counters.metrics.requests.increment(outcome);
        }
        waits
    }

    /// The type of the envelope in `body`, whose members are found; nothing if it is none.
    fn scan_body(&mut self) -> Option<Kind<'static>> {
        Envelope::scan_into(&mut self.scan, &self.body, self.config.depth).ok()?;
        Some(Envelope::from_scan(&self.body, self.scan).kind().into_owned())
    }

    fn correlation(&mut self) -> (Correlation<'_>, (&str, Scan)) {
        let correlation = Correlation {
            now: self.now.mono,
            prefix: &self.prefix,
            next: self.next,
            correlates: true,
            requests: &mut self.requests,
            seen: &mut self.seen,
            whole: &mut self.whole,
            counters: &mut self.counters,
            advice: None,
        };
        (correlation, (&self.body, self.scan))
    }

    /// A `pong` of the server has come: counts it, and how long it took.
    pub(super) fn take_pong(&mut self) {
        self.counters.metrics.pongs.increment(Direction::Inbound);
        if let Some(time) = self.link.ponged(self.now) {
            self.counters.metrics.round_trip.record(time);
        }
    }
}
