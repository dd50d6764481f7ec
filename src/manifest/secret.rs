//! A Kubernetes Secret as it is read to be sealed: `data` decoded, `stringData` merged into it.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::text::{self as base64, IllegalBase64};
use super::{Object, field, text};
use crate::document::tree::{Key, Kind, Node};
use crate::secret::SecretBytes;

/// Why an object is no Secret. Never a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A value of `data` that is not base64.
    #[error("line {line}: data.{key}: {source}")]
    Base64 {
        /// The key.
        key: String,
        /// Line of the value, from 1.
        line: usize,
        /// Where in the value.
        source: IllegalBase64,
    },
    /// A value that is no text.
    #[error("line {line}: {field}.{key} is not text")]
    NotText {
        /// `data`, `stringData`, …
        field: &'static str,
        /// The key.
        key: String,
        /// Line of the value, from 1.
        line: usize,
    },
    /// A field of another shape than Kubernetes gives it.
    #[error("line {line}: {field} is not {wanted}")]
    Shape {
        /// The field.
        field: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// Line, from 1.
        line: usize,
    },
}

/// A Secret. Neither `kind` nor `apiVersion` is looked at (kubeseal does not either): that is for the caller.
pub struct Secret {
    /// `metadata.name`, or nothing.
    pub name: String,
    /// `metadata.namespace`, or nothing.
    pub namespace: String,
    /// The whole of `metadata`, as it was read.
    pub metadata: Node,
    /// The values, decoded; those of `stringData` win, and stand where `data` had them. Otherwise in the order of the file.
    pub data: Vec<(String, SecretBytes)>,
    /// Keys that both `data` and `stringData` have.
    pub twice: Vec<String>,
    /// `type`, or nothing.
    pub kind: String,
    /// `immutable`, when it is there.
    pub immutable: Option<bool>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}/{} [REDACTED])", self.namespace, self.name)
    }
}

impl Secret {
    /// What `object` says.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn from_object(object: &Object) -> Result<Self, SecretError> {
        let root = &object.root;
        let mut data: Vec<(String, SecretBytes)> = Vec::new();
        for (key, node) in entries(root, "data")? {
            data.push((key.name.clone(), decoded(key, node)?));
        }
        let mut twice = Vec::new();
        for (key, node) in entries(root, "stringData")? {
            let not_text = || SecretError::NotText { field: "stringData", key: key.name.clone(), line: node.line };
            let value = SecretBytes::new(text(node).ok_or_else(not_text)?.into_owned().into_bytes());
            match data.iter_mut().find(|(name, _)| *name == key.name) {
                Some((_, old)) => {
                    twice.push(key.name.clone());
                    *old = value;
                }
                None => data.push((key.name.clone(), value)),
            }
        }
        let metadata = field(root, "metadata").cloned().unwrap_or(Node::new(Kind::Map(Vec::new())));
        Ok(Self {
            name: object.name().into_owned(),
            namespace: object.namespace().into_owned(),
            metadata,
            data,
            twice,
            kind: field(root, "type").and_then(text).unwrap_or_default().into_owned(),
            immutable: flag(root, "immutable")?,
        })
    }

    /// An annotation.
    pub fn annotation(&self, name: &str) -> Option<String> {
        text(field(&self.metadata, "annotations")?.get(name)?).map(std::borrow::Cow::into_owned)
    }
}

/// Metadata may hold values, in `last-applied-configuration`.
impl Drop for Secret {
    fn drop(&mut self) {
        self.metadata.zeroize();
    }
}

/// The entries of a field that is a map; none when it is not there.
pub fn entries<'n>(node: &'n Node, name: &'static str) -> Result<&'n [(Key, Node)], SecretError> {
    match field(node, name) {
        None | Some(Node { kind: Kind::Null, .. }) => Ok(&[]),
        Some(Node { kind: Kind::Map(entries), .. }) => Ok(entries),
        Some(node) => Err(SecretError::Shape { field: name, wanted: "a map", line: node.line }),
    }
}

