//! Kubernetes manifests as trees: the documents of a YAML 1.1 or JSON stream, read as apimachinery reads them (`util/yaml`,
//! sigs.k8s.io/yaml). For reading only: who changes a file works on its bytes.
//!
//! | file | what it is for |
//! |---|---|
//! | [`mod@text`] | the base64 of values, read as Go reads it |
//! | [`secret`] | a Secret, its values decoded |
//! | [`limits`] | what the API server takes for a Secret |
//! | [`emit`] | objects as upstream prints them |

pub mod emit;
pub mod limits;
pub mod secret;
pub mod text;

use std::borrow::Cow;
use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::document::format::FormatError;
use crate::document::json::{self, Dialect};
use crate::document::tree::{Kind, Node};
use crate::document::yaml::{Document, Scalars, YamlError};

pub use secret::Secret;

/// Why a text is no stream of manifests. Never a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not UTF-8.
    #[error("line {line}: the text is not UTF-8")]
    NotText {
        /// Line, from 1.
        line: usize,
    },
    /// Neither YAML nor JSON.
    #[error("line {line}: {what}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A document that is text, a number or a list.
    #[error("line {line}: the document is not an object")]
    NoObject {
        /// Line, from 1.
        line: usize,
    },
}

impl From<YamlError> for ManifestError {
    fn from(error: YamlError) -> Self {
        Self::Syntax { line: error.line, what: error.problem }
    }
}

/// One object. Wiped on drop.
pub struct Object {
    /// Everything in it.
    pub root: Node,
    /// Which document of the stream it comes from, from 0; empty ones are counted, too.
    pub document: usize,
}

impl Drop for Object {
    fn drop(&mut self) {
        self.root.zeroize();
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} at line {} [REDACTED])", self.kind(), self.root.line)
    }
}

impl Object {
    /// `apiVersion`, or nothing.
    pub fn api_version(&self) -> Cow<'_, str> {
        text_at(&self.root, &["apiVersion"])
    }

    /// `kind`, or nothing.
    pub fn kind(&self) -> Cow<'_, str> {
        text_at(&self.root, &["kind"])
    }

    /// `metadata.name`, or nothing.
    pub fn name(&self) -> Cow<'_, str> {
        text_at(&self.root, &["metadata", "name"])
    }

    /// `metadata.namespace`, or nothing.
    pub fn namespace(&self) -> Cow<'_, str> {
        text_at(&self.root, &["metadata", "namespace"])
    }

    /// An annotation of the object itself.
    pub fn annotation(&self, name: &str) -> Option<Cow<'_, str>> {
        text(field(field(&self.root, "metadata")?, "annotations")?.get(name)?)
    }

    /// Line of its first character, from 1.
    pub fn line(&self) -> usize {
        self.root.line
    }

    /// The members of a `List`; `None` when it is none.
    pub fn into_members(mut self) -> Result<Vec<Self>, Self> {
        let is_list = self.kind() == "List" || self.kind() == "SecretList" || self.kind() == "SealedSecretList";
        let items = match &mut self.root.kind {
            Kind::Map(entries) if is_list => entries.iter_mut().find(|(key, _)| key.name == "items"),
            _ => None,
        };
        let Some((_, Node { kind: Kind::List(items), .. })) = items else { return Err(self) };
        let document = self.document;
        Ok(std::mem::take(items).into_iter().map(|root| Self { root, document }).collect())
    }
}

impl Object {
    /// The members of a list of any kind, which the API server gives without a kind of their own; `None` when it is none.
    pub fn into_items(mut self) -> Option<Vec<Self>> {
        let Kind::Map(entries) = &mut self.root.kind else { return None };
        let (_, items) = entries.iter_mut().find(|(key, _)| key.name == "items")?;
        let Kind::List(items) = &mut items.kind else { return None };
        let document = self.document;
        Some(std::mem::take(items).into_iter().map(|root| Self { root, document }).collect())
    }
}

/// The value of a field, whose name is compared as Go compares it: exactly, else without regard to case.
pub fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Kind::Map(entries) = &node.kind else { return None };
    node.get(name).or_else(|| entries.iter().find(|(key, _)| key.name.eq_ignore_ascii_case(name)).map(|(_, node)| node))
}

/// What a scalar is where text is wanted: numbers and booleans as sigs.k8s.io/yaml turns them into text, null as nothing. `None`
/// for a list or map.
pub fn text(node: &Node) -> Option<Cow<'_, str>> {
    Some(match &node.kind {
        Kind::Null => Cow::Borrowed(""),
        Kind::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Kind::Int(value) => Cow::Owned(value.to_string()),
        Kind::Float(value) => Cow::Owned(short(*value)),
        Kind::Time(text) | Kind::Str(text) => Cow::Borrowed(text),
        Kind::List(_) | Kind::Map(_) => return None,
    })
}

/// Go's `FormatFloat(value, 'g', -1, 32)`: `1.10` is `1.1`, and what a 32-bit float does not hold is lost.
fn short(value: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "it is what the peer does")]
    let value = value as f32;
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        }
        .to_owned();
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e').map(|(digits, power)| (digits, power.parse::<i32>().unwrap_or(0))) {
        Some((digits, power)) if !(-4..6).contains(&power) => {
            format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
        }
        _ => value.to_string(),
    }
}

/// The text at a path of fields, or nothing.
fn text_at<'n>(node: &'n Node, path: &[&str]) -> Cow<'n, str> {
    let found = path.iter().try_fold(node, |node, name| field(node, name));
    found.and_then(text).unwrap_or_default()
}

