//! pamlink's reader and writer, with every bound in its default.

use std::hint::black_box;
use std::io::{IoSlice, Read, Write};

use pamlink::frame::{FrameConfig, FrameEvent, Header, MessageKind, Reader, Role, Writer};
use pamlink::seed::Seed;

use super::contender::{Contender, Operation, Sample};
use super::stream::{Cut, Memory};

pub(crate) const NAME: &str = "pamlink";

pub(crate) fn contender(operation: Operation, sample: &Sample) -> Contender<'_> {
    match operation {
        Operation::Decode(cut) => decode(sample, cut),
        Operation::Client => client(sample),
        Operation::Server => server(sample),
        Operation::Echo => echo(sample),
    }
}

/// A reader, and how much it is asked to lend for each read: who expects batches lends more and
/// keeps it.
fn reader(cut: Cut) -> (Reader, usize) {
    let config = FrameConfig::default();
    match cut {
        Cut::Frame => (Reader::new(Role::Server, config), config.retain / 2),
        Cut::Batch => {
            let config = FrameConfig { retain: 32 * 1024, ..config };
            (Reader::new(Role::Server, config), config.retain / 2)
        }
    }
}

fn decode(sample: &Sample, cut: Cut) -> Contender<'_> {
    let mut memory = Memory::new(&sample.wire, cut);
    let (mut reader, least) = reader(cut);
    Contender::new(NAME, move |messages| {
        for _ in 0..messages {
            loop {
                if let Some(event) = reader.poll_event() {
                    let FrameEvent::Text(text) = event else { panic!("{event:?}") };
                    black_box(text);
                    break;
                }
                fill(&mut reader, least, &mut memory);
            }
        }
    })
}

#[inline]
fn fill(reader: &mut Reader, least: usize, memory: &mut Memory<'_>) {
    let space = reader.space(least).expect("events were polled");
    let read = memory.read(space).expect("memory is always ready");
    reader.filled(read);
}

fn client(sample: &Sample) -> Contender<'_> {
    let mut memory = Memory::new(&sample.wire, Cut::Frame);
    let mut writer = Writer::client(Seed::from_number(1));
    let (mut out, mut texts) = (Vec::new(), sample.texts.iter().cycle());
    Contender::new(NAME, move |messages| {
        for text in texts.by_ref().take(messages) {
            writer.text(text, &mut out).expect("no message is open");
            memory.write_all(&out).expect("memory is always ready");
            out.clear();
        }
    })
}

fn server(sample: &Sample) -> Contender<'_> {
    let mut memory = Memory::new(&sample.wire, Cut::Frame);
    let mut texts = sample.texts.iter().cycle();
    Contender::new(NAME, move |messages| {
        for text in texts.by_ref().take(messages) {
            send(text, &mut memory);
        }
    })
}

/// A frame of a server whose payload stays where it is.
#[inline]
fn send(text: &str, memory: &mut Memory<'_>) {
    let header = Header::of_server(MessageKind::Text, text.len());
    let slices = [IoSlice::new(header.as_bytes()), IoSlice::new(text.as_bytes())];
    black_box(memory.write_vectored(&slices).expect("memory is always ready"));
}

fn echo(sample: &Sample) -> Contender<'_> {
    let mut memory = Memory::new(&sample.wire, Cut::Frame);
    let (mut reader, least) = reader(Cut::Frame);
    Contender::new(NAME, move |messages| {
        for _ in 0..messages {
            loop {
                if let Some(event) = reader.poll_event() {
                    let FrameEvent::Text(text) = event else { panic!("{event:?}") };
                    send(text, &mut memory);
                    break;
                }
                fill(&mut reader, least, &mut memory);
            }
        }
    })
}
