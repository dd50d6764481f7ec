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

/// Documents that only the named flag lets through: their values are not in doubt, but sops cannot read them.
#[test]
fn unrepresentable_documents_come_back_when_allowed() {
    let texts = [
        "- a\n- b: c\n",
        "- a\n- b",
        "[a, {b: c}]\n",
        "a: 1\n---\n- x\n",
        "plain text\n",
        "\"quoted\"",
        "|\n  block\n  text\n",
        "1: one\ntrue: yes\n~: null\n",
        "? 2024-01-01\n: date\n",
        "%YAML 1.2\n---\na: b\n",
        "%FOO bar # c\n---\na: b\n",
        "a: \"sl\\/ash\"\n",
        "null\n---\na: b\n",
        "# only\n---\nnull # c\n",
        "- a\r\n- b\r\n",
    ];
    for text in texts {
        assert!(!check(text, &settings(Selection::Default, false), text), "{text:?} needs the flag");
        let allowed = Settings { allow_unrepresentable: true, ..settings(Selection::Default, false) };
        assert!(check(text, &allowed, text), "{text:?} is refused even with the flag");
    }
}

/// Places where the metadata goes, and from which it has to vanish without a trace.
#[test]
fn metadata_leaves_no_trace() {
    let texts = [
        "a: b",
        "a: b\n",
        "a: b\n\n\n",
        "a: b\n   ",
        "a: b # c",
        "{a: b}",
        "{a: b}\n",
        "{a: b,}\n",
        "{a: b, }\n",
        "{\n  \"a\": \"b\"\n}\n",
        "{a: b # c,\n}\n",
        "{a: b # c\n # d\n}",
        "{a: b, # c\n}\n# end",
        "  a: b\n  c: d\n# less\n",
        "---\na: b\n...\n",
        "---\na: b\n---\n---\nc: d\n",
        "a: b\n--- # c\nc: d\n... # e\n",
        "---\n---\na: b\n",
        "\u{FEFF}a: b\n",
        "\u{FEFF}a: b",
        "a: b\r\nc: d",
        "a: b\r\n---\r\nc: d\r\n",
        "&x\na: b\n",
        "!!map\na: b\n",
        "? a\n: b\n",
        "a: |\n  text\n\n\n",
        "a: |+\n  text\n\n\n",
        "a: |+\n\n\nb: c\n",
        "a: |-\n  text",
        "a: |\n  text",
        "a: >\n  text\n  more\n\n  para\n# c\n",
        "a:\n- b\n- c",
        "a:\n  - b\n   # deep\n  # foot\n# end\n",
    ];
    for text in texts {
        assert!(check(text, &settings(Selection::Default, false), text), "{text:?} is refused");
    }
}
