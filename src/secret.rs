//! Wiping, unprintable wrappers for secret bytes and text, and the one call to the operating system's random source.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Secret bytes: wiped on drop, shown as `[REDACTED]`, compared in constant time.
#[derive(Default)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes ownership of `bytes`; they are wiped when the value is dropped.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves. Call it as late as possible and do not copy the result.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Constant-time comparison (lengths are not secret).
    pub fn same(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretBytes {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// Secret UTF-8 text: wiped on drop, shown as `[REDACTED]`, compared in constant time.
#[derive(Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes ownership of `text`; it is wiped when the value is dropped.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Call it as late as possible and do not copy the result.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Constant-time comparison (lengths are not secret).
    pub fn same(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// Empties `buffer` and gives it room for `length` bytes. A buffer that is too small is replaced, because growing one would
/// leave its old content, unwiped, in freed memory.
pub fn make_room(buffer: &mut Zeroizing<Vec<u8>>, length: usize) {
    if buffer.capacity() < length {
        *buffer = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
    } else {
        buffer.clear();
    }
}

/// [`make_room`] for text.
pub fn make_room_for_text(buffer: &mut Zeroizing<String>, length: usize) {
    if buffer.capacity() < length {
        *buffer = Zeroizing::new(String::with_capacity(length.next_power_of_two()));
    } else {
        buffer.clear();
    }
}

/// The operating system gave no randomness. Nothing can be encrypted safely then.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random source failed")]
pub struct RandomError;

/// Fills `buffer` from the operating system's random source; the only place in the crate that does.
///
/// # Errors
/// [`RandomError`] when the source fails.
pub fn random(buffer: &mut [u8]) -> Result<(), RandomError> {
    use ring::rand::{SecureRandom, SystemRandom};
    SystemRandom::new().fill(buffer).map_err(|_| RandomError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", SecretBytes::new(b"hunter2".to_vec())), "[REDACTED]");
        assert_eq!(format!("{:?}", SecretText::new("hunter2".into())), "[REDACTED]");
    }

    #[test]
    fn comparison_sees_differences() {
        assert!(SecretText::new("a".into()).same(&SecretText::new("a".into())));
        assert!(!SecretBytes::new(vec![1]).same(&SecretBytes::new(vec![2])));
    }
}
