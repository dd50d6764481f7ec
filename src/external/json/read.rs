//! Reads JSON by Go's rules.

use std::collections::BTreeMap;

use super::{Json, JsonError, MAX_DEPTH, Node};
use crate::external::sink::Sink;
use crate::secret::SecretText;
use crate::template::next_character;

/// Reads one JSON text, with space around it or not.
///
/// # Errors
/// [`JsonError`] when it is none, or nested too deeply.
pub fn read(text: &[u8]) -> Result<Node, JsonError> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.node(0)?;
    reader.spaces();
    if reader.at < text.len() { Err(reader.broken()) } else { Ok(node) }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn broken(&self) -> JsonError {
        JsonError::Syntax(self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, text: &[u8], value: Json) -> Result<Json, JsonError> {
        if !self.text[self.at..].starts_with(text) {
            return Err(self.broken());
        }
        self.at += text.len();
        Ok(value)
    }

    fn node(&mut self, depth: usize) -> Result<Node, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::Depth);
        }
        self.spaces();
        let start = self.at;
        let value = match self.peek().ok_or(self.broken())? {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => Json::Text(self.string()?),
            b't' => self.expect(b"true", Json::Bool(true))?,
            b'f' => self.expect(b"false", Json::Bool(false))?,
            b'n' => self.expect(b"null", Json::Null)?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(self.broken()),
        };
        Ok(Node { value, span: start..self.at })
    }

    /// After an item: whether another one comes.
    fn more(&mut self, close: u8) -> Result<bool, JsonError> {
        self.spaces();
        let next = self.peek().ok_or(self.broken())?;
        if next != b',' && next != close {
            return Err(self.broken());
        }
        self.at += 1;
        Ok(next == b',')
    }

    /// Past the bracket, and whether it is closed at once.
    fn is_empty(&mut self, close: u8) -> bool {
        self.at += 1;
        self.spaces();
        let empty = self.peek() == Some(close);
        self.at += usize::from(empty);
        empty
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut items = vec![];
        if !self.is_empty(b']') {
            loop {
                items.push(self.node(depth + 1)?);
                if !self.more(b']')? {
                    break;
                }
            }
        }
        Ok(Json::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut fields = BTreeMap::new();
        if !self.is_empty(b'}') {
            loop {
                self.spaces();
                if self.peek() != Some(b'"') {
                    return Err(self.broken());
                }
                let key = self.string()?.expose().to_owned();
                self.spaces();
                if self.peek() != Some(b':') {
                    return Err(self.broken());
                }
                self.at += 1;
                fields.insert(key, self.node(depth + 1)?);
                if !self.more(b'}')? {
                    break;
                }
            }
        }
        Ok(Json::Object(fields))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|next| next.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.broken()) }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let text = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        Ok(Json::Number(SecretText::new(text)))
    }

    fn string(&mut self) -> Result<SecretText, JsonError> {
        self.at += 1;
        let mut out = Sink::with_room(self.length());
        loop {
            let (next, size) = next_character(&self.text[self.at..]).ok_or(self.broken())?;
            let next = match next {
                '"' => break,
                '\0'..' ' => return Err(self.broken()),
                '\\' => {
                    self.at += 1;
                    self.escape()?
                }
                next => {
                    self.at += size;
                    next
                }
            };
            out.push(next.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.at += 1;
        // only characters went in
        let text = std::str::from_utf8(out.bytes()).map_err(|_| self.broken())?;
        Ok(SecretText::new(text.to_owned()))
    }

    /// How far it is to the closing quote, so that most strings are made in one piece.
    fn length(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'"').unwrap_or_default()
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let escape = self.peek().ok_or(self.broken())?;
        let next = match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex(self.at + 1).ok_or(self.broken())?;
                self.at += 5;
                if let Some(next) = char::from_u32(high) {
                    return Ok(next);
                }
                // a pair of surrogates; one alone is no character
                let low = if self.text[self.at..].starts_with(b"\\u") { self.hex(self.at + 2) } else { None };
                return match (high, low) {
                    (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                        self.at += 6;
                        char::from_u32(0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00))).ok_or(self.broken())
                    }
                    _ => Ok(char::REPLACEMENT_CHARACTER),
                };
            }
            _ => return Err(self.broken()),
        };
        self.at += 1;
        Ok(next)
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        digits.iter().try_fold(0, |all, digit| Some(all << 4 | char::from(*digit).to_digit(16)?))
    }
}
