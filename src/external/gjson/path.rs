//! Splits paths into their parts.

use std::borrow::Cow;

use super::modifier;
use super::scan::squash;

/// One part of a path, and what comes after it.
#[derive(Default)]
pub(super) struct Part<'a> {
    /// The part, without escapes where it is for an object.
    pub(super) part: Cow<'a, [u8]>,
    /// What follows a dot.
    pub(super) path: Option<&'a [u8]>,
    /// What follows a pipe, or a dot before a modifier or a multipath.
    pub(super) pipe: Option<&'a [u8]>,
    /// For an object: it has wildcards.
    pub(super) wild: bool,
    /// For an array: it has a `#`.
    pub(super) hash: bool,
    /// For an array, `#.path`: what is wanted of every element.
    pub(super) each: Option<&'a [u8]>,
    /// For an array, `#(…)`.
    pub(super) query: Option<Query<'a>>,
}

/// `#(path op value)`
#[derive(Default)]
pub(super) struct Query<'a> {
    /// All matches, not only the first one.
    pub(super) all: bool,
    pub(super) path: &'a [u8],
    pub(super) operator: &'a [u8],
    pub(super) value: Cow<'a, [u8]>,
}

/// After a dot: whether what follows is a modifier or a multipath.
fn is_piper(path: &[u8]) -> bool {
    match path.first() {
        Some(b'@') => {
            let end = path.iter().position(|byte| matches!(byte, b'.' | b'|' | b':')).unwrap_or(path.len());
            modifier::by_name(&path[1..end]).is_some()
        }
        first => matches!(first, Some(b'[' | b'{')),
    }
}

/// What is behind the dot at `at`.
fn after_dot<'a>(part: &mut Part<'a>, path: &'a [u8], at: usize, pipers: bool) {
    let rest = &path[at + 1..];
    if pipers && is_piper(rest) {
        part.pipe = Some(rest);
    } else {
        part.path = Some(rest);
    }
}

/// The first part of a path into an object.
pub(super) fn object_part(path: &[u8]) -> Part<'_> {
    let mut part = Part::default();
    let mut at = 0;
    // the part without escapes, once there was one
    let mut plain: Option<Vec<u8>> = None;
    while let Some(byte) = path.get(at) {
        match byte {
            b'|' => {
                part.pipe = Some(&path[at + 1..]);
                break;
            }
            b'.' => {
                after_dot(&mut part, path, at, true);
                break;
            }
            b'\\' => {
                let plain = plain.get_or_insert_with(|| path[..at].to_vec());
                plain.extend(path.get(at + 1));
                at += 2;
                continue;
            }
            b'*' | b'?' => part.wild = true,
            _ => {}
        }
        if let Some(plain) = &mut plain {
            plain.push(*byte);
        }
        at += 1;
    }
    part.part = plain.map_or_else(|| Cow::Borrowed(&path[..at.min(path.len())]), Cow::Owned);
    part
}

