//! The value cipher: AES-256-GCM with a 32-byte IV, spelled `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.
//!
//! Mirrors sops 3.13.2 `aes/cipher.go`. A value is bound to its place by the additional data (the key path), which
//! the caller composes.

mod odd_iv;
mod text;

use std::fmt;

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Tag};
use base64_simd::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use crate::document::base64::decode_append;
use crate::document::scalar::TypeWord;
use crate::secret::{self, RandomError, make_room};
use crate::sops::key::DataKey;

pub use text::is_encrypted;

/// Bytes of an IV that we and every sops release write. Readers take any length.
pub const IV_LENGTH: usize = 32;

/// Bytes of a GCM tag.
const TAG_LENGTH: usize = 16;

/// Base64 text of an IV of [`IV_LENGTH`] bytes.
const IV_TEXT_LENGTH: usize = 44;

/// Why an encrypted value does not open. Never holds any part of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// The text is not of the form `ENC[AES256_GCM,…]`.
    #[error("the value is not in the encrypted form ENC[AES256_GCM,…]")]
    NotEncrypted,
    /// A part is not base64.
    #[error("the encrypted value is damaged: one of its parts is not base64")]
    Malformed,
    /// The tag does not fit: another key, another place in the document, or changed bytes.
    #[error(
        "the encrypted value does not verify: it was changed, moved to another key, or encrypted with another data key"
    )]
    Tampered,
    /// The word after `type:` is none that sops knows.
    #[error("the encrypted value has an unknown type")]
    UnknownType,
    /// The IV is empty or the tag is cut short.
    #[error("the encrypted value is damaged: its iv or tag has an impossible length")]
    BadLength,
}

/// What an opened value says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The type it was encrypted as.
    pub type_word: TypeWord,
    /// Its IV, to be used again if the value does not change; `None` when it is not 32 bytes long and must not be.
    pub iv: Option<[u8; IV_LENGTH]>,
}

/// The cipher of one file, built once from its data key. The key schedule is wiped on drop.
pub struct ValueCipher {
    gcm: AesGcm<Aes256, U32>,
    aes: Aes256,
}

impl fmt::Debug for ValueCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl ValueCipher {
    /// The cipher for `key`.
    pub fn new(key: &DataKey) -> Self {
        let aes = Aes256::new(GenericArray::from_slice(key.expose()));
        Self { gcm: AesGcm::from(aes.clone()), aes }
    }

    /// Appends the encrypted form of `plain` to `out`. `plain` should not be empty: sops leaves empty text alone and
    /// cannot parse an empty `data:`. `scratch` is a buffer to be used again for the next value.
    ///
    /// # Panics
    /// If `plain` is 64 GiB or longer, the limit of GCM; files are refused long before.
    pub fn seal(
        &self,
        plain: &[u8],
        type_word: TypeWord,
        aad: &[u8],
        iv: &[u8; IV_LENGTH],
        scratch: &mut Zeroizing<Vec<u8>>,
        out: &mut String,
    ) {
        debug_assert!(!plain.is_empty(), "sops cannot read an encrypted empty value");
        make_room(scratch, plain.len());
        scratch.extend_from_slice(plain);
        let tag = self
            .gcm
            .encrypt_in_place_detached(GenericArray::from_slice(iv), aad, scratch)
            .expect("values are shorter than GCM's limit of 64 GiB");
        out.push_str(text::PREFIX);
        STANDARD.encode_append(scratch.as_slice(), out);
        out.push_str(text::IV);
        STANDARD.encode_append(iv, out);
        out.push_str(text::TAG);
        STANDARD.encode_append(tag.as_slice(), out);
        out.push_str(text::TYPE);
        out.push_str(type_word.as_str());
        out.push(']');
    }

    /// Decrypts `text` into `plain`, whose earlier content is cleared. On failure `plain` is left empty.
    ///
    /// The tag is checked before the type word, as sops does.
    ///
    /// # Errors
    /// [`CipherError`] says which part is wrong.
    pub fn open(&self, text: &str, aad: &[u8], plain: &mut Zeroizing<Vec<u8>>) -> Result<Opened, CipherError> {
        let result = self.open_into(text, aad, plain);
        if result.is_err() {
            plain.zeroize();
        }
        result
    }

