//! Compression of messages: the extension `permessage-deflate` (RFC 7692).
//!
//! The opening handshake [agrees](Agreement) on parameters; then [`Reader::inflate`] and
//! [`Writer::deflate`] switch the extension on. Each works on its own; a [`DeflatePool`] lets many
//! connections share the large memory that compression needs.
//!
//! What a connection holds between messages is small by design. A message is inflated when it is
//! here whole, by an inflater that all connections of a pool share: of its past a connection keeps
//! only the window that its peer may refer to. A compressor (250 to 380 KB) is lent to a connection
//! while it is busy, and comes back when the connection rests ([`Writer::release`]).
//!
//! Without the feature `compression` nothing is ever compressed: nothing is offered, no offer is
//! taken, and a frame that says that it is compressed breaks the protocol.
//!
//! [`Reader::inflate`]: super::Reader::inflate
//! [`Writer::deflate`]: super::Writer::deflate
//! [`Writer::release`]: super::Writer::release

#[cfg(not(feature = "compression"))]
mod absent;
#[cfg(feature = "compression")]
mod compress;
#[cfg(feature = "compression")]
mod inflate;
mod negotiate;
#[cfg(feature = "compression")]
mod pool;
#[cfg(all(test, feature = "compression"))]
mod tests;

pub use self::negotiate::Agreement;

#[cfg(not(feature = "compression"))]
pub use self::absent::DeflatePool;
#[cfg(feature = "compression")]
pub use self::pool::DeflatePool;

#[cfg(not(feature = "compression"))]
pub(super) use self::absent::{Deflation, Inflation};
#[cfg(feature = "compression")]
pub(super) use self::{compress::Deflation, inflate::Inflation};

pub(super) use self::negotiate::is_well_formed;

use crate::options::{Place, Spec};

/// How messages are compressed, and what is asked of the peer. What is out of the bounds of
/// [`DeflateConfig::OPTIONS`] is taken as the nearest inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// How hard to try, 1 (fastest) to 9. Default 1: what higher levels save costs 3 to 12 times
    /// the time. With 0 a client offers no compression, and a hub declines it.
    pub level: u8,
    /// The shortest message that is compressed, in bytes; four times that where no context takeover
    /// was agreed on. Default 128: below, what is saved is less than a header and its packet.
    pub threshold: usize,
    /// What we ask of ourselves for what we send. Default: 15 bits with takeover.
    pub send: DeflateWindow,
    /// What we ask of the peer for what it sends. The default of a server is 9 bits with takeover:
    /// then an idle connection keeps 512 bytes. A client that cannot be held to it is asked for no
    /// takeover.
    pub receive: DeflateWindow,
    /// How many times longer than its compressed form a message may be, if it is longer than
    /// 64 KiB. Beyond it the connection fails with 1009. Default 200.
    pub max_ratio: u32,
}

impl DeflateConfig {
    /// The options that are numbers.
    pub const OPTIONS: &'static [Spec<Self>] = &[
        Spec::<Self>::number(
            "compression_level",
            "level",
            0..=9,
            |it| Place::Small(&mut it.level),
            "How hard compression tries, 1 being the fastest; 0 turns it off, and offers are declined.",
        )
        .in_file("compression.level"),
        Spec::<Self>::number(
            "compression_threshold_bytes",
            "bytes",
            0..=1 << 30,
            |it| Place::Size(&mut it.threshold),
            "The shortest message that is compressed; four times that without context takeover.",
        )
        .in_file("compression.threshold_bytes"),
        Spec::<Self>::number(
            "send_window_bits",
            "bits",
            9..=15,
            |it| Place::Small(&mut it.send.bits),
            "Two to this power are the bytes before that a message to a peer may refer to.",
        )
        .in_file("compression.send_window_bits"),
        Spec::<Self>::number(
            "receive_window_bits",
            "bits",
            9..=15,
            |it| Place::Small(&mut it.receive.bits),
            "The same for messages of a peer; so many bytes are kept of each link.",
        )
        .in_file("compression.receive_window_bits"),
        Spec::<Self>::number(
            "max_compression_ratio",
            "times",
            10..=1_032,
            |it| Place::Count(&mut it.max_ratio),
            "How much longer than its compressed form a message over 64 KiB may be; beyond, the link is closed with 1009.",
        )
        .in_file("compression.max_ratio"),
    ];

    /// What is out of its bounds taken as the nearest inside.
    pub(crate) fn within_bounds(mut self) -> Self {
        for option in Self::OPTIONS {
            option.clamp(&mut self);
        }
        self
    }

    /// The defaults of a server of many connections.
    pub const fn server() -> Self {
        Self {
            level: 1,
            threshold: 128,
            send: DeflateWindow { bits: 15, takeover: true },
            receive: DeflateWindow { bits: 9, takeover: true },
            max_ratio: 200,
        }
    }

    /// The defaults of a client, whose one connection may keep a window of 32 KiB.
    pub const fn client() -> Self {
        Self { receive: DeflateWindow { bits: 15, takeover: true }, ..Self::server() }
    }
}

/// The LZ77 window of one direction (RFC 7692 section 7.1).
///
/// Closed: RFC 7692 negotiates these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct DeflateWindow {
    /// The base-2 logarithm of its size in bytes, 8 to 15. Into a window of 8 nothing is
    /// compressed, since no message that is worth it fits; in a config it is taken as 9.
    pub bits: u8,
    /// Whether a message may refer to the ones before it. Most of what short messages save comes
    /// from this.
    pub takeover: bool,
}

#[cfg(feature = "compression")]
impl DeflateWindow {
    /// Its size in bytes.
    const fn size(self) -> usize {
        1 << self.bits
    }
}

/// How far a call of the library took a total: within its buffers, so it fits.
#[cfg(feature = "compression")]
fn advanced(now: u64, before: u64) -> usize {
    usize::try_from(now - before).unwrap_or(usize::MAX)
}
