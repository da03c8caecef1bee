//! JSON objects in the making.

use super::Kind;
use super::extra::Extra;
use super::field::Field;
use super::json_string::write_text;
use super::timestamp::write_wall;
use crate::time::Wall;

/// An object in the making.
#[derive(Debug)]
pub(super) struct Object<'o> {
    out: &'o mut String,
    empty: bool,
}

impl<'o> Object<'o> {
    pub(super) fn new(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// An object with its first member, spelled whole.
    pub(super) fn begun(out: &'o mut String, first: &'static str) -> Self {
        out.push('{');
        out.push_str(first);
        Self { out, empty: false }
    }

    pub(super) fn of(kind: &Kind<'_>, out: &'o mut String) -> Self {
        let mut object = Self::new(out);
        object.member("type", kind);
        object
    }

    #[inline]
    pub(super) fn name(&mut self, spelled: &str) -> &mut String {
        self.out.push_str(if self.empty { "\"" } else { ",\"" });
        self.empty = false;
        self.out.push_str(spelled);
        self.out.push_str("\":");
        self.out
    }

    /// As [`name`](Self::name), of what is spelled whole: `,"name":`.
    #[inline]
    pub(super) fn named(&mut self, named: &'static str) -> &mut String {
        self.out.push_str(if self.empty { &named[1..] } else { named });
        self.empty = false;
        self.out
    }

    pub(super) fn member<'a, T: Field<'a>>(&mut self, name: &str, value: &T) {
        value.write(self.name(name));
    }

    /// The members without a typed place, as they came.
    pub(super) fn extra(&mut self, extra: &Extra<'_>) {
        for member in extra.members() {
            if !self.empty {
                self.out.push(',');
            }
            self.empty = false;
            member.name.write(self.out);
            self.out.push(':');
            self.out.push_str(member.value.as_json());
        }
    }

    pub(super) fn optional<'a, T: Field<'a>>(&mut self, name: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.member(name, value);
        }
    }

    /// As [`optional`](Self::optional), of a name that is spelled whole: `,"name":`.
    #[inline]
    pub(super) fn optional_named<'a, T: Field<'a>>(
        &mut self,
        named: &'static str,
        value: Option<&T>,
    ) {
        if let Some(value) = value {
            value.write(self.named(named));
        }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        write_text(self.name(name), text);
    }

    pub(super) fn time(&mut self, now: Wall) {
        let out = self.named(",\"timestamp\":");
        out.push('"');
        write_wall(out, now);
        out.push('"');
    }

    pub(super) fn end(self) {
        self.out.push('}');
    }
}
