//! age files that hold one short secret, which is what wrapped keys are (age-encryption.org/v1). For files of any size the `age`
//! crate reserves and clears 64 KiB for each, in either direction: for many wrapped keys that costs more than all the cryptography.

use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza, is_arbitrary_string};
use age_core::secrecy::ExposeSecret;
use base64_simd::{STANDARD, STANDARD_NO_PAD};
use subtle::ConstantTimeEq;

use super::cipher::{self, NONCE, hkdf, mac};
use crate::keyservice::KeyError;
use crate::secret::{self, SecretBytes};

pub(super) const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
pub(super) const END: &str = "-----END AGE ENCRYPTED FILE-----";
const VERSION: &[u8] = b"age-encryption.org/v1\n";
/// What the header ends with; then comes its MAC.
const FOOTER: &[u8] = b"---";
/// A space, a MAC in base64 and the end of the line.
const MAC_LINE: usize = 45;
/// Lines of stanzas and of armor.
const COLUMNS: usize = 64;
/// Of what makes the payload's key.
const SALT: usize = 16;
const TAG: usize = 16;
/// Of the first chunk of a payload, which is the last one, too.
const ONLY_CHUNK: [u8; NONCE] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/// A chunk holds no more.
const CHUNK: usize = 64 * 1024;
/// Largest secret that was ever wrapped: a data key has 32 bytes, a share 33.
const MAX_SECRET: usize = 4096;

/// An armored file for one recipient, with its final newline; `None` when the recipient cannot, or the secret is none that fits.
pub(super) fn seal(recipient: &dyn age::Recipient, content: &[u8]) -> Option<String> {
    if content.len() > CHUNK {
        return None;
    }
    let key = FileKey::try_init_with_mut(|key| secret::random(key)).ok()?;
    let mut salt = [0; SALT];
    secret::random(&mut salt).ok()?;
    let (stanzas, _) = recipient.wrap_file_key(&key).ok()?;
    let key: &[u8; FILE_KEY_BYTES] = key.expose_secret();
    let mut file = VERSION.to_vec();
    stanzas.iter().try_for_each(|one| stanza(one, &mut file))?;
    file.extend_from_slice(FOOTER);
    let mac = mac(&hkdf(&[], b"header", key)[..], &[&file]);
    file.push(b' ');
    STANDARD_NO_PAD.encode_append(&mac[..], &mut file);
    file.push(b'\n');
    file.extend_from_slice(&salt);
    file.extend(cipher::seal(&hkdf(&salt, b"payload", key), ONLY_CHUNK, content)?);
    Some(armored(&file))
}

