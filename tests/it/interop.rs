//! Interoperability with real sops, both ways, on generated and on hand-written documents.
//!
//! `SEALANT_SEEDS=FROM..TO` checks other seeds than the usual ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod check;
mod refused;
mod run;
mod values;
mod variants;
mod vectors;

use crate::corpus;
use crate::peers;
use check::Case;
use std::fs;
use std::path::{Path, PathBuf};
use variants::Variant;

/// Who can open the files of these tests: see `tests/vectors/identity.txt`.
pub const RECIPIENT: &str = "age1xtmwzjc3jq06pkcnhy47hk8n4eyq7wcjxerj6pv7tckvd9gapdqqjj7tjp";

/// Documents made by the generator on a usual run.
const SEEDS: std::ops::Range<u64> = 0..300;

/// The program under test: ours, or another build of it.
pub fn sealant() -> PathBuf {
    std::env::var_os("SEALANT_TEST_BIN").map_or_else(|| env!("CARGO_BIN_EXE_sealant").into(), PathBuf::from)
}

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

pub fn identity() -> PathBuf {
    tests_folder().join("vectors/identity.txt")
}

/// The names (without `.yaml`) and contents of the documents in a folder, in alphabetical order.
fn documents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let stem = name.strip_suffix(".yaml")?.to_owned();
            Some((stem, fs::read(entry.path()).unwrap()))
        })
        .collect();
    found.sort();
    found
}

fn seeds() -> std::ops::Range<u64> {
    let Some(wanted) = std::env::var("SEALANT_SEEDS").ok() else {
        return SEEDS;
    };
    let (from, to) = wanted.split_once("..").expect("SEALANT_SEEDS is FROM..TO");
    from.parse().expect("a number")..to.parse().expect("a number")
}

#[test]
fn generated_documents() {
    let Some(peers) = peers::locate("generated_documents") else {
        return;
    };
    let cases: Vec<Case> = seeds()
        .map(|seed| {
            let made = corpus::document(seed);
            Case {
                name: format!("seed {seed}"),
                text: made.text.into_bytes(),
                features: made.features,
                variant: Variant::of(seed),
                may_refuse: false,
            }
        })
        .collect();
    run::all("generated_documents", &peers, &cases);
}

#[test]
fn hand_written_documents() {
    let Some(peers) = peers::locate("hand_written_documents") else {
        return;
    };
    let documents = documents(&tests_folder().join("corpus/valid"));
    assert!(documents.len() >= 60, "the corpus has only {} documents", documents.len());
    // everything encrypted finds most; each document also gets one of the other settings
    let cases: Vec<Case> = documents
        .into_iter()
        .zip(1..)
        .flat_map(|((name, text), turn)| {
            let second = Variant::of(turn);
            let variants = if second == Variant::Default { vec![second] } else { vec![Variant::Default, second] };
            variants.into_iter().map(move |variant| Case {
                name: format!("{name} {variant:?}"),
                text: text.clone(),
                features: Vec::new(),
                variant,
                may_refuse: false,
            })
        })
        .collect();
    run::all("hand_written_documents", &peers, &cases);
}

/// sops takes some text that is not YAML. We may refuse it; if not, then all that holds for YAML holds for it.
#[test]
fn documents_that_only_sops_takes_for_yaml() {
    let Some(peers) = peers::locate("documents_that_only_sops_takes_for_yaml") else {
        return;
    };
    let cases: Vec<Case> = documents(&tests_folder().join("corpus/lenient"))
        .into_iter()
        .map(|(name, text)| Case { name, text, features: Vec::new(), variant: Variant::Default, may_refuse: true })
        .collect();
    run::all("documents_that_only_sops_takes_for_yaml", &peers, &cases);
}

#[test]
fn the_generator_is_deterministic_and_covers_every_feature() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in SEEDS {
        let made = corpus::document(seed);
        assert_eq!(made.text, corpus::generate(seed));
        assert_eq!(made.seed, seed);
        assert!(made.documents >= 1);
        seen.extend(made.features);
    }
    let never: Vec<&str> = corpus::features().filter(|feature| !seen.contains(feature)).collect();
    assert!(never.is_empty(), "no usual seed holds {never:?}");
}
