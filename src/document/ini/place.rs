//! Where the metadata stands: a last section `[sops]`, and taken out again without a trace.

use super::spell::{self, push_key};
use super::{IniDocument, METADATA};
use crate::document::edits::Edits;
use crate::document::flatten::flatten;
use crate::document::tree::Node;

const BOM: char = '\u{FEFF}';

/// Appends the section. A blank line always stands before it: it also ends a last value that goes on on the next line.
pub(super) fn insert(document: &IniDocument, metadata: &Node, edits: &mut Edits) {
    let text: &str = &document.text;
    let empty = text.trim_start_matches(BOM).is_empty();
    let open = !empty && !text.ends_with('\n');
    // A carriage return at the very end must not become a part of a line break of ours.
    let line_break = if text.ends_with('\r') { "\n" } else { document.line_break };
    // Metadata that cannot be flattened is left out, and the file does not open again.
    let rows = flatten(metadata).unwrap_or_default();
    let mut block = line_break.repeat(usize::from(open) + usize::from(!empty));
    block.extend(["[", METADATA, "]", line_break]);
    let rows: Vec<(String, String)> = rows
        .into_iter()
        .map(|(key, value)| {
            let mut spelled = String::new();
            push_key(&key, &mut spelled);
            (spelled, value.replace('\n', "\\n"))
        })
        .collect();
    let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, value) in rows {
        block.push_str(&key);
        block.extend(std::iter::repeat_n(' ', width - key.len()));
        block.push_str(" = ");
        if spell::value(&value, super::read::Style::Bare, "", &mut block).is_err() {
            block.push_str(&value);
        }
        block.push_str(line_break);
    }
    if open {
        // A file without a final line break stays without one: that is how the break above is known to be ours.
        block.truncate(block.len() - line_break.len());
    }
    edits.replace(text.len()..text.len(), &block);
}

/// Takes every such section out, with the blank line before it.
pub(super) fn remove(document: &IniDocument, edits: &mut Edits) {
    let text: &str = &document.text;
    for metadata in &document.metadata {
        let span = &metadata.span;
        let before = &text[..span.start];
        let blank = ["\r\n", "\n"].into_iter().find(|line_break| {
            let kept = before.strip_suffix(line_break);
            kept.is_some_and(|kept| kept.is_empty() || kept.ends_with('\n') || kept == BOM.encode_utf8(&mut [0; 3]))
        });
        let mut start = span.start - blank.map_or(0, str::len);
        if span.end == text.len() && !text.ends_with('\n') {
            let ours = blank.unwrap_or(if text[..start].ends_with("\r\n") { "\r\n" } else { "\n" });
            start = text[..start].strip_suffix(ours).map_or(start, str::len);
        }
        edits.replace(start..span.end, "");
    }
}
