//! Literal and folded block scalars.
//!
//! What is written runs from the `|` or `>` to the end of the last line, *without* the line break that ends it: that break is
//! the one the file already has (or has to get) after the scalar. So `"a\n"` and `"a"` differ in the header only, and a text
//! that ends in n line breaks, n ≥ 2, gives n-1 of them here, after a `|+` header.

use super::chars::Traits;
use super::spell::Context;

/// Whether a literal block carries `text` exactly. `needs_digit` texts are out at the root, where readers disagree about what
/// the digit counts from.
pub(super) fn fits_literal(text: &str, traits: &Traits, context: &Context) -> bool {
    !context.in_flow
        && !context.is_key
        && !traits.unprintable
        // An empty block is swallowed by what follows it, and one of nothing but blanks looks empty.
        && text.contains(|character| !matches!(character, ' ' | '\t' | '\n'))
        && (context.parent_indent >= 0 || !needs_digit(text))
}

/// Whether a folded block carries `text` exactly, without the special rules for lines that start with a blank.
pub(super) fn fits_folded(text: &str, traits: &Traits, context: &Context) -> bool {
    fits_literal(text, traits, context) && !traits.leading_blank && !traits.blank_after_break && !text.starts_with('\n')
}

/// Whether the text ends in more than one line break: as a `|+` block it would swallow blank lines that follow in the file.
pub(super) fn needs_keep(text: &str) -> bool {
    text.ends_with("\n\n")
}

/// Without a digit the indentation is guessed from the first line, which must then start with something visible.
fn needs_digit(text: &str) -> bool {
    text.starts_with([' ', '\t', '\n'])
}

/// `|…` and the lines, two columns right of the parent.
pub(super) fn push_literal(text: &str, context: &Context, out: &mut String) {
    push_header('|', text, out);
    let (body, breaks) = split_trailing_breaks(text);
    let page = Page::new(context);
    for line in body.split('\n') {
        page.push_line(line, out);
    }
    page.push_breaks(breaks.saturating_sub(1), out);
}

/// `>…` and the lines; each line break of the text is doubled so that none is folded away.
pub(super) fn push_folded(text: &str, context: &Context, out: &mut String) {
    push_header('>', text, out);
    let (body, breaks) = split_trailing_breaks(text);
    let page = Page::new(context);
    for (at, line) in body.split('\n').enumerate() {
        if at > 0 && !line.is_empty() {
            page.push_breaks(1, out);
        }
        page.push_line(line, out);
    }
    page.push_breaks(breaks.saturating_sub(1), out);
}

fn push_header(indicator: char, text: &str, out: &mut String) {
    out.push(indicator);
    if needs_digit(text) {
        out.push('2');
    }
    if needs_keep(text) {
        out.push('+');
    } else if !text.ends_with('\n') {
        out.push('-');
    }
}

fn split_trailing_breaks(text: &str) -> (&str, usize) {
    let body = text.trim_end_matches('\n');
    (body, text.len() - body.len())
}

/// Where the lines go and how they are parted.
struct Page {
    line_end: &'static str,
    indent: usize,
}

impl Page {
    fn new(context: &Context) -> Self {
        let parent = usize::try_from(context.parent_indent).unwrap_or(0);
        Self { line_end: if context.crlf { "\r\n" } else { "\n" }, indent: parent + 2 }
    }

    fn push_breaks(&self, count: usize, out: &mut String) {
        for _ in 0..count {
            out.push_str(self.line_end);
        }
    }

    /// Ends the line before and writes this one; an empty line stays really empty.
    fn push_line(&self, line: &str, out: &mut String) {
        out.push_str(self.line_end);
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', self.indent));
            out.push_str(line);
        }
    }
}
