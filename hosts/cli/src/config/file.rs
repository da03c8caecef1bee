//! How the file is read: sections of members, each held to its bounds where it stands, so that an
//! error knows its line.

use std::collections::HashSet;
use std::fmt;

use pamlink::hub::WhileAnswering;
use pamlink::limits::Sizes;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::subprotocol::Subprotocol;
use super::{Config, Origin, SECTIONS, members};

pub(super) fn read(text: &str) -> Result<Config, String> {
    let mut config = Config::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    if let Err(error) = File(&mut config).deserialize(tracked) {
        let path = track.path().to_string();
        let what = error.to_string();
        let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
        // What is out of its bounds names its member by itself.
        let named = path == "." || what.starts_with(&path);
        let member = if named { String::new() } else { format!("{path}: ") };
        return Err(format!("line {}, column {}: {member}{what}", error.line(), error.column()));
    }
    reader.end().map_err(|error| {
        format!("line {}, column {}: more text after the end", error.line(), error.column())
    })?;
    Ok(config)
}

/// The whole object.
struct File<'a>(&'a mut Config);

impl<'de> DeserializeSeed<'de> for File<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of sections")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(section) = map.next_key::<String>()? {
            let Some(name) = SECTIONS.iter().find(|known| **known == section) else {
                return Err(A::Error::unknown_field(&section, SECTIONS));
            };
            if !seen.insert(*name) {
                return Err(A::Error::duplicate_field(name));
            }
            map.next_value_seed(Section { name, config: self.0 })?;
        }
        Ok(())
    }
}

/// One section.
struct Section<'a> {
    name: &'static str,
    config: &'a mut Config,
}

impl<'de> DeserializeSeed<'de> for Section<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Section<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            let path = format!("{}.{name}", self.name);
            match path.as_str() {
                "log.file" => self.config.log = Some(map.next_value()?),
                "auth.audience" => self.config.audience = map.next_value()?,
                "auth.origins" => {
                    let origins: Vec<Origin> = map.next_value()?;
                    self.config.hub.origins =
                        Some(origins.into_iter().map(Origin::into_string).collect());
                }
                "links.subprotocols" => {
                    let names: Vec<Subprotocol> = map.next_value()?;
                    self.config.hub.subprotocols =
                        names.into_iter().map(Subprotocol::into_string).collect();
                }
                "requests.while_answering" => {
                    let name: String = map.next_value()?;
                    let policy = WhileAnswering::from_name(&name);
                    self.config.hub.while_answering = policy.ok_or_else(|| {
                        let names = WhileAnswering::NAMES.map(|(name, _)| name).join(", ");
                        A::Error::custom(format_args!("`{name}` is none of {names}"))
                    })?;
                }
                _ if !is_member(&path) => {
                    return Err(A::Error::custom(format_args!("there is no member `{path}`")));
                }
                _ => map.next_value_seed(Number { path, config: self.config })?,
            }
        }
        Ok(())
    }
}

/// A member that is a number.
struct Number<'a> {
    path: String,
    config: &'a mut Config,
}

impl<'de> DeserializeSeed<'de> for Number<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_u64(self)
    }
}

impl Visitor<'_> for Number<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = members().into_iter().find(|member| member.path == self.path);
        let bounds = member.and_then(|member| member.bounds).unwrap_or(Sizes::CHARACTERS);
        write!(f, "a whole number from {} to {}", bounds.start(), bounds.end())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.config.set(&self.path, value).map_err(E::custom)
    }
}

/// Whether there is such a member. Which characters are limited the engine knows.
fn is_member(path: &str) -> bool {
    path.starts_with("characters.") || members().iter().any(|member| member.path == path)
}
