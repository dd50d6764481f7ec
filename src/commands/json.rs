//! One value of a plain text: as it is, or as JSON.

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

use super::session::Session;
use crate::document::gather;
use crate::document::kind::DocumentKind;
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::append_plain_bytes;
use crate::document::tree::{Kind as NodeKind, Node};
use crate::document::value::Value;
use crate::document::yaml::change::ChangeError;
use crate::document::yaml::{Document, NodeId, NodeKind as Shape};
use crate::failure::{Failure, Kind};
use crate::sops::file::Plain;

/// A tree that is wiped when dropped.
pub struct Wiped(Node);

impl Wiped {
    /// Takes a tree.
    pub fn new(node: Node) -> Self {
        Self(node)
    }

    /// The tree.
    pub fn node(&self) -> &Node {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(node: &mut Node) {
    match &mut node.kind {
        NodeKind::Str(text) | NodeKind::Time(text) => text.zeroize(),
        NodeKind::Int(number) => number.zeroize(),
        NodeKind::Float(number) => number.zeroize(),
        NodeKind::Bool(value) => value.zeroize(),
        NodeKind::List(items) => items.iter_mut().for_each(wipe),
        NodeKind::Map(entries) => entries.iter_mut().for_each(|(_, node)| wipe(node)),
        NodeKind::Null => {}
    }
}

/// The value at `path` as the session wants it: [`extract_json`] with `--json`, else [`extract`].
///
/// # Errors
/// As those.
pub fn show(session: &Session, name: &str, plain: &Plain, path: &KeyPath) -> Result<Zeroizing<String>, Failure> {
    if session.json() { extract_json(name, plain, path) } else { extract(name, plain, path) }
}

/// The value at `path` as text: a scalar as it is, anything else as one line of JSON.
///
/// # Errors
/// Nothing is there, or JSON has no such number.
pub fn extract(name: &str, plain: &Plain, path: &KeyPath) -> Result<Zeroizing<String>, Failure> {
    let Some(document) = plain.yaml() else {
        let tree = tree_of(name, plain)?;
        let node = gather::find(&tree, path).map_err(|error| no_value(name, path, &error.into()))?;
        return match text_of(node) {
            Some(text) => Ok(text),
            None => tree_as_json(name, node, path),
        };
    };
    let id = find(name, document, path)?;
    let bytes = match (document.kind(id), document.value(id)) {
        (Shape::Scalar, Ok(value)) => scalar(&value),
        _ => return as_json(name, document, id, path),
    };
    // what is not UTF-8 can only come from !!binary
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            let text = format!("{name}: the value at {path} is not text");
            Err(Failure::new(Kind::CannotEmit, text))
        }
    }
}

/// The value at `path` as one line of JSON, with a line break.
///
/// # Errors
/// As [`extract`].
pub fn extract_json(name: &str, plain: &Plain, path: &KeyPath) -> Result<Zeroizing<String>, Failure> {
    let Some(document) = plain.yaml() else {
        let tree = tree_of(name, plain)?;
        let node = gather::find(&tree, path).map_err(|error| no_value(name, path, &error.into()))?;
        return tree_as_json(name, node, path);
    };
    as_json(name, document, find(name, document, path)?, path)
}

/// Bytes have no key paths.
pub fn no_paths(name: &str) -> Failure {
    Failure::new(Kind::NoSuchPath, format!("{name} is binary: there are no key paths in it"))
}

fn tree_of(name: &str, plain: &Plain) -> Result<Zeroizing<Node>, Failure> {
    if plain.kind() == DocumentKind::Binary {
        return Err(no_paths(name).hint("sealant decrypt gives its whole content"));
    }
    plain.tree().map_err(|error| super::sopsfile::failure(name, &error))
}

fn find(name: &str, document: &Document, path: &KeyPath) -> Result<NodeId, Failure> {
    let id = document.find(0, path).map_err(|error| no_value(name, path, &error))?;
    Ok(document.resolve_alias(id))
}

/// A scalar as [`scalar`] prints it.
fn text_of(node: &Node) -> Option<Zeroizing<String>> {
    let value = match &node.kind {
        NodeKind::Str(text) | NodeKind::Time(text) => return Some(Zeroizing::new(text.clone())),
        NodeKind::Null => Value::Null,
        NodeKind::Bool(value) => Value::Bool(*value),
        NodeKind::Int(value) => Value::Int(*value),
        NodeKind::Float(value) => Value::Float(*value),
        NodeKind::List(_) | NodeKind::Map(_) => return None,
    };
    String::from_utf8(scalar(&value)).ok().map(Zeroizing::new)
}

