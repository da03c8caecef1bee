//! One run of the checker, and what it has found.

use std::fmt;
use std::hash::Hash;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// How far a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Checking {
    /// The most steps from the beginning.
    pub depth: usize,
    /// The most states; a run that reaches them is not complete.
    pub states: usize,
    /// The most time.
    pub time: Duration,
}

/// What a run has come to.
#[derive(Debug)]
pub struct Checked {
    /// The model's name.
    pub name: String,
    /// How many different states it has reached; those of the last step are not looked at.
    pub states: usize,
    /// The most steps from the beginning.
    pub depth: usize,
    /// Whether there are no others.
    pub is_whole: bool,
    /// Every property, and whether it holds.
    pub properties: Vec<(&'static str, bool)>,
    /// For each that does not hold, the way there; of what should be possible, that it was not seen.
    pub faults: Vec<String>,
    /// How long it took.
    pub time: Duration,
}

impl Checked {
    /// What the columns of its line are.
    pub const HEADING: &'static str =
        "model                               states  depth   properties      time";

    /// Whether every property holds.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hold = self.properties.iter().filter(|(_, holds)| *holds).count();
        let (all, seconds) = (self.properties.len(), self.time.as_secs_f64());
        let Self { name, states, .. } = self;
        let depth = if self.is_whole { "all".to_owned() } else { self.depth.to_string() };
        write!(f, "{name:<32} {states:>9} {depth:>6} {hold:>5} of {all:<3} {seconds:>7.1} s")
    }
}

/// Visits every state within these bounds, those near the beginning first; in one thread, so that
/// the figures are the same in every run.
pub fn check<M>(name: impl Into<String>, model: M, checking: Checking) -> Checked
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync + fmt::Debug + Clone + PartialEq,
    M::Action: Send + Sync + fmt::Debug + Clone + PartialEq,
{
    let started = Instant::now();
    let properties = model.properties();
    let checker = run(model, checking, None);
    let found = checker.discoveries();
    let (reached, states) = (checker.max_depth(), checker.unique_state_count());
    let mut faults = Vec::new();
    let mut verdicts = Vec::new();
    for property in properties {
        let path = found.get(property.name);
        let holds = match property.expectation {
            Expectation::Always | Expectation::Eventually => path.is_none(),
            Expectation::Sometimes => path.is_some(),
        };
        verdicts.push((property.name, holds));
        if !holds {
            let way = path.map_or_else(|| "not seen".to_owned(), |path| steps(path.clone()));
            faults.push(format!("{}: {way}", property.name));
        }
    }
    Checked {
        name: name.into(),
        states,
        depth: reached.saturating_sub(1).min(checking.depth),
        is_whole: reached < checking.depth + 2 && started.elapsed() < checking.time,
        properties: verdicts,
        faults,
        time: started.elapsed(),
    }
}

/// The shortest way to a state in which this property does not hold, as one line for each step.
pub fn counterexample<M>(
    model: M,
    property: &'static str,
    checking: Checking,
) -> Option<Vec<String>>
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Hash + Send + Sync + fmt::Debug + Clone + PartialEq,
    M::Action: Send + Sync + fmt::Debug + Clone + PartialEq,
{
    let mut shortest = None;
    let mut depth = checking.depth;
    // What a run has found last need not be what it has found first.
    while let Some(path) =
        run(model.clone(), Checking { depth, ..checking }, Some(property)).discovery(property)
    {
        let steps: Vec<String> = path.into_actions().iter().map(|it| format!("{it:?}")).collect();
        depth = steps.len() - 1;
        shortest = Some(steps);
    }
    shortest
}

fn run<M>(model: M, checking: Checking, until: Option<&'static str>) -> impl Checker<M>
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync + fmt::Debug + Clone + PartialEq,
    M::Action: Send + Sync + fmt::Debug + Clone + PartialEq,
{
    let until = until.map_or(HasDiscoveries::All, |it| HasDiscoveries::AnyOf([it].into()));
    let checker = model
        .checker()
        // It counts states, the first and the last included, of which it does not look at the last.
        .target_max_depth(checking.depth + 2)
        .target_state_count(checking.states)
        .timeout(checking.time)
        .finish_when(until);
    checker.spawn_bfs().join()
}

fn steps<S, A: fmt::Debug>(path: stateright::Path<S, A>) -> String {
    let actions: Vec<String> = path
        .into_vec()
        .into_iter()
        .filter_map(|(_, action)| Some(format!("{:?}", action?)))
        .collect();
    format!("after {}", actions.join(", "))
}
