use std::hint::black_box;

use futures_util::{SinkExt, StreamExt};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder, WebSocketStream};

use super::super::contender::{Contender, Operation, Sample};
use super::super::stream::{Cut, Memory, ready};
use super::shared;

const NAME: &str = "tokio-websockets";

pub(crate) fn contender(operation: Operation, sample: &Sample) -> Contender<'_> {
    let server = |cut| ServerBuilder::new().serve(Memory::new(&sample.wire, cut));
    match operation {
        Operation::Decode(cut) => {
            let mut socket = server(cut);
            Contender::new(NAME, move |messages| {
                ready(async {
                    for _ in 0..messages {
                        let message = socket.next().await.expect("a message").expect("no fault");
                        black_box(message.as_text().expect("a text"));
                    }
                });
            })
        }
        Operation::Client => {
            let memory = Memory::new(&sample.wire, Cut::Frame);
            send(ClientBuilder::new().take_over(memory), sample)
        }
        Operation::Server => send(server(Cut::Frame), sample),
        Operation::Echo => {
            let mut socket = server(Cut::Frame);
            Contender::new(NAME, move |messages| {
                ready(async {
                    for _ in 0..messages {
                        let message = socket.next().await.expect("a message").expect("no fault");
                        socket.send(message).await.expect("a write");
                    }
                });
            })
        }
    }
}

fn send<'a>(mut socket: WebSocketStream<Memory<'a>>, sample: &'a Sample) -> Contender<'a> {
    let texts = shared(sample);
    let mut at = 0;
    Contender::new(NAME, move |messages| {
        ready(async {
            for _ in 0..messages {
                let text = texts[at].clone();
                at = (at + 1) % texts.len();
                socket.send(Message::text(text)).await.expect("a write");
            }
        });
    })
}
