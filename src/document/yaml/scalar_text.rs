//! From the bytes of a scalar to the text it stands for: escapes, folding, chomping. The scanner has already checked the form.

use std::borrow::Cow;

use super::chars::{at, break_len, is_blank, is_break};
use super::node::ScalarStyle;

/// The text of a plain or quoted scalar; `raw` includes the quotes.
pub fn decode_flow(raw: &str, style: ScalarStyle) -> Cow<'_, str> {
    let (body, special): (&str, &[u8]) = match style {
        ScalarStyle::Single => (raw.get(1..raw.len().saturating_sub(1)).unwrap_or(""), b"'"),
        ScalarStyle::Double => (raw.get(1..raw.len().saturating_sub(1)).unwrap_or(""), b"\\"),
        _ => (raw, b""),
    };
    let bytes = body.as_bytes();
    let escaped = special.first().is_some_and(|byte| memchr::memchr(*byte, bytes).is_some());
    if !escaped && !has_break(bytes) {
        return Cow::Borrowed(body);
    }
    // `\L` and `\P` stand for three bytes, everything else for fewer than it is written with. The buffer must not grow: that
    // would leave a copy of a secret in freed memory.
    let mut out = Vec::with_capacity(if style == ScalarStyle::Double { bytes.len() / 2 * 3 + 1 } else { bytes.len() });
    let mut pos = 0;
    while pos < bytes.len() {
        if is_blank(bytes, pos) || is_break(bytes, pos) {
            pos = fold(bytes, pos, &mut out);
            continue;
        }
        match (style, bytes[pos]) {
            (ScalarStyle::Single, b'\'') => {
                out.push(b'\'');
                pos += 2;
            }
            (ScalarStyle::Double, b'\\') if is_break(bytes, pos + 1) => {
                pos += 1;
                pos += break_len(bytes, pos);
                pos = escaped_break(bytes, pos, &mut out);
            }
            (ScalarStyle::Double, b'\\') => pos = unescape(body, pos, &mut out),
            (_, byte) => {
                out.push(byte);
                pos += 1;
            }
        }
    }
    Cow::Owned(into_text(out))
}

/// The pieces are whole characters of valid text, so this never replaces anything.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn has_break(bytes: &[u8]) -> bool {
    memchr::memchr2(b'\n', b'\r', bytes).is_some()
        || memchr::memchr2_iter(0xC2, 0xE2, bytes).any(|pos| is_break(bytes, pos))
}

/// A run of blanks and line breaks inside a flow scalar: kept when it holds no break, folded otherwise.
fn fold(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> usize {
    let mut pos = start;
    while is_blank(bytes, pos) {
        pos += 1;
    }
    if !is_break(bytes, pos) {
        out.extend_from_slice(&bytes[start..pos]);
        return pos;
    }
    let (first, mut pos) = read_break(bytes, pos);
    let mut more = Vec::new();
    while is_blank(bytes, pos) || is_break(bytes, pos) {
        if is_blank(bytes, pos) {
            pos += 1;
        } else {
            let (text, next) = read_break(bytes, pos);
            more.extend_from_slice(text);
            pos = next;
        }
    }
    if first == b"\n" {
        if more.is_empty() {
            out.push(b' ');
        }
    } else {
        out.extend_from_slice(first);
    }
    out.extend_from_slice(&more);
    pos
}

/// After `\` at the end of a line: the break vanishes, further empty lines stay.
fn escaped_break(bytes: &[u8], mut pos: usize, out: &mut Vec<u8>) -> usize {
    while is_blank(bytes, pos) || is_break(bytes, pos) {
        if is_blank(bytes, pos) {
            pos += 1;
        } else {
            let (text, next) = read_break(bytes, pos);
            out.extend_from_slice(text);
            pos = next;
        }
    }
    pos
}

/// A line break as it is kept: LF for LF, CR, CRLF and NEL; LS and PS as they are (YAML 1.1 §5.4).
fn read_break(bytes: &[u8], pos: usize) -> (&[u8], usize) {
    let len = break_len(bytes, pos);
    if len == 3 { (&bytes[pos..pos + 3], pos + 3) } else { (b"\n", pos + len) }
}

fn unescape(body: &str, pos: usize, out: &mut Vec<u8>) -> usize {
    let bytes = body.as_bytes();
    let code: u32 = match at(bytes, pos + 1) {
        b'0' => 0,
        b'a' => 7,
        b'b' => 8,
        b't' | b'\t' => 9,
        b'n' => 10,
        b'v' => 11,
        b'f' => 12,
        b'r' => 13,
        b'e' => 27,
        b'N' => 0x85,
        b'_' => 0xA0,
        b'L' => 0x2028,
        b'P' => 0x2029,
        digits @ (b'x' | b'u' | b'U') => {
            let len = match digits {
                b'x' => 2,
                b'u' => 4,
                _ => 8,
            };
            let code = body.get(pos + 2..pos + 2 + len).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            push_char(code.unwrap_or(0xFFFD), out);
            return pos + 2 + len;
        }
        other => u32::from(other),
    };
    push_char(code, out);
    pos + 2
}

fn push_char(code: u32, out: &mut Vec<u8>) {
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// How the end of a block scalar is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chomp {
    /// `-`
    Strip,
    /// no indicator
    Clip,
    /// `+`
    Keep,
}

/// A block scalar taken apart. Offsets are relative to the scalar's own text.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Whether the value is empty.
    pub is_empty: bool,
    /// The chomping indicator.
    pub chomp: Chomp,
    /// Whether the header fixes the indentation.
    pub explicit_indent: bool,
    /// First byte after the header's line break.
    pub content_start: usize,
    /// End of the last line of the value that is not empty; of a value of nothing but empty lines, the last line break's start.
    pub content_end: usize,
    /// Line breaks of the value after `content_end`.
    pub breaks: usize,
}

