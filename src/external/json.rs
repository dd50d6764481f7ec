//! JSON as Go's `encoding/json` reads and writes it, in memory that is wiped: numbers keep their spelling, every value knows
//! where in the text it stands, and floats have Go's three text forms.

mod float;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::secret::{SecretBytes, SecretText};

pub use float::{FloatForm, float_text, parse_float};
pub use read::read;
pub(crate) use write::write_text;

use super::sink::Sink;

/// Deepest nesting that is read. Go's limit is 10000; no secret is nested like this one.
pub const MAX_DEPTH: usize = 500;

/// Why a text cannot be read or written as JSON. It never says what the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is no JSON.
    #[error("it is not JSON (byte {0})")]
    Syntax(usize),
    /// It is nested more deeply than [`MAX_DEPTH`].
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    Depth,
    /// A number is too large for a float, which is what Go reads it as.
    #[error("a number in it is out of range")]
    Range,
    /// Something else than an object is where only an object can be.
    #[error("it is not a JSON object")]
    NoObject,
}

/// A value and where it stands.
pub struct Node {
    /// The value.
    pub value: Json,
    /// Its bytes in the text that was read, without space around them.
    pub span: Range<usize>,
}

/// A value.
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it is spelled.
    Number(SecretText),
    /// A string. What is not UTF-8 has become U+FFFD, as in Go.
    Text(SecretText),
    /// An array.
    Array(Vec<Node>),
    /// An object, by its keys; of equal keys the last one counts.
    Object(BTreeMap<String, Node>),
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// As they were read (`json.Number`).
    Spelled,
    /// As the floats that Go reads them as: large integers are rounded.
    Floats,
    /// Integers as they were read, all others as floats.
    KeepIntegers,
}

/// How JSON is written: always on one line, keys sorted by bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether `<`, `>` and `&` are escaped (`json.Marshal` does).
    pub html: bool,
    /// The numbers.
    pub numbers: Numbers,
}

impl Node {
    /// Its fields.
    ///
    /// # Errors
    /// [`JsonError::NoObject`] when it is none.
    pub fn object(self) -> Result<BTreeMap<String, Node>, JsonError> {
        match self.value {
            Json::Object(fields) => Ok(fields),
            _ => Err(JsonError::NoObject),
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// [`JsonError::Range`] when a number has to be a float and is too large.
    pub fn to_json(&self, style: Style) -> Result<SecretBytes, JsonError> {
        let mut out = Sink::with_room(self.span.len() + 16);
        self.write(&mut out, style)?;
        Ok(out.finish())
    }

    /// As the bytes of a Secret (external-secrets 2.9 `runtime/esutils/utils.go:GetByteValue`): a string without quotes,
    /// nothing for null, a number without exponent, anything else as JSON.
    ///
    /// # Errors
    /// [`JsonError::Range`] when a number has to be a float and is too large.
    pub fn to_bytes(&self, style: Style) -> Result<SecretBytes, JsonError> {
        Ok(match &self.value {
            Json::Null => SecretBytes::default(),
            Json::Text(text) => SecretBytes::new(text.expose().as_bytes().to_vec()),
            Json::Number(text) => {
                SecretBytes::new(write::number(text.expose(), style.numbers, FloatForm::Plain)?.into_bytes())
            }
            _ => self.to_json(style)?,
        })
    }
}
