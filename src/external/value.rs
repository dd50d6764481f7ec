//! A value, a property of it, or all its fields: as the providers of External Secrets Operator 2.9 read what stores keep. They
//! differ in what wins when a key looks like a path, in how numbers are printed, and in what a missing property is.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::gjson::{self, TooMuchWork};
use super::json::{self, Json, JsonError, Node, Numbers, Style, write_text};
use super::reference::{Part, Raw};
use super::sink::Sink;
use crate::secret::SecretBytes;

/// How a kind of store is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Flavour {
    /// A key-value engine of Vault (`providers/v1/vault/client_get.go`).
    Vault,
    /// AWS Secrets Manager (`providers/v1/aws/secretsmanager/secretsmanager.go`).
    Aws,
    /// AWS Parameter Store (`providers/v1/aws/parameterstore/parameterstore.go`).
    ParameterStore,
    /// Secrets of Kubernetes (`providers/v1/kubernetes/client.go`).
    Kubernetes,
    /// Values in the manifest (`providers/v1/fake/fake.go`).
    Fake,
    /// Encrypted files, our own: like Vault, without its quirks (integers keep their digits, `<` stays `<`).
    File,
}

/// Why a value has not what is asked of it. It names paths and keys, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It has no such property.
    #[error("it has no property `{0}`")]
    NoProperty(String),
    /// Only an object has fields.
    #[error("its fields are asked for: {0}")]
    Fields(JsonError),
    /// The store says that it is JSON, and it is not.
    #[error(transparent)]
    Json(JsonError),
    /// The path asks for too much.
    #[error("`{path}`: {cause}")]
    Work {
        /// The path.
        path: String,
        /// What of it.
        cause: TooMuchWork,
    },
}

const AS_VAULT: Style = Style { html: true, numbers: Numbers::Spelled };
const AS_FILE: Style = Style { html: false, numbers: Numbers::Spelled };
const GO: Style = Style { html: true, numbers: Numbers::Floats };
const PLAIN: Style = Style { html: false, numbers: Numbers::Floats };

/// One value (`GetSecret`): the whole, or a property of it. Nothing when the store would say that there is no such secret.
///
/// # Errors
/// [`ValueError`] when there is a secret, and not that property in it.
pub fn one(flavour: Flavour, raw: &Raw, part: Part, property: Option<&str>) -> Result<Option<SecretBytes>, ValueError> {
    let property = property.filter(|property| !property.is_empty());
    match flavour {
        Flavour::Vault => from_object(raw, part, property, AS_VAULT).map(Some),
        Flavour::File => from_object(raw, part, property, AS_FILE).map(Some),
        Flavour::Kubernetes => from_entries(raw, property).map(Some),
        Flavour::Fake | Flavour::Aws | Flavour::ParameterStore => {
            let text = bytes_of(raw);
            let Some(property) = property else { return Ok(Some(text)) };
            let found = match flavour {
                Flavour::Fake => path(text.expose(), property)?,
                _ => dotted_path(text.expose(), property)?,
            };
            match (found, flavour) {
                (None, Flavour::Aws | Flavour::ParameterStore) => Err(ValueError::NoProperty(property.to_owned())),
                (found, _) => Ok(found),
            }
        }
    }
}

/// All fields (`GetSecretMap`) of a value or of a property of it. Nothing when the store would say that there is no such secret.
///
/// # Errors
/// [`ValueError`] when there is a secret, and not that property in it, or it is no object.
pub fn many(
    flavour: Flavour,
    raw: &Raw,
    part: Part,
    property: Option<&str>,
) -> Result<Option<BTreeMap<String, SecretBytes>>, ValueError> {
    if flavour == Flavour::Kubernetes {
        return entries_of(raw, property.filter(|property| !property.is_empty())).map(Some);
    }
    let Some(text) = one(flavour, raw, part, property)? else { return Ok(None) };
    let node = json::read(text.expose()).map_err(ValueError::Fields)?;
    if matches!(node.value, Json::Null) {
        return Ok(Some(BTreeMap::new()));
    }
    let fields = node.object().map_err(ValueError::Fields)?.into_iter();
    let fields: Result<_, JsonError> = match flavour {
        Flavour::Vault => fields.map(|(key, node)| Ok((key, node.to_bytes(GO)?))).collect(),
        Flavour::File => {
            let style = Style { html: false, numbers: Numbers::KeepIntegers };
            fields.map(|(key, node)| Ok((key, node.to_bytes(style)?))).collect()
        }
        _ => Ok(fields.map(|(key, node)| (key, spelled(&node, text.expose()))).collect()),
    };
    fields.map(Some).map_err(ValueError::Fields)
}

/// A field as its bytes in the text: only strings lose their quotes, and null is empty.
fn spelled(node: &Node, text: &[u8]) -> SecretBytes {
    match &node.value {
        Json::Null => SecretBytes::default(),
        Json::Text(text) => SecretBytes::new(text.expose().as_bytes().to_vec()),
        _ => SecretBytes::new(text[node.span.clone()].to_vec()),
    }
}

/// The whole as bytes.
fn bytes_of(raw: &Raw) -> SecretBytes {
    match raw {
        Raw::Json(bytes) | Raw::Bytes(bytes) => SecretBytes::new(bytes.expose().to_vec()),
        Raw::Entries(entries) => object_of(entries),
    }
}

