//! JSON read member by member, with the place of each.
//!
//! `serde_json` parses and checks the text; [`RawValue`] borrows tell where each member stands,
//! so that what is valid JSON and still wrong is reported with its line and column.

use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{MAX_FAULTS, Problem, TableError, TableFault, nearest};

/// Reads one text and collects what is wrong with it.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    faults: Vec<(usize, String, Problem)>,
}

/// A value in the text and the path to it.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    raw: &'a str,
    offset: usize,
    path: String,
}

/// The members of an object that were there, by name.
#[derive(Debug)]
pub(super) struct Members<'a> {
    list: Vec<(&'static str, Node<'a>)>,
}

impl<'a> Members<'a> {
    pub(super) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let at = self.list.iter().position(|(member, _)| *member == name)?;
        Some(self.list.swap_remove(at).1)
    }
}

impl Node<'_> {
    /// Where the value stands, to report a fault on it later.
    pub(super) fn spot(&self) -> Spot {
        Spot { offset: self.offset, path: self.path.clone() }
    }

    fn kind(&self) -> &'static str {
        match self.raw.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }
}

/// A place in the text.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    offset: usize,
    pub(super) path: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, faults: Vec::new() }
    }

    /// The text as one value; a fault if it is no JSON.
    pub(super) fn root(&mut self) -> Option<Node<'a>> {
        match serde_json::from_str::<&RawValue>(self.text) {
            Ok(raw) => {
                let offset = self.offset(raw.get());
                Some(Node { raw: raw.get(), offset, path: String::new() })
            }
            Err(error) => {
                let offset = self.offset_of(error.line(), error.column());
                self.not_json(&Spot { offset, path: String::new() }, &error);
                None
            }
        }
    }

    /// Records a fault.
    pub(super) fn fault(&mut self, spot: &Spot, problem: Problem) {
        self.faults.push((spot.offset, spot.path.clone(), problem));
    }

    /// Records a fault of the text as a whole.
    pub(super) fn fault_at_start(&mut self, problem: Problem) {
        self.faults.push((0, String::new(), problem));
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Everything that is wrong, in the order of the text.
    pub(super) fn into_error(self) -> TableError {
        let mut found = self.faults;
        found.sort_by_key(|(offset, ..)| *offset);
        let more = found.len().saturating_sub(MAX_FAULTS);
        found.truncate(MAX_FAULTS);
        // One walk over the text: the faults are in its order.
        let (mut line, mut column, mut done) = (1, 1, 0);
        let faults = found
            .into_iter()
            .map(|(offset, path, problem)| {
                for character in self.text.get(done..offset).unwrap_or("").chars() {
                    if character == '\n' {
                        line += 1;
                        column = 1;
                    } else {
                        column += 1;
                    }
                }
                done = offset.max(done);
                TableFault { line, column, path, problem }
            })
            .collect();
        TableError { faults, more }
    }

    /// The members of an object; unknown and repeated ones are faults.
    pub(super) fn object(
        &mut self,
        node: &Node<'a>,
        known: &'static [&'static str],
    ) -> Option<Members<'a>> {
        let Pairs(pairs) = self.parse(node, "an object")?;
        let mut list: Vec<(&'static str, Node<'a>)> = Vec::new();
        for (key, value) in pairs {
            let spot = Spot { offset: self.offset(key.get()), path: node.path.clone() };
            let name: String = match serde_json::from_str(key.get()) {
                Ok(name) => name,
                Err(error) => {
                    self.not_json(&spot, &error);
                    continue;
                }
            };
            let Some(member) = known.iter().find(|known| **known == name) else {
                let near = nearest(&name, known.iter().copied()).map(Into::into);
                self.fault(&spot, Problem::UnknownMember { name: shown(&name), near });
                continue;
            };
            if list.iter().any(|(seen, _)| seen == member) {
                self.fault(&spot, Problem::DuplicateMember(name));
                continue;
            }
            let path = if node.path.is_empty() {
                name
            } else {
                let mut path = node.path.clone();
                path.push('.');
                path.push_str(&name);
                path
            };
            let raw = value.get();
            list.push((member, Node { raw, offset: self.offset(raw), path }));
        }
        Some(Members { list })
    }

    /// The elements of an array of at most `most`.
    pub(super) fn array(&mut self, node: &Node<'a>, most: usize) -> Option<Vec<Node<'a>>> {
        let elements: Vec<&'a RawValue> = self.parse(node, "an array")?;
        if elements.len() > most {
            self.out_of_bounds(node, "the number of elements", 0, most, &elements.len());
            return None;
        }
        let node = |(index, element): (usize, &'a RawValue)| {
            let raw = element.get();
            Node { raw, offset: self.offset(raw), path: format!("{}[{index}]", node.path) }
        };
        Some(elements.into_iter().enumerate().map(node).collect())
    }

    /// A text of 1 to `most` characters.
    pub(super) fn string(&mut self, node: &Node<'a>, most: usize) -> Option<String> {
        let text: String = self.parse(node, "a string")?;
        if text.trim().is_empty() {
            self.fault(&node.spot(), Problem::Empty);
            return None;
        }
        let len = text.chars().count();
        if len > most {
            self.out_of_bounds(node, "the length in characters", 1, most, &len);
            return None;
        }
        Some(text)
    }

    /// A whole number of `min` to `max`.
    pub(super) fn integer<T>(&mut self, node: &Node<'a>, min: T, max: T) -> Option<T>
    where
        T: Copy + Into<i64> + TryFrom<i64>,
    {
        let (min, max) = (min.into(), max.into());
        let number: serde_json::Number = self.parse(node, "a whole number")?;
        let Some(whole) = number.as_i64() else {
            if number.as_u64().is_some() {
                self.out_of_bounds(node, "the value", min, max, &number);
            } else {
                let found = "a number with a fraction or an exponent";
                self.fault(&node.spot(), Problem::Expected { expected: "a whole number", found });
            }
            return None;
        };
        if !(min..=max).contains(&whole) {
            self.out_of_bounds(node, "the value", min, max, &whole);
            return None;
        }
        T::try_from(whole).ok()
    }

    fn out_of_bounds(
        &mut self,
        node: &Node<'a>,
        what: &'static str,
        min: i64,
        max: impl TryInto<i64>,
        actual: &dyn fmt::Display,
    ) {
        let max = max.try_into().unwrap_or(i64::MAX);
        let actual = actual.to_string();
        self.fault(&node.spot(), Problem::OutOfBounds { what, min, max, actual });
    }

    /// The node as a `T`. What is of another type, or JSON that only looks valid from outside
    /// (half a surrogate pair, a number beyond any range), is a fault.
    fn parse<T: Deserialize<'a>>(&mut self, node: &Node<'a>, expected: &'static str) -> Option<T> {
        match serde_json::from_str(node.raw) {
            Ok(value) => Some(value),
            Err(error) if error.is_data() => {
                let problem = Problem::Expected { expected, found: node.kind() };
                self.fault(&node.spot(), problem);
                None
            }
            Err(error) => {
                self.not_json(&node.spot(), &error);
                None
            }
        }
    }

    fn not_json(&mut self, spot: &Spot, error: &serde_json::Error) {
        // The place is told by the fault: the library's own ending would count from elsewhere.
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
        let text = text.replace("EOF while parsing", "the text ends within");
        self.fault(spot, Problem::NotJson(text));
    }

    /// Where `part`, a slice of the text, begins.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }

    /// The offset of a line and a column in bytes, both from 1, as the library counts them: the
    /// last byte read, which is the one in fault.
    fn offset_of(&self, line: usize, column: usize) -> usize {
        let start = match line {
            0 | 1 => 0,
            _ => {
                let mut breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
                breaks.nth(line - 2).map_or(self.text.len(), |(at, _)| at + 1)
            }
        };
        let offset = (start + column.saturating_sub(1)).min(self.text.len());
        self.text.floor_char_boundary(offset)
    }
}

/// A name as messages quote it: never longer than a line.
pub(super) fn shown(name: &str) -> String {
    if name.chars().count() <= 64 {
        return name.to_owned();
    }
    name.chars().take(63).chain(['…']).collect()
}

/// An object as it stands: repeated members are kept, keys keep their place.
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }

        deserializer.deserialize_map(PairsVisitor).map(Pairs)
    }
}
