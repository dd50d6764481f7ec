//! What age files and HPKE are made of: HMAC-SHA256, HKDF as far as one block goes, and ChaCha20-Poly1305.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

/// Of keys and hashes.
pub(super) const LENGTH: usize = 32;
/// Of what a message is encrypted with beside the key.
pub(super) const NONCE: usize = 12;

/// HMAC of the parts, one after the other.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; LENGTH]> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let mut out = Zeroizing::new([0; LENGTH]);
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// HKDF (RFC 5869): a key for the purpose `info`.
pub(super) fn hkdf(salt: &[u8], info: &[u8], material: &[u8]) -> Zeroizing<[u8; LENGTH]> {
    mac(&mac(salt, &[material])[..], &[info, &[1]])
}

/// Encrypts the only message under this key and nonce. `None` only for messages that are too long for the cipher.
pub(super) fn seal(key: &[u8; LENGTH], nonce: [u8; NONCE], message: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(message.len() + CHACHA20_POLY1305.tag_len());
    bytes.extend_from_slice(message);
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut bytes).ok()?;
    Some(bytes)
}

/// Decrypts it. `None` when it was encrypted with another key, or changed since.
pub(super) fn open(key: &[u8; LENGTH], nonce: [u8; NONCE], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = cipher(key)?.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

fn cipher(key: &[u8; LENGTH]) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?))
}
