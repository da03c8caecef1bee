//! The bounds of many sessions.

use crate::delivery::config::SessionConfig;
use crate::delivery::stream::StreamsConfig;

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
}

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
