//! The options of a link, for the tables of both ends.

use super::config::LinkConfig;
use crate::frame::handshake::HandshakeConfig;
use crate::frame::{DeflateConfig, FrameConfig};
use crate::options::{Place, Spec};

/// A config with a link's inside.
pub(crate) trait OfLink: Sized + 'static {
    /// The link's.
    fn link(&mut self) -> &mut LinkConfig;

    /// The link's options, as far as both ends have the same.
    const LINK_OPTIONS: &'static [Spec<Self>] = &[
        Spec::number(
            "handshake_ms",
            "ms",
            10..=120_000,
            |it: &mut Self| Place::Span(&mut it.link().patience.handshake),
            "How long the opening handshake may take.",
        )
        .in_file("links.handshake_ms"),
        Spec::number(
            "close_ms",
            "ms",
            10..=120_000,
            |it: &mut Self| Place::Span(&mut it.link().patience.close),
            "How long a peer has to answer a close frame.",
        ),
        Spec::number(
            "max_head_bytes",
            "bytes",
            1_024..=HandshakeConfig::MOST_HEAD as u64,
            |it: &mut Self| Place::Size(&mut it.link().handshake.max_head),
            "The longest head of a request, cookies and all; so much a connection may hold before anybody knows it. A longer one is answered with 431.",
        )
        .in_file("links.max_head_bytes"),
        Spec::number(
            "max_headers",
            "lines",
            16..=1_024,
            |it: &mut Self| Place::Size(&mut it.link().handshake.max_headers),
            "Header lines of a request, 16 bytes each beside the head; more are answered with 431.",
        )
        .in_file("links.max_headers"),
        Spec::number(
            "max_target_bytes",
            "bytes",
            256..=HandshakeConfig::MOST_HEAD as u64,
            |it: &mut Self| Place::Size(&mut it.link().handshake.max_target),
            "The longest path and query of a request as it is spelled, percent-encoding and token included; a longer one is answered with 414.",
        )
        .in_file("links.max_target_bytes"),
        Spec::number(
            "max_message_bytes",
            "bytes",
            1_024..=FrameConfig::MOST_MESSAGE as u64,
            |it: &mut Self| {
                let frames = &mut it.link().frames;
                let message = Place::Size(&mut frames.max_message);
                Place::All(vec![message, Place::Size(&mut frames.max_frame)])
            },
            "The largest message in either direction. A larger one that comes closes the link with 1009, an answer that is larger ends as MESSAGE_TOO_LARGE.",
        )
        .in_packages()
        .in_file("messages.max_bytes"),
        Spec::number(
            "max_fragments",
            "frames",
            1..=1_048_576,
            |it: &mut Self| Place::Count(&mut it.link().frames.max_fragments),
            "Fragments of one message, beside one more for each 64 bytes of it; more close the link with 1009.",
        )
        .in_file("messages.max_fragments"),
        Spec::number(
            "retain_bytes",
            "bytes",
            0..=1 << 30,
            |it: &mut Self| Place::Size(&mut it.link().frames.retain),
            "What is kept of the buffer of a link for good.",
        ),
        Spec::number(
            "heartbeat_interval_ms",
            "ms",
            10..=25_000,
            |it: &mut Self| Place::Span(&mut it.link().heartbeat.interval),
            "Between two pings of the server, or before a client pings a silent one; hosts in between cut links that are quiet for 30 s.",
        )
        .in_packages()
        .in_file("heartbeat.interval_ms"),
        Spec::number(
            "heartbeat_deadline_ms",
            "ms",
            10..=120_000,
            |it: &mut Self| Place::Span(&mut it.link().heartbeat.deadline),
            "How long a peer has to show life after a ping.",
        )
        .in_packages()
        .in_file("heartbeat.deadline_ms"),
        Spec::number(
            "heartbeat_probe_ms",
            "ms",
            10..=120_000,
            |it: &mut Self| Place::Span(&mut it.link().heartbeat.probe),
            "How long a peer has to show life after a ping of a host that has slept.",
        ),
    ];
}

impl LinkConfig {
    /// The bytes that the outbox may be given.
    pub(crate) const OUTBOX: core::ops::RangeInclusive<u64> = 0..=1 << 30;

    /// Compression within its bounds, and none at level 0.
    pub(crate) fn settle_compression(&mut self) {
        self.deflate = self.deflate.filter(|it| it.level > 0).map(DeflateConfig::within_bounds);
    }
}
