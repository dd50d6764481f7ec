//! Many documents on two threads, and a report that names the suspects.

use super::check::{Case, Outcome, check};
use crate::peers::Peers;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

const THREADS: usize = 2;

/// The tests of this file take turns, so that there are never more than [`THREADS`] programs of theirs.
static TURN: Mutex<()> = Mutex::new(());

/// Failures that are spelled out; the rest is counted.
const SHOWN: usize = 25;

/// Checks every case; panics with a report when any fails, prints what was left out and why.
pub fn all(test: &str, peers: &Peers, cases: &[Case]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = fs::remove_dir_all(kept_folder(test));
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((index, case)) = take(&next, cases) {
                    let folder = tempfile::tempdir().unwrap();
                    let outcome = check(peers, case, folder.path());
                    if !outcome.failures.is_empty() {
                        keep(test, case, folder.path());
                    }
                    outcomes.lock().unwrap().push((index, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|(index, _)| *index);
    report(test, cases, &outcomes);
}

fn take<'a>(next: &AtomicUsize, cases: &'a [Case]) -> Option<(usize, &'a Case)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    cases.get(index).map(|case| (index, case))
}

fn kept_folder(test: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interop").join(test)
}

/// Keeps the files of a failed case, to be looked at.
fn keep(test: &str, case: &Case, folder: &Path) {
    let target = kept_folder(test).join(case.name.replace('/', "-"));
    fs::create_dir_all(&target).unwrap();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let _ = fs::copy(entry.path(), target.join(entry.file_name()));
    }
}

fn report(test: &str, cases: &[Case], outcomes: &[(usize, Outcome)]) {
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in outcomes.iter().flat_map(|(_, outcome)| &outcome.excluded) {
        *left_out.entry(reason).or_default() += 1;
    }
    for (reason, count) in &left_out {
        eprintln!("{test}: {count} of {} documents: {reason}", cases.len());
    }
    let failed: Vec<(&Case, &Outcome)> = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.failures.is_empty())
        .map(|(index, outcome)| (&cases[*index], outcome))
        .collect();
    if failed.is_empty() {
        return;
    }
    let mut text = format!("{test}: {} of {} documents fail\n", failed.len(), cases.len());
    for (case, outcome) in failed.iter().take(SHOWN) {
        let _ = writeln!(text, "{} ({:?}):", case.name, case.variant);
        for failure in &outcome.failures {
            let _ = writeln!(text, "    {failure}");
        }
    }
    text.push_str(&kinds(&failed));
    text.push_str(&suspects(cases, &failed));
    let _ = writeln!(text, "the files are in {}", kept_folder(test).display());
    panic!("{text}");
}

/// How often each kind of failure came up: the text up to its first colon.
fn kinds(failed: &[(&Case, &Outcome)]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for failure in failed.iter().flat_map(|(_, outcome)| &outcome.failures) {
        *kinds.entry(failure.split(": ").next().unwrap_or(failure)).or_default() += 1;
    }
    let mut text = String::from("kinds:\n");
    for (kind, count) in kinds {
        let _ = writeln!(text, "    {count:4} {kind}");
    }
    text
}

/// Features whose documents fail much more often than the others.
fn suspects(cases: &[Case], failed: &[(&Case, &Outcome)]) -> String {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in cases {
        for feature in &case.features {
            counts.entry(feature).or_default().1 += 1;
        }
    }
    for feature in failed.iter().flat_map(|(case, _)| &case.features) {
        counts.entry(feature).or_default().0 += 1;
    }
    let mut ranked: Vec<_> = counts.into_iter().filter(|(_, (bad, _))| *bad > 0).collect();
    ranked.sort_by(|(_, (bad1, all1)), (_, (bad2, all2))| (bad2 * all1).cmp(&(bad1 * all2)));
    let mut text = String::from("suspects (failed of all documents that hold it):\n");
    for (feature, (bad, all)) in ranked.into_iter().take(12) {
        let _ = writeln!(text, "    {bad:4} of {all:4} {feature}");
    }
    text
}
