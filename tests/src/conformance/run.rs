//! Every case that a product can be held to, several at once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::adapter::{Adapter, ClosesAs, Ready};
use super::file::{Case, Does, File, Input, Output};
use super::live::{self, Live};
use super::play::{self, Stop};
use super::{ends, judged};

/// How many cases of a product are played at once: most of them wait.
const AT_ONCE: usize = 8;
/// How often a case is played that fails where the machine was slow: what a file says to happen at
/// once does not count then.
const TIMES: usize = 3;
const SLOW: Duration = Duration::from_millis(500);
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

/// Plays all cases to the machines of the engine, in a time that is the runner's. It has the ends of
/// which a whole one is spared something.
pub(super) fn in_memory(files: &[File]) -> Vec<Played> {
    let cases = files.iter().flat_map(|file| file.cases.iter().map(move |case| (file, case)));
    let played = cases.filter(|(_, case)| case.spared.is_none()).map(|(file, case)| {
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
        for _ in 0..ready.at_once.map_or(AT_ONCE, |most| most.min(AT_ONCE)) {
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
    if let Some(reason) = &case.spared {
        return Err(Stop::Cannot(reason.clone()));
    }
    let mut case = case.clone();
    if ready.answers && judged::is_pam(&case) {
        judged::answer(&mut case)?;
    }
    if let Some(lack) = lack(ready, &case) {
        return Err(Stop::Cannot(lack));
    }
    for _ in 1..TIMES {
        match play_with(command, adapter, case.clone()) {
            (Err(Stop::Fault(_)), lag) if lag > SLOW => {}
            (came, _) => return came,
        }
    }
    play_with(command, adapter, case).0
}

/// Plays one case once; how much later than the file says it was at most.
fn play_with(
    command: &str,
    adapter: &mut Option<Adapter>,
    mut case: Case,
) -> (Result<(), Stop>, Duration) {
    let mut lag = Duration::ZERO;
    let mut play = || -> Result<(), Stop> {
        let running = match adapter {
            Some(running) => running,
            None => adapter.insert(Adapter::start(command)?),
        };
        if running.ready().judges {
            judged::judge(&mut case, |token| Live::token(running, token))?;
        }
        if let Some(library) = running.ready().closes_as {
            close_as(library, &mut case);
        }
        for step in &mut case.steps {
            if let Does::Output(Output::Envelope { envelope, .. }) = &mut step.does {
                live::without_timestamp(envelope);
            }
        }
        let mut live = Live::make(running, &case)?;
        let came = play::play(&case, &mut live).map(drop);
        lag = live.lag();
        came
    };
    let came = play();
    if matches!(came, Err(Stop::Fault(_))) {
        *adapter = None;
    }
    (came, lag)
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
        let is_runners = ["detach", "restore"].contains(&word.as_str())
            || ready.judges && judged::is_about(word);
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

/// What a close with each code comes to on a library that does not close with all of them.
fn close_as(library: ClosesAs, case: &mut Case) {
    case.steps.retain_mut(|step| {
        let Does::Output(Output::Envelope { envelope, .. }) = &mut step.does else { return true };
        let Some(close) = envelope.get_mut("close") else { return true };
        let code = close["code"].as_u64();
        match library {
            ClosesAs::Browser if !matches!(code, Some(1_000 | 3_000..=4_999)) => {
                close["code"] = Value::Null;
                true
            }
            ClosesAs::Java => !matches!(code, Some(1_002 | 1_003 | 1_007 | 1_009..=1_015)),
            ClosesAs::Browser => true,
        }
    });
}
