//! What has come over the sessions, and what it means to requests, in the words of the `pam` dialect.

use core::time::Duration;

use super::Client;
use super::asking::rejection;
use super::correlation::Correlation;
use super::event::RequestId;
use super::heard::Heard;
use super::requests::Growing;
use super::unlent::{Meaning, Source, Unlent};
use crate::delivery::{Expiry, SessionNumber};
use crate::envelope::v1::{Code, GoodbyeCode, How};
use crate::envelope::{Envelope, ErrorCode, Kind, Scan, write};
use crate::link::Said;
use crate::metric_families::RequestOutcome;
use crate::metrics::Direction;

/// The code of what was cancelled, where an item is rejected for it (V-8.4).
const CANCELLED: &str = "cancelled";
/// Why something is lost where the session has ended: a reason of the client's own.
const SESSION_ENDED: &str = "session_ended";

impl Client {
    /// Works through what has come over the sessions until it gives an event.
    pub(super) fn hear(&mut self) -> Option<Unlent> {
        loop {
            let (session, heard) = self.next_heard()?;
            if let Some(event) = self.mean(session, heard) {
                return Some(event);
            }
        }
    }

    fn next_heard(&mut self) -> Option<(SessionNumber, Heard)> {
        let conversations = self.conversations.as_deref_mut()?;
        conversations.iter_mut().find_map(|conversation| {
            let heard = Heard::next(conversation, &self.prefix, self.next, &mut self.body);
            let heard = heard.or_else(|| conversation.is_left().then_some(Heard::Left));
            heard.map(|heard| (conversation.number, heard))
        })
    }

    /// What was heard, as an event.
    fn mean(&mut self, session: SessionNumber, heard: Heard) -> Option<Unlent> {
        match heard {
            Heard::Nothing | Heard::Acknowledged => None,
            Heard::Outcome(command, outcome) => Some(Unlent::Outcome(session, command, outcome)),
            Heard::Gap(lost, reason) => Some(Unlent::Gap(session, lost, reason)),
            Heard::Welcome => {
                self.scan_body()?;
                Some(Unlent::Message(Source::Session(session), Meaning::Welcome))
            }
            Heard::Body => self.mean_body(session),
            Heard::Text(request, offset) => self.mean_text(session, request, offset),
            Heard::PiecesLost(request) => {
                self.requests.lose_pieces(request);
                None
            }
            Heard::NoStream(request) => {
                self.ended_unanswered(request);
                self.end(request, RequestOutcome::Unknown).then_some(Unlent::Unknown(request))
            }
            Heard::Ended(request, How::Cancelled, ..) => self.mean_cancelled(request),
            Heard::Ended(request, _, _, true) => {
                let Some(kind) = self.scan_body() else {
                    return self.mean_failed(
                        session,
                        request,
                        &ErrorCode::from("INVALID_JSON"),
                        None,
                    );
                };
                let (mut correlation, body) = self.correlation();
                let envelope = Envelope::from_scan(body.0, body.1);
                let meaning = correlation.end(request, &envelope, kind == Kind::Error);
                correlation.count(meaning);
                Some(Unlent::Message(Source::Session(session), meaning))
            }
            Heard::Ended(request, How::Done, ..) => {
                let text = self.requests.given_since(request, 0).to_owned();
                let id = self.id(request);
                self.body.clear();
                let answer =
                    write::Answer { text: &text, reply_to: Some(&id), ..write::Answer::default() };
                write::chat_response(&mut self.body, self.now.wall, &answer);
                self.mean(session, Heard::Ended(request, How::Done, None, true))
            }
            Heard::Ended(request, how, code, false) => {
                let code = code.as_deref().unwrap_or_else(|| how.as_str()).to_ascii_uppercase();
                self.mean_failed(session, request, &ErrorCode::from(code.as_str()), None)
            }
            Heard::Rejected(request, code, _) if code.as_str() == CANCELLED => {
                self.mean_cancelled(request)
            }
            Heard::Rejected(request, code, retry_after) => {
                let code = code.to_ascii_uppercase();
                self.mean_failed(session, request, &ErrorCode::from(code.as_str()), retry_after)
            }
            Heard::NotSent(request, Expiry::SessionEnded) => {
                self.requests.unsend(request);
                None
            }
            Heard::NotSent(request, _) => {
                self.ended_unanswered(request);
                self.end(request, RequestOutcome::Expired).then_some(Unlent::Expired(request))
            }
            Heard::Result(request, result) => Some(Unlent::CancelResult(request, result)),
            Heard::SessionEnded => {
                let _none = self.mean(session, Heard::Closed(None));
                Code::new(SESSION_ENDED).map(|reason| Unlent::Gap(session, None, reason))
            }
            // A client that has stopped opens nothing over the link that it closes.
            Heard::Closed(_) if self.stopped || !self.link.is_welcomed_v1() => None,
            Heard::Closed(retry_after) => {
                self.handle_channel_closed(session, retry_after);
                None
            }
            Heard::Left => {
                let given_up = self.requests.give_up_of(session, !self.server.correlates);
                if given_up.is_none()
                    && let Some(conversations) = &mut self.conversations
                {
                    conversations.remove(session);
                }
                given_up.and_then(|request| self.gave_up(request))
            }
        }
    }

