//! Where frames begin and end in the bytes that have come, to know whether a cut fell inside one.

/// The bytes of one direction so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Framing {
    /// The head of HTTP has ended.
    has_opened: bool,
    /// Its last bytes, or those of a header that is not whole.
    head: Vec<u8>,
    /// Bytes of the present frame that are yet to come.
    left: u64,
}

impl Framing {
    /// These have come.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.left > 0 {
                self.left -= 1;
                continue;
            }
            self.head.push(*byte);
            if !self.has_opened {
                self.has_opened = self.head.ends_with(b"\r\n\r\n");
                if self.has_opened {
                    self.head.clear();
                }
            } else if let Some(left) = left_of(&self.head) {
                self.left = left;
                self.head.clear();
            }
        }
    }

    /// A frame has begun and is not whole.
    pub(super) fn is_inside(&self) -> bool {
        self.has_opened && (self.left > 0 || !self.head.is_empty())
    }
}

/// The bytes behind a header (RFC 6455, section 5.2), once it is whole.
fn left_of(head: &[u8]) -> Option<u64> {
    let short = u64::from(*head.get(1)? & 0x7f);
    let mask = usize::from(head[1] >> 7) * 4;
    let (length, size) = match short {
        126 => (head.get(2..4)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 4),
        127 => (head.get(2..10)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 10),
        short => (short, 2),
    };
    (head.len() == size + mask).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_inside_until_its_last_byte() {
        let mut framing = Framing::default();
        framing.take(b"HTTP/1.1 101 Switching Protocols\r\n\r");
        assert!(!framing.is_inside());
        framing.take(b"\n");
        for frame in [&b"\x81\x02hi"[..], b"\x81\x82mmmmhi", b"\x81\x7e\x00\x01x", b"\x8a\x00"] {
            let (last, before) = frame.split_last().unwrap();
            framing.take(before);
            assert!(framing.is_inside(), "{frame:?}");
            framing.take(&[*last]);
            assert!(!framing.is_inside(), "{frame:?}");
        }
    }
}
