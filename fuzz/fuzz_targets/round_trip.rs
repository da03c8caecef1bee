//! Whatever is written is read, in any chunking: messages of both kinds, whole and in fragments,
//! control frames between them, a Close at the end; plain and compressed.
//!
//! The first byte of an input chooses who writes and whether it compresses, the second the
//! chunking; then each step is one byte that says what is written, two for its length, and one
//! that fills its payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pamlink::frame::{
    Agreement, CloseCode, DeflateConfig, DeflatePool, DeflateWindow, FrameConfig, FrameEvent,
    MessageKind, Reader, Role, Writer,
};
use pamlink::seed::Seed;

fuzz_target!(|input: &[u8]| {
    let [options, chunking, steps @ ..] = input else { return };
    let mut pair = Pair::new(*options);
    for step in steps.as_chunks().0.iter().take(STEPS) {
        pair.write(*step);
    }
    pair.read(usize::from(*chunking).max(1) * 7);
});

/// So many steps and bytes are read fast enough to try many.
const STEPS: usize = 64;
const MOST: usize = 128 * 1024;

/// The events that the reader must have.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
}

struct Pair {
    writer: Writer,
    reader: Reader,
    wire: Vec<u8>,
    said: Vec<Said>,
    /// The message that is written in fragments.
    open: Option<(MessageKind, Vec<u8>)>,
    /// What compresses and inflates, if it is not the writer's and reader's own.
    pools: Option<(DeflatePool, DeflatePool)>,
}

impl Pair {
    fn new(options: u8) -> Self {
        let (mut writer, role) = if options & 1 == 1 {
            (Writer::client(Seed::from_number(7)), Role::Server)
        } else {
            (Writer::server(), Role::Client)
        };
        let mut reader = Reader::new(role, FrameConfig::default());
        if options & 2 == 2 {
            let window = DeflateWindow { bits: 9 + (options >> 3) % 7, takeover: options & 4 == 4 };
            let agreed = Agreement { send: window, receive: window };
            let mut config = DeflateConfig::server();
            config.threshold = 32;
            // What fills a payload here repeats itself more than anybody's words.
            config.max_ratio = 2_000;
            writer.deflate(&config, agreed);
            reader.inflate(&config, agreed);
        }
        let pools = (options & 0x40 != 0)
            .then(|| (DeflatePool::with_kept(usize::from(options >> 7)), DeflatePool::default()));
        Self { writer, reader, wire: Vec::new(), said: Vec::new(), open: None, pools }
    }

    /// Writes what a step says, or is refused and has written nothing.
    fn write(&mut self, [what, high, low, fill]: [u8; 4]) {
        let length = usize::from(u16::from_be_bytes([high, low]) >> (what >> 5));
        if self.wire.len() + length > MOST {
            return;
        }
        let bytes: Vec<u8> = (0..length).map(|at| fill.wrapping_add(at as u8 & what)).collect();
        let text = || bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let before = self.wire.len();
        let (writer, wire, pools) = (&mut self.writer, &mut self.wire, &mut self.pools);
        if what & 0x10 == 0x10 {
            writer.release(pools.as_mut().map(|pools| &mut pools.0));
        }
        let (written, said) = match what & 7 {
            0 => {
                let text = text();
                let written = match pools {
                    Some((pool, _)) => {
                        writer.message_with(MessageKind::Text, text.as_bytes(), pool, wire)
                    }
                    None => writer.text(&text, wire),
                };
                (written, Said::Text(text))
            }
            1 => match pools {
                Some((pool, _)) => {
                    let written = writer.message_with(MessageKind::Binary, &bytes, pool, wire);
                    (written, Said::Binary(bytes))
                }
                None => (writer.binary(&bytes, wire), Said::Binary(bytes)),
            },
            2 => (writer.ping(&bytes, wire), Said::Ping(bytes)),
            3 => (writer.pong(&bytes, wire), Said::Pong(bytes)),
            4 if length > 60_000 => {
                let code = CloseCode::new(1000 + u16::from(fill));
                // What is too long is cut, and a code that may not be sent is refused.
                match writer.close(code, "bye", wire) {
                    Ok(()) if code == CloseCode::NO_STATUS => return,
                    written => (written, Said::Close(code.as_u16(), "bye".to_owned())),
                }
            }
            fragment => return self.fragment(fragment == 7, what & 8 != 0, bytes),
        };
        match written {
            Ok(()) => self.said.push(said),
            Err(_) => assert_eq!(self.wire.len(), before, "a refusal has written"),
        }
    }

    fn fragment(&mut self, fin: bool, text: bool, mut bytes: Vec<u8>) {
        let kind = if text { MessageKind::Text } else { MessageKind::Binary };
        let kind = self.open.as_ref().map_or(kind, |open| open.0);
        if kind == MessageKind::Text {
            bytes.iter_mut().for_each(|byte| *byte &= 0x7f);
        }
        if self.writer.fragment(kind, fin, &bytes, &mut self.wire).is_err() {
            assert!(self.writer.is_closed());
            return;
        }
        let (_, message) = self.open.get_or_insert((kind, Vec::new()));
        message.extend_from_slice(&bytes);
        if fin && let Some((kind, message)) = self.open.take() {
            self.said.push(match kind {
                MessageKind::Text => Said::Text(String::from_utf8(message).expect("ASCII")),
                MessageKind::Binary => Said::Binary(message),
            });
        }
    }

    fn read(&mut self, part: usize) {
        let mut said = self.said.drain(..);
        for part in self.wire.chunks(part) {
            self.reader.space(part.len()).expect("it is drained")[..part.len()]
                .copy_from_slice(part);
            self.reader.filled(part.len());
            loop {
                let event = match &mut self.pools {
                    Some((_, pool)) => self.reader.poll_event_with(pool),
                    None => self.reader.poll_event(),
                };
                let Some(event) = event else { break };
                let read = match event {
                    FrameEvent::Text(text) => Said::Text(text.to_owned()),
                    FrameEvent::Binary(bytes) => Said::Binary(bytes.to_vec()),
                    FrameEvent::Ping(bytes) => Said::Ping(bytes.to_vec()),
                    FrameEvent::Pong(bytes) => Said::Pong(bytes.to_vec()),
                    FrameEvent::Close(Some(close)) => {
                        Said::Close(close.code.as_u16(), close.reason.to_owned())
                    }
                    FrameEvent::Close(None) => break,
                    // A message of too many fragments or bytes: no event follows.
                    FrameEvent::Failed(error) => {
                        assert_eq!(error.close_code().as_u16(), 1009, "{error}");
                        return;
                    }
                };
                assert_eq!(Some(read), said.next(), "written and read differ");
            }
        }
        assert_eq!(said.next(), None, "written and not read");
    }
}
