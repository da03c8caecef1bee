use std::hint::black_box;

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

use super::super::contender::{Contender, Operation, Sample};
use super::super::stream::{Cut, Memory};
use super::shared;

/// With its default read buffer of 128 KiB.
pub(crate) const DEFAULT: &str = "tungstenite";
/// With a read buffer of 4 KiB.
pub(crate) const SMALL: &str = "tungstenite, 4 KiB";

pub(crate) fn contender<'a>(
    operation: Operation,
    sample: &'a Sample,
    name: &'static str,
) -> Contender<'a> {
    let mut config = WebSocketConfig::default().write_buffer_size(0);
    if name == SMALL {
        config = config.read_buffer_size(4096);
    }
    let open =
        |role, cut| WebSocket::from_raw_socket(Memory::new(&sample.wire, cut), role, Some(config));
    match operation {
        Operation::Decode(cut) => {
            let mut socket = open(Role::Server, cut);
            Contender::new(name, move |messages| {
                for _ in 0..messages {
                    let Ok(Message::Text(text)) = socket.read() else { panic!("no text") };
                    black_box(text.as_str());
                }
            })
        }
        Operation::Client => send(name, open(Role::Client, Cut::Frame), sample),
        Operation::Server => send(name, open(Role::Server, Cut::Frame), sample),
        Operation::Echo => {
            let mut socket = open(Role::Server, Cut::Frame);
            Contender::new(name, move |messages| {
                for _ in 0..messages {
                    let message = socket.read().expect("a text");
                    socket.send(message).expect("memory is always ready");
                }
            })
        }
    }
}

fn send<'a>(
    name: &'static str,
    mut socket: WebSocket<Memory<'a>>,
    sample: &'a Sample,
) -> Contender<'a> {
    let texts: Vec<Utf8Bytes> =
        shared(sample).into_iter().map(|text| text.try_into().expect("UTF-8")).collect();
    let mut at = 0;
    Contender::new(name, move |messages| {
        for _ in 0..messages {
            let text = texts[at].clone();
            at = (at + 1) % texts.len();
            socket.send(Message::Text(text)).expect("memory is always ready");
        }
    })
}
