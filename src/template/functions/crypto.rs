//! sprig's functions for passwords and encryption.

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use blowfish::Blowfish;
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::random::secret_bytes;
use super::{Args, Function, Outcome, function};
use crate::template::encoding::{decode_base64, encode_base64};
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::value::Value;

/// What External Secrets has instead.
pub(super) const EXTERNAL_SECRETS: &[Function] = &[function("htpasswd", "sss", htpasswd)];

pub(super) const TABLE: &[Function] = &[
    function("bcrypt", "s", |env, args| Ok(Value::text(bcrypt(env, args.bytes(0))?))),
    function("decryptAES", "ss", decrypt),
    function("derivePassword", "ussss", derive),
    function("encryptAES", "ss", encrypt),
    function("htpasswd", "ss", htpasswd),
];

/// What an expensive function costs in steps.
const EXPENSIVE: usize = 10_000;

/// The cost that the peer's library has when nobody says one.
const COST: u32 = 10;

fn htpasswd(env: &Env<'_>, args: &Args) -> Outcome {
    let user = args.bytes(0);
    if user.contains(&b':') {
        return env.text(|out| {
            out.push(b"invalid username: ");
            out.push(user);
        });
    }
    // the third argument is External Secrets' own
    if args.len() > 2 && args.bytes(2) == b"sha" {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, args.bytes(1));
        return env.text(|out| {
            out.push(user);
            out.push(b":{SHA}");
            encode_base64(out, hash.as_ref());
        });
    }
    let hash = bcrypt(env, args.bytes(1))?;
    env.text(|out| {
        out.push(user);
        out.push(b":");
        out.push(hash.as_bytes());
    })
}

fn bcrypt(env: &Env<'_>, password: &[u8]) -> Result<String, Fault> {
    env.step(EXPENSIVE)?;
    if password.len() > 72 {
        return Ok("failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".into());
    }
    let mut salt = [0; 16];
    salt.copy_from_slice(&secret_bytes(env, 16)?);
    Ok(bcrypt_with(password, &salt))
}

/// `$2a$10$`, salt and hash.
fn bcrypt_with(password: &[u8], salt: &[u8; 16]) -> String {
    let key = Zeroizing::new([password, &[0]].concat());
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(salt, &key);
    for _ in 0..1 << COST {
        state.bc_expand_key(&key);
        state.bc_expand_key(salt);
    }
    let mut hash = vec![];
    for block in b"OrpheanBeholderScryDoubt".chunks_exact(8) {
        let word = |at: usize| u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        let mut words = [word(0), word(4)];
        for _ in 0..64 {
            words = state.bc_encrypt(words);
        }
        words.iter().for_each(|word| hash.extend_from_slice(&word.to_be_bytes()));
    }
    // the last byte was lost in the first implementation, and is missing ever since
    format!("$2a${COST:02}${}{}", radix64(salt), radix64(&hash[..23]))
}

/// The base64 of bcrypt, with an alphabet of its own and no padding.
fn radix64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    (0..(bytes.len() * 8).div_ceil(6))
        .map(|digit| (0..6).fold(0, |all, offset| all << 1 | usize::from(bit(digit * 6 + offset))))
        .map(|digit| char::from(ALPHABET[digit]))
        .collect()
}

/// The key of a password: its bytes, cut or filled up.
fn cipher(password: &[u8]) -> Aes256 {
    let mut key = Zeroizing::new([0; 32]);
    let length = password.len().min(32);
    key[..length].copy_from_slice(&password[..length]);
    Aes256::new((&*key).into())
}

fn encrypt(env: &Env<'_>, args: &Args) -> Outcome {
    let plain = args.bytes(1);
    if plain.is_empty() {
        return Ok(Value::text(""));
    }
    let padding = 16 - plain.len() % 16;
    let mut bytes = secret_bytes(env, 16)?;
    env.charge(plain.len() + 32)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(plain.len() + 16));
    padded.extend_from_slice(plain);
    padded.resize(plain.len() + padding, u8::try_from(padding).unwrap_or_default());
    let cipher = cipher(args.bytes(0));
    let mut last = [0; 16];
    last.copy_from_slice(&bytes);
    for block in padded.chunks_exact(16) {
        last.iter_mut().zip(block).for_each(|(last, byte)| *last ^= byte);
        cipher.encrypt_block((&mut last).into());
        bytes.extend_from_slice(&last);
    }
    env.text(|out| encode_base64(out, &bytes))
}

