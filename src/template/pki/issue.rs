//! New keys, and certificates for them, as sprig 3.3.0 makes them with Go's `crypto/x509`.

use core::net::IpAddr;

use jiff::{Span, Timestamp};
use ring::digest;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use zeroize::Zeroizing;

use super::certificate::parsed;
use super::der::{
    INTEGER, NOTHING, OCTET_STRING, OID, Reader, SEQUENCE, SET, algorithm, bits, element, explicit, only, unsigned,
};
use super::pem;
use super::private::{EC, ED25519, P256, P384, PrivateKey, RSA};
use crate::secret::{Random, random, source};
use crate::template::error::Fault;
use crate::template::text::Buffer;

const NO_RANDOM: Fault = Fault::Because("the operating system's random source failed");
const NO_KEY: Fault = Fault::Because("no certificate can be made with a key of this kind");

/// What is below the OIDs of extensions, 2.5.29.
const EXTENSION: [u8; 2] = [0x55, 0x1d];

/// A kind of key that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::template) enum Kind {
    Rsa(usize),
    P256,
    Ed25519,
}

/// A new key.
pub(in crate::template) fn new_key(kind: Kind) -> Result<PrivateKey, Fault> {
    match kind {
        Kind::Rsa(size) => {
            let mut random = Random::default();
            let key = RsaPrivateKey::new(&mut random, size).map_err(|_| NO_KEY)?;
            let der = key.to_pkcs1_der().map_err(|_| NO_KEY)?;
            if random.has_failed {
                return Err(NO_RANDOM);
            }
            Ok(PrivateKey::Rsa(Zeroizing::new(der.as_bytes().to_vec())))
        }
        Kind::P256 => {
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &source());
            PrivateKey::from_pkcs8(pkcs8.map_err(|_| NO_RANDOM)?.as_ref()).ok_or(NO_KEY)
        }
        Kind::Ed25519 => {
            let mut seed = Zeroizing::new(vec![0; 32]);
            random(&mut seed).map_err(|_| NO_RANDOM)?;
            Ok(PrivateKey::Ed25519(seed))
        }
    }
}

/// The key of a PEM text; its label says in which form it is.
pub(in crate::template) fn key_of_pem(text: &[u8]) -> Result<PrivateKey, Fault> {
    let block = pem::decode(text).0.ok_or(Fault::Because("the key is no PEM"))?;
    let key = match block.label.as_slice() {
        pem::PRIVATE_KEY => PrivateKey::from_pkcs8(&block.content),
        b"RSA PRIVATE KEY" => PrivateKey::parse(&block.content).ok().filter(|key| matches!(key, PrivateKey::Rsa(_))),
        b"EC PRIVATE KEY" => PrivateKey::parse(&block.content).ok().filter(|key| matches!(key, PrivateKey::Ec { .. })),
        _ => None,
    };
    key.ok_or(Fault::Because("that is no private key of a kind that is known"))
}

/// Writes a key in the form that belongs to its kind.
pub(in crate::template) fn write_key(out: &mut Buffer, key: &PrivateKey) {
    match key {
        PrivateKey::Rsa(der) => pem::encode(out, b"RSA PRIVATE KEY", der),
        PrivateKey::Ec { .. } => pem::encode(out, b"EC PRIVATE KEY", &key.sec1(true)),
        _ => pem::encode(out, pem::PRIVATE_KEY, &key.pkcs8()),
    }
}

/// What a certificate is to say.
pub(in crate::template) struct Wanted<'a> {
    pub(in crate::template) name: &'a [u8],
    pub(in crate::template) addresses: Vec<IpAddr>,
    pub(in crate::template) hosts: Vec<Vec<u8>>,
    pub(in crate::template) days: i64,
    pub(in crate::template) now: Timestamp,
    pub(in crate::template) is_authority: bool,
}

