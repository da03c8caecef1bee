//! How a server's link moves: what arrives, and every way to an end.

use super::close_codes::ServerClose;
use super::*;
use crate::link::beats::BeatCounts;

/// Early bytes that may wait for the host's answer to the opening request, or for its verdict on
/// a token.
pub(crate) const MAX_EARLY: usize = 16 * 1_024;

impl ServerLink {
    /// The first half of [`poll_event`](Self::poll_event): moves on, lends nothing. A hub has a pool
    /// for all its links; a link on its own has none.
    #[inline]
    pub(crate) fn poll_unlent(&mut self, mut pool: Option<&mut DeflatePool>) -> Option<LinkUnlent> {
        if let Some(opening) = &mut self.opening
            && core::mem::take(&mut opening.untold)
        {
            return Some(LinkUnlent::Request);
        }
        if core::mem::take(&mut self.wire.not_utf8) {
            self.fail_frame(FrameError::TextNotUtf8);
        }
        while matches!(self.phase, ServerPhase::Open | ServerPhase::Closing)
            && let Some(item) = self.wire.advance(pool.as_deref_mut())
        {
            match item.kind {
                ItemKind::Text if self.phase == ServerPhase::Open => {
                    return Some(LinkUnlent::Text(item));
                }
                ItemKind::Binary if self.phase == ServerPhase::Open => {
                    return Some(LinkUnlent::Binary(item));
                }
                ItemKind::Close => self.peer_closed(item),
                ItemKind::Failed(error) => {
                    self.fail_frame(error);
                    return Some(LinkUnlent::Failed(error));
                }
                // What arrives after our goodbye is not for the host any more.
                _ => {}
            }
        }
        if let Some(overflowed) = self.wire.outbox_mut().take_overflow(self.config.outbox.overflow)
        {
            return Some(LinkUnlent::Overflowed(overflowed));
        }
        core::mem::take(&mut self.untold).then_some(LinkUnlent::Closed)
    }

