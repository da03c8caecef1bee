//! A stream in memory that is always ready: what is read comes from a [`Wire`], what is written is
//! counted and forgotten.

use std::future::Future;
use std::hint::black_box;
use std::io::{self, IoSlice, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::ReadBuf;

use super::sample::Wire;

/// What one read brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// One frame, or as much of it as there is space for: how chats come.
    Frame,
    /// Up to 64 KiB, whatever is in them: how a busy link is read.
    Batch,
}

/// The stream.
#[derive(Debug)]
pub(crate) struct Memory<'a> {
    wire: &'a Wire,
    cut: Cut,
    /// Where the next read begins, and in which frame.
    at: usize,
    frame: usize,
}

impl<'a> Memory<'a> {
    pub(crate) fn new(wire: &'a Wire, cut: Cut) -> Self {
        Self { wire, cut, at: 0, frame: 0 }
    }

    /// What the next read brings, at most `space` bytes.
    #[inline]
    pub(crate) fn part(&mut self, space: usize) -> &'a [u8] {
        let end = match self.cut {
            Cut::Frame => self.wire.ends[self.frame],
            Cut::Batch => self.wire.bytes.len().min(self.at + 64 * 1024),
        };
        let end = end.min(self.at.saturating_add(space));
        let part = &self.wire.bytes[self.at..end];
        self.at = end;
        if self.cut == Cut::Frame && end == self.wire.ends[self.frame] {
            self.frame += 1;
        }
        if end == self.wire.bytes.len() {
            (self.at, self.frame) = (0, 0);
        }
        part
    }
}

impl Read for Memory<'_> {
    #[inline]
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let part = self.part(space.len());
        copy(part, &mut space[..part.len()]);
        Ok(part.len())
    }
}

impl Write for Memory<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    #[inline]
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(black_box(slices).iter().map(|slice| slice.len()).sum())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tokio::io::AsyncRead for Memory<'_> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        for block in self.part(space.remaining()).chunks(BLOCK) {
            space.put_slice(block);
        }
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncWrite for Memory<'_> {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write_vectored(slices))
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        true
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures_util::io::AsyncRead for Memory<'_> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.read(space))
    }
}

impl futures_util::io::AsyncWrite for Memory<'_> {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write_vectored(slices))
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Copies as a read does: in blocks that the C library copies with vector registers. Above them it
/// uses `rep movsb`, which on some processors takes ten times as long between some addresses, and
/// who has which address is chance.
#[inline]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    if from.len() <= BLOCK {
        to.copy_from_slice(from);
        return;
    }
    for (from, to) in from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)) {
        to.copy_from_slice(from);
    }
}

/// See [`copy`].
pub(crate) const BLOCK: usize = 2048;

/// Runs a future whose streams are always ready: it must end in the first poll, or in a few if it
/// gives way to others that there are none of.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
