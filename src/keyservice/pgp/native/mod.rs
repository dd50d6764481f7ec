//! OpenPGP in this process, for machines without gpg: with exported keys in files, and the keyrings that gpg had before 2.1, where
//! sops looks, too (sops 3.13.2 `pgp/keysource.go`).

mod certificate;

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pgp::bytes::Bytes;
use pgp::composed::{ArmorOptions, DecryptionOptions, Esk, Message, MessageBuilder, SignedSecretKey, TheRing};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::{EncryptionKey, KeyDetails, Password};
use zeroize::Zeroizing;

use self::certificate::{Certificate, Target};
use super::fingerprint::Fingerprint;
use super::{MAX_WRAPPED, explain};
use crate::keyservice::error::{Cause, KeyError};
use crate::keyservice::{KeyService, Looked, Outcome};
use crate::secret::{Random, SecretBytes, SecretText};
use crate::sops::key::{MasterKey, WrappedKey};

/// Largest secret that was ever wrapped: a data key has 32 bytes, a share 33.
const MAX_SECRET: u64 = 4096;

/// A place where keys may be.
pub struct KeyFile {
    /// What it is called, for messages.
    pub label: String,
    /// What is there; `None`: nobody has named such a file.
    pub content: Option<Result<SecretBytes, String>>,
}

/// Asks somebody for a passphrase.
pub type Ask = dyn Fn(&str) -> Option<SecretText> + Send + Sync;

/// What a service of this kind needs from outside.
pub struct Surroundings {
    /// Reads the files, at the first use.
    pub load: Box<dyn Fn() -> Vec<KeyFile> + Send + Sync>,
    /// Asks for the passphrase of what is named.
    pub ask: Box<Ask>,
    /// The time, in seconds since 1970.
    pub now: Box<dyn Fn() -> u64 + Send + Sync>,
}

type Unlocked = Result<Arc<SignedSecretKey>, KeyError>;

/// The service. See the file's description.
pub struct NativePgp {
    surroundings: Surroundings,
    files: OnceLock<Vec<(Looked, Vec<Certificate>)>>,
    /// Keys that had a passphrase, by fingerprint; or why they still have one.
    unlocked: Mutex<HashMap<String, Unlocked>>,
    was_asked: AtomicBool,
}

impl NativePgp {
    /// The service.
    pub fn new(surroundings: Surroundings) -> Self {
        Self { surroundings, files: OnceLock::new(), unlocked: Mutex::default(), was_asked: AtomicBool::new(false) }
    }

    fn files(&self) -> &[(Looked, Vec<Certificate>)] {
        self.files.get_or_init(|| (self.surroundings.load)().into_iter().map(opened).collect())
    }

    fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.files().iter().flat_map(|(_, certificates)| certificates)
    }

    /// The secret key without its passphrase, which is asked for at most once.
    fn unlocked(&self, certificate: &Certificate, locked: &SignedSecretKey) -> Result<Arc<SignedSecretKey>, KeyError> {
        let owner = certificate.owner();
        let whose = owner.as_ref().map_or_else(|| "this key".to_owned(), |owner| format!("the key of {owner}"));
        let refuses = |what: &str| KeyError::service(Cause::NoCredentials, format!("{what} for {whose}"));
        let fingerprint = certificate.fingerprint();
        let mut known = self.unlocked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&fingerprint) {
            return known.clone();
        }
        let given = (self.surroundings.ask)(&format!("the PGP key of {}", owner.as_deref().unwrap_or(&fingerprint)));
        let outcome = match given {
            None => Err(refuses("there is no passphrase")
                .with_hint("run it in a terminal, and give the right passphrase when asked")),
            Some(given) => unlock(locked, &given.expose().into())
                .map(Arc::new)
                .ok_or_else(|| refuses("wrong passphrase").with_hint("run it again, and give the right one")),
        };
        known.insert(fingerprint, outcome.clone());
        outcome
    }

    fn open(&self, enc: &str, certificate: &Certificate, secret: &SignedSecretKey) -> Result<SecretBytes, KeyError> {
        let damaged = || explain::damaged();
        let unlocked;
        let secret = if is_locked(secret) {
            unlocked = self.unlocked(certificate, secret)?;
            &*unlocked
        } else {
            secret
        };
        let password = Password::empty();
        let (message, _) = Message::from_string(enc).map_err(|_| damaged())?;
        let ring = TheRing {
            secret_keys: vec![secret],
            key_passwords: vec![&password],
            decrypt_options: DecryptionOptions::new().enable_gnupg_aead(),
            ..Default::default()
        };
        let (mut message, _) = message.decrypt_the_ring(ring, true).map_err(|_| damaged())?;
        if message.is_compressed() {
            message = message.decompress().map_err(|_| damaged())?;
        }
        // room for all of it, so that no unwiped copy is left when the buffer grows
        let mut plain = Zeroizing::new(Vec::with_capacity(MAX_SECRET as usize + 64));
        message.by_ref().take(MAX_SECRET + 1).read_to_end(&mut plain).map_err(|_| damaged())?;
        if plain.is_empty() || plain.len() as u64 > MAX_SECRET {
            return Err(KeyError::NotADataKey);
        }
        Ok(SecretBytes::new(std::mem::take(&mut *plain)))
    }
}

