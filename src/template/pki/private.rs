//! Private keys: read from PKCS#1, PKCS#8 and SEC 1, and written as PKCS#8, as Go's `crypto/x509` does both.

use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use zeroize::Zeroizing;

use super::der::{
    BIT_STRING, INTEGER, NOTHING, OCTET_STRING, OID, Reader, SEQUENCE, algorithm, bits, element, explicit, only,
};
use crate::template::error::Fault;

/// 1.2.840.113549.1.1.1
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 1.2.840.10045.2.1
pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.3.101.112
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// 1.3.101.110
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];

/// A curve of NIST's: its OID and the length of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::template) struct Curve {
    pub(super) oid: &'static [u8],
    pub(super) length: usize,
}

pub(super) const P224: Curve = Curve { oid: &[0x2b, 0x81, 4, 0, 33], length: 28 };
pub(super) const P256: Curve = Curve { oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], length: 32 };
pub(super) const P384: Curve = Curve { oid: &[0x2b, 0x81, 4, 0, 34], length: 48 };
pub(super) const P521: Curve = Curve { oid: &[0x2b, 0x81, 4, 0, 35], length: 66 };

impl Curve {
    fn of(oid: &[u8]) -> Option<Self> {
        [P224, P256, P384, P521].into_iter().find(|curve| curve.oid == oid)
    }
}

/// A private key, in the form that PKCS#8 wraps.
pub(in crate::template) enum PrivateKey {
    /// A key as PKCS#1.
    Rsa(Zeroizing<Vec<u8>>),
    /// The number, as long as the curve wants it, and the point if it was there.
    Ec { curve: Curve, number: Zeroizing<Vec<u8>>, point: Option<Vec<u8>> },
    /// The seed.
    Ed25519(Zeroizing<Vec<u8>>),
    /// The number.
    X25519(Zeroizing<Vec<u8>>),
}

impl PrivateKey {
    /// Reads PKCS#1, PKCS#8 or SEC 1.
    pub(in crate::template) fn parse(der: &[u8]) -> Result<Self, Fault> {
        pkcs1(der)
            .or_else(|| Self::from_pkcs8(der))
            .or_else(|| sec1(der, None))
            .ok_or(Fault::Because("that is no private key of a kind that is known"))
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let mut key = only(der, SEQUENCE)?;
        if key.small()? > 1 {
            return None;
        }
        let mut kind = key.inside(SEQUENCE)?;
        let oid = kind.read(OID)?;
        let inner = key.read(OCTET_STRING)?;
        let raw = || only(inner, OCTET_STRING).map(|raw| raw.0).filter(|raw| raw.len() == 32).map(owned);
        match oid {
            RSA => pkcs1(inner),
            EC => sec1(inner, Curve::of(kind.optional(OID)?)),
            ED25519 => raw().map(Self::Ed25519),
            X25519 => raw().map(Self::X25519),
            _ => None,
        }
    }

    /// The key as PKCS#8.
    pub(in crate::template) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let (kind, inner) = match self {
            Self::Rsa(key) => (algorithm(RSA, NOTHING), key.clone()),
            Self::Ec { curve, .. } => (algorithm(EC, &element(OID, &[curve.oid])), self.sec1(false)),
            Self::Ed25519(seed) => (algorithm(ED25519, &[]), element(OCTET_STRING, &[seed])),
            Self::X25519(number) => (algorithm(X25519, &[]), element(OCTET_STRING, &[number])),
        };
        element(SEQUENCE, &[&element(INTEGER, &[&[0]]), &kind, &element(OCTET_STRING, &[&inner])])
    }

    /// A key of a curve as SEC 1; nothing for others.
    pub(super) fn sec1(&self, with_curve: bool) -> Zeroizing<Vec<u8>> {
        let Self::Ec { curve, number, point } = self else { return Zeroizing::default() };
        let named = element(explicit(0), &[&element(OID, &[curve.oid])]);
        let point = point.as_ref().map(|point| element(explicit(1), &[&bits(point)])).unwrap_or_default();
        let named: &[u8] = if with_curve { &named } else { &[] };
        element(SEQUENCE, &[&element(INTEGER, &[&[1]]), &element(OCTET_STRING, &[number]), named, &point])
    }

    /// The key as one to decrypt with.
    pub(in crate::template) fn rsa(&self) -> Option<RsaPrivateKey> {
        match self {
            Self::Rsa(der) => RsaPrivateKey::from_pkcs1_der(der).ok(),
            _ => None,
        }
    }
}

fn owned(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.to_vec())
}

/// Two primes and all that belongs to them; keys of more primes are not known.
fn pkcs1(der: &[u8]) -> Option<PrivateKey> {
    let mut key = only(der, SEQUENCE)?;
    if key.small()? != 0 {
        return None;
    }
    let numbers = (0..8).map_while(|_| key.unsigned().filter(|number| *number != [0])).count();
    (numbers == 8 && key.is_done()).then(|| PrivateKey::Rsa(owned(der)))
}

fn sec1(der: &[u8], curve: Option<Curve>) -> Option<PrivateKey> {
    let mut key = only(der, SEQUENCE)?;
    if key.small()? != 1 {
        return None;
    }
    let number = key.read(OCTET_STRING)?;
    let named = key.optional(explicit(0)).and_then(|named| Curve::of(Reader(named).read(OID)?));
    let curve = curve.or(named)?;
    let point = key.optional(explicit(1)).and_then(|point| match Reader(point).read(BIT_STRING)? {
        [0, point @ ..] if point.first() == Some(&4) && point.len() == 2 * curve.length + 1 => Some(point.to_vec()),
        _ => None,
    });
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    let mut padded = Zeroizing::new(vec![0; curve.length.checked_sub(number.len())?]);
    if number.is_empty() {
        return None;
    }
    padded.reserve_exact(number.len());
    padded.extend_from_slice(number);
    Some(PrivateKey::Ec { curve, number: padded, point })
}
