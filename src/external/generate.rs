//! The generators that need nobody: passwords, UUIDs, key pairs of OpenSSH, and fixed values (external-secrets 2.9
//! `generators/v1`). The one thing they take is the operating system's randomness.

mod ssh;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::resource::generator::{GeneratorSpec, Password, PasswordEncoding};
use crate::secret::{self, RandomError, SecretBytes};

/// Why nothing was made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// No randomness.
    #[error("the operating system's random source failed")]
    Random,
    /// A password that cannot be.
    #[error("{0}")]
    Impossible(&'static str),
    /// A key pair that cannot be made here.
    #[error("no key pair of that kind is made: {0}")]
    Key(String),
}

impl From<RandomError> for GenerateError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

/// What the generator makes, by key. `None` for those that ask a server, which the stores do.
///
/// # Errors
/// [`GenerateError`].
pub fn generate(spec: &GeneratorSpec) -> Option<Result<BTreeMap<String, SecretBytes>, GenerateError>> {
    match spec {
        GeneratorSpec::Password(spec) => Some(passwords(spec)),
        GeneratorSpec::Uuid => Some(uuid()),
        GeneratorSpec::SshKey(spec) => Some(ssh::pair(spec)),
        GeneratorSpec::Fake(data) => {
            let copy = |(key, value): (&String, &secret::SecretText)| {
                (key.clone(), SecretBytes::new(value.expose().as_bytes().to_vec()))
            };
            Some(Ok(data.iter().map(copy).collect()))
        }
        GeneratorSpec::VaultDynamicSecret(_)
        | GeneratorSpec::EcrAuthorizationToken(_)
        | GeneratorSpec::StsSessionToken(_) => None,
    }
}

