use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Evictions, First, Key, Keyer, Verdict, Window, WindowConfig};
use crate::seed::Seed;
use crate::time::Mono;

const PENDING: Verdict = Verdict::Duplicate { first: First::Pending };

fn window(config: WindowConfig) -> Window {
    Window::new(config, Seed::from_number(7))
}

fn ids(window: &Window, numbers: core::ops::Range<u32>) -> Vec<Key> {
    numbers.map(|n| window.keyer().of_id("u", &n.to_string())).collect()
}

/// The window as its documentation says it, with no thought of cost: the same policy over a deque
/// that is searched from end to end.
struct Model {
    config: WindowConfig,
    entries: VecDeque<ModelEntry>,
    /// Serial numbers of entries in the order in which their results were kept.
    results: VecDeque<u64>,
    latest: Mono,
    serial: u64,
    evictions: Evictions,
}

struct ModelEntry {
    key: Key,
    at: Mono,
    alive: bool,
    first: First,
    serial: u64,
}

impl Model {
    fn new(config: WindowConfig) -> Self {
        let evictions = Evictions::default();
        let (entries, results) = (VecDeque::new(), VecDeque::new());
        Self { config, entries, results, latest: Mono::ZERO, serial: 0, evictions }
    }

    fn check(&mut self, now: Mono, key: Key) -> Verdict {
        self.latest = self.latest.max(now);
        let max_age = self.config.max_age;
        let limit = match (key.is_of_content(), self.config.content_age) {
            (true, Some(age)) => age.min(max_age),
            (true, None) => Duration::ZERO,
            (false, _) => max_age,
        };
        if let Some(at) = self.position(key) {
            if self.age(at) < limit {
                return Verdict::Duplicate { first: self.entries[at].first.clone() };
            }
            self.evictions.age += 1;
            self.kill(at);
        }
        self.expire(now, 2);
        if self.entries.len() == self.config.max_entries {
            self.evictions.count += u64::from(self.entries[0].alive);
            self.kill(0);
            self.entries.pop_front();
        }
        self.serial += 1;
        let (at, serial) = (self.latest, self.serial);
        self.entries.push_back(ModelEntry { key, at, alive: true, first: First::Pending, serial });
        Verdict::Fresh
    }

    fn complete(&mut self, key: Key, result: Arc<[u8]>) -> bool {
        let Some(at) = self.position(key) else { return false };
        if self.entries[at].first != First::Pending {
            return false;
        }
        let cost = |len: usize| len + super::results::OVERHEAD;
        if cost(result.len()) > self.config.max_result_bytes {
            self.entries[at].first = First::Forgotten;
            self.evictions.results += 1;
            return false;
        }
        let new = cost(result.len());
        self.entries[at].first = First::Result(result);
        self.results.push_back(self.entries[at].serial);
        while self.result_bytes(cost) > self.config.max_result_bytes {
            let oldest = self.results.pop_front().expect("some result takes the bytes");
            for entry in self.entries.iter_mut().filter(|entry| entry.serial == oldest) {
                entry.first = First::Forgotten;
            }
            self.evictions.results += 1;
        }
        assert!(new <= self.config.max_result_bytes);
        true
    }

    fn expire(&mut self, now: Mono, at_most: usize) -> usize {
        self.latest = self.latest.max(now);
        for gone in 0..at_most {
            if self.entries.is_empty() || self.age(0) < self.config.max_age {
                return gone;
            }
            self.evictions.age += u64::from(self.entries[0].alive);
            self.kill(0);
            self.entries.pop_front();
        }
        at_most
    }

    fn forget(&mut self, key: Key) -> bool {
        let found = self.position(key);
        found.map(|at| self.kill(at)).is_some()
    }

    fn age(&self, at: usize) -> Duration {
        self.latest.saturating_since(self.entries[at].at)
    }

    fn position(&self, key: Key) -> Option<usize> {
        self.entries.iter().position(|entry| entry.alive && entry.key == key)
    }

    fn kill(&mut self, at: usize) {
        self.entries[at].alive = false;
        let serial = self.entries[at].serial;
        self.results.retain(|kept| *kept != serial);
    }

    fn result_bytes(&self, cost: impl Fn(usize) -> usize) -> usize {
        let kept = self.entries.iter().filter(|entry| self.results.contains(&entry.serial));
        kept.map(|entry| match &entry.first {
            First::Result(bytes) => cost(bytes.len()),
            _ => 0,
        })
        .sum()
    }

