//! What hosts hear, held against what was said.

use std::collections::BTreeMap;

use pamlink::delivery::stream::StreamKey;
use pamlink::delivery::{FollowAnswer, Outcome, StreamEvent};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{DEPTH, How, Message, Name};

/// What was appended to a stream, as long as it is sure that all of it is in the log.
#[derive(Default)]
pub(crate) struct Produced {
    pub(crate) text: String,
    pub(crate) restart: Option<usize>,
    pub(crate) unsure: bool,
}

/// What a device has of a stream.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) text: String,
    pub(crate) gap: bool,
}

/// What a device makes of what it hears of a stream.
pub(crate) fn hear(
    texts: &mut BTreeMap<String, Read>,
    produced: &BTreeMap<StreamKey, Produced>,
    user: &str,
    event: &StreamEvent<'_>,
) {
    match event {
        StreamEvent::Following { stream, answer, stays, offset } => {
            let it = texts.entry((*stream).to_owned()).or_default();
            it.gap |= matches!(answer, FollowAnswer::Gap { .. });
            it.text.truncate(whole(*stays));
            // In the place of what is lost.
            let lost = whole(*offset) - it.text.len();
            it.text.extend(std::iter::repeat_n('?', lost));
        }
        StreamEvent::Text { stream, offset, text, .. } => {
            let it = texts.entry((*stream).to_owned()).or_default();
            assert!(whole(*offset) <= it.text.len(), "text beyond what is there");
            it.text.truncate(whole(*offset));
            it.text.push_str(text);
        }
        StreamEvent::Ended { stream, offset, how, .. } => {
            let it = texts.remove(*stream).unwrap_or_default();
            assert_eq!(whole(*offset), it.text.len(), "an end elsewhere");
            let key = StreamKey::new(user, &Name::new(*stream).expect("a name"));
            let sure = produced.get(&key).filter(|it| !it.unsure);
            if let Some(produced) = sure.filter(|_| !it.gap && *how == How::Done) {
                assert_eq!(produced.text, it.text);
            }
        }
        _ => {}
    }
}

/// Counts that something was heard: twice never, as long as nobody lies.
pub(crate) fn note(heard: &mut BTreeMap<u64, u32>, body: &str, honest: bool) {
    let number = body.trim_matches('"').split(' ').next().and_then(|number| number.parse().ok());
    if let Some(number) = number {
        let times = heard.entry(number).or_default();
        *times += 1;
        assert!(!honest || *times == 1, "{number} was heard {times} times");
    }
}

/// Whether an outcome is what became of something.
pub(crate) fn judge(
    heard: &BTreeMap<u64, u32>,
    sent: Option<u64>,
    outcome: &Outcome<'_>,
    honest: bool,
) {
    let Some(number) = sent.filter(|_| honest) else { return };
    let times = heard.get(&number).copied().unwrap_or_default();
    match outcome {
        Outcome::Acknowledged => assert_eq!(times, 1, "{number} was acknowledged"),
        Outcome::Expired(_) => assert_eq!(times, 0, "{number} has expired"),
        _ => {}
    }
}

/// An end says what it may, and what the other reads.
pub(crate) fn is_said(text: &str, by_client: bool) {
    let envelope = Envelope::parse(text, DEPTH).expect("an end writes envelopes");
    let (_, message) = Message::read(&envelope).expect("in its bounds").expect("of a type");
    let may = if by_client { message.is_of_client() } else { message.is_of_server() };
    assert!(may, "the other end says that: {text}");
}

fn whole(number: u64) -> usize {
    usize::try_from(number).expect("64 bits")
}
