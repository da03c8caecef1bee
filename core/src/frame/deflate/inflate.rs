//! Compressed messages on their way in (RFC 7692 section 7.2.2).

use core::fmt;

use flate2::{Decompress, FlushDecompress, Status};

use super::pool::{DeflatePool, Inflated};
use super::{Agreement, DeflateConfig, DeflateWindow, advanced};
use crate::frame::FrameError;

/// What a sender has left out (section 7.2.1), and an empty final block after it. The decoder comes
/// to the end of that block exactly if the message ended where a block does: a message that was
/// cut off is found.
const TAIL: [u8; 6] = [0x00, 0x00, 0xff, 0xff, 0x03, 0x00];
/// Final blocks that one message may have. Section 7.2.3.4 allows them; senders that make one make
/// it last.
const MAX_FINAL: u32 = 16;
/// Up to here the ratio is of no concern: so much is soon allocated and soon given back.
const RATIO_FREE: usize = 64 * 1024;

/// One connection's end of the extension for what it receives.
pub(in crate::frame) struct Inflation {
    receive: DeflateWindow,
    max_ratio: u32,
    /// The end of what came before: what a peer with context takeover may refer to.
    window: Vec<u8>,
    /// In place of a shared pool.
    own: Option<Box<DeflatePool>>,
}

impl Inflation {
    /// Always one: only a build without compression has none.
    pub(in crate::frame) fn new(config: &DeflateConfig, agreed: Agreement) -> Option<Self> {
        let max_ratio = config.within_bounds().max_ratio;
        Some(Self { receive: agreed.receive, max_ratio, window: Vec::new(), own: None })
    }

    /// Inflates the payload of a whole message into the pool, or into our own.
    pub(in crate::frame) fn inflate(
        &mut self,
        payload: &[u8],
        limit: usize,
        pool: Option<&mut DeflatePool>,
    ) -> Result<(), FrameError> {
        let pool = match pool {
            Some(pool) => pool,
            None => self.own.get_or_insert_with(|| Box::new(DeflatePool::with_kept(0))),
        };
        let bounds = Bounds { limit, ratio: self.max_ratio, compressed: payload.len() };
        let (inflater, out) = pool.inflater();
        if payload.is_empty() {
            // A sender has at least the header of an empty block; that it left this out, too, does
            // no harm.
            return Ok(());
        }
        if !self.window.is_empty() {
            inflater.set_dictionary(&self.window).map_err(|_| FrameError::DeflateCorrupt)?;
        }
        inflate(inflater, &self.window, payload, out, &bounds)?;
        if self.receive.takeover {
            slide(&mut self.window, out.bytes(), self.receive.size());
        }
        Ok(())
    }

    /// The last message that was inflated.
    pub(in crate::frame) fn inflated<'a>(&'a self, pool: Option<&'a DeflatePool>) -> &'a [u8] {
        match pool.or(self.own.as_deref()) {
            Some(pool) => pool.inflated.bytes(),
            None => &[],
        }
    }

    /// Gives all back but the window.
    pub(in crate::frame) fn release(&mut self) {
        self.own = None;
    }

    pub(in crate::frame) fn memory(&self) -> usize {
        let own = self.own.as_ref().map_or(0, |own| size_of::<DeflatePool>() + own.memory());
        size_of::<Self>() + self.window.capacity() + own
    }
}

impl fmt::Debug for Inflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflation").field("receive", &self.receive).finish_non_exhaustive()
    }
}

struct Bounds {
    limit: usize,
    ratio: u32,
    compressed: usize,
}

impl Bounds {
    /// The longest message.
    fn most(&self) -> usize {
        self.limit.min(self.by_ratio())
    }

    fn by_ratio(&self) -> usize {
        self.compressed.saturating_mul(self.ratio as usize).max(RATIO_FREE)
    }

    fn check(&self, inflated: usize) -> Result<(), FrameError> {
        if inflated > self.limit {
            return Err(FrameError::MessageTooBig { length: inflated as u64, limit: self.limit });
        }
        if inflated > self.by_ratio() {
            return Err(FrameError::RatioTooHigh { limit: self.ratio });
        }
        Ok(())
    }
}

/// Inflates payload and tail into `out`, which is empty.
fn inflate(
    inflater: &mut Decompress,
    window: &[u8],
    payload: &[u8],
    out: &mut Inflated,
    bounds: &Bounds,
) -> Result<(), FrameError> {
    let mut final_blocks = 0;
    let mut input = payload;
    let mut tail = &TAIL[..];
    loop {
        // One byte over a bound is enough to know that it is broken, and no more is looked at:
        // which fault is told must not depend on how much room there happens to be.
        let most = bounds.most().saturating_add(1) - out.bytes().len();
        let room = input.len().saturating_mul(4).clamp(256, 64 * 1024).min(most);
        let before = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(input, out.space(room), FlushDecompress::None);
        let taken = advanced(inflater.total_in(), before.0);
        let made = advanced(inflater.total_out(), before.1);
        out.filled(made);
        bounds.check(out.bytes().len())?;
        let status = status.map_err(|_| FrameError::DeflateCorrupt)?;
        input = &input[taken..];
        if status == Status::StreamEnd {
            if input.is_empty() && tail.is_empty() {
                return Ok(());
            }
            final_blocks += 1;
            if final_blocks > MAX_FINAL {
                return Err(FrameError::DeflateCorrupt);
            }
            begin_again(inflater, window, out.bytes())?;
        } else if input.is_empty() && made < room {
            // All is decoded that was there.
            input = core::mem::take(&mut tail);
            if input.is_empty() {
                return Err(FrameError::DeflateCorrupt);
            }
        } else if taken == 0 && made == 0 {
            return Err(FrameError::DeflateCorrupt);
        }
    }
}

/// A final block ends a stream, but not the message: what follows may still refer to all before.
fn begin_again(inflater: &mut Decompress, window: &[u8], out: &[u8]) -> Result<(), FrameError> {
    let mut past = window.to_vec();
    slide(&mut past, out, LARGEST);
    inflater.reset(false);
    inflater.set_dictionary(&past).map_err(|_| FrameError::DeflateCorrupt)?;
    Ok(())
}

/// The largest window there is.
const LARGEST: usize = 1 << 15;

/// Appends to a window, which keeps its last `size` bytes.
fn slide(window: &mut Vec<u8>, bytes: &[u8], size: usize) {
    let bytes = &bytes[bytes.len().saturating_sub(size)..];
    let keep = (size - bytes.len()).min(window.len());
    window.drain(..window.len() - keep);
    window.reserve_exact(bytes.len());
    window.extend_from_slice(bytes);
}
