//! SSH keys as age identities: `ssh-ed25519` and `ssh-rsa`, also with a passphrase, in OpenSSH's format (and RSA keys in
//! the older PEM format without one).

use std::sync::OnceLock;

use age::ssh::{EncryptedKey, Identity, Recipient, UnsupportedKey};
use age_core::format::Stanza;
use age_core::secrecy::SecretString;

use super::person::AskPassphrase;
use crate::keyservice::{Cause, KeyError};

/// What rewrites a key file of another format.
const CONVERT: &str = "ssh-keygen -p -f FILE writes it anew in OpenSSH's format";

/// A private key, and the recipient `ssh-… AAAA…` it opens for.
pub(super) struct Key {
    pub(super) recipient: String,
    pub(super) secret: Secret,
}

/// The private half.
pub(super) enum Secret {
    Open(Identity),
    Locked(Box<Locked>),
}

/// A private key with a passphrase, which is asked for once.
pub(super) struct Locked {
    /// For people: the file.
    label: String,
    key: EncryptedKey,
    /// The beginning of the hash of the public key, as stanzas state it.
    tag: String,
    opened: OnceLock<Result<Identity, String>>,
}

/// Reads a private key file. `label` says where it comes from.
///
/// # Errors
/// Why not, for people.
pub(super) fn parse(bytes: &[u8], label: &str) -> Result<Key, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not an SSH key file")?.trim_start();
    let first = text.lines().next().unwrap_or_default();
    if !is_private_key(text.as_bytes()) {
        return Err("it is not an SSH private key".into());
    }
    if !["-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"].contains(&first.trim_end()) {
        return Err(format!("it is a private key in another format: {CONVERT}"));
    }
    let identity = Identity::from_buffer(text.as_bytes(), None).map_err(|_| "it is a damaged SSH key")?;
    let recipient = match &identity {
        Identity::Unsupported(why) => return Err(unsupported(why)),
        _ => Recipient::try_from(identity.clone()).map_err(|error| refused(&error))?.to_string(),
    };
    let secret = match identity {
        Identity::Encrypted(key) => {
            let tag = tag(&recipient).ok_or("it is a damaged SSH key")?;
            Secret::Locked(Box::new(Locked { label: label.to_owned(), key, tag, opened: OnceLock::new() }))
        }
        open => Secret::Open(open),
    };
    Ok(Key { recipient, secret })
}

/// Whether a file is a private key of some kind in PEM's clothes, and not an age file.
pub fn is_private_key(bytes: &[u8]) -> bool {
    let first = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    first.starts_with(b"-----BEGIN ") && first.ends_with(b"PRIVATE KEY-----")
}

fn unsupported(why: &UnsupportedKey) -> String {
    match why {
        UnsupportedKey::EncryptedPem => format!("it is encrypted in an old format: {CONVERT}"),
        UnsupportedKey::EncryptedSsh(cipher) => format!("it is encrypted with {cipher}, which we do not know"),
        UnsupportedKey::Hardware(_) => "it is on a security key, which cannot decrypt".into(),
        UnsupportedKey::Type(kind) => wrong_kind(kind),
    }
}

fn wrong_kind(kind: &str) -> String {
    let kind: String = kind.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
    format!("{kind} keys cannot decrypt: only ssh-ed25519 and ssh-rsa can")
}

fn refused(error: &age::ssh::ParseRecipientKeyError) -> String {
    use age::ssh::ParseRecipientKeyError as Error;
    match error {
        Error::RsaModulusTooLarge => "RSA keys of more than 4096 bits are not supported".into(),
        Error::RsaModulusTooSmall => "an RSA key of less than 2048 bits is too weak".into(),
        Error::Unsupported(kind) => wrong_kind(kind),
        _ => "it is a damaged SSH key".into(),
    }
}

/// Reads a recipient `ssh-… AAAA… comment`.
///
/// # Errors
/// Damaged, too weak or too large, or of a kind that cannot encrypt.
pub(super) fn recipient(text: &str) -> Result<Recipient, KeyError> {
    text.parse().map_err(|error| match error {
        age::ssh::ParseRecipientKeyError::Invalid(_) | age::ssh::ParseRecipientKeyError::Ignore => {
            KeyError::service(Cause::Malformed, "not a valid SSH public key (a character is wrong or missing)")
        }
        other => KeyError::service(Cause::Malformed, refused(&other)),
    })
}

/// What stanzas for a recipient begin with.
fn tag(recipient: &str) -> Option<String> {
    let public = base64_simd::STANDARD.decode_to_vec(recipient.split(' ').nth(1)?).ok()?;
    let hash = ring::digest::digest(&ring::digest::SHA256, &public);
    Some(base64_simd::STANDARD_NO_PAD.encode_to_string(hash.as_ref().get(..4)?))
}

impl Locked {
    /// Whether a stanza is for this key.
    pub(super) fn fits(&self, stanzas: &[Stanza]) -> bool {
        stanzas.iter().any(|stanza| stanza.tag.starts_with("ssh-") && stanza.args.first() == Some(&self.tag))
    }

    /// The key, after asking for its passphrase; asked once, whatever comes of it.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn unlock(&self, person: &dyn AskPassphrase) -> Result<&Identity, KeyError> {
        let opened = self.opened.get_or_init(|| {
            let passphrase = person.ask(&self.label).ok_or("it needs a passphrase, and there is nobody to ask")?;
            let passphrase = SecretString::from(passphrase.expose().to_owned());
            self.key.decrypt(passphrase).map(Identity::from).map_err(|_| "incorrect passphrase".into())
        });
        opened.as_ref().map_err(|why| {
            let text = format!("{} fits, but: {why}", self.label);
            KeyError::service(Cause::NoCredentials, text)
        })
    }

    /// Why it could not be unlocked, if that was tried.
    pub(super) fn failure(&self) -> Option<&str> {
        self.opened.get()?.as_ref().err().map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
