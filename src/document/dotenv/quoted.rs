//! One value: what it says between quotes, and how a value is written so that it says that.

use std::borrow::Cow;
use std::ops::Range;

use zeroize::Zeroizing;

use super::parse::BLANKS;
use crate::document::format::Unspellable;
use crate::document::scalar::go_text;
use crate::document::tree::Kind;
use crate::document::value::Value;

/// Where the value of a line is.
pub(super) enum Content {
    /// The rest of the line, as sops reads it.
    Literal,
    /// A part of the text.
    Span(Range<usize>),
    /// Text with its escapes resolved.
    Decoded(Zeroizing<String>),
}

/// A value with the part of the text that spells it.
pub(super) struct Read {
    pub(super) spelled: Range<usize>,
    pub(super) content: Content,
}

/// The end of the line that `at` is on, before its line feed.
pub(super) fn line_without_break(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |found| at + found)
}

/// Reads the value that begins after a `=`.
///
/// Quotes count when they enclose the whole value. Where anything but a comment follows them on their own line, shells and
/// libraries disagree, and the line is taken as it stands. On a later line that is an error: whether a line is a part of a value
/// must not depend on what comes after it.
///
/// # Errors
/// What is wrong with the quotes.
pub(super) fn read(text: &str, at: usize) -> Result<Read, &'static str> {
    let end = line_without_break(text, at);
    let start = at + blanks(&text[at..end]);
    let quote = text[start..end].chars().next().filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        let close = find_close(text, start + 1, quote).ok_or("the quote that opens here has no end")?;
        let rest = &text[close + 1..line_without_break(text, close)];
        let after = rest.trim_start_matches(BLANKS);
        if after.trim_end().is_empty() || (after.starts_with('#') && after.len() < rest.len()) {
            let inner = start + 1..close;
            let escaped = quote == '"' && text[inner.clone()].contains('\\');
            let content = if escaped { Content::Decoded(decode(&text[inner])) } else { Content::Span(inner) };
            return Ok(Read { spelled: start..close + 1, content });
        }
        if close > end {
            return Err("something follows the end of the quoted value that begins here");
        }
    }
    let line = &text[start..end];
    let bare = &line[..comment_start(text, start, line)];
    let length = bare.trim_end_matches([' ', '\t', '\r']).len();
    // A value that is put in place of an empty one must not touch the comment after it.
    let start = if length > 0 { start } else { at };
    let span = start..start + length;
    Ok(Read { spelled: span.clone(), content: Content::Span(span) })
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches(BLANKS).len()
}

/// Where an inline comment begins in a value without quotes: at a `#` after a blank.
fn comment_start(text: &str, start: usize, line: &str) -> usize {
    let is_comment = |at: usize| text[..start + at].ends_with(BLANKS);
    memchr::memchr_iter(b'#', line.as_bytes()).find(|at| is_comment(*at)).unwrap_or(line.len())
}

fn find_close(text: &str, from: usize, quote: char) -> Option<usize> {
    if quote == '\'' {
        return memchr::memchr(b'\'', &text.as_bytes()[from..]).map(|at| from + at);
    }
    let mut at = from;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text.as_bytes()[at..]) {
        at += found;
        if text.as_bytes()[at] == b'"' {
            return Some(at);
        }
        at += 2;
        if at > text.len() {
            return None;
        }
    }
    None
}

/// Resolves the escapes that shells and libraries agree on; any other backslash stays.
fn decode(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let known = match rest.as_bytes().first() {
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(byte @ (b'"' | b'\\' | b'$' | b'`')) => char::from(*byte),
            _ => {
                out.push('\\');
                continue;
            }
        };
        out.push(known);
        rest = &rest[1..];
    }
    out.push_str(rest);
    out
}

/// A value as the text that such a file can hold.
pub(super) fn text_of<'a>(value: &'a Value<'_>) -> Result<Cow<'a, str>, Unspellable> {
    let kind = match value {
        Value::Str(text) => return Ok(Cow::Borrowed(text)),
        Value::BigInt(number) => return Ok(Cow::Owned(number.to_string())),
        Value::Null => return Err(Unspellable("this format has no null")),
        Value::Bytes(_) => return Err(Unspellable("the value is not text")),
        Value::Bool(value) => Kind::Bool(*value),
        Value::Int(value) => Kind::Int(*value),
        Value::Float(value) => Kind::Float(*value),
        Value::Time(value) => Kind::Time(value.clone()),
    };
    Ok(Cow::Owned(go_text(&kind).unwrap_or_default().into_owned()))
}

const NUL: Unspellable = Unspellable("a NUL character cannot stand in a dotenv file");

/// As sops writes it.
pub(super) fn spell_literal(text: &str, out: &mut String) -> Result<(), Unspellable> {
    if text.contains('\0') {
        return Err(NUL);
    }
    if text.contains("\\n") {
        return Err(Unspellable("a backslash before an n would be read as a line break"));
    }
    if text.contains('\n') {
        push_with(text, |character| (character == '\n').then_some('n'), out);
    } else {
        out.push_str(text);
    }
    Ok(())
}

/// So that shells and libraries read it: bare where nothing in it means anything, in `quote` where that can carry it.
pub(super) fn spell_faithful(text: &str, quote: Option<char>, out: &mut String) -> Result<(), Unspellable> {
    if text.contains('\0') {
        return Err(NUL);
    }
    // Inside single quotes nothing is an escape; a line break there would be an odd sight for a single value.
    let single_can = !text.contains(['\'', '\n', '\r']);
    let wants_single = text.contains(['\\', '"', '$', '`']);
    match quote {
        None if text.chars().all(is_harmless) => out.push_str(text),
        Some('\'') if single_can => push_single(text, out),
        None if single_can && wants_single => push_single(text, out),
        _ => {
            out.push('"');
            push_with(
                text,
                |character| match character {
                    '\n' => Some('n'),
                    '\r' => Some('r'),
                    '"' | '\\' | '$' | '`' => Some(character),
                    _ => None,
                },
                out,
            );
            out.push('"');
        }
    }
    Ok(())
}

fn push_single(text: &str, out: &mut String) {
    out.push('\'');
    out.push_str(text);
    out.push('\'');
}

fn push_with(text: &str, escape: impl Fn(char) -> Option<char>, out: &mut String) {
    for character in text.chars() {
        match escape(character) {
            Some(escaped) => out.extend(['\\', escaped]),
            None => out.push(character),
        }
    }
}

/// Characters that mean nothing to any shell in the middle of a word.
fn is_harmless(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || "_@%+=:,./-[]{}^".contains(character)
        || (!character.is_ascii() && character.is_alphanumeric())
}
