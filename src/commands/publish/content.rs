//! What a file holds, as a key-value store takes it: JSON, comments left out, the documents of a stream merged (sops 3.13.2
//! `sops.go`, `EmitAsMap`; here mappings in lists are mappings). Pure.

#![cfg_attr(not(feature = "vault"), allow(dead_code, reason = "only a client sends it"))]

use std::collections::HashMap;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::commands::sops::convert::{self, Style};
use crate::commands::sops::store::Store;
use crate::commands::sopsfile::{self, Opened};
use crate::document::kind::DocumentKind;
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Key, Kind as NodeKind, Node};
use crate::failure::{Failure, Kind};
use crate::sops::file::{Decrypted, Plain};

/// Whole numbers beyond this change in a store with versions: it takes every number for a float.
const EXACT: u64 = 1 << 53;

/// Whose ways are followed where they differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Ours: a number that the store would change is an error, and a recreation rule holds as a whole.
    Own,
    /// Those of sops: such a number is a warning, and of a recreation rule only keys and suffixes matter.
    AsSops,
}

/// See the file's description.
pub struct Content(Zeroizing<Node>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content([REDACTED])")
    }
}

impl Content {
    /// What `decrypted` holds, of which `opened` is the encrypted form.
    ///
    /// # Errors
    /// A document that is a list or a single value; bytes that are not text.
    pub fn of(opened: &Opened, decrypted: &Decrypted) -> Result<Self, Failure> {
        Self::of_plain(&opened.name, &opened.parse_plain(decrypted)?)
    }

    fn of_plain(name: &str, plain: &Plain) -> Result<Self, Failure> {
        let failed = |error| sopsfile::failure(name, &error);
        let no_mapping = || {
            let text = format!("{name}: a document that is no mapping has no names to publish its values under");
            Failure::new(Kind::CannotEmit, text)
        };
        let mut merged = Zeroizing::new(Node::new(NodeKind::Map(Vec::new())));
        match plain.yaml() {
            Some(document) => {
                for number in 0..document.documents() {
                    let tree = document.tree(document.root(number)).map_err(|error| failed(error.into()))?;
                    merge(&mut merged, Zeroizing::new(tree)).ok_or_else(no_mapping)?;
                }
            }
            None if plain.kind() == DocumentKind::Binary => {
                // as sops keeps them
                let text = std::str::from_utf8(plain.bytes()).map_err(|_| {
                    Failure::new(Kind::CannotEmit, format!("{name}: JSON has no form for bytes that are not text"))
                })?;
                merged.kind = NodeKind::Map(vec![(Key { name: "data".into(), line: 0 }, Node::text(text))]);
            }
            None => merge(&mut merged, plain.tree().map_err(failed)?).ok_or_else(no_mapping)?,
        }
        Ok(Self(merged))
    }

    /// Looks for numbers that would not arrive as they are.
    ///
    /// # Errors
    /// A number that JSON has not; one that the store would round, unless that is to be a warning.
    pub fn check(
        &self,
        name: &str,
        versioned: bool,
        manner: Manner,
        warn: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        let mut path = KeyPath::default();
        walk(&self.0, &mut path, &mut |node, path| match node.kind {
            NodeKind::Float(number) if !number.is_finite() => {
                let text = format!("{name}: JSON has no word for the number at {path}");
                Err(Failure::new(Kind::CannotEmit, text).hint("put it in quotes: sealant edit"))
            }
            NodeKind::Int(number) if versioned && number.unsigned_abs() > EXACT => {
                let text = format!("{name}: the store would round the number at {path}");
                match manner {
                    Manner::Own => Err(Failure::new(Kind::CannotEmit, text).hint("put it in quotes: sealant edit")),
                    Manner::AsSops => {
                        warn(&text);
                        Ok(())
                    }
                }
            }
            _ => Ok(()),
        })
    }

