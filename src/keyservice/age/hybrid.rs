//! Hybrid post-quantum recipients `age1pq1…` and identities `AGE-SECRET-KEY-PQ-1…`: ML-KEM-768 and X25519 together
//! (age 1.3.2 `pq.go`, draft-ietf-hpke-pq "MLKEM768-X25519", also called X-Wing). Who breaks one of the two has nothing.

use std::collections::HashSet;
use std::fmt;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{bech32_decode, bech32_encode};
use age_core::secrecy::ExposeSecret;
use bech32::Hrp;
use ml_kem::kem::Decapsulate;
use ml_kem::{Ciphertext, EncapsulateDeterministic, EncodedSizeUser, KemCore, MlKem768};
use sha3::digest::{Digest, ExtendableOutput, Update, XofReader};
use sha3::{Sha3_256, Shake256};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::hpke::Context;
use crate::secret::{self, SecretText};

const RECIPIENT: &str = "age1pq";
const IDENTITY: &str = "AGE-SECRET-KEY-PQ-";
const STANZA: &str = "mlkem768x25519";
/// What the key is for; others cannot be used in its place.
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// Files for such recipients are for no others: one that is not post-quantum would undo the protection.
const LABEL: &str = "postquantum";
/// The number of the key encapsulation in HPKE.
const KEM: u16 = 0x647a;
const COMBINER: &[u8] = br"\.//^\";

const ENCAPSULATION_KEY: usize = 1184;
const CIPHERTEXT: usize = 1088;
const POINT: usize = 32;
const SEED: usize = 32;
const TAG: usize = 16;

type Encapsulation = <MlKem768 as KemCore>::EncapsulationKey;
type Decapsulation = <MlKem768 as KemCore>::DecapsulationKey;

/// A public key.
#[derive(Clone)]
pub(super) struct Recipient {
    lattice: Encapsulation,
    curve: PublicKey,
}

/// A private key.
pub(super) struct Identity {
    seed: Zeroizing<[u8; SEED]>,
    lattice: Decapsulation,
    curve: StaticSecret,
}

impl Recipient {
    /// Reads `age1pq1…`; `None` when it is damaged.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = decode(text, RECIPIENT)?;
        let (lattice, curve) = bytes.split_at_checked(ENCAPSULATION_KEY)?;
        let curve: [u8; POINT] = curve.try_into().ok()?;
        let key = Encapsulation::from_bytes(&lattice.try_into().ok()?);
        // coefficients that are not reduced come out different (FIPS 203, 7.2)
        (key.as_bytes().as_slice() == lattice).then(|| Self { lattice: key, curve: curve.into() })
    }

    /// A new shared secret, and what tells it to the owner of the private key. `random` is used up.
    fn encapsulate(&self, random: &[u8; 64]) -> Option<(Zeroizing<[u8; 32]>, Vec<u8>)> {
        let (message, ephemeral) = random.split_at(32);
        let (ciphertext, shared) = self.lattice.encapsulate_deterministic(&message.try_into().ok()?).ok()?;
        let ephemeral = StaticSecret::from(<[u8; 32]>::try_from(ephemeral).ok()?);
        let point = PublicKey::from(&ephemeral);
        let agreed = ephemeral.diffie_hellman(&self.curve);
        if !agreed.was_contributory() {
            return None;
        }
        let secret = combine(&Zeroizing::new(shared.0), agreed.as_bytes(), &point, &self.curve);
        Some((secret, [ciphertext.as_slice(), point.as_bytes()].concat()))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.lattice.as_bytes().as_slice(), self.curve.as_bytes()].concat();
        f.write_str(&bech32_encode(Hrp::parse(RECIPIENT).map_err(|_| fmt::Error)?, &bytes))
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let failed = || EncryptError::Io(std::io::Error::other("cannot encrypt for a post-quantum recipient"));
        let mut random = Zeroizing::new([0; 64]);
        secret::random(&mut random[..]).map_err(|_| failed())?;
        let (shared, encapsulated) = self.encapsulate(&random).ok_or_else(failed)?;
        let body = Context::new(KEM, &shared[..], INFO).seal(file_key.expose_secret()).ok_or_else(failed)?;
        let args = vec![base64_simd::STANDARD_NO_PAD.encode_to_string(encapsulated)];
        Ok((vec![Stanza { tag: STANZA.into(), args, body }], HashSet::from([LABEL.to_owned()])))
    }
}

