//! From the JSON text to a table, or to everything that is wrong with it.

use core::time::Duration;

use super::build::build;
use super::error::{Problem, TableError};
use super::health::HealthConfig;
use super::json::{Node, Reader, Spot};
use super::names::MAX_NAME;
use super::table::Table;
use super::words;

/// Longest text of a table, in bytes.
pub(super) const MAX_TABLE: usize = 1024 * 1024;
/// Most agents of a table.
pub(super) const MAX_AGENTS: usize = 256;
/// Most keywords of one agent.
pub(super) const MAX_KEYWORDS: usize = 2_000;
/// Most bytes of keywords in a table, as they stand after folding.
pub(super) const MAX_KEYWORD_BYTES: usize = 256 * 1024;
/// Longest keyword, version or agent name, in characters.
pub(super) const MAX_LENGTH: usize = 64;
/// Most aliases of an agent.
pub(super) const MAX_ALIASES: usize = 16;
/// Most message types or intents of an agent.
pub(super) const MAX_LISTED: usize = 64;
/// Most fallbacks that an agent names itself.
pub(super) const MAX_FALLBACKS: usize = 8;
/// Most messages that an agent may work on at once.
pub(super) const MAX_CONCURRENCY: u32 = 1_000_000;
/// Messages that an agent may work on at once where the table does not say.
pub(super) const DEFAULT_CONCURRENCY: u32 = 1_024;

const ROOT: &[&str] = &["version", "agents", "default", "error_handler", "health"];
const AGENT: &[&str] = &[
    "id",
    "name",
    "module",
    "aliases",
    "types",
    "intents",
    "keywords",
    "priority",
    "weight",
    "concurrency",
    "fallback",
    "health",
];
const HANDLER: &[&str] = &["id", "name", "module"];
const HEALTH: &[&str] = &["open_after", "half_open_after_ms", "close_after"];

/// A value with its place.
#[derive(Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) spot: Spot,
}

/// An agent as the text has it.
#[derive(Debug)]
pub(super) struct AgentSpec {
    pub(super) id: At<String>,
    pub(super) name: Option<At<String>>,
    pub(super) module: Option<String>,
    pub(super) aliases: Vec<At<String>>,
    pub(super) types: Vec<At<String>>,
    pub(super) intents: Vec<At<String>>,
    /// Folded.
    pub(super) keywords: Vec<At<String>>,
    pub(super) priority: i32,
    pub(super) weight: u32,
    pub(super) concurrency: u32,
    pub(super) fallback: Vec<At<String>>,
    pub(super) health: HealthConfig,
}

/// A table as the text has it.
#[derive(Debug)]
pub(super) struct TableSpec {
    pub(super) version: String,
    pub(super) agents: Vec<AgentSpec>,
    pub(super) default: Option<At<String>>,
    /// `None` only if it is at fault.
    pub(super) handler: Option<AgentSpec>,
    /// Whether no agent had to be left out.
    pub(super) complete: bool,
}

/// Loads a table.
pub(super) fn load(text: &str) -> Result<Table, TableError> {
    let mut reader = Reader::new(text);
    let table = read(&mut reader, text).and_then(|spec| build(&mut reader, text, &spec));
    match table {
        Some(table) if reader.is_clean() => Ok(table),
        _ => Err(reader.into_error()),
    }
}

fn read<'a>(reader: &mut Reader<'a>, text: &'a str) -> Option<TableSpec> {
    if text.len() > MAX_TABLE {
        let what = "the size in bytes";
        reader.fault_at_start(Problem::too_large(what, 0, MAX_TABLE, text.len()));
        return None;
    }
    let root = reader.root()?;
    let mut members = reader.object(&root, ROOT)?;
    let version = required(reader, &root, members.take("version"), "version")
        .and_then(|node| label(reader, &node))
        .unwrap_or_default();
    let mut health = HealthConfig::default();
    if let Some(node) = members.take("health") {
        health = read_health(reader, &node, health);
    }
    let handler = members.take("error_handler");
    let handler = required(reader, &root, handler, "error_handler")
        .and_then(|node| read_agent(reader, &node, HANDLER, health));
    let default = members
        .take("default")
        .and_then(|node| label(reader, &node).map(|value| At { value, spot: node.spot() }));
    let agents = required(reader, &root, members.take("agents"), "agents")?;
    let nodes = reader.array(&agents, MAX_AGENTS)?;
    if nodes.is_empty() {
        reader.fault(&agents.spot(), Problem::Empty);
    }
    // An agent without a usable id is left out. Its fault is recorded, so no table comes of this,
    // but what else is wrong is told in the same go.
    let list: Vec<_> =
        nodes.iter().filter_map(|node| read_agent(reader, node, AGENT, health)).collect();
    let complete = list.len() == nodes.len();
    Some(TableSpec { version, agents: list, default, handler, complete })
}

