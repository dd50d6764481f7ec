//! The MAC of a file: SHA-512 over the plain bytes of its values, in document order.
//!
//! Mirrors sops 3.13.2 `sops.go` (`Tree.Encrypt`, `Tree.Decrypt`). Which values count is the caller's decision: comments
//! never do, and with `mac_only_encrypted` only encrypted values do.

use std::fmt;

use ring::digest::{Context, SHA512};
use subtle::ConstantTimeEq;

use crate::secret::SecretText;

/// SHA-256 of `sops`: hashed first when only encrypted values count, so that the two kinds of MAC never agree.
const ONLY_ENCRYPTED_START: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// A MAC in the making.
pub struct Mac(Context);

impl Mac {
    /// A MAC over nothing yet.
    pub fn new(only_encrypted: bool) -> Self {
        let mut context = Context::new(&SHA512);
        if only_encrypted {
            context.update(&ONLY_ENCRYPTED_START);
        }
        Self(context)
    }

    /// Adds the plain bytes of the next value.
    pub fn add(&mut self, plain: &[u8]) {
        self.0.update(plain);
    }

    /// The text that is encrypted into the metadata.
    pub fn finish(self) -> MacText {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let digest = self.0.finish();
        let mut text = String::with_capacity(digest.as_ref().len() * 2);
        for byte in digest.as_ref() {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        MacText(SecretText::new(text))
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// 128 upper-case hexadecimal digits. A hash of secrets, so it is kept like one: short values can be guessed from it.
pub struct MacText(SecretText);

impl MacText {
    /// The digits, to be encrypted.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Constant-time comparison with another MAC.
    pub fn same(&self, other: &Self) -> bool {
        self.0.same(&other.0)
    }

    /// Constant-time comparison with what was decrypted from the metadata. Case counts, as for sops.
    pub fn same_as_stored(&self, decrypted: &[u8]) -> bool {
        self.0.expose().as_bytes().ct_eq(decrypted).into()
    }
}

impl fmt::Debug for MacText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac_of(values: &[&str], only_encrypted: bool) -> MacText {
        let mut mac = Mac::new(only_encrypted);
        values.iter().for_each(|value| mac.add(value.as_bytes()));
        mac.finish()
    }

    /// The hashed values of a file that sops 3.13.2 wrote, and the MAC it stored.
    #[test]
    fn the_vector_of_sops() {
        let mac = mac_of(
            &[
                "hello",
                "42",
                "1.5",
                "2",
                "True",
                "False",
                "2024-01-02T00:00:00Z",
                "2006-01-02T15:04:05+07:06",
                "",
                "7",
                "x",
                "one",
                "2",
                "v",
            ],
            false,
        );
        assert_eq!(
            mac.expose(),
            "ACE9D998E08A7D8690D50AFAEBCBD76C06EB0B0BEBFC21AB3ACB5C4B48582A0\
             076E83CDF4FE7E76F5BC6B3CDF9B1506E06CA4528FD3764CF26E30CE364990151"
        );
        assert!(mac.same_as_stored(mac.expose().as_bytes()));
        assert!(!mac.same_as_stored(mac.expose().to_lowercase().as_bytes()));
        assert!(!mac.same_as_stored(b""));
    }

    #[test]
    fn the_start_is_the_hash_of_the_name() {
        let hash = ring::digest::digest(&ring::digest::SHA256, b"sops");
        assert_eq!(hash.as_ref(), ONLY_ENCRYPTED_START);
    }

    #[test]
    fn the_two_kinds_are_never_confused() {
        assert!(!mac_of(&["a"], false).same(&mac_of(&["a"], true)));
        assert!(mac_of(&["a", "b"], true).same(&mac_of(&["ab"], true)));
    }

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", Mac::new(false)), "[REDACTED]");
        assert_eq!(format!("{:?}", mac_of(&["a"], false)), "[REDACTED]");
    }
}
