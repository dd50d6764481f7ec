//! Setting and removing one value of a section.

use std::ops::Range;

use zeroize::Zeroizing;

use super::read::{COMMENT, Style};
use super::spell::{self, push_key};
use super::{IniDocument, Leaf, METADATA, SectionSpan, parse};
use crate::document::format::{Change, PathError};
use crate::document::intake::{line_end, with_break_before};
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::go_text;
use crate::document::tree::{Kind, Node};

const UNCHANGEABLE: PathError =
    PathError::NoPlace("the INI around this value is written in a way that cannot be changed in place: edit the file");
const NESTED: PathError = PathError::NoPlace("an INI file holds values only as section.key");

pub(super) fn set(document: &IniDocument, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
    let (section, key) = match path.0.as_slice() {
        [] => return Err(PathError::BadPath),
        [Step::Key(section), Step::Key(key)] => (section.as_str(), key.as_str()),
        [Step::Index(_), ..] => return Err(PathError::NotThere { at: 0 }),
        [Step::Key(section), Step::Index(_), ..] if find_section(document, section).is_some() => {
            return Err(PathError::NotThere { at: 1 });
        }
        [Step::Key(section), Step::Key(key), _, ..] if find_leaf(document, section, key).is_some() => {
            return Err(PathError::NotThere { at: 2 });
        }
        _ => return Err(NESTED),
    };
    let value = match &value.kind {
        Kind::Null => return Err(PathError::NoPlace("this format has no null")),
        kind => go_text(kind).ok_or(NESTED)?,
    };
    if section == METADATA {
        return Err(PathError::NoPlace("the section [sops] is reserved for the metadata of SOPS"));
    }
    let change = match (find_leaf(document, section, key), find_section(document, section)) {
        (Some(leaf), _) => replace(document, leaf, &value)?,
        (None, Some(found)) => add_entry(document, found, key, &value)?,
        (None, None) => add_section(document, section, key, &value)?,
    };
    check(document, &change, section, key, Some(&value))?;
    Ok(change)
}

fn find_leaf<'a>(document: &'a IniDocument, section: &str, key: &str) -> Option<&'a Leaf> {
    let sections = document.sections.iter().filter(|found| document.section_name(found) == section);
    let mut leaves = sections.flat_map(|found| &document.leaves[found.leaves.clone()]);
    leaves.find(|leaf| document.keys[leaf.key] == key)
}

/// The section for a new key: one with a header rather than the one before any.
fn find_section<'a>(document: &'a IniDocument, name: &str) -> Option<&'a SectionSpan> {
    let mut found = document.sections.iter().enumerate().filter(|(_, found)| document.section_name(found) == name);
    let first = found.next()?;
    Some(match found.next() {
        Some((_, second)) if first.0 == 0 && first.1.leaves.is_empty() => second,
        _ => first.1,
    })
}

fn room(parts: &[&str]) -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 64))
}

fn replace(document: &IniDocument, leaf: &Leaf, value: &str) -> Result<Change, PathError> {
    let mut text = room(&[value]);
    let rest = &document.text[leaf.span.end..line_end(&document.text, leaf.span.end)];
    let mut style = leaf.style;
    if leaf.span.is_empty() {
        let key = document.text[leaf.name.clone()].trim_end_matches(['=', ':']);
        if key.ends_with([' ', '\t']) && leaf.span.start == leaf.name.end {
            text.push(' ');
        }
        style = Style::Bare;
    }
    push_value(value, style, rest, &mut text)?;
    if leaf.span.is_empty() && rest.starts_with(COMMENT) {
        text.push(' ');
    }
    Ok(Change { span: leaf.span.clone(), text })
}

fn push_value(value: &str, style: Style, rest: &str, out: &mut String) -> Result<(), PathError> {
    spell::value(value, style, rest, out).map_err(|error| PathError::NoPlace(error.0))
}

/// The blanks before a key, and the delimiter with its blanks, as the last key of the section has them.
fn manners<'a>(document: &'a IniDocument, section: &SectionSpan) -> (&'a str, &'static str) {
    let Some(leaf) = document.leaves[section.leaves.clone()].last() else {
        return ("", " = ");
    };
    let indent = &document.text[leaf.line..leaf.name.start];
    let head = &document.text[leaf.name.clone()];
    let key = head.trim_end_matches(['=', ':']);
    let before = key.ends_with([' ', '\t']);
    let after = leaf.span.start > leaf.name.end || leaf.span.is_empty();
    let delimiter = match (head.ends_with(':'), before, after) {
        (false, true, _) => " = ",
        (false, false, true) if !leaf.span.is_empty() => "= ",
        (false, false, _) => "=",
        (true, true, _) => " : ",
        (true, false, true) => ": ",
        (true, false, false) => ":",
    };
    (indent.trim_start_matches('\u{FEFF}'), delimiter)
}

fn push_entry(key: &str, delimiter: &str, value: &str, out: &mut String) -> Result<(), PathError> {
    push_key(key, out);
    out.push_str(delimiter);
    push_value(value, Style::Bare, "", out)
}

