//! A tree as sops 3.13.2 prints it as INI (`stores/ini/store.go`, `encodeTree`; gopkg.in/ini.v1 `file.go`, `writeToBuffer`).

use std::collections::HashMap;

use super::DEFAULT;
use super::read::COMMENT;
use super::spell::{push_key, push_styled, sops_style};
use crate::document::scalar::go_text;
use crate::document::tree::{Kind, Node};

/// Why a tree cannot be printed as INI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// A value stands at the top.
    #[error("Error marshaling to INI: Error encoding section: Section values should always be TreeBranches")]
    NotASection,
    /// A section or a key has no name.
    #[error("an INI file cannot hold an empty name")]
    EmptyName,
}

/// A section with its comment. Lines of a comment are joined by line feeds; an empty one is none.
#[derive(Clone, PartialEq, Default)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// The comment above its header.
    pub comment: String,
    /// Its keys.
    pub entries: Vec<Entry>,
}

/// A key, its value, and the comment above it.
#[derive(Clone, PartialEq, Default)]
pub struct Entry {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The comment.
    pub comment: String,
}

/// The whole file. sops prints what is nested deeper in Go's notation; here that is refused.
///
/// # Errors
/// [`EmitError`] for anything but a mapping of mappings of values.
pub fn emit(node: &Node, out: &mut String) -> Result<(), EmitError> {
    let Kind::Map(sections) = &node.kind else {
        return Err(EmitError::NotASection);
    };
    let mut printed = Vec::with_capacity(sections.len());
    for (name, section) in sections {
        let Kind::Map(entries) = &section.kind else {
            return Err(EmitError::NotASection);
        };
        let mut rows: Vec<Entry> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let value = go_text(&value.kind).ok_or(EmitError::NotASection)?.into_owned();
            rows.push(Entry { key: key.name.clone(), value, comment: String::new() });
        }
        printed.push(Section { name: name.name.clone(), comment: String::new(), entries: rows });
    }
    emit_sections(&printed, out)
}

/// The whole file, with comments. Of a key that stands twice in its section, the last value is printed at the first place.
///
/// # Errors
/// [`EmitError::EmptyName`].
pub fn emit_sections(sections: &[Section], out: &mut String) -> Result<(), EmitError> {
    for (at, section) in sections.iter().enumerate() {
        if section.name.is_empty() || section.entries.iter().any(|entry| entry.key.is_empty()) {
            return Err(EmitError::EmptyName);
        }
        push_comment(&section.comment, false, out);
        if at > 0 || section.name.to_uppercase() != DEFAULT {
            out.push_str(&format!("[{}]\n", section.name));
        } else if section.entries.is_empty() {
            continue;
        }
        let entries = without_repeats(&section.entries);
        let keys: Vec<String> = entries.iter().map(|entry| spelled(entry.key)).collect();
        let width = keys.iter().map(String::len).max().unwrap_or(0);
        for (key, entry) in keys.iter().zip(&entries) {
            push_comment(entry.comment, true, out);
            out.push_str(key);
            out.extend(std::iter::repeat_n(' ', width - key.len()));
            out.push_str(" = ");
            push_styled(entry.value, sops_style(entry.value), out);
            out.push('\n');
        }
        if at + 1 < sections.len() {
            out.push('\n');
        }
    }
    Ok(())
}

struct Row<'a> {
    key: &'a str,
    value: &'a str,
    comment: &'a str,
}

fn without_repeats(entries: &[Entry]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(entries.len());
    let mut places = HashMap::with_capacity(entries.len());
    for Entry { key, value, comment } in entries {
        let place = *places.entry(key).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(row) => {
                row.value = value;
                row.comment = if comment.is_empty() { row.comment } else { comment };
            }
            None => rows.push(Row { key, value, comment }),
        }
    }
    rows
}

fn spelled(key: &str) -> String {
    let mut out = String::new();
    push_key(key, &mut out);
    out
}

fn push_comment(comment: &str, of_key: bool, out: &mut String) {
    if comment.is_empty() {
        return;
    }
    for line in comment.split('\n') {
        match line.chars().next().filter(|first| COMMENT.contains(first)) {
            Some(mark) => {
                out.extend([mark, ' ']);
                out.push_str(line[1..].trim());
            }
            None => {
                out.push_str("; ");
                out.push_str(if of_key { line.trim() } else { line });
            }
        }
        out.push('\n');
    }
}
