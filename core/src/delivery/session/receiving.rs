//! What the other end says, and which half of a session it is for.

use super::Session;
use super::phase::{LEFT, Phase, Role};
use crate::delivery::event::Ending;
use crate::delivery::events::Unlent;
use crate::delivery::fault::Fault;
use crate::envelope::v1::{CaughtUp, Closed, Message, Position};

impl Session {
    /// An envelope of the other end, while a link carries the session. One that is about the link
    /// is for whoever has the link.
    pub(super) fn take_in(&mut self, message: &Message<'_>) -> Result<(), Fault> {
        if message.is_of_link() {
            return Ok(());
        }
        let may_say = match self.role {
            Role::Client => message.is_of_server(),
            Role::Server => message.is_of_client(),
        };
        if !may_say {
            return Err(Fault::WrongRole);
        }
        match message {
            Message::Closed(closed) => {
                self.handle_closed(closed);
                return Ok(());
            }
            Message::Open(open) => return self.handle_open(open),
            Message::Opened(opened) => return self.handle_opened(opened),
            _ => {}
        }
        let Phase::Open { caught_up, first } = self.phase else {
            // A heartbeat is of the whole link.
            let is_heartbeat = matches!(message, Message::Heartbeat(_));
            return if is_heartbeat { Ok(()) } else { Err(Fault::NotOpen) };
        };
        self.phase = Phase::Open { caught_up, first: false };
        match message {
            Message::Continue(continued) if first => self.handle_continue(continued),
            Message::Continue(_) => Err(Fault::OutOfOrder),
            Message::Item(item) => self.exchange.handle_item(item),
            Message::Reject(reject) => self.exchange.handle_reject(reject),
            Message::Cancel(cancel) => self.exchange.handle_cancel(cancel),
            Message::CancelResult(result) => self.exchange.handle_result(result),
            Message::Ack(ack) => self.exchange.handle_positions(ack.received, ack.sent, caught_up),
            Message::CaughtUp(CaughtUp { stream: None, at }) => self.handle_caught_up(*at),
            Message::Heartbeat(heartbeat) => {
                let own = heartbeat.channels.iter().filter(|it| it.channel == self.channel);
                for it in own {
                    self.exchange.handle_positions(it.received, it.sent, caught_up)?;
                }
                self.heartbeat |= !heartbeat.reply;
                Ok(())
            }
            Message::Open(_)
            | Message::Opened(_)
            | Message::Closed(_)
            | Message::CaughtUp(_)
            | Message::Follow(_)
            | Message::Following(_)
            | Message::Unfollow(_)
            | Message::Piece(_)
            | Message::End(_)
            | Message::Read(_)
            | Message::Hello(_)
            | Message::Welcome(_)
            | Message::Token(_)
            | Message::Renewed(_)
            | Message::TokenWanted(_)
            | Message::Goodbye(_) => Ok(()),
        }
    }

    fn handle_caught_up(&mut self, at: Position) -> Result<(), Fault> {
        let here = self.exchange.inbound.received();
        if at.epoch != here.epoch || at.sequence > here.sequence {
            return Err(Fault::OutOfOrder);
        }
        if let Phase::Open { caught_up: caught_up @ false, .. } = &mut self.phase {
            *caught_up = true;
            self.exchange.events.push(Unlent::CaughtUp);
        }
        Ok(())
    }

    fn handle_closed(&mut self, closed: &Closed<'_>) {
        self.leave_link();
        let code = closed.code.clone().into_owned();
        let left = code.as_str() == LEFT;
        self.exchange.events.push(Unlent::Closed(code, closed.retry_after));
        if left {
            self.end(Ending::Left);
        }
    }
}
