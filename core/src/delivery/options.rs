//! The options of a session: the table, and how a config is held to it.

use super::config::SessionConfig;
use crate::options::{self, OptionError, Place, Spec};

impl SessionConfig {
    /// Every option of a session.
    pub fn options() -> impl Iterator<Item = &'static Spec<Self>> {
        OPTIONS.iter()
    }

    /// Sets the option of this name, a number.
    ///
    /// # Errors
    ///
    /// [`OptionError`] names the option and, if the value is out of its bounds, these.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), OptionError> {
        options::set(Self::options(), self, name, value)
    }

    /// What is out of its bounds taken as the nearest inside.
    pub(super) fn within_bounds(mut self) -> Self {
        for option in Self::options() {
            option.clamp(&mut self);
        }
        self
    }
}

type Row = Spec<SessionConfig>;

const OPTIONS: &[Row] = &[
    Row::number(
        "window_envelopes",
        "envelopes",
        1..=SessionConfig::MOST_WINDOW.envelopes as u64,
        |it| Place::Count(&mut it.window_envelopes),
        "Envelopes that are unacknowledged at once, in either direction.",
    )
    .in_file("sessions.window_envelopes"),
    Row::number(
        "window_bytes",
        "bytes",
        1_024..=SessionConfig::MOST_WINDOW.bytes as u64,
        |it| Place::Count(&mut it.window_bytes),
        "Bodies that are unacknowledged at once, in either direction; one larger body may be alone.",
    )
    .in_file("sessions.window_bytes"),
    Row::number(
        "queue_envelopes",
        "envelopes",
        1..=65_536,
        |it| Place::Size(&mut it.queue_envelopes),
        "Items that wait until the window has room for them.",
    )
    .in_file("sessions.queue_envelopes"),
    Row::number(
        "queue_bytes",
        "bytes",
        1_024..=1 << 30,
        |it| Place::Size(&mut it.queue_bytes),
        "Bodies of items that wait.",
    )
    .in_file("sessions.queue_bytes"),
    Row::other(
        "at_bound",
        "word",
        "reject",
        "What happens to an item while the queue is full: it is rejected, or the oldest dropped.",
    ),
    Row::number(
        "time_to_live_ms",
        "ms",
        1..=86_400_000,
        |it| Place::Span(&mut it.time_to_live),
        "How long an item waits before it expires, unless its sender says otherwise.",
    )
    .in_file("sessions.time_to_live_ms"),
    Row::number(
        "ack_after_ms",
        "ms",
        1..=10_000,
        |it| Place::Span(&mut it.ack_after),
        "How long after it was taken an envelope is acknowledged at the latest.",
    )
    .in_file("sessions.ack_after_ms"),
    Row::number(
        "ack_envelopes",
        "envelopes",
        1..=SessionConfig::WINDOW.envelopes as u64,
        |it| Place::Count(&mut it.ack_envelopes),
        "After how many envelopes all are acknowledged.",
    )
    .in_file("sessions.ack_envelopes"),
    Row::number(
        "ack_bytes",
        "bytes",
        1..=SessionConfig::WINDOW.bytes as u64,
        |it| Place::Count(&mut it.ack_bytes),
        "After how many bytes of bodies all are acknowledged.",
    )
    .in_file("sessions.ack_bytes"),
    Row::number(
        "max_cancels",
        "cancels",
        1..=64,
        |it| Place::Size(&mut it.max_cancels),
        "Cancels of a client that are without a result.",
    )
    .in_file("sessions.max_cancels"),
    Row::number(
        "keep_ms",
        "ms",
        0..=86_400_000,
        |it| Place::Span(&mut it.keep),
        "How long a server keeps a session without a link.",
    )
    .in_file("sessions.keep_ms"),
];

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::options::tests::{out_of_reach, sound};

    #[test]
    fn the_table_is_sound() {
        sound(&SessionConfig::options().collect::<Vec<_>>(), &SessionConfig::default());
    }

    #[test]
    fn every_number_of_the_config_is_in_the_table() {
        let options: Vec<_> = SessionConfig::options().collect();
        assert_eq!(out_of_reach(&options, &SessionConfig::default()), [""; 0]);
    }

    #[test]
    fn a_session_takes_what_is_out_of_bounds_as_the_nearest_inside() {
        let config = SessionConfig {
            window_envelopes: 0,
            window_bytes: u32::MAX,
            keep: Duration::MAX,
            ..SessionConfig::default()
        };
        let held = config.within_bounds();
        assert_eq!((held.window_envelopes, held.window_bytes), (1, 16 * 1024 * 1024));
        assert_eq!(held.keep, Duration::from_secs(86_400));
        assert_eq!(SessionConfig::default().within_bounds(), SessionConfig::default());
    }
}