fn read_agent<'a>(
    reader: &mut Reader<'a>,
    node: &Node<'a>,
    known: &'static [&'static str],
    health: HealthConfig,
) -> Option<AgentSpec> {
    let mut members = reader.object(node, known)?;
    let id = required(reader, node, members.take("id"), "id")
        .and_then(|node| name(reader, &node).map(|value| At { value, spot: node.spot() }));
    let label_of = |reader: &mut Reader<'a>, node: Option<Node<'a>>| {
        node.and_then(|node| name(reader, &node).map(|value| At { value, spot: node.spot() }))
    };
    let own_name = label_of(reader, members.take("name"));
    let module = label_of(reader, members.take("module")).map(|at| at.value);
    let aliases = names(reader, members.take("aliases"), MAX_ALIASES);
    let types = names(reader, members.take("types"), MAX_LISTED);
    let intents = names(reader, members.take("intents"), MAX_LISTED);
    let keywords = read_keywords(reader, members.take("keywords"));
    let priority = integer(reader, members.take("priority"), -1_000, 1_000).unwrap_or(0);
    let weight = integer(reader, members.take("weight"), 0, 1_000).unwrap_or(1);
    let concurrency = integer(reader, members.take("concurrency"), 1, MAX_CONCURRENCY);
    let concurrency = concurrency.unwrap_or(DEFAULT_CONCURRENCY);
    let fallback = names(reader, members.take("fallback"), MAX_FALLBACKS);
    let health = match members.take("health") {
        Some(node) => read_health(reader, &node, health),
        None => health,
    };
    Some(AgentSpec {
        id: id?,
        name: own_name,
        module,
        aliases,
        types,
        intents,
        keywords,
        priority,
        weight,
        concurrency,
        fallback,
        health,
    })
}

fn read_health<'a>(reader: &mut Reader<'a>, node: &Node<'a>, outer: HealthConfig) -> HealthConfig {
    let Some(mut members) = reader.object(node, HEALTH) else {
        return outer;
    };
    let mut number = |name, max: u32| integer(reader, members.take(name), 1, max);
    let open_after = number("open_after", 1_000);
    let half_open_after = number("half_open_after_ms", 86_400_000);
    let close_after = number("close_after", 100);
    HealthConfig {
        open_after: open_after.unwrap_or(outer.open_after),
        half_open_after: half_open_after
            .map_or(outer.half_open_after, |millis| Duration::from_millis(millis.into())),
        close_after: close_after.unwrap_or(outer.close_after),
    }
}

fn read_keywords<'a>(reader: &mut Reader<'a>, node: Option<Node<'a>>) -> Vec<At<String>> {
    let nodes = node.and_then(|node| reader.array(&node, MAX_KEYWORDS)).unwrap_or_default();
    let mut keywords = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(keyword) = reader.string(&node, MAX_LENGTH) else { continue };
        let mut value = String::new();
        words::fold_into(keyword.trim(), &mut value);
        value.make_ascii_lowercase();
        keywords.push(At { value, spot: node.spot() });
    }
    keywords
}

/// A whole number of `min` to `max`, where there is one.
fn integer<'a, T>(reader: &mut Reader<'a>, node: Option<Node<'a>>, min: T, max: T) -> Option<T>
where
    T: Copy + Into<i64> + TryFrom<i64>,
{
    node.and_then(|node| reader.integer(&node, min, max))
}

/// A list of names.
fn names<'a>(reader: &mut Reader<'a>, node: Option<Node<'a>>, most: usize) -> Vec<At<String>> {
    let nodes = node.and_then(|node| reader.array(&node, most)).unwrap_or_default();
    let mut names = Vec::with_capacity(nodes.len());
    for node in nodes {
        if let Some(value) = name(reader, &node) {
            names.push(At { value, spot: node.spot() });
        }
    }
    names
}

/// A text that fits into [`MAX_NAME`] bytes: what peers name things by.
fn name<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Option<String> {
    let text = label(reader, node)?;
    if text.len() > MAX_NAME {
        let what = "the length in bytes";
        reader.fault(&node.spot(), Problem::too_large(what, 1, MAX_NAME, text.len()));
        return None;
    }
    Some(text)
}

/// A text without control characters and without blanks at its ends.
fn label<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Option<String> {
    let text = reader.string(node, MAX_LENGTH)?;
    if text.trim().len() != text.len() || text.chars().any(char::is_control) {
        reader.fault(&node.spot(), Problem::Malformed(text.escape_debug().to_string()));
        return None;
    }
    Some(text)
}

fn required<'a>(
    reader: &mut Reader<'a>,
    owner: &Node<'a>,
    node: Option<Node<'a>>,
    name: &'static str,
) -> Option<Node<'a>> {
    if node.is_none() {
        reader.fault(&owner.spot(), Problem::Missing(name));
    }
    node
}
