//! Key paths that lead nowhere, and what was probably meant: a key with dots in it, or one that is nearly the same.

use crate::document::dotenv::bare_name;
use crate::document::gather;
use crate::document::kind::DocumentKind;
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind as NodeKind, Node};
use crate::failure::{Failure, Kind};
use crate::sops::file::Plain;

/// So many letters may be wrong.
const MOST_WRONG: usize = 2;
/// Longer keys are not compared.
const LONGEST: usize = 100;

/// The path that was meant: in a format without levels dots are part of a key, and so are brackets in one that is there.
pub fn meant(plain: &Plain, typed: &str, path: KeyPath) -> KeyPath {
    if !is_flat(plain) || path.0.len() < 2 {
        return path;
    }
    let is_key = !typed.contains(['[', '"']) || plain.tree().is_ok_and(|tree| tree.get(typed).is_some());
    if is_key { KeyPath(vec![Step::Key(typed.to_owned())]) } else { path }
}

fn is_flat(plain: &Plain) -> bool {
    matches!(plain.kind(), DocumentKind::Properties | DocumentKind::Dotenv)
}

/// Refuses to make a new value where the one that was meant is most likely there in another spelling.
///
/// # Errors
/// A key that has the dots of the path in it, or a line of a dotenv file with more before the name than sops knows of.
pub fn refuse_twin(plain: &Plain, typed: &str, path: &KeyPath) -> Result<(), Failure> {
    if let Some(there) = exported(plain, path) {
        let text = "the name is there with \"export\" or blanks around it, which are a part of the key to sops";
        return Err(Failure::new(Kind::BadSetValue, text)
            .about(path)
            .hint(format!("to set that one, write: '{there}'"))
            .hint("another line with the same name would win over it, or lose, as the reader pleases"));
    }
    let Some((dotted, key)) = twin(plain, path).filter(|(_, key)| typed.contains(key.as_str())) else {
        return Ok(());
    };
    let text = format!("there is a key {key:?} with this spelling, and no value at the path with levels");
    let failure = Failure::new(Kind::BadSetValue, text)
        .about(path)
        .hint(format!("to set the one that is there, quote its key: '{dotted}'"));
    Err(match bracketed(path) {
        Some(nested) => failure.hint(format!("to make a new one with levels, write: '{nested}'")),
        None => failure,
    })
}

/// The key that stands for the name in a dotenv file that is read as sops does.
fn exported(plain: &Plain, path: &KeyPath) -> Option<KeyPath> {
    let ([Step::Key(name)], DocumentKind::Dotenv) = (path.0.as_slice(), plain.kind()) else { return None };
    let tree = plain.tree().ok()?;
    let NodeKind::Map(entries) = &tree.kind else { return None };
    let mut keys = entries.iter().map(|(key, _)| key.name.as_str());
    if keys.clone().any(|key| key == name) {
        return None;
    }
    keys.find(|key| bare_name(key) == name).map(|key| KeyPath(vec![Step::Key(key.to_owned())]))
}

/// The key with dots in it for which nothing is at its levels, and the path with it.
fn twin(plain: &Plain, path: &KeyPath) -> Option<(KeyPath, String)> {
    let dotted = dotted(plain, path)?;
    let at = path.0.iter().zip(&dotted.0).take_while(|(one, other)| one == other).count();
    let Some(Step::Key(key)) = dotted.0.get(at) else { return None };
    let end = path.0.len() + at + 1 - dotted.0.len();
    let levels = KeyPath(path.0[..end].to_vec());
    let tree = plain.tree().ok()?;
    gather::find(&tree, &levels).is_err().then(|| (dotted.clone(), key.clone()))
}

/// The path in the spelling that nobody can mistake: `["db"]["password"]`.
fn bracketed(path: &KeyPath) -> Option<String> {
    let step = |step: &Step| match step {
        Step::Index(at) => Some(format!("[{at}]")),
        Step::Key(key) => (!key.contains(['"', '\''])).then(|| format!("[\"{key}\"]")),
    };
    path.0.iter().map(step).collect()
}

/// Adds to a failure about `path` what was probably meant. Keys are no secret.
pub fn advise(failure: Failure, plain: &Plain, path: &KeyPath) -> Failure {
    if let Some(dotted) = dotted(plain, path) {
        return failure.hint(format!("a key with dots in it is written in quotes: '{dotted}'"));
    }
    if is_flat(plain) && path.0.len() > 1 {
        let key = KeyPath(vec![Step::Key(path.to_string())]);
        return failure
            .hint(format!("this format has no levels; a key with brackets in it is written in quotes: '{key}'"));
    }
    if let Some(there) = exported(plain, path) {
        return failure.hint(format!("to sops \"export\" and blanks are a part of the key: '{there}'"));
    }
    match similar(plain, path) {
        Some(path) => failure.hint(format!("did you mean {path}?")),
        None => failure,
    }
}

