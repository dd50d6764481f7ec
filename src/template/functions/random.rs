//! sprig's functions that give something else each time.

use super::strings::count;
use super::{Args, Function, Outcome, function};
use crate::secret::random;
use crate::template::encoding::encode_base64;
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::text::{Buffer, Text};
use crate::template::unicode::Runes;
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("randAlpha", "i", |env, args| characters(env, args, |byte| byte.is_ascii_alphabetic())),
    function("randAlphaNum", "i", |env, args| characters(env, args, |byte| byte.is_ascii_alphanumeric())),
    function("randAscii", "i", |env, args| characters(env, args, |byte| (b' '..=b'~').contains(&byte))),
    function("randBytes", "i", bytes),
    function("randInt", "ii", int),
    function("randNumeric", "i", |env, args| characters(env, args, |byte| byte.is_ascii_digit())),
    function("shuffle", "s", shuffle),
    function("uuidv4", "", uuid),
];

const NO_RANDOM: Fault = Fault::Because("the operating system's random source failed");

/// A number below `limit`, each as likely as any other.
pub(super) fn below(limit: u64) -> Result<u64, Fault> {
    loop {
        let mut bytes = [0; 8];
        random(&mut bytes).map_err(|_| NO_RANDOM)?;
        let number = u64::from_ne_bytes(bytes);
        // the last numbers, of which there is no whole round, do not count
        if number < u64::MAX - u64::MAX % limit {
            return Ok(number % limit);
        }
    }
}

/// Random bytes that are charged for.
pub(super) fn secret_bytes(env: &Env<'_>, length: usize) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
    env.charge(length)?;
    let mut bytes = zeroize::Zeroizing::new(vec![0; length]);
    random(&mut bytes).map_err(|_| NO_RANDOM)?;
    Ok(bytes)
}

fn characters(env: &Env<'_>, args: &Args, fits: fn(u8) -> bool) -> Outcome {
    // the peer has no error for a negative length
    let wanted = usize::try_from(args.int(0)).unwrap_or_default();
    let mut out = Buffer::new(wanted);
    env.charge(wanted)?;
    while out.len() < wanted {
        for byte in secret_bytes(env, 64)?.iter().map(|byte| byte & 127).filter(|byte| fits(*byte)) {
            if out.len() < wanted {
                out.push(&[byte]);
            }
        }
    }
    Ok(Value::Text(env.finish(out)?))
}

fn bytes(env: &Env<'_>, args: &Args) -> Outcome {
    let bytes = secret_bytes(env, count(args, 0)?)?;
    env.text(|out| encode_base64(out, &bytes))
}

fn int(_: &Env<'_>, args: &Args) -> Outcome {
    let (min, max) = (args.int(0), args.int(1));
    match max.checked_sub(min).and_then(|size| u64::try_from(size).ok()) {
        None | Some(0) => Err(Fault::Because("there is no number between these two")),
        Some(size) => Ok(Value::Int(min.wrapping_add(below(size)? as i64))),
    }
}

fn shuffle(env: &Env<'_>, args: &Args) -> Outcome {
    let mut characters = zeroize::Zeroizing::new(Runes(args.bytes(0)).map(|(next, _)| next).collect::<Vec<_>>());
    env.charge(characters.len() * size_of::<char>())?;
    for at in (1..characters.len()).rev() {
        let other = below(at as u64 + 1)?;
        characters.swap(at, usize::try_from(other).unwrap_or_default());
    }
    env.text(|out| characters.iter().for_each(|next| out.push_char(*next)))
}

fn uuid(env: &Env<'_>, _: &Args) -> Outcome {
    let mut bytes = secret_bytes(env, 16)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(Value::Text(Text::from(parts.join("-"))))
}