/// A certificate for `key`, signed by the certificate and key of `issuer`, or by itself.
pub(in crate::template) fn certificate(
    wanted: &Wanted<'_>,
    key: &PrivateKey,
    issuer: Option<(&[u8], &PrivateKey)>,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let subject = name(wanted.name)?;
    let public = public_key(key)?;
    let mut authority = None;
    let (issuer_name, signer) = match issuer {
        None => (subject.to_vec(), key),
        Some((der, signer)) => {
            let issuer = parsed(der)?;
            if issuer.public_key().raw != public_key(signer)?.as_slice() {
                return Err(Fault::Because("the certificate and the key of the issuer do not belong together"));
            }
            let name = issuer.subject().as_raw().to_vec();
            if name != *subject {
                authority =
                    issuer.extensions().iter().find(|one| one.oid.as_bytes() == [0x55, 0x1d, 14]).map(|one| one.value);
            }
            (name, signer)
        }
    };
    let mut serial = [0; 16];
    random(&mut serial).map_err(|_| NO_RANDOM)?;
    let seconds = Span::new().try_seconds(wanted.days.saturating_mul(86_400)).ok();
    let end = seconds.and_then(|span| wanted.now.checked_add(span).ok());
    let end = end.ok_or(Fault::Because("it would be good for longer than years can be counted"))?;
    let validity = element(SEQUENCE, &[&time(wanted.now), &time(end)]);
    let extensions = extensions(wanted, &public, authority)?;
    let kind = signature_algorithm(signer)?;
    let version = element(explicit(0), &[&element(INTEGER, &[&[2]])]);
    let body = element(
        SEQUENCE,
        &[&version, &unsigned(&serial), &kind, &issuer_name, &validity, &subject, &public, &extensions],
    );
    let signature = sign(signer, &body)?;
    Ok(element(SEQUENCE, &[&body, &kind, &bits(&signature)]))
}

/// A name of one part.
fn name(common: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    std::str::from_utf8(common).map_err(|_| Fault::Because("the name is not UTF-8"))?;
    let printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte);
    // a string of few letters if they are enough, else one of UTF-8
    let tag = if common.iter().all(printable) { 0x13 } else { 0x0c };
    if common.is_empty() {
        return Ok(element(SEQUENCE, &[]));
    }
    let part = element(SEQUENCE, &[&element(OID, &[&[0x55, 4, 3]]), &element(tag, &[common])]);
    Ok(element(SEQUENCE, &[&element(SET, &[&part])]))
}

/// UTC with two digits for the year, from 2050 on with four.
fn time(time: Timestamp) -> Zeroizing<Vec<u8>> {
    let text = time.strftime("%Y%m%d%H%M%SZ").to_string();
    if (1950..2050).contains(&time.to_zoned(jiff::tz::TimeZone::UTC).year()) {
        return element(0x17, &[&text.as_bytes()[2..]]);
    }
    element(0x18, &[text.as_bytes()])
}

/// `SubjectPublicKeyInfo`
fn public_key(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (kind, bytes) = match key {
        PrivateKey::Rsa(der) => {
            let mut numbers = only(der, SEQUENCE).ok_or(NO_KEY)?;
            let _version = numbers.small();
            let (modulus, exponent) = numbers.unsigned().zip(numbers.unsigned()).ok_or(NO_KEY)?;
            let public = element(SEQUENCE, &[&unsigned(modulus), &unsigned(exponent)]);
            (algorithm(RSA, NOTHING), public.to_vec())
        }
        PrivateKey::Ec { curve, point, .. } => {
            (algorithm(EC, &element(OID, &[curve.oid])), point.clone().ok_or(NO_KEY)?)
        }
        PrivateKey::Ed25519(seed) => {
            let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NO_KEY)?;
            (algorithm(ED25519, &[]), pair.public_key().as_ref().to_vec())
        }
        PrivateKey::X25519(_) => return Err(NO_KEY),
    };
    Ok(element(SEQUENCE, &[&kind, &bits(&bytes)]))
}

