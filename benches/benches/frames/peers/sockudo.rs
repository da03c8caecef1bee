use std::hint::black_box;
use std::io::Write;

use bytes::BytesMut;
use sockudo_ws::protocol::Protocol;
use sockudo_ws::{Message, Role};

use super::super::contender::{Contender, Operation, Sample};
use super::super::stream::{BLOCK, Cut, Memory};
use super::{READ, shared};

const NAME: &str = "sockudo-ws";

/// Its sans-IO layer.
fn protocol(role: Role) -> Protocol {
    Protocol::new(role, 2 << 20, 2 << 20)
}

pub(crate) fn contender(operation: Operation, sample: &Sample) -> Contender<'_> {
    match operation {
        Operation::Decode(cut) => {
            let mut incoming = Incoming::new(sample, cut);
            Contender::new(NAME, move |messages| {
                for _ in 0..messages {
                    black_box(incoming.next().as_text().expect("a text"));
                }
            })
        }
        Operation::Client => send(protocol(Role::Client), sample),
        Operation::Server => send(protocol(Role::Server), sample),
        Operation::Echo => {
            let mut incoming = Incoming::new(sample, Cut::Frame);
            let mut out = BytesMut::new();
            Contender::new(NAME, move |messages| {
                for _ in 0..messages {
                    let message = incoming.next();
                    incoming.protocol.encode_message(&message, &mut out).expect("it is open");
                    incoming.memory.write_all(&out).expect("memory is always ready");
                    out.clear();
                }
            })
        }
    }
}

struct Incoming<'a> {
    protocol: Protocol,
    memory: Memory<'a>,
    bytes: BytesMut,
    messages: Vec<Message>,
}

impl<'a> Incoming<'a> {
    fn new(sample: &'a Sample, cut: Cut) -> Self {
        Self {
            protocol: protocol(Role::Server),
            memory: Memory::new(&sample.wire, cut),
            bytes: BytesMut::with_capacity(READ),
            messages: Vec::new(),
        }
    }

    #[inline]
    fn next(&mut self) -> Message {
        loop {
            if let Some(message) = self.messages.pop() {
                return message;
            }
            let part = self.memory.part(READ);
            self.bytes.reserve(part.len());
            part.chunks(BLOCK).for_each(|block| self.bytes.extend_from_slice(block));
            self.protocol.process_into(&mut self.bytes, &mut self.messages).expect("no fault");
            self.messages.reverse();
        }
    }
}

fn send(mut protocol: Protocol, sample: &Sample) -> Contender<'_> {
    let texts: Vec<Message> = shared(sample).into_iter().map(Message::Text).collect();
    let mut memory = Memory::new(&sample.wire, Cut::Frame);
    let (mut out, mut at) = (BytesMut::new(), 0);
    Contender::new(NAME, move |messages| {
        for _ in 0..messages {
            protocol.encode_message(&texts[at], &mut out).expect("it is open");
            at = (at + 1) % texts.len();
            memory.write_all(&out).expect("memory is always ready");
            out.clear();
        }
    })
}
