//! Where comments stand between the keys of a document and of its sections, in the order in which sops keeps them in its
//! tree (3.13.2 `stores/*/store.go`), and the formats that print them. Deeper than a section no format but YAML has any. Pure.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::convert::{Style, Unspellable, yaml};
use super::store::Store;
use crate::document::format::{Event, Format, Shape};
use crate::document::ini::{Entry, Section};
use crate::document::scalar::go_text;
use crate::document::tree::{Key, Kind, Node};
use crate::document::yaml::{Document, Visit};
use crate::document::{dotenv, ini};
use crate::sops::file::Plain;

/// A comment or a key, in order.
pub enum Row {
    /// What a comment says; it may have been encrypted.
    Comment(Zeroizing<String>),
    /// A key, and what stands below it when that is a mapping.
    Key(String, Vec<Self>),
}

impl Row {
    fn has_comments(rows: &[Self]) -> bool {
        rows.iter().any(|row| match row {
            Self::Comment(_) => true,
            Self::Key(_, below) => Self::has_comments(below),
        })
    }
}

/// The rows of a (first) document, when one of these formats holds comments and the other one takes them.
pub fn kept(plain: &Plain, to: Store) -> Option<Vec<Row>> {
    let rows = match (plain.yaml(), plain.leaves(), to) {
        (Some(document), _, Store::Dotenv | Store::Ini) if document.documents() > 0 => of_yaml(document)?,
        (_, Some(document), Store::Yaml) if [Store::Dotenv, Store::Ini].map(Store::kind).contains(&plain.kind()) => {
            of_leaves(document)
        }
        _ => return None,
    };
    Row::has_comments(&rows).then_some(rows)
}

/// Rows that are being gathered, and how deep the walk is.
#[derive(Default)]
struct Gathering {
    rows: Vec<Row>,
    depth: usize,
}

impl Gathering {
    fn add(&mut self, row: Row) {
        match (self.depth, self.rows.last_mut()) {
            (0, _) => self.rows.push(row),
            (1, Some(Row::Key(_, below))) => below.push(row),
            _ => {}
        }
    }
}

/// `None` when aliases have no end, which the tree says as well.
fn of_yaml(document: &Document) -> Option<Vec<Row>> {
    let mut gathered = Gathering::default();
    let walked = document.walk(0, |visit| {
        match visit {
            Visit::Comment { row, .. } => {
                gathered.add(Row::Comment(Zeroizing::new(document.comment_text(row).to_owned())));
            }
            Visit::EnterKey(key, _) => {
                gathered.add(Row::Key(key.to_owned(), Vec::new()));
                gathered.depth += 1;
            }
            Visit::EnterItem(_) => gathered.depth += 1,
            Visit::Leave => gathered.depth -= 1,
            _ => {}
        }
        Ok::<(), std::convert::Infallible>(())
    });
    walked.is_ok().then_some(gathered.rows)
}

fn of_leaves(document: &dyn Format) -> Vec<Row> {
    let mut gathered = Gathering::default();
    // the root's own beginning is none of them
    let mut inside = 0_usize;
    for event in document.events() {
        match *event {
            Event::Open(Shape::Map | Shape::List) => inside += 1,
            Event::Close => inside = inside.saturating_sub(1),
            _ => {}
        }
        gathered.depth = inside.saturating_sub(1);
        match *event {
            Event::Comment(at) => {
                gathered.add(Row::Comment(Zeroizing::new(document.comment_text(at).into_owned())));
            }
            Event::Key(at) => gathered.add(Row::Key(document.path_key(at).to_owned(), Vec::new())),
            _ => {}
        }
    }
    gathered.rows
}

/// A comment, or a key with its value.
enum Piece<'a> {
    Comment(&'a str),
    Entry(&'a Key, &'a Node, &'a [Row]),
}

/// The values of `node` in the order of the rows; what no row names (the keys of a merged mapping) comes last.
fn pieces<'a>(rows: &'a [Row], node: &'a Node) -> Vec<Piece<'a>> {
    let Kind::Map(entries) = &node.kind else { return Vec::new() };
    let mut places: HashMap<&str, usize> = entries.iter().map(|(key, _)| key.name.as_str()).zip(0..).collect();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match row {
            Row::Comment(text) => found.push(Piece::Comment(text)),
            Row::Key(name, below) => {
                let entry = places.remove(name.as_str()).map(|at| &entries[at]);
                found.extend(entry.map(|(key, value)| Piece::Entry(key, value, below)));
            }
        }
    }
    let left = entries.iter().filter(|(key, _)| places.contains_key(key.name.as_str()));
    found.extend(left.map(|(key, value)| Piece::Entry(key, value, &[])));
    found
}

