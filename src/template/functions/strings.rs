//! sprig's functions for strings.

use super::{Args, Function, Outcome, function, text_of};
use crate::template::error::Fault;
use crate::template::format;
use crate::template::options::Env;
use crate::template::text::Buffer;
use crate::template::unicode::{
    Runes, is_digit, is_letter, is_lower, is_space, is_upper, to_lower, to_title, to_upper,
};
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("abbrev", "is", |_, args| abbreviate(args, 0, args.int(0), 1)),
    function("abbrevboth", "iis", abbreviate_both),
    function("cat", "a*", cat),
    function("contains", "ss", |_, args| Ok(Value::Bool(find(args.bytes(1), args.bytes(0)).is_some()))),
    function("hasPrefix", "ss", |_, args| Ok(Value::Bool(args.bytes(1).starts_with(args.bytes(0))))),
    function("hasSuffix", "ss", |_, args| Ok(Value::Bool(args.bytes(1).ends_with(args.bytes(0))))),
    function("hello", "", |_, _| Ok(Value::text("Hello!"))),
    function("indent", "is", |env, args| indent(env, args, b"")),
    function("initials", "s", initials),
    function("lower", "s", |env, args| mapped(env, args, |_, next| to_lower(next))),
    function("nindent", "is", |env, args| indent(env, args, b"\n")),
    function("nospace", "s", no_space),
    function("plural", "ssi", |_, args| Ok(Value::Text(args.text(usize::from(args.int(2) != 1))))),
    function("quote", "a*", quote),
    function("repeat", "is", repeat),
    function("replace", "sss", replace),
    function("squote", "a*", single_quote),
    function("substr", "iis", substring),
    function("swapcase", "s", swap_case),
    function("title", "s", title),
    function("toString", "a", |env, args| Ok(Value::Text(text_of(env, args.any(0))?))),
    function("trim", "s", |_, args| Ok(Value::text(trim(args.bytes(0), is_space)))),
    function("trimAll", "ss", trim_all),
    function("trimPrefix", "ss", |_, args| {
        let text = args.bytes(1);
        Ok(Value::text(text.strip_prefix(args.bytes(0)).unwrap_or(text)))
    }),
    function("trimSuffix", "ss", |_, args| {
        let text = args.bytes(1);
        Ok(Value::text(text.strip_suffix(args.bytes(0)).unwrap_or(text)))
    }),
    function("trimall", "ss", trim_all),
    function("trunc", "is", truncate),
    function("untitle", "s", |env, args| words(env, args, to_lower)),
    function("upper", "s", |env, args| mapped(env, args, |_, next| to_upper(next))),
];

/// Where `wanted` is in `text`.
pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

/// `strings.Map`, with the character before.
fn mapped(env: &Env<'_>, args: &Args, map: fn(char, char) -> char) -> Outcome {
    env.text(|out| {
        let mut before = ' ';
        for (next, _) in Runes(args.bytes(0)) {
            out.push_char(map(before, next));
            before = next;
        }
    })
}

/// Changes the first character of each word.
fn words(env: &Env<'_>, args: &Args, change: fn(char) -> char) -> Outcome {
    env.text(|out| {
        let mut first = true;
        for (next, _) in Runes(args.bytes(0)) {
            let space = is_space(next);
            out.push_char(if first && !space { change(next) } else { next });
            first = space;
        }
    })
}

/// `strings.Title`
fn title(env: &Env<'_>, args: &Args) -> Outcome {
    fn separates(next: char) -> bool {
        if next.is_ascii() {
            return !next.is_ascii_alphanumeric() && next != '_';
        }
        !is_letter(next) && !is_digit(next) && is_space(next)
    }
    mapped(env, args, |before, next| if separates(before) { to_title(next) } else { next })
}

fn swap_case(env: &Env<'_>, args: &Args) -> Outcome {
    env.text(|out| {
        let mut after_space = true;
        for (next, _) in Runes(args.bytes(0)) {
            // a title case letter is neither upper nor lower case
            if is_upper(next) || matches!(next, '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}') {
                out.push_char(to_lower(next));
                after_space = false;
            } else if is_lower(next) {
                out.push_char(if after_space { to_title(next) } else { to_upper(next) });
                after_space = false;
            } else {
                out.push_char(next);
                after_space = is_space(next);
            }
        }
    })
}

/// Takes what `trimmed` says away at both ends.
pub(super) fn trim(text: &[u8], trimmed: impl Fn(char) -> bool) -> &[u8] {
    let mut start = 0;
    let mut end = 0;
    let mut at = 0;
    let mut inside = false;
    for (next, size) in Runes(text) {
        at += size;
        if !trimmed(next) {
            inside = true;
            end = at;
        } else if !inside {
            start = at;
        }
    }
    if inside { &text[start..end] } else { b"" }
}

fn trim_all(_: &Env<'_>, args: &Args) -> Outcome {
    let cut: Vec<char> = Runes(args.bytes(0)).map(|(next, _)| next).collect();
    Ok(Value::text(trim(args.bytes(1), |next| cut.contains(&next))))
}

/// As the peer does it: byte by byte, each one taken for a character of Latin-1 as soon as one is a space.
fn no_space(env: &Env<'_>, args: &Args) -> Outcome {
    let text = args.bytes(0);
    if !text.iter().any(|byte| is_space(char::from(*byte))) {
        return Ok(Value::Text(args.text(0)));
    }
    env.text(|out| {
        text.iter().map(|byte| char::from(*byte)).filter(|next| !is_space(*next)).for_each(|next| out.push_char(next));
    })
}

