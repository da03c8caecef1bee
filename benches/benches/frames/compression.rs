//! What compression costs, beside the bare call of the library, and from which length it saves
//! anything.

use std::hint::black_box;
use std::io::Write;

use flate2::{Compress, Compression, FlushCompress};
use pamlink::frame::{Agreement, DeflateConfig, Writer};
use pamlink_benches::rows::{Row, Rows};
use pamlink_benches::samples::Random;

use super::contender::{Contender, Sample, measure};
use super::sample::{Script, length};
use super::stream::{Cut, Memory};

/// Chats together are longer than the window of 32 KiB by so much that none helps to compress
/// itself once more.
const DISTINCT: usize = 512 * 1024;

pub(crate) fn run(rounds: usize, rows: &mut Rows) {
    let sample = chats(300);
    let contenders = vec![ours(&sample, true), bare(&sample)];
    let figures = measure(rounds, contenders);
    let row = Row::new("compression, chats of 300 B, takeover", figures[0].nanos, "ns");
    rows.push(row.beside("zlib-rs through flate2, alone", figures[1].nanos).at_most_times(1.15));
    let row = Row::new("compression: allocations", figures[0].allocations, "a message");
    rows.push(row.at_most(0.0));

    eprintln!("\ncompression by length: bytes saved of a frame, nanoseconds more than plain");
    eprintln!("{:>10}{:>22}{:>22}", "", "takeover", "no takeover");
    for size in [32, 64, 96, 128, 192, 256, 512, 1024, 2048] {
        let sample = chats(size);
        let contenders = vec![ours(&sample, true), ours(&sample, false), plain(&sample)];
        let figures = measure(rounds.min(11), contenders);
        eprint!("{:>10}", length(size));
        for (figure, takeover) in figures.iter().zip([true, false]) {
            let (saved, more) = (saved(&sample, takeover), figure.nanos - figures[2].nanos);
            eprint!("{:>12}{more:>10.0}", format!("{saved:.1} B"));
        }
        eprintln!();
    }
}

/// A writer that compresses all that it is given, if that becomes shorter.
fn writer(takeover: bool) -> Writer {
    let mut config = DeflateConfig::server();
    config.threshold = 0;
    config.send.takeover = takeover;
    let mut writer = Writer::server();
    writer.deflate(&config, Agreement { send: config.send, receive: config.receive });
    writer
}

fn ours(sample: &Sample, takeover: bool) -> Contender<'_> {
    write(sample, "pamlink", writer(takeover))
}

fn plain(sample: &Sample) -> Contender<'_> {
    write(sample, "plain", Writer::server())
}

fn write<'a>(sample: &'a Sample, name: &'static str, mut writer: Writer) -> Contender<'a> {
    let mut memory = Memory::new(&sample.wire, Cut::Frame);
    let (mut out, mut texts) = (Vec::new(), sample.texts.iter().cycle());
    Contender::new(name, move |messages| {
        for text in texts.by_ref().take(messages) {
            writer.text(text, &mut out).expect("no message is open");
            memory.write_all(&out).expect("memory is always ready");
            out.clear();
        }
    })
}

fn bare(sample: &Sample) -> Contender<'_> {
    let mut compress = Compress::new_with_window_bits(Compression::new(1), false, 15);
    let mut out = Vec::with_capacity(2 * sample.size + 64);
    let mut texts = sample.texts.iter().cycle();
    Contender::new("zlib-rs", move |messages| {
        for text in texts.by_ref().take(messages) {
            let done = compress.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync);
            black_box(done).expect("it is never broken");
            black_box(&out);
            out.clear();
        }
    })
}

/// Bytes that a frame is shorter than a plain one, on average.
fn saved(sample: &Sample, takeover: bool) -> f64 {
    let (mut compresses, mut plain) = (writer(takeover), Writer::server());
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for text in &sample.texts {
        compresses.text(text, &mut short).expect("no message is open");
        plain.text(text, &mut long).expect("no message is open");
    }
    (long.len() as f64 - short.len() as f64) / sample.texts.len() as f64
}

/// JSON of a chat with random words, of a number of bytes exactly.
fn chats(size: usize) -> Sample {
    let mut random = Random(size as u64);
    let words: Vec<String> = (0..2000).map(|_| word(&mut random)).collect();
    let texts = (0..DISTINCT / size).map(|number| {
        let mut text = format!(r#"{{"type":"chat","id":"{:016x}","message":""#, random.draw());
        text.truncate(size - 2);
        while text.len() < size - 2 {
            text.push_str(&words[random.below(words.len())]);
            text.push(if number % 7 == 0 { ',' } else { ' ' });
        }
        text.truncate(size - 2);
        text + r#""}"#
    });
    Sample::of(Script::Ascii, size, texts.collect())
}

/// A word of one to four syllables: words share beginnings, as those of a language do.
fn word(random: &mut Random) -> String {
    const SYLLABLES: &str = "ba con der en fi ger ho in ker lan mo na or per qui re sta ter un ver";
    let syllables: Vec<&str> = SYLLABLES.split(' ').collect();
    (0..1 + random.below(4)).map(|_| syllables[random.below(syllables.len())]).collect()
}
