//! Any bytes, read by our reader and by tungstenite, in both roles: the same messages, and the same
//! verdict. Where the two differ there is an [`Exception`], and `docs/frames.md` says why.
//!
//! The first byte of an input chooses the role; the rest is the wire.

#![no_main]

use std::io::{self, Read, Write};

use libfuzzer_sys::fuzz_target;
use pamlink::frame::{FrameConfig, FrameError, FrameEvent, Reader, Role};
use tungstenite::protocol::{Role as PeerRole, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

const CONFIG: FrameConfig =
    FrameConfig { max_message: 16 * 1024, max_frame: 8 * 1024, max_fragments: 32, retain: 256 };

fuzz_target!(|input: &[u8]| {
    let [role, wire @ ..] = input else { return };
    let role = if role % 2 == 0 { Role::Server } else { Role::Client };
    let (ours, theirs) = (ours(role, wire), theirs(role, wire));
    if ours == theirs {
        return;
    }
    let exception = Exception::of(&ours, &theirs);
    assert!(exception.is_some(), "we: {ours:?}\ntungstenite: {theirs:?}");
});

/// What we do on purpose that tungstenite does not do.
#[derive(Clone, Copy, Debug)]
enum Exception {
    /// A fault is reported as soon as it is certain; tungstenite waits for the frame to be whole.
    Sooner,
    /// A length that is not written in the fewest bytes is refused (RFC 6455 section 5.2).
    LengthNotMinimal,
    /// The frames of a message are counted.
    TooManyFragments,
    /// A close code that may not be on the wire fails the connection; tungstenite tells its caller
    /// of a Close with 1002 that was never sent.
    CloseCodeInvalid,
    /// 1014 is registered since 2012 (IANA); to tungstenite it is as one that may not be sent.
    CloseCode1014,
}

impl Exception {
    fn of(ours: &Outcome, theirs: &Outcome) -> Option<Self> {
        let (same, rest) = match theirs.seen.strip_prefix(&ours.seen[..]) {
            Some(rest) => (true, rest),
            None => (false, &[][..]),
        };
        match (ours.end, theirs.end) {
            // A control frame can have no longer length than one of seven bits.
            (End::Failed(FrameError::LengthNotMinimal | FrameError::ControlTooLong), _) if same => {
                Some(Self::LengthNotMinimal)
            }
            (End::Failed(FrameError::TooManyFragments { .. }), _) if same => {
                Some(Self::TooManyFragments)
            }
            (End::Failed(FrameError::CloseCodeInvalid { .. }), End::Closed)
                if same && rest == [Seen::violation()] =>
            {
                Some(Self::CloseCodeInvalid)
            }
            (End::Failed(_), End::Waits) if same && rest.is_empty() => Some(Self::Sooner),
            (End::Closed, End::Closed) => {
                let (last, before) = ours.seen.split_last()?;
                let (peers_last, peers_before) = theirs.seen.split_last()?;
                let is_1014 = matches!(last, Seen::Close(Some((1014, _))));
                (is_1014 && before == peers_before && *peers_last == Seen::violation())
                    .then_some(Self::CloseCode1014)
            }
            _ => None,
        }
    }
}

/// All that was read, and how it ended.
#[derive(Debug)]
struct Outcome {
    seen: Vec<Seen>,
    end: End,
}

impl PartialEq for Outcome {
    /// Which of several faults is reported first is not compared.
    fn eq(&self, other: &Self) -> bool {
        core::mem::discriminant(&self.end) == core::mem::discriminant(&other.end)
            && self.seen == other.seen
    }
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// More bytes could come.
    Waits,
    /// A Close frame came.
    Closed,
    /// The peer broke the protocol or a bound.
    Failed(FrameError),
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl Seen {
    /// What tungstenite makes of a close code that may not be sent.
    fn violation() -> Self {
        Self::Close(Some((1002, "Protocol violation".to_owned())))
    }
}

fn ours(role: Role, wire: &[u8]) -> Outcome {
    let mut reader = Reader::new(role, CONFIG);
    let mut seen = Vec::new();
    for part in wire.chunks(4096) {
        reader.handle_bytes(part).expect("a reader that is drained takes a chunk");
        while let Some(event) = reader.poll_event() {
            seen.push(match event {
                FrameEvent::Text(text) => Seen::Text(text.to_owned()),
                FrameEvent::Binary(bytes) => Seen::Binary(bytes.to_vec()),
                FrameEvent::Ping(bytes) => Seen::Ping(bytes.to_vec()),
                FrameEvent::Pong(bytes) => Seen::Pong(bytes.to_vec()),
                FrameEvent::Close(close) => {
                    let close = close.map(|close| (close.code.as_u16(), close.reason.to_owned()));
                    seen.push(Seen::Close(close));
                    return Outcome { seen, end: End::Closed };
                }
                FrameEvent::Failed(error) => return Outcome { seen, end: End::Failed(error) },
            });
        }
    }
    Outcome { seen, end: End::Waits }
}

fn theirs(role: Role, wire: &[u8]) -> Outcome {
    let role = match role {
        Role::Client => PeerRole::Client,
        Role::Server => PeerRole::Server,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_frame_size(Some(CONFIG.max_frame))
        .max_message_size(Some(CONFIG.max_message));
    let mut socket = WebSocket::from_raw_socket(Wire(wire), role, Some(config));
    let mut seen = Vec::new();
    loop {
        seen.push(match socket.read() {
            Ok(Message::Text(text)) => Seen::Text(text.as_str().to_owned()),
            Ok(Message::Binary(bytes)) => Seen::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Seen::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Seen::Pong(bytes.to_vec()),
            Ok(Message::Close(close)) => {
                let close = close.map(|close| (close.code.into(), close.reason.to_string()));
                seen.push(Seen::Close(close));
                return Outcome { seen, end: End::Closed };
            }
            Ok(Message::Frame(_)) => unreachable!("frames are not read"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return Outcome { seen, end: End::Waits };
            }
            // Which fault it was is not compared.
            Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)) => {
                return Outcome { seen, end: End::Failed(FrameError::TextNotUtf8) };
            }
            Err(error) => panic!("{error:?}"),
        });
    }
}

/// A transport with these bytes to read, which takes all that is written.
struct Wire<'a>(&'a [u8]);

impl Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
