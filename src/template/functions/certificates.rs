//! External Secrets' functions for certificates and keys (`runtime/template/v2/pem.go`, `jwk.go`, `decrypt.go`).

use rsa::sha2::{Sha256, Sha512};
use rsa::{Oaep, RsaPrivateKey};
use sha1::Sha1;

use super::{Args, Function, Outcome, function};
use crate::secret::Random;
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::pki::certificate::{self, Certificate};
use crate::template::pki::jwk::Jwk;
use crate::template::pki::pem;
use crate::template::pki::private::PrivateKey;
use crate::template::text::Text;
use crate::template::value::Value;

pub(super) const EXTERNAL_SECRETS: &[Function] = &[
    function("certSANs", "s", names),
    function("filterCertChain", "ss", chain),
    function("filterPEM", "ss", filter),
    function("jwkPrivateKeyPem", "s", |env, args| {
        let key = Jwk::parse(args.bytes(0))?.private()?.pkcs8();
        env.text(|out| pem::encode(out, pem::PRIVATE_KEY, &key))
    }),
    function("jwkPublicKeyPem", "s", |env, args| {
        let key = Jwk::parse(args.bytes(0))?.public()?;
        env.text(|out| pem::encode(out, b"PUBLIC KEY", &key))
    }),
    function("rsaDecrypt", "ssss", decrypt),
];

/// What an operation with a key costs in steps.
const EXPENSIVE: usize = 10_000;

fn filter(env: &Env<'_>, args: &Args) -> Outcome {
    let input = pem::without_junk(args.bytes(1));
    env.charge(input.len())?;
    let (blocks, rest) = pem::decode_all(input);
    let wanted: Vec<_> = blocks.iter().filter(|block| equal_fold(&block.label, args.bytes(0))).collect();
    if wanted.is_empty() && !rest.is_empty() {
        return Err(Fault::Because("there is no such block, and text that is no PEM"));
    }
    env.text(|out| {
        wanted.iter().for_each(|block| pem::encode_block(out, &block.label, &block.headers, &block.content));
    })
}

/// `strings.EqualFold`
fn equal_fold(left: &[u8], right: &[u8]) -> bool {
    let lower = |text: &[u8]| String::from_utf8_lossy(text).to_lowercase();
    left.eq_ignore_ascii_case(right) || (!left.is_ascii() && lower(left) == lower(right))
}

fn chain(env: &Env<'_>, args: &Args) -> Outcome {
    env.charge(args.bytes(1).len())?;
    let certificates = Certificate::every(args.bytes(1))?;
    env.step(certificates.len() * certificates.len())?;
    let part = certificate::part(args.bytes(0), &certificate::ordered(&certificates)?);
    env.text(|out| part.iter().for_each(|certificate| certificate.write(out)))
}

fn names(env: &Env<'_>, args: &Args) -> Outcome {
    let block = pem::decode(pem::without_junk(args.bytes(0))).0.ok_or(Fault::Because("there is no PEM block"))?;
    let names: Vec<Text> = certificate::names(&block.content)?;
    env.charge_values(names.len())?;
    Ok(Value::text_list(names))
}

/// `rsaDecrypt SCHEME HASH TEXT KEY`
fn decrypt(env: &Env<'_>, args: &Args) -> Outcome {
    match args.bytes(0) {
        b"None" => return Ok(args.any(2).clone()),
        b"RSA-OAEP" => {}
        _ => return Err(Fault::Because("the scheme is not supported")),
    }
    env.step(EXPENSIVE)?;
    let block = pem::decode(args.bytes(3)).0.ok_or(Fault::Because("the key is no PEM"))?;
    let key: RsaPrivateKey = PrivateKey::parse(&block.content)?.rsa().ok_or(Fault::Because("the key is no RSA key"))?;
    let padding = match args.bytes(1) {
        b"SHA1" => Oaep::new::<Sha1>(),
        b"SHA512" => Oaep::new::<Sha512>(),
        _ => Oaep::new::<Sha256>(),
    };
    let mut random = Random::default();
    // blinded, because the time of a plain operation tells about the key (RUSTSEC-2023-0071)
    let plain = key.decrypt_blinded(&mut random, padding, args.bytes(2)).map(zeroize::Zeroizing::new);
    match plain {
        Ok(plain) if !random.has_failed => {
            env.charge(plain.len())?;
            Ok(Value::Text(plain.into()))
        }
        _ => Err(Fault::Because("the key does not decrypt it")),
    }
}
