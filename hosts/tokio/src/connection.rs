//! The task of one accepted connection: bytes in, bytes out.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pamlink::hub::LinkId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::futures::Notified;

use crate::handler::Handler;
use crate::host::{Host, Received};
use crate::outlet::{LINGER, Outlet, part};
use crate::shared::Socket;

/// How much is read at once.
const READ: usize = 8 * 1024;

/// How often a connection reads before others have their turn. Twice: the second shows, as a rule,
/// that there is no more.
const READS: usize = 2;

/// Serves a connection until it ends.
///
/// The hub knows it from its first moment, before TLS has begun: what bounds links bounds these,
/// too, and what times an opening out or drains them ends them.
pub(crate) fn spawn<H: Handler>(host: Arc<Host<H>>, socket: TcpStream, from: IpAddr) {
    // Refused links are closed unheard: the hub is full or drains, and has counted it.
    let Some((link, wakes)) = host.accept(from) else { return };
    match host.shared.tls() {
        None => drop(tokio::spawn(Connection::new(socket).serve(host, link, wakes))),
        // A task of another kind: who does not speak TLS has no room for it.
        Some(tls) => drop(tokio::spawn(async move {
            tokio::select! {
                secured = tls.accept(socket) => {
                    if let Ok(socket) = secured {
                        return Connection::new(socket).serve(host, link, wakes).await;
                    }
                }
                () = wakes.until_closed() => {}
            }
            host.ended(link);
        })),
    }
}

struct Connection<S> {
    stream: S,
    outlet: Outlet,
    /// The hub may have something to write.
    more: bool,
}

/// How a connection ends.
enum End {
    /// The link has ended, and what waits is the last of it.
    TransportClosed,
    /// The link has ended, but the peer takes nothing any more: the last of it cannot be written.
    Stuck,
    /// The peer has gone, or the link is no more.
    Gone,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(stream: S) -> Self {
        Self { stream, outlet: Outlet::default(), more: true }
    }

    /// Serves it until its end.
    #[expect(clippy::manual_async_fn, reason = "that would keep room for what it is given twice")]
    fn serve<H: Handler>(
        mut self,
        host: Arc<Host<H>>,
        link: LinkId,
        wakes: Arc<Socket>,
    ) -> impl Future<Output = ()> {
        async move {
            let end = {
                let mut notified = pin!(wakes.ready.notified());
                poll_fn(|cx| self.poll_turn(cx, &host, link, &wakes, notified.as_mut())).await
            };
            // In a box: a connection that lives keeps no room for how it ends.
            Box::pin(self.end(&host, link, end)).await;
        }
    }

