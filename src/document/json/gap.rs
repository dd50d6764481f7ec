//! What stands between two values: blanks, line breaks, comments, and perhaps the comma that separates them.

/// The text between the end of one token and the start of the next, looked through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    /// Where the comma is.
    pub(super) comma: Option<usize>,
    /// The end of the last comment before the comma, or the start of the gap.
    pub(super) before_comma: usize,
    /// The end of the last comment or comma, or the start of the gap.
    pub(super) last: usize,
    /// The start of the line after the one on which the comma stands, or on which the gap starts when there is none.
    pub(super) next_line: Option<usize>,
    /// The start of the line that the next token stands on, when only blanks and comments stand before it there.
    pub(super) line: Option<usize>,
    /// Whether the last thing is a comment that only a line break ends.
    pub(super) open_comment: bool,
    /// Whether there is any comment.
    pub(super) comments: bool,
}

impl Gap {
    /// Looks through `text` from `from` to `to`, which are token boundaries.
    pub(super) fn read(text: &str, from: usize, to: usize) -> Self {
        let bytes = text.as_bytes();
        let mut gap = Self {
            comma: None,
            before_comma: from,
            last: from,
            next_line: None,
            line: None,
            open_comment: false,
            comments: false,
        };
        let mut at = from;
        while at < to {
            match bytes[at] {
                b'\n' => gap.end_line(at + 1),
                b'\r' if bytes.get(at + 1) != Some(&b'\n') => gap.end_line(at + 1),
                b',' => {
                    gap.before_comma = gap.last;
                    gap.comma = Some(at);
                    gap.last = at + 1;
                    gap.open_comment = false;
                    gap.line = None;
                    gap.next_line = None;
                }
                b'/' => {
                    gap.open_comment = bytes.get(at + 1) == Some(&b'/');
                    gap.comments = true;
                    at = comment_end(bytes, at).unwrap_or(to).min(to);
                    gap.last = at;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        gap
    }

    fn end_line(&mut self, next: usize) {
        self.line = Some(next);
        self.next_line.get_or_insert(next);
    }
}

/// The end of the comment at `at`, its line break excluded; `None` when nothing ends it.
pub(super) fn comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at + 2..];
    if bytes[at + 1] == b'/' {
        return Some(memchr::memchr2(b'\n', b'\r', rest).map_or(bytes.len(), |found| at + 2 + found));
    }
    memchr::memmem::find(rest, b"*/").map(|found| at + 2 + found + 2)
}
