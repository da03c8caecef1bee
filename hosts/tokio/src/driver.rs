//! The task that owns a client's socket: dials, moves bytes, fetches tokens, waits.

use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use pamlink::link::{CloseClass, DialFailed, Endpoint, TokenNeed};
use pamlink::time::Deadline;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::ClientConfig;
use crate::outlet::{self, Outlet};
use crate::session::{Inner, Session, Wants};
use crate::tls;
use crate::tokens::Tokens;

/// How much is read at once.
const READ: usize = 8 * 1024;

/// Runs a client until its handles are gone or close it.
pub(crate) async fn run(session: Arc<Session>, tokens: impl Tokens, config: ClientConfig) {
    let mut driver = Driver {
        tokens: Arc::new(tokens),
        tls: config.tls.clone(),
        dial: None,
        socket: None,
        outlet: Outlet::default(),
        parting: false,
        read: vec![0; READ],
        session: Arc::clone(&session),
    };
    session.lock().engine.connect(session.clock.now());
    while !session.lock().closing {
        let deadline = driver.work();
        driver.wait(deadline).await;
    }
    session.lock().engine.disconnect(session.clock.now());
    let close = async {
        loop {
            let deadline = driver.work();
            if driver.socket.is_none() {
                break;
            }
            driver.wait(deadline).await;
        }
    };
    let _ = tokio::time::timeout(config.close_timeout, close).await;
    session.end();
}

type Stream = Box<dyn Duplex>;

/// A plain or encrypted connection.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

type Dial = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

struct Driver<T> {
    session: Arc<Session>,
    tokens: Arc<T>,
    tls: Option<Arc<rustls::ClientConfig>>,
    dial: Option<Dial>,
    socket: Option<(ReadHalf<Stream>, WriteHalf<Stream>)>,
    outlet: Outlet,
    /// The link is over: the socket goes once everything is written.
    parting: bool,
    read: Vec<u8>,
}

/// What was waited for.
enum Happened {
    Changed,
    Dialed(io::Result<Stream>),
    Due,
    Read(io::Result<usize>),
    Wrote(io::Result<()>),
}

impl<T: Tokens> Driver<T> {
    /// Waits for the next thing to happen, and tells the engine.
    async fn wait(&mut self, deadline: Option<Deadline>) {
        let clock = self.session.clock;
        let happened = {
            let (reader, writer) = match &mut self.socket {
                Some((reader, writer)) => (Some(reader), Some(writer)),
                None => (None, None),
            };
            let outlet = &mut self.outlet;
            let waiting = !outlet.is_empty();
            tokio::select! {
                dialed = maybe(self.dial.as_mut()) => Happened::Dialed(dialed),
                read = maybe(reader.map(|reader| reader.read(&mut self.read))) => {
                    Happened::Read(read)
                }
                wrote = maybe(writer.map(|writer| outlet.write_to(writer))), if waiting => {
                    Happened::Wrote(wrote)
                }
                () = maybe(deadline.map(|at| tokio::time::sleep_until(clock.instant(at)))) => {
                    Happened::Due
                }
                () = self.session.changed.notified() => Happened::Changed,
            }
        };
        self.tell(happened);
    }

    /// Does what the engine wants.
    fn work(&mut self) -> Option<Deadline> {
        let session = Arc::clone(&self.session);
        let mut inner = session.lock();
        let Wants { dial, close_transport, token } = session.drain(&mut inner);
        if let Some(need) = token {
            self.fetch_token(need);
        }
        self.parting |= close_transport;
        if self.socket.is_some() && self.outlet.is_empty() {
            let waiting = self.outlet.waiting();
            self.parting |= inner.engine.poll_transmit_vectored(waiting).close_transport;
        }
        if self.parting && self.outlet.is_empty() {
            self.part();
        }
        if let Some(endpoint) = dial {
            self.part();
            self.dial = Some(Box::pin(connect(endpoint, self.tls.clone())));
        }
        inner.engine.poll_timeout()
    }

    fn tell(&mut self, happened: Happened) {
        let session = Arc::clone(&self.session);
        let mut inner = session.lock();
        let Inner { engine, .. } = &mut *inner;
        let now = session.clock.now();
        match happened {
            Happened::Changed | Happened::Wrote(Ok(())) => {}
            Happened::Due => engine.handle_timeout(now),
            Happened::Dialed(dialed) => {
                self.dial = None;
                match dialed {
                    Ok(stream) => {
                        self.socket = Some(tokio::io::split(stream));
                        engine.handle_dialed(now);
                    }
                    Err(error) => {
                        let (class, said) = (class_of(&error), error.to_string());
                        engine
                            .handle_dial_failed(now, DialFailed::Unanswered { class, said: &said });
                    }
                }
            }
            Happened::Read(Ok(n)) if n > 0 => {
                // The engine is drained before each read, so it always has room.
                if engine.handle_bytes(now, &self.read[..n]).is_err() {
                    self.part();
                    engine.handle_closed(now);
                }
            }
            Happened::Read(_) | Happened::Wrote(Err(_)) => {
                self.part();
                engine.handle_closed(now);
            }
        }
    }

    /// Lets go of the socket, or of what would become one.
    fn part(&mut self) {
        self.dial = None;
        self.parting = false;
        self.outlet = Outlet::default();
        if let Some((reader, writer)) = self.socket.take() {
            tokio::spawn(outlet::part(reader, writer));
        }
    }

    fn fetch_token(&self, need: TokenNeed) {
        let (session, tokens) = (Arc::clone(&self.session), Arc::clone(&self.tokens));
        tokio::spawn(async move {
            let token = tokens.token(need).await;
            let now = session.clock.now();
            let mut inner = session.lock();
            match token {
                // A token of no use stops the engine, which says so in an event.
                Ok(token) => drop(inner.engine.provide_token(now, token)),
                Err(error) => inner.engine.token_failed(now, error),
            }
            drop(inner);
            session.changed.notify_one();
        });
    }
}

/// A future that may not be there, and then never ends.
async fn maybe<F: Future>(future: Option<F>) -> F::Output {
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

fn class_of(error: &io::Error) -> CloseClass {
    match error.kind() {
        io::ErrorKind::TimedOut => CloseClass::Timeout,
        io::ErrorKind::ConnectionRefused => CloseClass::ServerUnavailable,
        _ => CloseClass::Network,
    }
}