    /// A connection's turn: writes what waits, reads, hands over and writes what came of it.
    fn poll_turn<'a, H: Handler>(
        &mut self,
        cx: &mut Context<'_>,
        host: &Arc<Host<H>>,
        link: LinkId,
        wakes: &'a Socket,
        mut notified: Pin<&mut Notified<'a>>,
    ) -> Poll<End> {
        while notified.as_mut().poll(cx).is_ready() {
            notified.set(wakes.ready.notified());
            self.more = true;
            if wakes.is_closed() && self.poll_write(cx).is_pending() {
                return Poll::Ready(End::Stuck);
            }
        }
        for _ in 0..READS {
            if let Poll::Ready(end) = self.poll_transmit(cx, host, link) {
                return Poll::Ready(end);
            }
            let Some(received) = ready!(self.poll_received(cx, host, link)) else {
                return Poll::Ready(End::Gone);
            };
            if received.close_transport {
                return Poll::Ready(End::TransportClosed);
            }
            self.more = received.more;
        }
        if let Poll::Ready(end) = self.poll_transmit(cx, host, link) {
            return Poll::Ready(end);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes until the hub has nothing more, or the socket takes nothing more.
    fn poll_transmit<H: Handler>(
        &mut self,
        cx: &mut Context<'_>,
        host: &Arc<Host<H>>,
        link: LinkId,
    ) -> Poll<End> {
        loop {
            if ready!(self.poll_write(cx)).is_err() {
                return Poll::Ready(End::Gone);
            }
            if !self.more {
                return Poll::Pending;
            }
            let transmit = host.transmit(link, self.outlet.waiting());
            if transmit.close_transport {
                return Poll::Ready(End::TransportClosed);
            }
            self.more = transmit.more;
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outlet.poll_write_to(cx, Pin::new(&mut self.stream))
    }

    /// Reads what has come and hands it over, by way of the stack: a connection that idles holds no
    /// buffer. None: the connection or the link has ended.
    fn poll_received<H: Handler>(
        &mut self,
        cx: &mut Context<'_>,
        host: &Arc<Host<H>>,
        link: LinkId,
    ) -> Poll<Option<Received>> {
        let mut space = [const { MaybeUninit::uninit() }; READ];
        let mut read = ReadBuf::uninit(&mut space);
        let done = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read));
        let bytes = read.filled();
        let alive = done.is_ok() && !bytes.is_empty();
        Poll::Ready(alive.then(|| host.received(link, bytes, &mut self.outlet)).flatten())
    }

    /// Tells the hub, and writes what the peer still takes.
    async fn end<H: Handler>(mut self, host: &Arc<Host<H>>, link: LinkId, end: End) {
        match end {
            End::Gone => host.ended(link),
            End::Stuck => {
                let _ = tokio::time::timeout(LINGER, self.outlet.write_to(&mut self.stream)).await;
                host.ended(link);
            }
            End::TransportClosed => {
                host.ended(link);
                // Whether the last bytes arrive is the peer's to know: the link has ended.
                let _ = tokio::time::timeout(LINGER, self.outlet.write_to(&mut self.stream)).await;
                // Beyond the bound nobody waits: a peer that has more on its way may lose the last.
                if let Ok(_permit) = host.shared.lingering.try_acquire() {
                    let (reader, writer) = tokio::io::split(self.stream);
                    part(reader, writer).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use pamlink::hub::{Auth, Hub, HubConfig};
    use pamlink::seed::Seed;
    use tokio::net::TcpListener;

    use super::*;
    use crate::handler::Request;
    use crate::shared::Shared;

    /// A peer that always has more: an opening, then a text without end.
    struct Flood {
        opening: Vec<u8>,
        read: usize,
    }

    impl AsyncRead for Flood {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            space: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let opening = std::mem::take(&mut self.opening);
            space.put_slice(&opening);
            self.read += space.capacity();
            space.put_slice(&vec![b'a'; space.remaining()]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Flood {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn host() -> Arc<Host<impl Handler>> {
        let seed = Seed::from_number(1);
        let hub = Hub::new(HubConfig::default(), Auth::Host, Arc::default(), seed);
        let (shared, answer) = (Shared::new(hub, None, None), async |_: Request| "ok");
        Arc::new(Host::new(Arc::new(shared), answer, Duration::MAX, Duration::MAX))
    }

    #[tokio::test]
    async fn what_a_connection_holds_is_small() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let host = host();
        let (link, wakes) = host.accept(IpAddr::from([127, 0, 0, 1])).unwrap();
        let held = size_of_val(&Connection::new(stream).serve(host, link, wakes));
        // The runtime adds 104 bytes, and takes lines of 128.
        assert!(held <= 3 * 128 - 104, "{held} bytes");
    }

    #[test]
    fn a_peer_that_always_has_more_leaves_others_their_turn() {
        let mut opening = b"GET /api/v1/pam/ws/ann?token=t HTTP/1.1\r\nHost: h\r\n\
            Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            .to_vec();
        // A text of 60,000 bytes, with a key that leaves it as it is.
        opening.extend_from_slice(&[0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();

        let host = host();
        let (link, wakes) = host.accept(IpAddr::from([127, 0, 0, 1])).unwrap();
        let stream = Flood { opening, read: 0 };
        let mut connection = Connection::new(stream);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let mut notified = pin!(wakes.ready.notified());
        let polled = connection.poll_turn(&mut cx, &host, link, &wakes, notified.as_mut());
        assert!(polled.is_pending());
        assert_eq!(connection.stream.read, READS * READ);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "its next turn comes after others");
    }
}
