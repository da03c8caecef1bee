//! One transport of a client: the socket, or what is to become one, and what is on its way into it.

use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use pamlink::link::Endpoint;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::outlet::{self, Outlet};
use crate::tls;

/// How much is read at once.
const READ: usize = 8 * 1024;

pub(crate) type Stream = Box<dyn Duplex>;

/// A plain or encrypted connection.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

type Dial = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

/// The transport of one link.
#[derive(Default)]
pub(crate) struct Transport {
    dial: Option<Dial>,
    socket: Option<(ReadHalf<Stream>, WriteHalf<Stream>)>,
    pub(crate) outlet: Outlet,
    /// The link is over: the socket goes once everything is written.
    pub(crate) parting: bool,
    /// Empty until there is a socket.
    read: Vec<u8>,
}

/// What has happened to a transport.
pub(crate) enum Happened {
    Dialed(io::Result<Stream>),
    Read(io::Result<usize>),
    Wrote(io::Result<()>),
}

impl Transport {
    /// Begins to connect, in the place of what was there.
    pub(crate) fn dial(&mut self, endpoint: Endpoint, tls: Option<Arc<rustls::ClientConfig>>) {
        self.part();
        self.dial = Some(Box::pin(connect(endpoint, tls)));
    }

    /// It is connected.
    pub(crate) fn take(&mut self, stream: Stream) {
        self.read.resize(READ, 0);
        self.socket = Some(tokio::io::split(stream));
    }

    /// What happens next; nothing ever, without a transport. Cancelling loses nothing.
    pub(crate) async fn happens(&mut self) -> Happened {
        let (reader, writer) = match &mut self.socket {
            Some((reader, writer)) => (Some(reader), Some(writer)),
            None => (None, None),
        };
        let outlet = &mut self.outlet;
        let waiting = !outlet.is_empty();
        let happened = tokio::select! {
            dialed = maybe(self.dial.as_mut()) => Happened::Dialed(dialed),
            read = maybe(reader.map(|reader| reader.read(&mut self.read))) => Happened::Read(read),
            wrote = maybe(writer.map(|writer| outlet.write_to(writer))), if waiting => {
                Happened::Wrote(wrote)
            }
        };
        if matches!(happened, Happened::Dialed(_)) {
            self.dial = None;
        }
        happened
    }

    /// The first bytes of what was read last.
    pub(crate) fn bytes(&self, count: usize) -> &[u8] {
        &self.read[..count]
    }

    pub(crate) fn has_socket(&self) -> bool {
        self.socket.is_some()
    }

    /// Lets go of the socket, or of what would become one.
    pub(crate) fn part(&mut self) {
        let Self { socket, .. } = std::mem::take(self);
        if let Some((reader, writer)) = socket {
            tokio::spawn(outlet::part(reader, writer));
        }
    }
}

/// A future that may not be there, and then never ends.
pub(crate) async fn maybe<F: Future>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

async fn connect(endpoint: Endpoint, tls: Option<Arc<rustls::ClientConfig>>) -> io::Result<Stream> {
    let socket = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
    // Small frames are the rule here; waiting to fill a segment is delay.
    socket.set_nodelay(true)?;
    if !endpoint.is_tls() {
        return Ok(Box::new(socket));
    }
    let name = ServerName::try_from(endpoint.host().to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(tls.unwrap_or_else(tls::client));
    Ok(Box::new(connector.connect(name, socket).await?))
}