fn add_entry(document: &IniDocument, section: &SectionSpan, key: &str, value: &str) -> Result<Change, PathError> {
    let (indent, delimiter) = manners(document, section);
    let mut text = room(&[indent, key, value]);
    let at = section.end;
    let first = at == 0 || (section.leaves.is_empty() && section.header_end == section.start);
    let open = !first && !document.text[..at].ends_with('\n');
    if open {
        text.push_str(document.line_break);
    }
    text.push_str(indent);
    push_entry(key, delimiter, value, &mut text)?;
    if !open {
        text.push_str(document.line_break);
    }
    Ok(Change { span: at..at, text })
}

fn add_section(document: &IniDocument, section: &str, key: &str, value: &str) -> Result<Change, PathError> {
    let mut text = room(&[section, key, value]);
    let at = document.text.len();
    let empty = document.text.trim_start_matches('\u{FEFF}').is_empty();
    let open = !empty && !document.text.ends_with('\n');
    if open {
        text.push_str(document.line_break);
    }
    if !empty {
        text.push_str(document.line_break);
    }
    text.extend(["[", section, "]", document.line_break]);
    push_entry(key, " = ", value, &mut text)?;
    if !open {
        text.push_str(document.line_break);
    }
    Ok(Change { span: at..at, text })
}

pub(super) fn unset(document: &IniDocument, path: &KeyPath) -> Result<Change, PathError> {
    let (section, key) = match path.0.as_slice() {
        [] => return Err(PathError::BadPath),
        [Step::Key(section)] => return unset_section(document, section),
        [Step::Key(section), Step::Key(key)] => (section, key),
        [Step::Key(section), Step::Key(key), _, ..] if find_leaf(document, section, key).is_some() => {
            return Err(PathError::NotThere { at: 2 });
        }
        [Step::Key(section), Step::Index(_), ..] if find_section(document, section).is_some() => {
            return Err(PathError::NotThere { at: 1 });
        }
        [Step::Index(_), ..] => return Err(PathError::NotThere { at: 0 }),
        [Step::Key(section), ..] => {
            return Err(PathError::Missing { at: usize::from(find_section(document, section).is_some()) });
        }
    };
    let Some(leaf) = find_leaf(document, section, key) else {
        return Err(PathError::Missing { at: usize::from(find_section(document, section).is_some()) });
    };
    let change = removal(document, leaf.line..leaf.lines_end);
    check(document, &change, section, key, None)?;
    Ok(change)
}

fn removal(document: &IniDocument, span: Range<usize>) -> Change {
    Change { span: with_break_before(&document.text, span), text: Zeroizing::default() }
}

/// Removes a section with its comment and everything in it.
fn unset_section(document: &IniDocument, name: &str) -> Result<Change, PathError> {
    let mut found = document.sections.iter().filter(|found| document.section_name(found) == name);
    let section = found.next().ok_or(PathError::Missing { at: 0 })?;
    if found.next().is_some() || section.header_end == section.start {
        return Err(UNCHANGEABLE);
    }
    let change = removal(document, section.start..section.end);
    let before: Vec<_> = values(document).into_iter().filter(|(section, _, _)| *section != name).collect();
    let Some(text) = applied(document, &change) else { return Err(UNCHANGEABLE) };
    let after = parse(text).map_err(|_| UNCHANGEABLE)?;
    if values(&after) == before { Ok(change) } else { Err(UNCHANGEABLE) }
}

fn values(document: &IniDocument) -> Vec<(&str, &str, &str)> {
    let mut rows = Vec::with_capacity(document.leaves.len());
    for section in &document.sections {
        let name = document.section_name(section);
        let leaves = &document.leaves[section.leaves.clone()];
        rows.extend(leaves.iter().map(|leaf| (name, document.keys[leaf.key].as_str(), document.content(leaf))));
    }
    rows
}

fn applied(document: &IniDocument, change: &Change) -> Option<String> {
    let mut text = String::with_capacity(document.text.len() + change.text.len());
    text.push_str(document.text.get(..change.span.start)?);
    text.push_str(&change.text);
    text.push_str(document.text.get(change.span.end..)?);
    Some(text)
}

/// Makes sure that a change does what it should and nothing else.
fn check(
    document: &IniDocument,
    change: &Change,
    section: &str,
    key: &str,
    value: Option<&str>,
) -> Result<(), PathError> {
    let text = applied(document, change).ok_or(UNCHANGEABLE)?;
    let after = parse(text).map_err(|_| UNCHANGEABLE)?;
    let is_it = |row: &(&str, &str, &str)| row.0 == section && row.1 == key;
    let (before, after) = (values(document), values(&after));
    // Of repeated sections, the first that has the key is the one that is changed.
    let at = before.iter().position(is_it);
    let same = match (at, value) {
        (Some(at), Some(value)) => {
            after.len() == before.len()
                && after[at] == (section, key, value)
                && after[..at] == before[..at]
                && after[at + 1..] == before[at + 1..]
        }
        (Some(at), None) => {
            after.len() + 1 == before.len() && after[..at] == before[..at] && after[at..] == before[at + 1..]
        }
        (None, Some(value)) => {
            let new = after.iter().position(is_it);
            new.is_some_and(|new| {
                after.len() == before.len() + 1
                    && after[new].2 == value
                    && after[..new] == before[..new]
                    && after[new + 1..] == before[new..]
            })
        }
        (None, None) => false,
    };
    if same { Ok(()) } else { Err(UNCHANGEABLE) }
}