/// Every object of the stream. Empty documents are left out.
///
/// # Errors
/// A document that cannot be read, or is no object. (kubeseal leaves such documents out without a word.)
pub fn read(input: &[u8]) -> Result<Vec<Object>, ManifestError> {
    let text = std::str::from_utf8(input).map_err(|error| ManifestError::NotText {
        line: memchr::memchr_iter(b'\n', &input[..error.valid_up_to()]).count() + 1,
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') {
        return read_json(text).or_else(|error| read_yaml(text).map_err(|_| error));
    }
    read_yaml(text)
}

fn read_yaml(text: &str) -> Result<Vec<Object>, ManifestError> {
    let yaml = Document::parse(text.to_owned())?;
    let mut objects = Vec::new();
    for document in 0..yaml.documents() {
        objects.extend(object(yaml.tree_as(yaml.root(document), Scalars::Kubernetes)?, document)?);
    }
    Ok(objects)
}

/// Objects one after the other, with or without space between them.
fn read_json(text: &str) -> Result<Vec<Object>, ManifestError> {
    let (mut objects, mut from) = (Vec::new(), 0);
    loop {
        from += text[from..].len() - text[from..].trim_start().len();
        if from == text.len() {
            return Ok(objects);
        }
        let lines = memchr::memchr_iter(b'\n', &text.as_bytes()[..from]).count();
        let end = from + object_length(&text[from..]);
        let parsed = json::parse(text[from..end].to_owned(), Dialect::Strict);
        let mut root =
            parsed.map_err(|FormatError { line, what, .. }| ManifestError::Syntax { line: line + lines, what })?.tree();
        shift(&mut root, lines);
        let document = objects.len();
        objects.extend(object(root, document)?);
        from = end;
    }
}

/// Bytes up to where the first object ends, as far as brackets and quotes tell.
fn object_length(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Adds to all line numbers. Trees are as deep as the reader lets them be.
fn shift(node: &mut Node, lines: usize) {
    node.line += lines;
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| shift(item, lines)),
        Kind::Map(entries) => entries.iter_mut().for_each(|(key, node)| {
            key.line += lines;
            shift(node, lines);
        }),
        _ => {}
    }
}

/// `None` for an empty document.
fn object(root: Node, document: usize) -> Result<Option<Object>, ManifestError> {
    let mut root = Zeroizing::new(root);
    let line = root.line;
    match &root.kind {
        Kind::Null => Ok(None),
        Kind::Map(_) => {
            let kind = std::mem::replace(&mut root.kind, Kind::Null);
            Ok(Some(Object { root: Node { line, kind }, document }))
        }
        _ => Err(ManifestError::NoObject { line }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap().iter().map(|object| format!("{}@{}", object.name(), object.line())).collect()
    }

    #[test]
    fn streams_are_read_whole() {
        assert_eq!(names("# nothing\n---\nmetadata:\n  name: a\n---\n---\nmetadata: {name: b}\n...\n"), ["a@3", "b@7"]);
        assert_eq!(
            names("{\"metadata\":{\"name\":\"a}\\\"\"}}\n\n{\"metadata\":{\"name\":\"b\"}}{}"),
            ["a}\"@1", "b@3", "@3"]
        );
        assert_eq!(names("{metadata: {name: yaml}}"), ["yaml@1"]);
        assert_eq!(names(""), [""; 0]);
        assert_eq!(names("\u{feff}metadata:\n  NAME: a\n"), ["a@1"]);
    }

    #[test]
    fn what_is_broken_is_an_error_with_its_line() {
        let line = |text: &[u8]| match read(text).unwrap_err() {
            ManifestError::NotText { line } | ManifestError::Syntax { line, .. } | ManifestError::NoObject { line } => {
                line
            }
        };
        assert_eq!(line(b"a: 1\n---\nb: [\n"), 4);
        assert_eq!(line(b"a: 1\n---\ntext\n"), 3);
        assert_eq!(line(b"{\"a\":1}\n{\"a\":}"), 2);
        assert_eq!(line(b"{\"a\":1}\n{\"a\":1"), 2);
        assert_eq!(line(b"a: 1\nb: \xff\n"), 2);
        assert_eq!(line(b"- a\n"), 1);
    }

    /// sigs.k8s.io/yaml turns what is no text into text where text is wanted.
    #[test]
    fn scalars_are_those_of_yaml_1_1() {
        let text = "metadata:\n  annotations: {a: yes, b: 0777, c: 1.10, d: ~, e: 2001-01-01, f: off, on: 1e3, g: 16777217.0, h: 1e21, 7: 'x'}\n";
        let objects = read(text.as_bytes()).unwrap();
        let get = |name: &str| objects[0].annotation(name).map(|text| text.into_owned());
        let want = [
            ("a", "true"),
            ("b", "511"),
            ("c", "1.1"),
            ("d", ""),
            ("e", "2001-01-01"),
            ("f", "false"),
            ("true", "1000"),
        ];
        for (name, value) in want.into_iter().chain([("g", "1.6777216e+07"), ("h", "1e+21"), ("7", "x")]) {
            assert_eq!(get(name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn lists_have_members() {
        let list = read(b"kind: List\nitems:\n- {metadata: {name: a}}\n- {metadata: {name: b}}\n").unwrap().remove(0);
        let members = list.into_members().unwrap();
        assert_eq!(members.iter().map(|member| member.name().into_owned()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(read(b"kind: Secret\nitems: []\n").unwrap().remove(0).into_members().is_err());
    }

    #[test]
    fn debug_is_redacted() {
        let shown = format!("{:?}", read(b"kind: Secret\ndata: {a: aHVudGVyMg==}\n").unwrap());
        assert_eq!(shown, "[Object(Secret at line 1 [REDACTED])]");
    }
}
