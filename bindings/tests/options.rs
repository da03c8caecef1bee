//! What the packages say about an option is what the engine's table says: each has it, and its doc
//! ends with its bounds and its default.

use std::path::Path;

use pamlink::client::ClientConfig;
use pamlink::hub::HubConfig;
use pamlink::link::jwt::Verifier;
use pamlink::options::Spec;

/// A declaration of options: its file, where in it, whose options, and what is called otherwise.
struct Place {
    path: &'static str,
    from: &'static str,
    to: &'static str,
    of: Of,
    language: Language,
    /// Options that this declaration has not, and why.
    without: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy)]
enum Of {
    Client,
    Hub,
    Auth,
}

#[derive(Clone, Copy, PartialEq)]
enum Language {
    Rust,
    Python,
    Kotlin,
    Swift,
}

use Language::{Kotlin, Python, Rust, Swift};

const fn place(
    path: &'static str,
    from: &'static str,
    to: &'static str,
    of: Of,
    language: Language,
) -> Place {
    Place { path, from, to, of, language, without: &[] }
}

const RUST: &str = "src/options.rs";
const PYTHON: &str = "python/src/pamlink/options.py";
const KOTLIN: &str = "kotlin/src/main/kotlin/dev/pamlink/sansio/Options.kt";
const HUB_SWIFT: &str = "swift/Sources/Pamlink/SansIO/HubConfiguration.swift";

/// What Python gives to `Client` and to `ClientEngine` itself.
const ARGUMENT: &[(&str, &str)] = &[("anonymous", "an argument of what it configures")];

const PLACES: &[Place] = &[
    place(RUST, "pub struct ClientOptions", "impl ClientOptions", Of::Client, Rust),
    place(RUST, "pub struct AuthOptions", "impl AuthOptions", Of::Auth, Rust),
    place(RUST, "pub struct HubOptions", "impl HubOptions", Of::Hub, Rust),
    Place {
        without: ARGUMENT,
        ..place(PYTHON, "class ClientOptions", "class HS256", Of::Client, Python)
    },
    place(PYTHON, "class HS256", "class JWKS", Of::Auth, Python),
    place(PYTHON, "class JWKS", "class HubOptions", Of::Auth, Python),
    place(PYTHON, "class HubOptions", "def auth_options", Of::Hub, Python),
    place(KOTLIN, "class ClientOptions", "class AuthOptions", Of::Client, Kotlin),
    place(KOTLIN, "class AuthOptions", "class HubOptions", Of::Auth, Kotlin),
    place(KOTLIN, "class HubOptions", "internal fun millis", Of::Hub, Kotlin),
    Place {
        without: &[
            ("anonymous", "so is a client without a token provider"),
            ("compression", "its transports negotiate their own"),
        ],
        ..place(
            "kotlin/src/main/kotlin/dev/pamlink/ClientConfig.kt",
            "class ClientConfig",
            "internal fun options",
            Of::Client,
            Kotlin,
        )
    },
    place(
        "swift/Sources/Pamlink/Configuration.swift",
        "struct Configuration",
        "func options",
        Of::Client,
        Swift,
    ),
    place(HUB_SWIFT, "struct Auth", "struct HubConfiguration", Of::Auth, Swift),
    place(HUB_SWIFT, "struct HubConfiguration", "var options: HubOptions", Of::Hub, Swift),
];

/// What a doc has to say about a number, and the name of the option.
fn wanted(of: Of) -> Vec<(&'static str, Option<String>)> {
    match of {
        Of::Client => said(ClientConfig::options(), &mut ClientConfig::default()),
        Of::Hub => said(HubConfig::options(), &mut HubConfig::default()),
        Of::Auth => {
            let verifier = Verifier::hs256(&[7; 32], "authenticated");
            said(Verifier::OPTIONS, &mut verifier.expect("a key"))
        }
    }
}

fn said<'a, C: 'a>(
    options: impl IntoIterator<Item = &'a Spec<C>>,
    config: &mut C,
) -> Vec<(&'static str, Option<String>)> {
    let options = options.into_iter().filter(|option| option.in_packages);
    options
        .map(|option| {
            let numbers = option.bounds().zip(option.get(config)).map(|(bounds, default)| {
                let shown = |value| shown(value, option.unit);
                let (lowest, highest) = (shown(*bounds.start()), shown(*bounds.end()));
                format!("{lowest} to {highest}. Default {}.", shown(default))
            });
            (option.name, numbers)
        })
        .collect()
}

