//! Pushes to sessions, which keep them where no link carries them.

use super::answering::AROUND;
use super::state::V1;
use crate::delivery::{SendOptions, SessionConfig, SessionNumber};
use crate::hub::Hub;
use crate::hub::ids::LinkId;
use crate::time::Now;

/// How many sessions have queued a push, and how many refused it.
type Pushed = (u32, u32);

impl Hub {
    /// Sends an envelope in the sessions of a user.
    pub(in crate::hub) fn push_in_sessions_of(&mut self, user: &str, text: &str) -> Pushed {
        let sessions = self.v1.iter().flat_map(|v1| v1.sessions.of_user(user)).collect();
        self.push_in_sessions(sessions, text)
    }

    /// Sends an envelope in the sessions that a link carries.
    pub(in crate::hub) fn push_over(&mut self, link: LinkId, text: &str) -> Pushed {
        let sessions = self.v1.iter().flat_map(|v1| v1.sessions_over(link)).collect();
        self.push_in_sessions(sessions, text)
    }

    /// Sends an envelope in every session.
    pub(in crate::hub) fn push_in_all(&mut self, text: &str) -> Pushed {
        let sessions = self.v1.iter().flat_map(|v1| v1.sessions.numbers()).collect();
        self.push_in_sessions(sessions, text)
    }

    fn push_in_sessions(&mut self, sessions: Vec<SessionNumber>, text: &str) -> Pushed {
        let (mut queued, mut refused) = (0, 0);
        for session in sessions {
            let Some(v1) = &mut self.v1 else { continue };
            let room = match v1.link_of(session) {
                Some(link) => self.links.largest_of(link.index).saturating_sub(AROUND),
                None => SessionConfig::MAX_BODY,
            };
            if text.len() <= room && v1.send(self.now, session, text) {
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
    /// Sends an item that waits for a link as long as its session does.
    fn send(&mut self, now: Now, session: SessionNumber, text: &str) -> bool {
        let time_to_live = Some(self.keep);
        let options = SendOptions { time_to_live, ..SendOptions::default() };
        self.is_stirred = true;
        self.sessions.send(now, session, text, options).is_ok()
    }
}