/// The extensions in Go's order. `authority` is the extension of the issuer that names its key.
fn extensions(wanted: &Wanted<'_>, public: &[u8], authority: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    const CRITICAL: &[u8] = &[1, 1, 0xff];
    let extension = |number: u8, critical: &[u8], value: &[u8]| {
        let oid = element(OID, &[&EXTENSION, &[number]]);
        element(SEQUENCE, &[&oid, critical, &element(OCTET_STRING, &[value])])
    };
    // digitalSignature, keyEncipherment, and keyCertSign for an authority
    let usage: &[u8] = if wanted.is_authority { &[3, 2, 2, 0xa4] } else { &[3, 2, 5, 0xa0] };
    let purpose = |number: u8| element(OID, &[&[0x2b, 6, 1, 5, 5, 7, 3, number]]);
    let constraints: &[u8] = if wanted.is_authority { &[0x30, 3, 1, 1, 0xff] } else { &[0x30, 0] };
    let mut all = vec![
        extension(15, CRITICAL, usage),
        extension(37, &[], &element(SEQUENCE, &[&purpose(1), &purpose(2)])),
        extension(19, CRITICAL, constraints),
    ];
    if wanted.is_authority {
        let mut key = only(public, SEQUENCE).ok_or(NO_KEY)?;
        let key = key.inside(SEQUENCE).and_then(|_| key.read(super::der::BIT_STRING)).ok_or(NO_KEY)?;
        let hash = digest::digest(&digest::SHA256, &key[1..]);
        all.push(extension(14, &[], &element(OCTET_STRING, &[&hash.as_ref()[..20]])));
    }
    if let Some(id) = authority.and_then(|value| Reader(value).read(OCTET_STRING)) {
        all.push(extension(35, &[], &element(SEQUENCE, &[&element(0x80, &[id])])));
    }
    let mut names = vec![];
    for host in &wanted.hosts {
        if !host.is_ascii() {
            return Err(Fault::Because("the name of a host is not ASCII"));
        }
        names.push(element(0x82, &[host]));
    }
    names.extend(wanted.addresses.iter().map(|address| match address {
        IpAddr::V4(address) => element(0x87, &[&address.octets()]),
        IpAddr::V6(address) => element(0x87, &[&address.octets()]),
    }));
    if !names.is_empty() {
        let critical = if wanted.name.is_empty() { CRITICAL } else { &[] };
        let names: Vec<_> = names.iter().map(|name| name.as_slice()).collect();
        all.push(extension(17, critical, &element(SEQUENCE, &names)));
    }
    let all: Vec<_> = all.iter().map(|one| one.as_slice()).collect();
    Ok(element(explicit(3), &[&element(SEQUENCE, &all)]))
}

/// sha256WithRSAEncryption, ecdsa-with-SHA256 or SHA384, or Ed25519.
fn signature_algorithm(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Fault> {
    const ECDSA_WITH: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
    Ok(match key {
        PrivateKey::Rsa(_) => algorithm(&[&RSA[..RSA.len() - 1], &[11]].concat(), NOTHING),
        PrivateKey::Ec { curve, .. } if *curve == P256 => algorithm(&[&ECDSA_WITH[..], &[2]].concat(), &[]),
        PrivateKey::Ec { curve, .. } if *curve == P384 => algorithm(&[&ECDSA_WITH[..], &[3]].concat(), &[]),
        PrivateKey::Ed25519(_) => algorithm(ED25519, &[]),
        _ => return Err(NO_KEY),
    })
}

fn sign(key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, Fault> {
    match key {
        PrivateKey::Rsa(_) => {
            let mut random = Random::default();
            let key = SigningKey::<Sha256>::new(key.rsa().ok_or(NO_KEY)?);
            // blinded by the random numbers
            let signature = key.try_sign_with_rng(&mut random, message).map_err(|_| NO_KEY)?;
            if random.has_failed { Err(NO_RANDOM) } else { Ok(signature.to_vec()) }
        }
        PrivateKey::Ec { curve, .. } => {
            let scheme = if *curve == P256 { &ECDSA_P256_SHA256_ASN1_SIGNING } else { &ECDSA_P384_SHA384_ASN1_SIGNING };
            let random = source();
            let pair = EcdsaKeyPair::from_pkcs8(scheme, &key.pkcs8(), &random).map_err(|_| NO_KEY)?;
            pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| NO_RANDOM)
        }
        PrivateKey::Ed25519(seed) => {
            let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NO_KEY)?;
            Ok(pair.sign(message).as_ref().to_vec())
        }
        PrivateKey::X25519(_) => Err(NO_KEY),
    }
}
