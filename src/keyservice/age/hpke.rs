//! Hybrid public key encryption (RFC 9180) as age uses it: base mode, one message, HKDF-SHA256 and ChaCha20-Poly1305.
//! What comes before, the agreement on a shared secret, is the key encapsulation's business.

use zeroize::Zeroizing;

use super::cipher::{self, LENGTH, NONCE, mac};

const HKDF_SHA256: [u8; 2] = [0, 1];
const CHACHA20POLY1305: [u8; 2] = [0, 3];

/// What two who agree on a shared secret encrypt with.
pub(super) struct Context {
    key: Zeroizing<[u8; LENGTH]>,
    nonce: [u8; NONCE],
}

impl Context {
    /// The key schedule, for the key encapsulation `kem` and the purpose `info`.
    pub(super) fn new(kem: u16, shared: &[u8], info: &[u8]) -> Self {
        let suite = [b"HPKE".as_slice(), &kem.to_be_bytes(), &HKDF_SHA256, &CHACHA20POLY1305].concat();
        let extract =
            |salt: &[u8], label: &str, material: &[u8]| mac(salt, &[b"HPKE-v1", &suite, label.as_bytes(), material]);
        // mode 0: base, without a pre-shared key
        let context = [&[0], &extract(b"", "psk_id_hash", b"")[..], &extract(b"", "info_hash", info)[..]].concat();
        let secret = extract(shared, "secret", b"");
        // no more than one block of HKDF is ever needed
        let expand = |label: &str, length: usize| {
            let length = [0, length as u8];
            mac(&secret[..], &[&length, b"HPKE-v1", &suite, label.as_bytes(), &context, &[1]])
        };
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&expand("base_nonce", NONCE)[..NONCE]);
        Self { key: expand("key", LENGTH), nonce }
    }

    /// Encrypts the one message. `None` only for messages that are too long for the cipher.
    pub(super) fn seal(&self, message: &[u8]) -> Option<Vec<u8>> {
        cipher::seal(&self.key, self.nonce, message)
    }

    /// Decrypts it. `None` when it was encrypted with another key, or changed since.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        cipher::open(&self.key, self.nonce, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyservice::age::hybrid::tests::{Vector, vector};

    #[test]
    fn the_key_schedule_is_the_published_one() {
        let Vector { info, shared_secret, key, base_nonce, .. } = vector();
        let context = Context::new(0x647a, &shared_secret, &info);
        assert_eq!(context.key[..], key);
        assert_eq!(context.nonce[..], base_nonce);
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let context = Context::new(1, &[1; 32], b"x");
        let mut sealed = context.seal(b"message").unwrap();
        assert_eq!(context.open(&sealed).unwrap().as_slice(), b"message");
        assert!(Context::new(1, &[1; 32], b"y").open(&sealed).is_none());
        assert!(Context::new(2, &[1; 32], b"x").open(&sealed).is_none());
        sealed[0] ^= 1;
        assert!(context.open(&sealed).is_none());
        assert!(context.open(b"short").is_none());
    }
}
