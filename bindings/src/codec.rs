//! RFC 6455 frames by themselves, for a host that wants no more of the engine.

use std::sync::Arc;

use pamlink::frame::{CloseCode, FrameConfig, FrameEvent, MessageKind, Reader, Role, Writer};
use pamlink::options;
use parking_lot::Mutex;

use crate::fault::Failure;
use pamlink_border::{
    Fault, Process,
    packed::{self, schema},
    push_failed, seed,
};

/// Reads and writes the frames of one connection after its opening handshake.
#[derive(Debug, uniffi::Object)]
pub struct FrameCodec {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    reader: Reader,
    writer: Writer,
    /// Where the keys of a client's masks were seeded.
    seeded_in: Option<Process>,
}

#[uniffi::export]
impl FrameCodec {
    /// A codec for a client (`client`), whose frames are masked with keys drawn from `seed`, or a
    /// server. No message or frame longer than `max_message_bytes` is read; a server's `seed` may
    /// be empty.
    ///
    /// # Errors
    ///
    /// `bad_seed`, `bad_option`. A client that writes in another process than it was made in, after
    /// a fork, is refused with `forked`: its masks would be the other's.
    #[uniffi::constructor]
    pub fn new(client: bool, max_message_bytes: u64, seed: &[u8]) -> Result<Arc<Self>, Failure> {
        let bounds = 1..=FrameConfig::MOST_MESSAGE as u64;
        options::check("max_message_bytes", max_message_bytes, &bounds).map_err(Fault::from)?;
        let most = usize::try_from(max_message_bytes).unwrap_or(FrameConfig::MOST_MESSAGE);
        let config = FrameConfig { max_message: most, max_frame: most, ..FrameConfig::default() };
        let (role, writer) = match client {
            true => (Role::Client, Writer::client(self::seed(seed)?)),
            false => (Role::Server, Writer::server()),
        };
        let seeded_in = client.then(Process::current);
        let inner = Inner { reader: Reader::new(role, config), writer, seeded_in };
        Ok(Arc::new(Self { inner: Mutex::new(inner) }))
    }

    /// Reads bytes of the peer, cut anywhere: `text_read`, `binary`, `ping`, `pong`,
    /// `close_read` and `failed` records in the packed layout. Nothing is read after the last two.
    ///
    /// # Errors
    ///
    /// `not_drained` for more bytes at once than a message may have, and a megabyte.
    pub fn read(&self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let reader = &mut self.inner.lock().reader;
        reader.handle_bytes(bytes).map_err(Fault::from)?;
        let mut out = Vec::new();
        while let Some(event) = reader.poll_event() {
            push(&mut out, event);
        }
        Ok(out)
    }

    /// The bytes of a text message in one frame.
    ///
    /// # Errors
    ///
    /// `frames_closed`, `message_open`.
    pub fn text(&self, text: &str) -> Result<Vec<u8>, Failure> {
        self.write(|writer, out| writer.text(text, out))
    }

    /// The bytes of a binary message in one frame.
    ///
    /// # Errors
    ///
    /// `frames_closed`, `message_open`.
    pub fn binary(&self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        self.write(|writer, out| writer.binary(bytes, out))
    }

    /// The bytes of the next fragment of a text or binary message; `fin` makes it the last one.
    ///
    /// # Errors
    ///
    /// `frames_closed`, `message_open`.
    pub fn fragment(&self, text: bool, fin: bool, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let kind = if text { MessageKind::Text } else { MessageKind::Binary };
        self.write(|writer, out| writer.fragment(kind, fin, bytes, out))
    }

    /// The bytes of a ping, whose payload has at most 125.
    ///
    /// # Errors
    ///
    /// `frames_closed`, `control_too_long`.
    pub fn ping(&self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        self.write(|writer, out| writer.ping(bytes, out))
    }

    /// The bytes of a pong, whose payload is that of the ping it answers.
    ///
    /// # Errors
    ///
    /// `frames_closed`, `control_too_long`.
    pub fn pong(&self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        self.write(|writer, out| writer.pong(bytes, out))
    }

    /// The bytes of a Close frame; without a code it has no body. The reason is cut to 123 bytes.
    ///
    /// # Errors
    ///
    /// `frames_closed`, `close_code`.
    pub fn close_frame(&self, code: Option<u32>, reason: &str) -> Result<Vec<u8>, Failure> {
        let code = match code {
            None => CloseCode::NO_STATUS,
            Some(code) => CloseCode::new(u16::try_from(code).unwrap_or(0)),
        };
        self.write(|writer, out| writer.close(code, reason, out))
    }
}

impl FrameCodec {
    fn write<E>(
        &self,
        write: impl FnOnce(&mut Writer, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Vec<u8>, Failure>
    where
        Fault: From<E>,
    {
        let mut inner = self.inner.lock();
        inner.seeded_in.map_or(Ok(()), Process::begins)?;
        let mut out = Vec::new();
        write(&mut inner.writer, &mut out).map_err(Fault::from)?;
        Ok(out)
    }
}

fn push(out: &mut Vec<u8>, event: FrameEvent<'_>) {
    match event {
        FrameEvent::Text(text) => {
            packed::push(out, schema::TEXT_READ, &[], &[Some(text.as_bytes())]);
        }
        FrameEvent::Binary(bytes) => {
            packed::push(out, schema::BINARY_RECEIVED, &[], &[Some(bytes)]);
        }
        FrameEvent::Ping(bytes) => packed::push(out, schema::PING, &[], &[Some(bytes)]),
        FrameEvent::Pong(bytes) => packed::push(out, schema::PONG, &[], &[Some(bytes)]),
        FrameEvent::Close(close) => {
            let code = packed::word(close.map(|close| close.code.as_u16().into()));
            let reason = close.map_or("", |close| close.reason);
            packed::push(out, schema::CLOSE_READ, &[code], &[Some(reason.as_bytes())]);
        }
        FrameEvent::Failed(error) => push_failed(out, error),
    }
}