/// A number as people read it: `25 s`, `5 min`, `64 KiB`, `65,536`.
fn shown(value: u64, unit: &str) -> String {
    let units: &[(u64, &str)] = match unit {
        "ms" => &[(3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")],
        "bytes" => &[(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")],
        _ => &[],
    };
    // A minute is 60 s.
    let whole = |(size, name): &&(u64, &str)| {
        value.is_multiple_of(*size) && (*name != "min" || value > 60_000)
    };
    match units.iter().find(whole) {
        _ if value == 0 => "0".to_owned(),
        Some((size, name)) => format!("{} {name}", value / size),
        None => {
            let digits = value.to_string();
            let groups: Vec<&str> = digits
                .as_bytes()
                .rchunks(3)
                .rev()
                .map(|group| std::str::from_utf8(group).expect("digits"))
                .collect();
            groups.join(",")
        }
    }
}

/// The name of an option in a language.
fn named(name: &str, language: Language) -> String {
    let plain = name.strip_suffix("_ms").unwrap_or(name);
    match language {
        Rust => name.to_owned(),
        Python => plain.to_owned(),
        Kotlin | Swift => {
            let mut words = plain.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
        }
    }
}

/// The doc of a member, on one line, if it is declared.
fn doc(section: &str, name: &str, language: Language) -> Option<String> {
    let lines: Vec<&str> = section.lines().map(str::trim).collect();
    let declares = |line: &str| {
        let line = ["pub ", "public "].iter().fold(line, |it, word| it.trim_start_matches(word));
        let line = ["var ", "val "].iter().fold(line, |it, word| it.trim_start_matches(word));
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(':') || rest.starts_with(" = "))
    };
    let at = lines.iter().position(|line| declares(line))?;
    let is_doc = |line: &&&str| line.starts_with(['/', '*', '#']);
    let doc: Vec<&str> = if language == Python {
        let rest = &lines[at + 1..];
        let end = rest.iter().position(|line| line.ends_with("\"\"\"") && *line != "\"\"\"")?;
        rest[..=end].to_vec()
    } else {
        let mut doc: Vec<&str> = lines[..at].iter().rev().take_while(is_doc).copied().collect();
        doc.reverse();
        doc.retain(|line| !line.starts_with('#'));
        doc
    };
    let words = doc.iter().flat_map(|line| line.split_whitespace());
    let marks = ["///", "/**", "*", "*/"];
    Some(words.filter(|word| !marks.contains(word)).collect::<Vec<_>>().join(" "))
}

/// What a declaration lacks or says wrongly.
fn faults(section: &str, place: &Place) -> Vec<String> {
    let mut faults = Vec::new();
    for (option, says) in wanted(place.of) {
        let name = named(option, place.language);
        let spared = place.without.iter().any(|(without, _)| *without == option);
        match doc(section, &name, place.language) {
            None if spared => {}
            None => faults.push(format!("{}: `{name}` is missing", place.from)),
            Some(doc) => {
                if let Some(says) = says.filter(|says| !doc.contains(says.as_str())) {
                    faults.push(format!("{}: `{name}` does not say `{says}`: {doc}", place.from));
                }
            }
        }
    }
    faults
}

fn section(place: &Place) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(place.path);
    let text = std::fs::read_to_string(path).expect("a source file");
    let (_, rest) = text.split_once(place.from).expect("where the options are declared");
    rest.split_once(place.to).expect("where they end").0.to_owned()
}

#[test]
fn every_package_has_every_option_and_says_what_it_may_be() {
    let faults: Vec<_> = PLACES.iter().flat_map(|it| faults(&section(it), it)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_option_that_a_package_lacks_or_describes_otherwise_is_noticed() {
    for place in PLACES.iter().filter(|place| !matches!(place.of, Of::Auth)) {
        let text = section(place);
        let name = named("heartbeat_interval_ms", place.language);
        let lacking = text.replace(&name, "another");
        let found = faults(&lacking, place);
        assert_eq!(found, [format!("{}: `{name}` is missing", place.from)], "{}", place.path);
        let otherwise = text.replace("25 s. Default 20 s", "25 s. Default 21 s");
        let found = faults(&otherwise, place);
        assert!(matches!(&*found, [fault] if fault.contains("does not say")), "{found:?}");
    }
}

#[test]
fn numbers_are_shown_as_people_read_them() {
    for (value, unit, text) in [
        (0, "ms", "0"),
        (10, "ms", "10 ms"),
        (1_500, "ms", "1500 ms"),
        (60_000, "ms", "60 s"),
        (120_000, "ms", "2 min"),
        (86_400_000, "ms", "24 h"),
        (1 << 18, "bytes", "256 KiB"),
        (600, "bytes", "600"),
        (131_072, "links", "131,072"),
    ] {
        assert_eq!(shown(value, unit), text);
    }
}
