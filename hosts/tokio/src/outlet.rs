//! Bytes on their way into a socket.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pamlink::link::Gather;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Between the engine and one socket. The engine fills it only when it is empty, so what a slow
/// socket leaves behind waits in the engine, under the engine's bound.
#[derive(Debug, Default)]
pub(crate) struct Outlet {
    /// None once it was written: a connection that idles holds no room for it.
    waiting: Option<Box<Gather>>,
    /// Something was written that may not have left the socket's own buffer.
    unflushed: bool,
}

thread_local! {
    /// An empty one, for the connection of this thread that writes next.
    static SPARE: Cell<Option<Box<Gather>>> = const { Cell::new(None) };
}

/// Most slices of one write. What the engine gives at once has at most 33, and seldom more than 3.
const SLICES: usize = 32;

impl Outlet {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.as_ref().is_none_or(|waiting| waiting.is_empty()) && !self.unflushed
    }

    /// Bytes that wait for the socket.
    pub(crate) fn len(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.len())
    }

    /// What is to be filled. Only when it is empty.
    pub(crate) fn waiting(&mut self) -> &mut Gather {
        debug_assert!(self.is_empty(), "what waits is written first");
        self.waiting.get_or_insert_with(|| SPARE.take().unwrap_or_default())
    }

    /// Writes on until nothing waits. Cancelling loses and repeats nothing.
    pub(crate) async fn write_to(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        poll_fn(|cx| self.poll_write_to(cx, Pin::new(socket))).await
    }

    /// [`write_to`](Self::write_to) by hand.
    pub(crate) fn poll_write_to(
        &mut self,
        cx: &mut Context<'_>,
        mut socket: Pin<&mut impl AsyncWrite>,
    ) -> Poll<io::Result<()>> {
        if let Some(waiting) = &mut self.waiting {
            while !waiting.is_empty() {
                match ready!(poll_write(cx, socket.as_mut(), waiting))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => waiting.advance(written),
                }
                self.unflushed = true;
            }
            SPARE.set(self.waiting.take());
        }
        if self.unflushed {
            // TLS buffers what it encrypts.
            ready!(socket.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// Writes as much as the socket takes at once. The slices are on the stack of one poll: a
/// connection that waits holds none. A socket that takes no more than one slice writes the first.
fn poll_write(
    cx: &mut Context<'_>,
    socket: Pin<&mut impl AsyncWrite>,
    waiting: &Gather,
) -> Poll<io::Result<usize>> {
    let mut slices = [IoSlice::new(&[]); SLICES];
    let mut count = 0;
    for (place, slice) in slices.iter_mut().zip(waiting.slices()) {
        *place = IoSlice::new(slice);
        count += 1;
    }
    socket.poll_write_vectored(cx, &slices[..count])
}

/// How long a link that has ended may still write while its peer takes nothing, and how long its peer
/// may take to close the socket.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// Shuts the sending side of a socket down, then reads and forgets until the peer closes its own:
/// to drop a socket with unread bytes would reset the connection, and the peer could not read what
/// was written last.
pub(crate) async fn part(mut reader: impl AsyncRead + Unpin, mut writer: impl AsyncWrite + Unpin) {
    let parting = async {
        writer.shutdown().await?;
        let mut forgotten = [0; 1024];
        while reader.read(&mut forgotten).await? > 0 {}
        io::Result::Ok(())
    };
    // The link has ended; how the rest goes is of no consequence.
    let _ = tokio::time::timeout(LINGER, parting).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pamlink::frame::{Header, MessageKind};
    use pamlink::link::{LinkConfig, LinkEvent, ServerLink};
    use pamlink::seed::Seed;
    use pamlink::time::{Mono, Now, Wall};

    use super::*;

    const NOW: Now = Now::new(Mono::ZERO, Wall::EPOCH);

    fn open() -> ServerLink {
        let mut config = LinkConfig::server();
        config.outbox.max_bytes = 1024 * 1024;
        let mut link = ServerLink::new(&Arc::new(config), Seed::from_number(1), NOW);
        let request = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        link.handle_bytes(NOW, request.as_bytes()).unwrap();
        assert!(matches!(link.poll_event(), Some(LinkEvent::Request(_))));
        link.accept(NOW, None).unwrap();
        link
    }

    fn text(len: usize) -> Arc<[u8]> {
        (0..len).map(|at| b'a' + u8::try_from(at % 23).unwrap()).collect()
    }

    /// Takes so many bytes at once, only every other time, and notes where they lie.
    #[derive(Default)]
    struct Slow {
        at_once: usize,
        vectored: bool,
        ready: bool,
        taken: Vec<u8>,
        seen: Vec<*const u8>,
    }

    impl Slow {
        fn take(&mut self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
            self.ready = !self.ready;
            if self.ready {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut room = self.at_once;
            for slice in slices {
                let taken = slice.len().min(room);
                self.seen.push(slice.as_ptr());
                self.taken.extend_from_slice(&slice[..taken]);
                room -= taken;
            }
            Poll::Ready(Ok(self.at_once - room))
        }
    }

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.take(cx, &[IoSlice::new(bytes)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let slices = if self.vectored { slices } else { &slices[..1] };
            self.take(cx, slices)
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_large_frame_reaches_the_socket_where_it_lies_and_whole() {
        for (vectored, at_once) in [(true, 1021), (false, 1021), (true, usize::MAX)] {
            let large = text(512 * 1024);
            let (mut link, mut outlet, mut all) = (open(), Outlet::default(), Vec::new());
            let mut socket = Slow { at_once, vectored, ..Slow::default() };
            while link.poll_transmit_vectored(outlet.waiting()).more {}
            outlet.write_to(&mut socket).await.unwrap();
            socket.taken.clear();
            for text in [text(10), Arc::clone(&large), text(5000), text(20), text(30)] {
                all.extend_from_slice(Header::of_server(MessageKind::Text, text.len()).as_bytes());
                all.extend_from_slice(&text);
                link.send_shared(NOW, text).unwrap();
            }
            while link.poll_transmit_vectored(outlet.waiting()).written > 0 {
                // Cut off while the socket is not ready, again and again.
                while socket.taken.len() < all.len() {
                    tokio::select! {
                        biased;
                        wrote = outlet.write_to(&mut socket) => { wrote.unwrap(); break }
                        () = std::future::ready(()) => {}
                    }
                }
                outlet.write_to(&mut socket).await.unwrap();
                assert!(outlet.is_empty() && outlet.waiting.is_none(), "it keeps room");
            }
            assert!(socket.taken == all, "{} bytes of {}", socket.taken.len(), all.len());
            assert!(socket.seen.contains(&large.as_ptr()), "it was copied");
            assert_eq!(Arc::strong_count(&large), 1, "it is let go once it was written");
        }
    }
}
