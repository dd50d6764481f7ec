//! Where the metadata stands: appended as the last entry of every document, and taken out again without a trace.

use std::ops::Range;

use zeroize::Zeroizing;

use super::error::FileError;
use crate::document::edits::Edits;
use crate::document::tree::Node;
use crate::document::value::Value;
use crate::document::yaml::{BREAKS, Document, NodeId, NodeKind, Visit, emit, first_break_len};

/// The reserved key.
pub const KEY: &str = "sops";

/// The value of a document's `sops` entry.
pub fn find(document: &Document, index: usize) -> Option<(NodeId, NodeId)> {
    let root = document.root(index);
    if document.kind(root) != NodeKind::Map {
        return None;
    }
    document.entries(root).find(|(key, _)| document.key_text(*key) == KEY)
}

fn is_written_null(document: &Document, index: usize) -> bool {
    let root = document.root(index);
    let null = document.kind(root) == NodeKind::Scalar
        && matches!(document.value(root).map(Zeroizing::new).as_deref(), Ok(Value::Null));
    null && !document.full_span(root).is_empty()
}

/// Whether a document holds nothing at all, not even a written null.
pub fn is_absent(document: &Document, index: usize) -> bool {
    let root = document.root(index);
    document.kind(root) == NodeKind::Scalar && document.full_span(root).is_empty()
}

/// What `write` appends.
fn written(write: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    write(&mut text);
    text
}

/// Whether metadata needs a document of its own, because some document is not a mapping. A null has no place for it either,
/// but sops needs it only in the first document.
fn needs_own_document(document: &Document) -> bool {
    (0..document.documents()).any(|index| {
        let map = document.kind(document.root(index)) == NodeKind::Map;
        !map && !is_absent(document, index) && (index == 0 || !is_written_null(document, index))
    })
}

/// Adds the metadata to every document.
pub fn insert(document: &Document, metadata: &Node, edits: &mut Edits) {
    let line_end = document.line_end();
    if needs_own_document(document) {
        insert_own_document(document, metadata, line_end, edits);
        return;
    }
    for index in 0..document.documents() {
        let root = document.root(index);
        if is_written_null(document, index) {
            continue;
        } else if document.is_flow(root) {
            insert_flow(document, root, metadata, edits);
        } else {
            let indent = if document.kind(root) == NodeKind::Map { document.indent(root) } else { 0 };
            let at = document.content_end(index);
            let open = open_line(document.text(), at);
            edits.replace(
                at..at,
                &written(|out| {
                    if open {
                        out.push_str(line_end);
                    }
                    emit::block(KEY, metadata, usize::try_from(indent).unwrap_or(0), line_end, out);
                    // A file without a final line break stays without one: that is how the break above is known to be ours.
                    if open {
                        out.truncate(out.len() - line_end.len());
                    }
                }),
            );
        }
    }
}

fn open_line(text: &str, at: usize) -> bool {
    at > 0 && !text[..at].ends_with(BREAKS)
}

fn insert_own_document(document: &Document, metadata: &Node, line_end: &str, edits: &mut Edits) {
    let at = document.text().len();
    let open = open_line(document.text(), at);
    edits.replace(
        at..at,
        &written(|out| {
            if open {
                out.push_str(line_end);
            }
            out.push_str("---");
            out.push_str(line_end);
            emit::block(KEY, metadata, 0, line_end, out);
            if open {
                out.truncate(out.len() - line_end.len());
            }
        }),
    );
}

fn insert_flow(document: &Document, root: NodeId, metadata: &Node, edits: &mut Edits) {
    let brace = document.span(root).end - 1;
    let last = document
        .entries(root)
        .last()
        .map(|(key, value)| document.full_span(key).end.max(document.full_span(value).end));
    let comma_after = last.is_some_and(|end| has_comma(document, end..brace));
    // A tag or an anchor without a value would take the comma for a part of itself: there the metadata goes first.
    let value = document.entries(root).last().map(|(_, value)| value);
    let open = value.is_some_and(|value| document.span(value).is_empty() && !document.full_span(value).is_empty());
    if open && last == Some(brace) {
        let first = document.span(root).start + 1;
        let text = written(|out| {
            emit::flow(KEY, metadata, out);
            out.push(',');
        });
        edits.replace(first..first, &text);
        return;
    }
    edits.replace(
        brace..brace,
        &written(|out| {
            if last.is_some() && !comma_after {
                out.push_str(", ");
            }
            emit::flow(KEY, metadata, out);
            if comma_after {
                out.push(',');
            }
        }),
    );
}

/// Whether a `,` stands in `span`, comments aside.
fn has_comma(document: &Document, span: Range<usize>) -> bool {
    let mut comments: Vec<Range<usize>> = (0..document.comments() as u32).map(|row| document.comment(row)).collect();
    comments.sort_unstable_by_key(|comment| comment.start);
    let commented = |at: usize| {
        let next = comments.partition_point(|comment| comment.end <= at);
        comments.get(next).is_some_and(|comment| comment.contains(&at))
    };
    document.text()[span.clone()].match_indices(',').any(|(at, _)| !commented(span.start + at))
}

