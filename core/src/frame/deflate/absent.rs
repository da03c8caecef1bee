//! What stands in the place of compression where the crate is built without it: no connection ever
//! has an end of the extension, so its methods are never called.

// The signatures are those of what is absent.
#![allow(clippy::needless_pass_by_ref_mut)]

use super::{Agreement, DeflateConfig};
use crate::frame::FrameError;

/// What connections with compression would share: nothing.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DeflatePool;

impl DeflatePool {
    /// An empty pool, whatever the number.
    pub const fn with_kept(_kept: usize) -> Self {
        Self
    }

    /// Bytes of memory held: none.
    pub const fn memory(&self) -> usize {
        0
    }

    /// How many compressors connections hold: none.
    pub const fn lent(&self) -> usize {
        0
    }
}

/// There is none.
#[derive(Debug)]
pub(in crate::frame) enum Inflation {}

impl Inflation {
    pub(in crate::frame) const fn new(_: &DeflateConfig, _: Agreement) -> Option<Self> {
        None
    }

    pub(in crate::frame) fn inflate(
        &mut self,
        _payload: &[u8],
        _limit: usize,
        _pool: Option<&mut DeflatePool>,
    ) -> Result<(), FrameError> {
        match *self {}
    }

    pub(in crate::frame) fn inflated<'a>(&'a self, _pool: Option<&'a DeflatePool>) -> &'a [u8] {
        match *self {}
    }

    pub(in crate::frame) fn release(&mut self) {
        match *self {}
    }

    pub(in crate::frame) fn memory(&self) -> usize {
        match *self {}
    }
}

/// There is none.
#[derive(Debug)]
pub(in crate::frame) enum Deflation {}

impl Deflation {
    pub(in crate::frame) const fn new(_: &DeflateConfig, _: Agreement) -> Option<Self> {
        None
    }

    pub(in crate::frame) fn wants(&self, _length: usize) -> bool {
        match *self {}
    }

    pub(in crate::frame) fn message(
        &mut self,
        _payload: &[u8],
        _pool: Option<&mut DeflatePool>,
        _out: &mut Vec<u8>,
    ) -> bool {
        match *self {}
    }

    pub(in crate::frame) fn piece(
        &mut self,
        _payload: &[u8],
        _last: bool,
        _pool: Option<&mut DeflatePool>,
        _out: &mut Vec<u8>,
    ) -> bool {
        match *self {}
    }

    pub(in crate::frame) fn release(&mut self, _pool: Option<&mut DeflatePool>) {
        match *self {}
    }

    pub(in crate::frame) fn memory(&self) -> usize {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::DeflateWindow;
    use super::*;
    use crate::frame::handshake::{Upgrade, WebSocketKey, write_request};
    use crate::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};

    const WINDOW: DeflateWindow = DeflateWindow { bits: 15, takeover: true };
    const AGREED: Agreement = Agreement { send: WINDOW, receive: WINDOW };

    #[test]
    fn nothing_is_compressed_whatever_was_agreed_on() {
        let config = DeflateConfig { threshold: 0, ..DeflateConfig::client() };
        let (mut writer, mut plain) = (Writer::server(), Writer::server());
        writer.deflate(&config, AGREED);
        let (mut frames, mut expected) = (Vec::new(), Vec::new());
        writer.text(&"once ".repeat(100), &mut frames).unwrap();
        plain.text(&"once ".repeat(100), &mut expected).unwrap();
        assert_eq!(frames, expected);
    }

    #[test]
    fn a_compressed_frame_breaks_the_protocol() {
        let mut reader = Reader::new(Role::Client, FrameConfig::default());
        reader.inflate(&DeflateConfig::client(), AGREED);
        reader.handle_bytes(&[0xc1, 0x01, 0x00]).unwrap();
        assert!(matches!(reader.poll_event(), Some(FrameEvent::Failed(_))));
    }

    #[test]
    fn nothing_is_offered() {
        let key = WebSocketKey::new([1; 16]);
        let config = DeflateConfig::client();
        let upgrade = Upgrade {
            host: "h",
            target: "/",
            key: &key,
            subprotocols: &[],
            deflate: Some(&config),
            origin: None,
            headers: &[],
        };
        let mut request = Vec::new();
        write_request(&upgrade, &mut request).unwrap();
        assert!(!String::from_utf8(request).unwrap().contains("Extensions"));
    }
}