/// A whole document with its comments.
///
/// # Errors
/// [`Unspellable`], as without them.
pub fn document(rows: &[Row], node: &Node, to: Store, style: Style, out: &mut String) -> Result<(), Unspellable> {
    let pieces = pieces(rows, node);
    match to {
        Store::Dotenv => pieces.iter().try_for_each(|piece| match piece {
            Piece::Comment(text) => {
                dotenv::push_comment(text, out);
                Ok(())
            }
            Piece::Entry(key, value, _) => {
                dotenv::push_entry(&key.name, &value.kind, out).map_err(|error| Unspellable::Other(error.to_string()))
            }
        }),
        Store::Ini => {
            let sections = sections(&pieces).map_err(|error| Unspellable::Other(error.to_string()))?;
            ini::emit_sections(&sections, out).map_err(|error| Unspellable::Other(error.to_string()))
        }
        _ => {
            as_yaml(&pieces, 0, style, out);
            Ok(())
        }
    }
}

/// sops prints the first row of a section above its header when that is a comment, and of those that follow a key the last
/// above that key; the others it loses (3.13.2 `stores/ini/store.go`, `encodeTree`).
fn sections(pieces: &[Piece<'_>]) -> Result<Vec<Section>, ini::EmitError> {
    let mut printed = Vec::new();
    for piece in pieces {
        let Piece::Entry(name, value, below) = piece else { continue };
        let Kind::Map(_) = &value.kind else { return Err(ini::EmitError::NotASection) };
        let mut section = Section { name: name.name.clone(), ..Section::default() };
        for (at, piece) in self::pieces(below, value).iter().enumerate() {
            match piece {
                Piece::Comment(text) => match section.entries.last_mut() {
                    Some(entry) => entry.comment = (*text).to_owned(),
                    None if at == 0 => section.comment = (*text).to_owned(),
                    None => {}
                },
                Piece::Entry(key, value, _) => {
                    let value = go_text(&value.kind).ok_or(ini::EmitError::NotASection)?.into_owned();
                    section.entries.push(Entry { key: key.name.clone(), value, comment: String::new() });
                }
            }
        }
        printed.push(section);
    }
    Ok(printed)
}

/// sops hangs comments on the key after them, those at the end on the last key (3.13.2 `stores/yaml/store.go`,
/// `appendTreeBranch`); go-yaml begins each line with `#`.
fn as_yaml(pieces: &[Piece<'_>], level: usize, style: Style, out: &mut String) {
    let step = if (2..10).contains(&style.yaml) { style.yaml } else { 2 };
    let margin = " ".repeat(step * level);
    let margin = margin.as_str();
    let mut empty = true;
    for piece in pieces {
        match piece {
            Piece::Comment(text) => push_comment(text, margin, out),
            Piece::Entry(key, value, below) => {
                empty = false;
                let inner = self::pieces(below, value);
                let header = entry(key, Node::new(Kind::Map(Vec::new())), style);
                // a key that takes lines of its own has what is below it on one line
                let header = header.strip_suffix(" {}\n").filter(|header| !header.contains('\n'));
                match header.filter(|_| !inner.is_empty()) {
                    Some(header) => {
                        let holds = inner.iter().any(|piece| matches!(piece, Piece::Entry(..)));
                        out.extend([margin, header, if holds { "\n" } else { " {\n" }]);
                        as_yaml(&inner, level + 1, style, out);
                        out.extend(if holds { ["", ""] } else { [margin, "}\n"] });
                    }
                    None => {
                        for line in entry(key, (*value).clone(), style).split_inclusive('\n') {
                            out.extend([if line == "\n" { "" } else { margin }, line]);
                        }
                    }
                }
            }
        }
    }
    if empty && level == 0 {
        out.push_str("{}\n");
    }
}

fn entry(key: &Key, value: Node, style: Style) -> Zeroizing<String> {
    let node = Zeroizing::new(Node::new(Kind::Map(vec![(key.clone(), value)])));
    let mut lines = Zeroizing::new(String::new());
    yaml(&node, style, &mut lines);
    lines
}

fn push_comment(text: &str, margin: &str, out: &mut String) {
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 && line.is_empty() {
            out.push('\n');
            continue;
        }
        out.push_str(margin);
        out.push_str(match at {
            0 => "#",
            _ if line.starts_with('#') => "",
            _ => "# ",
        });
        out.push_str(line);
        out.push('\n');
    }
}
