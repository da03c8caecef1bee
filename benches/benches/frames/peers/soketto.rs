use std::hint::black_box;

use soketto::Data;
use soketto::connection::{Builder, Mode, Sender};

use super::super::contender::{Contender, Operation, Sample};
use super::super::stream::{Cut, Memory, ready};

const NAME: &str = "soketto";

pub(crate) fn contender(operation: Operation, sample: &Sample) -> Contender<'_> {
    let open = |mode, cut| Builder::new(Memory::new(&sample.wire, cut), mode).finish();
    match operation {
        Operation::Decode(cut) => {
            let (_sender, mut receiver) = open(Mode::Server, cut);
            let mut message = Vec::new();
            let run = move |messages| {
                ready(async {
                    for _ in 0..messages {
                        message.clear();
                        let data = receiver.receive_data(&mut message).await.expect("a message");
                        assert!(matches!(data, Data::Text(_)));
                        black_box(&message[..]);
                    }
                });
            };
            Contender::new(NAME, run).unchecked()
        }
        Operation::Client => send(open(Mode::Client, Cut::Frame).0, sample),
        Operation::Server => send(open(Mode::Server, Cut::Frame).0, sample),
        Operation::Echo => {
            let (mut sender, mut receiver) = open(Mode::Server, Cut::Frame);
            let mut message = Vec::new();
            Contender::new(NAME, move |messages| {
                ready(async {
                    for _ in 0..messages {
                        message.clear();
                        receiver.receive_data(&mut message).await.expect("a message");
                        // It sends text from a `str` alone, which its caller has to make.
                        let text = simdutf8::basic::from_utf8(&message).expect("UTF-8");
                        sender.send_text(text).await.expect("a write");
                        sender.flush().await.expect("a flush");
                    }
                });
            })
        }
    }
}

fn send<'a>(mut sender: Sender<Memory<'a>>, sample: &'a Sample) -> Contender<'a> {
    let mut texts = sample.texts.iter().cycle();
    Contender::new(NAME, move |messages| {
        ready(async {
            for text in texts.by_ref().take(messages) {
                sender.send_text(text).await.expect("a write");
                sender.flush().await.expect("a flush");
            }
        });
    })
}
