//! The members of a message that have no typed place.

use core::fmt;

use super::json_string::Text;
use super::raw::{Member, Raw};

/// Members that this version does not know, or whose values it did not expect, in the order of
/// the text and spelled as they came. They are written again behind the known ones.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Extra<'a>(Vec<ExtraMember<'a>>);

#[derive(Clone)]
pub(super) struct ExtraMember<'a> {
    pub(super) name: Text<'a>,
    pub(super) value: Raw<'a>,
    /// Where the value starts in the text that was decoded.
    pub(super) at: usize,
    /// The place in the record that the value did not fit.
    place: Option<u8>,
}

/// What has come of a record's known members: a bit for each place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// The value that came last was not of its type and is among the extra members.
    pub(super) mismatch: u64,
    /// A mismatch came before the value that counts.
    pub(super) superseded: u64,
}

impl<'a> Extra<'a> {
    /// Adds a member of the host's own.
    pub fn push(&mut self, name: impl Into<Text<'a>>, value: Raw<'a>) {
        self.0.push(ExtraMember { name: name.into(), value, at: 0, place: None });
    }

    /// The last member of this name.
    pub fn field(&self, name: &str) -> Option<Raw<'a>> {
        self.0.iter().rev().find(|member| member.name == *name).map(|member| member.value)
    }

    /// All members in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
        self.0.iter().map(|member| (member.name.as_str(), member.value))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cold]
    pub(super) fn keep(&mut self, member: &Member<'a>, place: Option<u8>) {
        let (name, value, at) = (member.name(), member.value, member.at);
        self.0.push(ExtraMember { name, value, at, place });
    }

    /// Forgets the mismatches that a later value has superseded, all in one walk: one for each
    /// repeat of a name would take time with the square of the frame.
    #[cold]
    pub(super) fn forget(&mut self, seen: Seen) {
        // From the end, only the first mismatch of a place can count, and only if no fit came
        // later.
        let mut counts = seen.mismatch;
        let mut kept: Vec<_> = core::mem::take(&mut self.0)
            .into_iter()
            .rev()
            .filter(|member| {
                let bit = member.place.map_or(0, |place| 1 << place);
                let keeps = bit == 0 || counts & bit != 0;
                counts &= !bit;
                keeps
            })
            .collect();
        kept.reverse();
        self.0 = kept;
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &ExtraMember<'a>> {
        self.0.iter()
    }
}

impl PartialEq for ExtraMember<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl Eq for ExtraMember<'_> {}

impl fmt::Debug for Extra<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A token may come under a type that is not known, or be of an unexpected type.
        let mut map = f.debug_map();
        for (name, value) in self.fields() {
            if name.to_ascii_lowercase().ends_with("token") {
                map.entry(&name, &format_args!("[redacted]"));
            } else {
                map.entry(&name, &value);
            }
        }
        map.finish()
    }
}