/// Takes a block scalar apart; `raw` runs from the indicator to the end of its trailing empty lines, `indent` is its content's column.
pub fn decode_block(raw: &str, indent: usize) -> Block {
    read_block(raw, indent, &mut Text::new(None))
}

/// The value of such a block scalar.
pub fn block_text(raw: &str, indent: usize) -> String {
    // No byte of the value is not also a byte of its spelling.
    let mut text = Text::new(Some(Vec::with_capacity(raw.len())));
    read_block(raw, indent, &mut text);
    into_text(text.kept.unwrap_or_default())
}

/// The value of a block scalar in the making: only what its shape depends on, unless the text itself is `kept`.
struct Text {
    kept: Option<Vec<u8>>,
    is_empty: bool,
    only_breaks: bool,
}

impl Text {
    fn new(kept: Option<Vec<u8>>) -> Self {
        Self { kept, is_empty: true, only_breaks: true }
    }

    fn push(&mut self, piece: &[u8]) {
        self.is_empty &= piece.is_empty();
        self.only_breaks = self.only_breaks && piece.iter().all(|byte| *byte == b'\n');
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
    }
}

fn read_block(raw: &str, indent: usize, text: &mut Text) -> Block {
    let bytes = raw.as_bytes();
    let folded = bytes.first() == Some(&b'>');
    let mut chomp = Chomp::Clip;
    let mut explicit_indent = false;
    let mut pos = 1;
    loop {
        match at(bytes, pos) {
            b'-' => chomp = Chomp::Strip,
            b'+' => chomp = Chomp::Keep,
            b'1'..=b'9' => explicit_indent = true,
            _ => break,
        }
        pos += 1;
    }
    while pos < bytes.len() && !is_break(bytes, pos) {
        pos += 1;
    }
    pos += break_len(bytes, pos);
    let content_start = pos;
    let mut reader = BlockReader { bytes, pos, indent, text, breaks: Vec::new() };
    let mut content_end = content_start;
    let mut leading_break: &[u8] = b"";
    let mut leading_blank = false;
    reader.breaks();
    while let Some(line) = reader.line() {
        let trailing_blank = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if folded && !leading_blank && !trailing_blank && leading_break == b"\n" {
            if reader.breaks.is_empty() {
                reader.text.push(b" ");
            }
        } else {
            reader.text.push(leading_break);
        }
        reader.flush_breaks();
        leading_blank = trailing_blank;
        reader.text.push(line);
        content_end = reader.pos;
        leading_break = reader.line_break();
        reader.breaks();
    }
    if chomp != Chomp::Strip {
        reader.text.push(leading_break);
    }
    let mut breaks = usize::from(chomp != Chomp::Strip && !leading_break.is_empty());
    if chomp == Chomp::Keep {
        reader.flush_breaks();
        if reader.text.only_breaks {
            content_end = without_last_break(bytes, content_start);
            breaks = 1;
        } else {
            breaks = count_breaks(bytes, content_end);
        }
    }
    Block { is_empty: reader.text.is_empty, breaks, chomp, explicit_indent, content_start, content_end }
}

