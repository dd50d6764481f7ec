//! Who is due when. Pure: times are milliseconds of a clock that never runs backwards, and chance is a hash of the name, so
//! that the same objects are due at the same offsets after every start.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// What the first repetition after a failure waits, in milliseconds, as External Secrets Operator does it.
const BACKOFF_BASE: u64 = 1_000;
/// What no repetition waits longer than (external-secrets 2.9 `pkg/controllers/common`).
const BACKOFF_CAP: u64 = 7 * 60 * 1_000;

/// Every key once, with the time at which it is due.
#[derive(Debug)]
pub struct Schedule<K> {
    /// By time, and among the same time by who was set first.
    order: BTreeMap<(u64, u64), K>,
    places: HashMap<K, (u64, u64)>,
    next_number: u64,
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self { order: BTreeMap::new(), places: HashMap::new(), next_number: 0 }
    }
}

impl<K: Clone + Eq + Hash> Schedule<K> {
    /// Nobody is due.
    pub fn new() -> Self {
        Self::default()
    }

    /// `key` is due at `at`, and at no other time any more.
    pub fn set(&mut self, key: K, at: u64) {
        let place = (at, self.next_number);
        self.next_number += 1;
        if let Some(old) = self.places.insert(key.clone(), place) {
            self.order.remove(&old);
        }
        self.order.insert(place, key);
    }

    /// Takes `key` out. Whether it was in.
    pub fn remove(&mut self, key: &K) -> bool {
        self.places.remove(key).is_some_and(|place| self.order.remove(&place).is_some())
    }

    /// Takes out all who are due at `now`, who has waited longest first.
    pub fn due(&mut self, now: u64) -> Vec<K> {
        self.due_at_most(now, usize::MAX)
    }

    /// Like [`Schedule::due`], but no more than `count`: the others stay.
    pub fn due_at_most(&mut self, now: u64, count: usize) -> Vec<K> {
        let mut due = Vec::new();
        while due.len() < count
            && let Some(first) = self.order.first_entry()
            && first.key().0 <= now
        {
            let key = first.remove();
            self.places.remove(&key);
            due.push(key);
        }
        due
    }

    /// When the next one is due; in the past when somebody is overdue.
    pub fn next(&self) -> Option<u64> {
        self.order.first_key_value().map(|(place, _)| place.0)
    }

    /// When `key` is due.
    pub fn at(&self, key: &K) -> Option<u64> {
        self.places.get(key).map(|place| place.0)
    }

    /// How many are waiting.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody is waiting.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// How long after a start `key` is due first: somewhere in `0..interval`, evenly spread over many keys and always the same for
/// one.
pub fn spread(key: &str, interval: u64) -> u64 {
    scaled(hash(key, 0), interval)
}

/// How often one object is looked at: its interval with a little jitter, and longer and longer pauses while it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    round: u64,
    failures: u32,
}

impl Pace {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// It went well: milliseconds until the next time, `interval` give or take a tenth.
    pub fn succeeded(&mut self, key: &str, interval: u64) -> u64 {
        self.failures = 0;
        self.round += 1;
        let tenth = interval / 10;
        interval - tenth + scaled(hash(key, self.round), tenth.saturating_mul(2).saturating_add(1))
    }

    /// It failed: milliseconds until the next try. One second, twice as long with every failure, seven minutes at most; up to a
    /// quarter less, so that what failed together does not come back together.
    pub fn failed(&mut self, key: &str) -> u64 {
        self.round += 1;
        let full = BACKOFF_BASE.checked_shl(self.failures.min(20)).unwrap_or(BACKOFF_CAP).min(BACKOFF_CAP);
        self.failures = self.failures.saturating_add(1);
        full - scaled(hash(key, self.round), full / 4 + 1)
    }

