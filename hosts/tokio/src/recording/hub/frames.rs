//! The frames that come over a link, without their masks: a recording has them with a mask of zeros,
//! so that what is text can be read, and searched for tokens.

use super::letters::Letters;
use super::members::Members;

/// What a byte that has come is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The head of a frame.
    Head,
    /// A message.
    Message,
    /// A control frame.
    Control,
}

/// Where among the frames of a link it is.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; 14],
    /// How much of the head has come.
    known: usize,
    /// What is to come of the payload, once the head is known.
    payload: Option<Payload>,
    /// The message that is under way is text.
    is_text: bool,
    members: Members,
    letters: Letters,
}

#[derive(Clone, Copy, Debug)]
struct Payload {
    left: u64,
    mask: [u8; 4],
    is_control: bool,
}

impl Frames {
    /// The next byte, or what stands for it.
    pub(super) fn pass(&mut self, byte: u8) -> (Of, u8) {
        let Some(mut payload) = self.payload.take() else { return (Of::Head, self.of_head(byte)) };
        let plain = byte ^ payload.mask[0];
        payload.mask.rotate_left(1);
        payload.left -= 1;
        self.payload = (payload.left > 0).then_some(payload);
        match payload.is_control {
            true => (Of::Control, plain),
            false if self.is_text => (Of::Message, self.members.pass(plain)),
            // Nothing that the hub reads.
            false => (Of::Message, self.letters.letter(plain)),
        }
    }

    /// The next byte of a head. That of a mask is 0.
    fn of_head(&mut self, byte: u8) -> u8 {
        self.head[self.known] = byte;
        self.known += 1;
        if self.known < 2 {
            return byte;
        }
        let extended = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let (mask_at, is_masked) = (2 + extended, self.head[1] & 0x80 != 0);
        let shown = if self.known > mask_at { 0 } else { byte };
        if self.known == mask_at + if is_masked { 4 } else { 0 } {
            self.begin_payload(mask_at, is_masked);
        }
        shown
    }

    fn begin_payload(&mut self, mask_at: usize, is_masked: bool) {
        let mut mask = [0; 4];
        if is_masked {
            mask.copy_from_slice(&self.head[mask_at..mask_at + 4]);
        }
        let long = self.head[2..mask_at].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let left = if mask_at > 2 { long } else { u64::from(self.head[1] & 0x7f) };
        let opcode = self.head[0] & 0x0f;
        if matches!(opcode, 1 | 2) {
            self.is_text = opcode == 1;
            (self.members, self.letters) = (Members::default(), Letters::default());
        }
        let payload = Payload { left, mask, is_control: opcode & 8 != 0 };
        self.payload = (left > 0).then_some(payload);
        self.known = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of a client.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x5a, 0x01, 0xff, 0x80];
        let mut out = vec![first];
        match payload.len() {
            short @ ..126 => out.push(0x80 | short as u8),
            long @ ..0x1_0000 => {
                out.push(0x80 | 126);
                out.extend_from_slice(&(long as u16).to_be_bytes());
            }
            longest => {
                out.push(0x80 | 127);
                out.extend_from_slice(&(longest as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(&mask);
        out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        out
    }

    fn passed(bytes: &[u8]) -> (Vec<u8>, Vec<Of>) {
        let mut frames = Frames::default();
        bytes.iter().map(|byte| frames.pass(*byte)).map(|(of, byte)| (byte, of)).unzip()
    }

    #[test]
    fn messages_of_every_length_are_shown_without_their_mask() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let text = vec![b'a'; length];
            let came = frame(0x81, &text);
            let (shown, of) = passed(&[came.clone(), frame(0x89, b"ping")].concat());
            assert_eq!(shown.len(), came.len() + 10);
            let said: Vec<_> =
                shown.iter().zip(&of).filter(|(_, of)| **of == Of::Message).collect();
            assert!(said.len() == length && said.iter().all(|(byte, _)| **byte == b'a'));
            assert!(shown.ends_with(b"\x89\x84\0\0\0\0ping"), "{length}");
            assert!(of.ends_with(&[Of::Head, Of::Control, Of::Control, Of::Control, Of::Control]));
        }
    }

    #[test]
    fn a_token_is_hidden_across_fragments_with_a_ping_between() {
        let parts = [
            frame(0x01, br#"{"type":"hello","tok"#),
            frame(0x00, br#"en":"sec"#),
            frame(0x89, b"here?"),
            frame(0x80, br#"ret"}"#),
            frame(0x82, b"secret"),
        ];
        let (shown, of) = passed(&parts.concat());
        let said = shown.iter().zip(&of).filter(|(_, of)| **of == Of::Message);
        let said = said.map(|(byte, _)| *byte).collect();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said, r#"{"type":"hello","token":"hidden"}hidden"#);
    }
}