/// A field that is true or false.
pub fn flag(node: &Node, name: &'static str) -> Result<Option<bool>, SecretError> {
    match field(node, name) {
        None | Some(Node { kind: Kind::Null, .. }) => Ok(None),
        Some(Node { kind: Kind::Bool(value), .. }) => Ok(Some(*value)),
        Some(node) => Err(SecretError::Shape { field: name, wanted: "true or false", line: node.line }),
    }
}

fn decoded(key: &Key, node: &Node) -> Result<SecretBytes, SecretError> {
    match &node.kind {
        Kind::Null => Ok(SecretBytes::default()),
        Kind::Str(spelled) => {
            let mut bytes = base64::decode(spelled).map_err(|source| SecretError::Base64 {
                key: key.name.clone(),
                line: node.line,
                source,
            })?;
            Ok(SecretBytes::new(std::mem::take(&mut *bytes)))
        }
        _ => Err(SecretError::NotText { field: "data", key: key.name.clone(), line: node.line }),
    }
}

/// A Secret in the order of upstream's fields, its values in base64 and sorted: what `kubectl apply` takes.
pub fn to_node(metadata: Node, immutable: Option<bool>, data: &[(String, SecretBytes)], kind: &str) -> Zeroizing<Node> {
    let mut root =
        vec![entry("kind", Node::text("Secret")), entry("apiVersion", Node::text("v1")), entry("metadata", metadata)];
    root.extend(immutable.map(|value| entry("immutable", Node::new(Kind::Bool(value)))));
    if !data.is_empty() {
        let mut data: Vec<_> =
            data.iter().map(|(key, value)| entry(key, Node::text(base64::encode(value.expose())))).collect();
        data.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        root.push(entry("data", Node::new(Kind::Map(data))));
    }
    root.extend((!kind.is_empty()).then(|| entry("type", Node::text(kind))));
    Zeroizing::new(Node::new(Kind::Map(root)))
}

/// A key, not read from a file, and its value.
pub fn entry(name: &str, node: Node) -> (Key, Node) {
    (Key { name: name.to_owned(), line: 0 }, node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;

    fn secret(text: &str) -> Result<Secret, SecretError> {
        Secret::from_object(&manifest::read(text.as_bytes()).unwrap()[0])
    }

    #[test]
    fn values_are_decoded_and_string_data_wins() {
        let secret = secret(
            "metadata: {name: a, namespace: b}\ntype: T\nimmutable: true\ndata: {x: aHVudGVyMg==, k: eQ==, z: ~}\n\
             stringData: {k: 1.10, w: yes}\n",
        )
        .unwrap();
        let values: Vec<_> = secret.data.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
        assert_eq!(values, [("x", &b"hunter2"[..]), ("k", b"1.1"), ("z", b""), ("w", b"true")]);
        assert_eq!(secret.twice, ["k"]);
        assert_eq!((secret.name.as_str(), secret.namespace.as_str(), secret.kind.as_str()), ("a", "b", "T"));
        assert_eq!(secret.immutable, Some(true));
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (text, want) in [
            ("data:\n  k: hunter2!\n", "line 2: data.k: illegal base64 data at input byte 7"),
            ("data:\n  k: 5\n", "line 2: data.k is not text"),
            ("data: [a]\n", "line 1: data is not a map"),
            ("stringData:\n  k: [hunter2]\n", "line 2: stringData.k is not text"),
            ("immutable: maybe\n", "line 1: immutable is not true or false"),
        ] {
            assert_eq!(secret(text).unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn debug_is_redacted() {
        let shown = format!("{:?}", secret("metadata: {name: a, namespace: b}\ndata: {x: aHVudGVyMg==}\n").unwrap());
        assert_eq!(shown, "Secret(b/a [REDACTED])");
    }
}
