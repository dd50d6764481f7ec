//! Keys of Secrets made from names in stores: converted, and checked (external-secrets 2.9 `runtime/esutils/utils.go:ConvertKeys`
//! and `ValidateKeys`).

use std::collections::BTreeMap;
use std::fmt::Write;

use super::resource::external_secret::Conversion;
use crate::secret::SecretBytes;
use crate::template::{is_letter, is_number};

/// Longest key, in bytes.
pub const MAX_LENGTH: usize = 253;

/// Why a key cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Two keys become the same.
    #[error("two keys become `{0}`")]
    Collision(String),
    /// It is longer than [`MAX_LENGTH`].
    #[error("the key `{0}` is longer than {MAX_LENGTH} bytes")]
    Length(String),
    /// It has a character that no key has.
    #[error("the key `{key}` has the character {character:?}; letters, digits, `-`, `.` and `_` are allowed")]
    Character {
        /// The key.
        key: String,
        /// The character.
        character: char,
    },
}

/// Values by their keys.
pub type Values = BTreeMap<String, SecretBytes>;

fn is_allowed(next: char) -> bool {
    matches!(next, '-' | '.' | '_') || is_letter(next) || is_number(next)
}

/// Replaces what keys cannot have.
///
/// # Errors
/// [`KeyError::Collision`]
pub fn convert(conversion: Conversion, values: Values) -> Result<Values, KeyError> {
    let mut converted = Values::new();
    for (key, value) in values {
        let mut name = String::with_capacity(key.len());
        for next in key.chars() {
            match conversion {
                _ if is_allowed(next) => name.push(next),
                Conversion::Default => name.push('_'),
                Conversion::Unicode => {
                    // a string takes everything
                    let _ = write!(name, "_U{:04x}_", u32::from(next));
                }
            }
        }
        if converted.contains_key(&name) {
            return Err(KeyError::Collision(name));
        }
        converted.insert(name, value);
    }
    Ok(converted)
}

/// Checks all keys; the empty one is left out.
///
/// # Errors
/// [`KeyError`]
pub fn validate(mut values: Values) -> Result<Values, KeyError> {
    values.remove("");
    for key in values.keys() {
        if key.len() > MAX_LENGTH {
            return Err(KeyError::Length(key.clone()));
        }
        if let Some(character) = key.chars().find(|next| !is_allowed(*next)) {
            return Err(KeyError::Character { key: key.clone(), character });
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(keys: &[&str]) -> Values {
        keys.iter().map(|key| ((*key).to_owned(), SecretBytes::default())).collect()
    }

    fn names(values: &Values) -> Vec<&str> {
        values.keys().map(String::as_str).collect()
    }

    #[test]
    fn conversion() {
        for (key, default, unicode) in [
            ("a/b", "a_b", "a_U002f_b"),
            ("a-b.c_d9", "a-b.c_d9", "a-b.c_d9"),
            ("é", "é", "é"),
            ("Ⅷ½", "Ⅷ½", "Ⅷ½"),
            ("a\u{301}", "a_", "a_U0301_"),
            ("😀 ", "__", "_U1f600__U0020_"),
            ("", "", ""),
        ] {
            assert_eq!(names(&convert(Conversion::Default, values(&[key])).unwrap()), [default], "{key}");
            assert_eq!(names(&convert(Conversion::Unicode, values(&[key])).unwrap()), [unicode], "{key}");
        }
        let collision = convert(Conversion::Default, values(&["a/b", "a:b"])).unwrap_err();
        assert_eq!(collision, KeyError::Collision("a_b".to_owned()));
        assert_eq!(names(&convert(Conversion::Unicode, values(&["a/b", "a:b"])).unwrap()), ["a_U002f_b", "a_U003a_b"]);
    }

    #[test]
    fn validation() {
        assert_eq!(names(&validate(values(&["", "a-.é1"])).unwrap()), ["a-.é1"]);
        let long = "é".repeat(127);
        assert_eq!(validate(values(&[&long])).unwrap_err(), KeyError::Length(long));
        assert!(validate(values(&[&"k".repeat(253)])).is_ok());
        let error = validate(values(&["a/b"])).unwrap_err();
        assert_eq!(error, KeyError::Character { key: "a/b".to_owned(), character: '/' });
    }
}
