//! External Secrets' functions for PKCS#12 (`runtime/template/v2/pkcs12.go`).

use super::{Args, Function, Outcome, function};
use crate::template::encoding::encode_base64;
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::pki::certificate::{self, Certificate};
use crate::template::pki::private::PrivateKey;
use crate::template::pki::{pem, pkcs12};

pub(super) const EXTERNAL_SECRETS: &[Function] = &[
    function("fullPemToPkcs12", "ss", |env, args| key_store(env, args, b"", true)),
    function("fullPemToPkcs12Pass", "sss", |env, args| key_store(env, args, args.bytes(2), true)),
    function("pemToPkcs12", "ss", |env, args| key_store(env, args, b"", false)),
    function("pemToPkcs12Pass", "sss", |env, args| key_store(env, args, args.bytes(2), false)),
    function("pemTruststoreToPKCS12", "s", |env, args| trust_store(env, args, b"")),
    function("pemTruststoreToPKCS12Pass", "ss", |env, args| trust_store(env, args, args.bytes(1))),
    function("pkcs12cert", "s", |env, args| certificates(env, args.bytes(0), b"")),
    function("pkcs12certPass", "ss", |env, args| certificates(env, args.bytes(1), args.bytes(0))),
    function("pkcs12key", "s", |env, args| key(env, args.bytes(0), b"")),
    function("pkcs12keyPass", "ss", |env, args| key(env, args.bytes(1), args.bytes(0))),
];

/// What deriving keys from a password costs in steps.
const EXPENSIVE: usize = 10_000;

fn key(env: &Env<'_>, file: &[u8], password: &[u8]) -> Outcome {
    env.step(EXPENSIVE)?;
    env.charge(file.len().saturating_mul(4))?;
    let key = pkcs12::read(file, password)?.0.pkcs8();
    env.text(|out| pem::encode(out, pem::PRIVATE_KEY, &key))
}

fn certificates(env: &Env<'_>, file: &[u8], password: &[u8]) -> Outcome {
    env.step(EXPENSIVE)?;
    env.charge(file.len().saturating_mul(4))?;
    let certificates = pkcs12::read(file, password)?.1;
    env.step(certificates.len() * certificates.len())?;
    // what is no chain stays in the order of the file
    let ordered = certificate::ordered(&certificates).unwrap_or_else(|_| certificates.iter().collect());
    env.text(|out| ordered.iter().for_each(|certificate| certificate.write(out)))
}

/// The first certificate of a PEM text, and those that follow it.
fn chain(text: &[u8]) -> Result<(Certificate, Vec<Certificate>), Fault> {
    let (first, rest) = pem::decode(text);
    let first = first.ok_or(Fault::Because("there is no certificate in PEM"))?;
    Ok((Certificate::parse(&first.content)?, whole(rest)?))
}

/// Every certificate of a text that must hold nothing else.
fn whole(text: &[u8]) -> Result<Vec<Certificate>, Fault> {
    let (blocks, rest) = pem::decode_all(text);
    if !rest.trim_ascii().is_empty() {
        return Err(Fault::Because("there is text that is no PEM"));
    }
    blocks.iter().map(|block| Certificate::parse(&block.content)).collect()
}

fn key_store(env: &Env<'_>, args: &Args, password: &[u8], full: bool) -> Outcome {
    env.step(EXPENSIVE)?;
    env.charge((args.bytes(0).len() + args.bytes(1).len()).saturating_mul(4))?;
    let (certificate, above) = match full {
        true => chain(args.bytes(0))?,
        false => {
            let first = pem::decode(args.bytes(0)).0.ok_or(Fault::Because("there is no certificate in PEM"))?;
            (Certificate::parse(&first.content)?, vec![])
        }
    };
    let key = pem::decode(args.bytes(1)).0.ok_or(Fault::Because("there is no key in PEM"))?;
    let key = PrivateKey::parse(&key.content)?;
    let file = pkcs12::key_store(&key, &certificate, &above, password)?;
    env.text(|out| encode_base64(out, &file))
}

fn trust_store(env: &Env<'_>, args: &Args, password: &[u8]) -> Outcome {
    env.step(EXPENSIVE)?;
    env.charge(args.bytes(0).len().saturating_mul(4))?;
    let file = pkcs12::trust_store(&whole(args.bytes(0))?, password)?;
    env.text(|out| encode_base64(out, &file))
}
