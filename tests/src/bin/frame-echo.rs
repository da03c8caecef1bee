//! Echoes messages over plain TCP by the frame layer alone, one thread a connection: the peer that
//! `cargo xtask autobahn` runs the Autobahn testsuite against.
//!
//! ```text
//! frame-echo server                   listens, and says where: `listening on ADDRESS`
//! frame-echo client ADDRESS AGENT     goes through the cases of the fuzzing server there
//!     [--no-takeover]                 and promises to compress each message by itself
//! ```
//!
//! The server ends when its input does, so that it does not outlive who started it.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use pamlink::frame::handshake::{
    self, HandshakeConfig, RequestReader, ResponseReader, Upgrade, WebSocketKey,
};
use pamlink::frame::{
    Agreement, CloseCode, DeflateConfig, FrameConfig, FrameEvent, Reader, Role, WriteError, Writer,
};
use pamlink::seed::Seed;

/// The suite sends messages of up to 16 MiB, in one frame or in fragments of 64 bytes.
const BOUNDS: FrameConfig = FrameConfig {
    max_message: 16 << 20,
    max_frame: 16 << 20,
    max_fragments: 1 << 18,
    retain: 64 * 1024,
};
/// Bytes that one read of the socket has room for, at least.
const READ: usize = 64 * 1024;
/// Answers are collected up to about this many bytes before they are written.
const WRITE: usize = 64 * 1024;
/// How long a peer may be silent within a case: the suite's own limit is 480 s.
const SILENCE: Duration = Duration::from_secs(600);
/// How long a peer may take to end the transport after the closing handshake.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["server"] => serve(),
        ["client", address, agent] => go_through_cases(address, agent, true),
        ["client", address, agent, "--no-takeover"] => go_through_cases(address, agent, false),
        _ => Err("usage: frame-echo server | client ADDRESS AGENT [--no-takeover]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("frame-echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || report(stream.map_err(Into::into).and_then(accept)));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Takes one connection and echoes until it ends.
fn accept(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    let mut head = RequestReader::new(HandshakeConfig::default());
    let mut bytes = [0; 4096];
    let (request, rest) = loop {
        let n = fill(&mut stream, &mut bytes)?;
        let taken = head.handle_bytes(&bytes[..n]);
        if let Some(request) = head.poll_event() {
            break (request, &bytes[taken..n]);
        }
    };
    let mut out = Vec::new();
    let request = match request {
        Ok(request) if request.is_upgrade() => request,
        _ => {
            handshake::reject(400, "an upgrade to WebSocket is wanted", &mut out)?;
            return Ok(stream.write_all(&out)?);
        }
    };
    let compression = compression(true);
    let agreed = Agreement::choose(&compression, &request);
    handshake::accept(&request, None, agreed, &mut out)?;
    let mut reader = Reader::new(Role::Server, BOUNDS);
    reader.handle_bytes(rest)?;
    Connection { stream, reader, writer: Writer::server(), out }
        .compressed(&compression, agreed)
        .run(None)
}

/// The client's side of the suite's protocol: asks for the number of cases, dials once for each,
/// then has the suite write its report. A case that breaks the connection is the report's matter.
fn go_through_cases(address: &str, agent: &str, takeover: bool) -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = address.parse()?;
    let compression = compression(takeover);
    let dial = |target: &str, seed| dial(address, target, seed, &compression);
    let mut count = String::new();
    dial("/getCaseCount", 0)?.run(Some(&mut count))?;
    let count: u64 = count.parse().map_err(|_| format!("{count:?} is no number of cases"))?;
    for case in 1..=count {
        println!("case {case} of {count}");
        let target = format!("/runCase?case={case}&agent={agent}");
        report(dial(&target, case).and_then(|mut connection| connection.run(None)));
    }
    dial(&format!("/updateReports?agent={agent}"), count + 1)?.run(None)
}

