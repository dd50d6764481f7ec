//! One scalar as sops sees it: the type its reader resolves, and the bytes that are encrypted and hashed.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize;

/// A resolved scalar. Text borrows from the document where it can. `Debug` never shows the content.
///
/// What does not borrow is a copy of a secret: whoever asks a document for a value keeps it in `Zeroizing`.
#[derive(Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`, `~` or nothing at all: never encrypted, never hashed.
    Null,
    /// A boolean.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// An integer from 2^63 to 2^64-1, which sops cannot walk ("unknown type: uint64").
    BigInt(u64),
    /// A 64-bit float.
    Float(f64),
    /// A timestamp in RFC 3339 with up to nine fractional digits, trailing zeros trimmed, the offset kept.
    Time(String),
    /// Text.
    Str(Cow<'a, str>),
    /// Text that is not UTF-8 (from `!!binary`, or as decrypted).
    Bytes(Vec<u8>),
}

impl Value<'_> {
    /// Text when the bytes are UTF-8, else the bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Str(Cow::Owned(text)),
            Err(error) => Self::Bytes(error.into_bytes()),
        }
    }
}

/// Wipes what belongs to the value itself, and leaves null.
impl Zeroize for Value<'_> {
    fn zeroize(&mut self) {
        match self {
            Self::Str(Cow::Owned(text)) | Self::Time(text) => text.zeroize(),
            Self::Bytes(bytes) => bytes.zeroize(),
            Self::Int(number) => number.zeroize(),
            Self::BigInt(number) => number.zeroize(),
            Self::Float(number) => number.zeroize(),
            Self::Bool(state) => state.zeroize(),
            Self::Null | Self::Str(Cow::Borrowed(_)) => {}
        }
        *self = Self::Null;
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of several lines is a copy, and was dropped without being wiped.
    #[test]
    fn a_copy_is_wiped() {
        for mut value in [
            Value::Str(Cow::Owned("two\nlines".into())),
            Value::Str(Cow::Borrowed("one")),
            Value::Bytes(vec![0xFF]),
            Value::Time("2024-01-02T00:00:00Z".into()),
            Value::Int(7),
            Value::Float(1.5),
        ] {
            value.zeroize();
            assert!(value == Value::Null);
        }
    }
}