    /// The body of a request that writes it.
    ///
    /// # Errors
    /// JSON cannot hold it.
    pub fn body(&self, versioned: bool) -> Result<Zeroizing<String>, Failure> {
        let json = convert::document(&self.0, Store::Json, Style::default())
            .map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        if !versioned {
            return Ok(json);
        }
        let mut body = Zeroizing::new(String::with_capacity(json.len() + 10));
        body.push_str("{\"data\":");
        body.push_str(&json);
        body.push('}');
        Ok(body)
    }

    /// Whether a store with versions holds the same.
    pub fn is_same(&self, there: &Value) -> bool {
        same(&self.0, there)
    }
}

/// Adds the entries of a mapping, over those that are there; `None` when it is none.
fn merge(merged: &mut Node, mut tree: Zeroizing<Node>) -> Option<()> {
    let NodeKind::Map(entries) = &mut merged.kind else {
        return None;
    };
    let more = match &mut tree.kind {
        NodeKind::Null => return Some(()),
        NodeKind::Map(more) => more,
        _ => return None,
    };
    if entries.is_empty() {
        std::mem::swap(entries, more);
        return Some(());
    }
    let places: HashMap<String, usize> =
        entries.iter().enumerate().map(|(at, (key, _))| (key.name.clone(), at)).collect();
    for (key, node) in more.drain(..) {
        match places.get(&key.name) {
            Some(at) => drop(Zeroizing::new(std::mem::replace(&mut entries[*at].1, node))),
            None => entries.push((key, node)),
        }
    }
    Some(())
}

type Look<'a> = dyn FnMut(&Node, &KeyPath) -> Result<(), Failure> + 'a;

/// Every value, with its path. Documents are not nested deeper than their parser allows.
fn walk(node: &Node, path: &mut KeyPath, look: &mut Look<'_>) -> Result<(), Failure> {
    look(node, path)?;
    let mut below = |step: Step, node: &Node| {
        path.0.push(step);
        let found = walk(node, path, look);
        path.0.pop();
        found
    };
    match &node.kind {
        NodeKind::List(items) => items.iter().enumerate().try_for_each(|(at, item)| below(Step::Index(at), item)),
        NodeKind::Map(items) => items.iter().try_for_each(|(key, item)| below(Step::Key(key.name.clone()), item)),
        _ => Ok(()),
    }
}

