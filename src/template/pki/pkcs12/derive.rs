//! Keys from passwords: the way of PKCS#12 itself (RFC 7292, appendix B.2), and PBKDF2.

use std::num::NonZeroU32;

use ring::{digest, hmac, pbkdf2};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use super::{HMAC_SHA256, MALFORMED, MAX_ROUNDS, PBKDF2, Password};
use crate::template::error::Fault;
use crate::template::pki::der::{INTEGER, OCTET_STRING, OID, Reader, SEQUENCE};

/// What a derived key is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Vector = 2,
    Mac = 3,
}

/// A hash that keys are derived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// Room for the longest hash.
type Digest = Zeroizing<[u8; 64]>;

impl Hash {
    /// How many bytes it takes at once.
    fn block(self) -> usize {
        if self == Self::Sha512 { 128 } else { 64 }
    }

    /// How long it is.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, text: &[u8], out: &mut Digest) {
        let ring = match self {
            // that of ring is slow
            Self::Sha1 => return out[..20].copy_from_slice(&Sha1::digest(text)),
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        out[..self.length()].copy_from_slice(digest::digest(ring, text).as_ref());
    }
}

/// `length` bytes from a password, in the way of PKCS#12.
pub(super) fn derive(
    hash: Hash,
    password: &Password,
    salt: &[u8],
    rounds: u32,
    purpose: Purpose,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    if rounds > MAX_ROUNDS {
        return Err(Fault::Because("the PKCS#12 file asks for too many rounds"));
    }
    let block = hash.block();
    let filled = |pattern: &[u8]| -> Zeroizing<Vec<u8>> {
        let wanted = pattern.len().next_multiple_of(block);
        Zeroizing::new(pattern.iter().copied().cycle().take(wanted).collect())
    };
    let (salt, text) = (filled(salt), filled(&password.wide));
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new([diversifier.as_slice(), &salt, &text].concat());
    let mut out = Zeroizing::new(Vec::with_capacity(length + hash.length()));
    let (mut state, mut next) = (Digest::new([0; 64]), Digest::new([0; 64]));
    while out.len() < length {
        hash.digest(&input, &mut state);
        for _ in 1..rounds {
            hash.digest(&state[..hash.length()], &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        let digest = &state[..hash.length()];
        out.extend_from_slice(digest);
        let addend: Zeroizing<Vec<u8>> = Zeroizing::new(digest.iter().copied().cycle().take(block).collect());
        for chunk in input[block..].chunks_exact_mut(block) {
            // both as large numbers, and one more
            let mut carry = 1_u16;
            for (byte, add) in chunk.iter_mut().zip(addend.iter()).rev() {
                let sum = u16::from(*byte) + u16::from(*add) + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
        }
    }
    out.truncate(length);
    Ok(out)
}

/// PBKDF2 with the parameters that stand in `kdf`, an algorithm; `length` is that of the key.
pub(super) fn pbkdf2(kdf: Reader<'_>, password: &Password, length: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (salt, rounds, asked, hash) = parameters(kdf).ok_or(MALFORMED)?;
    if rounds.get() > MAX_ROUNDS {
        return Err(Fault::Because("the PKCS#12 file asks for too many rounds"));
    }
    let length = length.or(asked).filter(|length| (1..=64).contains(length)).ok_or(MALFORMED)?;
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(hash, rounds, salt, &password.text, &mut key);
    Ok(key)
}

type Parameters<'a> = (&'a [u8], NonZeroU32, Option<usize>, pbkdf2::Algorithm);

fn parameters(mut kdf: Reader<'_>) -> Option<Parameters<'_>> {
    if kdf.read(OID)? != PBKDF2 {
        return None;
    }
    let mut parameters = kdf.inside(SEQUENCE)?;
    let salt = parameters.read(OCTET_STRING)?;
    let rounds = NonZeroU32::new(parameters.small()?)?;
    let length = if parameters.0.first() == Some(&INTEGER) { usize::try_from(parameters.small()?).ok() } else { None };
    let hash = match parameters.inside(SEQUENCE) {
        None => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(mut hash) => match hash_of(hash.read(OID)?)? {
            hash if hash == hmac::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            hash if hash == hmac::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => pbkdf2::PBKDF2_HMAC_SHA1,
        },
    };
    Some((salt, rounds, length, hash))
}

/// An HMAC by its OID, 1.2.840.113549.2.7, 9 or 11.
pub(super) fn hash_of(oid: &[u8]) -> Option<hmac::Algorithm> {
    let (last, front) = oid.split_last()?;
    if front != &HMAC_SHA256[..HMAC_SHA256.len() - 1] {
        return None;
    }
    match last {
        7 => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        9 => Some(hmac::HMAC_SHA256),
        11 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}
