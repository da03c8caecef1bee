//! The files below `tests/conformance`, which their README describes: cases, each a list of steps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::derived;
use crate::conformance::names::is_name;

/// One file: what holds one or more clauses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(skip)]
    pub(crate) name: String,
    /// The clauses that the file says it holds.
    pub(crate) clauses: Vec<String>,
    pub(crate) cases: Vec<Case>,
}

/// One conversation of one machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Which machine has it.
    pub(crate) end: String,
    #[serde(default)]
    pub(crate) options: Map<String, Value>,
    /// Whether it begins with steps that open a link or session: true for those of its end, or the
    /// name of others.
    #[serde(default)]
    pub(crate) opened: Value,
    /// The clauses that it shows as a whole, beside those of its outputs.
    #[serde(default)]
    pub(crate) clauses: Vec<String>,
    /// Why it cannot be one of this end.
    #[serde(default)]
    pub(crate) spared: Option<String>,
    #[serde(deserialize_with = "steps")]
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The clause that its output shows.
    pub(crate) clause: Option<String>,
    pub(crate) does: Does,
}

#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// An input, at this time or that of the step before.
    Input(Option<u64>, Input),
    /// The clock passes to this time.
    Time(u64),
    Output(Output),
}

/// What goes into a machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// An envelope, or the text of one, over a link.
    Envelope { link: String, envelope: Value },
    /// What a host wants, and what the file calls what comes of it.
    Command { link: String, name: Option<String>, command: Value },
}

/// What comes out of a machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Output {
    /// An envelope over a link.
    Envelope { link: String, envelope: Value },
    /// What a host learns.
    Event(Value),
    /// What a command returned.
    Result(Value),
}

impl File {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        Self::paths().iter().map(|path| Self::open(path)).collect()
    }

    fn paths() -> Vec<PathBuf> {
        let files = ["pam", "v1"].into_iter().flat_map(|dialect| {
            std::fs::read_dir(folder().join(dialect)).expect("the files are there")
        });
        let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        paths.sort();
        paths
    }

    /// A file, which is called by its name; one of `pam` with its folder.
    fn open(path: &Path) -> Self {
        let name = path.strip_prefix(folder()).unwrap_or(path).to_string_lossy().into_owned();
        let name = name.strip_prefix("v1/").unwrap_or(&name).to_owned();
        Self::read(name, &text(path))
    }

    /// The cases of a whole client or server that those of one end come to. Where a clause has none
    /// there, those that show it are spared, each with its reason.
    pub(crate) fn derived() -> Vec<Self> {
        let openings: Value =
            serde_json::from_str(&text(&folder().join("openings.json"))).expect("JSON");
        let files = Self::paths().into_iter().filter_map(|path| {
            let file: Value = serde_json::from_str(&text(&path)).expect("JSON");
            let cases = derived_cases(&file, &openings);
            let clauses: BTreeSet<_> = cases.iter().flat_map(shown).collect();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let file = json!({"clauses": clauses, "cases": cases});
            (!cases.is_empty()).then(|| Self::read(name, &file.to_string()))
        });
        files.collect()
    }

    /// The file of this name and text.
    pub(crate) fn read(name: String, text: &str) -> Self {
        let file: Self = serde_json::from_str(text).unwrap_or_else(|why| panic!("{name}: {why}"));
        let mut file = Self { name, ..file };
        for case in &mut file.cases {
            let opening = match &case.opened {
                Value::Bool(true) => opening(&case.end),
                Value::String(name) => opening(name),
                _ => continue,
            };
            case.steps.splice(..0, opening);
        }
        file
    }
}

fn derived_cases(file: &Value, openings: &Value) -> Vec<Value> {
    let written = || file["cases"].as_array().into_iter().flatten();
    let derived = written().filter_map(|case| Some((case, derived::derive(case, openings)?)));
    let (mut cases, mut spared) = (Vec::new(), Vec::new());
    for (case, (end, derived)) in derived {
        match derived {
            Ok(case) => cases.push(case),
            Err(reason) => spared.push((case, end, reason)),
        }
    }
    let whole = written().chain(&cases);
    let held: BTreeSet<_> = whole
        .flat_map(|case| {
            shown(case).into_iter().map(|clause| (case["end"].clone().to_string(), clause))
        })
        .collect();
    let spared = spared.into_iter().filter_map(|(case, end, reason)| {
        let mut clauses = shown(case);
        clauses.retain(|clause| !held.contains(&(json!(end).to_string(), clause.clone())));
        (!clauses.is_empty()).then(|| {
            json!({
                "name": case["name"], "end": end, "clauses": clauses, "spared": reason, "steps": [],
            })
        })
    });
    let spared: Vec<_> = spared.collect();
    cases.extend(spared);
    cases
}