/// `-> TAG ARGUMENT…`, then the body in base64, of which the last line is shorter than the others, and may be empty.
fn stanza(stanza: &Stanza, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(b"->");
    for word in std::iter::once(&stanza.tag).chain(&stanza.args) {
        if !is_arbitrary_string(word) {
            return None;
        }
        out.push(b' ');
        out.extend_from_slice(word.as_bytes());
    }
    out.push(b'\n');
    let body = STANDARD_NO_PAD.encode_type::<Vec<u8>>(&stanza.body);
    let mut lines = body.chunks_exact(COLUMNS);
    for line in lines.by_ref() {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend_from_slice(lines.remainder());
    out.push(b'\n');
    Some(())
}

fn armored(file: &[u8]) -> String {
    let encoded = STANDARD.encode_to_string(file);
    let mut text = String::with_capacity(encoded.len() + encoded.len() / COLUMNS + BEGIN.len() + END.len() + 4);
    text.push_str(BEGIN);
    text.push('\n');
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        // base64 is ASCII
        let (line, after) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// The secret in a file whose header the `age` crate has read, by the file's key.
///
/// # Errors
/// [`KeyError::Damaged`]; [`KeyError::NotADataKey`] when it is too long for one.
pub(super) fn open(file: &[u8], key: &FileKey) -> Result<SecretBytes, KeyError> {
    let key: &[u8; FILE_KEY_BYTES] = key.expose_secret();
    // stanzas have no line that begins like this
    let end = memchr::memmem::find(file, b"\n--- ").ok_or(KeyError::Damaged)? + 1 + FOOTER.len();
    let (header, rest) = file.split_at(end);
    let (line, rest) = rest.split_at_checked(MAC_LINE).ok_or(KeyError::Damaged)?;
    let stated = STANDARD_NO_PAD.decode_to_vec(line.trim_ascii()).map_err(|_| KeyError::Damaged)?;
    let right = mac(&hkdf(&[], b"header", key)[..], &[header]);
    if !bool::from(right[..].ct_eq(&stated)) {
        return Err(KeyError::Damaged);
    }
    let (salt, payload) = rest.split_at_checked(SALT).ok_or(KeyError::Damaged)?;
    if payload.len() > MAX_SECRET + TAG {
        return Err(KeyError::NotADataKey);
    }
    let mut content = cipher::open(&hkdf(salt, b"payload", key), ONLY_CHUNK, payload).ok_or(KeyError::Damaged)?;
    Ok(SecretBytes::new(std::mem::take(&mut *content)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::io::Read;

    use age::armor::ArmoredReader;
    use age::{Decryptor, EncryptError, x25519};

    use super::*;

    /// The reader of the `age` crate knows nothing of this file.
    fn opened_by_age(text: &str, identity: &x25519::Identity) -> Vec<u8> {
        let decryptor = Decryptor::new(ArmoredReader::new(text.as_bytes())).unwrap();
        let mut content = Vec::new();
        decryptor.decrypt(std::iter::once(identity as _)).unwrap().read_to_end(&mut content).unwrap();
        content
    }

    #[test]
    fn others_open_what_is_sealed() {
        let identity = x25519::Identity::generate();
        for length in [0, 1, 32, 33, 47, 48, 49, 4096, CHUNK] {
            let content = vec![7; length];
            let text = seal(&identity.to_public(), &content).unwrap();
            assert_eq!(opened_by_age(&text, &identity), content);
            assert!(text.lines().all(|line| line.len() <= COLUMNS) && text.ends_with("FILE-----\n"));
        }
        assert!(seal(&identity.to_public(), &vec![7; CHUNK + 1]).is_none());
    }

    /// Stanzas whose bodies fill their lines, or not, with odd words.
    struct Odd(usize, &'static str, x25519::Recipient);

    impl age::Recipient for Odd {
        fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
            let (mut stanzas, labels) = self.2.wrap_file_key(key)?;
            let args = vec!["a".to_owned(), self.1.to_owned()];
            stanzas.insert(0, Stanza { tag: "odd".into(), args, body: vec![255; self.0] });
            Ok((stanzas, labels))
        }
    }

    #[test]
    fn stanzas_are_those_of_the_format() {
        let identity = x25519::Identity::generate();
        for length in [0, 1, 47, 48, 49, 96, 1000] {
            let text = seal(&Odd(length, "~", identity.to_public()), b"secret").unwrap();
            assert_eq!(opened_by_age(&text, &identity), b"secret");
        }
        for word in ["", "two words", "line\n"] {
            assert!(seal(&Odd(0, word, identity.to_public()), b"secret").is_none());
        }
    }

    /// Tells its key to whoever asks.
    #[derive(Default)]
    struct Telling(std::cell::Cell<[u8; FILE_KEY_BYTES]>);

    impl age::Recipient for Telling {
        fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
            self.0.set(*key.expose_secret());
            Ok((vec![Stanza { tag: "x".into(), args: Vec::new(), body: Vec::new() }], HashSet::new()))
        }
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let recipient = Telling::default();
        let text = seal(&recipient, b"secret").unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with("----")).collect();
        let file = STANDARD.decode_to_vec(body).unwrap();
        let key = FileKey::init_with_mut(|key| *key = recipient.0.get());
        assert_eq!(open(&file, &key).unwrap().expose(), b"secret");
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 4;
            assert_eq!(open(&changed, &key).unwrap_err(), KeyError::Damaged, "{at}");
            assert_eq!(open(&file[..at], &key).unwrap_err(), KeyError::Damaged, "{at}");
        }
        let other = FileKey::init_with_mut(|key| key.fill(1));
        assert_eq!(open(&file, &other).unwrap_err(), KeyError::Damaged);
    }
}
