//! The bounds and choices of a session.

use core::time::Duration;

use crate::envelope::v1::{self, Window};

/// The bounds and choices of a [`Session`](super::Session). Its memory ceiling follows from them.
///
/// [`SessionConfig::options`] has the bounds of each number, and [`SessionConfig::set`] holds a
/// value to them. What is put into a member out of its bounds, the session takes as the nearest
/// inside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Most envelopes that are unacknowledged, in either direction: of what this end sends, and of
    /// what the other end does, which learns it from `open` or `opened` (V-3.4). A session keeps
    /// what it has said: one from a snapshot the window of before. Default 512.
    pub window_envelopes: u32,
    /// Most bytes of their bodies. Default 256 KiB.
    pub window_bytes: u32,
    /// Most items that wait for a number (V-4.1). Default 1,024.
    pub queue_envelopes: usize,
    /// Most bytes of their bodies. Default 1 MiB.
    pub queue_bytes: usize,
    /// What happens at the bound of the queue (V-4.2). Default [`AtBound::Reject`].
    pub at_bound: AtBound,
    /// How long what is sent waits for a number, unless [`SendOptions`](super::SendOptions) say
    /// otherwise (V-4.3). Default 60 s.
    pub time_to_live: Duration,
    /// How long after it was taken an envelope is acknowledged at the latest (V-3.5). Default 1 s.
    pub ack_after: Duration,
    /// After how many envelopes all are acknowledged; half the window counts where that is fewer.
    /// Default 32.
    pub ack_envelopes: u32,
    /// After how many bytes of their bodies they are; half the window counts where that is fewer.
    /// Default 64 KiB.
    pub ack_bytes: u32,
    /// Most cancels of a client that are without a result (V-8.1). Default 64.
    pub max_cancels: usize,
    /// How long a server keeps the session without a link (V-5.9). Default 120 s.
    pub keep: Duration,
}

impl SessionConfig {
    /// The longest body, in bytes as it is spelled (V-1.3).
    pub const MAX_BODY: usize = v1::MAX_BODY;

    /// How deep a body may be nested: a container of scalars has the depth 1 (V-1.3).
    pub const BODY_DEPTH: u8 = v1::BODY_DEPTH;

    /// What may be unacknowledged towards a client that has named no window (V-3.4).
    pub(super) const WINDOW: Window = Window { envelopes: 512, bytes: 256 * 1024 };

    /// The largest window that a host may choose.
    pub(super) const MOST_WINDOW: Window = Window { envelopes: 8_192, bytes: 16 * 1024 * 1024 };

    /// Most cancels of a client that are without a result (V-8.1).
    pub(super) const MAX_CANCELS: usize = 64;

    /// Whether a host may have chosen a window.
    pub(super) fn may_be(window: &Window) -> bool {
        let most = Self::MOST_WINDOW;
        (*Window::ENVELOPES.start()..=most.envelopes).contains(&window.envelopes)
            && (*Window::BYTES.start()..=most.bytes).contains(&window.bytes)
    }

    /// The window as a value.
    pub(super) const fn window(&self) -> Window {
        Window { envelopes: self.window_envelopes, bytes: self.window_bytes }
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            window_envelopes: Self::WINDOW.envelopes,
            window_bytes: Self::WINDOW.bytes,
            queue_envelopes: 1_024,
            queue_bytes: 1024 * 1024,
            at_bound: AtBound::Reject,
            time_to_live: Duration::from_secs(60),
            ack_after: Duration::from_secs(1),
            ack_envelopes: 32,
            ack_bytes: 64 * 1024,
            max_cancels: 64,
            keep: Duration::from_secs(120),
        }
    }
}

/// What happens to what is sent while the queue is full (V-4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AtBound {
    /// It is not taken: [`SendError::Full`](super::SendError::Full).
    #[default]
    Reject,
    /// The oldest items of the lowest priority make way, none of a higher priority than its own.
    DropOldest,
}