/// The clauses that a case shows.
fn shown(case: &Value) -> BTreeSet<String> {
    let steps = case["steps"].as_array().into_iter().flatten().flat_map(flat);
    let whole = case["clauses"].as_array().into_iter().flatten().cloned();
    let clauses = steps.map(|step| step["clause"].clone()).chain(whole);
    clauses.filter_map(|clause| clause.as_str().map(str::to_owned)).collect()
}

/// The steps for which a step stands.
pub(super) fn flat(step: &Value) -> Vec<Value> {
    let (Some(first), Some(last)) = (step["each"][0].as_u64(), step["each"][1].as_u64()) else {
        return vec![step.clone()];
    };
    let steps = step["steps"].as_array().into_iter().flatten();
    let numbered = (first..=last).flat_map(|n| steps.clone().map(move |step| numbered(step, n)));
    numbered.flat_map(|step| flat(&step)).collect()
}

/// The steps after which a session is open at an end, or a link of `pam`.
fn opening(end: &str) -> Vec<Step> {
    let text = text(&folder().join("openings.json"));
    let mut openings: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
    let opening = openings.remove(end).unwrap_or_else(|| panic!("no opening of a {end}"));
    steps(opening).unwrap_or_else(|why| panic!("the opening of a {end}: {why}"))
}

/// The text of a file of the repository.
pub(super) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// A step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    at: Option<u64>,
    link: Option<String>,
    r#in: Option<Value>,
    r#do: Option<Value>,
    r#as: Option<String>,
    time: Option<u64>,
    out: Option<Value>,
    event: Option<Value>,
    result: Option<Value>,
    clause: Option<String>,
    each: Option<(u64, u64)>,
    steps: Option<Vec<Value>>,
}

fn steps<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Vec<Step>, D::Error> {
    let mut steps = Vec::new();
    for step in Vec::<Value>::deserialize(source)? {
        read(step, &mut steps).map_err(serde::de::Error::custom)?;
    }
    Ok(steps)
}

/// Reads a step, which may stand for several.
fn read(step: Value, steps: &mut Vec<Step>) -> Result<(), String> {
    let shown = step.to_string();
    let fault = |why: &str| format!("{why}: {shown}");
    let is = |name: &str| step.get(name).is_some();
    let what = ["in", "do", "time", "out", "event", "result", "each"];
    if what.iter().filter(|name| is(name)).count() != 1 {
        return Err(fault("a step has one of in, do, time, out, event, result and each"));
    }
    let is_input = is("in") || is("do");
    if (is("at") && !is_input) || (is("as") && !is("do")) || (is("link") && !is_input && !is("out"))
    {
        return Err(fault("`at`, `as` or `link` where it means nothing"));
    }
    if is("clause") && (is_input || is("time") || is("each")) {
        return Err(fault("a clause is shown by an output"));
    }
    let step: Written = serde_json::from_value(step).map_err(|why| fault(&why.to_string()))?;
    if let Some((first, last)) = step.each {
        let inner = step.steps.ok_or_else(|| fault("no steps"))?;
        for n in first..=last {
            for step in &inner {
                read(numbered(step, n), steps)?;
            }
        }
        return Ok(());
    }
    let link = step.link.unwrap_or_default();
    let does = if let Some(time) = step.time {
        Does::Time(time)
    } else if let Some(envelope) = step.r#in {
        Does::Input(step.at, Input::Envelope { link, envelope: written_out(&envelope) })
    } else if let Some(command) = step.r#do {
        let command = written_out(&command);
        Does::Input(step.at, Input::Command { link, name: step.r#as, command })
    } else if let Some(envelope) = step.out {
        Does::Output(Output::Envelope { link, envelope: written_out(&envelope) })
    } else if let Some(event) = step.event {
        Does::Output(Output::Event(written_out(&event)))
    } else {
        Does::Output(Output::Result(written_out(&step.result.unwrap_or_default())))
    };
    steps.push(Step { clause: step.clause, does });
    Ok(())
}

/// A value with `n` in the places of `$n`.
fn numbered(value: &Value, n: u64) -> Value {
    match value {
        Value::String(text) if text == "$n" => n.into(),
        Value::String(text) if !is_name(text) => text.replace("$n", &n.to_string()).into(),
        value => mapped(value, |value| numbered(value, n)),
    }
}

/// A value in which `{"$text": PARTS}` is the text of these parts, each a text or a text and how
/// often it stands there.
pub(super) fn written_out(value: &Value) -> Value {
    match value.get("$text") {
        Some(Value::Array(parts)) => parts.iter().map(part).collect::<String>().into(),
        _ => mapped(value, written_out),
    }
}

fn part(part: &Value) -> String {
    let text = part.as_str().or_else(|| part[0].as_str()).expect("a text");
    let times = part[1].as_u64().and_then(|times| usize::try_from(times).ok());
    text.repeat(times.unwrap_or(1))
}

/// A value with another in the place of each member.
pub(crate) fn mapped(value: &Value, of: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(of).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), of(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
