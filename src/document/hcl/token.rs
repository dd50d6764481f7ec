//! HCL's tokens, with the bracket that closes each bracket. No recursion: what is nested is counted.

use crate::document::format::{FormatError, MAX_DEPTH};

/// The kinds of token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A line break.
    Newline,
    /// A comment, without the break that ends it.
    Comment,
    /// `"text"`, and whether something is filled in.
    Quoted { template: bool },
    /// `<<EOT`, to the end of the closing word.
    Heredoc,
    /// A number without sign.
    Number,
    /// A name.
    Name,
    /// `{`, `[`, `(`, and the number of the token that closes it.
    Open(u8, usize),
    /// `}`, `]`, `)`.
    Close(u8),
    /// Anything else; operators of several characters are one.
    Sign(u8, bool),
    /// The end of the text.
    End,
}

/// A token and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) type Wrong = (usize, &'static str);

const DEEP: &str = "this is nested too deeply";

/// All tokens; the last one is [`Kind::End`].
pub(super) fn scan(text: &str, from: usize) -> Result<Vec<Token>, FormatError> {
    let mut tokens = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = from;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\t']).len();
        let (kind, end) = next(text, at).map_err(|(at, what)| FormatError::at(text, at, what))?;
        match kind {
            Kind::Open(..) if open.len() == MAX_DEPTH => return Err(FormatError::at(text, at, DEEP)),
            Kind::Open(..) => open.push(tokens.len()),
            Kind::Close(close) => {
                let number = tokens.len();
                let opened = open.pop().and_then(|at| tokens.get_mut(at));
                match opened {
                    Some(Token { kind: Kind::Open(bracket, mate), .. }) if closes(*bracket) == close => *mate = number,
                    _ => return Err(FormatError::at(text, at, "this closes nothing")),
                }
            }
            _ => {}
        }
        tokens.push(Token { kind, start: at, end });
        if kind == Kind::End {
            break;
        }
        at = end;
    }
    match open.pop() {
        Some(unclosed) => Err(FormatError::at(text, tokens[unclosed].start, "this has no end")),
        None => Ok(tokens),
    }
}

fn closes(bracket: u8) -> u8 {
    match bracket {
        b'{' => b'}',
        b'[' => b']',
        _ => b')',
    }
}

fn next(text: &str, at: usize) -> Result<(Kind, usize), Wrong> {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    let Some(&byte) = bytes.first() else {
        return Ok((Kind::End, at));
    };
    Ok(match byte {
        b'\n' => (Kind::Newline, at + 1),
        b'\r' => (Kind::Newline, at + 2),
        b'#' => (Kind::Comment, line_comment(text, at)),
        b'/' if bytes.get(1) == Some(&b'/') => (Kind::Comment, line_comment(text, at)),
        b'/' if bytes.get(1) == Some(&b'*') => (Kind::Comment, block_comment(text, at)?),
        b'"' => {
            let (template, end) = quoted(text, at)?;
            (Kind::Quoted { template }, end)
        }
        b'{' | b'[' | b'(' => (Kind::Open(byte, 0), at + 1),
        b'}' | b']' | b')' => (Kind::Close(byte), at + 1),
        b'0'..=b'9' => (Kind::Number, at + number(rest)),
        b'<' if bytes.get(1) == Some(&b'<') => (Kind::Heredoc, heredoc(text, at)?),
        _ => {
            let name = name_length(rest);
            if name > 0 {
                return Ok((Kind::Name, at + name));
            }
            let two = ["==", "=>", "!=", "<=", ">=", "&&", "||", ".."].iter().any(|sign| rest.starts_with(sign));
            if two {
                (Kind::Sign(byte, true), at + 2)
            } else if b"=:,.?!<>+-*/%&|".contains(&byte) {
                (Kind::Sign(byte, false), at + 1)
            } else {
                return Err((at, "this character has no meaning here"));
            }
        }
    })
}

/// How much of the start is a name.
pub(super) fn name_length(text: &str) -> usize {
    let is_start = |c: char| c.is_alphabetic() || c == '_';
    if !text.starts_with(is_start) {
        return 0;
    }
    text.find(|c: char| !(is_start(c) || c.is_alphanumeric() || c == '-')).unwrap_or(text.len())
}