    /// The channel of a session was closed, by either end, and the host has not left it: it is opened
    /// again. Where it is the only one, another link may be better than this one.
    fn handle_channel_closed(&mut self, session: SessionNumber, retry_after: Option<Duration>) {
        let Some(conversations) = self.conversations.as_deref_mut() else { return };
        let is_single = conversations.is_single();
        let Some(conversation) = conversations.get_mut(session) else { return };
        if !is_single {
            return conversation.reopen_later(self.now.mono, retry_after);
        }
        let goes_on = retry_after.is_none() && conversation.reopen();
        if let Some(after) = retry_after {
            self.link.retry_after(self.now, after);
        }
        if !goes_on {
            self.pump();
            self.link.handle_said(self.now, Said::Wrong(GoodbyeCode::Malformed));
        }
    }

    /// An item of the server: a push, or what answers something that the host has sent.
    fn mean_body(&mut self, session: SessionNumber) -> Option<Unlent> {
        let kind = match Envelope::scan_into(&mut self.scan, &self.body, self.config.depth) {
            Ok(()) => Envelope::from_scan(&self.body, self.scan).kind().into_owned(),
            Err(error) => return Some(Unlent::Unreadable(Source::Session(session), error)),
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
        Some(Unlent::Message(Source::Session(session), meaning))
    }

    /// Text of a stream, as a piece of an answer.
    fn mean_text(
        &mut self,
        session: SessionNumber,
        request: RequestId,
        offset: u64,
    ) -> Option<Unlent> {
        let text = core::mem::take(&mut self.body);
        let meaning = match self.requests.grow_at(self.now.mono, request, offset, &text) {
            Growing::Waiting(request, added) => Meaning::Piece(request, added),
            Growing::Ended(request) => Meaning::LatePiece(request),
            Growing::Full | Growing::Nobody => return None,
        };
        let id = self.id(request);
        write::chat_response_delta(&mut self.body, self.now.wall, &text, Some(&id));
        self.scan_body()?;
        Some(Unlent::Message(Source::Session(session), meaning))
    }

    fn mean_cancelled(&mut self, request: RequestId) -> Option<Unlent> {
        self.end(request, RequestOutcome::Cancelled).then_some(Unlent::Cancelled(request))
    }

    /// A request ends with an `error`, made here in the words of the other dialect.
    fn mean_failed(
        &mut self,
        session: SessionNumber,
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
        Some(Unlent::Message(Source::Session(session), Meaning::Rejection(request)))
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
}
