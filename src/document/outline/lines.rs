//! Lines of a text: where they begin and end, and a last block of our own that can be taken out without a trace.

use std::ops::Range;

use crate::document::edits::Edits;
use crate::document::format::FormatError;

/// What ends a line.
const BREAKS: [char; 2] = ['\n', '\r'];

/// Line numbers by offset.
pub(in crate::document) struct Lines(Vec<usize>);

impl Lines {
    /// Counts once.
    pub(in crate::document) fn new(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// The line of an offset, from 1.
    pub(in crate::document) fn of(&self, offset: usize) -> usize {
        self.0.partition_point(|at| *at < offset) + 1
    }
}

/// Where the text begins, behind a byte order mark.
pub(in crate::document) fn body_start(text: &str) -> usize {
    if text.starts_with('\u{FEFF}') { 3 } else { 0 }
}

/// The line break that this text uses.
pub(in crate::document) fn line_end(text: &str) -> &'static str {
    // A lone return at the end would join with a line feed.
    match text.find(BREAKS).map(|at| &text[at..]) {
        _ if text.ends_with('\r') => "\r",
        Some(rest) if rest.starts_with("\r\n") => "\r\n",
        Some(rest) if rest.starts_with('\r') => "\r",
        _ => "\n",
    }
}

/// The text without its last line break, if it ends in one.
fn strip_break(text: &str) -> Option<&str> {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix(BREAKS))
}

/// Where the line of `at` begins.
pub(in crate::document) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(BREAKS).map_or(body_start(text).min(at), |before| before + 1)
}

/// Where the line of `at` ends, break included.
pub(in crate::document) fn next_line(text: &str, at: usize) -> usize {
    let Some(found) = text[at..].find(BREAKS) else {
        return text.len();
    };
    let found = at + found;
    if text[found..].starts_with("\r\n") { found + 2 } else { found + 1 }
}

/// The blanks before `at` when nothing else stands before it on its line.
pub(in crate::document) fn indent(text: &str, at: usize) -> Option<&str> {
    let before = &text[line_start(text, at)..at];
    before.bytes().all(|byte| matches!(byte, b' ' | b'\t')).then_some(before)
}

/// Adds a block of whole lines at the end, after an empty line. `write` ends every line by the break it is given.
///
/// A file without a final line break stays without one: that is how the added break is known to be ours.
pub(in crate::document) fn append_block(
    text: &str,
    edits: &mut Edits,
    length: usize,
    write: impl FnOnce(&str, &mut String),
) {
    let break_ = line_end(text);
    let at = text.len();
    let empty = at == body_start(text);
    let open = !empty && !text.ends_with(BREAKS);
    edits.replace_by(length, |out| {
        let from = out.len();
        if open {
            out.push_str(break_);
        }
        if !empty {
            out.push_str(break_);
        }
        let block = out.len();
        write(break_, out);
        if out.len() == block {
            out.truncate(from);
        } else if open {
            out.truncate(out.len() - break_.len());
        }
        at..at
    });
}

/// The span to remove for the block in `span` (whole lines), with the empty line before it.
pub(in crate::document) fn cut_block(text: &str, span: Range<usize>) -> Range<usize> {
    let mut start = span.start;
    if let Some(before) = strip_break(&text[..start])
        && before.ends_with(BREAKS)
    {
        start = before.len();
    }
    if span.end == text.len() && !text.ends_with(BREAKS) {
        start = strip_break(&text[..start]).map_or(start, str::len);
    }
    start..span.end
}

/// Refuses NUL bytes and what a merge left behind.
pub(in crate::document) fn check_text(text: &str) -> Result<(), FormatError> {
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        return Err(FormatError::at(text, at, "this file holds a NUL byte"));
    }
    let bytes = text.as_bytes();
    let line_begins = |at: usize| at == body_start(text) || matches!(bytes[at - 1], b'\n' | b'\r');
    let find = |from: usize, marker: &'static str| {
        memchr::memmem::find_iter(&bytes[from..], marker).map(|at| from + at).find(|at| line_begins(*at))
    };
    // A line of `=======` alone may be text of a string; between the other two it is not.
    if let Some(start) = find(0, "<<<<<<< ")
        && find(start, ">>>>>>> ").is_some()
    {
        return Err(FormatError::at(text, start, CONFLICT));
    }
    Ok(())
}

/// What is said of a merge that was not finished.
pub(in crate::document) use crate::document::intake::CONFLICT;

/// Whether a line that is no syntax is a conflict marker.
pub(in crate::document) fn is_conflict(line: &str) -> bool {
    let bare = line.trim_end_matches(BREAKS);
    line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || bare == "======="
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_block_leaves_no_trace(text in "[a\\r\\n \u{FEFF}]{0,8}") {
            let mut edits = Edits::default();
            append_block(&text, &mut edits, 0, |break_, out| {
                out.push_str("block");
                out.push_str(break_);
            });
            let with = edits.apply(&text);
            let start = with.rfind("block").unwrap();
            let span = cut_block(&with, start..next_line(&with, start));
            let mut edits = Edits::default();
            edits.replace(span, "");
            prop_assert_eq!(&*edits.apply(&with), &text);
        }
    }
}
