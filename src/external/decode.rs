//! What becomes of one value: `decodingStrategy` and `nullBytePolicy` (external-secrets 2.9 `runtime/decoding/decoding.go`).

use super::resource::external_secret::{Decoding, NullBytes};
use crate::secret::SecretBytes;
use crate::template;

/// Why a value is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not encoded.
    #[error("it is not base64 (byte {0})")]
    Base64(usize),
    /// It is not encoded.
    #[error("it is not base64 for URLs (byte {0})")]
    Base64Url(usize),
    /// It has a null byte.
    #[error("it has a null byte, which nullBytePolicy Fail forbids")]
    NullByte,
}

/// Decodes a value.
///
/// # Errors
/// [`DecodeError`] when it is not encoded that way; never for [`Decoding::Auto`].
pub fn decode(decoding: Decoding, value: SecretBytes) -> Result<SecretBytes, DecodeError> {
    match decoding {
        Decoding::None => Ok(value),
        Decoding::Base64 => standard(value.expose()).map_err(DecodeError::Base64),
        Decoding::Base64Url => for_urls(value.expose()).map_err(DecodeError::Base64Url),
        Decoding::Auto => Ok(standard(value.expose()).or_else(|_| for_urls(value.expose())).unwrap_or(value)),
    }
}

/// Asks for null bytes, where they are forbidden.
///
/// # Errors
/// [`DecodeError::NullByte`]
pub fn check_null_bytes(policy: NullBytes, value: &SecretBytes) -> Result<(), DecodeError> {
    if policy == NullBytes::Fail && value.expose().contains(&0) { Err(DecodeError::NullByte) } else { Ok(()) }
}

fn standard(text: &[u8]) -> Result<SecretBytes, usize> {
    template::decode_base64(text).map(SecretBytes::from)
}

fn for_urls(text: &[u8]) -> Result<SecretBytes, usize> {
    let swapped = text.iter().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        // not of this alphabet
        b'+' | b'/' => b'!',
        byte => *byte,
    });
    let swapped = zeroize::Zeroizing::new(swapped.collect::<Vec<u8>>());
    standard(&swapped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external::golden::{cases, text};

    fn secret(text: &str) -> SecretBytes {
        SecretBytes::new(text.as_bytes().to_vec())
    }

    fn in_base64(bytes: &SecretBytes) -> String {
        base64_simd::STANDARD.encode_to_string(bytes.expose())
    }

    #[test]
    fn decodes_as_go() {
        for case in cases("base64_decode") {
            let input = text(&case, "in");
            for (decoding, fine, error) in
                [(Decoding::Base64, "std_b64", "std_err"), (Decoding::Base64Url, "url_b64", "url_err")]
            {
                match (decode(decoding, secret(input)), case.get(error)) {
                    (Ok(made), None) => assert_eq!(in_base64(&made), text(&case, fine), "{input}"),
                    (Err(DecodeError::Base64(at) | DecodeError::Base64Url(at)), Some(error)) => {
                        assert!(error.as_str().unwrap().ends_with(&format!(" {at}")), "{input}: {error}, {at}");
                    }
                    (made, _) => panic!("{input}: {made:?}"),
                }
            }
            let auto = decode(Decoding::Auto, secret(input)).unwrap();
            let wanted = ["std_b64", "url_b64"].into_iter().find_map(|name| case.get(name)?.as_str());
            match wanted {
                Some(wanted) => assert_eq!(in_base64(&auto), wanted),
                None => assert_eq!(auto.expose(), input.as_bytes()),
            }
            assert_eq!(decode(Decoding::None, secret(input)).unwrap().expose(), input.as_bytes());
        }
    }

    #[test]
    fn null_bytes() {
        assert_eq!(check_null_bytes(NullBytes::Fail, &secret("a\0b")), Err(DecodeError::NullByte));
        assert_eq!(check_null_bytes(NullBytes::Fail, &secret("ab")), Ok(()));
        assert_eq!(check_null_bytes(NullBytes::Ignore, &secret("a\0b")), Ok(()));
    }
}
