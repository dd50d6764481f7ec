//! Keys in files: what they are for, and whether they may be used. Only what a key says of itself with a valid signature counts.

use pgp::composed::{PublicOrSecret, SignedPublicKey, SignedPublicSubKey, SignedSecretKey};
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, Tag};
use zeroize::Zeroizing;

use crate::keyservice::pgp::fingerprint::Fingerprint;
use crate::keyservice::pgp::listing::{Key, Part};
use crate::keyservice::pgp::words::{day, shown};

/// So many keys of a file are read.
const MOST_KEYS: usize = 10_000;

/// A key of a file.
pub struct Certificate {
    /// The public half, with its subkeys.
    pub public: SignedPublicKey,
    /// The secret half, if it is there.
    pub secret: Option<SignedSecretKey>,
}

/// A subkey, or the key itself, that can be encrypted for.
pub enum Target<'a> {
    /// The key itself.
    Primary(&'a SignedPublicKey),
    /// A subkey.
    Subkey(&'a SignedPublicSubKey),
}

/// All keys of a file, armored (any number of blocks) or binary; the first mistake of a block ends it.
pub fn read(bytes: &[u8]) -> Vec<Certificate> {
    const BEGIN: &str = "-----BEGIN PGP ";
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BEGIN)) else {
        return read_block(bytes);
    };
    // each block by itself: what is between them is nobody's
    let parts = text.split(BEGIN).skip(1).take(MOST_KEYS);
    parts.flat_map(|part| read_block(Zeroizing::new(format!("{BEGIN}{part}")).as_bytes())).collect()
}

fn read_block(bytes: &[u8]) -> Vec<Certificate> {
    let Ok((keys, _)) = PublicOrSecret::from_reader_many(bytes) else {
        return Vec::new();
    };
    let good = keys.take(MOST_KEYS).map_while(Result::ok);
    good.map(|key| match key {
        PublicOrSecret::Public(public) => Certificate { public, secret: None },
        PublicOrSecret::Secret(secret) => Certificate { public: secret.to_public_key(), secret: Some(secret) },
    })
    .collect()
}

impl Certificate {
    /// Whether one of its parts has this fingerprint.
    pub fn is(&self, fingerprint: &Fingerprint) -> bool {
        let subkeys = self.public.public_subkeys.iter().map(|subkey| text(&subkey.key));
        std::iter::once(text(&self.public.primary_key)).chain(subkeys).any(|full| fingerprint.names(&full))
    }

    /// The whole fingerprint.
    pub fn fingerprint(&self) -> String {
        text(&self.public.primary_key)
    }

    /// The first user id, fit for a message.
    pub fn owner(&self) -> Option<String> {
        let user = self.public.details.users.first()?;
        Some(shown(&String::from_utf8_lossy(user.id.id())))
    }

    /// What gpg would list, at this time in seconds since 1970.
    pub fn describe(&self, now: u64) -> Key {
        let public = &self.public;
        let key = &public.primary_key;
        let details = &public.details;
        let of_users = details.users.iter().flat_map(|user| {
            let good = |sig: &&Signature| {
                sig.is_certification() && sig.verify_certification(key, Tag::UserId, &user.id).is_ok()
            };
            user.signatures.iter().filter(good)
        });
        let direct = details.direct_signatures.iter().filter(|sig| sig.verify_key(key).is_ok());
        let own = newest(of_users.chain(direct));
        // whoever has put a revocation there, it is better to ask
        let is_revoked = !details.revocation_signatures.is_empty();
        let primary = part(key, own, is_revoked, now);
        let mut parts = vec![primary];
        for subkey in &public.public_subkeys {
            let good = |sig: &&Signature| {
                sig.typ() == Some(SignatureType::SubkeyBinding) && sig.verify_subkey_binding(key, &subkey.key).is_ok()
            };
            let is_revoked = subkey.signatures.iter().any(|sig| sig.typ() == Some(SignatureType::SubkeyRevocation));
            parts.push(part(&subkey.key, newest(subkey.signatures.iter().filter(good)), is_revoked, now));
        }
        Key { owner: self.owner(), parts }
    }

    /// What to encrypt for: exactly the part that is named, or the newest subkey that may be used.
    pub fn target(&self, key: &Key, fingerprint: &Fingerprint) -> Option<Target<'_>> {
        if !matches!(key.primary()?.validity, 'u') {
            return None;
        }
        let mut usable: Vec<usize> = (0..key.parts.len())
            .filter(|at| key.parts[*at].validity == 'u' && key.parts[*at].encrypts())
            .filter(|at| !fingerprint.exact || fingerprint.names(&key.parts[*at].fingerprint))
            .collect();
        usable.sort_by_key(|at| match at {
            0 => 0,
            at => self.public.public_subkeys[at - 1].key.created_at().as_secs(),
        });
        Some(match usable.last()? {
            0 => Target::Primary(&self.public),
            at => Target::Subkey(&self.public.public_subkeys[at - 1]),
        })
    }
}

fn text(key: &impl KeyDetails) -> String {
    format!("{:X}", key.fingerprint())
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|sig| sig.created().map_or(0, |time| time.as_secs()))
}

/// A part with what its newest valid signature says; without one it is good for nothing.
fn part(key: &impl KeyDetails, own: Option<&Signature>, is_revoked: bool, now: u64) -> Part {
    let created = u64::from(key.created_at().as_secs());
    let lifetime = own.and_then(Signature::key_expiration_time).map_or(0, |time| u64::from(time.as_secs()));
    let expires = (lifetime > 0).then_some(created + lifetime);
    let validity = match own {
        _ if is_revoked => 'r',
        None => 'i',
        Some(_) if expires.is_some_and(|end| end <= now) => 'e',
        Some(_) => 'u',
    };
    let flags = own.map(Signature::key_flags).unwrap_or_default();
    let says_nothing = !(flags.certify()
        || flags.sign()
        || flags.encrypt_comms()
        || flags.encrypt_storage()
        || flags.authentication());
    let encrypts = key.algorithm().can_encrypt() && (flags.encrypt_comms() || flags.encrypt_storage() || says_nothing);
    Part {
        fingerprint: text(key),
        validity,
        expires: expires.and_then(|end| day(&end.to_string())),
        uses: if encrypts { "e".into() } else { String::new() },
        card: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), binary in any::<bool>()) {
            let armored = format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n", base64_simd::STANDARD.encode_to_string(&bytes));
            let given = if binary { bytes } else { armored.repeat(2).into_bytes() };
            for one in read(&given) {
                _ = one.describe(0);
            }
        }
    }
}
