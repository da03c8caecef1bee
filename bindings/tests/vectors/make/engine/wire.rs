//! The other end of a machine that speaks bytes.

use std::sync::Arc;

use pamlink::frame::handshake::{HandshakeConfig, RequestReader, accept};
use pamlink_ffi::FrameCodec;
use serde_json::Value;

use super::scene::Records;
use crate::record::{Record, hex};
use crate::run::seed;

/// The request of RFC 6455 section 1.2, with our path and a token.
pub(super) fn request(user: &str, token: &str) -> Vec<u8> {
    format!(
        "GET /api/v1/pam/ws/{user}?token={token} HTTP/1.1\r\nHost: server.example.com\r\n\
         Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    )
    .into_bytes()
}

/// What the RFC says that its request is answered with.
pub(super) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(super) struct Wire(Arc<FrameCodec>);

impl Wire {
    /// The server's end.
    pub(super) fn server() -> Self {
        Self(FrameCodec::new(false, 1 << 20, &[]).expect("a codec"))
    }

    /// The client's end.
    pub(super) fn client() -> Self {
        Self(FrameCodec::new(true, 1 << 20, &seed(99)).expect("a codec"))
    }

    /// What a server answers to the request that was written.
    pub(super) fn upgrade(events: &[Record]) -> Vec<u8> {
        let bytes = events.one("write_bytes").bytes("bytes").expect("bytes");
        let mut reader = RequestReader::new(HandshakeConfig::default());
        assert_eq!(reader.handle_bytes(bytes), bytes.len());
        let request = reader.poll_event().expect("a whole request").expect("a sound request");
        let mut answer = Vec::new();
        accept(&request, None, None, &mut answer).expect("an upgrade");
        answer
    }

    /// The frames that were written.
    pub(super) fn frames(&self, events: &[Record]) -> Vec<Record> {
        let bytes: Vec<u8> = events
            .all("write_bytes")
            .iter()
            .flat_map(|record| record.bytes("bytes").expect("bytes").to_vec())
            .collect();
        self.read(&bytes)
    }

    pub(super) fn read(&self, bytes: &[u8]) -> Vec<Record> {
        Record::read(&self.0.read(bytes).expect("room"))
    }

    /// The texts that were written, as JSON.
    pub(super) fn texts(&self, events: &[Record]) -> Vec<Value> {
        let text = |frame: &Record| serde_json::from_str(frame.text("text")).expect("JSON");
        self.frames(events).iter().filter(|it| it.is("text_read")).map(text).collect()
    }

    /// A text in a frame, as an input has it.
    pub(super) fn text(&self, text: &str) -> String {
        hex(&self.0.text(text).expect("a frame"))
    }

    pub(super) fn ping(&self, payload: &[u8]) -> String {
        hex(&self.0.ping(payload).expect("a frame"))
    }

    pub(super) fn pong(&self, payload: &[u8]) -> String {
        hex(&self.0.pong(payload).expect("a frame"))
    }

    pub(super) fn close(&self, code: u32, reason: &str) -> String {
        hex(&self.0.close_frame(Some(code), reason).expect("a frame"))
    }
}