/// The first part of a path into an array.
pub(super) fn array_part(path: &[u8]) -> Part<'_> {
    let mut part = Part::default();
    let mut at = 0;
    while let Some(byte) = path.get(at) {
        match byte {
            b'|' => {
                part.pipe = Some(&path[at + 1..]);
                break;
            }
            b'.' => {
                let pipers = !part.hash;
                after_dot(&mut part, path, at, pipers);
                break;
            }
            b'#' => {
                part.hash = true;
                match path.get(1) {
                    Some(b'.') if at == 0 => part.each = Some(&path[2..]),
                    Some(b'[' | b'(') if at == 0 => {
                        let Some((query, end)) = query(path) else {
                            part.query = Some(Query::default());
                            at = path.len();
                            break;
                        };
                        part.query = Some(Query { all: path.get(end) == Some(&b'#'), ..query });
                        at = end;
                        continue;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        at += 1;
    }
    part.part = Cow::Borrowed(&path[..at]);
    part
}

/// Reads `#(…)`; and where it ends.
fn query(text: &[u8]) -> Option<(Query<'_>, usize)> {
    let mut at = 2;
    let mut value_start = None;
    let mut depth = 1;
    let mut escaped = false;
    while let Some(byte) = text.get(at) {
        match byte {
            b'!' | b'=' | b'<' | b'>' | b'%' if depth == 1 && value_start.is_none() => value_start = Some(at),
            b'\\' => at += 1,
            b'[' | b'(' => depth += 1,
            b']' | b')' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'"' => at = quote_end(text, at, &mut escaped),
            _ => {}
        }
        at += 1;
    }
    if depth > 0 {
        return None;
    }
    let Some(start) = value_start else {
        return Some((Query { path: trim(&text[2..at]), ..Query::default() }, at + 1));
    };
    let mut value = trim(&text[start..at]);
    if value.starts_with(b"==") && value.len() > 1 {
        value = &value[1..];
    }
    let size = match value {
        [_] => 1,
        [b'!', b'=' | b'%', ..] | [b'<' | b'>', b'=', ..] => 2,
        [b'<' | b'>' | b'=' | b'%', ..] => 1,
        _ => 0,
    };
    let (operator, value) = value.split_at(size);
    let value = trim(value);
    let value = match value {
        [b'"', inner @ .., b'"'] if escaped => Cow::Owned(super::scan::unescape(inner).to_vec()),
        [b'"', inner @ .., b'"'] => Cow::Borrowed(inner),
        value => Cow::Borrowed(value),
    };
    Some((Query { all: false, path: trim(&text[2..start]), operator, value }, at + 1))
}

/// The closing quote of the one at `at`, or the end.
fn quote_end(text: &[u8], at: usize, escaped: &mut bool) -> usize {
    let (end, backslashes) = super::scan::closing_quote(text, at + 1);
    *escaped |= backslashes;
    end.unwrap_or(text.len())
}

/// Without space and control characters at both ends.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [0..=b' ', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., 0..=b' '] = text {
        text = rest;
    }
    text
}

/// Splits at the first pipe that is in no selector.
pub(super) fn split_at_pipe(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if !path.contains(&b'|') {
        return None;
    }
    if path[0] == b'{' {
        let end = squash(&path[1..]).len() + 1;
        return (end < path.len() && path[end] == b'|').then(|| (&path[..end], &path[end + 1..]));
    }
    let mut at = 0;
    while let Some(byte) = path.get(at) {
        match byte {
            b'\\' => at += 1,
            b'|' => return Some((&path[..at], &path[at + 1..])),
            b'.' if at + 1 == path.len() => return None,
            b'.' if path[at + 1] == b'#' => {
                at += 2;
                let (open, close) = match path.get(at)? {
                    b'[' => (b'[', b']'),
                    b'(' => (b'(', b')'),
                    _ => {
                        at += 1;
                        continue;
                    }
                };
                at = selector_end(path, at + 1, open, close);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn selector_end(path: &[u8], mut at: usize, open: u8, close: u8) -> usize {
    let mut depth = 1;
    while let Some(byte) = path.get(at) {
        match *byte {
            b'\\' => at += 1,
            byte if byte == open => depth += 1,
            byte if byte == close => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'"' => at = quote_end(path, at, &mut false),
            _ => {}
        }
        at += 1;
    }
    at
}

/// One path of a multipath, and the name that it is given.
pub(super) struct Selector<'a> {
    pub(super) name: &'a [u8],
    pub(super) path: &'a [u8],
}

/// Reads `[a,b]` or `{name:a,b}`, and what follows.
pub(super) fn selectors(path: &[u8]) -> Option<(Vec<Selector<'_>>, &[u8])> {
    let mut all = vec![];
    let (mut modifier, mut depth, mut colon, mut start) = (false, 1, None, 1);
    let mut at = 1;
    let selector = |start: usize, colon: Option<usize>, at: usize| match colon {
        Some(colon) => Selector { name: &path[start..colon], path: &path[colon + 1..at] },
        None => Selector { name: b"", path: &path[start..at] },
    };
    while let Some(byte) = path.get(at) {
        match byte {
            b'\\' => at += 1,
            b'@' => modifier |= matches!(path[at - 1], b'.' | b'|'),
            b':' if !modifier && colon.is_none() && depth == 1 => colon = Some(at),
            b',' if depth == 1 => {
                all.push(selector(start, colon, at));
                (modifier, colon, start) = (false, None, at + 1);
            }
            b'"' => at = quote_end(path, at, &mut false),
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    all.push(selector(start, colon, at));
                    return Some((all, &path[at + 1..]));
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The name that a path of a `{…}` gives its value.
pub(super) fn default_name(path: &[u8]) -> &[u8] {
    let is_end = |at: &usize| matches!(path[*at], b'|' | b'.') && !(*at > 0 && path[*at - 1] == b'\\');
    let last = (0..path.len()).rev().find(is_end).map_or(path, |at| &path[at + 1..]);
    let is_simple = |byte: &u8| *byte >= b' ' && !b"[]{}()#|!".contains(byte);
    if last.iter().all(is_simple) { last } else { b"_" }
}
