//! Randomness for a library that takes no answer but yes: from our one source, and whoever uses it asks afterwards.

use aes_gcm::aead::rand_core::{CryptoRng, Error, RngCore};

use crate::secret;

/// The operating system's random source. What was made with one that has failed must not be used.
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
        if secret::random(buffer).is_err() {
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
