//! Opening values whose IV is not 32 bytes long. No sops release writes them, but its reader takes any length.
//!
//! The GCM crate fixes the IV length in a type, so GCM is composed here from its parts (NIST SP 800-38D). GHASH comes
//! from the crate's own tag: encrypting so that the ciphertext is X gives `GHASH(aad, X) xor AES(nonce, 1)`, and the
//! second term is known.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aes::cipher::BlockEncrypt;
use aes_gcm::aes::{Aes256, Block};
use aes_gcm::{AesGcm, Tag};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::CipherError;

/// Verifies `tag` and decrypts `data` in place.
pub(super) fn open(aes: &Aes256, iv: &[u8], aad: &[u8], data: &mut [u8], tag: &Tag) -> Result<(), CipherError> {
    let start = first_counter(aes, iv)?;
    let hash = ghash(aes, aad, data)?;
    let expected = xor(encrypted(aes, start), hash);
    if !bool::from(expected.as_slice().ct_eq(tag.as_slice())) {
        return Err(CipherError::Tampered);
    }
    let mut counter = start;
    for chunk in data.chunks_mut(counter.len()) {
        increment(&mut counter);
        let stream = Zeroizing::new(<[u8; 16]>::from(encrypted(aes, counter)));
        chunk.iter_mut().zip(stream.iter()).for_each(|(byte, key)| *byte ^= key);
    }
    Ok(())
}

/// J0 of the standard: the IV with a counter of 1 when it is 96 bits long, else its GHASH.
fn first_counter(aes: &Aes256, iv: &[u8]) -> Result<Block, CipherError> {
    if let Ok(nonce) = <[u8; 12]>::try_from(iv) {
        return Ok(block_of(&nonce));
    }
    // the ciphertext's share of the hash is: padded bytes, 64 zero bits, 64 bits of length; just what J0 needs
    ghash(aes, &[], iv)
}

/// `GHASH(aad, data)` with the closing length block.
fn ghash(aes: &Aes256, aad: &[u8], data: &[u8]) -> Result<Block, CipherError> {
    let nonce = [0; 12];
    let gcm = AesGcm::<Aes256, U12>::from(aes.clone());
    let nonce_array = GenericArray::from_slice(&nonce);
    let too_long = |_| CipherError::BadLength;
    let mut bytes = Zeroizing::new(vec![0; data.len()]);
    // first pass: the key stream; second pass: its sum with `data`, which encrypts to `data` again
    gcm.encrypt_in_place_detached(nonce_array, &[], &mut bytes).map_err(too_long)?;
    bytes.iter_mut().zip(data).for_each(|(stream, byte)| *stream ^= byte);
    let tag = gcm.encrypt_in_place_detached(nonce_array, aad, &mut bytes).map_err(too_long)?;
    Ok(xor(encrypted(aes, block_of(&nonce)), tag))
}

fn block_of(nonce: &[u8; 12]) -> Block {
    let mut block = Block::default();
    block[..12].copy_from_slice(nonce);
    block[15] = 1;
    block
}

fn encrypted(aes: &Aes256, mut block: Block) -> Block {
    aes.encrypt_block(&mut block);
    block
}

fn xor(mut left: Block, right: Block) -> Block {
    left.iter_mut().zip(right).for_each(|(left, right)| *left ^= right);
    left
}

/// Adds one to the last 32 bits, wrapping.
fn increment(counter: &mut Block) {
    for byte in counter[12..].iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return;
        }
    }
}
