//! age: wraps for one X25519 recipient, unwraps with the identities it was given.
//!
//! A wrapped key is an age file for exactly one recipient, armored, with its final newline (sops 3.13.2
//! `age/keysource.go`). Identities are parsed once and shared by all threads. Those at hand are tried first, then
//! commands are run, and only then is anybody asked for a passphrase.

mod generate;
mod hpke;
mod hybrid;
mod identities;
mod recipient;

pub use generate::{NewIdentity, generate};
pub use identities::{AskPassphrase, Given, IdentitySource};
pub use recipient::check as check_recipient;

use std::fmt;
use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor, Identity};
use zeroize::Zeroizing;

use self::identities::{Known, Source};
use super::{KeyError, KeyService, Looked};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// Largest wrapped key that is looked at: an age file for a data key has 0.4 KiB, and 0.15 KiB more per recipient.
const MAX_WRAPPED: usize = 1024 * 1024;
/// Largest secret that was ever wrapped: a data key has 32 bytes, a share 33.
const MAX_SECRET: u64 = 4096;

/// The age key service.
pub struct AgeKeys {
    /// Looks for identities. Whoever only wraps needs none, so it is called at the first unwrapping.
    load: Box<dyn Fn() -> Vec<IdentitySource> + Send + Sync>,
    ask: Arc<dyn AskPassphrase>,
    sources: OnceLock<Vec<Source>>,
}

impl fmt::Debug for AgeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgeKeys({:?})", self.sources.get())
    }
}

impl AgeKeys {
    /// Parses what the sources gave. `ask` is asked for the passphrase of encrypted identity files, once for each.
    pub fn new(sources: Vec<IdentitySource>, ask: impl AskPassphrase + 'static) -> Self {
        let ask: Arc<dyn AskPassphrase> = Arc::new(ask);
        let parsed: Vec<Source> = sources.into_iter().map(|source| Source::new(source, ask.clone())).collect();
        Self { load: Box::new(Vec::new), ask, sources: OnceLock::from(parsed) }
    }

    /// The same, but `load` is called, once, when the first key is to be unwrapped.
    pub fn lazily(
        load: impl Fn() -> Vec<IdentitySource> + Send + Sync + 'static,
        ask: impl AskPassphrase + 'static,
    ) -> Self {
        Self { load: Box::new(load), ask: Arc::new(ask), sources: OnceLock::new() }
    }

    /// A service that can only wrap.
    pub fn without_identities() -> Self {
        Self::new(Vec::new(), |_: &str| None)
    }

    fn sources(&self) -> &[Source] {
        self.sources
            .get_or_init(|| (self.load)().into_iter().map(|source| Source::new(source, self.ask.clone())).collect())
    }

    /// The recipients of the identities at hand, in the order of their sources.
    pub fn recipients(&self) -> Vec<String> {
        let known = self.sources().iter().flat_map(Source::at_hand);
        known.map(|known| known.recipient.clone()).collect()
    }
}

impl KeyService for AgeKeys {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::Age { .. })
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let MasterKey::Age { recipient } = key else {
            return Ok(None);
        };
        let recipient = recipient::parse(recipient)?;
        wrap(&recipient, secret).map(Some).ok_or(KeyError::CannotWrap)
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let MasterKey::Age { recipient } = &wrapped.key else {
            return Ok(None);
        };
        let file = binary(&wrapped.enc)?;
        // before looking what is at hand: another thread may be unlocking a file right now
        let locked: Vec<&Source> = self.sources().iter().filter(|s| s.is_locked()).collect();
        // the identity the recipient names goes first: the others then need not be tried
        let mut at_hand: Vec<&Known> = self.sources().iter().flat_map(Source::at_hand).collect();
        at_hand.sort_by_key(|known| known.recipient != *recipient);
        if let Some(secret) = open(&file, at_hand.into_iter())? {
            return Ok(Some(secret));
        }
        let commands = self.sources().iter().filter(|source| source.is_command());
        for source in commands.chain(locked) {
            let fetched = source.fetch(recipient);
            if let Some(secret) = open(&file, fetched.iter())? {
                return Ok(Some(secret));
            }
        }
        Ok(None)
    }

    fn looked(&self) -> Vec<Looked> {
        self.sources().iter().map(Source::looked).collect()
    }
}

/// `None` only when writing to memory fails, which it does not.
fn wrap(recipient: &age::x25519::Recipient, secret: &[u8]) -> Option<String> {
    let encryptor = Encryptor::with_recipients(std::iter::once(recipient as _)).ok()?;
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).ok()?;
    let mut writer = encryptor.wrap_output(armor).ok()?;
    writer.write_all(secret).ok()?;
    let mut text = String::from_utf8(writer.finish().ok()?.finish().ok()?).ok()?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Some(text)
}

/// The age file's bytes. Editors and YAML formatters re-indent and re-fold armor, so its white space is ignored.
fn binary(enc: &str) -> Result<Vec<u8>, KeyError> {
    const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
    const END: &str = "-----END AGE ENCRYPTED FILE-----";

    if enc.len() > MAX_WRAPPED {
        return Err(KeyError::NotAnAgeFile);
    }
    let body = enc.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let Some(body) = body else {
        return Ok(enc.as_bytes().to_vec());
    };
    let packed: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64_simd::STANDARD.decode_to_vec(packed).map_err(|_| KeyError::NotAnAgeFile)
}

/// `Ok(None)` when no identity fits.
fn open<'a>(file: &[u8], identities: impl Iterator<Item = &'a Known>) -> Result<Option<SecretBytes>, KeyError> {
    let decryptor = Decryptor::new_buffered(file).map_err(|_| KeyError::NotAnAgeFile)?;
    match decryptor.decrypt(identities.map(|known| &known.identity as &dyn Identity)) {
        Ok(plain) => read_secret(plain).map(Some),
        Err(DecryptError::NoMatchingKeys) => Ok(None),
        Err(_) => Err(KeyError::Damaged),
    }
}

fn read_secret(plain: impl Read) -> Result<SecretBytes, KeyError> {
    // room for all of it, so that no unwiped copy is left when the buffer grows
    let mut secret = Zeroizing::new(Vec::with_capacity(MAX_SECRET as usize + 64));
    plain.take(MAX_SECRET + 1).read_to_end(&mut secret).map_err(|_| KeyError::Damaged)?;
    if secret.len() as u64 > MAX_SECRET {
        return Err(KeyError::NotADataKey);
    }
    Ok(SecretBytes::new(std::mem::take(&mut *secret)))
}

/// The content of an identity file that is encrypted with a passphrase.
fn open_with_passphrase(
    file: &[u8],
    identity: &age::scrypt::Identity,
    limit: u64,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let decryptor = Decryptor::new(ArmoredReader::new(file))?;
    let plain = decryptor.decrypt(std::iter::once(identity as _))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(file.len() + 64));
    plain.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
