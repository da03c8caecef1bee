//! The task of one accepted connection: bytes in, bytes out.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pamlink::hub::LinkId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::handler::Handler;
use crate::host::Host;
use crate::outlet::{LINGER, Outlet, part};
use crate::shared::Socket;

/// How much is read at once.
const READ: usize = 8 * 1024;

/// Serves a connection until it ends.
///
/// The hub knows it from its first moment, before TLS has begun: what bounds links bounds these,
/// too, and what times an opening out or drains them ends them.
pub(crate) fn spawn<H: Handler>(host: Arc<Host<H>>, socket: TcpStream, from: IpAddr) {
    // Refused links are closed unheard: the hub is full or drains, and has counted it.
    let Some((link, told)) = host.accept(from) else { return };
    let tls = host.shared.tls();
    tokio::spawn(async move {
        let Some(tls) = tls else { return serve(&host, link, &told, socket).await };
        tokio::select! {
            secured = tls.accept(socket) => {
                if let Ok(socket) = secured {
                    return serve(&host, link, &told, socket).await;
                }
            }
            () = told.until_closed() => {}
        }
        host.ended(link);
    });
}

async fn serve<H: Handler>(
    host: &Arc<Host<H>>,
    link: LinkId,
    told: &Socket,
    stream: impl AsyncRead + AsyncWrite,
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut outlet = Outlet::default();
    loop {
        if outlet.is_empty() && host.transmit(link, outlet.waiting()) {
            host.ended(link);
            // Whether the last bytes arrive is the peer's to know: the link has ended.
            let _ = tokio::time::timeout(LINGER, outlet.write_to(&mut writer)).await;
            // Beyond the bound nobody waits: a peer that has more on its way may lose the last.
            if let Ok(_permit) = host.shared.lingering.try_acquire() {
                part(reader, writer).await;
            }
            return;
        }
        tokio::select! {
            alive = poll_fn(|cx| poll_received(cx, Pin::new(&mut reader), host, link)) => {
                if !alive { break }
            }
            wrote = outlet.write_to(&mut writer), if !outlet.is_empty() => {
                if wrote.is_err() { break }
            }
            () = told.ready.notified() => {
                // The peer takes nothing any more, so what is told to it last cannot be told.
                if !outlet.is_empty() && told.is_closed() {
                    let _ = tokio::time::timeout(LINGER, outlet.write_to(&mut writer)).await;
                    break;
                }
            }
        }
    }
    host.ended(link);
}

/// Reads what has come and hands it over, by way of the stack: a connection that idles holds no
/// buffer. `false`: the connection or the link has ended.
fn poll_received<H: Handler>(
    cx: &mut Context<'_>,
    reader: Pin<&mut impl AsyncRead>,
    host: &Arc<Host<H>>,
    link: LinkId,
) -> Poll<bool> {
    let mut space = [const { MaybeUninit::uninit() }; READ];
    let mut read = ReadBuf::uninit(&mut space);
    let done = ready!(reader.poll_read(cx, &mut read));
    let bytes = read.filled();
    Poll::Ready(done.is_ok() && !bytes.is_empty() && host.received(link, bytes))
}
