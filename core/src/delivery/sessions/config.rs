//! The bounds of many sessions.

use crate::delivery::config::SessionConfig;
use crate::delivery::stream::StreamsConfig;
use crate::options::{self, OptionError, Place, Spec};

/// The bounds and choices of [`Sessions`](super::Sessions).
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct SessionsConfig {
    /// Of each session.
    pub session: SessionConfig,
    /// Of their streams.
    pub streams: StreamsConfig,
    /// Sessions of all users, those without a link included; at least one. One more is refused.
    /// Default 65,536.
    pub max_sessions: usize,
    /// Sessions of one user, those without a link included; at least one. Default 16.
    pub user_sessions: usize,
    /// What happens when a user opens one more. Default [`AtUserBound::EndDetached`].
    pub at_user_bound: AtUserBound,
}

impl SessionsConfig {
    /// The most channels of one link that are known (V-1.3).
    pub const LINK_CHANNELS: usize = 256;

    /// Every option that is none of a session or of streams, which have tables of their own
    /// ([`SessionConfig::options`], [`StreamsConfig::OPTIONS`]).
    pub const OPTIONS: &'static [Spec<Self>] = OPTIONS;

    /// Sets the option of this name, a number.
    ///
    /// # Errors
    ///
    /// [`OptionError`] names the option and, if the value is out of its bounds, these.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), OptionError> {
        options::set(Self::OPTIONS.iter(), self, name, value)
    }

    /// What is out of its bounds taken as the nearest inside.
    pub(super) fn within_bounds(mut self) -> Self {
        OPTIONS.iter().for_each(|option| option.clamp(&mut self));
        self
    }
}

type Row = Spec<SessionsConfig>;

const OPTIONS: &[Row] = &[
    Row::number(
        "max_sessions",
        "sessions",
        1..=16_777_216,
        |it| Place::Size(&mut it.max_sessions),
        "Sessions of all users, those without a link included; one more is refused.",
    )
    .in_file("sessions.max"),
    Row::number(
        "user_sessions",
        "sessions",
        1..=65_536,
        |it| Place::Size(&mut it.user_sessions),
        "Sessions of one user, those without a link included.",
    )
    .in_file("sessions.max_per_user"),
    Row::other(
        "at_user_bound",
        "word",
        "end_detached",
        "What one more session of a user does: it ends the one without a link for longest, or is refused.",
    ),
];

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            session: SessionConfig::default(),
            streams: StreamsConfig::default(),
            max_sessions: 65_536,
            user_sessions: 16,
            at_user_bound: AtUserBound::default(),
        }
    }
}

/// What happens when a user who has as many sessions as may be opens another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AtUserBound {
    /// The one of the user that has been without a link for longest ends; where each has a link,
    /// the new one is refused.
    #[default]
    EndDetached,
    /// The new one is refused.
    Refuse,
}

/// A bound of how many sessions there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionsBound {
    /// Of all users.
    All,
    /// Of one user.
    User,
    /// Of one link: the channels that it has used.
    Link,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::tests::{out_of_reach, sound};

    #[test]
    fn the_options_are_sound_and_complete() {
        let options: Vec<_> = SessionsConfig::OPTIONS.iter().collect();
        sound(&options, &SessionsConfig::default());
        let config = SessionsConfig::default();
        // They have tables of their own.
        let others = format!("{:#?}{:#?}", config.session, config.streams);
        let missing = out_of_reach(&options, &config);
        let missing = missing.iter().filter(|line| !others.contains(line.as_str()));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn there_is_room_for_one_session_at_least() {
        let config = SessionsConfig { max_sessions: 0, user_sessions: 0, ..Default::default() };
        let held = config.within_bounds();
        assert_eq!((held.max_sessions, held.user_sessions), (1, 1));
        assert_eq!(SessionsConfig::default().within_bounds(), SessionsConfig::default());
    }
}
