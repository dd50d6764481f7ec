//! A decrypted tree in another format than its file's, as sops 3.13.2 prints it (`stores/*/store.go`), without
//! comments: `super::comments` prints those. Pure.

use zeroize::Zeroizing;

use super::store::Store;
use crate::document::json::emit as json;
use crate::document::json::emit::Indent;
use crate::document::scalar::go_text;
use crate::document::tree::{Kind, Node};
use crate::document::yaml::emit::{self, Floats};
use crate::document::{dotenv, ini};

/// What a format cannot hold. Never holds a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unspellable {
    /// A document without text under `data`.
    #[error(
        "error emitting binary store: no binary data found in tree\n\nThis is likely not an encrypted binary file? \
         If not, use --output-type to select the correct output type."
    )]
    NoData,
    /// Single values are not written in every format.
    #[error("{0}")]
    Not(&'static str),
    /// What the format's writer says, with the key.
    #[error("{0}")]
    Other(String),
}

/// How nested values are indented.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns per level of YAML.
    pub yaml: usize,
    /// Indentation of JSON.
    pub json: Indent,
    /// How whole floats are spelled: typed where the text is read again, bare where people and programs read it.
    pub floats: Floats,
}

impl Default for Style {
    fn default() -> Self {
        Self { yaml: emit::STEP, json: Indent::Tab, floats: Floats::Bare }
    }
}

/// A whole document.
///
/// # Errors
/// [`Unspellable`].
pub fn document(node: &Node, to: Store, style: Style) -> Result<Zeroizing<String>, Unspellable> {
    let mut out = Zeroizing::new(String::new());
    match to {
        Store::Yaml => yaml(node, style, &mut out),
        Store::Json => json(node, style, &mut out)?,
        Store::Dotenv => dotenv::emit(node, &mut out).map_err(|error| Unspellable::Other(error.to_string()))?,
        Store::Binary => match node.get("data").map(|node| &node.kind) {
            Some(Kind::Str(text)) => out.push_str(text),
            _ => return Err(Unspellable::NoData),
        },
        Store::Ini => ini::emit(node, &mut out).map_err(|error| Unspellable::Other(error.to_string()))?,
    }
    Ok(out)
}

/// A part: text as it is, a mapping as a document, anything else as the format spells a value.
///
/// # Errors
/// [`Unspellable`].
pub fn part(node: &Node, to: Store, style: Style) -> Result<Zeroizing<String>, Unspellable> {
    let mut out = Zeroizing::new(String::new());
    match (&node.kind, to) {
        (Kind::Str(text), _) => out.push_str(text),
        (Kind::Map(_), _) => return document(node, to, style),
        (_, Store::Yaml) => yaml(node, style, &mut out),
        (_, Store::Json | Store::Ini) => {
            json(node, style, &mut out)?;
            let end = out.trim_end_matches('\n').len();
            out.truncate(end);
        }
        (_, Store::Dotenv) => return Err(Unspellable::Not("the dotenv store cannot emit a single value")),
        (_, Store::Binary) => return Err(Unspellable::Not("the binary store cannot emit a single value")),
    }
    Ok(out)
}

fn json(node: &Node, style: Style, out: &mut String) -> Result<(), Unspellable> {
    let write = if style.floats == Floats::Typed { json::typed } else { json::pretty };
    write(node, style.json, out).map_err(|error| Unspellable::Not(error.0))
}

/// A tree as YAML. The writer knows entries: the value under a key, one level to the left again.
pub(super) fn yaml(node: &Node, style: Style, out: &mut String) {
    let mut entry = Zeroizing::new(String::new());
    emit::stepped("x", node, style.yaml, style.floats, &mut entry);
    let margin = " ".repeat(if (2..10).contains(&style.yaml) { style.yaml } else { 2 });
    let rest = entry.strip_prefix("x:").unwrap_or(&entry);
    match rest.strip_prefix('\n') {
        Some(lines) => {
            for line in lines.split_inclusive('\n') {
                out.push_str(line.strip_prefix(margin.as_str()).unwrap_or(line));
            }
        }
        None => out.push_str(rest.strip_prefix(' ').unwrap_or(rest)),
    }
}

