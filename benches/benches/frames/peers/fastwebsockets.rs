use std::hint::black_box;

use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};

use super::super::contender::{Contender, Operation, Sample};
use super::super::stream::{Cut, Memory, ready};

const NAME: &str = "fastwebsockets";

pub(crate) fn contender(operation: Operation, sample: &Sample) -> Contender<'_> {
    let open = |role, cut| WebSocket::after_handshake(Memory::new(&sample.wire, cut), role);
    match operation {
        Operation::Decode(cut) => {
            let mut socket = FragmentCollector::new(open(Role::Server, cut));
            Contender::new(NAME, move |messages| {
                ready(async {
                    for _ in 0..messages {
                        let frame = socket.read_frame().await.expect("a frame");
                        assert!(frame.opcode == OpCode::Text);
                        black_box(&frame.payload[..]);
                    }
                });
            })
        }
        Operation::Client => {
            let mut socket = open(Role::Client, Cut::Frame);
            let (mut masked, mut texts) = (vec![0; sample.size], sample.texts.iter().cycle());
            Contender::new(NAME, move |messages| {
                ready(async {
                    for text in texts.by_ref().take(messages) {
                        // It masks in place.
                        masked.copy_from_slice(text.as_bytes());
                        let payload = Payload::BorrowedMut(&mut masked);
                        socket.write_frame(Frame::text(payload)).await.expect("a write");
                        socket.flush().await.expect("a flush");
                    }
                });
            })
        }
        Operation::Server => {
            let mut socket = open(Role::Server, Cut::Frame);
            let mut texts = sample.texts.iter().cycle();
            Contender::new(NAME, move |messages| {
                ready(async {
                    for text in texts.by_ref().take(messages) {
                        let payload = Payload::Borrowed(text.as_bytes());
                        socket.write_frame(Frame::text(payload)).await.expect("a write");
                        socket.flush().await.expect("a flush");
                    }
                });
            })
        }
        Operation::Echo => {
            let mut socket = FragmentCollector::new(open(Role::Server, Cut::Frame));
            Contender::new(NAME, move |messages| {
                ready(async {
                    for _ in 0..messages {
                        let frame = socket.read_frame().await.expect("a frame");
                        let frame = Frame::text(frame.payload);
                        socket.write_frame(frame).await.expect("a write");
                    }
                });
            })
        }
    }
}