/// The path with a key of the document that has dots in it, where `path` takes them for levels.
pub fn dotted(plain: &Plain, path: &KeyPath) -> Option<KeyPath> {
    let tree = plain.tree().ok()?;
    let mut node = Some(&*tree);
    for at in 0..path.0.len() {
        let there = node?;
        for end in (at + 2..=path.0.len()).rev() {
            let key = KeyPath(path.0[at..end].to_vec()).to_string();
            if there.get(&key).is_some() {
                let (before, after) = (&path.0[..at], &path.0[end..]);
                return Some(KeyPath([before, &[Step::Key(key)], after].concat()));
            }
        }
        node = child(there, &path.0[at]);
    }
    None
}

/// The path with the one key there that is nearly the same as the first that is missing.
fn similar(plain: &Plain, path: &KeyPath) -> Option<KeyPath> {
    let tree = plain.tree().ok()?;
    let mut node = &*tree;
    for (at, step) in path.0.iter().enumerate() {
        if let Some(next) = child(node, step) {
            node = next;
            continue;
        }
        let (NodeKind::Map(entries), Step::Key(typed)) = (&node.kind, step) else { return None };
        let near = entries.iter().filter_map(|(key, _)| Some((distance(typed, &key.name)?, &key.name)));
        let (_, key) = near.min_by_key(|(distance, _)| *distance)?;
        return Some(KeyPath([&path.0[..at], &[Step::Key(key.clone())], &path.0[at + 1..]].concat()));
    }
    None
}

fn child<'a>(node: &'a Node, step: &Step) -> Option<&'a Node> {
    match (&node.kind, step) {
        (NodeKind::Map(_), Step::Key(name)) => node.get(name),
        (NodeKind::List(items), Step::Index(at)) => items.get(*at),
        _ => None,
    }
}

/// How many letters have to change to make one key of the other; `None` when that is too many, or all of them.
fn distance(one: &str, other: &str) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().max(other.len()) > LONGEST || one.len().abs_diff(other.len()) > MOST_WRONG {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut before = at;
        row[0] = at + 1;
        for (column, there) in other.iter().enumerate() {
            let changed = before + usize::from(letter != there);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    let wrong = row[other.len()];
    (wrong <= MOST_WRONG && wrong < one.len().min(other.len())).then_some(wrong)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::document::open::Reading;
    use crate::failure::Kind;

    fn hints(kind: DocumentKind, text: &str, path: &str) -> Vec<String> {
        let plain = Plain::parse(kind, Zeroizing::new(text.as_bytes().to_vec()), Reading::default()).unwrap();
        let failure = Failure::new(Kind::NoSuchPath, "x");
        advise(failure, &plain, &KeyPath::parse(path).unwrap()).hints().to_vec()
    }

    #[test]
    fn keys_with_dots_are_found() {
        const TEXT: &str = "a.b: 1\nc:\n  d.e:\n    f: 1\n  g: x\n  g.h: 2\n";
        for (path, wanted) in
            [("a.b", r#"'"a.b"'"#), ("c.d.e", r#"'c."d.e"'"#), ("c.d.e.f", r#"'c."d.e".f'"#), ("c.g.h", r#"'c."g.h"'"#)]
        {
            let found = hints(DocumentKind::Yaml, TEXT, path);
            assert_eq!(found, [format!("a key with dots in it is written in quotes: {wanted}")], "{path}");
        }
    }

    #[test]
    fn nearly_the_same_is_found() {
        const TEXT: &str = "password: 1\ndb:\n  users: [{name: x}]\nid: 1\n";
        for (path, wanted) in [
            ("passwort", Some("password")),
            ("pasword", Some("password")),
            ("db.user[0].name", Some("db.users[0].name")),
            ("db.users[0].nam", Some("db.users[0].name")),
            ("secret", None),
            ("xy", None),
            ("db.users[1]", None),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|key| format!("did you mean {key}?")).collect();
            assert_eq!(hints(DocumentKind::Yaml, TEXT, path), wanted, "{path}");
        }
    }

    #[test]
    fn distances() {
        for (one, other, wanted) in [
            ("abc", "abc", Some(0)),
            ("abc", "acb", Some(2)),
            ("abcd", "abd", Some(1)),
            ("ab", "cd", None),
            ("abcde", "ab", None),
        ] {
            assert_eq!(distance(one, other), wanted, "{one} {other}");
        }
    }
}
