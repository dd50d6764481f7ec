//! Documents that must not be encrypted: sops refuses them, or could not read the result.
//!
//! `expect.txt` beside the documents has a line for each: name, who refuses (`both`; or `sealant`, where sops
//! writes a file that it cannot read or that has lost something), and a word that our message must hold.

use super::{RECIPIENT, documents, identity, sealant, tests_folder};
use crate::peers::{self, Ran};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

struct Expectation {
    sops_refuses: bool,
    word: String,
}

fn expectations(folder: &Path) -> BTreeMap<String, Expectation> {
    let text = fs::read_to_string(folder.join("expect.txt")).unwrap();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut fields = line.splitn(3, ' ');
            let (Some(name), Some(who), Some(word)) = (fields.next(), fields.next(), fields.next()) else {
                panic!("expect.txt: not three fields: {line}");
            };
            assert!(matches!(who, "both" | "sealant"), "expect.txt: {line}");
            (name.to_owned(), Expectation { sops_refuses: who == "both", word: word.to_lowercase() })
        })
        .collect()
}

/// Every document of the folder with what is expected of it, in a folder of its own.
fn each(folder: &Path, mut look: impl FnMut(&str, &Expectation, &Path) -> Option<String>) {
    let mut expected = expectations(folder);
    let mut failures = Vec::new();
    for (name, text) in documents(folder) {
        let Some(expectation) = expected.remove(&name) else {
            failures.push(format!("{name}: no line in expect.txt"));
            continue;
        };
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("plain.yaml"), text).unwrap();
        if let Some(failure) = look(&name, &expectation, scratch.path()) {
            failures.push(format!("{name}: {failure}"));
        }
    }
    failures.extend(expected.keys().map(|name| format!("{name}: no such document")));
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn encrypt(program: &Path, folder: &Path) -> Ran {
    peers::run(program, folder, &identity(), &["encrypt", "--age", RECIPIENT, "plain.yaml"])
}

/// We fail, say why, and leave nothing behind.
fn we_refuse(expectation: &Expectation, folder: &Path) -> Option<String> {
    let before = fs::read(folder.join("plain.yaml")).unwrap();
    let ran = encrypt(&sealant(), folder);
    if ran.ok() {
        return Some("was encrypted".to_owned());
    }
    if !ran.stdout.is_empty() {
        return Some("something on standard output".to_owned());
    }
    if fs::read_dir(folder).unwrap().count() != 1 || fs::read(folder.join("plain.yaml")).unwrap() != before {
        return Some("something was written".to_owned());
    }
    let said = ran.stderr.to_lowercase();
    let words: Vec<&str> = expectation.word.split('|').collect();
    (!words.iter().any(|word| said.contains(word)))
        .then(|| format!("no word {:?} in: {}", expectation.word, ran.last_words()))
}

/// What the table says about sops is true of the real program.
fn sops_does_as_the_table_says(test: &str, folder: &Path) {
    let Some(peers) = peers::locate(test) else {
        return;
    };
    each(folder, |_, expectation, scratch| {
        let encrypted = encrypt(&peers.sops, scratch);
        match (expectation.sops_refuses, encrypted.ok()) {
            (true, true) => Some("sops encrypts it".to_owned()),
            (false, false) => Some(format!("sops refuses it: {}", encrypted.last_words())),
            _ => None,
        }
    });
}

#[test]
fn what_cannot_be_represented_is_refused() {
    each(&tests_folder().join("corpus/refused"), |_, expectation, folder| we_refuse(expectation, folder));
}

#[test]
fn the_table_of_refused_documents_is_true_of_sops() {
    let folder = tests_folder().join("corpus/refused");
    sops_does_as_the_table_says("the_table_of_refused_documents_is_true_of_sops", &folder);
}

#[test]
fn yaml_that_sops_cannot_parse_is_refused() {
    each(&tests_folder().join("corpus/extended"), |_, expectation, folder| we_refuse(expectation, folder));
}

#[test]
fn the_table_of_extended_documents_is_true_of_sops() {
    let folder = tests_folder().join("corpus/extended");
    sops_does_as_the_table_says("the_table_of_extended_documents_is_true_of_sops", &folder);
}
