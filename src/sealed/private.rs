//! The private half of a sealing key: opening.

use std::fmt;

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::traits::PublicKeyParts;
use rsa::{Oaep, RsaPrivateKey};
use zeroize::Zeroizing;

use super::blob::{self, Blob};
use super::pem;
use super::public::{MAX_BITS, PublicKey, UnfitKey};
use crate::secret::{Random, SecretBytes};

/// Why a text gives no private key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No private key at all; the words are client-go's.
    #[error("data does not contain a valid RSA or ECDSA private key")]
    None,
    /// A key of another kind.
    #[error("the private key is not an RSA key")]
    NotRsa,
    /// A key that a passphrase protects.
    #[error("the private key is encrypted with a passphrase")]
    Locked,
    /// A key that must not be used.
    #[error(transparent)]
    Unfit(#[from] UnfitKey),
}

/// A key does not open a value. There is one such error, whatever the reason, so that nobody learns more from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the key does not open the sealed value")]
pub struct OpenError;

/// The private half of a sealing key. Wiped on drop, shown as its fingerprint.
pub struct PrivateKey {
    key: RsaPrivateKey,
    public: PublicKey,
}

impl PrivateKey {
    /// The first private key of a PEM text: PKCS#1 or PKCS#8 (client-go `keyutil.ParsePrivateKeyPEM`).
    ///
    /// # Errors
    /// [`KeyError`]; what is wrong with the last key that was there.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let mut problem = KeyError::None;
        for block in pem::blocks(text) {
            let key = match block.label {
                "RSA PRIVATE KEY" if block.has_headers => Err(KeyError::Locked),
                "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(&block.content).map_err(|_| KeyError::None),
                "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(&block.content).map_err(|error| not_pkcs8(&error)),
                "ENCRYPTED PRIVATE KEY" => Err(KeyError::Locked),
                "EC PRIVATE KEY" => return Err(KeyError::NotRsa),
                _ => continue,
            };
            match key {
                Ok(key) => return Self::new(key),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    fn new(key: RsaPrivateKey) -> Result<Self, KeyError> {
        if key.n().bits() > MAX_BITS {
            return Err(UnfitKey::Size { bits: key.n().bits() }.into());
        }
        let public = PublicKey::new(&key.n().to_bytes_be(), &key.e().to_bytes_be())?;
        Ok(Self { key, public })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The fingerprint; see [`PublicKey::fingerprint`].
    pub fn fingerprint(&self) -> &str {
        self.public.fingerprint()
    }

    /// The value in `bytes`, which was sealed under `label`.
    ///
    /// # Errors
    /// [`OpenError`], whatever the reason.
    pub fn open(&self, label: &str, bytes: &[u8]) -> Result<SecretBytes, OpenError> {
        let blob = Blob::parse(bytes).map_err(|_| OpenError)?;
        if blob.wrapped.len() != self.key.size() {
            return Err(OpenError);
        }
        let mut random = Random::default();
        let padding = Oaep::new_with_label::<Sha256, _>(label);
        // blinded, because the time of a plain operation tells about the key (RUSTSEC-2023-0071)
        let session = self.key.decrypt_blinded(&mut random, padding, blob.wrapped).map_err(|_| OpenError)?;
        let session = Zeroizing::new(session);
        if random.has_failed {
            return Err(OpenError);
        }
        let mut plain = blob::open(&session, blob.sealed).ok_or(OpenError)?;
        Ok(SecretBytes::new(std::mem::take(&mut *plain)))
    }
}

/// A PKCS#8 key of another algorithm is named as such.
fn not_pkcs8(error: &rsa::pkcs8::Error) -> KeyError {
    match error {
        rsa::pkcs8::Error::PublicKey(rsa::pkcs8::spki::Error::OidUnknown { .. }) => KeyError::NotRsa,
        _ => KeyError::None,
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} [REDACTED])", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/vectors/sealed/", $name)).as_slice()
        };
    }

    #[test]
    fn keys_are_read_in_either_form_and_among_other_blocks() {
        let pkcs1 = PrivateKey::from_pem(file!("rsa2048.key")).unwrap();
        let pkcs8 = PrivateKey::from_pem(file!("rsa2048.pkcs8.key")).unwrap();
        assert_eq!(pkcs1.fingerprint(), pkcs8.fingerprint());
        let both = [file!("rsa2048.crt"), file!("locked.key"), file!("rsa4096.key"), file!("rsa2048.key")].concat();
        assert_eq!(PrivateKey::from_pem(&both).unwrap().public().bits(), 4096);
    }

    #[test]
    fn what_is_no_key_is_named() {
        let error = |text: &[u8]| PrivateKey::from_pem(text).unwrap_err();
        assert_eq!(error(b""), KeyError::None);
        assert_eq!(error(file!("rsa2048.crt")), KeyError::None);
        assert_eq!(error(file!("ec.key")), KeyError::NotRsa);
        assert_eq!(error(file!("locked.key")), KeyError::Locked);
        assert_eq!(error(file!("locked.pkcs8.key")), KeyError::Locked);
    }

    #[test]
    fn debug_is_redacted() {
        let key = PrivateKey::from_pem(file!("rsa2048.key")).unwrap();
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("PrivateKey({} [REDACTED])", key.fingerprint()));
    }
}
