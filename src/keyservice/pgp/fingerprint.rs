//! Which key: 40 hexadecimal digits, or an id of 16 or 8; `!` behind it means exactly this subkey.

use super::words::shown;
use crate::keyservice::error::{Cause, KeyError};

/// Lengths that name a key: short and long ids, fingerprints of versions 3, 4, and 5 or 6.
const LENGTHS: [usize; 5] = [SHORT, LONG, 32, 40, 64];
/// Too short to be nobody else's.
const SHORT: usize = 8;
/// What gpg takes for a key that is trusted.
const LONG: usize = 16;

/// A fingerprint that can be one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fingerprint {
    /// The digits, as they were written.
    pub digits: String,
    /// Exactly this subkey.
    pub exact: bool,
}

impl Fingerprint {
    /// As in a file or a rule: in any case, with blanks, with `0x` before it and `!` behind it.
    ///
    /// # Errors
    /// [`Cause::Malformed`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (digits, exact) = match packed.strip_suffix('!') {
            Some(digits) => (digits, true),
            None => (packed.as_str(), false),
        };
        let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || !LENGTHS.contains(&digits.len()) {
            return Err(KeyError::service(
                Cause::Malformed,
                format!("`{}` is not an OpenPGP fingerprint, which has 40 hexadecimal digits", shown(text)),
            )
            .with_hint("show the fingerprints of your keys with: gpg --list-keys --with-subkey-fingerprint"));
        }
        Ok(Self { digits: digits.to_owned(), exact })
    }

    /// Whether it is an id that others may have, too.
    pub fn is_short(&self) -> bool {
        self.digits.len() == SHORT
    }

    /// The key as gpg takes it for a recipient.
    pub fn recipient(&self) -> String {
        format!("{}{}", self.digits, if self.exact { "!" } else { "" })
    }

    /// The key as gpg takes it for one that is trusted, as in sops (sops 3.13.2 `pgp/keysource.go`, `shortenFingerprint`).
    pub fn trusted(&self) -> String {
        let recipient = self.recipient();
        let length = LONG + usize::from(self.exact);
        recipient[recipient.len().saturating_sub(length)..].to_owned()
    }

    /// Whether a full fingerprint is the one that is meant.
    pub fn names(&self, full: &str) -> bool {
        full.len() >= self.digits.len() && full[full.len() - self.digits.len()..].eq_ignore_ascii_case(&self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_are_read() {
        let full = "33E6082439B9FC5BDD52B5494BC4A8DCFC017E3C";
        let of = |text: &str| Fingerprint::parse(text).unwrap();
        assert_eq!((of(full).recipient(), of(full).trusted()), (full.to_owned(), "4BC4A8DCFC017E3C".to_owned()));
        let exact = of("33E6 0824 39B9 FC5B DD52  B549 4BC4 A8DC FC01 7E3C!");
        assert_eq!(exact.recipient(), format!("{full}!"));
        assert_eq!(exact.trusted(), "4BC4A8DCFC017E3C!");
        for text in ["0xfc017e3c", "4bc4a8dcfc017e3c", full, "0x4BC4A8DCFC017E3C!"] {
            assert!(of(text).names(full), "{text}");
        }
        assert!(of("FC017E3C").is_short() && !of("4BC4A8DCFC017E3C").is_short());
        assert!(!of("FC017E3D").names(full) && !of(full).names("FC017E3C"));
    }

    #[test]
    fn others_are_named_as_given() {
        for text in ["", "!", "0x", "hunter", "33E6082439", "alice@example.org", "--output=/x", "é3E60824"] {
            let error = Fingerprint::parse(text).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is not")), "{error}");
            assert_eq!(error.cause(), Some(Cause::Malformed));
        }
        let long = Fingerprint::parse(&"z".repeat(10_000)).unwrap_err().to_string();
        assert!(long.len() < 300, "{long}");
        assert!(!Fingerprint::parse("a\x1b[1mb").unwrap_err().to_string().contains('\x1b'));
    }
}
