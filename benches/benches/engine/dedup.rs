//! The duplicate window beside two rotating generations of a `HashSet`.

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Duration;

use pamlink::dedup::{Key, Verdict, Window, WindowConfig};
use pamlink::seed::Seed;
use pamlink::time::Mono;
use pamlink_benches::alloc::counted;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::{Turn, race};
use pamlink_benches::rows::{Row, Rows};

use super::Effort;

/// Checks in a turn, after a tenth as many that are not timed.
const CHECKS: usize = 40_000;

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> anyhow::Result<()> {
    for (entries, named) in [(5_500, "5,500"), (1_000_000, "1,000,000")] {
        measure(effort, rows, entries, named);
    }
    Ok(())
}

fn measure(effort: Effort, rows: &mut Rows, entries: usize, named: &str) {
    let keys = keys(entries);
    let (mut window, memory) = counted(|| {
        let config = WindowConfig {
            max_entries: entries,
            max_age: Duration::from_secs(3_600),
            ..WindowConfig::default()
        };
        let mut window = Window::new(config, Seed::from_number(1));
        for key in keys.all.iter().take(2 * entries) {
            let _ = window.check(Mono::ZERO, *key);
        }
        window
    });
    let mut at = 2 * entries;
    let mut ours = || {
        let now = Mono::from_millis(1);
        turn(&keys, &mut at, |key| matches!(window.check(now, key), Verdict::Fresh))
    };

    let (mut sets, sets_memory) = counted(|| {
        let mut sets = TwoSets::new(entries);
        for key in keys.all.iter().take(2 * entries) {
            sets.check(Mono::ZERO, key.to_bits());
        }
        sets
    });
    let mut at = 2 * entries;
    let mut theirs = || {
        let now = Mono::from_millis(1);
        turn(&keys, &mut at, |key| sets.check(now, key.to_bits()))
    };

    let [ours, theirs] = race(effort.rounds, [&mut ours, &mut theirs]);
    let peer = "two HashSet<u128, ahash>";
    let row = Row::new(format!("window of {named}: check and insert"), ours, "ns");
    rows.push(row.beside(peer, theirs).at_most_times(1.5));
    let each = |live: i64| live as f64 / entries as f64;
    let row = Row::new(format!("window of {named}: memory an entry"), each(memory.live), "B");
    rows.push(row.beside(peer, each(sets_memory.live)).at_most(40.0));
}

/// Nine keys that are new and one of lately, again and again.
fn turn(keys: &Keys, at: &mut usize, mut is_fresh: impl FnMut(Key) -> bool) -> Turn {
    let mut run = |checks: usize| {
        let mut fresh = 0;
        for _ in 0..checks / 10 {
            for _ in 0..9 {
                fresh += usize::from(is_fresh(keys.get(*at)));
                *at = if *at + 1 == keys.all.len() { 0 } else { *at + 1 };
            }
            fresh += usize::from(is_fresh(keys.get(*at + keys.all.len() - keys.back)));
        }
        assert_eq!(fresh, checks / 10 * 9);
    };
    run(CHECKS / 10);
    let start = Stopwatch::start();
    run(black_box(CHECKS));
    Turn { time: start.elapsed(), operations: CHECKS as u64 }
}

/// So many keys that each is new again after one time around.
struct Keys {
    all: Vec<Key>,
    /// How far back the repeats lie: half a window.
    back: usize,
}

impl Keys {
    /// The key at this place; one time around further is the same place.
    #[inline]
    fn get(&self, at: usize) -> Key {
        self.all[if at < self.all.len() { at } else { at - self.all.len() }]
    }
}

fn keys(entries: usize) -> Keys {
    let window = Window::new(WindowConfig::default(), Seed::from_number(2));
    let key = |number: usize| window.key("user", Some(&number.to_string()), "");
    let all = (0..entries * 5 / 2).filter_map(key).collect();
    Keys { all, back: entries / 2 }
}

/// The usual bounded set: when the newer one is full, the older one is emptied and they change
/// places. It remembers between one and two windows.
struct TwoSets {
    newer: HashSet<u128, ahash::RandomState>,
    older: HashSet<u128, ahash::RandomState>,
    entries: usize,
    since: Mono,
}

impl TwoSets {
    fn new(entries: usize) -> Self {
        let set = || HashSet::with_hasher(ahash::RandomState::with_seeds(1, 2, 3, 4));
        Self { newer: set(), older: set(), entries, since: Mono::ZERO }
    }

    #[inline]
    fn check(&mut self, now: Mono, key: u128) -> bool {
        let is_old = now.saturating_since(self.since) > Duration::from_secs(3_600);
        if self.newer.len() == self.entries || is_old {
            std::mem::swap(&mut self.newer, &mut self.older);
            self.newer.clear();
            self.since = now;
        }
        !self.older.contains(&key) && self.newer.insert(key)
    }
}
