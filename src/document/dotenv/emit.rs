//! A tree as sops 3.13.2 prints it as dotenv (`stores/dotenv/store.go`, `EmitPlainFile`).

use crate::document::scalar::go_text;
use crate::document::tree::{Kind, Node};

/// Why a tree cannot be printed as dotenv.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// A value is a mapping or a list.
    #[error("cannot use complex value in dotenv file; offending key {key}")]
    Complex {
        /// Its key.
        key: String,
    },
    /// The tree has no keys.
    #[error("only a mapping can be written as dotenv")]
    NotAMap,
}

/// The whole file.
///
/// # Errors
/// [`EmitError`] for anything nested.
pub fn emit(node: &Node, out: &mut String) -> Result<(), EmitError> {
    let Kind::Map(entries) = &node.kind else {
        return Err(EmitError::NotAMap);
    };
    entries.iter().try_for_each(|(key, value)| push_entry(&key.name, &value.kind, out))
}

/// One line with a value.
///
/// # Errors
/// [`EmitError::Complex`] for a collection.
pub fn push_entry(key: &str, value: &Kind, out: &mut String) -> Result<(), EmitError> {
    let text = go_text(value).ok_or_else(|| EmitError::Complex { key: key.to_owned() })?;
    out.push_str(key);
    out.push('=');
    for (at, line) in text.split('\n').enumerate() {
        out.push_str(if at > 0 { "\\n" } else { "" });
        out.push_str(line);
    }
    out.push('\n');
    Ok(())
}

/// One comment.
pub fn push_comment(text: &str, out: &mut String) {
    out.push('#');
    out.push_str(text);
    out.push('\n');
}
