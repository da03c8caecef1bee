//! The limits as a server states them in its welcome, and as a client reads them there (P-2.3).

use core::fmt::Write as _;

use super::sizes::{Rule, Sizes};
use crate::envelope::{Raw, write_text};

/// The longest object that a client reads, in bytes. The engine's has some 700.
const MAX_STATED: usize = 16_384;

/// A limit of each name; none where there is no limit.
type Limits = Vec<(String, Option<usize>)>;

impl Sizes {
    /// An object of three: `types`, the bytes of a message by its type; `characters`, those of a
    /// member by `NAME` or, in one type alone, by `TYPE.NAME`; `nested`, the bytes of a member that
    /// is an array or object. `null` is no limit. The rule for all other types is not stated.
    pub(crate) fn stated(&self) -> String {
        let mut rules: Vec<(&str, &Rule)> = self.rules().collect();
        rules.sort_unstable_by_key(|(kind, _)| *kind);
        let types = rules.iter().map(|(kind, rule)| ((*kind).to_owned(), Some(rule.bytes)));
        let mut out = String::from("{\"types\":");
        write_object(&mut out, types.collect());
        out.push_str(",\"characters\":");
        write_object(&mut out, members(self.other(), &rules, |rule| &rule.fields));
        out.push_str(",\"nested\":");
        write_object(&mut out, members(self.other(), &rules, |rule| &rule.nested));
        out.push('}');
        out
    }

    /// The limits that a welcome states. What it says nothing of has none, nor has what it says in
    /// another way. Members are known by the names that are limited by default.
    pub(crate) fn from_stated(stated: Raw<'_>) -> Self {
        let mut sizes = Self::new(u8::MAX, Rule::none());
        let known = Self::default();
        let types = stated.field("types").filter(|_| stated.as_json().len() <= MAX_STATED);
        for (kind, bytes) in types.iter().flat_map(Raw::fields) {
            let limits = |map: &str, known: &[(&'static str, usize)]| {
                let Some(map) = stated.field(map) else { return Vec::new() };
                let own = |name| map.field(&format!("{}.{name}", kind.as_str()));
                let limit = |name| own(name).or_else(|| map.field(name)).and_then(bound);
                known.iter().filter_map(|(name, _)| Some((*name, limit(name)?))).collect()
            };
            let fields = limits("characters", &known.other().fields);
            let nested = limits("nested", &known.other().nested);
            let bytes = bound(bytes).unwrap_or(usize::MAX);
            sizes = sizes.with(kind.as_str(), Rule { bytes, fields, nested });
        }
        sizes
    }
}

/// Members: what all types have in common, and what a type has in another way.
fn members(
    common: &Rule,
    rules: &[(&str, &Rule)],
    of: fn(&Rule) -> &[(&'static str, usize)],
) -> Limits {
    let find = |rule, name| of(rule).iter().find(|it| it.0 == name).map(|it| it.1);
    let mut limits: Limits =
        of(common).iter().map(|(name, limit)| ((*name).to_owned(), Some(*limit))).collect();
    for (kind, rule) in rules {
        let only_here = of(rule).iter().filter(|it| find(common, it.0).is_none());
        for (name, _) in of(common).iter().chain(only_here) {
            let own = find(rule, *name);
            if own != find(common, *name) {
                limits.push((format!("{kind}.{name}"), own));
            }
        }
    }
    limits
}

fn write_object(out: &mut String, limits: Limits) {
    for (at, (name, limit)) in limits.iter().enumerate() {
        out.push(if at == 0 { '{' } else { ',' });
        write_text(out, name);
        // Writing to a String cannot fail.
        let _ = match limit {
            Some(limit) => write!(out, ":{limit}"),
            None => write!(out, ":null"),
        };
    }
    out.push_str(if limits.is_empty() { "{}" } else { "}" });
}

/// A number of bytes or characters; where it is more than can be held, or is no such number, there
/// is no limit.
fn bound(limit: Raw<'_>) -> Option<usize> {
    usize::try_from(limit.i64()?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn read(stated: &str) -> Sizes {
        Sizes::from_stated(Raw::parse(stated, 3).unwrap())
    }

    /// The limits of a rule; those that are equal have no order.
    fn limits(rule: &Rule) -> (usize, BTreeMap<&str, usize>, BTreeMap<&str, usize>) {
        let map = |limits: &[(&'static str, usize)]| limits.iter().copied().collect();
        (rule.bytes, map(&rule.fields), map(&rule.nested))
    }

    /// One that differs from the defaults in every way that a host can choose.
    fn unlike() -> impl Strategy<Value = Sizes> {
        let names = prop::sample::select(vec!["message", "content", "voice.text", "chat.title"]);
        let set = prop::collection::vec((names, 1u64..1 << 20), 0..4);
        (set, 1usize..1 << 20, any::<bool>()).prop_map(|(set, bytes, own)| {
            let mut sizes = Sizes::default();
            for (name, limit) in set {
                sizes.set_characters(name, limit).unwrap();
            }
            let fields = vec![("title", 7), ("message", bytes)];
            let rule = Rule { bytes, fields, nested: vec![("context", bytes)] };
            if own { sizes.with("a \"type\" of the host", rule) } else { sizes }
        })
    }

    proptest! {
        #[test]
        fn what_is_stated_is_read_as_it_was(sizes in unlike()) {
            let read = read(&sizes.stated());
            for (kind, rule) in sizes.rules() {
                prop_assert_eq!(limits(read.rule(kind)), limits(rule), "{}", kind);
            }
            prop_assert_eq!(read.rule("another"), &Rule::none());
        }
    }

    #[test]
    fn the_defaults_are_stated_in_less_than_a_kilobyte() {
        let stated = Sizes::default().stated();
        for part in [
            r#"{"types":{"auth":20480,"chat":65536,"chat_message":65536,"feedback":4096,"#,
            r#""characters":{"phone":20,"#,
            r#","message":5000,"content":5000,"#,
            r#""voice.text":2000"#,
            r#""nested":{"context":16384,"metadata":16384}}"#,
        ] {
            assert!(stated.contains(part), "{part} in {stated}");
        }
        assert!(stated.len() < 1_000, "{}", stated.len());
    }

    #[test]
    fn what_is_not_understood_limits_nothing() {
        let none = Rule::none();
        for stated in [
            "7",
            "[]",
            "{}",
            r#"{"types":7,"characters":{"message":1}}"#,
            r#"{"types":{"chat":-1}}"#,
            r#"{"types":{"chat":"many"},"characters":{"message":null,"unheard_of":3}}"#,
            r#"{"types":{"chat":null},"characters":{"chat.message":null,"message":3}}"#,
        ] {
            assert_eq!(read(stated).rule("chat"), &none, "{stated}");
        }
        let long = format!(r#"{{"types":{{"chat":1}},"x":"{}"}}"#, "x".repeat(MAX_STATED));
        assert_eq!(read(&long).rule("chat"), &none);
    }
}
