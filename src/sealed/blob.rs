//! The layout of one sealed value: a length, a session key under RSA, the value under that session key
//! (sealed-secrets `pkg/crypto/crypto.go`).
//!
//! | bytes | what |
//! |---|---|
//! | 2 | `n`, big-endian |
//! | n | the session key under RSA-OAEP (SHA-256), with the scope's label |
//! | rest | AES-GCM of the value with twelve zero bytes as nonce and no additional data; its last 16 bytes are the tag |

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, Tag};
use zeroize::Zeroizing;

/// Bytes of the length in front.
const LENGTH: usize = 2;
/// Bytes of the tag at the end.
pub(super) const TAG: usize = 16;

/// Too short for what it says it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the sealed value is too short")]
pub struct TooShort;

/// One sealed value, split.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a> {
    /// The session key under RSA; as long as the modulus of the key that opens it.
    pub wrapped: &'a [u8],
    /// The value under the session key, with its tag.
    pub sealed: &'a [u8],
}

impl<'a> Blob<'a> {
    /// Splits `bytes`.
    ///
    /// # Errors
    /// Shorter than the length in front says, or than a tag.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TooShort> {
        let (length, rest) = bytes.split_at_checked(LENGTH).ok_or(TooShort)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let (wrapped, sealed) = rest.split_at_checked(length).ok_or(TooShort)?;
        if sealed.len() < TAG {
            return Err(TooShort);
        }
        Ok(Self { wrapped, sealed })
    }

    /// Bits of the RSA key that it was sealed with.
    pub fn bits(&self) -> usize {
        self.wrapped.len() * 8
    }

    /// Bytes of the value inside.
    pub fn plain_length(&self) -> usize {
        self.sealed.len() - TAG
    }
}

/// The value of `sealed` under `session`, which may have the three lengths of AES; `None` when the tag does not fit.
pub(super) fn open(session: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (body, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
    let mut plain = Zeroizing::new(body.to_vec());
    let tag = Tag::<U16>::from_slice(tag);
    match session.len() {
        16 => decrypt::<AesGcm<Aes128, U12>>(session, &mut plain, tag),
        24 => decrypt::<AesGcm<Aes192, U12>>(session, &mut plain, tag),
        32 => decrypt::<AesGcm<Aes256, U12>>(session, &mut plain, tag),
        _ => None,
    }?;
    Some(plain)
}

fn decrypt<C>(session: &[u8], plain: &mut [u8], tag: &Tag<U16>) -> Option<()>
where
    C: KeyInit + AeadInPlace<NonceSize = U12, TagSize = U16>,
{
    let cipher = C::new_from_slice(session).ok()?;
    cipher.decrypt_in_place_detached(&GenericArray::default(), b"", plain, tag).ok()
}

/// `wrapped`, and `plain` under `session`. The nonce is constant, so a session key seals one value and no other.
pub(super) fn seal(wrapped: &[u8], session: &[u8; 32], plain: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(wrapped.len()).ok()?;
    let mut blob = Vec::with_capacity(LENGTH + wrapped.len() + plain.len() + TAG);
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(wrapped);
    let start = blob.len();
    blob.extend_from_slice(plain);
    let cipher = AesGcm::<Aes256, U12>::new(GenericArray::from_slice(session));
    let tag = cipher.encrypt_in_place_detached(&GenericArray::default(), b"", &mut blob[start..]).ok()?;
    blob.extend_from_slice(&tag);
    Some(blob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_short_is_refused() {
        for bytes in [&b""[..], b"\0", b"\0\x01", b"\0\x01x", &[0, 1, 7, 7, 7], &[0xff; 300], &[0; 17]] {
            assert_eq!(Blob::parse(bytes).err(), Some(TooShort));
        }
        let bytes = [0; 18];
        let blob = Blob::parse(&bytes).unwrap();
        assert_eq!((blob.bits(), blob.plain_length()), (0, 0));
    }

    #[test]
    fn session_keys_of_other_lengths_open_nothing() {
        for length in [0, 1, 15, 17, 31, 33] {
            assert!(open(&vec![0; length], &[0; 40]).is_none());
        }
    }
}
