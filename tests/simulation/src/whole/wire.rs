//! What was said over a link, read from the bytes that have come.

/// The texts of one direction (RFC 6455, section 5), behind the head of HTTP.
#[derive(Debug, Default)]
pub(super) struct Texts {
    has_opened: bool,
    /// Bytes of a head or a frame that is not whole.
    bytes: Vec<u8>,
    /// A message of several frames, so far.
    message: Vec<u8>,
}

impl Texts {
    const END_OF_HEAD: &[u8] = b"\r\n\r\n";

    /// These have come; the texts that are whole with them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.bytes.extend_from_slice(bytes);
        if !self.has_opened {
            let end = self.bytes.windows(4).position(|it| it == Self::END_OF_HEAD);
            let Some(end) = end else { return Vec::new() };
            self.bytes.drain(..end + Self::END_OF_HEAD.len());
            self.has_opened = true;
        }
        let mut texts = Vec::new();
        while let Some(frame) = Frame::first(&self.bytes) {
            // A control frame may stand among those of a message.
            if frame.opcode < 8 {
                self.message.extend(frame.payload(&self.bytes));
                if frame.is_last {
                    let message = core::mem::take(&mut self.message);
                    texts.extend(String::from_utf8(message));
                }
            }
            self.bytes.drain(..frame.end);
        }
        texts
    }
}

/// Where a frame has its parts.
#[derive(Debug)]
struct Frame {
    opcode: u8,
    is_last: bool,
    mask: [u8; 4],
    begin: usize,
    end: usize,
}

impl Frame {
    /// The frame at the beginning of these bytes, once it is whole.
    fn first(bytes: &[u8]) -> Option<Self> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let number = |digits: &[u8]| digits.iter().fold(0, |sum, it| sum << 8 | usize::from(*it));
        let (length, mut begin) = match second & 0x7f {
            126 => (number(bytes.get(2..4)?), 4),
            127 => (number(bytes.get(2..10)?), 10),
            short => (usize::from(short), 2),
        };
        let mut mask = [0; 4];
        if second & 0x80 != 0 {
            mask = bytes.get(begin..begin + 4)?.try_into().ok()?;
            begin += 4;
        }
        let end = begin + length;
        let is_last = first & 0x80 != 0;
        (bytes.len() >= end).then_some(Self { opcode: first & 15, is_last, mask, begin, end })
    }

    fn payload(&self, bytes: &[u8]) -> impl Iterator<Item = u8> {
        let mask = self.mask.into_iter().cycle();
        bytes[self.begin..self.end].iter().zip(mask).map(|(byte, mask)| byte ^ mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_whatever_the_bytes_come_in() {
        let all = b"GET / HTTP/1.1\r\n\r\n\x81\x82\x01\x02\x03\x04im\x01\x01a\x89\x01!\x80\x01b";
        for size in 1..all.len() {
            let mut texts = Texts::default();
            let read: Vec<_> = all.chunks(size).flat_map(|part| texts.take(part)).collect();
            assert_eq!(read, ["ho", "ab"], "in parts of {size}");
        }
    }
}