/// As the peer does it: byte by byte, as characters of Latin-1.
fn initials(env: &Env<'_>, args: &Args) -> Outcome {
    env.text(|out| {
        let mut gap = true;
        for next in args.bytes(0).iter().map(|byte| char::from(*byte)) {
            let space = is_space(next);
            if gap && !space {
                out.push_char(next);
            }
            gap = space;
        }
    })
}

fn abbreviate_both(_: &Env<'_>, args: &Args) -> Outcome {
    let (left, right) = (args.int(0), args.int(1));
    if right < 4 || (left > 0 && right < 7) {
        return Ok(Value::Text(args.text(2)));
    }
    abbreviate(args, left, right, 2)
}

fn abbreviate(args: &Args, offset: i64, width: i64, at: usize) -> Outcome {
    if width < 4 {
        return Ok(Value::Text(args.text(at)));
    }
    Ok(Value::text(abbreviated(args.bytes(at), offset, usize::try_from(width).unwrap_or(usize::MAX)).as_slice()))
}

/// `goutils.AbbreviateFull`; the width is at least 4.
fn abbreviated(text: &[u8], offset: i64, width: usize) -> Vec<u8> {
    if text.len() <= width {
        return text.to_vec();
    }
    let mut offset = usize::try_from(offset).unwrap_or_default().min(text.len());
    if text.len() - offset < width - 3 {
        offset = text.len() - (width - 3);
    }
    if offset <= 4 {
        return [&text[..width - 3], b"..."].concat();
    }
    if width < 7 {
        return vec![];
    }
    if offset + width - 3 < text.len() {
        return [b"...".as_slice(), &abbreviated(&text[offset..], 0, width - 3)].concat();
    }
    [b"...", &text[text.len() - (width - 3)..]].concat()
}

fn cat(env: &Env<'_>, args: &Args) -> Outcome {
    let mut out = env.buffer();
    let values = args.rest(0).iter().filter(|value| !value.is_nil());
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b" ");
        }
        format::print(&mut out, std::slice::from_ref(value))?;
    }
    Ok(Value::Text(env.finish(out)?))
}

fn quote(env: &Env<'_>, args: &Args) -> Outcome {
    let mut out = env.buffer();
    let values = args.rest(0).iter().filter(|value| !value.is_nil());
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b" ");
        }
        format::quote(&mut out, text_of(env, value)?.bytes());
    }
    Ok(Value::Text(env.finish(out)?))
}

fn single_quote(env: &Env<'_>, args: &Args) -> Outcome {
    let mut out = env.buffer();
    let values = args.rest(0).iter().filter(|value| !value.is_nil());
    for (at, value) in values.enumerate() {
        out.push(if at > 0 { b" '" } else { b"'" });
        format::print(&mut out, std::slice::from_ref(value))?;
        out.push(b"'");
    }
    Ok(Value::Text(env.finish(out)?))
}

/// A count that is not negative.
pub(super) fn count(args: &Args, at: usize) -> Result<usize, Fault> {
    usize::try_from(args.int(at)).map_err(|_| Fault::Because("a number is negative"))
}

fn repeat(env: &Env<'_>, args: &Args) -> Outcome {
    let times = count(args, 0)?;
    let text = args.bytes(1);
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    env.text(|out| {
        for _ in 0..times {
            out.push(text);
            if out.overflown() {
                break;
            }
        }
    })
}

fn indent(env: &Env<'_>, args: &Args, before: &[u8]) -> Outcome {
    let spaces = count(args, 0)?;
    env.text(|out| {
        out.push(before);
        out.push_repeated(b' ', spaces);
        for line in args.bytes(1).split_inclusive(|byte| *byte == b'\n') {
            out.push(line);
            if line.ends_with(b"\n") {
                out.push_repeated(b' ', spaces);
            }
        }
    })
}

fn replace(env: &Env<'_>, args: &Args) -> Outcome {
    let (old, new, text) = (args.bytes(0), args.bytes(1), args.bytes(2));
    env.text(|out| replace_all(out, text, old, new))
}

/// `strings.ReplaceAll`
fn replace_all(out: &mut Buffer, mut text: &[u8], old: &[u8], new: &[u8]) {
    if old.is_empty() {
        out.push(new);
        for (_, size) in Runes(text) {
            out.push(&text[..size]);
            out.push(new);
            text = &text[size..];
        }
        return;
    }
    let finder = memchr::memmem::Finder::new(old);
    while let Some(found) = finder.find(text) {
        out.push(&text[..found]);
        out.push(new);
        text = &text[found + old.len()..];
    }
    out.push(text);
}

fn substring(_: &Env<'_>, args: &Args) -> Outcome {
    let text = args.bytes(2);
    let (start, end) = (args.int(0), args.int(1));
    let part = match (usize::try_from(start), usize::try_from(end)) {
        (Err(_), Ok(end)) => text.get(..end),
        (Err(_), Err(_)) => None,
        (Ok(start), Ok(end)) if end <= text.len() => text.get(start..end),
        (Ok(start), _) => text.get(start..),
    };
    part.map(Value::text).ok_or(Fault::Because("the bounds are out of range"))
}

fn truncate(_: &Env<'_>, args: &Args) -> Outcome {
    let text = args.bytes(1);
    let wanted = args.int(0);
    let size = usize::try_from(wanted.unsigned_abs()).unwrap_or(usize::MAX);
    if size >= text.len() {
        return Ok(Value::Text(args.text(1)));
    }
    Ok(Value::text(if wanted < 0 { &text[text.len() - size..] } else { &text[..size] }))
}
