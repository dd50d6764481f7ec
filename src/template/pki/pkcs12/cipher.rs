//! What a password encrypts in PKCS#12: AES as PBES2 has it, and the 3DES and RC2 of old, all in CBC mode.

use aes_gcm::aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use des::cipher::{Block, BlockDecrypt, BlockEncrypt, KeyInit};
use rc2::Rc2;
use zeroize::Zeroizing;

use super::derive::{Hash, Purpose, derive, pbkdf2};
use super::{AES256_CBC, MALFORMED, PBES2, Password, WRONG_PASSWORD};
use crate::template::error::Fault;
use crate::template::pki::der::{OCTET_STRING, OID, Reader, SEQUENCE};

/// 1.2.840.113549.1.12.1, before the number of the algorithm
const PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1];

/// Decrypts what `algorithm` encrypted.
pub(super) fn decrypt(
    mut algorithm: Reader<'_>,
    password: &Password,
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let oid = algorithm.read(OID).ok_or(MALFORMED)?;
    let parameters = algorithm.inside(SEQUENCE).ok_or(MALFORMED)?;
    if oid == PBES2 {
        return decrypt_aes(parameters, password, bytes);
    }
    let number = oid.strip_prefix(PBE).ok_or(MALFORMED)?;
    let mut parameters = parameters;
    let salt = parameters.read(OCTET_STRING).ok_or(MALFORMED)?;
    let rounds = parameters.small().ok_or(MALFORMED)?;
    let key = |length| derive(Hash::Sha1, password, salt, rounds, Purpose::Key, length);
    let vector = derive(Hash::Sha1, password, salt, rounds, Purpose::Vector, 8)?;
    match number {
        [3] => open(&TdesEde3::new_from_slice(&key(24)?).map_err(|_| MALFORMED)?, &vector, bytes),
        [5] => open(&Rc2::new_with_eff_key_len(&key(16)?, 128), &vector, bytes),
        [6] => open(&Rc2::new_with_eff_key_len(&key(5)?, 40), &vector, bytes),
        _ => Err(MALFORMED),
    }
}

fn decrypt_aes(mut parameters: Reader<'_>, password: &Password, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let kdf = parameters.inside(SEQUENCE).ok_or(MALFORMED)?;
    let mut scheme = parameters.inside(SEQUENCE).ok_or(MALFORMED)?;
    let (last, front) = scheme.read(OID).and_then(|oid| oid.split_last()).ok_or(MALFORMED)?;
    let vector = scheme.read(OCTET_STRING).filter(|vector| vector.len() == 16).ok_or(MALFORMED)?;
    if front != &AES256_CBC[..AES256_CBC.len() - 1] {
        return Err(MALFORMED);
    }
    let length = match last {
        2 => 16,
        22 => 24,
        42 => 32,
        _ => return Err(MALFORMED),
    };
    let key = pbkdf2(kdf, password, Some(length))?;
    let bad = |_| MALFORMED;
    match length {
        16 => open(&Aes128::new_from_slice(&key).map_err(bad)?, vector, bytes),
        24 => open(&Aes192::new_from_slice(&key).map_err(bad)?, vector, bytes),
        _ => open(&Aes256::new_from_slice(&key).map_err(bad)?, vector, bytes),
    }
}

/// CBC with PKCS#7 padding, backwards.
fn open<C: BlockDecrypt>(cipher: &C, vector: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let size = C::block_size();
    if bytes.is_empty() || !bytes.len().is_multiple_of(size) {
        return Err(MALFORMED);
    }
    let mut plain = Zeroizing::new(bytes.to_vec());
    let mut before = vector;
    for (block, encrypted) in plain.chunks_exact_mut(size).zip(bytes.chunks_exact(size)) {
        cipher.decrypt_block(Block::<C>::from_mut_slice(block));
        block.iter_mut().zip(before).for_each(|(byte, before)| *byte ^= before);
        before = encrypted;
    }
    let padding = plain.last().copied().map_or(0, usize::from);
    let length = plain.len().checked_sub(padding).filter(|_| (1..=size).contains(&padding)).ok_or(WRONG_PASSWORD)?;
    if plain[length..].iter().any(|byte| usize::from(*byte) != padding) {
        return Err(WRONG_PASSWORD);
    }
    plain.truncate(length);
    Ok(plain)
}

/// CBC with PKCS#7 padding and a key of AES-256.
pub(super) fn seal(key: &[u8], vector: &[u8; 16], plain: &[u8]) -> Result<Vec<u8>, Fault> {
    let cipher = Aes256::new_from_slice(key).map_err(|_| MALFORMED)?;
    let padding = 16 - plain.len() % 16;
    // one allocation: the plain text must not stay behind in a smaller one
    let mut bytes = Vec::with_capacity(plain.len() + padding);
    bytes.extend_from_slice(plain);
    bytes.resize(plain.len() + padding, padding as u8);
    let mut last = *vector;
    for block in bytes.chunks_exact_mut(16) {
        block.iter_mut().zip(last).for_each(|(byte, last)| *byte ^= last);
        cipher.encrypt_block(Block::<Aes256>::from_mut_slice(block));
        last.copy_from_slice(block);
    }
    Ok(bytes)
}
