//! A decrypted tree in another format than its file's, as sops 3.13.2 prints it (`stores/*/store.go`). Comments are left
//! out. Pure.

use zeroize::Zeroizing;

use super::store::Store;
use crate::document::scalar::format_float_g;
use crate::document::tree::{Key, Kind, Node};
use crate::document::yaml::emit;

/// What a format cannot hold. Never holds a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unspellable {
    /// A list or mapping where only single values can be.
    #[error("cannot use complex value in {0}; offending key {1}")]
    Complex(&'static str, String),
    /// A key with `=` or a line break.
    #[error("the key {0} cannot be used in {1}")]
    Key(String, &'static str),
    /// A document without text under `data`.
    #[error(
        "error emitting binary store: no binary data found in tree\n\nThis is likely not an encrypted binary file? \
         If not, use --output-type to select the correct output type."
    )]
    NoData,
    /// INI is not written yet, and single values not in every format.
    #[error("{0}")]
    Not(&'static str),
}

/// A whole document.
///
/// # Errors
/// [`Unspellable`].
pub fn document(node: &Node, to: Store) -> Result<Zeroizing<String>, Unspellable> {
    let mut out = Zeroizing::new(String::new());
    match to {
        Store::Yaml => yaml(node, &mut out),
        Store::Json => {
            json(node, 0, &mut out);
            out.push('\n');
        }
        Store::Dotenv => dotenv(node, &mut out)?,
        Store::Binary => match node.get("data").map(|node| &node.kind) {
            Some(Kind::Str(text)) => out.push_str(text),
            _ => return Err(Unspellable::NoData),
        },
        Store::Ini => return Err(Unspellable::Not("ini output is not supported yet")),
    }
    Ok(out)
}

/// A part: text as it is, a mapping as a document, anything else as the format spells a value.
///
/// # Errors
/// [`Unspellable`].
pub fn part(node: &Node, to: Store) -> Result<Zeroizing<String>, Unspellable> {
    let mut out = Zeroizing::new(String::new());
    match (&node.kind, to) {
        (Kind::Str(text), _) => out.push_str(text),
        (Kind::Map(_), _) => return document(node, to),
        (_, Store::Yaml) => yaml(node, &mut out),
        (_, Store::Json | Store::Ini) => json(node, 0, &mut out),
        (_, Store::Dotenv) => return Err(Unspellable::Not("the dotenv store cannot emit a single value")),
        (_, Store::Binary) => return Err(Unspellable::Not("the binary store cannot emit a single value")),
    }
    Ok(out)
}

/// The writer knows entries: the value under a key, one level to the left again.
fn yaml(node: &Node, out: &mut String) {
    let mut entry = Zeroizing::new(String::new());
    emit::block("x", node, 0, "\n", &mut entry);
    let rest = entry.strip_prefix("x:").unwrap_or(&entry);
    match rest.strip_prefix('\n') {
        Some(lines) => {
            for line in lines.split_inclusive('\n') {
                out.push_str(line.strip_prefix("    ").unwrap_or(line));
            }
        }
        None => out.push_str(rest.strip_prefix(' ').unwrap_or(rest)),
    }
}

