//! Any value a host can hand over, and the JSON it becomes.
//!
//! A value crosses the border as bytes: a tag, then what it says. Numbers are little-endian.
//!
//! | tag | value | what follows |
//! |---|---|---|
//! | 0, 1, 2 | null, false, true | nothing |
//! | 3 | signed integer | 8 bytes |
//! | 4 | unsigned integer | 8 bytes |
//! | 5 | float | 8 bytes |
//! | 6 | text | length (4 bytes), UTF-8 |
//! | 7 | text as UTF-16, which may hold lone surrogates | units (4 bytes), 2 bytes each |
//! | 8 | text as UTF-8 that may hold encoded surrogates | length (4 bytes), bytes |
//! | 9 | bytes | length (4 bytes), bytes |
//! | 10 | point in time | microseconds since 1970, signed, 8 bytes |
//! | 11 | span of time | nanoseconds, 8 bytes |
//! | 12 | list | number of items (4 bytes), the items |
//! | 13 | map | number of members (4 bytes), key and value of each |
//! | 14 | JSON already | length (4 bytes), UTF-8 |
//! | 15 | integer beyond 64 bits, as its host spells it | length (4 bytes), UTF-8 |

use std::collections::HashMap;

use core::time::Duration;

use pamlink::envelope::{Adjusted, Value};
use pamlink::time::Wall;

use crate::fault::Failure;
use pamlink_border::{Code, Fault};

/// A value as JSON.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EncodedValue {
    /// The JSON.
    pub json: String,
    /// How often it could not say exactly what the value held, by cause; empty if it did.
    pub adjusted: HashMap<String, u32>,
}

/// Encodes a value, nested no deeper than `depth` (at most 255), as JSON. Total: every value has
/// an encoding, and what could not be said exactly is counted.
///
/// # Errors
///
/// `bad_input` if the bytes are no value.
#[uniffi::export]
pub fn encode_value(packed: &[u8], depth: u32) -> Result<EncodedValue, Failure> {
    let value = read(packed)?;
    let mut json = String::new();
    let adjusted = value.encode(u8::try_from(depth).unwrap_or(u8::MAX), &mut json);
    Ok(EncodedValue { json, adjusted: causes(&adjusted) })
}

/// A list or map whose parts are being read. A map's keys and values take turns.
struct Open {
    map: bool,
    parts: Vec<Value>,
    missing: usize,
}

/// Reads a value without recursion: how deep it is nested is the host's doing.
fn read(packed: &[u8]) -> Result<Value, Fault> {
    let mut input = Input { rest: packed };
    let mut open: Vec<Open> = Vec::new();
    loop {
        let mut value = match input.part()? {
            Part::Value(value) => value,
            Part::Open { map, missing: 0 } => close(map, Vec::new()),
            Part::Open { map, missing } => {
                open.push(Open { map, parts: Vec::new(), missing });
                continue;
            }
        };
        loop {
            let Some(around) = open.last_mut() else {
                return if input.rest.is_empty() {
                    Ok(value)
                } else {
                    Err(bad("more than one value"))
                };
            };
            around.parts.push(value);
            around.missing -= 1;
            if around.missing > 0 {
                break;
            }
            let Some(done) = open.pop() else { return Err(bad("no list is open")) };
            value = close(done.map, done.parts);
        }
    }
}

fn close(map: bool, parts: Vec<Value>) -> Value {
    if !map {
        return Value::List(parts);
    }
    let mut parts = parts.into_iter();
    let mut members = Vec::with_capacity(parts.len() / 2);
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        members.push((key, value));
    }
    Value::Map(members)
}

fn bad(what: &str) -> Fault {
    Fault::new(Code::BadInput, what)
}

