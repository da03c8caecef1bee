//! The messages that all contenders are given.

use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role};
use pamlink_benches::samples::{Random, mask_frame};

/// Chats of about 300 bytes of JSON, as masked frames of a client one after the other.
///
/// All ids differ, and there are more of them than any contender remembers: once around, each is
/// new again.
#[derive(Debug)]
pub(crate) struct Chats {
    wire: Vec<u8>,
    /// Where each frame ends.
    ends: Vec<usize>,
}

/// Texts of chats vary in a few words; this is what stays.
const TEXT: &str = "We are near the river and the kids ask for a \\\"real\\\" camp fire tonight";

impl Chats {
    /// How many there are: more than twice the window of 5,500.
    pub(crate) const COUNT: usize = 16_384;

    /// Chats that name their agent, or leave it to the words of the message.
    pub(crate) fn new(agent: Option<&str>) -> Self {
        let mut random = Random(7);
        let mut chats = Self { wire: Vec::new(), ends: Vec::with_capacity(Self::COUNT) };
        for number in 0..Self::COUNT {
            let text = Self::json(number, agent, &mut random);
            mask_frame(text.as_bytes(), random.draw() as u32, &mut chats.wire);
            chats.ends.push(chats.wire.len());
        }
        chats
    }

    /// One frame; numbers beyond the last begin again.
    #[inline]
    pub(crate) fn frame(&self, number: usize) -> &[u8] {
        let number = number % Self::COUNT;
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.wire[start..self.ends[number]]
    }

    /// The texts of the first so many.
    pub(crate) fn texts(&self, count: usize) -> Vec<String> {
        let mut reader = Reader::new(Role::Server, FrameConfig::default());
        let read = |number| {
            reader.handle_bytes(self.frame(number)).expect("events were polled");
            let Some(FrameEvent::Text(text)) = reader.poll_event() else { panic!("no text") };
            text.to_owned()
        };
        (0..count).map(read).collect()
    }

    /// The JSON of one chat: the production client's members, and an id.
    fn json(number: usize, agent: Option<&str>, random: &mut Random) -> String {
        let (a, b) = (random.draw(), random.draw());
        let id = format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        );
        let agent = agent.map(|agent| format!(r#""agent":"{agent}","#)).unwrap_or_default();
        let (words, lng) = (100 + b % 900, a % 10);
        let sent = 1_757_120_000_000_u64 + number as u64;
        let context = format!(
            r#"{{"user_location":{{"lat":-27.4,"lng":153.0{lng}}},"timezone":"Australia/Brisbane"}}"#
        );
        format!(
            r#"{{"type":"chat","id":"{id}",{agent}"message":"{TEXT}, {words}","context":{context},"timestamp":{sent}}}"#
        )
    }
}