    /// As [`ValueCipher::open`], with the first of several additional data that fits; says which. The text is taken apart once.
    ///
    /// # Errors
    /// [`CipherError`] when none fits.
    pub fn open_first<'b>(
        &self,
        text: &str,
        bounds: &[&'b str],
        plain: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(Opened, &'b str), CipherError> {
        let result = Sealed::decode(text, plain).and_then(|sealed| {
            // What does not verify is not touched, so that the next can be tried on it.
            let fits = |bound: &&&'b str| self.verify(&sealed, bound.as_bytes(), plain).is_ok();
            let bound = bounds.iter().find(fits).ok_or(CipherError::Tampered)?;
            Ok((sealed.opened()?, *bound))
        });
        if result.is_err() {
            plain.zeroize();
        }
        result
    }

    fn open_into(&self, text: &str, aad: &[u8], plain: &mut Zeroizing<Vec<u8>>) -> Result<Opened, CipherError> {
        let sealed = Sealed::decode(text, plain)?;
        self.verify(&sealed, aad, plain)?;
        sealed.opened()
    }

    /// Decrypts `data` in place when the tag fits; leaves it alone otherwise.
    fn verify(&self, sealed: &Sealed<'_>, aad: &[u8], data: &mut [u8]) -> Result<(), CipherError> {
        match &sealed.iv {
            Iv::Usual(iv) => self
                .gcm
                .decrypt_in_place_detached(GenericArray::from_slice(iv), aad, data, &sealed.tag)
                .map_err(|_| CipherError::Tampered),
            Iv::Odd(iv) => odd_iv::open(&self.aes, iv, aad, data, &sealed.tag),
        }
    }
}

/// All of an encrypted value but its data.
struct Sealed<'a> {
    iv: Iv,
    tag: Tag,
    type_word: &'a str,
}

impl<'a> Sealed<'a> {
    /// Takes `text` apart; its data goes to `data`.
    fn decode(text: &'a str, data: &mut Zeroizing<Vec<u8>>) -> Result<Self, CipherError> {
        let parts = text::split(text).ok_or(CipherError::NotEncrypted)?;
        make_room(data, parts.data.len() + parts.tag.len());
        // Go joins data and tag and takes the last 16 bytes as the tag, wherever the border was written
        decode_append(parts.data.as_bytes(), data).map_err(|_| CipherError::Malformed)?;
        let iv = Iv::decode(parts.iv.as_bytes())?;
        decode_append(parts.tag.as_bytes(), data).map_err(|_| CipherError::Malformed)?;
        let length = data.len().checked_sub(TAG_LENGTH).ok_or(CipherError::BadLength)?;
        let tag = Tag::clone_from_slice(&data[length..]);
        data.truncate(length);
        Ok(Self { iv, tag, type_word: parts.type_word })
    }

    fn opened(self) -> Result<Opened, CipherError> {
        let type_word = TypeWord::parse(self.type_word).ok_or(CipherError::UnknownType)?;
        let iv = match self.iv {
            Iv::Usual(iv) => Some(iv),
            Iv::Odd(_) => None,
        };
        Ok(Opened { type_word, iv })
    }
}

/// A decoded IV: on the stack when it has the usual length.
enum Iv {
    Usual([u8; IV_LENGTH]),
    Odd(Vec<u8>),
}

impl Iv {
    fn decode(text: &[u8]) -> Result<Self, CipherError> {
        if text.len() == IV_TEXT_LENGTH {
            let mut buffer = [0; IV_TEXT_LENGTH / 4 * 3];
            if let Ok(bytes) = STANDARD.decode(text, base64_simd::Out::from_slice(&mut buffer))
                && let Ok(iv) = <[u8; IV_LENGTH]>::try_from(&*bytes)
            {
                return Ok(Self::Usual(iv));
            }
        }
        let mut bytes = Vec::new();
        decode_append(text, &mut bytes).map_err(|_| CipherError::Malformed)?;
        if bytes.is_empty() {
            return Err(CipherError::BadLength);
        }
        Ok(match <[u8; IV_LENGTH]>::try_from(bytes.as_slice()) {
            Ok(iv) => Self::Usual(iv),
            Err(_) => Self::Odd(bytes),
        })
    }
}

/// Random IVs, drawn from the operating system 128 at a time.
pub struct IvSource {
    pool: Zeroizing<Vec<u8>>,
    used: usize,
}

/// Bytes drawn in one call: large enough that the call costs nothing per value.
const POOL_LENGTH: usize = 4096;

impl IvSource {
    /// A source that draws at the first use.
    pub fn new() -> Self {
        Self { pool: Zeroizing::new(vec![0; POOL_LENGTH]), used: POOL_LENGTH }
    }

    /// An IV that was never handed out before.
    ///
    /// # Errors
    /// [`RandomError`] when the operating system gives no randomness.
    #[expect(clippy::should_implement_trait, reason = "it can fail and never ends")]
    pub fn next(&mut self) -> Result<[u8; IV_LENGTH], RandomError> {
        if self.used + IV_LENGTH > self.pool.len() {
            secret::random(&mut self.pool)?;
            self.used = 0;
        }
        let mut iv = [0; IV_LENGTH];
        let drawn = &mut self.pool[self.used..self.used + IV_LENGTH];
        iv.copy_from_slice(drawn);
        drawn.zeroize();
        self.used += IV_LENGTH;
        Ok(iv)
    }
}

impl Default for IvSource {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for IvSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

#[cfg(test)]
mod tests;
