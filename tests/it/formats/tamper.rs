//! Ways to tamper with an encrypted file. Each has to be an error, with the path where one value is to blame.

use sealant::document::format::Format;
use sealant::document::kind::DocumentKind;
use sealant::document::path::KeyPath;
use sealant::document::tree::Node;
use sealant::sops::file::{Decrypted, FileError, Plain, Settings, SopsFile};
use sealant::sops::key::DataKey;
use sealant::sops::selector::Selection;
use zeroize::Zeroizing;

use super::data_key;
use super::leaves::{ENCRYPTED, Leaf, leaves, read};

/// What is tried with files of a kind.
pub fn ways(kind: DocumentKind) -> &'static [&'static str] {
    match kind {
        DocumentKind::Binary => &["ciphertext changed", "wrong data key"],
        _ => &[
            "ciphertext changed",
            "value moved",
            "entry removed",
            "clear value changed",
            "ciphertext made clear",
            "wrong data key",
        ],
    }
}

fn decrypt(kind: DocumentKind, text: &str, key: &DataKey) -> Result<Decrypted, FileError> {
    SopsFile::parse(kind, Zeroizing::new(text.as_bytes().to_vec()))?.decrypt(key, false)
}

fn replaced(text: &str, edits: &[(&Leaf, &str)]) -> String {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(leaf, _)| std::cmp::Reverse(leaf.span.start));
    let mut text = text.to_owned();
    for (leaf, new) in edits {
        text.replace_range(leaf.span.clone(), new);
    }
    text
}

fn raw<'a>(text: &'a str, leaf: &Leaf) -> &'a str {
    &text[leaf.span.clone()]
}

/// A value error at `path`.
#[track_caller]
fn names(result: Result<Decrypted, FileError>, path: &KeyPath, context: &str) {
    match result {
        Err(error @ FileError::Value { .. }) => {
            assert!(error.to_string().contains(&path.to_string()), "{error} does not name {path}\n{context}");
        }
        Err(error) => panic!("{error}: expected an error at {path}\n{context}"),
        Ok(_) => panic!("accepted\n{context}"),
    }
}

#[track_caller]
fn mismatch(result: &Result<Decrypted, FileError>, context: &str) {
    assert!(matches!(result, Err(FileError::MacMismatch)), "expected a MAC mismatch, got {result:?}\n{context}");
}

/// Tries everything that the file has a place for, and says what that was.
pub fn all(kind: DocumentKind, text: &str, settings: &Settings, context: &str) -> Vec<&'static str> {
    let mut tried = Vec::new();
    let document = read(kind, text, ENCRYPTED);
    let found = leaves(document.as_ref());
    let sealed: Vec<&Leaf> = found.iter().filter(|leaf| leaf.is_encrypted()).collect();
    if let Some(leaf) = sealed.first() {
        names(decrypt(kind, text, &DataKey::from_bytes(&[8; 32]).unwrap()), &leaf.path, context);
        tried.push("wrong data key");
        let leaf = sealed[text.len() % sealed.len()];
        names(decrypt(kind, &replaced(text, &[(leaf, &damaged(raw(text, leaf)))]), &data_key()), &leaf.path, context);
        tried.push("ciphertext changed");
    }
    if kind == DocumentKind::Binary {
        return tried;
    }
    tried.extend(sealed_changes(kind, text, document.as_ref(), &sealed, context));
    tried.extend(clear_changes(kind, text, &found, settings, context));
    tried
}

fn sealed_changes(
    kind: DocumentKind,
    text: &str,
    document: &dyn Format,
    sealed: &[&Leaf],
    context: &str,
) -> Vec<&'static str> {
    let mut tried = Vec::new();
    let mut pairs = sealed.iter().flat_map(|one| sealed.iter().map(move |two| (*one, *two)));
    if let Some((one, two)) = pairs.find(|(one, two)| one.span.start < two.span.start && one.bound() != two.bound()) {
        let moved = replaced(text, &[(one, raw(text, two)), (two, raw(text, one))]);
        names(decrypt(kind, &moved, &data_key()), &one.path, context);
        tried.push("value moved");
    }
    // Two items of one list have the same additional data: only the MAC can see that they changed places.
    let mut pairs = sealed.iter().flat_map(|one| sealed.iter().map(move |two| (*one, *two)));
    let values = |leaf: &Leaf| leaf.text.clone();
    if let Some((one, two)) = pairs.find(|(one, two)| one.span.start < two.span.start && one.bound() == two.bound())
        && same_plain(kind, text, one, two) == Some(false)
    {
        assert_ne!(values(one), values(two));
        let moved = replaced(text, &[(one, raw(text, two)), (two, raw(text, one))]);
        mismatch(&decrypt(kind, &moved, &data_key()), context);
        tried.push("items changed places");
    }
    if let Some(leaf) = sealed.first() {
        let mut clear = String::new();
        let index = leaves(document).iter().position(|found| found.span == leaf.span).unwrap();
        if document.spell(index, &sealant::document::value::Value::Str("in clear".into()), &mut clear).is_ok() {
            names(decrypt(kind, &replaced(text, &[(leaf, &clear)]), &data_key()), &leaf.path, context);
            tried.push("ciphertext made clear");
        }
        let plain = Plain::parse(kind, Zeroizing::new(text.as_bytes().to_vec()), ENCRYPTED).unwrap();
        if let Ok(without) = plain.unset(&leaf.written) {
            let result = decrypt(kind, &without, &data_key());
            assert!(result.is_err(), "an entry was removed\n{context}\n{}", without.as_str());
            tried.push("entry removed");
        }
    }
    tried
}

/// Whether two leaves hold the same value.
fn same_plain(kind: DocumentKind, text: &str, one: &Leaf, two: &Leaf) -> Option<bool> {
    let file = SopsFile::parse(kind, Zeroizing::new(text.as_bytes().to_vec())).ok()?;
    let decrypted = file.decrypt(&data_key(), false).ok()?;
    let plain = leaves(read(kind, &decrypted.text, ENCRYPTED).as_ref());
    let at = |leaf: &Leaf| plain.iter().find(|found| found.path == leaf.path);
    Some(decrypted.text[at(one)?.span.clone()] == decrypted.text[at(two)?.span.clone()])
}

fn clear_changes(
    kind: DocumentKind,
    text: &str,
    found: &[Leaf],
    settings: &Settings,
    context: &str,
) -> Option<&'static str> {
    // A value in clear under a comment that decides is as good as encrypted to the rule.
    let by_comment =
        matches!(settings.selection, Selection::EncryptedCommentRegex(_) | Selection::UnencryptedCommentRegex(_));
    let clear =
        found.iter().find(|leaf| !leaf.is_encrypted() && !leaf.is_empty() && !leaf.is_null && leaf.text.is_some())?;
    let plain = Plain::parse(kind, Zeroizing::new(text.as_bytes().to_vec()), ENCRYPTED).unwrap();
    let changed = plain.set(&clear.written, &Node::text("forged")).ok()?;
    let result = decrypt(kind, &changed, &data_key());
    if settings.mac_only_encrypted {
        assert!(result.is_ok() || by_comment, "a MAC over encrypted values counted a clear one\n{context}");
        return None;
    }
    mismatch(&result, context);
    Some("clear value changed")
}

/// One character of the data changed.
fn damaged(raw: &str) -> String {
    let at = raw.find("data:").unwrap() + 5;
    let new = if raw[at..].starts_with('A') { "B" } else { "A" };
    let mut text = raw.to_owned();
    text.replace_range(at..=at, new);
    text
}
