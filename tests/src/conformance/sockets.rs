//! TCP on loopback: what comes is sent on by a thread for each link.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// What may happen to a link.
pub(super) enum Happened {
    /// It was made by the other side.
    Begun(TcpStream),
    Bytes(Vec<u8>),
    Ended,
}

/// A server's socket. Dropped, it takes no more links.
pub(super) struct Listener {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Listener {
    /// Listens, and hands on each connection that is made, with its number.
    pub(super) fn start(take: impl Fn(u64, TcpStream) + Send + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        thread::spawn(move || {
            for (number, stream) in (1..).zip(listener.incoming()) {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(stream) = stream {
                    take(number, stream);
                }
            }
        });
        Ok(Self { address, over })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // It looks when somebody comes.
        let _woken = TcpStream::connect(self.address);
    }
}

/// Reads a connection until its end.
pub(super) fn read(stream: &TcpStream, tell: impl Fn(Happened) + Send + 'static) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = stream.try_clone()?;
    thread::spawn(move || {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut bytes) {
            tell(Happened::Bytes(bytes[..count].to_vec()));
        }
        tell(Happened::Ended);
    });
    Ok(())
}
