//! What a file calls the ids, epochs and numbers that a machine draws or gives, and whether two
//! values are one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::conformance::file::mapped;

/// Names such as `$session`, each bound to what stood in its place when it was first seen.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, Value>);

impl Names {
    /// An input with what its names are bound to.
    pub(crate) fn put_into(&self, value: &Value) -> Result<Value, String> {
        let unknown = std::cell::RefCell::new(None);
        let put = self.put(value, &|name| *unknown.borrow_mut() = Some(name.to_owned()));
        match unknown.into_inner() {
            Some(name) => Err(format!("nothing has been {name} yet")),
            None => Ok(put),
        }
    }

    fn put(&self, value: &Value, unknown: &dyn Fn(&str)) -> Value {
        match value {
            Value::String(text) if is_name(text) => match self.0.get(text) {
                Some(bound) => bound.clone(),
                None => {
                    unknown(text);
                    Value::Null
                }
            },
            value => mapped(value, |value| self.put(value, unknown)),
        }
    }

    /// In what an output differs from what the file says of it. Names that were not seen before are
    /// bound.
    pub(crate) fn difference(&mut self, expected: &Value, found: &Value) -> Option<String> {
        match (expected.get("pam"), found.get("pam")) {
            (Some(expected), Some(found)) => self.differ_in_pam(expected, found),
            _ => self.differ("", expected, &without_reason(expected, found)),
        }
    }

    /// As [`pam_difference`], where a name is whatever has stood in its place first.
    fn differ_in_pam(&mut self, expected: &Value, found: &Value) -> Option<String> {
        let of = |value: &Value| value.as_str().and_then(|name| self.0.get(name)).cloned();
        let known = mapped(expected, |value| of(value).unwrap_or_else(|| value.clone()));
        let new = known.as_object().into_iter().flatten();
        let new = new.filter_map(|(member, name)| Some((&found[member], name.as_str()?)));
        let new: Vec<_> = new.filter(|(_, name)| is_name(name) && !KINDS.contains(name)).collect();
        for (value, name) in new {
            if let Some((other, _)) = self.0.iter().find(|(_, bound)| *bound == value) {
                return Some(format!("{value} is {other}, and not the new {name}"));
            }
            self.0.insert(name.to_owned(), value.clone());
        }
        pam_difference(&known, found)
    }

    fn differ(&mut self, path: &str, expected: &Value, found: &Value) -> Option<String> {
        match (expected, found) {
            (expected, found) if path.ends_with(".body") && expected.get("pam").is_some() => {
                pam_difference(&expected["pam"], found).map(|why| format!("{path}{why}"))
            }
            // What a host says is the host's: nothing in it means anything here.
            (expected, found) if path.ends_with(".body") && expected == found => None,
            (expected, found) if path.ends_with(".body") => {
                Some(format!("{path} is {found}, not {expected}"))
            }
            (Value::String(name), found) if is_name(name) => self.bind(path, name, found),
            (Value::String(text), found) if text.contains("${") => {
                let text = self.filled(text);
                (found != &text).then(|| format!("{path} is {found}, not {text}"))
            }
            (Value::Object(expected), Value::Object(found)) => {
                let (expected, found) = (said(expected), said(found));
                let names = expected.keys().chain(found.keys());
                let mut names: Vec<_> = names.copied().collect();
                names.sort_unstable();
                names.dedup();
                names.into_iter().find_map(|name| {
                    let path = format!("{path}.{name}");
                    match (expected.get(name), found.get(name)) {
                        (Some(expected), Some(found)) => self.differ(&path, expected, found),
                        (Some(expected), None) => Some(format!("{path} is not there: {expected}")),
                        (_, found) => Some(format!("{path} is there: {}", found?)),
                    }
                })
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                let mut pairs = expected.iter().zip(found).enumerate();
                pairs.find_map(|(at, (expected, found))| {
                    self.differ(&format!("{path}[{at}]"), expected, found)
                })
            }
            (expected, found) if expected == found => None,
            (expected, found) => Some(format!("{path} is {found}, not {expected}")),
        }
    }

    /// A text with what names are bound to in the places of `${NAME}`.
    fn filled(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, bound)| match bound.as_str() {
            Some(bound) => text.replace(&format!("${{{}}}", &name[1..]), bound),
            None => text,
        })
    }

    /// Binds a name, or compares what it is bound to. One id or epoch has one name.
    fn bind(&mut self, path: &str, name: &str, found: &Value) -> Option<String> {
        if let Some(bound) = self.0.get(name) {
            return (bound != found).then(|| format!("{path} is {found}, not {name}, {bound}"));
        }
        if !found.is_u64() {
            let is_stream = path.ends_with(".stream") && found.is_string();
            if !is_stream && !found.as_str().is_some_and(is_drawn) {
                return Some(format!("{path} is {found}, and no id, epoch, number or stream"));
            }
            if let Some((other, _)) = self.0.iter().find(|(_, bound)| *bound == found) {
                return Some(format!("{path} is {other}, and not the new {name}"));
            }
        }
        self.0.insert(name.to_owned(), found.clone());
        None
    }
}

/// What stands for any value of a kind in an envelope of `pam`.
const KINDS: [&str; 6] = ["$absent", "$array", "$boolean", "$number", "$object", "$string"];

/// A close frame without its reason, where the file does not say that.
fn without_reason(expected: &Value, found: &Value) -> Value {
    let mut found = found.clone();
    if expected["close"].get("reason").is_none()
        && let Some(Value::Object(close)) = found.get_mut("close")
    {
        close.remove("reason");
    }
    found
}

/// In what an envelope of `pam` differs from what is expected of it: its type, or some of its members
/// as the transcripts have them.
fn pam_difference(expected: &Value, found: &Value) -> Option<String> {
    let Some(members) = expected.as_object() else {
        return (found["type"] != *expected).then(|| format!(".type is {}", found["type"]));
    };
    let unlike = members.iter().find(|(name, wanted)| !holds(found, name, wanted));
    unlike.map(|(name, wanted)| format!(".{name} is {}, not {wanted}", found[name]))
}

fn holds(envelope: &Value, name: &str, wanted: &Value) -> bool {
    let Some(found) = envelope.get(name) else { return wanted == "$absent" };
    match wanted.as_str() {
        Some("$absent") => false,
        Some("$array") => found.is_array(),
        Some("$boolean") => found.is_boolean(),
        Some("$number") => found.is_number(),
        Some("$object") => found.is_object(),
        Some("$string") => found.is_string(),
        Some(name) if is_name(name) => true,
        Some(text) => match text.strip_prefix("$same:") {
            Some(other) => envelope.get(other) == Some(found),
            None => found == wanted,
        },
        None => found == wanted,
    }
}

/// The members that say something: not those which are as if they were absent.
fn said(members: &Map<String, Value>) -> BTreeMap<&str, &Value> {
    let is_absent = |name: &str, value: &Value| match name {
        "channel" => value == 0 || value.is_null(),
        "restart" | "reply" => value == false || value.is_null(),
        _ => value.is_null(),
    };
    let members = members.iter().map(|(name, value)| (name.as_str(), value));
    members.filter(|(name, value)| !is_absent(name, value)).collect()
}

/// Whether a text is a name.
pub(crate) fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.strip_prefix('$').is_some_and(|name| !name.is_empty() && name.bytes().all(is_part))
}

/// Whether a text is an epoch or the id of a session.
fn is_drawn(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    matches!(text.len(), 16 | 32) && text.bytes().all(is_digit)
}