fn uuid() -> Result<BTreeMap<String, SecretBytes>, GenerateError> {
    let mut bytes = [0_u8; 16];
    secret::random(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    Ok([("uuid".to_owned(), SecretBytes::new(text.into_bytes()))].into())
}

fn passwords(spec: &Password) -> Result<BTreeMap<String, SecretBytes>, GenerateError> {
    spec.secret_keys.iter().map(|key| Ok((key.clone(), encoded(spec.encoding, &password(spec)?)))).collect()
}

/// A number below `limit`, each as likely as any other. `limit` is not zero.
fn below(limit: usize) -> Result<usize, RandomError> {
    let limit = limit as u64;
    loop {
        let mut bytes = [0; 8];
        secret::random(&mut bytes)?;
        let number = u64::from_ne_bytes(bytes);
        // the last numbers, of which there is no whole round, do not count
        if number < u64::MAX - u64::MAX % limit {
            return Ok(usize::try_from(number % limit).unwrap_or_default());
        }
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

/// As `sethvargo/go-password` counts: so many digits and symbols, the rest letters, in a random order.
fn password(spec: &Password) -> Result<Zeroizing<Vec<u8>>, GenerateError> {
    let letters = spec.length.checked_sub(spec.digits).and_then(|rest| rest.checked_sub(spec.symbols));
    let letters =
        letters.ok_or(GenerateError::Impossible("digits and symbols together are more than the password is long"))?;
    let alphabet = if spec.no_upper { LOWER.to_owned() } else { format!("{LOWER}{UPPER}") };
    let classes = [(alphabet.as_str(), letters), (DIGITS, spec.digits), (&spec.symbol_characters, spec.symbols)];
    let mut signs: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(spec.length));
    for (class, count) in classes {
        let class: Vec<char> = class.chars().collect();
        if count > 0 && class.is_empty() {
            return Err(GenerateError::Impossible("symbols are wanted, and there are none to choose from"));
        }
        if !spec.allow_repeat && count > class.len() {
            return Err(GenerateError::Impossible(
                "there are too few different characters for this length unless allowRepeat is set",
            ));
        }
        let mut made = 0;
        while made < count {
            let sign = class[below(class.len())?];
            if spec.allow_repeat || !signs.contains(&sign) {
                signs.push(sign);
                made += 1;
            }
        }
    }
    for at in (1..signs.len()).rev() {
        let other = below(at + 1)?;
        signs.swap(at, other);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(signs.iter().map(|sign| sign.len_utf8()).sum()));
    for sign in signs.iter() {
        bytes.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(bytes)
}

fn encoded(encoding: PasswordEncoding, password: &[u8]) -> SecretBytes {
    let text = match encoding {
        PasswordEncoding::Raw => return SecretBytes::new(password.to_vec()),
        PasswordEncoding::Base64 => base64_simd::STANDARD.encode_to_string(password),
        PasswordEncoding::Base64Url => base64_simd::URL_SAFE.encode_to_string(password),
        PasswordEncoding::Base32 => base32(password),
        PasswordEncoding::Hex => password.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    SecretBytes::new(text.into_bytes())
}

/// RFC 4648, with padding.
fn base32(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let bits = chunk.iter().enumerate().fold(0_u64, |bits, (at, byte)| bits | u64::from(*byte) << (32 - 8 * at));
        let signs = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            let sign = usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default();
            out.push(if at < signs { char::from(SIGNS[sign]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external::resource::generator::SYMBOLS;

    fn spec() -> Password {
        Password {
            length: 24,
            digits: 6,
            symbols: 6,
            symbol_characters: SYMBOLS.into(),
            no_upper: false,
            allow_repeat: false,
            secret_keys: vec!["password".into()],
            encoding: PasswordEncoding::Raw,
        }
    }

    fn made(spec: &Password) -> Result<String, GenerateError> {
        let spec = GeneratorSpec::Password(spec.clone());
        generate(&spec).unwrap().map(|data| String::from_utf8(data["password"].expose().to_vec()).unwrap())
    }

    #[test]
    fn passwords_are_made_as_asked() {
        for _ in 0..50 {
            let password = made(&spec()).unwrap();
            let count = |fits: fn(char) -> bool| password.chars().filter(|sign| fits(*sign)).count();
            assert_eq!(count(|sign| sign.is_ascii_digit()), 6);
            assert_eq!(count(|sign| SYMBOLS.contains(sign)), 6);
            assert_eq!(count(|sign| sign.is_ascii_alphabetic()), 12);
            let different: std::collections::BTreeSet<char> = password.chars().collect();
            assert_eq!(different.len(), 24);
        }
        let lower = made(&Password { no_upper: true, digits: 0, symbols: 0, ..spec() }).unwrap();
        assert!(lower.chars().all(|sign| sign.is_ascii_lowercase()) && lower.len() == 24);
        assert_ne!(made(&spec()), made(&spec()));
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        let impossible = [
            Password { length: 4, digits: 3, symbols: 2, ..spec() },
            Password { digits: 11, ..spec() },
            Password { symbol_characters: String::new(), ..spec() },
        ];
        for spec in impossible {
            assert!(matches!(made(&spec), Err(GenerateError::Impossible(_))), "{spec:?}");
        }
        assert_eq!(
            made(&Password { length: 40, digits: 30, symbols: 0, allow_repeat: true, ..spec() }).unwrap().len(),
            40
        );
    }

    #[test]
    fn encodings() {
        let of =
            |encoding, text: &str| String::from_utf8(encoded(encoding, text.as_bytes()).expose().to_vec()).unwrap();
        assert_eq!(of(PasswordEncoding::Base64, "a?>"), "YT8+");
        assert_eq!(of(PasswordEncoding::Base64Url, "a?>"), "YT8-");
        assert_eq!(of(PasswordEncoding::Hex, "a?>"), "613f3e");
        // RFC 4648, section 10
        let vectors = [
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ];
        for (text, wanted) in vectors {
            assert_eq!(of(PasswordEncoding::Base32, text), wanted);
        }
    }

    #[test]
    fn a_uuid_is_random_and_fixed_values_are_fixed() {
        let data = generate(&GeneratorSpec::Uuid).unwrap().unwrap();
        let text = std::str::from_utf8(data["uuid"].expose()).unwrap().to_owned();
        assert_eq!((text.len(), &text[14..15], text.matches('-').count()), (36, "4", 4));
        let fixed = BTreeMap::from([("k".to_owned(), secret::SecretText::new("v".into()))]);
        let data = generate(&GeneratorSpec::Fake(fixed)).unwrap().unwrap();
        assert_eq!(data["k"].expose(), b"v");
    }
}
