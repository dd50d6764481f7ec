//! Wiping, unprintable wrappers for secret bytes and text, and the one call to the operating system's random source.

use std::fmt;

use aes_gcm::aead::rand_core::{CryptoRng, Error, RngCore};
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

/// That source, for what `ring` makes.
pub fn source() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// That source, for libraries that take no answer but yes: whoever lends it asks afterwards whether it failed, and does not use what
/// was made with one that did.
#[derive(Default)]
pub struct Random {
    /// Whether the source failed even once.
    pub has_failed: bool,
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, buffer: &mut [u8]) {
        if random(buffer).is_err() {
            self.has_failed = true;
            // whoever waits for a number other than zero must not wait for ever
            buffer.fill(1);
        }
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(buffer);
        Ok(())
    }
}

impl CryptoRng for Random {}

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

    #[test]
    fn numbers_differ() {
        let mut random = Random::default();
        assert_ne!(random.next_u64(), random.next_u64());
        let mut bytes = [0; 64];
        random.try_fill_bytes(&mut bytes).unwrap();
        assert!(bytes.iter().any(|byte| *byte > 1) && !random.has_failed);
        let word = random.next_u32();
        assert!((0..8).any(|_| random.next_u32() != word));
    }
}
