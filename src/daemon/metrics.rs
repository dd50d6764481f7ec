//! Numbers for Prometheus: a registry and its text format (version 0.0.4).
//!
//! Ten thousand objects have a lot of series: labels are kept once and named by number, so a series costs some forty bytes.

mod symbols;
pub mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fsio::process::Usage;
use symbols::{Key, Symbols};

/// What [`Registry::render`] is to be called in an answer over HTTP.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Series of one family that has a series for every object.
const MAX_OBJECT_SERIES: usize = 100_000;
/// Series of any other family.
const MAX_SERIES: usize = 1_000;

/// How a family is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Any number.
    Gauge,
    /// A gauge that says how many seconds ago something was.
    Age,
    /// How many were how large.
    Histogram,
}

impl Kind {
    /// The word of the text format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge | Self::Age => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What is to be known of a family of series.
#[derive(Debug)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// How it is counted.
    pub kind: Kind,
    /// The names of its labels, at most four.
    pub labels: &'static [&'static str],
    /// What it means, in one line.
    pub help: &'static str,
    /// Upper ends of the buckets of a histogram, ascending.
    bounds: &'static [f64],
}

/// A family that only grows, with `N` labels.
#[derive(Debug)]
pub struct Counter<const N: usize>(About);
/// A family of any numbers, with `N` labels.
#[derive(Debug)]
pub struct Gauge<const N: usize>(About);
/// A family of moments that are told as seconds since, with `N` labels.
#[derive(Debug)]
pub struct Age<const N: usize>(About);
/// A family of distributions, with `N` labels.
#[derive(Debug)]
pub struct Histogram<const N: usize>(About);

#[derive(Debug)]
struct Family {
    about: &'static About,
    numbers: BTreeMap<Key, f64>,
    distributions: BTreeMap<Key, Box<Distribution>>,
}

#[derive(Debug)]
struct Distribution {
    /// How many were in each bucket, and in none of them.
    counts: Vec<u64>,
    sum: f64,
}

#[derive(Debug, Default)]
struct Inner {
    symbols: Symbols,
    families: BTreeMap<&'static str, Family>,
    dropped: u64,
}

/// All numbers of a program; shared by its threads.
#[derive(Debug, Default)]
pub struct Registry(Mutex<Inner>);

impl Registry {
    /// Nothing was counted yet, and nothing dropped.
    pub fn new() -> Self {
        let registry = Self::default();
        registry.lock().number(table::DROPPED.about(), &[], |_| 0.0);
        registry
    }

    /// Counts `by` more.
    pub fn add<const N: usize>(&self, family: &'static Counter<N>, labels: [&str; N], by: f64) {
        self.lock().number(&family.0, &labels, |value| value + by.max(0.0));
    }

    /// Counts one more.
    pub fn count<const N: usize>(&self, family: &'static Counter<N>, labels: [&str; N]) {
        self.add(family, labels, 1.0);
    }

    /// Takes over the count of somebody else, the kernel for example.
    pub fn set_count<const N: usize>(&self, family: &'static Counter<N>, labels: [&str; N], value: f64) {
        self.lock().number(&family.0, &labels, |_| value);
    }

    /// It is `value` now.
    pub fn set<const N: usize>(&self, family: &'static Gauge<N>, labels: [&str; N], value: f64) {
        self.lock().number(&family.0, &labels, |_| value);
    }

    /// It happened at `moment`, in milliseconds of the clock that [`Registry::render`] is given.
    #[expect(clippy::cast_precision_loss, reason = "exact for some hundred thousand years")]
    pub fn happened<const N: usize>(&self, family: &'static Age<N>, labels: [&str; N], moment: u64) {
        self.lock().number(&family.0, &labels, |_| moment as f64);
    }

    /// One more that was `value` large.
    pub fn observe<const N: usize>(&self, family: &'static Histogram<N>, labels: [&str; N], value: f64) {
        self.lock().observe(&family.0, &labels, value);
    }

    /// A condition of an object is true or false: that status is 1 and the other 0 (external-secrets 2.9
    /// `pkg/controllers/externalsecret/esmetrics/esmetrics.go`).
    pub fn set_condition(&self, family: &'static Gauge<4>, object: [&str; 2], condition: &str, holds: bool) {
        let [name, namespace] = object;
        for (status, value) in [("True", holds), ("False", !holds)] {
            self.set(family, [name, namespace, condition, status], f64::from(u8::from(value)));
        }
    }

