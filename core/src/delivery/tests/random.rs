//! Random conversations over links that break at random places.

use core::time::Duration;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::pair::{End, Pair, code};
use super::{AtBound, Priority, SendOptions, SessionConfig, Target, pair};
use crate::delivery::CommandId;
use crate::envelope::v1::Name;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// An end sends an item.
    Send {
        client: bool,
        priority: Priority,
        millis: u64,
        key: bool,
    },
    /// An end takes one envelope, if one is on its way to it, and says what it has to.
    Carry {
        client: bool,
    },
    /// A host does not take the last item that it was given.
    Reject {
        client: bool,
    },
    Cancel,
    /// The first cancel without a result gets one.
    Result,
    /// The link breaks with what is on its way.
    Cut,
    /// Another link carries the session, whether the last has broken or not.
    Connect,
    Pass(u64),
    /// An end's process ends, and the next one goes on with a snapshot of now.
    Restart {
        client: bool,
    },
}

fn steps(restarts: u32) -> impl Strategy<Value = Vec<Step>> {
    let priority = prop::sample::select(Priority::ALL.to_vec());
    let send = (any::<bool>(), priority, prop::sample::select(vec![50, 3_000, 60_000]))
        .prop_flat_map(|(client, priority, millis)| {
            prop::bool::weighted(0.1).prop_map(move |key| Step::Send {
                client,
                priority,
                millis,
                key,
            })
        });
    let step = prop_oneof![
        12 => send,
        24 => any::<bool>().prop_map(|client| Step::Carry { client }),
        2 => any::<bool>().prop_map(|client| Step::Reject { client }),
        1 => Just(Step::Cancel),
        1 => Just(Step::Result),
        2 => Just(Step::Cut),
        4 => Just(Step::Connect),
        3 => (0..2_000u64).prop_map(Step::Pass),
        restarts => any::<bool>().prop_map(|client| Step::Restart { client }),
    ];
    prop::collection::vec(step, 0..120)
}

/// A conversation, with what each host has wanted.
#[derive(Clone)]
struct World {
    pair: Pair,
    connected: bool,
    sent: [BTreeMap<String, CommandId>; 2],
    rejected: [Vec<String>; 2],
    /// The cancels with a result.
    answered: usize,
    number: u64,
}

impl World {
    fn new(config: SessionConfig) -> Self {
        let mut pair = Pair::with(config.clone(), config);
        pair.connect();
        pair.settle();
        Self {
            pair,
            connected: true,
            sent: [BTreeMap::new(), BTreeMap::new()],
            rejected: [Vec::new(), Vec::new()],
            answered: 0,
            number: 0,
        }
    }

    fn end(&mut self, client: bool) -> &mut End {
        if client { &mut self.pair.client } else { &mut self.pair.server }
    }

    fn take(&mut self, step: &Step) {
        let now = self.pair.now();
        match *step {
            Step::Send { client, priority, millis, key } => {
                self.number += 1;
                let side = if client { "c" } else { "s" };
                let text = format!("{side} {priority:?} {}", self.number);
                let options = SendOptions {
                    priority,
                    key: key.then(|| Name::new("key").unwrap()),
                    time_to_live: Some(Duration::from_millis(millis)),
                    ..SendOptions::default()
                };
                let body = pair::body(&text);
                if let Ok(command) = self.end(client).session.send(now, &body, options) {
                    self.sent[usize::from(client)].insert(text, command);
                }
                self.end(client).drain(None);
            }
            Step::Carry { client } => {
                if client {
                    self.pair.step_client();
                } else {
                    self.pair.step_server();
                }
            }
            Step::Reject { client } => {
                let end = self.end(client);
                let last = end.bodies().last().map(|body| (*body).to_owned());
                if let (Some(at), Some(body)) = (end.items.last().copied(), last)
                    && end.session.reject(now, at, code("busy"), None).is_ok()
                {
                    self.rejected[usize::from(client)].push(body);
                }
            }
            Step::Cancel => {
                if let Ok(command) = self.pair.client.session.cancel(now, Target::All) {
                    self.sent[1].insert(format!("cancel {}", command.as_u64()), command);
                }
            }
            Step::Result => self.answer(),
            Step::Cut => {
                if self.connected {
                    self.pair.cut();
                    self.connected = false;
                }
            }
            Step::Connect => {
                self.pair.connect();
                self.connected = true;
            }
            Step::Pass(millis) => self.pair.pass(millis),
            Step::Restart { client } => {
                self.pair.cut();
                self.connected = false;
                self.number += 1;
                let number = self.number;
                self.end(client).restore(now, number);
            }
        }
    }

    fn answer(&mut self) {
        let now = self.pair.now();
        if let Some(at) = self.pair.server.cancels.get(self.answered).copied() {
            self.pair.server.session.cancel_result(now, at, &[]).unwrap();
            self.answered += 1;
        }
    }

    /// All links are good from here on, until nothing is left to be said.
    fn heal(&mut self) {
        self.pair.connect();
        self.pair.settle();
        while self.answered < self.pair.server.cancels.len() {
            self.answer();
        }
        // A window of one item is acknowledged in a second.
        for _ in 0..200 {
            self.pair.pass(1_000);
            self.pair.settle();
        }
    }
}