fn number(text: &str) -> usize {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    end
}

/// Where a comment ends that the line ends.
pub(super) fn line_comment(text: &str, at: usize) -> usize {
    let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length);
    end - usize::from(text[..end].ends_with('\r'))
}

/// Where a comment in `/*…*/` ends.
pub(super) fn block_comment(text: &str, at: usize) -> Result<usize, Wrong> {
    let end = memchr::memmem::find(&text.as_bytes()[at + 2..], b"*/");
    end.map(|length| at + 2 + length + 2).ok_or((at, "this comment has no end"))
}

/// How many `$` (or `%`) stand at `at`, when a `{` follows them.
pub(super) fn introducers(bytes: &[u8], at: usize) -> Option<usize> {
    let run = bytes[at..].iter().take_while(|byte| **byte == bytes[at]).count();
    (bytes.get(at + run) == Some(&b'{')).then_some(run)
}

/// Where a quoted string ends, and whether something is filled into it.
pub(super) fn quoted(text: &str, start: usize) -> Result<(bool, usize), Wrong> {
    const OPEN: &str = "this string has no end";
    let bytes = text.as_bytes();
    // What is filled in may hold strings, which may have something filled in: `None` is a string, a number the braces open.
    let mut stack: Vec<Option<usize>> = vec![None];
    let mut template = false;
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let Some(state) = stack.last_mut() else {
            break;
        };
        match (state, byte) {
            (None, b'"') => {
                stack.pop();
                if stack.is_empty() {
                    return Ok((template, at + 1));
                }
                at += 1;
            }
            (None, b'\n' | b'\r') => return Err((start, OPEN)),
            (None, b'\\') => at += escape(text, at)?,
            (None, b'$' | b'%') => match introducers(bytes, at) {
                None => at += rest.iter().take_while(|next| **next == byte).count(),
                Some(1) => {
                    template = true;
                    stack.push(Some(0));
                    at += 2;
                }
                Some(2) => at += 3,
                Some(_) => {
                    return Err((
                        at,
                        "three or more `$` or `%` before `{` are not read here: write the first ones as `\\u0024` or `\\u0025`",
                    ));
                }
            },
            (None, _) => at += 1,
            (Some(0), b'}') => {
                stack.pop();
                at += 1;
            }
            (Some(braces), b'{' | b'}') => {
                *braces = if byte == b'{' { *braces + 1 } else { *braces - 1 };
                at += 1;
            }
            (Some(_), b'"') => {
                stack.push(None);
                at += 1;
            }
            (Some(_), b'#') => at = line_comment(text, at),
            (Some(_), b'/') if rest.starts_with(b"//") => at = line_comment(text, at),
            (Some(_), b'/') if rest.starts_with(b"/*") => at = block_comment(text, at)?,
            (Some(_), _) => at += 1,
        }
        if stack.len() > MAX_DEPTH {
            return Err((at, DEEP));
        }
    }
    Err((start, OPEN))
}

/// The length of an escape.
fn escape(text: &str, at: usize) -> Result<usize, Wrong> {
    const NONE: &str = "there is no such escape";
    let digits = match text.as_bytes().get(at + 1) {
        Some(b'n' | b'r' | b't' | b'"' | b'\\') => return Ok(2),
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => return Err((at, NONE)),
    };
    let hex = text.get(at + 2..at + 2 + digits).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
    code.map(|_| 2 + digits).ok_or((at, NONE))
}

/// Where a heredoc ends: behind the word that closes it.
fn heredoc(text: &str, start: usize) -> Result<usize, Wrong> {
    let name = start + if text[start..].starts_with("<<-") { 3 } else { 2 };
    let length = name_length(&text[name..]);
    let word = &text[name..name + length];
    let mut at = name + length;
    if length == 0 || !text[at..].starts_with(['\n', '\r']) {
        return Err((start, "expected a word and a line break after `<<`"));
    }
    while let Some(line) = memchr::memchr(b'\n', &text.as_bytes()[at..]) {
        at += line + 1;
        let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length);
        if text[at..end].trim() == word {
            return Ok(at + text[at..end].trim_end().len());
        }
    }
    Err((start, "this text has no end: its closing word is not there"))
}
