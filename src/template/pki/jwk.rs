//! Keys as JSON Web Keys (RFC 7517, 7518, 8037), as lestrrat-go/jwx 2.1 reads them.

use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::{BigUint, RsaPrivateKey};
use zeroize::Zeroizing;

use super::der::{NOTHING, OID, SEQUENCE, algorithm, bits, element, unsigned};
use super::private::{Curve, EC, ED25519, P256, P384, P521, PrivateKey, RSA};
use crate::template::encoding::decode_base64;
use crate::template::error::Fault;
use crate::template::json;
use crate::template::value::{Map, Value};

const NO_JWK: Fault = Fault::Because("that is no JSON Web Key");
const MISSING: Fault = Fault::Because("the JSON Web Key lacks a number, or has one that does not fit");

/// A JSON Web Key.
pub(in crate::template) struct Jwk(Map);

impl Jwk {
    pub(in crate::template) fn parse(text: &[u8]) -> Result<Self, Fault> {
        match json::decode(text, |_| Ok(())) {
            Ok((Value::Map(map), _)) => Ok(Self(map)),
            Err(Fault::Limit(limit)) => Err(limit.into()),
            _ => Err(NO_JWK),
        }
    }

    fn text(&self, name: &str) -> Option<Value> {
        self.0.get(name.as_bytes()).filter(|value| matches!(value, Value::Text(_)))
    }

    fn word(&self, name: &str) -> Vec<u8> {
        match self.text(name) {
            Some(Value::Text(text)) => text.bytes().to_vec(),
            _ => vec![],
        }
    }

    /// A number: base64 with either alphabet, with or without padding.
    fn number(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let Some(Value::Text(text)) = self.text(name) else { return Err(MISSING) };
        let text = text.bytes();
        let digits = text.len() - text.iter().rev().take_while(|byte| **byte == b'=').count();
        let mut base64 = Zeroizing::new(Vec::with_capacity(digits + 3));
        base64.extend(text[..digits].iter().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        }));
        base64.resize(digits.next_multiple_of(4), b'=');
        decode_base64(&base64).ok().filter(|number| !number.is_empty()).ok_or(MISSING)
    }

    /// A number of exactly this length.
    fn sized(&self, name: &str, length: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let number = self.number(name)?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let number = &number[zeros.min(number.len())..];
        let mut padded = Zeroizing::new(vec![0; length]);
        let start = length.checked_sub(number.len()).ok_or(MISSING)?;
        padded[start..].copy_from_slice(number);
        Ok(padded)
    }

    fn curve(&self) -> Result<Curve, Fault> {
        Ok(match self.word("crv").as_slice() {
            b"P-256" => P256,
            b"P-384" => P384,
            b"P-521" => P521,
            _ => return Err(Fault::Because("the curve of the JSON Web Key is not known")),
        })
    }

    fn point(&self, curve: Curve) -> Result<Vec<u8>, Fault> {
        let (x, y) = (self.sized("x", curve.length)?, self.sized("y", curve.length)?);
        Ok([&[4], x.as_slice(), y.as_slice()].concat())
    }

    fn is_private(&self) -> bool {
        self.text("d").is_some()
    }

    /// The public key as `SubjectPublicKeyInfo`; a private key has none, as with the peer.
    pub(in crate::template) fn public(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if self.is_private() {
            return Err(Fault::Because("the JSON Web Key is a private one"));
        }
        let (kind, key) = match self.word("kty").as_slice() {
            b"RSA" => {
                let numbers = [unsigned(&self.number("n")?), unsigned(&self.number("e")?)];
                (algorithm(RSA, NOTHING), element(SEQUENCE, &[&numbers[0], &numbers[1]]).to_vec())
            }
            b"EC" => {
                let curve = self.curve()?;
                (algorithm(EC, &element(OID, &[curve.oid])), self.point(curve)?)
            }
            b"OKP" => {
                self.check_ed25519()?;
                (algorithm(ED25519, &[]), self.sized("x", 32)?.to_vec())
            }
            _ => return Err(NO_JWK),
        };
        Ok(element(SEQUENCE, &[&kind, &bits(&key)]))
    }

    fn check_ed25519(&self) -> Result<(), Fault> {
        if self.word("crv") == b"Ed25519" {
            return Ok(());
        }
        Err(Fault::Because("the curve of the JSON Web Key is not known"))
    }

    /// The private key.
    pub(in crate::template) fn private(&self) -> Result<PrivateKey, Fault> {
        if !self.is_private() {
            return Err(Fault::Because("the JSON Web Key is no private one"));
        }
        match self.word("kty").as_slice() {
            b"RSA" => {
                let number = |name: &str| self.number(name).map(|number| BigUint::from_bytes_be(&number));
                let primes = vec![number("p")?, number("q")?];
                let key = RsaPrivateKey::from_components(number("n")?, number("e")?, number("d")?, primes);
                let der = key.ok().and_then(|key| key.to_pkcs1_der().ok()).ok_or(MISSING)?;
                Ok(PrivateKey::Rsa(Zeroizing::new(der.as_bytes().to_vec())))
            }
            b"EC" => {
                let curve = self.curve()?;
                let point = Some(self.point(curve)?);
                Ok(PrivateKey::Ec { curve, number: self.sized("d", curve.length)?, point })
            }
            b"OKP" => {
                self.check_ed25519()?;
                Ok(PrivateKey::Ed25519(self.number("d").and_then(|seed| match seed.len() {
                    32 => Ok(seed),
                    _ => Err(MISSING),
                })?))
            }
            _ => Err(NO_JWK),
        }
    }
}
