//! The memory that connections with compression share.

use core::fmt;
use std::sync::Arc;

use flate2::{Compress, Compression, Decompress};

use super::DeflateConfig;

/// The default of how many compressors a pool keeps and lends at most: 64 are up to 25 MB.
const KEPT: usize = 64;
/// Bytes that the buffer of inflated messages keeps.
const RETAINED: usize = 64 * 1024;

/// What connections with compression share: one inflater with its buffer, and the compressors.
///
/// At most [`kept`](Self::with_kept) connections hold a compressor between messages, and so can
/// refer to what they sent before. Others borrow one for each message, and what they send is
/// compressed on its own. A connection gives its compressor back when it rests, or is dropped.
pub struct DeflatePool {
    inflater: Option<Box<Decompress>>,
    /// The last message that was inflated.
    pub(super) inflated: Inflated,
    spare: Vec<Compressor>,
    kept: usize,
    /// Each compressor outside has a clone.
    lent: Arc<()>,
}

impl Default for DeflatePool {
    fn default() -> Self {
        Self::with_kept(KEPT)
    }
}

impl DeflatePool {
    /// An empty pool for at most `kept` compressors that are kept or held, and one more for those
    /// who may hold none. Allocates nothing large before it is used. The default is 64.
    pub fn with_kept(kept: usize) -> Self {
        Self {
            inflater: None,
            inflated: Inflated::default(),
            spare: Vec::new(),
            kept,
            lent: Arc::new(()),
        }
    }

    /// Bytes of memory held, those of compressors and the inflater estimated.
    pub fn memory(&self) -> usize {
        let compressors = self.spare.iter().map(Compressor::memory).sum::<usize>();
        let inflater = if self.inflater.is_some() { INFLATER } else { 0 };
        compressors + inflater + self.inflated.room.capacity()
    }

    /// How many compressors connections hold.
    pub fn lent(&self) -> usize {
        Arc::strong_count(&self.lent) - 1
    }

    /// An inflater without a past, and its empty buffer.
    pub(super) fn inflater(&mut self) -> (&mut Decompress, &mut Inflated) {
        self.inflated.clear();
        let inflater = match &mut self.inflater {
            Some(inflater) => {
                inflater.reset(false);
                inflater
            }
            empty => empty.insert(Box::new(Decompress::new(false))),
        };
        (inflater, &mut self.inflated)
    }

    /// A compressor without a past, for a window of these bits.
    pub(super) fn take(&mut self, config: &DeflateConfig, bits: u8) -> Compressor {
        let found = self.spare.iter().position(|spare| spare.bits == bits);
        let mut compressor = match found {
            Some(at) => self.spare.swap_remove(at),
            None => Compressor::new(config, bits),
        };
        compressor.lent = Some(Arc::clone(&self.lent));
        compressor
    }

    /// Whether one who has taken a compressor may hold it between messages.
    pub(super) fn may_hold(&self) -> bool {
        self.lent() <= self.kept
    }

    /// Takes a compressor back. One is always kept, for those who borrow one for a message: to make
    /// one costs more than most messages.
    pub(super) fn give_back(&mut self, mut compressor: Compressor) {
        compressor.lent = None;
        if self.spare.is_empty() || self.lent() + self.spare.len() < self.kept {
            compressor.inner.reset();
            self.spare.push(compressor);
        }
    }
}

/// Where a message is inflated: bytes that are initialised once, and how many of them it has.
#[derive(Default)]
pub(super) struct Inflated {
    room: Vec<u8>,
    len: usize,
}

impl Inflated {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.len]
    }

    /// Room for exactly so many bytes more; [`filled`](Self::filled) tells how many came.
    pub(super) fn space(&mut self, more: usize) -> &mut [u8] {
        let end = self.len + more;
        if self.room.len() < end {
            self.room.resize(end, 0);
        }
        &mut self.room[self.len..end]
    }

    pub(super) const fn filled(&mut self, more: usize) {
        self.len += more;
    }

    fn clear(&mut self) {
        self.len = 0;
        self.room.truncate(RETAINED);
        self.room.shrink_to(RETAINED);
    }
}

impl fmt::Debug for DeflatePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeflatePool")
            .field("spare", &self.spare.len())
            .field("lent", &self.lent())
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

/// A compressor, and the pool that misses it.
pub(super) struct Compressor {
    pub(super) inner: Compress,
    bits: u8,
    lent: Option<Arc<()>>,
}

impl Compressor {
    fn new(config: &DeflateConfig, bits: u8) -> Self {
        // Whoever wants no compression does not ask for a compressor.
        let level = Compression::new(u32::from(config.within_bounds().level.max(1)));
        Self { inner: Compress::new_with_window_bits(level, false, bits), bits, lent: None }
    }

    pub(super) const fn memory(&self) -> usize {
        COMPRESSOR + (4 << self.bits)
    }
}

/// What zlib-rs allocates for an inflater, and for a compressor beside its window: measured by
/// `cargo xtask bench memory`.
const INFLATER: usize = 48 * 1024;
const COMPRESSOR: usize = 250 * 1024;
