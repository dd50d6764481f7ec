//! sprig's functions for base64, base32 and hashes. What cannot be decoded gives Go's error text as the value.

use std::fmt::Write;

use ring::digest;

use super::{Args, Function, Outcome, function};
use crate::template::encoding;
use crate::template::options::Env;
use crate::template::unicode::is_print;
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("adler32sum", "s", |_, args| Ok(Value::text(adler32(args.bytes(0)).to_string()))),
    function("b32dec", "s", |env, args| decoded(env, encoding::decode_base32(args.bytes(0)), "32")),
    function("b32enc", "s", |env, args| env.text(|out| encoding::encode_base32(out, args.bytes(0)))),
    function("b64dec", "s", |env, args| decoded(env, encoding::decode_base64(args.bytes(0)), "64")),
    function("b64enc", "s", |env, args| env.text(|out| encoding::encode_base64(out, args.bytes(0)))),
    function("sha1sum", "s", |env, args| hash(env, args, &digest::SHA1_FOR_LEGACY_USE_ONLY)),
    function("sha256sum", "s", |env, args| hash(env, args, &digest::SHA256)),
    function("sha512sum", "s", |env, args| hash(env, args, &digest::SHA512)),
];

/// What External Secrets has besides.
pub(super) const EXTERNAL_SECRETS: &[Function] = &[function("hexdec", "s", hex_decoded)];

/// `hex.DecodeString`, or the text of its error.
fn hex_decoded(env: &Env<'_>, args: &Args) -> Outcome {
    let text = args.bytes(0);
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if let Some(wrong) = text.iter().find(|byte| digit(**byte).is_none()) {
        let code = u32::from(*wrong);
        return env.text(|out| {
            let _ = write!(out, "encoding/hex: invalid byte: U+{code:04X}");
            if let Some(shown) = char::from_u32(code).filter(|shown| is_print(*shown)) {
                let _ = write!(out, " '{shown}'");
            }
        });
    }
    if text.len() % 2 == 1 {
        return Ok(Value::text("encoding/hex: odd length hex string"));
    }
    env.text(|out| {
        for pair in text.chunks_exact(2) {
            let value = pair.iter().fold(0, |all, byte| all << 4 | digit(*byte).unwrap_or_default());
            out.push(&[value as u8]);
        }
    })
}

fn decoded(env: &Env<'_>, result: Result<zeroize::Zeroizing<Vec<u8>>, usize>, base: &str) -> Outcome {
    match result {
        Ok(bytes) => {
            env.charge(bytes.len())?;
            Ok(Value::Text(bytes.into()))
        }
        Err(at) => Ok(Value::text(format!("illegal base{base} data at input byte {at}"))),
    }
}

fn hash(env: &Env<'_>, args: &Args, algorithm: &'static digest::Algorithm) -> Outcome {
    let hash = digest::digest(algorithm, args.bytes(0));
    env.text(|out| {
        for byte in hash.as_ref() {
            let _ = write!(out, "{byte:02x}");
        }
    })
}

fn adler32(text: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in text {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    high << 16 | low
}
