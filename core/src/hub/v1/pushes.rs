//! Which pushes sessions have.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::delivery::{CommandEnd, CommandId, Outcome, SessionNumber};
use crate::hub::ids::PushId;

/// The pushes that sessions have, and of which nobody knows yet what becomes. A session bounds what
/// waits in it, and each ends there.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    of_commands: BTreeMap<(SessionNumber, CommandId), PushId>,
    /// What the last event lends: whose push, and how it has ended.
    lent: Option<(Arc<str>, CommandEnd)>,
}

impl Pushes {
    /// A session has a push.
    pub(super) fn add(&mut self, session: SessionNumber, command: CommandId, push: PushId) {
        self.of_commands.insert((session, command), push);
    }

    /// A command of a session has ended: the push that it was, if the peer has not got it, or may
    /// not have.
    pub(super) fn end(
        &mut self,
        session: SessionNumber,
        user: Arc<str>,
        command: CommandId,
        end: CommandEnd,
    ) -> Option<PushId> {
        let push = self.of_commands.remove(&(session, command))?;
        if end == CommandEnd::Acknowledged {
            return None;
        }
        self.lent = Some((user, end));
        Some(push)
    }

    /// Whose push has ended last, and what has become of it.
    pub(super) fn ended(&self) -> Option<(&str, Outcome<'_>)> {
        self.lent.as_ref().map(|(user, end)| (&**user, end.lend()))
    }

    /// Bytes held beside the struct.
    pub(super) fn memory(&self) -> usize {
        self.of_commands.len() * size_of::<((SessionNumber, CommandId), PushId)>()
    }
}