enum Part {
    Value(Value),
    Open { map: bool, missing: usize },
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn part(&mut self) -> Result<Part, Fault> {
        let [tag] = *self.array()?;
        Ok(Part::Value(match tag {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Int(i64::from_le_bytes(*self.array()?)),
            4 => Value::UInt(u64::from_le_bytes(*self.array()?)),
            5 => Value::Float(f64::from_le_bytes(*self.array()?)),
            6 => Value::Text(self.text()?.to_owned()),
            7 => {
                let units = self.count()?.saturating_mul(2);
                let units = self.take(units)?.chunks_exact(2);
                Value::Utf16(units.map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect())
            }
            8 => Value::Wtf8(self.bytes()?.to_vec()),
            9 => Value::Bytes(self.bytes()?.to_vec()),
            10 => Value::Time(Wall::from_unix_micros(i64::from_le_bytes(*self.array()?))),
            11 => Value::Duration(Duration::from_nanos(u64::from_le_bytes(*self.array()?))),
            12 => return Ok(Part::Open { map: false, missing: self.count()? }),
            13 => return Ok(Part::Open { map: true, missing: self.count()?.saturating_mul(2) }),
            14 => Value::Raw(self.text()?.to_owned()),
            15 => Value::BigInt(self.text()?.to_owned()),
            _ => return Err(Fault::new(Code::BadInput, format!("no value has the tag {tag}"))),
        }))
    }

    fn text(&mut self) -> Result<&'a str, Fault> {
        str::from_utf8(self.bytes()?).map_err(|_| bad("a text is not UTF-8"))
    }

    fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.count()?;
        self.take(length)
    }

    fn count(&mut self) -> Result<usize, Fault> {
        Ok(u32::from_le_bytes(*self.array()?) as usize)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Fault> {
        self.take(N)?.try_into().map_err(|_| bad("a value is cut off"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| bad("a value is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The causes that were met.
fn causes(adjusted: &Adjusted) -> HashMap<String, u32> {
    let all = [
        ("clamped_times", adjusted.clamped_times),
        ("cut", adjusted.cut),
        ("invalid_raw", adjusted.invalid_raw),
        ("keys", adjusted.keys),
        ("non_finite", adjusted.non_finite),
        ("repeated_keys", adjusted.repeated_keys),
        ("replaced", adjusted.replaced),
        ("wide_integers", adjusted.wide_integers),
    ];
    let met = all.into_iter().filter(|cause| cause.1 > 0);
    met.map(|(cause, times)| (cause.to_owned(), times)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(packed: &[u8]) -> String {
        encode_value(packed, 10).unwrap().json
    }

    #[test]
    fn lists_and_maps_close_where_their_counts_say() {
        let empty_list_in_map = [13, 1, 0, 0, 0, 6, 1, 0, 0, 0, b'a', 12, 0, 0, 0, 0];
        assert_eq!(json(&empty_list_in_map), r#"{"a":[]}"#);
        assert_eq!(json(&[12, 3, 0, 0, 0, 0, 1, 12, 1, 0, 0, 0, 2]), "[null,false,[true]]");
        assert_eq!(json(&[13, 0, 0, 0, 0]), "{}");
    }

    #[test]
    fn what_is_no_value_is_refused_and_never_believed() {
        for packed in [
            &[][..],
            &[16],
            &[3, 0],
            &[6, 4, 0, 0, 0, b'a'],
            &[6, 1, 0, 0, 0, 0xff],
            &[12, 0xff, 0xff, 0xff, 0xff, 0],
            &[13, 0xff, 0xff, 0xff, 0xff],
            &[7, 0xff, 0xff, 0xff, 0xff],
            &[0, 0],
        ] {
            let Failure::Failure { code, .. } = encode_value(packed, 10).unwrap_err();
            assert_eq!(code, Code::BadInput as u32, "{packed:?}");
        }
    }

    #[test]
    fn a_million_levels_are_no_recursion() {
        let mut packed: Vec<u8> = [12, 1, 0, 0, 0].repeat(1_000_000);
        packed.push(0);
        let encoded = encode_value(&packed, 3).unwrap();
        assert_eq!(encoded.json, r#"[[["…"]]]"#);
        assert_eq!(encoded.adjusted["cut"], 1);
    }
}
