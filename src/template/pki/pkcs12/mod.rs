//! PKCS#12 (RFC 7292), the files that end in `.p12` and `.pfx`, as far as software.sslmate.com/src/go-pkcs12 0.7 knows them: it is
//! what External Secrets uses. Written with PBES2 (PBKDF2, AES-256-CBC) and HMAC-SHA-256; the ciphers of old are read, too.

mod cipher;
mod derive;
mod name;
mod read;
mod write;

pub(in crate::template) use read::read;
pub(in crate::template) use write::{key_store, trust_store};

use zeroize::Zeroizing;

use crate::template::error::Fault;

/// 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// 1.2.840.113549.1.7.6
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
/// 1.2.840.113549.1.12.10.1.1
const KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 1];
/// 1.2.840.113549.1.12.10.1.2
const SHROUDED_KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2];
/// 1.2.840.113549.1.12.10.1.3
const CERTIFICATE_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 3];
/// 1.2.840.113549.1.9.22.1
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1];
/// 1.2.840.113549.1.9.20
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 20];
/// 1.2.840.113549.1.9.21
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 21];
/// 2.16.840.1.113894.746875.1.1, by which Java knows what it may trust
const TRUSTED: &[u8] = &[0x60, 0x86, 0x48, 1, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 1, 1];
/// 2.5.29.37.0, any use of a key
const ANY_USE: &[u8] = &[0x55, 0x1d, 0x25, 0];
/// 1.2.840.113549.1.5.13
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
/// 1.2.840.113549.1.5.14
const PBMAC1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 14];
/// 1.2.840.113549.1.5.12
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
/// 1.2.840.113549.2.9
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
/// 2.16.840.1.101.3.4.2.1
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// 2.16.840.1.101.3.4.1.42
const AES256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];

/// Most rounds that a file may ask for: ten times what the most careful programs use.
const MAX_ROUNDS: u32 = 10_000_000;

const MALFORMED: Fault = Fault::Because("that is no PKCS#12 file of a kind that is known");
const WRONG_PASSWORD: Fault = Fault::Because("the password does not open the PKCS#12 file");

/// A password in both of its forms.
struct Password {
    /// As it is.
    text: Zeroizing<Vec<u8>>,
    /// In UTF-16 with a zero at the end, as older algorithms take it.
    wide: Zeroizing<Vec<u8>>,
}

impl Password {
    fn new(text: &[u8]) -> Result<Self, Fault> {
        let characters = crate::template::unicode::Runes(text);
        let mut wide = Zeroizing::new(Vec::with_capacity(text.len() * 2 + 2));
        let mut plain = Zeroizing::new(Vec::with_capacity(text.len() * 3));
        for (next, _) in characters {
            let code = u16::try_from(u32::from(next))
                .map_err(|_| Fault::Because("the password has a character that PKCS#12 cannot hold"))?;
            wide.extend_from_slice(&code.to_be_bytes());
            plain.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
        }
        wide.extend_from_slice(&[0, 0]);
        Ok(Self { text: plain, wide })
    }

    /// The empty password as some programs have it, without even the zero.
    fn nothing() -> Self {
        Self { text: Zeroizing::default(), wide: Zeroizing::default() }
    }
}

#[cfg(test)]
mod tests;
