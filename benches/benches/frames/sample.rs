//! The messages that all contenders are given.

use pamlink_benches::samples::{Random, mask_frame};
use std::fmt;

/// What a text is made of: what a byte of it costs to check differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// One byte a character.
    Ascii,
    /// Three bytes a character.
    Cjk,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascii => "ASCII",
            Self::Cjk => "CJK",
        })
    }
}

/// The lengths of the messages, in bytes.
pub(crate) const SIZES: [usize; 5] = [16, 128, 1024, 16 * 1024, 1024 * 1024];

/// A length as people write it.
pub(crate) fn length(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..0x10_0000 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes >> 20),
    }
}

/// Different texts of one length: as many as make 256 KiB, so that a small message lies in the
/// second cache where the kernel would have put it, and at least two.
pub(crate) fn texts(script: Script, size: usize) -> Vec<String> {
    let count = (256 * 1024 / size).clamp(2, 2048);
    let mut random = Random(size as u64);
    (0..count).map(|_| text(script, size, &mut random)).collect()
}

/// Text of a number of bytes exactly, as a chat has it: words that differ.
fn text(script: Script, size: usize, random: &mut Random) -> String {
    const ASCII: &str =
        "river kids camp tonight we are near a real fire ask for weather, please map";
    const CJK: &str =
        "河边 孩子们 露营 今晚 我们 附近 真正的 篝火 请问 天气 道路 地图 以后 明天 朋友 你好";
    let (words, space) = if script == Script::Ascii { (ASCII, " ") } else { (CJK, "") };
    let words: Vec<&str> = words.split(' ').collect();
    let mut text = String::with_capacity(size + 16);
    while text.len() < size {
        text.push_str(words[random.below(words.len())]);
        text.push_str(space);
    }
    text.truncate(text.floor_char_boundary(size));
    text.extend(std::iter::repeat_n('.', size - text.len()));
    text
}

/// Frames of a client, one after the other, and again from the first.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) bytes: Vec<u8>,
    /// Where each frame ends.
    pub(crate) ends: Vec<usize>,
}

impl Wire {
    /// Each text in one masked frame (RFC 6455 section 5.2).
    pub(crate) fn new(texts: &[String]) -> Self {
        let mut random = Random(5);
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for text in texts {
            mask_frame(text.as_bytes(), random.draw() as u32, &mut bytes);
            ends.push(bytes.len());
        }
        Self { bytes, ends }
    }
}
