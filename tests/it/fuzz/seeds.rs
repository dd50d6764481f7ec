//! Where a target starts from: its seeds in `fuzz/seeds`, the corpus of documents, and files encrypted on the spot.

use std::fs;
use std::path::{Path, PathBuf};

use sealant::document::kind::DocumentKind;
use sealant::document::yaml::Document;
use sealant::sops::file::encrypt;
use sealant::sops::selector::Selection;

use super::mutate::MAX_INPUT;
use super::targets;
use crate::formats::generate::document;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` in a fixed order, those too large for a fuzz loop left out.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    files(folder, &mut found);
    let texts = found.iter().map(|path| fs::read(path).unwrap());
    texts.filter(|text| text.len() <= MAX_INPUT).collect()
}

fn documents() -> Vec<Vec<u8>> {
    let mut texts = contents(&root().join("fuzz/seeds/document_round_trip"));
    texts.extend(contents(&root().join("tests/corpus")));
    texts.extend(contents(&root().join("examples/multi-environment/config")));
    texts
}

/// The documents encrypted under the key that the target knows.
fn encrypted() -> Vec<Vec<u8>> {
    let selections = [
        Selection::Default,
        Selection::EncryptedRegex("a|b|k".into()),
        Selection::UnencryptedCommentRegex("clear".into()),
    ];
    let mut texts = Vec::new();
    for (at, text) in documents().into_iter().enumerate() {
        let Ok(document) = Document::from_bytes(text) else {
            continue;
        };
        let mut settings = targets::settings(selections[at % selections.len()].clone());
        settings.mac_only_encrypted = at % 2 == 1;
        settings.allow_unrepresentable = true;
        if let Ok(encrypted) = encrypt(&document, &targets::data_key(), &settings, None)
            && encrypted.text.len() <= MAX_INPUT
        {
            texts.push(encrypted.text.into_bytes());
        }
    }
    texts
}

/// Generated documents of a format, and their encrypted files.
fn of_format(kind: DocumentKind) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for seed in 0..40 {
        let made = document(kind, seed);
        let mut settings = targets::settings(Selection::Default);
        settings.allow_unrepresentable = true;
        if let Ok(plain) = made.plain()
            && let Ok(encrypted) = plain.encrypt(&targets::data_key(), &settings, None)
        {
            texts.push(encrypted.text.into_bytes());
        }
        texts.push(made.bytes);
    }
    texts.retain(|text| text.len() <= MAX_INPUT);
    texts
}

pub fn of(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = if matches!(target, "keys_hostile" | "sealed_hostile") {
        Vec::new()
    } else {
        contents(&root().join("fuzz/seeds").join(target))
    };
    if let Some(kind) = target.strip_suffix("_round_trip").and_then(DocumentKind::from_word) {
        seeds.extend(of_format(kind));
    }
    match target {
        "document_round_trip" => seeds = documents(),
        "decrypt_hostile" => seeds.extend(encrypted()),
        "keys_hostile" => seeds = super::keys::seeds(),
        "sealed_hostile" => seeds = super::sealed::seeds(),
        "sops_yaml" => seeds.extend(fs::read(root().join("examples/multi-environment/.sops.yaml"))),
        _ => {}
    }
    seeds
}