    /// How often it failed since it last went well.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// `hash` brought into `0..below`, 0 when that is empty.
fn scaled(hash: u64, below: u64) -> u64 {
    // the upper half of the product is below `below`, which fits
    u64::try_from((u128::from(hash) * u128::from(below)) >> 64).unwrap_or(0)
}

/// FNV-1a with the finish of `SplitMix64`, without which similar names would lie next to each other.
fn hash(key: &str, round: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_is_due_comes_once_and_in_order() {
        let mut schedule = Schedule::new();
        assert_eq!((schedule.next(), schedule.due(u64::MAX)), (None, vec![]));
        for (key, at) in [("c", 30), ("a", 10), ("b", 20), ("b2", 20), ("a", 25)] {
            schedule.set(key, at);
        }
        assert_eq!((schedule.len(), schedule.next(), schedule.at(&"a")), (4, Some(20), Some(25)));
        assert_eq!(schedule.due(19), Vec::<&str>::new());
        assert_eq!(schedule.due_at_most(25, 2), ["b", "b2"]);
        assert_eq!(schedule.due(25), ["a"]);
        assert!(schedule.remove(&"c") && !schedule.remove(&"c") && !schedule.remove(&"a"));
        assert!(schedule.is_empty());
        assert_eq!((schedule.next(), schedule.at(&"c")), (None, None));
    }

    proptest! {
        /// Against the obvious way to do it.
        #[test]
        fn like_a_plain_map(steps in proptest::collection::vec((0..3u8, 0..8u8, 0..50u64), 0..200)) {
            let mut schedule = Schedule::new();
            let mut plain: HashMap<u8, u64> = HashMap::new();
            for (what, key, at) in steps {
                match what {
                    0 => {
                        schedule.set(key, at);
                        plain.insert(key, at);
                    }
                    1 => prop_assert_eq!(schedule.remove(&key), plain.remove(&key).is_some()),
                    _ => {
                        let due = schedule.due(at);
                        let times: Vec<u64> = due.iter().map(|key| plain.remove(key).unwrap()).collect();
                        prop_assert!(times.is_sorted() && times.iter().all(|time| *time <= at));
                        prop_assert!(plain.values().all(|time| *time > at));
                    }
                }
                prop_assert_eq!(schedule.next(), plain.values().min().copied());
                prop_assert_eq!((schedule.len(), schedule.order.len()), (plain.len(), plain.len()));
            }
        }
    }

    #[test]
    fn ten_thousand_are_spread_over_their_interval() {
        const INTERVAL: u64 = 3_600_000;
        let mut slots = [0_u32; 100];
        for n in 0..10_000 {
            let offset = spread(&format!("shop/database-{n}"), INTERVAL);
            assert_eq!(offset, spread(&format!("shop/database-{n}"), INTERVAL));
            slots[usize::try_from(offset * 100 / INTERVAL).unwrap()] += 1;
        }
        // a hundred each, and no more off than chance has it (five times its deviation)
        assert!(slots.iter().all(|count| (50..=150).contains(count)), "{slots:?}");
        assert_eq!((spread("a", 0), spread("a", 1)), (0, 0));
        assert!(spread("a", u64::MAX) > 1_000_000);
    }

    #[test]
    fn intervals_have_a_little_jitter() {
        let mut pace = Pace::new();
        let times: Vec<u64> = (0..1_000).map(|_| pace.succeeded("shop/db", 10_000)).collect();
        assert!(times.iter().all(|time| (9_000..=11_000).contains(time)));
        let mean = times.iter().sum::<u64>() / 1_000;
        assert!((9_900..=10_100).contains(&mean), "{mean}");
        assert!(times.iter().min().unwrap() < &9_050 && times.iter().max().unwrap() > &10_950);
        assert_eq!((pace.succeeded("x", 0), pace.succeeded("x", 5)), (0, 5));
        assert!(pace.succeeded("x", u64::MAX) >= u64::MAX / 10 * 9);
    }

    #[test]
    fn failures_wait_longer_and_success_resets() {
        let mut pace = Pace::new();
        for full in [1, 2, 4, 8, 16, 32, 64, 128, 256, 420, 420, 420] {
            let delay = pace.failed("shop/db");
            assert!((full * 750..=full * 1_000).contains(&delay), "{full} s: {delay} ms");
        }
        assert_eq!(pace.failures(), 12);
        pace.succeeded("shop/db", 1_000);
        assert_eq!(pace.failures(), 0);
        assert!(pace.failed("shop/db") <= 1_000);
        let mut tired = Pace { round: u64::MAX - 5, failures: u32::MAX };
        assert!(tired.failed("a") <= 420_000);
        // what failed together does not come back together
        let delays: std::collections::BTreeSet<u64> =
            (0..100).map(|n| Pace { round: 0, failures: 9 }.failed(&format!("a/{n}"))).collect();
        assert!(delays.len() > 90);
    }
}
