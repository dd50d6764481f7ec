//! sprig's functions that make keys and certificates.

use core::net::IpAddr;

use zeroize::Zeroizing;

use super::{Args, Function, Outcome, function};
use crate::template::encoding::decode_base64;
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::pki::certificate::Certificate;
use crate::template::pki::issue::{Kind, Wanted, certificate, key_of_pem, new_key, write_key};
use crate::template::pki::pem;
use crate::template::pki::private::PrivateKey;
use crate::template::text::{Buffer, Text};
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("buildCustomCert", "ss", custom),
    function("genCA", "si", |env, args| authority(env, args, &new(env, RSA_2048)?)),
    function("genCAWithKey", "sis", |env, args| authority(env, args, &key_of_pem(args.bytes(2))?)),
    function("genPrivateKey", "s", private_key),
    function("genSelfSignedCert", "slli", |env, args| self_signed(env, args, &new(env, RSA_2048)?)),
    function("genSelfSignedCertWithKey", "sllis", |env, args| self_signed(env, args, &key_of_pem(args.bytes(4))?)),
    function("genSignedCert", "sllic", |env, args| signed(env, args, &new(env, RSA_2048)?)),
    function("genSignedCertWithKey", "sllics", |env, args| signed(env, args, &key_of_pem(args.bytes(5))?)),
];

const RSA_2048: Kind = Kind::Rsa(2048);

/// What a new RSA key costs in steps: the search for primes takes a second.
const NEW_KEY: usize = 200_000;

fn new(env: &Env<'_>, kind: Kind) -> Result<PrivateKey, Fault> {
    env.step(match kind {
        Kind::Rsa(size) => size / 2048 * NEW_KEY,
        _ => 1000,
    })?;
    new_key(kind)
}

fn private_key(env: &Env<'_>, args: &Args) -> Outcome {
    let kind = match args.bytes(0) {
        b"" | b"rsa" => Kind::Rsa(4096),
        b"ecdsa" => Kind::P256,
        b"ed25519" => Kind::Ed25519,
        b"dsa" => return Err(Fault::Unsupported),
        kind => {
            return env.text(|out| {
                out.push(b"Unknown type ");
                out.push(kind);
            });
        }
    };
    let key = new(env, kind)?;
    env.text(|out| write_key(out, &key))
}

fn custom(_: &Env<'_>, args: &Args) -> Outcome {
    let text = |at: usize| decode_base64(args.bytes(at)).map_err(|_| Fault::Because("that is no base64"));
    let (certificate, key) = (text(0)?, text(1)?);
    let block = pem::decode(&certificate).0.ok_or(Fault::Because("the certificate is no PEM"))?;
    Certificate::parse(&block.content)?;
    key_of_pem(&key)?;
    Ok(Value::Certificate(certificate.into(), key.into()))
}

/// The certificate and its key as a value.
fn pair(env: &Env<'_>, der: &[u8], key: &PrivateKey) -> Outcome {
    let text = |write: &dyn Fn(&mut Buffer)| -> Result<Text, Fault> {
        let mut out = env.buffer();
        write(&mut out);
        env.finish(out)
    };
    Ok(Value::Certificate(text(&|out| pem::encode(out, pem::CERTIFICATE, der))?, text(&|out| write_key(out, key))?))
}

fn authority(env: &Env<'_>, args: &Args, key: &PrivateKey) -> Outcome {
    let wanted = Wanted {
        name: args.bytes(0),
        addresses: vec![],
        hosts: vec![],
        days: args.int(1),
        now: env.options.now,
        is_authority: true,
    };
    pair(env, &certificate(&wanted, key, None)?, key)
}

/// What the arguments of both other kinds of certificates begin with: name, addresses, hosts, days.
fn wanted<'a>(env: &Env<'_>, args: &'a Args) -> Result<Wanted<'a>, Fault> {
    let texts = |at: usize| -> Result<Vec<&[u8]>, Fault> {
        let Value::List(list) = args.any(at) else { return Ok(vec![]) };
        let text = |item: &'a Value| match item {
            Value::Text(text) => Ok(text.bytes()),
            other => Err(Fault::Type(other.type_name())),
        };
        list.items().iter().map(text).collect()
    };
    let address = |text: &[u8]| -> Result<IpAddr, Fault> {
        let text = std::str::from_utf8(text).ok();
        text.and_then(|text| text.parse().ok()).ok_or(Fault::Because("that is no IP address"))
    };
    Ok(Wanted {
        name: args.bytes(0),
        addresses: texts(1)?.into_iter().map(address).collect::<Result<_, _>>()?,
        hosts: texts(2)?.into_iter().map(<[u8]>::to_vec).collect(),
        days: args.int(3),
        now: env.options.now,
        is_authority: false,
    })
}

fn self_signed(env: &Env<'_>, args: &Args, key: &PrivateKey) -> Outcome {
    pair(env, &certificate(&wanted(env, args)?, key, None)?, key)
}

fn signed(env: &Env<'_>, args: &Args, key: &PrivateKey) -> Outcome {
    let Value::Certificate(issuer, issuer_key) = args.any(4) else {
        return Err(Fault::Type(args.any(4).type_name()));
    };
    let block = pem::decode(issuer.bytes()).0.ok_or(Fault::Because("the certificate of the issuer is no PEM"))?;
    let issuer_key = key_of_pem(issuer_key.bytes())?;
    let der: Zeroizing<Vec<u8>> = certificate(&wanted(env, args)?, key, Some((&block.content, &issuer_key)))?;
    pair(env, &der, key)
}
