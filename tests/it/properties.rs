//! What holds for every document: random trees in random styles.

use std::ops::Range;

use proptest::prelude::*;
use sealant::document::edits::Edits;
use sealant::document::trail::Trail;
use sealant::document::tree::Node;
use sealant::document::value::Value;
use sealant::document::yaml::{Document, Visit};
use sealant::sops::file::{EncryptedFile, FileError, encrypt};
use sealant::sops::selector::Selection;

use super::fuzz::targets;

mod trees;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() }
}

fn settings() -> sealant::sops::file::Settings {
    targets::settings(Selection::UnencryptedSuffix("_unencrypted".into()))
}

fn encrypted(document: &Document) -> EncryptedFile {
    let encrypted = encrypt(document, &targets::data_key(), &settings(), None).unwrap();
    EncryptedFile::parse(encrypted.text).unwrap()
}

/// One scalar: where it is, whether the rule selects it, its bytes and its text.
struct Leaf {
    trail: Trail,
    selected: bool,
    span: Range<usize>,
    text: String,
}

/// The scalars of the first document, metadata left out.
fn leaves(document: &Document) -> Vec<Leaf> {
    let mut trail = Trail::default();
    let mut leaves = Vec::new();
    document
        .walk::<FileError>(0, |visit| {
            match visit {
                Visit::EnterKey(key, _) => trail.enter_key(key),
                Visit::EnterItem(at) => trail.enter_item(at),
                Visit::Leave => drop(trail.leave()),
                Visit::Scalar { id, .. } if trail.keys().next() != Some("sops") => {
                    let secret = match document.value(id).unwrap() {
                        Value::Null => false,
                        Value::Str(text) => !text.is_empty(),
                        _ => true,
                    };
                    leaves.push(Leaf {
                        selected: secret && !trail.keys().any(|key| key.ends_with("_unencrypted")),
                        trail: trail.clone(),
                        span: document.full_span(id).start..document.spot(id).span.end,
                        text: document.scalar_text(id).into_owned(),
                    });
                }
                _ => {}
            }
            Ok(())
        })
        .unwrap();
    leaves
}