/// With `+` the empty lines belong to the value: up to the last break of the scalar.
fn without_last_break(bytes: &[u8], floor: usize) -> usize {
    let mut end = floor;
    let mut pos = floor;
    while pos < bytes.len() {
        if is_break(bytes, pos) {
            end = pos;
            pos += break_len(bytes, pos);
        } else {
            pos += 1;
        }
    }
    end
}

fn count_breaks(bytes: &[u8], mut pos: usize) -> usize {
    let mut count = 0;
    while pos < bytes.len() {
        let len = break_len(bytes, pos);
        count += usize::from(len > 0);
        pos += len.max(1);
    }
    count
}

struct BlockReader<'a> {
    bytes: &'a [u8],
    pos: usize,
    indent: usize,
    text: &'a mut Text,
    breaks: Vec<u8>,
}

impl<'a> BlockReader<'a> {
    /// Skips indentation and collects the breaks of empty lines.
    fn breaks(&mut self) {
        loop {
            let start = self.pos;
            while self.pos - start < self.indent && at(self.bytes, self.pos) == b' ' {
                self.pos += 1;
            }
            if !is_break(self.bytes, self.pos) {
                if self.pos - start < self.indent {
                    self.pos = self.bytes.len();
                }
                return;
            }
            let (text, next) = read_break(self.bytes, self.pos);
            self.breaks.extend_from_slice(text);
            self.pos = next;
        }
    }

    fn line(&mut self) -> Option<&'a [u8]> {
        if self.pos >= self.bytes.len() {
            return None;
        }
        let start = self.pos;
        while self.pos < self.bytes.len() && !is_break(self.bytes, self.pos) {
            self.pos += 1;
        }
        Some(&self.bytes[start..self.pos])
    }

    fn line_break(&mut self) -> &'a [u8] {
        if self.pos >= self.bytes.len() {
            return b"";
        }
        let (text, next) = read_break(self.bytes, self.pos);
        self.pos = next;
        text
    }

    fn flush_breaks(&mut self) {
        self.text.push(&self.breaks);
        self.breaks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room_of(text: Cow<'_, str>) -> usize {
        let Cow::Owned(text) = text else { panic!("a text of several lines is a copy") };
        text.capacity()
    }

    /// The buffer of a decoded text grew line by line, and left a copy of the secret behind each time.
    #[test]
    fn a_decoded_text_stays_in_its_first_buffer() {
        let block = format!("|+\n{}", "  some line of a key\n\n".repeat(1000));
        let text = block_text(&block, 2);
        assert_eq!(text, "some line of a key\n\n".repeat(1000));
        assert_eq!(text.capacity(), block.len());

        let folded = format!(">\n{}", "  words\n  and\n\n   deeper\n\n\n".repeat(500));
        assert_eq!(block_text(&folded, 2).capacity(), folded.len());

        let single = format!("'{}'", "it''s\n\n  folded ".repeat(1000));
        assert_eq!(room_of(decode_flow(&single, ScalarStyle::Single)), single.len() - 2);

        // The escape that stands for more bytes than any other.
        let double = format!("\"{}\"", r"\L\P".repeat(1000));
        let text = decode_flow(&double, ScalarStyle::Double);
        assert_eq!(text, "\u{2028}\u{2029}".repeat(1000));
        assert_eq!(room_of(text), (double.len() - 2) / 2 * 3 + 1);
    }

    #[test]
    fn the_shape_of_a_block_needs_no_text() {
        let shape = |raw: &str| decode_block(raw, 2);
        assert!(shape("|\n").is_empty && !shape("|\n  a\n").is_empty);
        assert_eq!(shape("|+\n\n\n").breaks, 1);
        assert_eq!(shape("|+\n  a\n\n\n").breaks, 3);
    }
}
