//! The public half of a sealing key: sealing.

mod montgomery;
mod oaep;

use ring::digest::{SHA256, digest};
use rsa::BigUint;
use zeroize::{Zeroize, Zeroizing};

use super::blob;
use crate::secret::{self, RandomError};
use montgomery::Modulus;

/// The smallest key that we seal with; OpenSSL and Go hold smaller ones for broken, too.
pub const MIN_BITS: usize = 2048;
/// The largest key that we seal with and open.
pub const MAX_BITS: usize = 8192;

/// Why a value cannot be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// No randomness.
    #[error("the operating system's random source failed")]
    Random,
    /// A value of more than 64 GiB.
    #[error("the value is too large to be sealed")]
    TooLarge,
}

impl From<RandomError> for SealError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

/// A key that must not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitKey {
    /// Too small to be safe, or too large to be meant.
    #[error("the RSA key has {bits} bits; between {MIN_BITS} and {MAX_BITS} are taken")]
    Size {
        /// Bits of the modulus.
        bits: usize,
    },
    /// A modulus that is even, or an exponent that no key has.
    #[error("the RSA key is malformed")]
    Malformed,
}

/// The public half of a sealing key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    modulus: Modulus,
    exponent: u64,
    fingerprint: String,
}

impl PublicKey {
    /// The key with this modulus and exponent, both big-endian; zeros in front are ignored.
    ///
    /// # Errors
    /// [`UnfitKey`].
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, UnfitKey> {
        let n = BigUint::from_bytes_be(modulus);
        let bits = n.bits();
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(UnfitKey::Size { bits });
        }
        let e = BigUint::from_bytes_be(exponent).to_bytes_be();
        let mut padded = [0; 8];
        let start = padded.len().checked_sub(e.len()).ok_or(UnfitKey::Malformed)?;
        padded[start..].copy_from_slice(&e);
        let exponent = u64::from_be_bytes(padded);
        // Go takes exponents up to 2^31 - 1; an even one cannot be undone
        if exponent < 3 || exponent % 2 == 0 || exponent >= 1 << 31 {
            return Err(UnfitKey::Malformed);
        }
        let fingerprint = fingerprint(&n.to_bytes_be(), &e);
        let modulus = Modulus::new(&n).ok_or(UnfitKey::Malformed)?;
        Ok(Self { modulus, exponent, fingerprint })
    }

    /// Bits of the modulus.
    pub fn bits(&self) -> usize {
        self.modulus.bits()
    }

    /// `SHA256:` and the base64 of the SHA-256 over the key in OpenSSH's spelling: what `ssh-keygen -l` prints of it, and what
    /// upstream calls its fingerprint (`PublicKeyFingerprint`).
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Seals `plain` for whoever has the private key, bound to `label` (see [`super::Scope::label`]). Every call takes a session
    /// key of its own.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, label: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut session = Zeroizing::new([0; 32]);
        let mut seed = Zeroizing::new([0; oaep::HASH]);
        secret::random(session.as_mut_slice())?;
        secret::random(seed.as_mut_slice())?;
        let padded = oaep::encode(session.as_slice(), label.as_bytes(), &seed, self.modulus.length());
        let wrapped = self.modulus.power(&padded, self.exponent);
        blob::seal(&wrapped, &session, plain).ok_or(SealError::TooLarge)
    }
}

/// The hash of `ssh-rsa`, the exponent and the modulus as RFC 4253 spells them.
fn fingerprint(modulus: &[u8], exponent: &[u8]) -> String {
    let mut wire = Vec::with_capacity(modulus.len() + 32);
    let mut put = |bytes: &[u8], sign: bool| {
        let zero = sign && bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        // lengths of keys, which are bounded
        wire.extend_from_slice(&u32::try_from(bytes.len() + usize::from(zero)).unwrap_or(u32::MAX).to_be_bytes());
        wire.extend(zero.then_some(0));
        wire.extend_from_slice(bytes);
    };
    put(b"ssh-rsa", false);
    put(exponent, true);
    put(modulus, true);
    let hash = base64_simd::STANDARD_NO_PAD.encode_to_string(digest(&SHA256, &wire).as_ref());
    wire.zeroize();
    format!("SHA256:{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed::{Certificate, PrivateKey};

    const CERTIFICATE: &str = include_str!("../../tests/vectors/sealed/rsa2048.crt");
    const KEY: &str = include_str!("../../tests/vectors/sealed/rsa2048.key");

    #[test]
    fn what_is_sealed_is_opened_under_its_label_only() {
        let public = Certificate::parse(CERTIFICATE.as_bytes()).unwrap();
        let private = PrivateKey::from_pem(KEY.as_bytes()).unwrap();
        for plain in [&b""[..], b"hunter2", &[0xff; 100_000]] {
            let blob = public.key().seal("ns/name", plain).unwrap();
            assert_eq!(blob.len(), 2 + 256 + plain.len() + 16);
            assert_eq!(private.open("ns/name", &blob).unwrap().expose(), plain);
            assert!(private.open("ns", &blob).is_err());
            assert_ne!(blob, public.key().seal("ns/name", plain).unwrap());
        }
    }

    #[test]
    fn both_halves_have_the_same_fingerprint() {
        let public = Certificate::parse(CERTIFICATE.as_bytes()).unwrap();
        let private = PrivateKey::from_pem(KEY.as_bytes()).unwrap();
        assert_eq!(public.fingerprint(), private.public().fingerprint());
        assert!(public.fingerprint().starts_with("SHA256:") && public.fingerprint().len() == 7 + 43);
    }

    #[test]
    fn keys_that_must_not_be_used_are_refused() {
        assert_eq!(PublicKey::new(&[0xff; 128], &[3]).unwrap_err(), UnfitKey::Size { bits: 1024 });
        assert_eq!(PublicKey::new(&[0xff; 1025], &[3]).unwrap_err(), UnfitKey::Size { bits: 8200 });
        for exponent in [&[][..], &[1], &[2], &[0x80, 0, 0, 1], &[1; 9]] {
            assert_eq!(PublicKey::new(&[0xff; 256], exponent).unwrap_err(), UnfitKey::Malformed);
        }
        assert_eq!(PublicKey::new(&[0xfe; 256], &[3]).unwrap_err(), UnfitKey::Malformed);
    }
}
