//! Values and the bytes sops encrypts and hashes: the same for both (`sops.go:ToBytes`, `aes/cipher.go:Encrypt, Decrypt`).

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use super::{number, time};
use crate::document::value::Value;
use crate::secret::make_room;

/// The `type:` word of an encrypted value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TypeWord {
    /// Text, or any bytes.
    Str,
    /// A 64-bit signed integer.
    Int,
    /// A 64-bit float.
    Float,
    /// A boolean.
    Bool,
    /// A timestamp.
    Time,
    /// Raw bytes. Never written: sops panics on it.
    Bytes,
    /// A comment.
    Comment,
}

impl TypeWord {
    /// The word as it stands in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::Bytes => "bytes",
            Self::Comment => "comment",
        }
    }

    /// The word read from a file; `None` when sops does not know it.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Str, Self::Int, Self::Float, Self::Bool, Self::Time, Self::Bytes, Self::Comment]
            .into_iter()
            .find(|known| known.as_str() == word)
    }
}

/// A value that decrypted well but does not read as its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlaintext {
    /// Not a 64-bit decimal integer.
    #[error("the decrypted value is not an integer")]
    Int,
    /// Not a float, or beyond the range of one.
    #[error("the decrypted value is not a float")]
    Float,
    /// Not one of Go's boolean words.
    #[error("the decrypted value is not a boolean")]
    Bool,
    /// Not RFC 3339, or with an offset that cannot be written again.
    #[error("the decrypted value is not a timestamp")]
    Time,
}

/// The word `value` is encrypted under. Null is never encrypted; asking for it gives [`TypeWord::Str`].
pub fn type_word(value: &Value<'_>) -> TypeWord {
    match value {
        Value::Null | Value::Str(_) | Value::Bytes(_) => TypeWord::Str,
        Value::Bool(_) => TypeWord::Bool,
        Value::Int(_) | Value::BigInt(_) => TypeWord::Int,
        Value::Float(_) => TypeWord::Float,
        Value::Time(_) => TypeWord::Time,
    }
}

/// Appends the bytes sops encrypts and hashes for `value`; false, and nothing appended, for null. (sops itself stops at a
/// [`Value::BigInt`]; its digits are given for callers that carry it on.)
pub fn append_plain_bytes(value: &Value<'_>, out: &mut Vec<u8>) -> bool {
    use fmt::Write;
    let mut sink = Sink(out);
    // Writing to memory cannot fail.
    let _ = match value {
        Value::Null => return false,
        Value::Bool(true) => sink.write_str("True"),
        Value::Bool(false) => sink.write_str("False"),
        Value::Int(number) => write!(sink, "{number}"),
        Value::BigInt(number) => write!(sink, "{number}"),
        Value::Float(number) => {
            number::push_float_f(*number, &mut sink);
            Ok(())
        }
        Value::Time(text) => sink.write_str(text),
        Value::Str(text) => sink.write_str(text),
        Value::Bytes(bytes) => {
            sink.0.extend_from_slice(bytes);
            Ok(())
        }
    };
    true
}

/// Most characters of a number written without an exponent, or of a time.
const LONGEST_NUMBER: usize = 400;

/// [`append_plain_bytes`] in place of what `out` held, which is wiped; `out` never grows while it is written.
pub fn write_plain_bytes(value: &Value<'_>, out: &mut Zeroizing<Vec<u8>>) -> bool {
    make_room(out, plain_room(value));
    append_plain_bytes(value, out)
}

/// How many bytes the plain bytes of a value are at most.
pub fn plain_room(value: &Value<'_>) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Time(text) => text.len(),
        _ => LONGEST_NUMBER,
    }
}

/// Lets numbers be written straight into the caller's buffer, which is wiped, and not through a temporary, which would not be.
struct Sink<'a>(&'a mut Vec<u8>);

impl fmt::Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Decrypted bytes back to a value, as leniently as Go's `Atoi`, `ParseFloat`, `ParseBool` and `Time.UnmarshalText`.
///
/// # Errors
/// [`BadPlaintext`] when they do not read as `type_word`.
pub fn from_plain_bytes(bytes: &[u8], type_word: TypeWord) -> Result<Value<'static>, BadPlaintext> {
    let text = std::str::from_utf8(bytes);
    match type_word {
        TypeWord::Str | TypeWord::Bytes | TypeWord::Comment => Ok(match text {
            Ok(text) => Value::Str(Cow::Owned(text.to_owned())),
            Err(_) => Value::Bytes(bytes.to_vec()),
        }),
        // Beyond sops, the integers that it cannot walk read back as what was encrypted.
        TypeWord::Int => text
            .ok()
            .and_then(|text| {
                let int = number::parse_atoi(text).map(Value::Int);
                int.or_else(|| text.parse().ok().map(Value::BigInt))
            })
            .ok_or(BadPlaintext::Int),
        TypeWord::Float => text.ok().and_then(number::parse_float).map(Value::Float).ok_or(BadPlaintext::Float),
        TypeWord::Time => text.ok().and_then(time::from_rfc3339).map(Value::Time).ok_or(BadPlaintext::Time),
        TypeWord::Bool => match bytes {
            b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True" => Ok(Value::Bool(true)),
            b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False" => Ok(Value::Bool(false)),
            _ => Err(BadPlaintext::Bool),
        },
    }
}
