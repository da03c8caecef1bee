use pamlink_benches::samples::Random;
use std::hint::black_box;
use std::io::{IoSlice, Read, Write};
use std::ops::Range;

use websocket_sans_io::{
    FrameInfo, Opcode, WebsocketFrameDecoder, WebsocketFrameEncoder, WebsocketFrameEvent,
};

use super::super::contender::{Contender, Operation, Sample};
use super::super::stream::{Cut, Memory};
use super::READ;

/// It decodes any bytes and puts no message together; that and the check of text are added here.
const NAME: &str = "websocket-sans-io + simdutf8";

pub(crate) fn contender(operation: Operation, sample: &Sample) -> Contender<'_> {
    match operation {
        Operation::Decode(cut) => {
            let mut incoming = Incoming::new(sample, cut);
            Contender::new(NAME, move |messages| {
                for _ in 0..messages {
                    black_box(incoming.next());
                }
            })
        }
        Operation::Client => client(sample),
        Operation::Server => {
            let mut memory = Memory::new(&sample.wire, Cut::Frame);
            let mut texts = sample.texts.iter().cycle();
            Contender::new(NAME, move |messages| {
                for text in texts.by_ref().take(messages) {
                    send(text, &mut memory);
                }
            })
        }
        Operation::Echo => {
            let mut incoming = Incoming::new(sample, Cut::Frame);
            let mut out = Memory::new(&sample.wire, Cut::Frame);
            Contender::new(NAME, move |messages| {
                for _ in 0..messages {
                    send(incoming.next(), &mut out);
                }
            })
        }
    }
}

fn client(sample: &Sample) -> Contender<'_> {
    let mut memory = Memory::new(&sample.wire, Cut::Frame);
    let mut encoder = WebsocketFrameEncoder::new();
    let (mut out, mut keys) = (Vec::new(), Random(1));
    let mut texts = sample.texts.iter().cycle();
    Contender::new(NAME, move |messages| {
        for text in texts.by_ref().take(messages) {
            let mask = Some((keys.draw() as u32).to_ne_bytes());
            let header = encoder.start_frame(&info(text, mask));
            out.extend_from_slice(&header);
            let start = out.len();
            out.extend_from_slice(text.as_bytes());
            encoder.transform_frame_payload(&mut out[start..]);
            memory.write_all(&out).expect("memory is always ready");
            out.clear();
        }
    })
}

/// A frame of a server whose payload stays where it is.
#[inline]
fn send(text: &str, memory: &mut Memory<'_>) {
    let header = WebsocketFrameEncoder::new().start_frame(&info(text, None));
    let slices = [IoSlice::new(&header), IoSlice::new(text.as_bytes())];
    black_box(memory.write_vectored(&slices).expect("memory is always ready"));
}

fn info(text: &str, mask: Option<[u8; 4]>) -> FrameInfo {
    let payload_length = text.len() as u64;
    FrameInfo { opcode: Opcode::Text, payload_length, mask, fin: true, reserved: 0 }
}

/// Puts messages together. One that lies whole in the read buffer is lent from there.
struct Incoming<'a> {
    decoder: WebsocketFrameDecoder,
    memory: Memory<'a>,
    buffer: Vec<u8>,
    /// What of the buffer was not decoded yet.
    unread: Range<usize>,
    message: Vec<u8>,
}

impl<'a> Incoming<'a> {
    fn new(sample: &'a Sample, cut: Cut) -> Self {
        Self {
            decoder: WebsocketFrameDecoder::new(),
            memory: Memory::new(&sample.wire, cut),
            buffer: vec![0; READ],
            unread: 0..0,
            message: Vec::new(),
        }
    }

    #[inline]
    fn next(&mut self) -> &str {
        self.message.clear();
        let (mut part, mut length) = (0..0, 0);
        loop {
            let unread = &mut self.buffer[self.unread.clone()];
            let done = self.decoder.add_data(unread).unwrap_or_else(|never| match never {});
            let start = self.unread.start;
            self.unread.start += done.consumed_bytes;
            match done.event {
                Some(WebsocketFrameEvent::Start { frame_info, .. }) => {
                    length = frame_info.payload_length as usize;
                }
                Some(WebsocketFrameEvent::PayloadChunk { .. }) => {
                    part = start..self.unread.start;
                    if part.len() < length {
                        self.message.extend_from_slice(&self.buffer[part.clone()]);
                    }
                }
                Some(WebsocketFrameEvent::End { .. }) => break,
                None if done.consumed_bytes == 0 => {
                    let read = self.memory.read(&mut self.buffer).expect("it is always ready");
                    self.unread = 0..read;
                }
                None => {}
            }
        }
        let text = if part.len() == length { &self.buffer[part] } else { &self.message };
        simdutf8::basic::from_utf8(text).expect("UTF-8")
    }
}
