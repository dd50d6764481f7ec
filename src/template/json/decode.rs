//! JSON as values: numbers are floats, as Go has them where nothing says otherwise.

use std::collections::BTreeMap;

use crate::template::error::{Fault, Limit};
use crate::template::format::MAX_NESTING;
use crate::template::number::parse_float;
use crate::template::text::Text;
use crate::template::unicode::decode as next_character;
use crate::template::value::{Element, Map, Value};

const BROKEN: Fault = Fault::Because("that is no JSON");

/// Reads one JSON text; `charge` is told how many values are made. As Go has it, a number that no float can hold is nil; the
/// second result says whether there was one.
pub(in crate::template) fn decode(
    text: &[u8],
    charge: impl Fn(usize) -> Result<(), Limit>,
) -> Result<(Value, bool), Fault> {
    let mut decoder = Decoder { text, at: 0, charge: &charge, too_large: false };
    let value = decoder.value(0)?;
    decoder.spaces();
    if decoder.at < text.len() { Err(BROKEN) } else { Ok((value, decoder.too_large)) }
}

struct Decoder<'a> {
    text: &'a [u8],
    at: usize,
    charge: &'a dyn Fn(usize) -> Result<(), Limit>,
    /// A number was too large for a float.
    too_large: bool,
}

impl Decoder<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, text: &[u8]) -> Result<(), Fault> {
        if !self.text[self.at..].starts_with(text) {
            return Err(BROKEN);
        }
        self.at += text.len();
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > MAX_NESTING {
            return Err(Limit::Depth.into());
        }
        (self.charge)(1)?;
        self.spaces();
        match self.peek().ok_or(BROKEN)? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => Ok(Value::Text(self.string()?)),
            b't' => self.expect(b"true").map(|()| Value::Bool(true)),
            b'f' => self.expect(b"false").map(|()| Value::Bool(false)),
            b'n' => self.expect(b"null").map(|()| Value::Nil),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(BROKEN),
        }
    }

    /// After an item: whether another one comes.
    fn more(&mut self, close: u8) -> Result<bool, Fault> {
        self.spaces();
        let next = self.peek().ok_or(BROKEN)?;
        self.at += 1;
        match next {
            b',' => Ok(true),
            next if next == close => Ok(false),
            _ => Err(BROKEN),
        }
    }

    /// The bracket, and whether it is closed at once.
    fn is_empty(&mut self, close: u8) -> bool {
        self.at += 1;
        self.spaces();
        let empty = self.peek() == Some(close);
        if empty {
            self.at += 1;
        }
        empty
    }

    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = vec![];
        if !self.is_empty(b']') {
            loop {
                items.push(self.value(depth + 1)?);
                if !self.more(b']')? {
                    break;
                }
            }
        }
        Ok(Value::list(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut entries = BTreeMap::new();
        if !self.is_empty(b'}') {
            loop {
                self.spaces();
                if self.peek() != Some(b'"') {
                    return Err(BROKEN);
                }
                let key = self.string()?;
                self.spaces();
                self.expect(b":")?;
                entries.insert(key, self.value(depth + 1)?);
                if !self.more(b'}')? {
                    break;
                }
            }
        }
        Ok(Value::Map(Map::new(Element::Any, entries)))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|next| next.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(BROKEN) }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
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
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let number = std::str::from_utf8(&self.text[start..self.at]).ok().and_then(parse_float);
        self.too_large |= number.is_none();
        Ok(number.map_or(Value::Nil, Value::Float))
    }

    fn string(&mut self) -> Result<Text, Fault> {
        self.at += 1;
        let mut out = zeroize::Zeroizing::new(Vec::with_capacity(self.length()));
        loop {
            let (next, size) = next_character(&self.text[self.at..]).ok_or(BROKEN)?;
            self.at += size;
            let next = match next {
                '"' => return Ok(out.into()),
                '\0'..' ' => return Err(BROKEN),
                '\\' => self.escape()?,
                next => next,
            };
            out.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// No string of the text from here to its closing quote is longer; an invalid byte becomes three.
    fn length(&self) -> usize {
        let mut escaped = false;
        let end = self.text[self.at..].iter().position(|byte| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        });
        let length = end.unwrap_or_default();
        if std::str::from_utf8(&self.text[self.at..self.at + length]).is_ok() { length } else { length * 3 }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let escape = self.peek().ok_or(BROKEN)?;
        self.at += 1;
        Ok(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex(self.at).ok_or(BROKEN)?;
                self.at += 4;
                if let Some(next) = char::from_u32(high) {
                    return Ok(next);
                }
                // a pair of surrogates; one alone is no character
                let low = if self.text[self.at..].starts_with(b"\\u") { self.hex(self.at + 2) } else { None };
                match (high, low) {
                    (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                        self.at += 6;
                        char::from_u32(0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00))).ok_or(BROKEN)?
                    }
                    _ => char::REPLACEMENT_CHARACTER,
                }
            }
            _ => return Err(BROKEN),
        })
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        digits.iter().try_fold(0, |all, digit| Some(all << 4 | char::from(*digit).to_digit(16)?))
    }
}
