//! A wire between a client and a server that can be cut: bytes pass both ways until it is.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, broadcast};

use super::messages::Messages;
use crate::report::bench::{Dice, Failure};

/// Where clients dial; it passes their bytes on to a server.
pub(crate) struct Proxy {
    address: SocketAddr,
    cutter: Cutter,
}

/// Cuts the wires of a [`Proxy`]: every one that is there at the time, or each at a message.
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
    /// Messages that have begun on any wire.
    messages: AtomicU64,
    /// In how many of a hundred messages a wire is cut, and what draws which.
    chance: Mutex<Option<(u64, Dice)>>,
    /// How many bytes still pass to a client; none: all.
    stall: Mutex<Option<u64>>,
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

    /// Cuts a wire within `percent` of a hundred messages, the first ones of a link included:
    /// part of the frame passes, with a reset towards both ends behind it.
    pub(crate) fn cut_messages(&self, percent: u64, dice: Dice) {
        *lock(&self.state.chance) = (percent > 0).then_some((percent, dice));
    }

    /// Lets so many more bytes pass to the client, and nothing behind them on that wire.
    pub(crate) fn stall_after(&self, bytes: u64) {
        *lock(&self.state.stall) = Some(bytes);
    }

    /// How many messages have begun on any wire.
    pub(crate) fn messages(&self) -> u64 {
        self.state.messages.load(Ordering::SeqCst)
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
    let was_cut = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = carry(from_client, to_server, Way::Up, &cutter.state);
        let down = carry(from_server, to_client, Way::Down, &cutter.state);
        tokio::select! {
            ended = async { tokio::try_join!(up, down) } => matches!(ended, Err(End::Cut)),
            _ = cut.recv() => true,
        }
    };
    if was_cut {
        cutter.state.cut.fetch_add(1, Ordering::SeqCst);
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the server.
    Up,
    /// To the client.
    Down,
}

/// Why a wire is none any more.
enum End {
    /// An end has broken it off.
    Gone,
    /// It was cut here.
    Cut,
}

/// Passes bytes one way until there are no more.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    way: Way,
    state: &State,
) -> Result<(), End> {
    let mut messages = Messages::new();
    let mut buffer = vec![0; 16 * 1024];
    // After how many more bytes this wire is cut.
    let mut cut = None;
    loop {
        let read = from.read(&mut buffer).await.map_err(|_| End::Gone)?;
        if read == 0 {
            return to.shutdown().await.map_err(|_| End::Gone);
        }
        messages.take(&buffer[..read], |place, length| {
            cut = cut.or_else(|| state.begins(place as u64, length));
        });
        let (stalls, passes) = match way {
            Way::Up => (false, read),
            Way::Down => state.passes(read),
        };
        let is_cut = cut.is_some_and(|cut| cut <= passes as u64);
        let passes = if is_cut { cut.map_or(passes, |cut| cut as usize) } else { passes };
        to.write_all(&buffer[..passes]).await.map_err(|_| End::Gone)?;
        if is_cut {
            return Err(End::Cut);
        }
        if stalls {
            std::future::pending::<()>().await;
        }
        cut = cut.map(|cut| cut - read as u64);
    }
}

impl State {
    /// A message begins, with a payload of this length at this place: where the wire is cut in it,
    /// if it is.
    fn begins(&self, place: u64, length: u64) -> Option<u64> {
        self.messages.fetch_add(1, Ordering::SeqCst);
        let mut chance = lock(&self.chance);
        let (percent, dice) = chance.as_mut()?;
        dice.chance(*percent).then(|| place + dice.below(length))
    }

    /// Of so many bytes to a client: whether nothing passes behind them, and how many pass.
    fn passes(&self, bytes: usize) -> (bool, usize) {
        let mut stall = lock(&self.stall);
        match stall.as_mut() {
            None => (false, bytes),
            Some(left) if *left >= bytes as u64 => {
                *left -= bytes as u64;
                (false, bytes)
            }
            Some(_) => (true, stall.take().map_or(0, |left| left as usize)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
