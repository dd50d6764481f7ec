//! Values that were encrypted before an edit and stand in clear after it: a key was renamed, or a rule no longer fits.

use std::collections::HashSet;

use zeroize::Zeroizing;

use crate::document::kind::DocumentKind;
use crate::document::open::Reading;
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind as NodeKind, Node};
use crate::sops::cipher::is_encrypted;
use crate::sops::file::Plain;

/// Shorter values stand in many places by chance.
const SHORTEST: usize = 4;
/// So many paths are named.
const MOST_NAMED: usize = 10;

/// Where the file keeps what is no value of its own.
const METADATA: &str = "sops";

type Leaves = Vec<(KeyPath, Zeroizing<String>)>;

/// A warning that names the places, when there are any. `plain` is the old plain text, the others are encrypted.
pub fn warning(name: &str, kind: DocumentKind, plain: &str, old: &str, new: &str) -> Option<String> {
    let (plain, old, new) = (leaves(kind, plain), leaves(kind, old), leaves(kind, new));
    let hidden: HashSet<&KeyPath> = old.iter().filter(|(_, text)| is_encrypted(text)).map(|(path, _)| path).collect();
    let long = |text: &str| text.chars().count() >= SHORTEST;
    let secrets: HashSet<&str> = plain
        .iter()
        .filter(|(path, text)| hidden.contains(path) && long(text))
        .map(|(_, text)| text.as_str())
        .collect();
    let before: HashSet<(&KeyPath, &str)> = old.iter().map(|(path, text)| (path, text.as_str())).collect();
    let mut places: Vec<String> = new
        .iter()
        .filter(|(path, text)| secrets.contains(text.as_str()) && !before.contains(&(path, text.as_str())))
        .map(|(path, _)| path.to_string())
        .collect();
    places.dedup();
    let more = places.len().saturating_sub(MOST_NAMED);
    places.truncate(MOST_NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let them = if places.len() == 1 { "a value that was encrypted" } else { "values that were encrypted" };
    let verb = if places.len() == 1 { "stands" } else { "stand" };
    (!places.is_empty()).then(|| {
        format!(
            "{name}: {them} before {verb} IN CLEAR now: {}{more}; the file's rule does not select that: rename the key, \
             or change the rule, and take the value for known once it is committed",
            places.join(", ")
        )
    })
}

/// The texts and numbers of all documents. A text that does not parse has none: who wrote it has said so already.
fn leaves(kind: DocumentKind, text: &str) -> Leaves {
    let mut found = Vec::new();
    let reading = Reading { commented_json: true, faithful_dotenv: false };
    let Ok(plain) = Plain::parse(kind, Zeroizing::new(text.as_bytes().to_vec()), reading) else {
        return found;
    };
    let Some(document) = plain.yaml() else {
        if let Ok(tree) = plain.tree() {
            add(&tree, &mut KeyPath::default(), &mut found);
        }
        return found;
    };
    for index in 0..document.documents() {
        if let Ok(tree) = document.tree(document.root(index)).map(Zeroizing::new) {
            add(&tree, &mut KeyPath::default(), &mut found);
        }
    }
    found
}

fn add(node: &Node, path: &mut KeyPath, found: &mut Leaves) {
    let mut below = |step: Step, node: &Node| {
        path.0.push(step);
        add(node, path, found);
        path.0.pop();
    };
    let text = match &node.kind {
        NodeKind::Map(entries) => {
            for (key, node) in entries {
                below(Step::Key(key.name.clone()), node);
            }
            return;
        }
        NodeKind::List(items) => {
            for (at, node) in items.iter().enumerate() {
                below(Step::Index(at), node);
            }
            return;
        }
        NodeKind::Str(text) | NodeKind::Time(text) => text.clone(),
        NodeKind::Int(number) => number.to_string(),
        NodeKind::Float(number) => number.to_string(),
        NodeKind::Bool(_) | NodeKind::Null => return,
    };
    if !matches!(path.0.first(), Some(Step::Key(first)) if first == METADATA) {
        found.push((path.clone(), Zeroizing::new(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIPHER: &str = "ENC[AES256_GCM,data:AAAA,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]";

    fn warned(plain: &str, new: &str) -> Option<String> {
        let old =
            format!("password: {CIPHER}\nshort: {CIPHER}\nuser: shop\nlist:\n  - {CIPHER}\nsops: {{mac: hunter2}}\n");
        warning("f", DocumentKind::Yaml, plain, &old, new)
    }

    #[test]
    fn renamed_keys_are_named() {
        let plain = "password: hunter2\nshort: abc\nuser: shop\nlist:\n  - 12345\n";
        for (new, places) in [
            ("passwort: hunter2\nuser: shop\n", Some("passwort")),
            ("x:\n  - {y: 12345}\n", Some("x[0].y")),
            ("a: hunter2\nb: hunter2\n", Some("a, b")),
            ("a: abc\n", None),
            ("user: shop\nname: shop\n", None),
            ("sops: {mac: hunter2}\n", None),
            ("password: other\n", None),
        ] {
            let text = warned(plain, new);
            assert_eq!(text.is_some(), places.is_some(), "{new}");
            if let (Some(text), Some(places)) = (text, places) {
                assert!(text.contains(&format!("IN CLEAR now: {places};")), "{text}");
                assert!(!text.contains("hunter2") && !text.contains("12345"), "{text}");
            }
        }
    }

    /// What was in clear beside the secret of the same value is no news.
    #[test]
    fn what_was_in_clear_is_no_news() {
        assert_eq!(warned("password: shop\nshort: abc\nuser: shop\n", "password: x\nuser: shop\n"), None);
    }
}
