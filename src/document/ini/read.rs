//! One key and one value, exactly as gopkg.in/ini.v1 1.67.3 reads them with sops' options (`parser.go`).

use std::ops::Range;

use zeroize::Zeroizing;

use crate::document::intake::line_end;

/// What ends a key.
pub(super) const DELIMITERS: [char; 2] = ['=', ':'];
/// What begins a comment.
pub(super) const COMMENT: [char; 2] = ['#', ';'];

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Bare,
    Single,
    Double,
    Backtick,
    Triple,
}

/// What a value says.
pub(super) enum Content {
    Span(Range<usize>),
    /// Of several lines that are joined.
    Joined(Zeroizing<String>),
}

impl Content {
    pub(super) fn text<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Self::Span(span) => &text[span.clone()],
            Self::Joined(text) => text,
        }
    }
}

/// A value that was read.
pub(super) struct ReadValue {
    pub(super) span: Range<usize>,
    pub(super) content: Content,
    pub(super) style: Style,
    /// An inline comment.
    pub(super) comment: Option<Range<usize>>,
    /// Whether text after the closing quote is dropped.
    pub(super) drops_text: bool,
    /// After its last line.
    pub(super) lines_end: usize,
    /// Where reading goes on: an empty line that ends a joined value is passed over.
    pub(super) next: usize,
}

/// What is wrong, and where.
pub(super) type Wrong = (usize, &'static str);

/// A key that was read: its name, where the delimiter ends, and whether text before the delimiter is dropped.
pub(super) struct ReadKey<'a> {
    pub(super) name: &'a str,
    pub(super) end: usize,
    pub(super) drops_text: bool,
}

/// Reads the key of `line`, which begins at its first character and keeps its line break. Offsets are within the line.
pub(super) fn key(line: &str) -> Result<ReadKey<'_>, Wrong> {
    const NO_DELIMITER: &str = "expected \"key = value\", a [section] or a comment";
    let quote = match line.as_bytes().first() {
        Some(b'"') if line.len() > 6 && line.starts_with("\"\"\"") => "\"\"\"",
        Some(b'"') => "\"",
        Some(b'`') => "`",
        _ => {
            let end = line.find(DELIMITERS).ok_or((0, NO_DELIMITER))?;
            let name = line[..end].trim();
            return if end == 0 || name.is_empty() {
                Err((0, "the key is empty"))
            } else {
                Ok(ReadKey { name, end: end + 1, drops_text: false })
            };
        }
    };
    let start = quote.len();
    let close = start + line[start..].find(quote).ok_or((0, "the quoted key has no closing quote"))?;
    let after = close + start;
    let delimiter = after + line[after..].find(DELIMITERS).ok_or((0, NO_DELIMITER))?;
    let name = line[start..close].trim();
    if name.is_empty() {
        return Err((0, "the key is empty"));
    }
    let drops_text = !line[after..delimiter].trim().is_empty();
    Ok(ReadKey { name, end: delimiter + 1, drops_text })
}

/// Reads the value that begins at `from`, after its key, on the line that ends at `end`.
pub(super) fn value(text: &str, from: usize, end: usize) -> Result<ReadValue, Wrong> {
    let raw = &text[from..end];
    let start = end - raw.trim_start().len();
    let line = &text[start..end];
    if line.is_empty() {
        let at = from + raw.trim_end_matches(['\r', '\n']).len();
        return Ok(plain(at..at, at..at, Style::Bare, None, end));
    }
    if line.len() > 3 && line.starts_with("\"\"\"") {
        return quoted(text, start, end, "\"\"\"", Style::Triple);
    }
    if line.starts_with('`') {
        return quoted(text, start, end, "`", Style::Backtick);
    }
    if line.trim_end() == "\"\"\"" {
        // At the very end of a file this is a value, and the beginning of one as soon as a line follows.
        return Err((start, NO_END));
    }
    let line = line.trim_end();
    if let Some(first) = line.strip_suffix('\\') {
        return Ok(joined(text, start, first, end));
    }
    let comment = line.find(COMMENT);
    let comment_span = comment.map(|at| start + at..start + line.len());
    let body = line[..comment.unwrap_or(line.len())].trim_end();
    let span = start..start + body.len();
    Ok(match surrounding_quote(body) {
        Some(style) => plain(span.clone(), span.start + 1..span.end - 1, style, comment_span, end),
        None => plain(span.clone(), span, Style::Bare, comment_span, end),
    })
}

const NO_END: &str = "the quoted value has no closing quote";

fn plain(
    span: Range<usize>,
    content: Range<usize>,
    style: Style,
    comment: Option<Range<usize>>,
    end: usize,
) -> ReadValue {
    let content = Content::Span(content);
    ReadValue { span, content, style, comment, drops_text: false, lines_end: end, next: end }
}

/// One pair of quotes, when no more of them are inside.
fn surrounding_quote(body: &str) -> Option<Style> {
    let (quote, style) = match body.as_bytes().first()? {
        b'\'' => ('\'', Style::Single),
        b'"' => ('"', Style::Double),
        _ => return None,
    };
    (body.len() >= 2 && body[1..].find(quote) == Some(body.len() - 2)).then_some(style)
}

/// A value up to the last closing quote of its line; without one there, up to the last one of the first line that has one.
fn quoted(text: &str, start: usize, end: usize, quote: &str, style: Style) -> Result<ReadValue, Wrong> {
    let inner = start + quote.len();
    if let Some(close) = text[inner..end].rfind(quote).map(|at| inner + at) {
        let after = close + quote.len();
        let rest = text[after..end].trim_end();
        let span = start..after + rest.len();
        let value = plain(span, inner..close, style, None, end);
        return Ok(ReadValue { drops_text: !rest.trim().is_empty(), ..value });
    }
    let mut at = end;
    loop {
        if at == text.len() {
            return Err((start, NO_END));
        }
        let line = at..line_end(text, at);
        at = line.end;
        let Some(close) = text[line.clone()].rfind(quote).map(|found| line.start + found) else {
            continue;
        };
        let after = close + quote.len();
        if text[after..line.end].trim().ends_with('\\') {
            continue;
        }
        let comment = text[after..line.end].find(COMMENT).map(|found| after + found);
        let comment = comment.map(|found| found..found + text[found..line.end].trim_end().len());
        let rest = text[after..comment.as_ref().map_or(line.end, |comment| comment.start)].trim_end();
        let value = plain(start..after + rest.len(), inner..close, style, comment, line.end);
        return Ok(ReadValue { drops_text: !rest.trim().is_empty(), ..value });
    }
}

/// A value whose lines end in a backslash. Nothing else means anything in them.
fn joined(text: &str, start: usize, first: &str, end: usize) -> ReadValue {
    let mut parts = vec![first];
    let (mut span_end, mut lines_end, mut next) = (start + first.len() + 1, end, end);
    while next < text.len() {
        let line = next..line_end(text, next);
        next = line.end;
        let more = text[line.clone()].trim();
        if more.is_empty() {
            break;
        }
        span_end = line.start + text[line.clone()].trim_end().len();
        lines_end = line.end;
        let Some(part) = more.strip_suffix('\\') else {
            parts.push(more);
            break;
        };
        parts.push(part);
    }
    let mut value = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    value.extend(parts);
    let content = Content::Joined(value);
    ReadValue { span: start..span_end, content, style: Style::Bare, comment: None, drops_text: false, lines_end, next }
}
