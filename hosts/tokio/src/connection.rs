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
                // Beyond the bound nobody waits long: a peer that is slow, or has more on its way, may
                // lose the last. Whether that arrives is the peer's to know: the link has ended.
                let permit = host.shared.lingering.try_acquire();
                self.write_rest(if permit.is_ok() { PATIENCE } else { 1 }).await;
                if permit.is_ok() {
                    let (reader, writer) = tokio::io::split(self.stream);
                    part(reader, writer).await;
                }
            }
        }
    }

    /// Writes what waits, as long as the peer takes some of it in each of so many `LINGER`: the answer
    /// to a plain request may be larger than what a socket holds, and its way slow.
    async fn write_rest(&mut self, times: u32) {
        let mut left = self.outlet.len();
        for _ in 0..times {
            let written = self.outlet.write_to(&mut self.stream);
            if tokio::time::timeout(LINGER, written).await.is_ok() {
                return;
            }
            // How far TLS has come with what it has taken is not seen from here.
            if left > 0 && self.outlet.len() == left {
                return;
            }
            left = self.outlet.len();
        }
    }
}

/// The last of a link may take this many `LINGER`, a minute in all.
const PATIENCE: u32 = 30;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use pamlink::frame::handshake;
    use pamlink::hub::{Auth, Hub, HubConfig};
    use pamlink::seed::Seed;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::Clock;
    use crate::handler::{HttpResponse, Reply, Request};
    use crate::hub_engine::HubEngine;
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
        host_of(async |_: Request| "ok")
    }

    fn host_of<H: Handler>(handler: H) -> Arc<Host<H>> {
        let seed = Seed::from_number(1);
        let hub = Hub::new(HubConfig::default(), Auth::Host, Arc::default(), seed);
        let shared =
            Arc::new(Shared::new(Clock::new(), HubEngine::new(hub, None), None, None, None));
        Arc::new(Host::new(shared, handler, Duration::MAX, Duration::MAX))
    }

    /// A server of one large page.
    struct Large;

    const PAGE: usize = 400_000;

    impl Handler for Large {
        async fn handle(&self, _: Request) -> Reply {
            "ok".into()
        }

        fn http(&self, _: &handshake::Request, _: &Hub) -> HttpResponse {
            HttpResponse::new(200, "text/plain", vec![b'a'; PAGE])
        }
    }

    /// What of the page a peer gets that takes a part of it each second, and stops after so many; and
    /// how many seconds that is served.
    async fn fetched(parts: usize) -> (usize, u64) {
        let (mut near, far) = tokio::io::duplex(16 * 1024);
        let host = host_of(Large);
        let (link, wakes) = host.accept(IpAddr::from([127, 0, 0, 1])).unwrap();
        let began = tokio::time::Instant::now();
        let served = tokio::spawn(Connection::new(far).serve(host, link, wakes));
        near.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        let (mut got, mut part) = (0, vec![0; 16 * 1024]);
        for _ in 0..parts {
            tokio::time::sleep(Duration::from_secs(1)).await;
            match near.read(&mut part).await {
                Ok(read @ 1..) => got += read,
                _ => break,
            }
        }
        served.await.unwrap();
        (got, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_gets_all_of_a_large_page_and_one_that_stops_is_left() {
        let (got, _) = fetched(100).await;
        assert!(got > PAGE, "{got} bytes");
        let (got, seconds) = fetched(3).await;
        assert!(got < PAGE && seconds < 12, "{got} bytes, {seconds} s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_comes_to_the_end_of_a_page_is_left_after_a_minute() {
        let (mut near, far) = tokio::io::duplex(64);
        let host = host_of(Large);
        let (link, wakes) = host.accept(IpAddr::from([127, 0, 0, 1])).unwrap();
        let began = tokio::time::Instant::now();
        let served = tokio::spawn(Connection::new(far).serve(host, link, wakes));
        near.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        let mut part = [0; 64];
        while !served.is_finished() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _drips = near.read(&mut part).await;
        }
        let seconds = began.elapsed().as_secs();
        assert!((60..70).contains(&seconds), "{seconds} s");
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