/// The text without the selected leaves (by position in the list), without comments and without metadata.
fn rest(document: &Document, leaves: &[Leaf], selected: &[bool]) -> String {
    let mut edits = Edits::default();
    for (leaf, _) in leaves.iter().zip(selected).filter(|(_, selected)| **selected) {
        edits.replace(leaf.span.clone(), "§");
    }
    for row in 0..document.comments() as u32 {
        edits.replace(document.comment(row), "¶");
    }
    let text = edits.apply(document.text());
    let end = text.find("\nsops:\n").map_or(text.len(), |at| at + 1);
    text[..end].to_owned()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_byte_comes_back(tree in trees::document()) {
        let text = trees::text(&tree);
        let document = Document::parse(text.clone()).expect(&text);
        prop_assert!(document.problems().is_empty(), "{text}");
        targets::encryption(&document, &settings());
    }

    #[test]
    fn only_selected_values_change(tree in trees::document()) {
        let document = Document::parse(trees::text(&tree)).unwrap();
        let file = encrypted(&document);
        let (plain, cipher) = (leaves(&document), leaves(file.document()));
        prop_assert_eq!(plain.len(), cipher.len());
        let selected: Vec<bool> = plain.iter().map(|leaf| leaf.selected).collect();
        for (before, after) in plain.iter().zip(&cipher) {
            prop_assert_eq!(before.trail.path(), after.trail.path());
            prop_assert_eq!(before.selected, after.text.starts_with("ENC[AES256_GCM,"));
        }
        prop_assert_eq!(
            rest(&document, &plain, &selected),
            rest(file.document(), &cipher, &selected)
        );
    }

    #[test]
    fn a_changed_value_changes_one_ciphertext(tree in trees::document(), choice in any::<prop::sample::Index>()) {
        let document = Document::parse(trees::text(&tree)).unwrap();
        let plain = leaves(&document);
        let selected: Vec<usize> = (0..plain.len()).filter(|at| plain[*at].selected).collect();
        prop_assume!(!selected.is_empty());
        let at = selected[choice.index(selected.len())];
        let file = encrypted(&document);
        let key = targets::data_key();
        let (_, mut reuse) = file.decrypt_for_reuse(&key).unwrap();
        let change = document.set(0, &plain[at].trail.path(), &Node::text("a new value")).unwrap();
        let changed = Document::parse(document.with(&change).as_str().to_owned()).unwrap();
        let mut later = settings();
        later.now = "2026-11-23T00:00:00Z".into();
        let again = encrypt(&changed, &key, &later, Some(&mut reuse)).unwrap();
        prop_assert!(again.changed);
        let again = EncryptedFile::parse(again.text).unwrap();
        let (before, after) = (leaves(file.document()), leaves(again.document()));
        prop_assert_eq!(before.len(), after.len());
        for (row, (before, after)) in before.iter().zip(&after).enumerate() {
            prop_assert_eq!(before.text.trim_end() == after.text.trim_end(), row != at, "{:?}", after.trail.path());
        }
        prop_assert_ne!(&file.metadata.mac, &again.metadata.mac);
        prop_assert_eq!(&again.metadata.lastmodified, "2026-11-23T00:00:00Z");
        prop_assert!(again.decrypt(&key, false).unwrap().text.as_str() == changed.text());
    }

    #[test]
    fn places_are_different(tree in trees::document()) {
        let document = Document::parse(trees::text(&tree)).unwrap();
        let leaves = leaves(&document);
        let mut places: Vec<String> = Vec::new();
        for leaf in &leaves {
            for index in 0..2 {
                let mut place = String::new();
                leaf.trail.write_id(index, &mut place);
                places.push(place);
            }
            let keys: String = leaf.trail.keys().map(|key| format!("{key}:")).collect();
            prop_assert_eq!(leaf.trail.bound(), keys);
            prop_assert_eq!(leaf.trail.path().0.len(), leaf.trail.depth());
        }
        places.sort();
        places.dedup();
        prop_assert_eq!(places.len(), 2 * leaves.len());
    }

    /// Keys made of the very characters that places are written with.
    #[test]
    fn places_of_odd_keys_are_different(left in steps(), right in steps()) {
        let place = |steps: &[Option<String>]| {
            let mut trail = Trail::default();
            for step in steps {
                match step {
                    Some(key) => trail.enter_key(key),
                    None => trail.enter_item(1),
                }
            }
            let mut out = String::new();
            trail.write_id(0, &mut out);
            while trail.depth() > 0 {
                trail.leave();
            }
            assert_eq!(trail.bound(), ":");
            out
        };
        prop_assert_eq!(place(&left) == place(&right), left == right);
    }

    #[test]
    fn edits_replace_what_they_say(text in "[a-zé\n]{0,40}", cuts in prop::collection::vec((any::<prop::sample::Index>(), "[A-Z]{0,3}"), 0..8)) {
        let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut at: Vec<(usize, &str)> = cuts.iter().map(|(cut, new)| (bounds[cut.index(bounds.len())], new.as_str())).collect();
        at.sort_by_key(|(at, _)| *at);
        // Pairs of cuts are spans that do not overlap.
        let spans: Vec<(Range<usize>, &str)> = at
            .chunks_exact(2)
            .map(|pair| (pair[0].0..pair[1].0, pair[0].1))
            .filter(|(span, _)| !span.is_empty())
            .collect();
        let mut expected = String::new();
        let mut done = 0;
        for (span, new) in &spans {
            expected += &text[done..span.start];
            expected += new;
            done = span.end;
        }
        expected += &text[done..];
        // The order in which they are given does not matter.
        let mut edits = Edits::default();
        for (span, new) in spans.iter().rev() {
            edits.replace(span.clone(), new);
        }
        for (span, _) in &spans {
            prop_assert!(edits.covers(span.start) && edits.covers(span.end - 1));
        }
        prop_assert!(*edits.apply(&text) == expected);
    }
}

fn steps() -> impl Strategy<Value = Vec<Option<String>>> {
    prop::collection::vec(prop::option::of("[a/:#01]{0,3}"), 0..4)
}
