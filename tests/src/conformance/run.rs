//! Every case that a product can be held to, several at once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use super::adapter::{Adapter, Ready};
use super::file::{Case, Does, File, Input, Output};
use super::live::{self, Live};
use super::play::{self, Stop};
use super::{ends, judged};

/// How many cases are played at once: most of them wait.
const AT_ONCE: usize = 8;
/// The longest that a case may wait in real time.
const LONGEST: u64 = 10_000;

/// A case, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Played {
    pub(super) file: String,
    pub(super) case: String,
    /// The clauses that it shows.
    pub(super) clauses: BTreeSet<String>,
    pub(super) verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Held,
    /// The product cannot be held to it, for this reason.
    Skipped(String),
    Failed(String),
}

/// Plays all cases to the machines of the engine, in a time that is the runner's.
pub(super) fn in_memory(files: &[File]) -> Vec<Played> {
    let cases = files.iter().flat_map(|file| file.cases.iter().map(move |case| (file, case)));
    let played = cases.map(|(file, case)| {
        let made = ends::make(case, 1).map_err(Stop::Fault);
        verdict(file, case, made.and_then(|mut end| play::play(case, &mut *end).map(drop)))
    });
    played.collect()
}

/// Plays the cases with links to the product behind an adapter, a command of the shell. A product
/// that cannot be started has none.
pub(super) fn product(command: &str, files: &[File]) -> Result<Vec<Played>, String> {
    let first = Adapter::start(command)?;
    let ready = first.ready().clone();
    let cases = files.iter().flat_map(|file| file.cases.iter().map(move |case| (file, case)));
    let mut cases: Vec<_> = cases.filter(|(_, case)| ready.ends.contains(&case.end)).collect();
    // What waits longest begins first: the last are taken from the end.
    cases.sort_by_key(|(_, case)| waits(case));
    let (cases, played) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let first = Mutex::new(Some(first));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let mut adapter = first.lock().ok().and_then(|mut first| first.take());
                while let Some((file, case)) = cases.lock().ok().and_then(|mut it| it.pop()) {
                    let came = play(command, &ready, &mut adapter, case);
                    if let Ok(mut played) = played.lock() {
                        played.push(verdict(file, case, came));
                    }
                }
            });
        }
    });
    let mut played = played.into_inner().map_err(|why| why.to_string())?;
    played.sort_by(|a, b| (&a.file, &a.case).cmp(&(&b.file, &b.case)));
    Ok(played)
}

fn verdict(file: &File, case: &Case, came: Result<(), Stop>) -> Played {
    let clauses = case.steps.iter().filter_map(|step| step.clause.as_ref()).chain(&case.clauses);
    Played {
        file: file.name.clone(),
        case: case.name.clone(),
        clauses: clauses.cloned().collect(),
        verdict: match came {
            Ok(()) => Verdict::Held,
            Err(Stop::Cannot(why)) => Verdict::Skipped(why),
            Err(Stop::Fault(why)) => Verdict::Failed(why),
        },
    }
}

/// Plays one case. An adapter that has failed is started again for the next.
fn play(
    command: &str,
    ready: &Ready,
    adapter: &mut Option<Adapter>,
    case: &Case,
) -> Result<(), Stop> {
    let mut case = case.clone();
    if ready.answers && judged::is_pam(&case) {
        judged::answer(&mut case);
    }
    if let Some(lack) = lack(ready, &case) {
        return Err(Stop::Cannot(lack));
    }
    let running = match adapter {
        Some(running) => running,
        None => adapter.insert(Adapter::start(command)?),
    };
    let played = play_with(running, case);
    if matches!(played, Err(Stop::Fault(_))) {
        *adapter = None;
    }
    played
}

fn play_with(adapter: &mut Adapter, mut case: Case) -> Result<(), Stop> {
    if adapter.ready().judges {
        judged::judge(&mut case, |token| Live::token(adapter, token))?;
    }
    if adapter.ready().closes_as_a_browser {
        close_as_a_browser(&mut case);
    }
    for step in &mut case.steps {
        if let Does::Output(Output::Envelope { envelope, .. }) = &mut step.does {
            live::without_timestamp(envelope);
        }
    }
    play::play(&case, &mut Live::make(adapter, &case)?).map(drop)
}

/// What a case wants and a product does not have.
fn lack(ready: &Ready, case: &Case) -> Option<String> {
    if let Some(option) = case.options.keys().find(|name| !ready.options.contains(*name)) {
        return Some(format!("no option `{option}`"));
    }
    for step in &case.steps {
        let (kind, has, value) = match &step.does {
            Does::Input(_, Input::Command { command, .. }) => ("command", &ready.commands, command),
            Does::Output(Output::Event(event)) => ("event", &ready.events, event),
            Does::Input(..) | Does::Output(_) | Does::Time(_) => continue,
        };
        let word = value.as_object().and_then(|value| value.keys().next())?;
        let is_runners = word == "detach" || ready.judges && judged::is_about(word);
        if !is_runners && !has.contains(word) {
            return Some(format!("no {kind} `{word}`"));
        }
    }
    (waits(case) > LONGEST).then(|| format!("it waits for more than {} s", LONGEST / 1_000))
}

/// How many ms a case lets pass.
fn waits(case: &Case) -> u64 {
    let times = case.steps.iter().filter_map(|step| match &step.does {
        Does::Time(time) | Does::Input(Some(time), _) => Some(*time),
        Does::Input(None, _) | Does::Output(_) => None,
    });
    times.max().unwrap_or(0)
}

/// A close with a code that a browser does not take is one without.
fn close_as_a_browser(case: &mut Case) {
    for step in &mut case.steps {
        if let Does::Output(Output::Envelope { envelope, .. }) = &mut step.does
            && let Some(close) = envelope.get_mut("close")
            && !matches!(close["code"].as_u64(), Some(1_000 | 3_000..=4_999))
        {
            close["code"] = Value::Null;
        }
    }
}
