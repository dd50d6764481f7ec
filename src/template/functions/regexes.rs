//! sprig's functions for regular expressions, in Go's syntax.

use std::ops::Range;
use std::sync::Arc;

use regex::bytes::Regex;

use super::{Args, Function, Outcome, function, string_lists};
use crate::pattern;
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::text::Buffer;
use crate::template::unicode::{Runes, decode, is_digit, is_letter};
use crate::template::value::{Element, List, Value};

pub(super) const TABLE: &[Function] = &[
    function("mustRegexFind", "ss", find),
    function("mustRegexFindAll", "ssi", find_all),
    function("mustRegexMatch", "ss", matches),
    function("mustRegexReplaceAll", "sss", |env, args| replace(env, args, expand)),
    function("mustRegexReplaceAllLiteral", "sss", |env, args| replace(env, args, literal)),
    function("mustRegexSplit", "ssi", split),
    function("regexFind", "ss", find),
    function("regexFindAll", "ssi", find_all),
    function("regexMatch", "ss", |env, args| match matches(env, args) {
        Err(Fault::Because(_)) => Ok(Value::Bool(false)),
        outcome => outcome,
    }),
    function("regexQuoteMeta", "s", |env, args| env.text(|out| quote(out, args.bytes(0)))),
    function("regexReplaceAll", "sss", |env, args| replace(env, args, expand)),
    function("regexReplaceAllLiteral", "sss", |env, args| replace(env, args, literal)),
    function("regexSplit", "ssi", split),
];

/// The expression of argument 0; the text of argument 1 is what it will go through.
fn compile(env: &Env<'_>, args: &Args) -> Result<Arc<Regex>, Fault> {
    env.step(args.bytes(1).len() / 64)?;
    env.pattern(&args.text(0), |bytes| {
        let pattern = std::str::from_utf8(bytes).ok()?;
        pattern::compile_with_groups(pattern).ok()
    })
}

fn matches(env: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Bool(compile(env, args)?.is_match(args.bytes(1))))
}

fn find(env: &Env<'_>, args: &Args) -> Outcome {
    let found = compile(env, args)?.find(args.bytes(1)).map(|found| found.range()).unwrap_or_default();
    env.charge(found.len())?;
    Ok(Value::text(&args.bytes(1)[found]))
}

/// Whether an empty match is inside of a character, where Go does not look.
fn splits(text: &[u8], found: &Range<usize>) -> bool {
    let at = found.start;
    let inside = |start: usize| decode(&text[start..]).is_some_and(|(_, size)| start + size > at);
    found.is_empty()
        && text.get(at).is_some_and(|byte| (0x80..0xc0).contains(byte))
        && (at.saturating_sub(3)..at).any(inside)
}

/// Where it matches, `limit` times at most; a negative limit is none.
fn all(regex: &Regex, text: &[u8], limit: i64) -> Vec<Range<usize>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let whole = regex.find_iter(text).map(|found| found.range()).filter(|found| !splits(text, found));
    whole.take(limit).collect()
}

fn find_all(env: &Env<'_>, args: &Args) -> Outcome {
    let text = args.bytes(1);
    let found = all(&*compile(env, args)?, text, args.int(2));
    if found.is_empty() {
        return Ok(Value::List(List::nil(Element::Text)));
    }
    string_lists::texts(env, found.into_iter().map(|range| &text[range]).collect())
}

fn split(env: &Env<'_>, args: &Args) -> Outcome {
    let (text, limit) = (args.bytes(1), args.int(2));
    let regex = compile(env, args)?;
    if limit == 0 {
        return Ok(Value::List(List::nil(Element::Text)));
    }
    if !args.bytes(0).is_empty() && text.is_empty() {
        return string_lists::texts(env, vec![b""]);
    }
    let mut parts = vec![];
    let (mut begin, mut end) = (0, 0);
    for found in all(&regex, text, limit) {
        if limit > 0 && parts.len() as i64 == limit - 1 {
            break;
        }
        end = found.start;
        if found.end != 0 {
            parts.push(&text[begin..end]);
        }
        begin = found.end;
    }
    if end != text.len() {
        parts.push(&text[begin..]);
    }
    string_lists::texts(env, parts)
}

/// Writes what a match becomes.
type Replacement = fn(&mut Buffer, &[u8], &Regex, &regex::bytes::Captures<'_>);

fn replace(env: &Env<'_>, args: &Args, replacement: Replacement) -> Outcome {
    let (text, with) = (args.bytes(1), args.bytes(2));
    let regex = compile(env, args)?;
    env.text(|out| {
        let mut at = 0;
        for found in regex.captures_iter(text) {
            let range = found.get(0).map(|all| all.range()).unwrap_or_default();
            if splits(text, &range) {
                continue;
            }
            out.push(&text[at..range.start]);
            replacement(out, with, &regex, &found);
            at = range.end;
            if out.overflown() {
                break;
            }
        }
        out.push(&text[at..]);
    })
}

fn literal(out: &mut Buffer, with: &[u8], _: &Regex, _: &regex::bytes::Captures<'_>) {
    out.push(with);
}

/// `$1`, `${name}` and `$$`, as `Regexp.Expand` of Go reads them.
fn expand(out: &mut Buffer, mut with: &[u8], regex: &Regex, found: &regex::bytes::Captures<'_>) {
    while let Some(dollar) = with.iter().position(|byte| *byte == b'$') {
        out.push(&with[..dollar]);
        with = &with[dollar + 1..];
        if with.first() == Some(&b'$') {
            out.push(b"$");
            with = &with[1..];
            continue;
        }
        let Some((name, length)) = group_name(with) else {
            out.push(b"$");
            continue;
        };
        with = &with[length..];
        let group = match group_number(name) {
            Some(number) => found.get(number),
            None => {
                let at = regex.capture_names().position(|known| known.is_some_and(|known| known.as_bytes() == name));
                at.and_then(|at| found.get(at))
            }
        };
        out.push(group.map_or(b"", |group| group.as_bytes()));
    }
    out.push(with);
}

/// The name after a dollar sign, and how long it is with its braces.
fn group_name(text: &[u8]) -> Option<(&[u8], usize)> {
    let brace = usize::from(text.first() == Some(&b'{'));
    let rest = &text[brace..];
    let word = Runes(rest).take_while(|(next, _)| is_letter(*next) || is_digit(*next) || *next == '_');
    let length: usize = word.map(|(_, size)| size).sum();
    if length == 0 || (brace == 1 && rest.get(length) != Some(&b'}')) {
        return None;
    }
    Some((&rest[..length], length + 2 * brace))
}

fn group_number(name: &[u8]) -> Option<usize> {
    if name.len() > 9 || (name.len() > 1 && name[0] == b'0') || !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(name).ok()?.parse().ok()
}

fn quote(out: &mut Buffer, text: &[u8]) {
    for byte in text {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b"\\");
        }
        out.push(&[*byte]);
    }
}