fn json(node: &Node, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n('\t', depth));
    };
    match &node.kind {
        Kind::List(items) if items.is_empty() => out.push_str("[]"),
        Kind::Map(items) if items.is_empty() => out.push_str("{}"),
        Kind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                out.push(if at == 0 { '[' } else { ',' });
                line(depth + 1, out);
                json(item, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        Kind::Map(items) => {
            for (at, (key, value)) in items.iter().enumerate() {
                out.push(if at == 0 { '{' } else { ',' });
                line(depth + 1, out);
                json_text(&key.name, out);
                out.push_str(": ");
                json(value, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        Kind::Null => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Int(number) => out.push_str(&number.to_string()),
        Kind::Float(number) => out.push_str(&json_number(*number)),
        Kind::Time(text) | Kind::Str(text) => json_text(text, out),
    }
}

/// As Go's `encoding/json`.
fn json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn json_number(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) && number.is_finite() {
        // 1e+21, 1e-7
        let text = format!("{number:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    // JSON has no word for what is not finite
    if number.is_finite() { number.to_string() } else { format!("\"{number}\"") }
}

fn dotenv(node: &Node, out: &mut String) -> Result<(), Unspellable> {
    for (key, value) in entries(node) {
        let text = scalar(value).ok_or_else(|| Unspellable::Complex("dotenv file", key.name.clone()))?;
        if key.name.contains(['=', '\n']) {
            return Err(Unspellable::Key(key.name.clone(), "a dotenv file"));
        }
        out.push_str(&key.name);
        out.push('=');
        out.push_str(&Zeroizing::new(text.replace('\n', "\\n")));
        out.push('\n');
    }
    Ok(())
}

fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.kind {
        Kind::Map(items) => items,
        _ => &[],
    }
}

/// A single value as text (sops 3.13.2 `stores/stores.go`, `ValToString`); `None` for a list or mapping.
pub fn scalar(node: &Node) -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(match &node.kind {
        Kind::Null => "<nil>".into(),
        Kind::Bool(value) => value.to_string(),
        Kind::Int(number) => number.to_string(),
        Kind::Float(number) => {
            let text = format_float_g(*number).to_uppercase();
            if text.contains(['.', 'E', 'N', 'I']) { text } else { format!("{text}.0") }
        }
        Kind::Time(text) => whole_seconds(text),
        Kind::Str(text) => text.clone(),
        Kind::List(_) | Kind::Map(_) => return None,
    }))
}

/// RFC 3339 without parts of a second.
fn whole_seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, rest)) => format!("{seconds}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => time.to_owned(),
    }
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
            *document(&tree(PLAIN), Store::Json).unwrap(),
            "{\n\t\"s\": \"a\\u003cb\\u003e\\u0026\\u2028 é \\\" \\\\ \\t\",\n\t\"i\": 1,\n\t\"f\": 1,\n\t\"g\": 1.5e+30,\n\t\"h\": 1e+21,\n\
             \t\"b\": true,\n\t\"n\": null,\n\t\"d\": \"2024-01-01T00:00:00Z\",\n\t\"t\": \"2024-01-01T02:03:04.5+07:06\",\n\t\"ml\": \"x\\ny\"\n}\n"
        );
        assert_eq!(
            *document(&tree("a: [x, [], {}]\nb: {c: 1}\n"), Store::Json).unwrap(),
            "{\n\t\"a\": [\n\t\t\"x\",\n\t\t[],\n\t\t{}\n\t],\n\t\"b\": {\n\t\t\"c\": 1\n\t}\n}\n"
        );
        assert_eq!(*part(&tree("[x, y]"), Store::Json).unwrap(), "[\n\t\"x\",\n\t\"y\"\n]");
    }

    #[test]
    fn dotenv_is_that_of_sops() {
        assert_eq!(
            *document(&tree(PLAIN), Store::Dotenv).unwrap(),
            "s=a<b>&\u{2028} é \" \\ \t\ni=1\nf=1.0\ng=1.5E+30\nh=1E+21\nb=true\nn=<nil>\nd=2024-01-01T00:00:00Z\n\
             t=2024-01-01T02:03:04+07:06\nml=x\\ny\n"
        );
        let error = document(&tree("l: [1]\n"), Store::Dotenv).unwrap_err();
        assert_eq!(error.to_string(), "cannot use complex value in dotenv file; offending key l");
    }

    #[test]
    fn parts() {
        let text = |node: &str, to| part(&tree(node), to).unwrap().to_string();
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
        assert_eq!(part(&tree("a: 1"), Store::Binary).unwrap_err(), Unspellable::NoData);
    }
}
