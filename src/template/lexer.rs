//! From text to tokens, as `text/template/parse/lex.go` of Go 1.26 does it.

use super::unicode::is_alphanumeric;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Broken text; the message.
    Error(&'static str),
    /// `true` or `false`
    Bool,
    /// Any other printable ASCII character.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

/// A token: its kind and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

fn keyword(word: &str) -> Kind {
    match word {
        "block" => Kind::Block,
        "break" => Kind::Break,
        "continue" => Kind::Continue,
        "define" => Kind::Define,
        "else" => Kind::Else,
        "end" => Kind::End,
        "if" => Kind::If,
        "range" => Kind::Range,
        "nil" => Kind::Nil,
        "template" => Kind::Template,
        "with" => Kind::With,
        "true" | "false" => Kind::Bool,
        _ => Kind::Identifier,
    }
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

struct Lexer<'a> {
    text: &'a str,
    left: &'a str,
    right: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

/// All tokens of `text`; the last one is an error or the end.
pub(super) fn tokens(text: &str, left: &str, right: &str) -> Vec<Token> {
    let left = if left.is_empty() { "{{" } else { left };
    let right = if right.is_empty() { "}}" } else { right };
    let mut lexer = Lexer { text, left, right, at: 0, tokens: vec![] };
    if let Err(message) = lexer.run() {
        lexer.emit(Kind::Error(message), lexer.at);
    }
    lexer.emit(Kind::Eof, lexer.at);
    lexer.tokens
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn emit(&mut self, kind: Kind, start: usize) {
        self.tokens.push(Token { kind, start, end: self.at });
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek().is_some_and(|next| wanted.contains(next));
        if found {
            self.next();
        }
        found
    }

    fn accept_run(&mut self, wanted: &str) {
        while self.accept(wanted) {}
    }

    fn run(&mut self) -> Result<(), &'static str> {
        while !self.rest().is_empty() {
            let start = self.at;
            let Some(found) = self.rest().find(self.left) else {
                self.at = self.text.len();
                self.emit(Kind::Text, start);
                return Ok(());
            };
            let delimiter = start + found;
            let after = delimiter + self.left.len();
            let trim = trims_left(&self.text[after..]);
            let plain = &self.text[start..delimiter];
            self.at = start + if trim { plain.trim_end_matches(SPACES).len() } else { plain.len() };
            if self.at > start {
                self.emit(Kind::Text, start);
            }
            self.at = after;
            self.emit(Kind::LeftDelim, delimiter);
            self.at += if trim { 2 } else { 0 };
            if self.rest().starts_with("/*") {
                self.tokens.pop();
                self.comment()?;
            } else {
                self.action()?;
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), &'static str> {
        let length = self.rest()[2..].find("*/").ok_or("a comment is not closed")?;
        self.at += length + 4;
        match self.right_delimiter() {
            Some(length) => {
                self.close(length);
                Ok(())
            }
            None => Err("a comment ends before the end of its action"),
        }
    }

    /// The length of the right delimiter here, with its trim marker.
    fn right_delimiter(&self) -> Option<usize> {
        if trims_right(self.rest()) && self.rest()[2..].starts_with(self.right) {
            return Some(self.right.len() + 2);
        }
        self.rest().starts_with(self.right).then_some(self.right.len())
    }

    /// Goes behind the right delimiter, and behind the spaces that it trims.
    fn close(&mut self, length: usize) {
        self.at += length;
        if length > self.right.len() {
            self.at = self.text.len() - self.rest().trim_start_matches(SPACES).len();
        }
    }

    fn action(&mut self) -> Result<(), &'static str> {
        let mut parens = 0_usize;
        loop {
            let start = self.at;
            if let Some(length) = self.right_delimiter() {
                if parens > 0 {
                    return Err("a left parenthesis is not closed");
                }
                self.at += length;
                self.emit(Kind::RightDelim, start);
                self.at = start;
                self.close(length);
                return Ok(());
            }
            let kind = match self.next() {
                None => return Err("an action is not closed"),
                Some(next) if SPACES.contains(&next) => {
                    while self.right_delimiter().is_none() && self.peek().is_some_and(|next| SPACES.contains(&next)) {
                        self.next();
                    }
                    Kind::Space
                }
                Some('=') => Kind::Assign,
                Some(':') if self.next() == Some('=') => Kind::Declare,
                Some(':') => return Err("a colon without an equals sign"),
                Some('|') => Kind::Pipe,
                Some('"') => self.quoted('"', Kind::String, "a string is not closed")?,
                Some('\'') => self.quoted('\'', Kind::CharConstant, "a character constant is not closed")?,
                Some('`') => {
                    let length = self.rest().find('`').ok_or("a raw string is not closed")?;
                    self.at += length + 1;
                    Kind::RawString
                }
                Some('$') => self.word(Kind::Variable)?,
                Some('.') if !self.peek().is_some_and(|next| next.is_ascii_digit()) => self.word(Kind::Field)?,
                Some('.' | '+' | '-' | '0'..='9') => {
                    self.at = start;
                    self.number()?
                }
                Some(next) if is_alphanumeric(next) => self.word(Kind::Identifier)?,
                Some('(') => {
                    parens += 1;
                    Kind::LeftParen
                }
                Some(')') => {
                    parens = parens.checked_sub(1).ok_or("a right parenthesis without a left one")?;
                    Kind::RightParen
                }
                Some('!'..='~') => Kind::Char,
                Some(_) => return Err("a character that has no meaning in an action"),
            };
            self.emit(kind, start);
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind, message: &'static str) -> Result<Kind, &'static str> {
        loop {
            match self.next() {
                Some('\\') if self.peek().is_some_and(|next| next != '\n') => {
                    self.next();
                }
                None | Some('\n' | '\\') => return Err(message),
                Some(next) if next == quote => return Ok(kind),
                Some(_) => {}
            }
        }
    }

    /// A field, a variable or an identifier; its first character was read.
    fn word(&mut self, kind: Kind) -> Result<Kind, &'static str> {
        let start = self.text[..self.at].char_indices().next_back().map_or(0, |(at, _)| at);
        if kind != Kind::Identifier && self.at_terminator() {
            return Ok(if kind == Kind::Field { Kind::Dot } else { kind });
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if !self.at_terminator() {
            return Err("a character that cannot stand in or after a name");
        }
        Ok(if kind == Kind::Identifier { keyword(&self.text[start..self.at]) } else { kind })
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with(self.right),
        }
    }

    fn number(&mut self) -> Result<Kind, &'static str> {
        const BAD: &str = "a malformed number";
        if !self.scan_number() {
            return Err(BAD);
        }
        if !self.peek().is_some_and(|next| "+-".contains(next)) {
            return Ok(Kind::Number);
        }
        // the second half of a complex number
        if self.scan_number() && self.text[..self.at].ends_with('i') { Ok(Kind::Complex) } else { Err(BAD) }
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        let (mut decimal, mut hex) = (true, false);
        if self.accept("0") {
            if self.accept("xX") {
                (digits, decimal, hex) = ("0123456789abcdefABCDEF_", false, true);
            } else if self.accept("oO") {
                (digits, decimal) = ("01234567_", false);
            } else if self.accept("bB") {
                (digits, decimal) = ("01_", false);
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if (decimal && self.accept("eE")) || (hex && self.accept("pP")) {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        self.accept("i");
        !self.peek().is_some_and(is_alphanumeric)
    }
}

fn trims_left(text: &str) -> bool {
    matches!(text.as_bytes(), [b'-', b' ' | b'\t' | b'\r' | b'\n', ..])
}

fn trims_right(text: &str) -> bool {
    matches!(text.as_bytes(), [b' ' | b'\t' | b'\r' | b'\n', b'-', ..])
}