impl Identity {
    /// A new one; `None` when the operating system gives no randomness.
    pub(super) fn generate() -> Option<Self> {
        let mut seed = Zeroizing::new([0; SEED]);
        secret::random(&mut seed[..]).ok()?;
        Some(Self::from_seed(seed))
    }

    /// Reads `AGE-SECRET-KEY-PQ-1…`; `None` when it is damaged.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = decode(text, IDENTITY)?;
        let mut seed = Zeroizing::new([0; SEED]);
        if bytes.len() != SEED {
            return None;
        }
        seed.copy_from_slice(&bytes);
        Some(Self::from_seed(seed))
    }

    fn from_seed(seed: Zeroizing<[u8; SEED]>) -> Self {
        let mut expanded = Shake256::default().chain(&seed[..]).finalize_xof();
        let mut part = || {
            let mut bytes = Zeroizing::new([0; 32]);
            expanded.read(&mut bytes[..]);
            bytes
        };
        let (d, z, scalar) = (part(), part(), part());
        let (lattice, _) = MlKem768::generate_deterministic(&(*d).into(), &(*z).into());
        Self { seed, lattice, curve: StaticSecret::from(*scalar) }
    }

    /// `AGE-SECRET-KEY-PQ-1…`.
    pub(super) fn to_text(&self) -> Option<SecretText> {
        let lower = Zeroizing::new(bech32_encode(Hrp::parse(IDENTITY).ok()?, &self.seed[..]));
        Some(SecretText::new(lower.to_uppercase()))
    }

    pub(super) fn to_public(&self) -> Recipient {
        Recipient { lattice: self.lattice.encapsulation_key().clone(), curve: PublicKey::from(&self.curve) }
    }

    /// The shared secret that `encapsulated` tells. Of what was made for another key it is some other secret.
    fn decapsulate(&self, encapsulated: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let (ciphertext, point) = encapsulated.split_at_checked(CIPHERTEXT)?;
        let ciphertext: Ciphertext<MlKem768> = ciphertext.try_into().ok()?;
        let point = PublicKey::from(<[u8; POINT]>::try_from(point).ok()?);
        let shared = self.lattice.decapsulate(&ciphertext).ok()?;
        let agreed = self.curve.diffie_hellman(&point);
        if !agreed.was_contributory() {
            return None;
        }
        Some(combine(&Zeroizing::new(shared.0), agreed.as_bytes(), &point, &PublicKey::from(&self.curve)))
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != STANZA {
            return None;
        }
        let [encapsulated] = stanza.args.as_slice() else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let encapsulated = base64_simd::STANDARD_NO_PAD.decode_to_vec(encapsulated).ok();
        // a longer body could be made to open with several keys
        let encapsulated = encapsulated.filter(|_| stanza.body.len() == FILE_KEY_BYTES + TAG);
        let Some(shared) = encapsulated.and_then(|bytes| self.decapsulate(&bytes)) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let opened = Context::new(KEM, &shared[..], INFO).open(&stanza.body)?;
        Some(file_key(&opened).ok_or(DecryptError::InvalidHeader))
    }
}

/// The bytes as a file key, if they have its length.
pub(super) fn file_key(bytes: &[u8]) -> Option<FileKey> {
    let fits = bytes.len() == FILE_KEY_BYTES;
    fits.then(|| FileKey::init_with_mut(|key| key.copy_from_slice(bytes)))
}

fn combine(lattice: &[u8; 32], agreed: &[u8; 32], point: &PublicKey, public: &PublicKey) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha3_256::default();
    for part in [lattice.as_slice(), agreed, point.as_bytes(), public.as_bytes(), COMBINER] {
        Update::update(&mut hash, part);
    }
    Zeroizing::new(hash.finalize().into())
}

fn decode(text: &str, prefix: &str) -> Option<Zeroizing<Vec<u8>>> {
    let right = |hrp: Hrp| (hrp.as_str() == prefix).then_some(()).ok_or(());
    bech32_decode(text, |_| (), right, |_, bytes| Ok(Zeroizing::new(bytes.collect()))).ok()
}

#[cfg(test)]
pub(super) mod tests;
