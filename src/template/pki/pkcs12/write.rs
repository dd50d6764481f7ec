//! Writing: what go-pkcs12 calls `Modern2023`, which OpenSSL 3 and Java 20 write, too.

use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::cipher::seal;
use super::derive::{Hash, Purpose, derive, pbkdf2};
use super::name::subject;
use super::{
    AES256_CBC, ANY_USE, CERTIFICATE_BAG, DATA, ENCRYPTED_DATA, FRIENDLY_NAME, HMAC_SHA256, LOCAL_KEY_ID, MALFORMED,
    PBES2, PBKDF2, Password, SHA256, SHROUDED_KEY_BAG, TRUSTED, X509_CERTIFICATE,
};
use crate::secret::random;
use crate::template::error::Fault;
use crate::template::pki::certificate::Certificate;
use crate::template::pki::der::{
    INTEGER, OCTET_STRING, OID, SEQUENCE, SET, algorithm, element, explicit, only, unsigned,
};
use crate::template::pki::private::PrivateKey;

/// Rounds of every derivation.
const ROUNDS: u32 = 2048;

type Der = Zeroizing<Vec<u8>>;

/// A key, its certificate, and those above it.
pub(in crate::template) fn key_store(
    key: &PrivateKey,
    certificate: &Certificate,
    above: &[Certificate],
    password: &[u8],
) -> Result<Vec<u8>, Fault> {
    let password = Password::new(password)?;
    let id = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate.der);
    let id = attribute(LOCAL_KEY_ID, &element(OCTET_STRING, &[id.as_ref()]));
    let mut bags = vec![certificate_bag(certificate, &[&id])];
    bags.extend(above.iter().map(|certificate| certificate_bag(certificate, &[])));
    let (scheme, sealed) = encrypted(&password, &key.pkcs8())?;
    let shrouded = element(SEQUENCE, &[&scheme, &element(OCTET_STRING, &[&sealed])]);
    let key_bag = bag(SHROUDED_KEY_BAG, &shrouded, &[&id]);
    let keys = content(DATA, &element(OCTET_STRING, &[&list(&[key_bag])]));
    file(&[encrypted_content(&password, &list(&bags))?, keys], &password)
}

/// Certificates that Java trusts, each under its subject.
pub(in crate::template) fn trust_store(certificates: &[Certificate], password: &[u8]) -> Result<Vec<u8>, Fault> {
    let password = Password::new(password)?;
    let trusted = attribute(TRUSTED, &element(OID, &[ANY_USE]));
    let mut bags = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        let mut name = Vec::new();
        for next in subject(&certificate.der)?.chars() {
            let code = u16::try_from(u32::from(next))
                .map_err(|_| Fault::Because("a subject has a character that PKCS#12 cannot hold"))?;
            name.extend_from_slice(&code.to_be_bytes());
        }
        // a string of 16-bit characters
        let name = attribute(FRIENDLY_NAME, &element(0x1e, &[&name]));
        bags.push(certificate_bag(certificate, &[&trusted, &name]));
    }
    file(&[encrypted_content(&password, &list(&bags))?], &password)
}

fn list(items: &[Der]) -> Der {
    element(SEQUENCE, &items.iter().map(|item| item.as_slice()).collect::<Vec<_>>())
}

fn attribute(kind: &[u8], value: &[u8]) -> Der {
    element(SEQUENCE, &[&element(OID, &[kind]), &element(SET, &[value])])
}

fn bag(kind: &[u8], value: &[u8], attributes: &[&[u8]]) -> Der {
    let mut sorted = attributes.to_vec();
    // DER sorts sets
    sorted.sort_unstable();
    let attributes = if sorted.is_empty() { Der::default() } else { element(SET, &sorted) };
    element(SEQUENCE, &[&element(OID, &[kind]), &element(explicit(0), &[value]), &attributes])
}

fn certificate_bag(certificate: &Certificate, attributes: &[&[u8]]) -> Der {
    let octets = element(explicit(0), &[&element(OCTET_STRING, &[&certificate.der])]);
    let value = element(SEQUENCE, &[&element(OID, &[X509_CERTIFICATE]), &octets]);
    bag(CERTIFICATE_BAG, &value, attributes)
}

fn content(kind: &[u8], inside: &[u8]) -> Der {
    element(SEQUENCE, &[&element(OID, &[kind]), &element(explicit(0), &[inside])])
}

fn encrypted_content(password: &Password, plain: &[u8]) -> Result<Der, Fault> {
    let (scheme, sealed) = encrypted(password, plain)?;
    // [0], not constructed
    let info = element(SEQUENCE, &[&element(OID, &[DATA]), &scheme, &element(0x80, &[&sealed])]);
    Ok(content(ENCRYPTED_DATA, &element(SEQUENCE, &[&element(INTEGER, &[&[0]]), &info])))
}

fn fresh() -> Result<[u8; 16], Fault> {
    let mut bytes = [0; 16];
    random(&mut bytes).map_err(|_| Fault::Because("the operating system's random source failed"))?;
    Ok(bytes)
}

/// The algorithm with its parameters, and what it made of `plain`.
fn encrypted(password: &Password, plain: &[u8]) -> Result<(Der, Vec<u8>), Fault> {
    let (salt, vector) = (fresh()?, fresh()?);
    let parameters = element(
        SEQUENCE,
        &[&element(OCTET_STRING, &[&salt]), &unsigned(&ROUNDS.to_be_bytes()), &algorithm(HMAC_SHA256, &[])],
    );
    let kdf = algorithm(PBKDF2, &parameters);
    let key = pbkdf2(only(&kdf, SEQUENCE).ok_or(MALFORMED)?, password, Some(32))?;
    let scheme = algorithm(AES256_CBC, &element(OCTET_STRING, &[&vector]));
    Ok((algorithm(PBES2, &element(SEQUENCE, &[&kdf, &scheme])), seal(&key, &vector, plain)?))
}

fn file(parts: &[Der], password: &Password) -> Result<Vec<u8>, Fault> {
    let safe = list(parts);
    let salt = fresh()?;
    let key = derive(Hash::Sha256, password, &salt, ROUNDS, Purpose::Mac, 32)?;
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &safe);
    let info = element(SEQUENCE, &[&algorithm(SHA256, &[]), &element(OCTET_STRING, &[mac.as_ref()])]);
    let mac = element(SEQUENCE, &[&info, &element(OCTET_STRING, &[&salt]), &unsigned(&ROUNDS.to_be_bytes())]);
    let version = element(INTEGER, &[&[3]]);
    let content = content(DATA, &element(OCTET_STRING, &[&safe]));
    Ok(element(SEQUENCE, &[&version, &content, &mac]).to_vec())
}
