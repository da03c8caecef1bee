//! Writing values without recursion.

use core::slice::Iter;
use core::time::Duration;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Adjusted, Value};
use crate::envelope::error::EnvelopeError;
use crate::envelope::field::write_f64;
use crate::envelope::json_string::{Text, write_text};
use crate::envelope::raw::Raw;
use crate::envelope::seam::from_wtf8;
use crate::envelope::timestamp::{clamped, write_wall};

/// Stands for what was too deep.
const CUT: &str = "\"…\"";
/// The largest integer that every reader of JSON keeps.
const WIDEST: u64 = (1 << 53) - 1;

pub(super) fn encode(value: &Value, depth: u8, out: &mut String) -> Adjusted {
    let mut encoder =
        Encoder { out, adjusted: Adjusted::default(), depth: usize::from(depth), in_key: false };
    encoder.value(value);
    encoder.adjusted
}

struct Encoder<'o> {
    out: &'o mut String,
    adjusted: Adjusted,
    depth: usize,
    /// Within a key no key may be a container: each level would double the escapes.
    in_key: bool,
}

/// A container that is being written.
enum Open<'v> {
    List(Iter<'v, Value>),
    Map(Iter<'v, (Value, Value)>, BTreeSet<String>),
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value) {
        let mut open = Vec::new();
        let mut next = Some(value);
        loop {
            if let Some(value) = next.take() {
                self.start(value, &mut open);
            }
            let Some(container) = open.last_mut() else { return };
            let start = matches!(self.out.as_bytes().last(), Some(b'[' | b'{'));
            match container {
                Open::List(items) => match items.next() {
                    Some(item) => {
                        self.separate(start);
                        next = Some(item);
                    }
                    None => {
                        self.out.push(']');
                        open.pop();
                    }
                },
                Open::Map(members, names) => match members.next() {
                    Some((key, value)) => {
                        self.separate(start);
                        let name = self.key(key, self.depth);
                        write_text(self.out, &name);
                        self.out.push(':');
                        if !names.insert(name) {
                            self.adjusted.repeated_keys += 1;
                        }
                        next = Some(value);
                    }
                    None => {
                        self.out.push('}');
                        open.pop();
                    }
                },
            }
        }
    }

    fn separate(&mut self, start: bool) {
        if !start {
            self.out.push(',');
        }
    }

    /// Writes a scalar, or the opening bracket of a container.
    fn start<'v>(&mut self, value: &'v Value, open: &mut Vec<Open<'v>>) {
        match value {
            Value::List(_) | Value::Map(_) if open.len() >= self.depth => self.cut(),
            Value::List(items) => {
                self.out.push('[');
                open.push(Open::List(items.iter()));
            }
            Value::Map(members) => {
                self.out.push('{');
                open.push(Open::Map(members.iter(), BTreeSet::new()));
            }
            Value::Raw(json) => self.raw(json, self.depth - open.len()),
            scalar => self.scalar(scalar),
        }
    }

    fn cut(&mut self) {
        self.adjusted.cut += 1;
        self.out.push_str(CUT);
    }

    fn raw(&mut self, json: &str, depth: usize) {
        match Raw::parse(json, u8::try_from(depth).unwrap_or(u8::MAX)) {
            Ok(raw) => self.out.push_str(raw.as_json()),
            Err(EnvelopeError::TooDeep { .. }) => self.cut(),
            Err(_) => {
                self.adjusted.invalid_raw += 1;
                write_text(self.out, json);
            }
        }
    }

    fn scalar(&mut self, value: &Value) {
        match value {
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => self.integer(value.unsigned_abs(), *value < 0),
            Value::UInt(value) => self.integer(*value, false),
            Value::BigInt(digits) => {
                self.adjusted.wide_integers += 1;
                write_text(self.out, digits);
            }
            Value::Float(value) => {
                if !write_f64(self.out, *value) {
                    self.adjusted.non_finite += 1;
                }
            }
            Value::Duration(span) => write_span(self.out, *span),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Raw(_) => {
                self.out.push_str("null");
            }
            Value::Text(text) => write_text(self.out, text),
            Value::Utf16(_) | Value::Wtf8(_) | Value::Bytes(_) | Value::Time(_) => {
                let text = self.text(value);
                write_text(self.out, &text);
            }
        }
    }

    fn integer(&mut self, magnitude: u64, negative: bool) {
        let quote = if magnitude > WIDEST { "\"" } else { "" };
        self.adjusted.wide_integers += u32::from(magnitude > WIDEST);
        let sign = if negative { "-" } else { "" };
        let written = write!(self.out, "{quote}{sign}{magnitude}{quote}");
        debug_assert!(written.is_ok(), "a String takes everything");
    }

    /// The text of a value that JSON has only strings for.
    fn text(&mut self, value: &Value) -> String {
        match value {
            Value::Utf16(units) => {
                let units = char::decode_utf16(units.iter().copied());
                units.map(|unit| unit.unwrap_or_else(|_| self.replacement())).collect()
            }
            Value::Wtf8(bytes) => from_wtf8(bytes, || self.replacement()),
            Value::Bytes(bytes) => STANDARD.encode(bytes),
            Value::Time(wall) => {
                self.adjusted.clamped_times += u32::from(clamped(*wall) != *wall);
                let mut text = String::with_capacity(24);
                write_wall(&mut text, *wall);
                text
            }
            _ => String::new(),
        }
    }

    fn replacement(&mut self) -> char {
        self.adjusted.replaced += 1;
        char::REPLACEMENT_CHARACTER
    }

    /// The name that a key becomes.
    fn key(&mut self, key: &Value, depth: usize) -> String {
        if let Value::Text(text) = key {
            return text.clone();
        }
        if let Value::Utf16(_) | Value::Wtf8(_) = key {
            return self.text(key);
        }
        self.adjusted.keys += 1;
        match key {
            Value::Bytes(_) | Value::Time(_) => self.text(key),
            Value::Float(number) if !number.is_finite() => {
                self.adjusted.non_finite += 1;
                number.to_string()
            }
            Value::Int(number) => number.to_string(),
            Value::UInt(number) => number.to_string(),
            Value::BigInt(digits) => digits.clone(),
            Value::List(_) | Value::Map(_) | Value::Raw(_) if self.in_key => {
                self.adjusted.cut += 1;
                CUT.trim_matches('"').to_owned()
            }
            _ => {
                let mut name = String::new();
                let mut inner =
                    Encoder { out: &mut name, adjusted: self.adjusted, depth, in_key: true };
                inner.value(key);
                self.adjusted = inner.adjusted;
                // A string gives its text: raw JSON may be one, and so is what stands for the
                // invalid and for the cut.
                match Raw::trusted(&name, false).text().map(Text::into_cow) {
                    Some(text) => text.into_owned(),
                    None => name,
                }
            }
        }
    }
}

/// Appends a span in seconds as a decimal number without needless zeros.
fn write_span(out: &mut String, span: Duration) {
    let written = write!(out, "{}.{:09}", span.as_secs(), span.subsec_nanos());
    debug_assert!(written.is_ok(), "a String takes everything");
    let kept = out.trim_end_matches('0').trim_end_matches('.').len();
    // Zeros are only taken from the fraction, which starts at the dot.
    out.truncate(kept);
}
