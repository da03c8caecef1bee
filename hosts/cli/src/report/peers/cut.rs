//! A wire between a client and a server that can be cut: bytes pass both ways until it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, broadcast};

use crate::report::bench::Failure;

/// Where clients dial; it passes their bytes on to a server.
pub(crate) struct Proxy {
    address: SocketAddr,
    cutter: Cutter,
}

/// Cuts every wire of a [`Proxy`] that is there at the time.
#[derive(Clone)]
pub(crate) struct Cutter {
    cut: broadcast::Sender<()>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Wires that were made.
    made: AtomicU64,
    /// Wires that were cut.
    cut: AtomicU64,
    /// Whether new wires are refused.
    down: AtomicBool,
    over: Notify,
}

impl Proxy {
    /// A proxy before the server at `target`.
    pub(crate) async fn start(target: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (cut, _) = broadcast::channel(4);
        let cutter = Cutter { cut, state: Arc::default() };
        tokio::spawn(accept(listener, target, cutter.clone()));
        Ok(Self { address, cutter })
    }

    /// Where clients dial.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What cuts its wires.
    pub(crate) fn cutter(&self) -> Cutter {
        self.cutter.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cutter.state.over.notify_one();
    }
}

impl Cutter {
    /// Cuts every wire that is there, with a reset towards both ends.
    pub(crate) fn cut(&self) {
        // Nobody listens when no wire is there: then there is nothing to cut.
        let _ = self.cut.send(());
    }

    /// Refuses new wires, or takes them again.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    /// How many wires were made.
    pub(crate) fn made(&self) -> u64 {
        self.state.made.load(Ordering::SeqCst)
    }

    /// How many wires were cut.
    pub(crate) fn count(&self) -> u64 {
        self.state.cut.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, cutter: Cutter) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = cutter.state.over.notified() => return,
        };
        let Ok((client, _)) = accepted else { continue };
        if cutter.state.down.load(Ordering::SeqCst) {
            let _ = client.set_zero_linger();
            continue;
        }
        cutter.state.made.fetch_add(1, Ordering::SeqCst);
        // Before the wire is made: a cut that comes meanwhile must not miss it.
        let cut = cutter.cut.subscribe();
        tokio::spawn(pass(client, target, cut, cutter.clone()));
    }
}

async fn pass(
    mut client: TcpStream,
    target: SocketAddr,
    mut cut: broadcast::Receiver<()>,
    cutter: Cutter,
) {
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.recv() => {
            cutter.state.cut.fetch_add(1, Ordering::SeqCst);
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
    }
}