/// A JSON object of strings, not escaped for HTML.
fn object_of(entries: &BTreeMap<String, SecretBytes>) -> SecretBytes {
    let mut out = Sink::default();
    out.push(b"{");
    for (at, (key, value)) in entries.iter().enumerate() {
        if at > 0 {
            out.push(b",");
        }
        write_text(&mut out, key.as_bytes(), false);
        out.push(b":");
        write_text(&mut out, value.expose(), false);
    }
    out.push(b"}");
    out.finish()
}

fn path(json: &[u8], path: &str) -> Result<Option<SecretBytes>, ValueError> {
    gjson::get(json, path).map_err(|cause| ValueError::Work { path: path.to_owned(), cause })
}

/// A key with dots in it wins over a path.
fn dotted_path(json: &[u8], property: &str) -> Result<Option<SecretBytes>, ValueError> {
    if property.contains('.')
        && let Some(found) = path(json, &property.replace('.', "\\."))?
    {
        return Ok(Some(found));
    }
    path(json, property)
}

/// Of an object: a key of it wins over a path into it.
fn from_object(raw: &Raw, part: Part, property: Option<&str>, style: Style) -> Result<SecretBytes, ValueError> {
    let node = json::read(bytes_of(raw).expose()).map_err(ValueError::Json)?;
    let fields = match &node.value {
        Json::Null => return Ok(SecretBytes::default()),
        Json::Object(fields) if fields.is_empty() && part == Part::Metadata => return Ok(SecretBytes::default()),
        Json::Object(fields) => fields,
        _ => return Err(ValueError::Json(JsonError::NoObject)),
    };
    if let Some(field) = property.and_then(|property| fields.get(property)) {
        return field.to_bytes(style).map_err(ValueError::Json);
    }
    let whole = node.to_json(style).map_err(ValueError::Json)?;
    match property {
        None => Ok(whole),
        Some(property) => path(whole.expose(), property)?.ok_or_else(|| ValueError::NoProperty(property.to_owned())),
    }
}

/// What is under the keys of a Secret; of its metadata, the labels and the annotations, each as JSON.
fn entries(raw: &Raw) -> Result<BTreeMap<String, SecretBytes>, ValueError> {
    let copy = |bytes: &SecretBytes| SecretBytes::new(bytes.expose().to_vec());
    match raw {
        Raw::Entries(entries) => Ok(entries.iter().map(|(key, value)| (key.clone(), copy(value))).collect()),
        Raw::Json(bytes) | Raw::Bytes(bytes) => {
            let fields = json::read(bytes.expose()).and_then(Node::object).map_err(ValueError::Json)?;
            let fields = fields.into_iter().map(|(key, node)| Ok((key, node.to_json(AS_FILE)?)));
            fields.collect::<Result<_, _>>().map_err(ValueError::Json)
        }
    }
}

fn from_entries(raw: &Raw, property: Option<&str>) -> Result<SecretBytes, ValueError> {
    let Some(property) = property else {
        return match raw {
            Raw::Entries(entries) => Ok(object_of(entries)),
            Raw::Json(bytes) | Raw::Bytes(bytes) => {
                json::read(bytes.expose()).and_then(|node| node.to_json(AS_FILE)).map_err(ValueError::Json)
            }
        };
    };
    let mut entries = entries(raw)?;
    if let Some(value) = entries.remove(property) {
        return Ok(value);
    }
    let none = || ValueError::NoProperty(property.to_owned());
    let (key, rest) = property.split_once('.').ok_or_else(none)?;
    let value = entries.get(key).ok_or_else(none)?;
    // the name of a label has dots itself
    let found = match raw {
        Raw::Entries(_) => path(value.expose(), rest)?,
        _ => dotted_path(value.expose(), rest)?,
    };
    found.ok_or_else(none)
}

/// The entries; or, of the one that `property` names, the fields, each as JSON (strings keep their quotes).
fn entries_of(raw: &Raw, property: Option<&str>) -> Result<BTreeMap<String, SecretBytes>, ValueError> {
    let mut entries = entries(raw)?;
    let Some(property) = property else { return Ok(entries) };
    // a path finds the key, as in an object of the keys
    let mut keys = Sink::default();
    keys.push(b"{");
    for (at, key) in entries.keys().enumerate() {
        if at > 0 {
            keys.push(b",");
        }
        write_text(&mut keys, key.as_bytes(), true);
        // a sink takes everything
        let _ = write!(keys, ":\"{at}\"");
    }
    keys.push(b"}");
    let found = dotted_path(keys.bytes(), property)?;
    let at = found.and_then(|found| std::str::from_utf8(found.expose()).ok()?.parse::<usize>().ok());
    let Some(key) = at.and_then(|at| entries.keys().nth(at).cloned()) else {
        return Err(ValueError::NoProperty(property.to_owned()));
    };
    let value = entries.remove(&key).unwrap_or_default();
    let node = json::read(value.expose()).map_err(ValueError::Fields)?;
    if matches!(node.value, Json::Null) {
        return Ok(BTreeMap::new());
    }
    let fields = node.object().map_err(ValueError::Fields)?;
    let fields = fields.into_iter().map(|(key, node)| Ok((key, node.to_json(PLAIN)?)));
    fields.collect::<Result<_, _>>().map_err(ValueError::Fields)
}

#[cfg(test)]
mod tests;
