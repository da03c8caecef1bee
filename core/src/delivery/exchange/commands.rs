//! What a host wants sent, and whether it is taken.

use core::time::Duration;

use super::Exchange;
use crate::delivery::config::SessionConfig;
use crate::delivery::error::{RejectError, SendError};
use crate::delivery::event::CommandId;
use crate::delivery::payload::{Payload, Target, owned_result};
use crate::delivery::queue::{Priority, Waiting};
use crate::envelope::Raw;
use crate::envelope::v1::{Code, Name, Position, StreamResult};
use crate::time::Mono;

/// Most results of one cancel (V-1.3).
const MAX_RESULTS: usize = 64;

/// How an item is sent.
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct SendOptions<'a> {
    /// What is sent first, while several wait (V-4.4).
    pub priority: Priority,
    /// It takes the place of what waits under the same key, which ends as expired (V-4.2).
    pub key: Option<Name<'a>>,
    /// How long it waits before it expires (V-4.3); of the config where it is absent.
    pub time_to_live: Option<Duration>,
    /// The item of the other end that it answers.
    pub of: Option<Position>,
    /// The stream that it asks for.
    pub stream: Option<Name<'a>>,
    /// The agent that is to answer.
    pub agent: Option<Name<'a>>,
}

impl Exchange {
    pub(in crate::delivery) fn send(
        &mut self,
        now: Mono,
        body: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, SendError> {
        self.has_room()?;
        let limit = SessionConfig::MAX_BODY.min(self.config.queue_bytes);
        if body.len() > limit {
            return Err(SendError::TooLarge { bytes: body.len(), limit });
        }
        let body = Raw::parse(body, SessionConfig::BODY_DEPTH)?;
        let waiting = Waiting {
            command: CommandId::from_u64(self.next),
            payload: Payload::Item {
                of: options.of,
                stream: options.stream.map(Name::into_owned),
                agent: options.agent.map(Name::into_owned),
                body: body.as_json().into(),
            },
            key: options.key.map(Name::into_owned),
            expires: Some(now + options.time_to_live.unwrap_or(self.config.time_to_live)),
            restored: false,
        };
        let taken = self.queue.push_item(waiting, options.priority, &self.config, &mut self.events);
        taken.map_err(|_full| SendError::Full)?;
        Ok(self.take_command())
    }

    pub(in crate::delivery) fn reject(
        &mut self,
        at: Position,
        code: Code<'_>,
        retry_after: Option<Duration>,
    ) -> Result<CommandId, RejectError> {
        // Its end has room: who rejects an item has taken it from among the events.
        if !self.inbound.reject(at) {
            return Err(RejectError::NoItem);
        }
        Ok(self.push(Payload::Reject { of: at, code: code.into_owned(), retry_after }, None))
    }

    pub(in crate::delivery) fn cancel(
        &mut self,
        now: Mono,
        target: Target<'_>,
    ) -> Result<CommandId, SendError> {
        self.has_room()?;
        let waiting = self.queue.waiting().filter(|(_, it)| it.payload.is_cancel()).count();
        let sent = self.outbound.window();
        let sent = sent.filter(|it| it.command.is_some() && it.payload.is_cancel()).count();
        if waiting + sent + self.outbound.awaited().len() >= self.config.max_cancels {
            return Err(SendError::Full);
        }
        let expires = now + self.config.time_to_live;
        Ok(self.push(Payload::Cancel(target.into_owned()), Some(expires)))
    }

    pub(in crate::delivery) fn cancel_result(
        &mut self,
        of: Position,
        results: &[StreamResult<'_>],
    ) -> Result<CommandId, SendError> {
        self.has_room()?;
        if results.len() > MAX_RESULTS {
            return Err(SendError::TooManyResults);
        }
        if !self.inbound.handle_result(of) {
            return Err(SendError::NoCancel);
        }
        let results = results.iter().map(owned_result).collect();
        Ok(self.push(Payload::CancelResult { of, results }, None))
    }

    /// Whether a command is taken: its end needs room among the events.
    fn has_room(&self) -> Result<(), SendError> {
        let window = usize::try_from(self.config.window_envelopes).unwrap_or(usize::MAX);
        if self.events.len() >= self.config.queue_envelopes.saturating_add(window) {
            return Err(SendError::NotDrained);
        }
        Ok(())
    }

    fn push(&mut self, payload: Payload, expires: Option<Mono>) -> CommandId {
        let command = self.take_command();
        let waiting = Waiting { command, payload, key: None, expires, restored: false };
        self.queue.push(waiting, Priority::Urgent);
        command
    }

    fn take_command(&mut self) -> CommandId {
        let command = CommandId::from_u64(self.next);
        self.next += 1;
        command
    }
}
