//! Words in other cases: `snakecase`, `kebabcase`, `camelcase`, as xstrings 1.5.0 splits them.

use super::{Args, Function, Outcome, function};
use crate::template::options::Env;
use crate::template::text::Buffer;
use crate::template::unicode::{Runes, is_letter, is_number, is_punctuation, is_space, is_upper, to_lower, to_upper};
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("camelcase", "s", camel_case),
    function("kebabcase", "s", |env, args| lower_case(env, args, '-')),
    function("snakecase", "s", |env, args| lower_case(env, args, '_')),
];

fn is_connector(next: char) -> bool {
    next == '-' || next == '_' || is_space(next)
}

fn camel_case(env: &Env<'_>, args: &Args) -> Outcome {
    env.text(|out| camel(out, args.bytes(0)))
}

fn camel(out: &mut Buffer, text: &[u8]) {
    let mut runes = Runes(text).map(|(next, _)| next).peekable();
    let mut last = None;
    let mut first_upper = false;
    // connectors at the start stay
    for next in runes.by_ref() {
        last = Some(next);
        if !is_connector(next) {
            first_upper = is_upper(next);
            last = Some(to_upper(next));
            break;
        }
        out.push_char(next);
    }
    let Some(mut current) = last else { return };
    if runes.peek().is_none() {
        // as the peer has it: a text of connectors only ends in one more
        out.push_char(current);
        return;
    }
    for next in runes {
        let before = std::mem::replace(&mut current, next);
        if is_connector(current) && is_connector(before) {
            out.push_char(before);
            continue;
        }
        if is_connector(before) {
            first_upper = is_upper(current);
            current = to_upper(current);
        } else {
            if first_upper {
                if is_upper(current) {
                    current = to_lower(current);
                } else {
                    first_upper = false;
                }
            }
            out.push_char(before);
        }
    }
    out.push_char(current);
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// Whether xstrings takes it for a letter of a word: a letter, but none of Chinese, Japanese or Korean.
fn is_alphabet(next: char) -> bool {
    is_letter(next) && !matches!(next, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}')
}

/// The characters that are valid, with where each one ends.
fn run_length(text: &[u8], fits: impl Fn(char) -> bool) -> usize {
    let mut length = 0;
    for (next, size) in Runes(text) {
        // invalid bytes belong to whatever is around them
        if !(next == char::REPLACEMENT_CHARACTER || fits(next)) {
            break;
        }
        length += size;
    }
    length
}

/// The first word, and what is left.
fn next_word(text: &[u8]) -> (Kind, &[u8], &[u8]) {
    let valid = Runes(text).find(|(next, _)| *next != char::REPLACEMENT_CHARACTER);
    let Some((first, _)) = valid else { return (Kind::Invalid, text, b"") };
    let small = |next: char| is_alphabet(next) && !is_upper(next);
    let (kind, length) = if is_connector(first) {
        (Kind::Connector, run_length(text, is_connector))
    } else if is_punctuation(first) {
        (Kind::Punctuation, run_length(text, is_punctuation))
    } else if is_upper(first) {
        (Kind::Upper, upper_length(text))
    } else if is_alphabet(first) {
        (Kind::Alphabet, run_length(text, small))
    } else if is_number(first) {
        (Kind::Number, run_length(text, is_number))
    } else {
        let other = |next: char| !(is_connector(next) || is_alphabet(next) || is_number(next) || is_punctuation(next));
        (Kind::Other, run_length(text, other))
    };
    let (word, rest) = text.split_at(length);
    (kind, word, rest)
}

/// A word that begins with an upper case letter: `HTTP` of `HTTPServer`, or `Server`.
fn upper_length(text: &[u8]) -> usize {
    let upper = run_length(text, is_upper);
    let count = Runes(&text[..upper]).count();
    let Some((next, _)) = Runes(&text[upper..]).next() else { return upper };
    if count > 1 {
        // the last upper case letter begins the next word
        let last = Runes(&text[..upper]).last().map_or(0, |(_, size)| size);
        return if is_alphabet(next) { upper - last } else { upper };
    }
    upper + run_length(&text[upper..], |next| is_alphabet(next) && !is_upper(next))
}

fn lower_case(env: &Env<'_>, args: &Args, connector: char) -> Outcome {
    if args.bytes(0).is_empty() {
        return Ok(Value::text(""));
    }
    env.text(|out| Lower { out, connector }.run(args.bytes(0)))
}

struct Lower<'a> {
    out: &'a mut Buffer,
    connector: char,
}

impl Lower<'_> {
    fn word(&mut self, kind: Kind, word: &[u8]) {
        if kind != Kind::Upper && kind != Kind::Connector {
            self.out.push(word);
            return;
        }
        for (next, _) in Runes(word) {
            self.out.push_char(if is_connector(next) { self.connector } else { to_lower(next) });
        }
    }

    fn connect(&mut self, kind: Kind, but: &[Kind]) {
        if !but.contains(&kind) {
            self.out.push_char(self.connector);
        }
    }

    fn run(&mut self, text: &[u8]) {
        const BETWEEN: [Kind; 3] = [Kind::Invalid, Kind::Punctuation, Kind::Connector];
        let (mut kind, mut word, mut rest) = next_word(text);
        while !rest.is_empty() {
            if kind != Kind::Connector {
                self.word(kind, word);
            }
            let (before, last) = (kind, word);
            (kind, word, rest) = next_word(rest);
            match before {
                Kind::Number => {
                    (kind, word, rest) = self.letters_and_numbers(kind, word, rest);
                    self.connect(kind, &BETWEEN);
                }
                Kind::Connector => self.word(before, last),
                Kind::Punctuation => {}
                _ if kind != Kind::Number => self.connect(kind, &BETWEEN[1..]),
                _ if rest.is_empty() => {}
                _ => {
                    let number = word;
                    (kind, word, rest) = next_word(rest);
                    if kind == Kind::Alphabet {
                        // small letters after a number: it is a word with them
                        self.out.push_char(self.connector);
                        self.word(Kind::Number, number);
                        (kind, word, rest) = self.letters_and_numbers(kind, word, rest);
                        self.connect(kind, &BETWEEN);
                    } else {
                        self.word(Kind::Number, number);
                        self.connect(kind, &BETWEEN[1..]);
                    }
                }
            }
        }
        self.word(kind, word);
    }

    fn letters_and_numbers<'t>(&mut self, kind: Kind, word: &'t [u8], rest: &'t [u8]) -> (Kind, &'t [u8], &'t [u8]) {
        let (mut kind, mut word, mut rest) = (kind, word, rest);
        while matches!(kind, Kind::Alphabet | Kind::Number) {
            self.word(kind, word);
            (kind, word, rest) =
                if rest.is_empty() { (Kind::Invalid, b"".as_slice(), b"".as_slice()) } else { next_word(rest) };
        }
        (kind, word, rest)
    }
}
