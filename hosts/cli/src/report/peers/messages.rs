//! Where messages begin in the bytes that pass over a wire.

/// One direction of a WebSocket: a head of HTTP, and frames behind it.
#[derive(Debug)]
pub(super) struct Messages {
    at: At,
}

#[derive(Debug)]
enum At {
    /// In the head, of whose end so many bytes have come.
    Head { come: usize },
    /// In the header of a frame, of which so many bytes are here.
    Header { bytes: [u8; LONGEST], here: usize },
    /// In a payload, of which so many bytes are to come.
    Payload { left: u64 },
}

const HEAD_END: &[u8] = b"\r\n\r\n";
/// The longest header: 2 bytes, a length of 8, a mask of 4 (RFC 6455 section 5.2).
const LONGEST: usize = 14;

impl Messages {
    /// Before the head.
    pub(super) const fn new() -> Self {
        Self { at: At::Head { come: 0 } }
    }

    /// Takes what passes. `begins` hears of each message whose payload begins in it: where that is,
    /// and how long the payload of its first frame is, at least one byte.
    pub(super) fn take(&mut self, bytes: &[u8], mut begins: impl FnMut(usize, u64)) {
        let mut place = 0;
        while place < bytes.len() {
            match &mut self.at {
                At::Head { come } => {
                    let byte = bytes[place];
                    place += 1;
                    *come = match byte {
                        byte if byte == HEAD_END[*come] => *come + 1,
                        b'\r' => 1,
                        _ => 0,
                    };
                    if *come == HEAD_END.len() {
                        self.at = HEADER;
                    }
                }
                At::Header { bytes: header, here } => {
                    header[*here] = bytes[place];
                    *here += 1;
                    place += 1;
                    let Some(length) = payload(&header[..*here]) else { continue };
                    let is_message = matches!(header[0] & 0x0f, TEXT | BINARY);
                    self.at = if length == 0 { HEADER } else { At::Payload { left: length } };
                    if is_message && length > 0 {
                        begins(place, length);
                    }
                }
                At::Payload { left } => {
                    let here =
                        (bytes.len() - place).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    place += here;
                    *left -= here as u64;
                    if *left == 0 {
                        self.at = HEADER;
                    }
                }
            }
        }
    }
}

const HEADER: At = At::Header { bytes: [0; LONGEST], here: 0 };
const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// The length of the payload behind a header, once the header is whole.
fn payload(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    if header.len() < 2 + length + mask {
        return None;
    }
    let extended = &header[2..2 + length];
    let long = extended.iter().fold(0, |long, byte| (long << 8) | u64::from(*byte));
    Some(if length == 0 { u64::from(second & 0x7f) } else { long })
}

#[cfg(test)]
mod tests {
    use pamlink::frame::Writer;
    use pamlink::seed::Seed;

    use super::*;

    /// Where payloads begin in `wire`, which comes in parts of `size` bytes, and their lengths.
    fn found(wire: &[u8], size: usize) -> Vec<(usize, u64)> {
        let (mut messages, mut found) = (Messages::new(), Vec::new());
        for (number, part) in wire.chunks(size).enumerate() {
            messages.take(part, |place, length| found.push((number * size + place, length)));
        }
        found
    }

    #[test]
    fn messages_are_found_however_their_bytes_come() {
        for mut writer in [Writer::server(), Writer::client(Seed::from_number(7))] {
            let mut wire = b"GET / HTTP/1.1\r\n\rX: \r\r\n\r\n".to_vec();
            let mut expected = Vec::new();
            for length in [1, 125, 126, 65_535, 65_536] {
                writer.ping(b"between", &mut wire).unwrap();
                writer.text("", &mut wire).unwrap();
                writer.text(&"x".repeat(length), &mut wire).unwrap();
                expected.push((wire.len() - length, length as u64));
            }
            for size in [1, 3, 1_000, wire.len()] {
                assert_eq!(found(&wire, size), expected, "parts of {size}");
            }
        }
    }
}
