//! Pushes to sessions, which keep them where no link carries them.

use std::sync::Arc;

use super::answering::AROUND;
use super::state::V1;
use crate::delivery::{CommandEnd, CommandId, Outcome, SendOptions, SessionConfig, SessionNumber};
use crate::envelope::v1::Name;
use crate::hub::Hub;
use crate::hub::event::Unlent;
use crate::hub::ids::{LinkId, PushId};
use crate::time::Now;

/// How many sessions have queued a push, and how many refused it.
type Pushed = (u32, u32);

impl Hub {
    /// Sends an envelope in the sessions of a user.
    pub(in crate::hub) fn push_in_sessions_of(
        &mut self,
        push: PushId,
        user: &str,
        text: &str,
        options: &SendOptions<'_>,
    ) -> Pushed {
        let sessions = self.v1.iter().flat_map(|v1| v1.sessions.of_user(user)).collect();
        self.push_in_sessions(push, sessions, text, options)
    }

    /// Sends an envelope in the sessions that a link carries.
    pub(in crate::hub) fn push_over(&mut self, push: PushId, link: LinkId, text: &str) -> Pushed {
        let sessions = self.v1.iter().flat_map(|v1| v1.sessions_over(link)).collect();
        self.push_in_sessions(push, sessions, text, &SendOptions::default())
    }

    /// Sends an envelope in every session.
    pub(in crate::hub) fn push_in_all(&mut self, push: PushId, text: &str) -> Pushed {
        let sessions = self.v1.iter().flat_map(|v1| v1.sessions.numbers()).collect();
        self.push_in_sessions(push, sessions, text, &SendOptions::default())
    }

    /// Something that was sent in a session has ended. The host hears of a push that its peer has
    /// not got, or may not have.
    pub(super) fn command_ended(
        &mut self,
        session: SessionNumber,
        user: Arc<str>,
        command: CommandId,
        end: CommandEnd,
    ) -> Option<Unlent> {
        let pushes = &mut self.v1.as_mut()?.pushes;
        pushes.end(session, user, command, end).map(Unlent::Undelivered)
    }

    fn push_in_sessions(
        &mut self,
        push: PushId,
        sessions: Vec<SessionNumber>,
        text: &str,
        options: &SendOptions<'_>,
    ) -> Pushed {
        let (mut queued, mut refused) = (0, 0);
        for session in sessions {
            let Some(v1) = &mut self.v1 else { continue };
            let room = match v1.link_of(session) {
                Some(link) => self.links.largest_of(link.index).saturating_sub(AROUND),
                None => SessionConfig::MAX_BODY,
            };
            if text.len() <= room && v1.send(self.now, push, session, text, options) {
                queued += 1;
            } else {
                refused += 1;
            }
        }
        if queued > 0 {
            self.carry();
        }
        (queued, refused)
    }
}

impl V1 {
    /// Whose push the last event is about, and what has become of it.
    pub(in crate::hub) fn undelivered(&self) -> Option<(&str, Outcome<'_>)> {
        self.pushes.ended()
    }

    /// Sends an item that waits for a link as long as its session does, unless the host has said
    /// how long.
    fn send(
        &mut self,
        now: Now,
        push: PushId,
        session: SessionNumber,
        text: &str,
        options: &SendOptions<'_>,
    ) -> bool {
        let options = SendOptions {
            priority: options.priority,
            key: options.key.as_ref().map(Name::as_borrowed),
            time_to_live: Some(options.time_to_live.unwrap_or(self.keep)),
            ..SendOptions::default()
        };
        self.is_stirred = true;
        let Ok(command) = self.sessions.send(now, session, text, options) else { return false };
        self.pushes.add(session, command, push);
        true
    }
}