    /// The text of a [`LinkUnlent::Text`]; if it is none, the next step fails the link.
    #[inline]
    pub(crate) fn text<'a>(
        &'a mut self,
        item: Item,
        pool: Option<&'a DeflatePool>,
    ) -> Result<&'a str, FrameError> {
        self.wire.text(item, pool)
    }

    /// The peer has answered a ping: how long that took, if it is known.
    pub(crate) fn ponged(&mut self, now: Now) -> Option<core::time::Duration> {
        self.wire.beats.ponged(now.mono)
    }

    /// Pings and pongs since the last call.
    #[inline]
    pub(crate) fn take_beats(&mut self) -> BeatCounts {
        self.wire.beats.take()
    }

    /// The bytes of a [`LinkUnlent::Binary`].
    pub(crate) fn bytes(&self, item: Item) -> &[u8] {
        self.wire.reader.bytes(item, None)
    }

    /// The opening request, until it is answered.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.opening.as_ref()?.request.as_ref()
    }

    /// How the link ended, once it has.
    pub(crate) fn closed(&self) -> Option<Closed<'_>> {
        if self.phase != ServerPhase::Closed {
            return None;
        }
        self.end.as_ref().map(|end| end.closed())
    }

    pub(super) fn asked(&self) -> Result<&Request, AnswerError> {
        if self.phase != ServerPhase::Asked {
            return Err(AnswerError::NoRequest);
        }
        self.request().ok_or(AnswerError::NoRequest)
    }

    pub(super) fn read_head(&mut self, bytes: &[u8]) {
        let Some(opening) = &mut self.opening else { return };
        let taken = opening.reader.handle_bytes(bytes);
        match opening.reader.poll_event() {
            None => {}
            Some(Ok(request)) => {
                opening.request = Some(request);
                opening.untold = true;
                self.go(ServerPhase::Asked, ServerInput::Request);
                self.keep_early(&bytes[taken..]);
            }
            Some(Err(error)) => self.fail_head(error, ServerInput::BadRequest),
        }
    }

    /// Frames that a hasty client sends before it has its answer.
    pub(super) fn keep_early(&mut self, bytes: &[u8]) {
        let early = self.wire.reader.buffered() + bytes.len();
        if early > MAX_EARLY || self.wire.reader.handle_bytes(bytes).is_err() {
            let error = HandshakeError::HeadTooLarge { limit: MAX_EARLY };
            self.fail_head(error, ServerInput::EarlyFlood);
        }
    }

    pub(super) fn fail_head(&mut self, error: HandshakeError, input: ServerInput) {
        let status = error.status();
        let _ = reject(status, &error.to_string(), self.wire.head());
        self.finish(End::without_code(Class::Protocol, Cause::Handshake(error)), input);
    }

    pub(super) fn time_out(&mut self, status: u16, reason: TimerReason) {
        let _ = reject(status, "", self.wire.head());
        let end = End::without_code(Class::Timeout, Cause::Timeout(reason));
        self.finish(end, ServerInput::Deadline);
    }

    pub(super) fn sent(&mut self, now: Now, sent: Result<(), SendError>) -> Result<(), SendError> {
        if sent.is_err() && self.config.outbox.overflow == Overflow::Close {
            let unsent = self.wire.drop_messages();
            let mut end = end(ServerClose::TooSlow, Cause::Overflow);
            end.unsent = unsent;
            self.begin_closing(now, end, ServerInput::SendOverflow);
        }
        sent
    }

    pub(super) fn peer_closed(&mut self, item: Item) {
        let frame = self.wire.reader.close(item);
        let end = match (self.end.take(), frame) {
            // Our goodbye came first: its code is the link's.
            (Some(end), _) => *end,
            (None, Some(frame)) => End::of_peer(frame.code, frame.reason),
            (None, None) => End::of_peer(CloseCode::NO_STATUS, ""),
        };
        if self.phase == ServerPhase::Open {
            self.wire.say_goodbye(end.code, "");
        }
        let mut end = end.clean();
        end.unsent += self.wire.drop_messages();
        self.finish(end, ServerInput::PeerClose);
    }

    pub(super) fn fail_frame(&mut self, error: FrameError) {
        let end = match self.end.take() {
            Some(end) => *end,
            None => end(ServerClose::Frame(error, &error.to_string()), Cause::Frame(error)),
        };
        self.fail(end, ServerInput::BadFrame);
    }

    /// RFC 6455 section 7.1.7: a goodbye, and no waiting for an answer.
    pub(super) fn fail(&mut self, mut end: End, input: ServerInput) {
        end.unsent += self.wire.drop_messages();
        if self.phase == ServerPhase::Open {
            self.wire.say_goodbye(end.code, &end.reason);
        }
        self.finish(end, input);
    }

    pub(super) fn begin_closing(&mut self, now: Now, end: End, input: ServerInput) {
        self.wire.say_goodbye(end.code, &end.reason);
        self.deadline = now.mono + self.config.patience.close;
        self.end = Some(Box::new(end));
        // Only the peer's goodbye is of interest any more.
        self.wire.reader.skim();
        self.go(ServerPhase::Closing, input);
    }

    /// The one way to the end.
    pub(super) fn finish(&mut self, end: End, input: ServerInput) {
        if self.opening.take().is_some_and(|opening| opening.reader.is_head()) {
            self.wire.strip_body();
        }
        self.wire.reader = crate::frame::Reader::new(Role::Server, self.config.frames);
        self.end = Some(Box::new(end));
        self.untold = true;
        self.go(ServerPhase::Closed, input);
    }

    pub(super) fn go(&mut self, phase: ServerPhase, input: ServerInput) {
        debug_assert_eq!(input.cell(self.phase), Cell::To(phase), "{input} in {:?}", self.phase);
        self.phase = phase;
    }
}

/// The end that a server chose.
pub(super) fn end(why: ServerClose<'_>, cause: Cause) -> End {
    End::new(why.code(), why.reason(), cause).of_class(why.class())
}
