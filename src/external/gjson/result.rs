//! What a path finds (`gjson.Result`).

use std::ops::Deref;

use zeroize::Zeroizing;

use super::scan;
use crate::external::json::{FloatForm, float_text, parse_float};

/// Bytes of the JSON, or some that were made.
pub(super) enum Raw<'a> {
    Borrowed(&'a [u8]),
    Owned(Zeroizing<Vec<u8>>),
}

impl Default for Raw<'_> {
    fn default() -> Self {
        Self::Borrowed(b"")
    }
}

impl Deref for Raw<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Raw<'_> {
    pub(super) fn into_owned<'b>(self) -> Raw<'b> {
        Raw::Owned(match self {
            Self::Borrowed(bytes) => Zeroizing::new(bytes.to_vec()),
            Self::Owned(bytes) => bytes,
        })
    }
}

/// The kind of a value; `Json` is an object or an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    #[default]
    Null,
    False,
    Number,
    Text,
    True,
    Json,
}

/// A value, or nothing.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) kind: Kind,
    /// Its JSON.
    pub(super) raw: Raw<'a>,
    /// A string without quotes and escapes.
    pub(super) text: Raw<'a>,
    pub(super) number: f64,
}

impl<'a> Found<'a> {
    pub(super) fn of(kind: Kind, raw: &'a [u8]) -> Self {
        Self { kind, raw: Raw::Borrowed(raw), ..Self::default() }
    }

    pub(super) fn number(raw: &'a [u8]) -> Self {
        Self { number: parse_float(raw), ..Self::of(Kind::Number, raw) }
    }

    /// A string with its quotes.
    pub(super) fn text(raw: &'a [u8], escaped: bool) -> Self {
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        let text = if escaped { Raw::Owned(scan::unescape(inner)) } else { Raw::Borrowed(inner) };
        Self { text, ..Self::of(Kind::Text, raw) }
    }

    pub(super) fn made(raw: Zeroizing<Vec<u8>>) -> Self {
        Self { kind: Kind::Json, raw: Raw::Owned(raw), ..Self::default() }
    }

    pub(super) fn into_owned<'b>(self) -> Found<'b> {
        Found { kind: self.kind, raw: self.raw.into_owned(), text: self.text.into_owned(), number: self.number }
    }

    pub(super) fn exists(&self) -> bool {
        self.kind != Kind::Null || !self.raw.is_empty()
    }

    pub(super) fn is_object(&self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'{')
    }

    pub(super) fn is_array(&self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'[')
    }

    /// `Result.String()`
    pub(super) fn to_text(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self.kind {
            Kind::Null => vec![],
            Kind::False => b"false".to_vec(),
            Kind::True => b"true".to_vec(),
            Kind::Text => self.text.to_vec(),
            Kind::Json => self.raw.to_vec(),
            Kind::Number => {
                let digits = self.raw.strip_prefix(b"-").unwrap_or(&self.raw);
                if !self.raw.is_empty() && digits.iter().all(u8::is_ascii_digit) {
                    self.raw.to_vec()
                } else {
                    float_text(self.number, FloatForm::Plain).into_bytes()
                }
            }
        })
    }

    /// `Result.Bool()`
    pub(super) fn truth(&self) -> bool {
        match self.kind {
            Kind::True => true,
            Kind::Text => parse_bool(&self.text) == Some(true),
            Kind::Number => self.number != 0.0,
            _ => false,
        }
    }

    /// Where it is in `json`; nothing when it is not a part of it, or all of it.
    pub(super) fn index_in(&self, json: &[u8]) -> Option<usize> {
        let Raw::Borrowed(raw) = self.raw else { return None };
        let index = (raw.as_ptr() as usize).checked_sub(json.as_ptr() as usize)?;
        (index > 0 && !raw.is_empty() && index + raw.len() <= json.len()).then_some(index)
    }
}

/// `strconv.ParseBool(strings.ToLower(text))`
pub(super) fn parse_bool(text: &[u8]) -> Option<bool> {
    match text.to_ascii_lowercase().as_slice() {
        b"1" | b"t" | b"true" => Some(true),
        b"0" | b"f" | b"false" => Some(false),
        _ => None,
    }
}
