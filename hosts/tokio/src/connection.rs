//! The task of one accepted connection: bytes in, bytes out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::handler::Handler;
use crate::outlet::{LINGER, Outlet, part};
use crate::server::Host;

/// How much is read at once.
const READ: usize = 8 * 1024;

/// How long a TLS handshake may take: the engine's own deadline begins after it.
const TLS_PATIENCE: Duration = Duration::from_secs(10);

/// Serves a connection until it ends.
pub(crate) fn spawn<H: Handler>(host: Arc<Host<H>>, socket: TcpStream, tls: Option<TlsAcceptor>) {
    tokio::spawn(async move {
        match tls {
            None => serve(&host, socket).await,
            Some(tls) => {
                let handshake = tokio::time::timeout(TLS_PATIENCE, tls.accept(socket));
                if let Ok(Ok(socket)) = handshake.await {
                    serve(&host, socket).await;
                }
            }
        }
    });
}

async fn serve<H: Handler>(host: &Arc<Host<H>>, stream: impl AsyncRead + AsyncWrite) {
    // Refused links are closed unheard: the hub is full or drains, and has counted it.
    let Some((link, socket)) = host.accept() else { return };
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut read = vec![0; READ];
    let mut outlet = Outlet::default();
    loop {
        if outlet.is_empty() && host.transmit(link, outlet.buffer()) {
            host.ended(link);
            // Whether the last bytes arrive is the peer's to know: the link has ended.
            let _ = tokio::time::timeout(LINGER, outlet.write_to(&mut writer)).await;
            return part(reader, writer).await;
        }
        tokio::select! {
            got = reader.read(&mut read) => match got {
                Ok(0) | Err(_) => break,
                Ok(n) => if !host.received(link, &read[..n]) { break },
            },
            wrote = outlet.write_to(&mut writer), if !outlet.is_empty() => {
                if wrote.is_err() { break }
            }
            () = socket.ready.notified() => {
                // The peer takes nothing any more, so what is told to it last cannot be told.
                if !outlet.is_empty() && socket.closed.load(Ordering::Acquire) {
                    let _ = tokio::time::timeout(LINGER, outlet.write_to(&mut writer)).await;
                    break;
                }
            }
        }
    }
    host.ended(link);
}
