//! The keys of objects that stand inside expressions and templates, where no rule sees them.

use super::literal::{self, Leaf};
use super::token::{self, Kind, Token};

/// What is still to be searched.
enum Piece<'a> {
    Expression(&'a str),
    Template(&'a str),
}

/// The keys inside a leaf, as far as they can be known without calculating anything.
pub(super) fn keys(raw: &str, leaf: Leaf) -> Vec<String> {
    let mut found = Vec::new();
    let mut pieces = match leaf {
        Leaf::Expression => vec![Piece::Expression(raw)],
        Leaf::Template => vec![Piece::Template(raw)],
        _ => return found,
    };
    while let Some(piece) = pieces.pop() {
        match piece {
            Piece::Expression(text) => search(text, &mut found, &mut pieces),
            Piece::Template(text) => fillings(text, &mut pieces),
        }
    }
    found
}

/// The keys of one expression; templates in it are added to `pieces`.
fn search<'a>(text: &'a str, found: &mut Vec<String>, pieces: &mut Vec<Piece<'a>>) {
    // What does not consist of tokens is nothing that any program could calculate.
    let Ok(mut tokens) = token::scan(text, 0) else {
        return;
    };
    let slice = |token: &Token| &text[token.start..token.end];
    for token in &tokens {
        if matches!(token.kind, Kind::Quoted { template: true } | Kind::Heredoc) {
            pieces.push(Piece::Template(slice(token)));
        }
    }
    tokens.retain(|token| token.kind != Kind::Comment);
    let mut open = Vec::new();
    let mut begins = false;
    for (at, token) in tokens.iter().enumerate() {
        let in_braces = open.last() == Some(&b'{');
        if begins
            && in_braces
            && let Some(key) = key_at(text, &tokens[at..])
        {
            found.push(key);
        }
        // `for … : "key" => value`
        let arrow = tokens.get(at + 1).is_some_and(|next| slice(next) == "=>");
        if in_braces && arrow && token.kind == (Kind::Quoted { template: false }) {
            found.push(literal::decode_quoted(slice(token)).into_owned());
        }
        begins = matches!(token.kind, Kind::Open(b'{', _) | Kind::Newline | Kind::Sign(b',', false));
        match token.kind {
            Kind::Open(bracket, _) => open.push(bracket),
            Kind::Close(_) => {
                open.pop();
            }
            _ => {}
        }
    }
}

/// The key that begins here, if one does: a name, a number or a string, which may be in parentheses, before `=` or `:`.
fn key_at(text: &str, tokens: &[Token]) -> Option<String> {
    let parentheses = tokens.iter().take_while(|token| matches!(token.kind, Kind::Open(b'(', _))).count();
    let key = tokens.get(parentheses)?;
    let behind = tokens.get(parentheses + 1..)?;
    let closed = behind.iter().take_while(|token| token.kind == Kind::Close(b')')).count();
    let sign = behind.get(parentheses)?;
    if closed != parentheses || !matches!(sign.kind, Kind::Sign(b'=' | b':', false)) {
        return None;
    }
    let raw = &text[key.start..key.end];
    match key.kind {
        Kind::Quoted { template: false } => Some(literal::decode_quoted(raw).into_owned()),
        Kind::Number => Some(raw.to_owned()),
        // In parentheses a name is a reference.
        Kind::Name if parentheses == 0 => Some(raw.to_owned()),
        _ => None,
    }
}

/// What is filled into a quoted string or a heredoc.
fn fillings<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    let bytes = text.as_bytes();
    let quoted = text.starts_with('"');
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'$', b'%', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'\\' {
            at += if quoted { 2 } else { 1 };
        } else {
            match token::introducers(bytes, at) {
                Some(run) if run != 2 => {
                    let start = at + run + 1;
                    at = filling_end(text, start);
                    pieces.push(Piece::Expression(text[start..at].trim_matches('~')));
                }
                _ => at += bytes[at..].iter().take_while(|byte| **byte == bytes[at]).count(),
            }
        }
        if at >= bytes.len() {
            return;
        }
    }
}

/// Where the `}` is that ends what begins at `at`; the end of the text when there is none.
fn filling_end(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut braces = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'"' => match token::quoted(text, at) {
                Ok((_, end)) => end,
                Err(_) => return text.len(),
            },
            b'#' => token::line_comment(text, at),
            b'/' if bytes[at..].starts_with(b"//") => token::line_comment(text, at),
            b'/' if bytes[at..].starts_with(b"/*") => match token::block_comment(text, at) {
                Ok(end) => end,
                Err(_) => return text.len(),
            },
            b'}' if braces == 0 => return at,
            b'}' => {
                braces -= 1;
                at + 1
            }
            b'{' => {
                braces += 1;
                at + 1
            }
            _ => at + 1,
        };
    }
    text.len()
}
