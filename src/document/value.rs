//! One scalar as sops sees it: the type its reader resolves, and the bytes that are encrypted and hashed.

use std::borrow::Cow;
use std::fmt;

/// A resolved scalar. Text borrows from the document where it can. `Debug` never shows the content.
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

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}