    fn len(&self) -> usize {
        self.entries.iter().filter(|entry| entry.alive).count()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Check { after: i64, number: u8, content: bool },
    Complete { number: u8, content: bool, len: usize },
    Forget { number: u8, content: bool },
    Expire { after: i64, at_most: usize },
}

fn step() -> impl Strategy<Value = Step> {
    // Now and then the clock steps back, or far ahead.
    let after = || prop_oneof![20 => 0i64..40, 2 => -50i64..0, 1 => 90i64..400];
    prop_oneof![
        10 => (after(), any::<u8>(), any::<bool>())
            .prop_map(|(after, number, content)| Step::Check { after, number, content }),
        6 => (any::<u8>(), any::<bool>(), 0usize..400)
            .prop_map(|(number, content, len)| Step::Complete { number, content, len }),
        1 => (any::<u8>(), any::<bool>())
            .prop_map(|(number, content)| Step::Forget { number, content }),
        1 => (after(), 0usize..5).prop_map(|(after, at_most)| Step::Expire { after, at_most }),
    ]
}

fn config() -> impl Strategy<Value = WindowConfig> {
    let content_age = prop::option::of((0u64..150).prop_map(Duration::from_nanos));
    (1usize..70, 1u64..300, content_age, 0usize..2_000).prop_map(
        |(max_entries, max_age, content_age, max_result_bytes)| WindowConfig {
            max_entries,
            max_age: Duration::from_nanos(max_age),
            content_age,
            max_result_bytes,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn behaves_like_a_deque_that_is_searched(
        config in config(),
        different in 1u8..120,
        steps in prop::collection::vec(step(), 0..300),
    ) {
        let mut window = window(config);
        let mut model = Model::new(config);
        let keyer = window.keyer().clone();
        let key = |number: u8, content: bool| {
            let text = (number % different).to_string();
            if content { keyer.user("u").of_content(&text) } else { keyer.of_id("u", &text) }
        };
        let mut clock = 1_000i64;
        let mut at = |after: i64| {
            clock += after;
            Mono::from_nanos(clock.unsigned_abs())
        };
        for step in steps {
            match step {
                Step::Check { after, number, content } => {
                    let (now, key) = (at(after), key(number, content));
                    prop_assert_eq!(window.check(now, key), model.check(now, key));
                }
                Step::Complete { number, content, len } => {
                    let (key, result): (_, Arc<[u8]>) = (key(number, content), vec![1; len].into());
                    let kept = window.complete(key, Arc::clone(&result));
                    prop_assert_eq!(kept, model.complete(key, result));
                }
                Step::Forget { number, content } => {
                    let key = key(number, content);
                    prop_assert_eq!(window.forget(key), model.forget(key));
                }
                Step::Expire { after, at_most } => {
                    let now = at(after);
                    prop_assert_eq!(window.expire(now, at_most), model.expire(now, at_most));
                }
            }
            prop_assert_eq!(window.len(), model.len());
            prop_assert_eq!(window.results(), model.results.len());
            prop_assert_eq!(window.evictions(), model.evictions);
            prop_assert!(window.len() <= config.max_entries);
            prop_assert!(window.memory() <= config.ceiling());
        }
    }

    #[test]
    fn keys_differ_when_user_text_or_source_differ(
        a in ("[ab]{0,3}", "[ab]{0,3}"),
        b in ("[ab]{0,3}", "[ab]{0,3}"),
    ) {
        let keyer = Keyer::new(Seed::from_number(3));
        prop_assert_eq!(keyer.of_id(&a.0, &a.1) == keyer.of_id(&b.0, &b.1), a == b);
        prop_assert_eq!(keyer.user(&a.0).of_content(&a.1) == keyer.user(&b.0).of_content(&b.1), a == b);
        prop_assert_ne!(keyer.of_id(&a.0, &a.1), keyer.user(&b.0).of_content(&b.1));
    }
}

#[test]
fn after_5_500_messages_no_more_than_the_bound_is_held_and_the_newest_are_all_recognised() {
    // What a server before this engine kept of so many.
    let config = WindowConfig { max_entries: 3_008, ..WindowConfig::default() };
    let mut window = window(config);
    let keys = ids(&window, 0..5_500);
    for (at, key) in (0u64..).zip(&keys) {
        assert_eq!(window.check(Mono::from_millis(at), *key), Verdict::Fresh);
    }
    let now = Mono::from_millis(5_500);
    assert_eq!(window.len(), 3_008);
    assert_eq!(window.evictions().count, 2_492);
    assert!(window.memory() <= 40 * 3_008);
    assert!(keys[2_492..].iter().all(|key| window.check(now, *key) == PENDING));
    assert_eq!(window.len(), 3_008, "recognising adds nothing");
    assert_eq!(window.check(now, keys[2_491]), Verdict::Fresh, "the last that was pushed out");
}

#[test]
fn an_entry_takes_at_most_40_bytes() {
    for max_entries in [100, 4_096, 5_500, 100_000] {
        let config = WindowConfig { max_entries, ..WindowConfig::default() };
        let mut window = window(config);
        assert_eq!(window.memory(), 0, "nothing is allocated before the first message");
        for key in ids(&window, 0..u32::try_from(max_entries + 50).expect("small")) {
            assert_eq!(window.check(Mono::ZERO, key), Verdict::Fresh);
        }
        assert_eq!(window.len(), max_entries);
        assert_eq!(window.memory(), max_entries * 28 + max_entries.div_ceil(8) * 72);
        assert!(window.memory() <= 40 * max_entries);
    }
}

#[test]
fn a_message_is_remembered_while_it_is_younger_than_the_age_and_not_a_nanosecond_longer() {
    let config = WindowConfig { max_age: Duration::from_secs(2), ..WindowConfig::default() };
    let mut window = window(config);
    let key = window.keyer().of_id("u", "m");
    assert_eq!(window.check(Mono::from_millis(1), key), Verdict::Fresh);
    assert_eq!(window.check(Mono::from_nanos(2_000_999_999), key), PENDING);
    assert_eq!(window.check(Mono::from_nanos(2_001_000_000), key), Verdict::Fresh);
    assert_eq!(window.evictions().age, 1);
}

#[test]
fn old_messages_leave_as_new_ones_come() {
    let config = WindowConfig { max_age: Duration::from_secs(1), ..WindowConfig::default() };
    let mut window = window(config);
    let keys = ids(&window, 0..1_500);
    for key in &keys[..1_000] {
        assert_eq!(window.check(Mono::ZERO, *key), Verdict::Fresh);
    }
    for key in &keys[1_000..] {
        assert_eq!(window.check(Mono::from_millis(1_000), *key), Verdict::Fresh);
    }
    assert_eq!(window.len(), 500, "each of 500 new ones took two old ones with it");
}

#[test]
fn the_first_result_stays_and_is_shared_not_copied() {
    let mut window = window(WindowConfig::default());
    let key = window.keyer().of_id("u", "m");
    let result: Arc<[u8]> = (*b"first").into();
    assert!(!window.complete(key, Arc::clone(&result)), "unknown");
    assert_eq!(window.check(Mono::ZERO, key), Verdict::Fresh);
    assert!(window.complete(key, Arc::clone(&result)));
    assert!(!window.complete(key, (*b"second").into()));
    let Verdict::Duplicate { first: First::Result(again) } = window.check(Mono::ZERO, key) else {
        panic!("the result is kept");
    };
    assert!(Arc::ptr_eq(&again, &result));
}

#[test]
fn the_oldest_results_make_room_and_their_messages_are_still_recognised() {
    let config = WindowConfig { max_result_bytes: 3_000, ..WindowConfig::default() };
    let mut window = window(config);
    let keys = ids(&window, 0..4);
    for key in &keys {
        assert_eq!(window.check(Mono::ZERO, *key), Verdict::Fresh);
        assert!(window.complete(*key, vec![0; 900].into()));
    }
    let forgotten = Verdict::Duplicate { first: First::Forgotten };
    assert_eq!(window.check(Mono::ZERO, keys[0]), forgotten);
    assert_ne!(window.check(Mono::ZERO, keys[1]), forgotten);
    assert_eq!((window.results(), window.evictions().results), (3, 1));
}

#[test]
fn messages_without_an_id_are_distinguished_by_content_only_where_that_is_configured() {
    let off = window(WindowConfig::default());
    assert_eq!(off.key("u", None, "fuel so far?"), None);
    assert!(off.key("u", Some("1"), "fuel so far?").is_some_and(|key| !key.is_of_content()));

    let content_age = Some(Duration::from_secs(5));
    let mut on = window(WindowConfig { content_age, ..WindowConfig::default() });
    let key = on.key("u", None, "fuel so far?").expect("configured");
    assert_ne!(on.key("v", None, "fuel so far?"), Some(key), "of another user");
    assert_eq!(on.check(Mono::ZERO, key), Verdict::Fresh);
    assert_eq!(on.check(Mono::from_millis(4_999), key), PENDING);
    assert_eq!(on.check(Mono::from_millis(5_000), key), Verdict::Fresh);
}

#[test]
fn a_message_that_is_only_looked_for_pushes_nothing_out() {
    let config = WindowConfig { max_entries: 100, ..WindowConfig::default() };
    let mut window = window(config);
    let kept = ids(&window, 0..100);
    for key in &kept {
        assert_eq!(window.check(Mono::ZERO, *key), Verdict::Fresh);
    }
    for key in ids(&window, 100..10_000) {
        assert_eq!(window.seen(Mono::ZERO, key), None);
    }
    assert!(kept.iter().all(|key| window.seen(Mono::ZERO, *key) == Some(First::Pending)));
    assert_eq!(window.evictions(), Evictions::default());
}

#[test]
fn ids_chosen_to_collide_under_one_secret_are_spread_under_another() {
    // What an attacker who knows a secret would send: ids whose keys share all of the place that
    // the index looks at first.
    let place = |key: Key| key.to_bits() >> 118;
    let known = Keyer::new(Seed::from_number(1));
    let mut chosen: Vec<String> = (0..200_000u32).map(|n| n.to_string()).collect();
    chosen.retain(|id| place(known.of_id("eve", id)) == 0);
    assert!(chosen.len() > 100, "{}", chosen.len());
    let secret = Keyer::new(Seed::from_number(2));
    let mut places: Vec<u128> = chosen.iter().map(|id| place(secret.of_id("eve", id))).collect();
    let of_another_user = chosen.iter().filter(|id| place(known.of_id("ann", id)) == 0).count();
    places.sort_unstable();
    places.dedup();
    // About 195 ids over 1,024 places: 178 different ones are expected.
    assert!(places.len() > chosen.len() * 3 / 4, "{} of {}", places.len(), chosen.len());
    assert!(of_another_user < 8, "nor do they collide for another user: {of_another_user}");
}

#[test]
fn a_clock_that_jumps_by_years_forgets_what_is_old_and_nothing_else() {
    const YEAR: u64 = 365 * 24 * 3_600 * 1_000;
    let mut window = window(WindowConfig::default());
    let keys = ids(&window, 0..4);
    assert_eq!(window.check(Mono::from_millis(YEAR), keys[0]), Verdict::Fresh);
    assert_eq!(window.check(Mono::ZERO, keys[0]), PENDING, "back: counts as the latest");
    assert_eq!(window.check(Mono::ZERO, keys[1]), Verdict::Fresh);
    assert_eq!(window.check(Mono::from_millis(30 * YEAR), keys[2]), Verdict::Fresh, "ahead");
    assert_eq!(window.len(), 1, "the two old ones are gone");
    assert_eq!(window.check(Mono::from_nanos(u64::MAX), keys[2]), Verdict::Fresh);
    assert_eq!(window.check(Mono::from_nanos(u64::MAX), keys[2]), PENDING);
}

#[test]
fn extreme_bounds_are_taken_as_they_can_be_met() {
    let config = WindowConfig {
        max_entries: 0,
        max_age: Duration::MAX,
        content_age: Some(Duration::MAX),
        max_result_bytes: usize::MAX,
    };
    assert_eq!(config.ceiling(), usize::MAX);
    let mut window = Window::new(config, Seed::new([0; 32]));
    let keys = ids(&window, 0..2);
    assert_eq!(window.check(Mono::ZERO, keys[0]), Verdict::Fresh);
    assert!(window.complete(keys[0], vec![0; 100_000].into()));
    assert_eq!(window.check(Mono::ZERO, keys[1]), Verdict::Fresh);
    assert_eq!(window.len(), 1, "no entry at all would be no window: one is held");
    assert!(WindowConfig { max_entries: usize::MAX, ..config }.ceiling() > 0);
}

#[test]
fn keys_are_the_same_on_every_platform() {
    let keyer = Keyer::new(Seed::new([0; 32]));
    let key = keyer.of_id("user-1", "m-17");
    assert_eq!(format!("{:032x}", key.to_bits()), "39e6b21b40af3d49856768918b8e5c62");
}

#[test]
fn keys_rest_on_the_seed_alone() {
    let key = |seed: u64| Keyer::new(Seed::from_number(seed)).of_id("user", "id");
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
}
