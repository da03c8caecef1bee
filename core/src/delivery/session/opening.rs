//! How a session is opened, resumed and ended.

use super::Session;
use super::phase::{Phase, Role};
use crate::delivery::config::SessionConfig;
use crate::delivery::event::Ending;
use crate::delivery::events::Unlent;
use crate::delivery::fault::Fault;
use crate::delivery::outbound::Reach;
use crate::envelope::v1::{Answer, Code, Continue, Follow, Message, Open, Opened, Position};

impl Session {
    /// What a client says first over a link (V-5.1, V-5.2).
    pub(super) fn open(&mut self, follow: Vec<Follow<'static>>) -> Message<'static> {
        let received = self.id.map(|_| self.exchange.acknowledge());
        // The rejects that wait have the next numbers, before anything else that is new: what
        // `received` covers counts once they have come.
        let mut sent = self.exchange.outbound.last();
        sent.sequence += u64::try_from(self.exchange.queue.rejects()).unwrap_or(0);
        let window = Some(self.exchange.window).filter(|it| *it != SessionConfig::WINDOW);
        Message::Open(Open { session: self.id, received, sent, follow, window })
    }

    /// A client opens the session, at a server.
    pub(super) fn handle_open(&mut self, open: &Open<'_>) -> Result<(), Fault> {
        let (Phase::Opening { .. }, Some(session), Some(log)) = (self.phase, self.id, self.log)
        else {
            return Err(Fault::NotOpen);
        };
        let (answer, reach) = match (open.session, open.received) {
            (None, _) if !self.begun => {
                self.go_on(Answer::Begun);
                self.exchange.begin_after(open.sent);
                (Answer::Begun, Reach::Resumable)
            }
            (Some(id), Some(received)) if id == session => {
                let reach = self.exchange.outbound.reach(received);
                let answer = if reach == Reach::Resumable { Answer::Resumed } else { Answer::Gap };
                self.go_on(answer);
                self.exchange.resume_client(reach, received, open.sent);
                (answer, reach)
            }
            (Some(_), None) => return Err(Fault::Malformed),
            (None | Some(_), _) => return Err(Fault::NotOpen),
        };
        self.begun = true;
        self.exchange.set_limit(open.window.unwrap_or(SessionConfig::WINDOW));
        let sent = self.exchange.outbound.last();
        let from = Position::new(sent.epoch, self.exchange.outbound.written());
        let reason = if answer == Answer::Gap { Code::new(reach.reason()) } else { None };
        self.caught_up = self.caught_up.map(|_| sent);
        let opened = Opened {
            session,
            answer,
            received: self.exchange.acknowledge(),
            from,
            sent,
            log,
            window: self.exchange.window,
            keep: self.keep,
            lost: reach.lost(),
            reason,
            how: None,
        };
        self.control.push_back(Message::Opened(opened));
        Ok(())
    }

    /// The server has answered, at a client.
    pub(super) fn handle_opened(&mut self, opened: &Opened<'_>) -> Result<(), Fault> {
        let Phase::Opening { pending } = self.phase else { return Err(Fault::NotOpen) };
        // What comes before `open` was written answers another.
        if !self.control.is_empty() {
            return Err(Fault::NotOpen);
        }
        match opened.answer {
            Answer::Pending => {
                self.phase = Phase::Opening { pending: true };
                if !pending {
                    self.exchange.events.push(Unlent::Opened(Answer::Pending));
                }
                return Ok(());
            }
            Answer::Ended => {
                self.end(Ending::Ended(opened.how.clone().map(|how| how.into_owned())));
                return Ok(());
            }
            Answer::Unknown => {
                self.end(Ending::Unknown);
                return Ok(());
            }
            Answer::Begun => {
                if self.id.is_some() || opened.received != self.exchange.outbound.last() {
                    return Err(Fault::OutOfOrder);
                }
                self.go_on(opened.answer);
                self.exchange.begin_after(opened.from);
            }
            Answer::Resumed | Answer::Gap => self.resume(opened)?,
        }
        (self.id, self.log, self.keep) = (Some(opened.session), Some(opened.log), opened.keep);
        self.exchange.set_limit(opened.window);
        Ok(())
    }

    /// A client numbers anew (V-5.6), at a server.
    pub(super) fn handle_continue(&mut self, continued: &Continue<'_>) -> Result<(), Fault> {
        let here = self.exchange.inbound.received();
        if continued.from.epoch == here.epoch {
            return Err(Fault::OutOfOrder);
        }
        self.exchange.handle_gap(continued.from, continued.lost, &continued.reason);
        Ok(())
    }

    /// The session has ended (V-5.9, V-6.2). What waits at a client is sent in the next one.
    pub(super) fn end(&mut self, ending: Ending<'static>) {
        let keeps_items = self.role == Role::Client;
        self.leave_link();
        self.exchange.end(ending, keeps_items);
        self.forget();
    }

    /// A client is ready for another session, and a server done with this one.
    pub(super) fn forget(&mut self) {
        match self.role {
            Role::Client => (self.id, self.log) = (None, None),
            Role::Server => self.phase = Phase::Ended,
        }
        self.detached = None;
    }

    /// No link carries the session any more; nothing of what was to be said over it is.
    pub(super) fn leave_link(&mut self) {
        self.control.clear();
        (self.caught_up, self.heartbeat) = (None, false);
        if self.phase == Phase::Ended {
            return;
        }
        if self.phase.is_attached() {
            self.exchange.outbound.handle_detached();
        }
        self.phase = Phase::Detached;
        self.detached.get_or_insert(self.now.mono);
    }

    fn resume(&mut self, opened: &Opened<'_>) -> Result<(), Fault> {
        let here = self.exchange.inbound.acknowledged();
        let from = opened.from;
        let gap = opened.answer == Answer::Gap;
        // Whoever goes on where this end has been already would take effect twice.
        let misplaced = if gap {
            from.epoch == here.epoch && from.sequence <= here.sequence
        } else {
            from != here
        };
        if misplaced || self.id != Some(opened.session) {
            return Err(Fault::OutOfOrder);
        }
        self.go_on(opened.answer);
        if gap {
            let unknown = Code::new("unknown");
            if let Some(reason) = opened.reason.clone().or(unknown) {
                self.exchange.handle_gap(from, opened.lost, &reason);
            }
        }
        let sent = self.exchange.outbound.last().sequence;
        let reach = self.exchange.resume_server(opened.received, opened.sent, gap);
        if reach != Reach::Resumable
            && let Some(reason) = Code::new(reach.reason())
        {
            let from = Position::start(self.exchange.outbound.last().epoch);
            // What is still here is given up as well: none of it is numbered anew.
            let lost = reach.lost().map(|_| sent.saturating_sub(opened.received.sequence));
            let continued = Continue { from, lost, reason };
            self.control.push_back(Message::Continue(continued));
        }
        self.caught_up = Some(self.exchange.outbound.last());
        Ok(())
    }

    /// Both ends know where they are, or will when what is in `control` is said.
    fn go_on(&mut self, answer: Answer) {
        // A session that begins has nothing to send again.
        let begun = answer == Answer::Begun;
        self.phase = Phase::Open { caught_up: begun, first: !begun };
        self.caught_up = if begun { None } else { Some(self.exchange.outbound.last()) };
        self.exchange.events.push(Unlent::Opened(answer));
    }
}