/// Opens a connection.
fn dial(
    address: SocketAddr,
    target: &str,
    seed: u64,
    compression: &DeflateConfig,
) -> Result<Connection, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    // Keys that anybody can guess: there is nobody here to guess them.
    let key = WebSocketKey::from_seed(Seed::from_number(seed));
    let mut out = Vec::new();
    let host = address.to_string();
    let upgrade = Upgrade {
        host: &host,
        target,
        key: &key,
        subprotocols: &[],
        deflate: Some(compression),
        origin: None,
        headers: &[],
    };
    handshake::write_request(&upgrade, &mut out)?;
    stream.write_all(&out)?;
    out.clear();
    let mut head =
        ResponseReader::new(HandshakeConfig::default(), &key, &[]).with_deflate(*compression);
    let mut bytes = [0; 4096];
    loop {
        let n = fill(&mut stream, &mut bytes)?;
        let taken = head.handle_bytes(&bytes[..n]);
        if let Some(response) = head.poll_event() {
            let agreed = response?.deflate();
            let mut reader = Reader::new(Role::Client, BOUNDS);
            reader.handle_bytes(&bytes[taken..n])?;
            let writer = Writer::client(Seed::from_number(!seed));
            let connection = Connection { stream, reader, writer, out };
            return Ok(connection.compressed(compression, agreed));
        }
    }
}

/// Compresses whatever the peer lets us compress, however short it is, in the largest windows.
fn compression(takeover: bool) -> DeflateConfig {
    let mut config = DeflateConfig::client();
    config.threshold = 0;
    config.send.takeover = takeover;
    config
}

/// A connection after its handshake.
struct Connection {
    stream: TcpStream,
    reader: Reader,
    writer: Writer,
    /// What waits to be written.
    out: Vec<u8>,
}

impl Connection {
    /// The connection with the compression that was agreed on, if any was.
    fn compressed(mut self, config: &DeflateConfig, agreed: Option<Agreement>) -> Self {
        if let Some(agreed) = agreed {
            self.reader.inflate(config, agreed);
            self.writer.deflate(config, agreed);
        }
        self
    }

    /// Echoes until the connection has ended. With `kept`, texts are kept there instead.
    fn run(&mut self, mut kept: Option<&mut String>) -> Result<(), Box<dyn Error>> {
        while !self.answer(kept.as_deref_mut())? {
            let space = self.reader.space(READ)?;
            let n = self.stream.read(space)?;
            self.reader.filled(n);
            if n == 0 {
                return Ok(());
            }
        }
        self.end();
        Ok(())
    }

    /// Answers all that has come. Whether a Close frame was written.
    fn answer(&mut self, mut kept: Option<&mut String>) -> Result<bool, Box<dyn Error>> {
        let Self { stream, reader, writer, out } = self;
        while let Some(event) = reader.poll_event() {
            match (event, kept.as_deref_mut()) {
                (FrameEvent::Text(text), Some(kept)) => text.clone_into(kept),
                (FrameEvent::Text(text), None) => writer.text(text, out)?,
                (FrameEvent::Binary(bytes), _) => writer.binary(bytes, out)?,
                (FrameEvent::Ping(payload), _) => writer.pong(payload, out)?,
                (FrameEvent::Pong(_), _) => {}
                (FrameEvent::Close(frame), _) => {
                    let code = frame.map_or(CloseCode::NO_STATUS, |frame| frame.code);
                    answer_close(writer, code, out)?;
                }
                (FrameEvent::Failed(fault), _) => {
                    writer.close(fault.close_code(), &fault.to_string(), out)?;
                }
            }
            if out.len() >= WRITE {
                stream.write_all(out)?;
                out.clear();
            }
        }
        stream.write_all(out)?;
        out.clear();
        Ok(writer.is_closed())
    }

    /// Ends the transport after a Close frame: the server at once, the client once the server has
    /// (RFC 6455 section 7.1.1). What still comes is read, or it would reset the transport; how the
    /// peer ends it does not matter any more.
    fn end(&mut self) {
        if self.writer.role() == Role::Server {
            let _gone_already = self.stream.shutdown(Shutdown::Write);
        }
        let _gone_already = self.stream.set_read_timeout(Some(CLOSE_TIMEOUT));
        let mut bytes = [0; 4096];
        while self.stream.read(&mut bytes).is_ok_and(|n| n > 0) {}
    }
}

/// Answers a Close frame with its own code; with none where this role may not send that.
fn answer_close(writer: &mut Writer, code: CloseCode, out: &mut Vec<u8>) -> Result<(), WriteError> {
    match writer.close(code, "", out) {
        Err(WriteError::CodeNotSendable { .. }) => writer.close(CloseCode::NO_STATUS, "", out),
        done => done,
    }
}

/// Reads what there is, at least a byte.
fn fill(stream: &mut TcpStream, bytes: &mut [u8]) -> io::Result<usize> {
    match stream.read(bytes)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        n => Ok(n),
    }
}

/// Says how a connection broke, if it did.
fn report(done: Result<(), Box<dyn Error>>) {
    if let Err(error) = done {
        eprintln!("frame-echo: {error}");
    }
}
