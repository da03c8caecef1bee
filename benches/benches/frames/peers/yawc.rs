use std::hint::black_box;

use futures_util::SinkExt;
use yawc::{Frame, Options, Role, WebSocket};

use super::super::contender::{Contender, Operation, Sample};
use super::super::stream::{Cut, Memory, ready};
use super::{READ, shared};

const NAME: &str = "yawc";

pub(crate) fn contender(operation: Operation, sample: &Sample) -> Contender<'_> {
    // A message of 1 MiB is over its own limit. It checks text only when told to.
    let mut options = Options::default().with_limits(2 << 20, 4 << 20).with_utf8();
    if operation == Operation::Decode(Cut::Batch) {
        options = options.with_read_buffer_capacity(READ);
    }
    let open = |role, cut| {
        let memory = Memory::new(&sample.wire, cut);
        WebSocket::from_stream(memory, role, options.clone()).expect("no extension was agreed")
    };
    match operation {
        Operation::Decode(cut) => {
            let mut socket = open(Role::Server, cut);
            Contender::new(NAME, move |messages| {
                ready(async {
                    for _ in 0..messages {
                        let frame = socket.next_frame().await.expect("a frame");
                        black_box(&frame.payload()[..]);
                    }
                });
            })
        }
        Operation::Client => send(open(Role::Client, Cut::Frame), sample),
        Operation::Server => send(open(Role::Server, Cut::Frame), sample),
        Operation::Echo => {
            let mut socket = open(Role::Server, Cut::Frame);
            Contender::new(NAME, move |messages| {
                ready(async {
                    for _ in 0..messages {
                        let frame = socket.next_frame().await.expect("a frame");
                        let frame = Frame::text(frame.into_payload());
                        socket.send(frame).await.expect("a write");
                    }
                });
            })
        }
    }
}

fn send<'a>(mut socket: WebSocket<Memory<'a>>, sample: &'a Sample) -> Contender<'a> {
    let texts = shared(sample);
    let mut at = 0;
    Contender::new(NAME, move |messages| {
        ready(async {
            for _ in 0..messages {
                let text = texts[at].clone();
                at = (at + 1) % texts.len();
                socket.send(Frame::text(text)).await.expect("a write");
            }
        });
    })
}