fn same(node: &Node, there: &Value) -> bool {
    match (&node.kind, there) {
        (NodeKind::Null, Value::Null) => true,
        (NodeKind::Bool(here), Value::Bool(there)) => here == there,
        (NodeKind::Str(here) | NodeKind::Time(here), Value::String(there)) => here == there,
        // the store has floats only
        #[allow(clippy::cast_precision_loss, reason = "that is what the store does")]
        (NodeKind::Int(here), Value::Number(there)) => {
            there.as_i64() == Some(*here) || there.as_f64() == Some(*here as f64)
        }
        (NodeKind::Float(here), Value::Number(there)) => there.as_f64() == Some(*here),
        (NodeKind::List(here), Value::Array(there)) => {
            here.len() == there.len() && here.iter().zip(there).all(|(here, there)| same(here, there))
        }
        (NodeKind::Map(here), Value::Object(there)) => {
            let has = |(key, here): &(Key, Node)| there.get(&key.name).is_some_and(|there| same(here, there));
            here.len() == there.len() && here.iter().all(has)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::open::Reading;

    fn content(text: &str) -> Content {
        Content::of_plain("f", &plain(DocumentKind::Yaml, text.as_bytes())).unwrap()
    }

    fn plain(kind: DocumentKind, bytes: &[u8]) -> Plain {
        Plain::parse(kind, Zeroizing::new(bytes.to_vec()), Reading::default()).unwrap()
    }

    #[test]
    fn every_format() {
        for (kind, text, expected) in [
            (
                DocumentKind::Json,
                "{\"a\": [{\"b\": 1.5}], \"c\": null}",
                serde_json::json!({"a": [{"b": 1.5}], "c": null}),
            ),
            (DocumentKind::Dotenv, "# c\nA=x y\nB=\n", serde_json::json!({"A": "x y", "B": ""})),
            (DocumentKind::Ini, "; c\n[s]\na = 1\n", serde_json::json!({"DEFAULT": {}, "s": {"a": "1"}})),
            (DocumentKind::Binary, "hunter2\n", serde_json::json!({"data": "hunter2\n"})),
        ] {
            let content = Content::of_plain("f", &plain(kind, text.as_bytes())).unwrap();
            let body: Value = serde_json::from_str(&content.body(false).unwrap()).unwrap();
            assert!(content.is_same(&body), "{kind:?}");
            assert_eq!(body, expected, "{kind:?}");
        }
        let failure = Content::of_plain("f", &plain(DocumentKind::Binary, b"\xFF")).unwrap_err();
        assert_eq!(failure.kind(), Kind::CannotEmit);
    }

    fn json(text: &str) -> Value {
        serde_json::from_str(&content(text).body(false).unwrap()).unwrap()
    }

    #[test]
    fn bodies() {
        let text = "# c\na: x # c\nl: [1, {m: [y, {n: ~}]}]\nd: 2024-01-01\nf: 1.50\nq: \"\\\"\\\\\\n\\0\"\n---\na: other\n\
                    z: 2\n---\n";
        let expected = serde_json::json!({
            "a": "other", "l": [1, {"m": ["y", {"n": null}]}], "d": "2024-01-01T00:00:00Z", "f": 1.5,
            "q": "\"\\\n\0", "z": 2
        });
        assert_eq!(json(text), expected);
        assert!(content(text).is_same(&expected));
        let body: Value = serde_json::from_str(&content("a: 1\n").body(true).unwrap()).unwrap();
        assert_eq!(body, serde_json::json!({"data": {"a": 1}}));
        assert_eq!(json(""), serde_json::json!({}));
        for text in ["- 1\n", "a: 1\n---\nhunter2\n"] {
            let failure = Content::of_plain("f", &plain(DocumentKind::Yaml, text.as_bytes())).unwrap_err();
            assert!(failure.kind() == Kind::CannotEmit && !failure.to_string().contains("hunter2"));
        }
        assert_eq!(format!("{:?}", content("a: hunter2\n")), "Content([REDACTED])");
    }

    #[test]
    fn differences_are_seen() {
        let here = content("a: 1\nb: [x, {c: 1.5}]\nn: 9007199254740993\n");
        let there = serde_json::json!({"a": 1.0, "b": ["x", {"c": 1.5}], "n": 9_007_199_254_740_992_u64});
        assert!(here.is_same(&there));
        for (pointer, other) in [
            ("/a", serde_json::json!("1")),
            ("/a", serde_json::json!(2)),
            ("/b", serde_json::json!(["x"])),
            ("/b/0", serde_json::json!(null)),
            ("/b/1", serde_json::json!({"c": 1.5, "d": 1})),
            ("/b/1", serde_json::json!({"d": 1.5})),
        ] {
            let mut changed = there.clone();
            *changed.pointer_mut(pointer).unwrap() = other;
            assert!(!here.is_same(&changed), "{pointer}");
        }
    }

    #[test]
    fn numbers_that_would_change() {
        let check = |text: &str, versioned, manner| {
            let mut warnings = Vec::new();
            let found = content(text).check("f", versioned, manner, &mut |text| warnings.push(text.to_owned()));
            (found.map_err(|failure| failure.message().to_owned()), warnings)
        };
        let large = "l: [{n: 9007199254740993}]\n";
        let text = "f: the store would round the number at l[0].n".to_owned();
        assert_eq!(check(large, true, Manner::Own), (Err(text.clone()), vec![]));
        assert_eq!(check(large, true, Manner::AsSops), (Ok(()), vec![text]));
        assert_eq!(check(large, false, Manner::Own), (Ok(()), vec![]));
        assert_eq!(check("n: -9007199254740992\n", true, Manner::Own), (Ok(()), vec![]));
        assert_eq!(check("n: .nan\n", false, Manner::AsSops).0.unwrap_err(), "f: JSON has no word for the number at n");
    }
}