impl KeyService for NativePgp {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::Pgp { .. })
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let MasterKey::Pgp { fingerprint } = key else {
            return Ok(None);
        };
        let fingerprint = Fingerprint::parse(fingerprint)?;
        // a short id may be anybody's
        let Some(certificate) = self.certificates().find(|one| !fingerprint.is_short() && one.is(&fingerprint)) else {
            return Ok(None);
        };
        let known = certificate.describe((self.surroundings.now)());
        let armor = match certificate.target(&known, &fingerprint) {
            Some(Target::Primary(public)) => encrypt(&public.primary_key, secret),
            Some(Target::Subkey(subkey)) => encrypt(subkey, secret),
            None => {
                return Err(explain::unusable(&fingerprint, &known).unwrap_or_else(|| {
                    KeyError::service(Cause::Unusable, format!("{} cannot be used for encryption", known.whose()))
                }));
            }
        };
        armor.map(Some)
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let MasterKey::Pgp { .. } = &wrapped.key else {
            return Ok(None);
        };
        self.was_asked.store(true, Ordering::Relaxed);
        let mut secrets = self.certificates().filter_map(|one| Some((one, one.secret.as_ref()?))).peekable();
        if secrets.peek().is_none() {
            return Ok(None);
        }
        if wrapped.enc.len() > MAX_WRAPPED {
            return Err(explain::damaged());
        }
        let (message, _) = Message::from_string(&wrapped.enc).map_err(|_| explain::damaged())?;
        let Message::Encrypted { esk, .. } = &message else {
            return Err(explain::damaged());
        };
        let is_for = |secret: &SignedSecretKey| {
            esk.iter().any(|esk| match esk {
                Esk::PublicKeyEncryptedSessionKey(esk) => {
                    let subkeys = secret.secret_subkeys.iter();
                    esk.match_identity(secret.primary_key.public_key())
                        || subkeys.map(|subkey| subkey.key.public_key()).any(|public| esk.match_identity(public))
                }
                Esk::SymKeyEncryptedSessionKey(_) => false,
            })
        };
        let mut first_error = None;
        for (certificate, secret) in secrets.filter(|(_, secret)| is_for(secret)) {
            match self.open(&wrapped.enc, certificate, secret) {
                Ok(secret) => return Ok(Some(secret)),
                Err(error) => _ = first_error.get_or_insert(error),
            }
        }
        first_error.map_or(Ok(None), Err)
    }

    fn looked(&self) -> Vec<Looked> {
        if !self.was_asked.load(Ordering::Relaxed) {
            return Vec::new();
        }
        self.files().iter().map(|(looked, _)| looked.clone()).collect()
    }
}

/// What a file gave.
fn opened(file: KeyFile) -> (Looked, Vec<Certificate>) {
    let (outcome, certificates) = match file.content {
        None => (Outcome::NotSet, Vec::new()),
        Some(Err(why)) => (Outcome::Failed(why), Vec::new()),
        Some(Ok(bytes)) => {
            let certificates = certificate::read(bytes.expose());
            let secret = certificates.iter().filter(|one| one.secret.is_some()).map(Certificate::fingerprint);
            (Outcome::Gave { recipients: secret.collect(), plugins: Vec::new() }, certificates)
        }
    };
    (Looked { label: file.label, outcome }, certificates)
}

/// Whether a part that is for encryption has a passphrase.
fn is_locked(secret: &SignedSecretKey) -> bool {
    let subkeys = secret.secret_subkeys.iter().any(|subkey| subkey.key.secret_params().is_encrypted());
    subkeys || (secret.secret_subkeys.is_empty() && secret.primary_key.secret_params().is_encrypted())
}

/// The same key with its parts for encryption as they are without the passphrase; `None` when it fits none of them.
fn unlock(locked: &SignedSecretKey, password: &Password) -> Option<SignedSecretKey> {
    let mut secret = locked.clone();
    let mut fits = false;
    for subkey in secret.secret_subkeys.iter_mut().filter(|subkey| subkey.key.algorithm().can_encrypt()) {
        fits |= subkey.key.remove_password(password).is_ok();
    }
    if secret.secret_subkeys.is_empty() {
        fits |= secret.primary_key.remove_password(password).is_ok();
    }
    fits.then_some(secret)
}

fn encrypt(key: &impl EncryptionKey, secret: &[u8]) -> Result<String, KeyError> {
    let mut random = Random::default();
    let wiped = Bytes::from_owner(Zeroizing::new(secret.to_vec()));
    let mut builder = MessageBuilder::from_bytes("", wiped).seipd_v1(&mut random, SymmetricKeyAlgorithm::AES256);
    let armor = match builder.encrypt_to_key(&mut random, key) {
        Ok(_) => builder.to_armored_string(&mut random, ArmorOptions::default()),
        Err(error) => Err(error),
    };
    let armor = armor.map_err(|_| KeyError::CannotWrap)?;
    if random.has_failed { Err(KeyError::CannotWrap) } else { Ok(armor.trim().to_owned()) }
}

impl fmt::Debug for NativePgp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NativePgp")
    }
}
