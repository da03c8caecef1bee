//! How many envelopes of each type were said over links, by the codec's table of them.

use std::collections::BTreeMap;

use pamlink::envelope::v1::Message;

use super::change::Place;
use super::wire::Texts;

/// What comes over the links of a world.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The texts of each link, to the hub and to the device.
    links: BTreeMap<u64, [Texts; 2]>,
}

/// Of each type, to the hub and to a device.
pub(super) type Kinds = [BTreeMap<&'static str, u64>; 2];

impl Said {
    /// What is the first of a batch stands behind this.
    const TYPE: &str = r#"{"type":""#;
    /// What parts the envelopes of a batch.
    const SEPARATOR: char = '\u{1e}';

    /// These bytes have come: counts what is whole with them.
    pub(super) fn come(&mut self, place: Place, bytes: &[u8], kinds: &mut Kinds) {
        let way = usize::from(!place.is_up);
        let texts = self.links.entry(place.link).or_default()[way].take(bytes);
        for text in texts.iter().flat_map(|text| text.split(Self::SEPARATOR)) {
            let kind = text.strip_prefix(Self::TYPE).and_then(|rest| rest.split('"').next());
            if let Some(kind) = all(place.is_up).find(|it| Some(*it) == kind) {
                *kinds[way].entry(kind).or_default() += 1;
            }
        }
    }
}

/// The types that may come this way.
pub(super) fn all(is_up: bool) -> impl Iterator<Item = &'static str> {
    let up = Message::kinds_of_client().filter(move |_| is_up);
    up.chain(Message::kinds_of_server().filter(move |_| !is_up))
}
