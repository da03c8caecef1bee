//! Messages on their way out (RFC 7692 section 7.2.1).

use core::fmt;

use flate2::{FlushCompress, Status};

use super::pool::{Compressor, DeflatePool};
use super::{Agreement, DeflateConfig, DeflateWindow, advanced};

/// What ends each compressed message and is left out.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// How many times the threshold a message must have that refers to none before it: `cargo xtask
/// bench frames` shows by length what is saved either way.
const ALONE: usize = 4;

/// One connection's end of the extension for what it sends.
pub(in crate::frame) struct Deflation {
    config: DeflateConfig,
    send: DeflateWindow,
    compressor: Option<Box<Compressor>>,
    /// In place of a shared pool.
    own: Option<Box<DeflatePool>>,
}

impl Deflation {
    /// `None` where nothing will ever be compressed.
    pub(in crate::frame) fn new(config: &DeflateConfig, agreed: Agreement) -> Option<Self> {
        let compresses = agreed.send.bits > 8;
        compresses.then_some(Self {
            config: *config,
            send: agreed.send,
            compressor: None,
            own: None,
        })
    }

    /// Whether a message that begins with so many bytes is worth it.
    pub(in crate::frame) const fn wants(&self, length: usize) -> bool {
        let times = if self.send.takeover { 1 } else { ALONE };
        length >= self.config.threshold.saturating_mul(times)
    }

    /// Appends the compressed form of a message to `out`, if that is shorter; else appends nothing.
    pub(in crate::frame) fn message(
        &mut self,
        payload: &[u8],
        mut pool: Option<&mut DeflatePool>,
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        let compressed = self.piece(payload, true, pool.as_deref_mut(), out);
        if compressed && out.len() - start < payload.len() {
            return true;
        }
        out.truncate(start);
        // The peer will not have seen what the compressor has.
        self.forget(pool);
        false
    }

    /// Appends the compressed form of a piece of a message to `out`; the last one without its tail.
    /// `false` if the compressor fails, which it never should.
    pub(in crate::frame) fn piece(
        &mut self,
        payload: &[u8],
        last: bool,
        pool: Option<&mut DeflatePool>,
        out: &mut Vec<u8>,
    ) -> bool {
        let pool = match pool {
            Some(pool) => pool,
            None => self.own.get_or_insert_with(|| Box::new(DeflatePool::with_kept(1))),
        };
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            empty => empty.insert(Box::new(pool.take(&self.config, self.send.bits))),
        };
        let start = out.len();
        let compressed = compress(compressor, payload, out);
        if last {
            if out.len() == start {
                // Nothing came since the last flush: the header of an empty block (section
                // 7.2.3.6).
                out.push(0x00);
            } else if out[start..].ends_with(&TAIL) {
                out.truncate(out.len() - TAIL.len());
            }
            if !(self.send.takeover && pool.may_hold())
                && let Some(compressor) = self.compressor.take()
            {
                pool.give_back(*compressor);
            }
        }
        compressed
    }

    /// Gives the compressor back: the next message refers to none before it.
    pub(in crate::frame) fn release(&mut self, pool: Option<&mut DeflatePool>) {
        self.forget(pool);
        self.own = None;
    }

    fn forget(&mut self, pool: Option<&mut DeflatePool>) {
        if let Some(compressor) = self.compressor.take()
            && let Some(pool) = pool.or(self.own.as_deref_mut())
        {
            pool.give_back(*compressor);
        }
    }

    pub(in crate::frame) fn memory(&self) -> usize {
        let own = self.own.as_ref().map_or(0, |own| size_of::<DeflatePool>() + own.memory());
        let held = self.compressor.as_ref().map_or(0, |compressor| compressor.memory());
        size_of::<Self>() + own + held
    }
}

impl fmt::Debug for Deflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflation").field("send", &self.send).finish_non_exhaustive()
    }
}

/// Compresses up to the end of a byte (section 7.2.1, steps 1 and 2).
fn compress(compressor: &mut Compressor, payload: &[u8], out: &mut Vec<u8>) -> bool {
    let compress = &mut compressor.inner;
    // The fastest level makes up to 9 bits of a byte.
    out.reserve(payload.len() + payload.len() / 8 + 64);
    let mut input = payload;
    loop {
        let before = compress.total_in();
        let status = compress.compress_vec(input, out, FlushCompress::Sync);
        input = &input[advanced(compress.total_in(), before)..];
        match status {
            Ok(Status::Ok | Status::BufError) if out.len() == out.capacity() => out.reserve(64),
            Ok(Status::Ok | Status::BufError) if input.is_empty() => return true,
            _ => return false,
        }
    }
}