/// The outcomes of an end, by command: exactly one each.
fn outcomes(end: &End) -> BTreeMap<u64, Vec<String>> {
    let mut outcomes: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in &end.heard {
        let (command, outcome) = if let Some(rest) = line.strip_prefix("outcome ") {
            rest.split_once(' ').unwrap()
        } else if let Some(rest) = line.strip_prefix("result ") {
            (rest.split_once(' ').unwrap().0, "acknowledged")
        } else {
            continue;
        };
        outcomes.entry(command.parse().unwrap()).or_default().push(outcome.to_owned());
    }
    outcomes
}

fn small() -> impl Strategy<Value = SessionConfig> {
    (
        prop::sample::select(vec![1, 2, 5, 512]),
        prop::sample::select(vec![2, 6, 1_024]),
        any::<bool>(),
    )
        .prop_map(|(window_envelopes, queue_envelopes, drops)| SessionConfig {
            window_envelopes,
            queue_envelopes,
            at_bound: if drops { AtBound::DropOldest } else { AtBound::Reject },
            ..SessionConfig::default()
        })
}

proptest! {
    /// Whatever breaks, and wherever a process ends after it has stored its present state: what is
    /// sent arrives exactly once and in order, or its sender hears what became of it, once.
    #[test]
    fn everything_arrives_once_and_in_order_or_has_its_outcome(
        config in small(),
        steps in steps(1),
    ) {
        let mut world = World::new(config);
        for step in &steps {
            world.take(step);
        }
        world.heal();
        for client in [true, false] {
            let sent = world.sent[usize::from(client)].clone();
            let rejected = world.rejected[usize::from(!client)].clone();
            let outcomes = outcomes(world.end(client));
            let other = world.end(!client).clone();
            let heard = other.bodies();
            for (text, command) in &sent {
                let outcome = outcomes.get(&command.as_u64());
                let [outcome] = outcome.map_or(&[][..], Vec::as_slice) else {
                    return Err(TestCaseError::fail(format!("{text}: {outcome:?}")));
                };
                if text.starts_with("cancel") {
                    continue;
                }
                let times = heard.iter().filter(|body| **body == text.as_str()).count();
                let is_rejected = rejected.contains(text);
                let expected = match outcome.split(' ').next() {
                    Some("acknowledged") => times == 1 && !is_rejected,
                    Some("rejected") => times == 1 && is_rejected,
                    Some("expired") => times == 0,
                    _ => false,
                };
                prop_assert!(expected, "{text} was heard {times} times: {outcome}");
            }
            prop_assert!(heard.iter().all(|text| sent.contains_key(*text)));
            for priority in Priority::ALL {
                let name = format!("{priority:?} ");
                let numbers = heard.iter().filter_map(|text| text.split_once(&name)?.1.parse().ok());
                let numbers: Vec<u64> = numbers.collect();
                prop_assert!(numbers.is_sorted(), "{heard:?}");
            }
            prop_assert!(other.heard.iter().all(|line| !line.starts_with("fault")), "{:?}", other.heard);
            prop_assert!(other.heard.iter().all(|line| !line.starts_with("gap")), "{:?}", other.heard);
        }
    }

    /// An end goes on with a snapshot that is older than what the other end knows, at any time and
    /// at either end: the other hears nothing twice, and each command has one outcome in the life
    /// that goes on.
    #[test]
    fn an_older_snapshot_takes_effect_twice_nowhere(
        steps in prop::collection::vec(steps(1), 3),
        client in any::<bool>(),
    ) {
        let mut world = World::new(SessionConfig::default());
        for step in &steps[0] {
            world.take(step);
        }
        let old = world.clone();
        for step in &steps[1] {
            world.take(step);
        }
        // The other end stays as it is, and one forgets, as its host does.
        world.pair.cut();
        let millis = world.pair.millis;
        let number = world.number;
        *world.end(client) = old.clone().end(client).clone();
        world.sent[usize::from(client)] = old.sent[usize::from(client)].clone();
        world.rejected[usize::from(client)] = old.rejected[usize::from(client)].clone();
        if !client {
            world.answered = old.answered;
        }
        let now = world.pair.now();
        world.end(client).restore(now, millis + number);
        world.connected = false;
        for step in &steps[2] {
            world.take(step);
        }
        world.heal();
        for side in [true, false] {
            let outcomes = outcomes(world.end(side));
            for (text, command) in world.sent[usize::from(side)].clone() {
                let ends = outcomes.get(&command.as_u64()).map_or(0, Vec::len);
                prop_assert_eq!(ends, 1, "{}", text);
            }
            let heard = world.end(side).heard.clone();
            prop_assert!(heard.iter().all(|line| !line.starts_with("fault")), "{heard:?}");
        }
        // Who has not forgotten hears nothing twice.
        let remembers = world.end(!client).clone();
        let mut bodies = remembers.bodies();
        bodies.sort_unstable();
        let count = bodies.len();
        bodies.dedup();
        prop_assert_eq!(bodies.len(), count, "{:?}", bodies);
    }
}
