//! Reading: one private key and the certificates around it (`DecodeChain`).

use ring::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{Hash, Purpose, derive, hash_of, pbkdf2};
use super::{
    CERTIFICATE_BAG, DATA, ENCRYPTED_DATA, KEY_BAG, MALFORMED, PBMAC1, Password, SHA256, SHROUDED_KEY_BAG,
    WRONG_PASSWORD, X509_CERTIFICATE, cipher,
};
use crate::template::error::Fault;
use crate::template::pki::certificate::Certificate;
use crate::template::pki::der::{INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, explicit, only};
use crate::template::pki::private::PrivateKey;

/// 1.3.14.3.2.26
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 26];

/// The key of a file, and its certificates with that of the key first.
pub(in crate::template) fn read(file: &[u8], password: &[u8]) -> Result<(PrivateKey, Vec<Certificate>), Fault> {
    let (mut key, mut certificates) = (None, vec![]);
    let mut password = Password::new(password)?;
    for content in contents(file, &mut password)? {
        let mut bags = only(&content, SEQUENCE).ok_or(MALFORMED)?;
        while !bags.is_done() {
            let mut bag = bags.inside(SEQUENCE).ok_or(MALFORMED)?;
            let (kind, value) = bag.read(OID).zip(bag.read(explicit(0))).ok_or(MALFORMED)?;
            match kind {
                CERTIFICATE_BAG => certificates.extend(certificate(value)?),
                KEY_BAG | SHROUDED_KEY_BAG => {
                    let plain =
                        if kind == KEY_BAG { Zeroizing::new(value.to_vec()) } else { unshrouded(value, &password)? };
                    let found = PrivateKey::from_pkcs8(&plain)
                        .ok_or(Fault::Because("the PKCS#12 file has a key of a kind that is not known"))?;
                    if key.replace(found).is_some() {
                        return Err(Fault::Because("the PKCS#12 file has more than one key"));
                    }
                }
                _ => {}
            }
        }
    }
    if certificates.is_empty() {
        return Err(Fault::Because("the PKCS#12 file has no certificate"));
    }
    Ok((key.ok_or(Fault::Because("the PKCS#12 file has no key"))?, certificates))
}

fn certificate(bag: &[u8]) -> Result<Option<Certificate>, Fault> {
    let mut bag = only(bag, SEQUENCE).ok_or(MALFORMED)?;
    if bag.read(OID).ok_or(MALFORMED)? != X509_CERTIFICATE {
        return Err(MALFORMED);
    }
    let der = bag.read(explicit(0)).and_then(|inside| only(inside, OCTET_STRING)).ok_or(MALFORMED)?;
    Certificate::parse(der.0).map(Some)
}

fn unshrouded(bag: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut info = only(bag, SEQUENCE).ok_or(MALFORMED)?;
    let algorithm = info.inside(SEQUENCE).ok_or(MALFORMED)?;
    cipher::decrypt(algorithm, password, info.read(OCTET_STRING).ok_or(MALFORMED)?)
}

/// The lists of bags, decrypted. The password becomes the form that fits.
fn contents(file: &[u8], password: &mut Password) -> Result<Vec<Zeroizing<Vec<u8>>>, Fault> {
    let (safe, mac) = authenticated(file).ok_or(MALFORMED)?;
    match mac {
        None if password.text.is_empty() => {}
        None => return Err(Fault::Because("the PKCS#12 file is not protected by a password")),
        Some(mac) if verified(mac, safe, password)? => {}
        Some(mac) if password.text.is_empty() => {
            // some programs take the empty password for no bytes at all
            *password = Password::nothing();
            if !verified(mac, safe, password)? {
                return Err(WRONG_PASSWORD);
            }
        }
        Some(_) => return Err(WRONG_PASSWORD),
    }
    let mut parts = only(safe, SEQUENCE).ok_or(MALFORMED)?;
    let mut contents = vec![];
    while !parts.is_done() {
        let mut part = parts.inside(SEQUENCE).ok_or(MALFORMED)?;
        let (kind, content) = part.read(OID).zip(part.read(explicit(0))).ok_or(MALFORMED)?;
        contents.push(match kind {
            DATA => Zeroizing::new(only(content, OCTET_STRING).ok_or(MALFORMED)?.0.to_vec()),
            ENCRYPTED_DATA => decrypted(content, password)?,
            _ => return Err(MALFORMED),
        });
    }
    match contents.len() {
        1 | 2 => Ok(contents),
        _ => Err(MALFORMED),
    }
}

/// What is authenticated, and by what.
fn authenticated(file: &[u8]) -> Option<(&[u8], Option<Reader<'_>>)> {
    let mut pfx = only(file, SEQUENCE)?;
    if pfx.small()? != 3 {
        return None;
    }
    let mut content = pfx.inside(SEQUENCE)?;
    if content.read(OID)? != DATA {
        return None;
    }
    let safe = only(content.read(explicit(0))?, OCTET_STRING)?;
    let mac = if pfx.is_done() { None } else { Some(pfx.inside(SEQUENCE)?) };
    Some((safe.0, mac))
}

fn decrypted(content: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut data = only(content, SEQUENCE).ok_or(MALFORMED)?;
    if data.small() != Some(0) {
        return Err(MALFORMED);
    }
    let mut info = data.inside(SEQUENCE).ok_or(MALFORMED)?;
    let algorithm = info.read(OID).and_then(|_| info.inside(SEQUENCE)).ok_or(MALFORMED)?;
    // [0], not constructed
    cipher::decrypt(algorithm, password, info.read(0x80).ok_or(MALFORMED)?)
}

fn verified(mut mac: Reader<'_>, safe: &[u8], password: &Password) -> Result<bool, Fault> {
    let mut info = mac.inside(SEQUENCE).ok_or(MALFORMED)?;
    let mut algorithm = info.inside(SEQUENCE).ok_or(MALFORMED)?;
    let (oid, wanted) = algorithm.read(OID).zip(info.read(OCTET_STRING)).ok_or(MALFORMED)?;
    let key = if oid == PBMAC1 {
        let mut parameters = algorithm.inside(SEQUENCE).ok_or(MALFORMED)?;
        let kdf = parameters.inside(SEQUENCE).ok_or(MALFORMED)?;
        let hash = parameters.inside(SEQUENCE).and_then(|mut hash| hash_of(hash.read(OID)?)).ok_or(MALFORMED)?;
        hmac::Key::new(hash, &pbkdf2(kdf, password, None)?)
    } else {
        let salt = mac.read(OCTET_STRING).ok_or(MALFORMED)?;
        let rounds = if mac.0.first() == Some(&INTEGER) { mac.small().ok_or(MALFORMED)? } else { 1 };
        let (digest, hash) = match oid {
            SHA1 => (Hash::Sha1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            SHA256 => (Hash::Sha256, hmac::HMAC_SHA256),
            // the last number of SHA-256 is 1, that of SHA-512 is 3
            [front @ .., 3] if front == &SHA256[..SHA256.len() - 1] => (Hash::Sha512, hmac::HMAC_SHA512),
            _ => return Err(MALFORMED),
        };
        hmac::Key::new(hash, &derive(digest, password, salt, rounds, Purpose::Mac, digest.length())?)
    };
    Ok(hmac::sign(&key, safe).as_ref().ct_eq(wanted).into())
}