    /// An object is gone, and with it all series of `families` whose labels begin with `first`.
    pub fn forget(&self, families: &[&'static About], first: &[&str]) {
        let inner = &mut *self.lock();
        let Some(from) = inner.symbols.known(first) else {
            return;
        };
        let mut to = from;
        to.iter_mut().skip(first.len()).for_each(|symbol| *symbol = u32::MAX);
        for about in families {
            let Some(family) = inner.families.get_mut(about.name) else { continue };
            let mut gone: Vec<Key> = family.numbers.range(from..=to).map(|(key, _)| *key).collect();
            gone.extend(family.distributions.range(from..=to).map(|(key, _)| *key));
            for key in gone {
                family.numbers.remove(&key);
                family.distributions.remove(&key);
                inner.symbols.release(&key);
            }
        }
    }

    /// Who we are, and since when: seconds since 1970.
    pub fn started(&self, version: &str, at: f64) {
        self.set(&table::BUILD_INFO, [version], 1.0);
        self.set(&table::START_TIME, [], at);
    }

    /// What the process uses, as far as the system tells it.
    #[expect(clippy::cast_precision_loss, reason = "a rounded number of bytes will do")]
    pub fn set_usage(&self, usage: &Usage) {
        if let Some(seconds) = usage.cpu_seconds {
            self.set_count(&table::CPU_SECONDS, [], seconds);
        }
        let gauges = [
            (&table::RESIDENT_MEMORY, usage.resident_bytes),
            (&table::OPEN_FDS, usage.open_files),
            (&table::MAX_FDS, usage.most_open_files),
        ];
        for (family, value) in gauges {
            if let Some(value) = value {
                self.set(family, [], value as f64);
            }
        }
    }

    /// Everything in Prometheus' text format, at `now` in milliseconds.
    pub fn render(&self, now: u64) -> String {
        let inner = self.lock();
        let mut out = String::new();
        for family in inner.families.values() {
            family.render(&inner.symbols, now, &mut out);
        }
        out
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // numbers are no worse for a thread that panicked elsewhere
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn number(&mut self, about: &'static About, labels: &[&str], change: impl FnOnce(f64) -> f64) {
        let Some(key) = self.key(about, labels) else {
            return;
        };
        if let Some(family) = self.families.get_mut(about.name) {
            let value = family.numbers.entry(key).or_insert(0.0);
            *value = change(*value);
        }
    }

    fn observe(&mut self, about: &'static About, labels: &[&str], value: f64) {
        let Some(key) = self.key(about, labels) else {
            return;
        };
        if let Some(family) = self.families.get_mut(about.name) {
            let empty = || Box::new(Distribution { counts: vec![0; about.bounds.len() + 1], sum: 0.0 });
            let distribution = family.distributions.entry(key).or_insert_with(empty);
            let bucket = about.bounds.iter().take_while(|bound| value > **bound).count();
            distribution.counts[bucket] += 1;
            distribution.sum += value;
        }
    }

    /// The key of a series that is there, or may be made. `None` when there are too many.
    fn key(&mut self, about: &'static About, labels: &[&str]) -> Option<Key> {
        let new = || Family { about, numbers: BTreeMap::new(), distributions: BTreeMap::new() };
        let family = self.families.entry(about.name).or_insert_with(new);
        if let Some(key) = self.symbols.known(labels)
            && (family.numbers.contains_key(&key) || family.distributions.contains_key(&key))
        {
            return Some(key);
        }
        let limit = if about.labels.starts_with(&table::OBJECT) { MAX_OBJECT_SERIES } else { MAX_SERIES };
        if family.numbers.len() + family.distributions.len() >= limit {
            self.dropped += 1;
            #[expect(clippy::cast_precision_loss, reason = "a count")]
            let dropped = self.dropped as f64;
            // has no labels: there is always room for it
            self.number(table::DROPPED.about(), &[], |_| dropped);
            return None;
        }
        Some(self.symbols.take(labels))
    }
}

impl Family {
    fn render(&self, symbols: &Symbols, now: u64, out: &mut String) {
        let About { name, kind, help, labels, bounds } = self.about;
        if self.numbers.is_empty() && self.distributions.is_empty() {
            return;
        }
        // writing to a String cannot fail
        _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {}", help.replace('\\', "\\\\"), kind.word());
        for (key, value) in &self.numbers {
            #[expect(clippy::cast_precision_loss, reason = "exact for some hundred thousand years")]
            let value = if *kind == Kind::Age { ((now as f64 - value) / 1_000.0).max(0.0) } else { *value };
            out.push_str(name);
            symbols.render(labels, key, None, out);
            _ = writeln!(out, " {}", Shown(value));
        }
        for (key, distribution) in &self.distributions {
            let mut total = 0;
            for (count, bound) in distribution.counts.iter().zip(bounds.iter().chain([&f64::INFINITY])) {
                total += count;
                _ = write!(out, "{name}_bucket");
                symbols.render(labels, key, Some(*bound), out);
                _ = writeln!(out, " {total}");
            }
            for (suffix, value) in [("sum", Shown(distribution.sum).to_string()), ("count", total.to_string())] {
                _ = write!(out, "{name}_{suffix}");
                symbols.render(labels, key, None, out);
                _ = writeln!(out, " {value}");
            }
        }
    }
}

/// A number as the text format has it.
struct Shown(f64);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            value if value.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests;