/// Takes the metadata out of every document. `was_absent` knows the documents that held nothing; a mapping of nothing else was
/// `{}`, as sops prints it.
pub fn remove(document: &Document, was_absent: impl Fn(usize) -> bool, edits: &mut Edits) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for index in 0..document.documents() {
        let Some((key, value)) = find(document, index) else {
            continue;
        };
        let root = document.root(index);
        let span = if is_own_document(document, index) {
            own_document_span(document, index)
        } else if document.is_flow(root) {
            flow_span(document, key, value)
        } else {
            block_span(document, key, value)
        };
        let own = is_own_document(document, index);
        let empties = document.entries(root).count() == 1 && !document.is_flow(root) && !own && !was_absent(index);
        edits.replace(
            span.clone(),
            &written(|out| {
                if empties {
                    out.push_str("{}");
                    out.push_str(document.line_end());
                }
            }),
        );
        spans.push(span);
    }
    spans
}

/// The document that holds nothing but metadata, last of a stream with documents that have no place for it.
pub fn is_own_document(document: &Document, index: usize) -> bool {
    index > 0
        && index + 1 == document.documents()
        && find(document, 0).is_none()
        && document.entries(document.root(index)).count() == 1
        && find(document, index).is_some()
}

/// Follows a walk through the first entry of the metadata, in which nothing is read.
#[derive(Default)]
pub(super) struct MetadataSkip {
    /// How deep inside the entry.
    inside: Option<usize>,
}

impl MetadataSkip {
    /// Whether `visit`, at `depth` of the document, belongs to the metadata.
    pub(super) fn over(&mut self, visit: &Visit<'_>, depth: usize) -> bool {
        match (self.inside, visit) {
            (None, Visit::EnterKey(KEY, _)) if depth == 0 => self.inside = Some(1),
            (None, _) => return false,
            (Some(inside), Visit::EnterKey(..) | Visit::EnterItem(_)) => self.inside = Some(inside + 1),
            (Some(0), Visit::ItemDone) => self.inside = None,
            (Some(inside), Visit::Leave) => self.inside = Some(inside.saturating_sub(1)),
            (Some(_), _) => {}
        }
        true
    }
}

fn own_document_span(document: &Document, index: usize) -> Range<usize> {
    let text = document.text();
    let (key, value) = find(document, index).unwrap_or((document.root(index), document.root(index)));
    let block = block_span(document, key, value);
    // The marker line that opens the document is ours, and so is the break before it when the file ends without one. One that
    // we did not write may have directives.
    let mut marker = document.start(index);
    for line in text[marker..block.start].split_inclusive(BREAKS) {
        if line.starts_with(['%', '-']) {
            break;
        }
        marker += line.len();
    }
    if text.ends_with(BREAKS) { marker..text.len() } else { text[..marker].trim_end_matches_break()..text.len() }
}

/// `trim_end_matches` for exactly one line break.
trait TrimBreak {
    fn trim_end_matches_break(&self) -> usize;
}

impl TrimBreak for str {
    fn trim_end_matches_break(&self) -> usize {
        let one = self.strip_suffix("\r\n").or_else(|| self.strip_suffix(BREAKS));
        one.map_or(self.len(), str::len)
    }
}

/// Whole lines of a block entry.
fn block_span(document: &Document, key: NodeId, value: NodeId) -> Range<usize> {
    let text = document.text();
    let key_start = document.full_span(key).start;
    let start = text[..key_start].rfind(BREAKS).map_or(0, |at| at + first_break_len(&text[at..]));
    // A byte order mark is not part of the first line.
    let start = if text[start..].starts_with('\u{FEFF}') { start + 3 } else { start };
    let start = if text[start..key_start].trim().is_empty() { start } else { key_start };
    let last = document.last_leaf_end(value).max(document.full_span(key).end);
    let end = if text[..last].ends_with(BREAKS) {
        last
    } else {
        let at = text[last..].find(BREAKS).map(|at| last + at);
        at.map_or(text.len(), |at| at + first_break_len(&text[at..]))
    };
    if end == text.len() && !text.ends_with(BREAKS) {
        return text[..start].trim_end_matches_break()..end;
    }
    start..end
}

/// A flow entry with the comma that joined it.
fn flow_span(document: &Document, key: NodeId, value: NodeId) -> Range<usize> {
    let text = document.text();
    let start = document.full_span(key).start;
    let end = document.full_span(value).end;
    if text[end..].starts_with(',') {
        return start..end + 1;
    }
    let before = text[..start].trim_end();
    if before.ends_with(',') { before.len() - 1..end } else { start..end }
}

/// Refuses what has no place for metadata, or already has some.
pub fn check(document: &Document, allow_unrepresentable: bool) -> Result<(), FileError> {
    if document.documents() == 0 {
        return Err(FileError::Empty);
    }
    for index in 0..document.documents() {
        if index == 0 && is_written_null(document, index) && !allow_unrepresentable {
            let start = document.span(document.root(index)).start;
            return Err(FileError::OnlyNull { line: document.position(start).0 });
        }
        if let Some((key, _)) = find(document, index) {
            return Err(FileError::AlreadyEncrypted { line: document.position(document.span(key).start).0 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every comma was compared with every comment: minutes for so many.
    #[test]
    fn commas_in_many_comments_are_told_apart() {
        let commented = "  # one, two\n".repeat(100_000);
        for (text, comma) in [(format!("{{a: 1\n{commented}}}\n"), false), (format!("{{a: 1\n{commented},}}\n"), true)]
        {
            let document = Document::parse(text).unwrap();
            let root = document.span(document.root(0));
            assert_eq!(has_comma(&document, root.start + 5..root.end - 1), comma);
        }
    }
}