/// A single value as text (sops 3.13.2 `stores/stores.go`, `ValToString`); `None` for a list or mapping.
pub fn scalar(node: &Node) -> Option<Zeroizing<String>> {
    go_text(&node.kind).map(|text| Zeroizing::new(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::Document;

    fn tree(text: &str) -> Node {
        let document = Document::parse(text.to_owned()).unwrap();
        document.tree(document.root(0)).unwrap()
    }

    const PLAIN: &str = "s: \"a<b>&\\u2028 é \\\" \\\\ \\t\"\ni: 1\nf: 1.0\ng: 1.5e30\nh: 1e21\nb: true\nn: null\n\
                         d: 2024-01-01\nt: 2024-01-01T02:03:04.5+07:06\nml: \"x\\ny\"\n";

    /// What sops 3.13.2 prints for the same file.
    #[test]
    fn json_is_that_of_sops() {
        assert_eq!(
            *document(&tree(PLAIN), Store::Json, Style::default()).unwrap(),
            "{\n\t\"s\": \"a\\u003cb\\u003e\\u0026\\u2028 é \\\" \\\\ \\t\",\n\t\"i\": 1,\n\t\"f\": 1,\n\t\"g\": 1.5e+30,\n\t\"h\": 1e+21,\n\
             \t\"b\": true,\n\t\"n\": null,\n\t\"d\": \"2024-01-01T00:00:00Z\",\n\t\"t\": \"2024-01-01T02:03:04.5+07:06\",\n\t\"ml\": \"x\\ny\"\n}\n"
        );
        assert_eq!(
            *document(&tree("a: [x, [], {}]\nb: {c: 1}\n"), Store::Json, Style::default()).unwrap(),
            "{\n\t\"a\": [\n\t\t\"x\",\n\t\t[],\n\t\t{}\n\t],\n\t\"b\": {\n\t\t\"c\": 1\n\t}\n}\n"
        );
        assert_eq!(*part(&tree("[x, y]"), Store::Json, Style::default()).unwrap(), "[\n\t\"x\",\n\t\"y\"\n]");
    }

    #[test]
    fn dotenv_is_that_of_sops() {
        assert_eq!(
            *document(&tree(PLAIN), Store::Dotenv, Style::default()).unwrap(),
            "s=a<b>&\u{2028} é \" \\ \t\ni=1\nf=1.0\ng=1.5E+30\nh=1E+21\nb=true\nn=<nil>\nd=2024-01-01T00:00:00Z\n\
             t=2024-01-01T02:03:04+07:06\nml=x\\ny\n"
        );
        let error = document(&tree("l: [1]\n"), Store::Dotenv, Style::default()).unwrap_err();
        assert_eq!(error.to_string(), "cannot use complex value in dotenv file; offending key l");
    }

    #[test]
    fn indentation_is_that_of_sops() {
        let node = tree("a:\n- x\n- b: 1\n  c: [z]\n");
        let yaml = |step| document(&node, Store::Yaml, Style { yaml: step, ..Style::default() }).unwrap().to_string();
        assert_eq!(yaml(2), "a:\n  - x\n  - b: 1\n    c:\n      - z\n");
        assert_eq!(yaml(1), yaml(2));
        assert_eq!(yaml(10), yaml(2));
        let style = Style { json: Indent::Spaces(2), ..Style::default() };
        assert!(document(&node, Store::Json, style).unwrap().starts_with("{\n  \"a\": [\n    \"x\","));
    }

    #[test]
    fn parts() {
        let text = |node: &str, to| part(&tree(node), to, Style::default()).unwrap().to_string();
        assert_eq!(text("hello", Store::Yaml), "hello");
        assert_eq!(text("\"1\"", Store::Json), "1");
        assert_eq!(text("1", Store::Yaml), "1\n");
        assert_eq!(text("1", Store::Json), "1");
        assert_eq!(
            text("- x\n- a: [1]\n  b: |\n    l1\n\n    l2\n", Store::Yaml),
            "- x\n- a:\n    - 1\n  b: |\n    l1\n\n    l2\n"
        );
        assert_eq!(text("{k: {v: deep}}", Store::Yaml), "k:\n    v: deep\n");
        assert_eq!(text("data: \"x\\ny\"", Store::Binary), "x\ny");
        assert_eq!(part(&tree("a: 1"), Store::Binary, Style::default()).unwrap_err(), Unspellable::NoData);
    }
}
