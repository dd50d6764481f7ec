//! `decrypt(encrypt(text))` gives every byte back, for generated documents, disturbed ones and the hand-written corpus.

use std::path::PathBuf;

use sealant::document::yaml::Document;
use sealant::sops::file::{Encrypted, EncryptedFile, FileError, Settings, encrypt};
use sealant::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};
use sealant::sops::selector::Selection;

use crate::corpus;

/// Settings for a file that nobody opens by its recipients.
pub fn settings(selection: Selection, mac_only_encrypted: bool) -> Settings {
    let key = MasterKey::Age { recipient: "age1n8cennjgz7efz2tdarlhhr5lqyth75kdv9vxnfp46rkru3hlq3qsn8mhln".into() };
    let enc = "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n".into();
    Settings {
        selection,
        mac_only_encrypted,
        allow_empty: true,
        allow_unrepresentable: false,
        groups: vec![KeyGroup(vec![WrappedKey { key, enc, created_at: None }])],
        shamir_threshold: 0,
        version: "3.13.2".into(),
        now: "2026-11-22T20:49:18Z".into(),
        unknown: Vec::new(),
    }
}

fn selections(seed: u64) -> Selection {
    match seed % 5 {
        0 | 1 => Selection::Default,
        2 => Selection::EncryptedRegex("^(a|b|p|k|s|na)".into()),
        3 => Selection::UnencryptedRegex("[aeiou]$".into()),
        _ => Selection::EncryptedCommentRegex("c".into()),
    }
}

/// Encrypts, decrypts, compares, and encrypts again over the result; `false` when the document is refused.
fn check(text: &str, settings: &Settings, what: &str) -> bool {
    let key = DataKey::from_bytes(&[7; 32]).unwrap();
    let Ok(document) = Document::parse(text.to_owned()) else { return false };
    let encrypted = match encrypt(&document, &key, settings, None) {
        Ok(encrypted) => encrypted,
        Err(
            FileError::Shape { .. }
            | FileError::CommentRule
            | FileError::OpenBlockAtEnd { .. }
            | FileError::OnlyNull { .. }
            | FileError::Empty,
        ) => {
            return false;
        }
        Err(error) => panic!("{what}: {error}\n{text}"),
    };
    let file = EncryptedFile::parse(encrypted.text.clone()).unwrap();
    let (decrypted, mut reuse) = file.decrypt_for_reuse(&key).unwrap();
    assert_eq!(decrypted.text.as_str(), text, "{what}");
    let Encrypted { text: again, changed, .. } = encrypt(&document, &key, settings, Some(&mut reuse)).unwrap();
    assert_eq!(again, encrypted.text, "{what}: a second encryption over the first changed it\n{text}");
    assert!(!changed, "{what}");
    true
}

#[test]
fn generated_documents_come_back() {
    let mut done = 0;
    for seed in 0..600 {
        let settings = settings(selections(seed), seed % 7 == 0);
        done += usize::from(check(&corpus::generate(seed), &settings, &format!("seed {seed}")));
    }
    assert!(done > 560, "only {done} documents were encrypted");
}

#[test]
fn disturbed_documents_come_back_or_are_refused() {
    let mut done = 0;
    for seed in 0..1500 {
        let text = corpus::soup::disturb(&corpus::generate(seed), seed, seed % 2 == 0);
        let settings = settings(selections(seed / 2), seed % 7 == 0);
        done += usize::from(check(&text, &settings, &format!("disturbed seed {seed}")));
    }
    assert!(done > 500, "only {done} documents were encrypted");
}

#[test]
fn the_hand_written_corpus_comes_back() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/valid");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            for seed in 0..5 {
                check(&text, &settings(selections(seed), false), &path.display().to_string());
            }
        }
    }
}