/// The failure for a key path that leads nowhere: how far it goes is no secret.
pub fn no_value(name: &str, path: &KeyPath, error: &ChangeError) -> Failure {
    let text = format!("{name} has no value at {path}");
    let failure = Failure::new(Kind::NoSuchPath, text);
    let place = |at: usize| KeyPath(path.0[..at].to_vec()).to_string();
    let step = |at: usize| path.0.get(at);
    failure.detail(match (error, step(0)) {
        (ChangeError::Missing { at: 0 }, _) => "there is no such key at the top".into(),
        (ChangeError::Missing { at }, _) => format!("{} has no such key", place(*at)),
        (ChangeError::BeyondEnd { at, len }, _) => {
            let s = if *len == 1 { "" } else { "s" };
            let list = if *at == 0 { "the list".into() } else { place(*at) };
            format!("{list} has {len} item{s}, counted from [0]")
        }
        (ChangeError::NotThere { at: 0 }, Some(Step::Key(_))) => "the top is a list".into(),
        (ChangeError::NotThere { at: 0 }, _) => "the top is a mapping".into(),
        (ChangeError::NotThere { at }, _) => match step(*at) {
            Some(Step::Index(_)) => format!("{} is no list", place(*at)),
            _ => format!("{} is no mapping", place(*at)),
        },
        (
            ChangeError::Format(_)
            | ChangeError::BadPath
            | ChangeError::NoPlace
            | ChangeError::Referred
            | ChangeError::NoDocument,
            _,
        ) => error.to_string(),
    })
}

/// Text as it is; `true` and `null` as YAML spells them; numbers as sops prints them.
fn scalar(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Null => out.extend_from_slice(b"null"),
        value => {
            append_plain_bytes(value, &mut out);
        }
    }
    out
}

fn as_json(name: &str, document: &Document, id: NodeId, path: &KeyPath) -> Result<Zeroizing<String>, Failure> {
    let tree = document.tree(id).map_err(|error| super::sopsfile::failure(name, &error.into()))?;
    tree_as_json(name, Wiped::new(tree).node(), path)
}

fn tree_as_json(name: &str, node: &Node, path: &KeyPath) -> Result<Zeroizing<String>, Failure> {
    let mut text = serde_json::to_string(&Json(node)).map(Zeroizing::new).map_err(|_| {
        let text = format!("{name}: the value at {path} has no JSON form: it holds inf or nan");
        Failure::new(Kind::CannotEmit, text)
    })?;
    text.push('\n');
    Ok(text)
}

/// A tree for a JSON writer, in the order of the document.
pub struct Json<'a>(pub &'a Node);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.kind {
            NodeKind::Null => serializer.serialize_unit(),
            NodeKind::Bool(value) => serializer.serialize_bool(*value),
            NodeKind::Int(value) => serializer.serialize_i64(*value),
            NodeKind::Float(value) if !value.is_finite() => Err(S::Error::custom("not finite")),
            NodeKind::Float(value) => serializer.serialize_f64(*value),
            NodeKind::Time(text) | NodeKind::Str(text) => serializer.serialize_str(text),
            NodeKind::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Json(item))?;
                }
                list.end()
            }
            NodeKind::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, node) in entries {
                    map.serialize_entry(&key.name, &Json(node))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "a: {b: [1, 2.50, x, true, ~, .inf], \"c.d\": 0x1F}\nz: |\n  two\n  lines\nt: 2024-01-01\nm: !!binary //8=\n";

    fn plain(text: &str) -> Plain {
        Plain::guess(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
    }

    fn get(path: &str) -> Result<String, Failure> {
        extract("f", &plain(TEXT), &KeyPath::parse(path).unwrap()).map(|text| text.to_string())
    }

    #[test]
    fn scalars_are_printed_as_they_are() {
        for (path, wanted) in [
            ("a.b[0]", "1"),
            ("a.b[1]", "2.5"),
            ("a.b[2]", "x"),
            ("a.b[3]", "true"),
            ("a.b[4]", "null"),
            ("a.b[5]", "+Inf"),
            ("a[\"c.d\"]", "31"),
            ("z", "two\nlines\n"),
            ("t", "2024-01-01T00:00:00Z"),
        ] {
            assert_eq!(get(path).unwrap(), wanted, "{path}");
        }
        assert_eq!(get("m").unwrap_err().kind(), Kind::CannotEmit);
    }

    #[test]
    fn collections_are_json_in_order() {
        let text = "z: {y: 1, a: [x, 2.0, null]}\n";
        let path = KeyPath::parse("z").unwrap();
        let json = extract("f", &plain(text), &path).unwrap();
        assert_eq!(json.as_str(), "{\"y\":1,\"a\":[\"x\",2.0,null]}\n");
        assert_eq!(get("a").unwrap_err().kind(), Kind::CannotEmit);
    }

    #[test]
    fn a_wrong_path_says_how_far_it_goes() {
        let failure = get("a.b[9]").unwrap_err();
        assert_eq!(failure.kind(), Kind::NoSuchPath);
        assert_eq!(failure.message(), "f has no value at a.b[9]");
        assert_eq!(failure.details(), ["a.b has 6 items, counted from [0]"]);
        assert_eq!(get("a.x").unwrap_err().details(), ["a has no such key"]);
        assert_eq!(get("q").unwrap_err().details(), ["there is no such key at the top"]);
    }
}
