//! The two servers.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use pamlink::hub::Auth;
use pamlink::limits::{Rate, RateClass};
use pamlink::link::Verify;
use pamlink_benches::cpu;
use pamlink_tokio::{Request, Server, ServerConfig};
use tokio::net::TcpListener;

use crate::host::Everybody;

/// The engine with its host, as it comes but for the rates, which a load would meet. Its handler
/// answers with the text of the request.
pub(super) fn pamlink() -> anyhow::Result<SocketAddr> {
    pamlink_that(Everybody)
}

/// The same with another verifier.
pub(super) fn pamlink_that(
    verifies: impl Verify + Send + Sync + 'static,
) -> anyhow::Result<SocketAddr> {
    serve(move |addr: Sender<SocketAddr>| async move {
        let mut config = ServerConfig::new(Auth::Verifier(Box::new(verifies)));
        for class in [RateClass::Message, RateClass::Connect] {
            let rates = config.hub.rates.clone();
            config.hub.rates = rates.with(class, Rate::new(u32::MAX, Duration::from_nanos(1)));
        }
        let server = Server::bind("127.0.0.1:0", config).await?;
        let _ = addr.send(server.local_addr()?);
        let answer = async |request: Request| request.text().into_owned();
        server.serve(answer, std::future::pending()).await;
        Ok(())
    })
}

/// What the documentation of `tokio-tungstenite` shows: every message goes back as it came.
pub(super) fn echo() -> anyhow::Result<SocketAddr> {
    serve(async |addr| {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let _ = addr.send(listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                while let Some(Ok(message)) = socket.next().await {
                    let is_data = message.is_text() || message.is_binary();
                    if is_data && socket.send(message).await.is_err() {
                        break;
                    }
                }
            });
        }
    })
}

/// Runs a server until the program ends and returns the address that it sends.
fn serve<F>(
    server: impl FnOnce(Sender<SocketAddr>) -> F + Send + 'static,
) -> anyhow::Result<SocketAddr>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let (sender, address) = channel();
    thread::spawn(move || {
        cpu::pin_beside(cpu::cores() - 1);
        let mut builder = match cpu::cores() - 1 {
            // On one core a runtime of many workers would starve the tasks that do not fit into
            // the worker's own queue; nobody would choose it there.
            0 | 1 => tokio::runtime::Builder::new_current_thread(),
            workers => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                builder.worker_threads(workers);
                builder
            }
        };
        let runtime = builder.enable_all().build().expect("a runtime starts");
        if let Err(error) = runtime.block_on(server(sender)) {
            eprintln!("a server ended: {error:#}");
        }
    });
    address.recv().context("the server does not listen")
}