fn decrypt(env: &Env<'_>, args: &Args) -> Outcome {
    const BROKEN: Fault = Fault::Because("that was not encrypted with encryptAES and this password");
    if args.bytes(1).is_empty() {
        return Ok(Value::text(""));
    }
    let bytes = decode_base64(args.bytes(1)).map_err(|_| Fault::Because("that is no base64"))?;
    if bytes.len() < 32 || bytes.len() % 16 != 0 {
        return Err(BROKEN);
    }
    env.charge(bytes.len())?;
    let cipher = cipher(args.bytes(0));
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    for (before, block) in bytes.chunks_exact(16).zip(bytes[16..].chunks_exact(16)) {
        let mut clear = Zeroizing::new([0; 16]);
        clear.copy_from_slice(block);
        cipher.decrypt_block((&mut *clear).into());
        plain.extend(clear.iter().zip(before).map(|(byte, before)| byte ^ before));
    }
    let padding = plain.last().copied().map_or(0, usize::from);
    let length = plain.len().checked_sub(padding).ok_or(BROKEN)?;
    Ok(Value::text(&plain[..length]))
}

/// The templates of passwords of the Master Password algorithm.
fn password_templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn password_characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// A text with its length before it.
fn seeded(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [b"com.lyndir.masterpassword".as_slice(), &length.to_be_bytes(), text].concat()
}

/// `derivePassword COUNTER KIND PASSWORD USER SITE`
fn derive(env: &Env<'_>, args: &Args) -> Outcome {
    env.step(2 * EXPENSIVE)?;
    let Some(templates) = password_templates(args.bytes(1)) else {
        return env.text(|out| {
            out.push(b"cannot find password template ");
            out.push(args.bytes(1));
        });
    };
    let counter = args.any(0).unsigned().and_then(|counter| u32::try_from(counter).ok()).unwrap_or_default();
    let mut key = Zeroizing::new([0; 64]);
    let failed = |_| Fault::Because("the key could not be derived");
    let parameters = scrypt::Params::new(15, 8, 2, 64).map_err(failed)?;
    scrypt::scrypt(args.bytes(2), &seeded(args.bytes(3)), &parameters, &mut *key)
        .map_err(|_| Fault::Because("the key could not be derived"))?;
    let mut message = seeded(args.bytes(4));
    message.extend_from_slice(&counter.to_be_bytes());
    let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*key), &message);
    let seed = seed.as_ref();
    let template = templates[usize::from(seed[0]) % templates.len()];
    env.text(|out| {
        for (class, number) in template.bytes().zip(&seed[1..]) {
            let characters = password_characters(class);
            out.push(&[characters[usize::from(*number) % characters.len()]]);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcrypt_gives_what_others_give() {
        // test vectors of jBCrypt
        for (password, hash) in [
            ("", "$2a$10$k1wbIrmNyFAPwPVPSVa/zecw2BCEnBwVS2GbrmgzxFUOqW9dk4TCW"),
            ("a", "$2a$10$k87L/MF28Q673VKh8/cPi.SUl7MU/rWuSiIDDFayrKk/1tBsSQu4u"),
            ("abc", "$2a$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi"),
        ] {
            assert_eq!(bcrypt_with(password.as_bytes(), &salt(&hash[7..29])), hash);
        }
    }

    fn salt(text: &str) -> [u8; 16] {
        const ALPHABET: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut salt = [0; 16];
        for (at, next) in text.chars().enumerate() {
            let digit = ALPHABET.find(next).unwrap();
            for bit in (0..6).filter(|bit| digit >> (5 - bit) & 1 == 1 && (at * 6 + bit) < 128) {
                salt[(at * 6 + bit) / 8] |= 0x80 >> ((at * 6 + bit) % 8);
            }
        }
        salt
    }
}
