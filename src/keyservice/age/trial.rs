//! Identities tried on an age file: each for itself, so that one that is broken does not stop the others.

use std::cell::RefCell;

use age::{DecryptError, Decryptor};
use age_core::format::{FileKey, Stanza};

use super::person::Person;
use super::plugin::{PluginName, Plugins};
use super::ssh::Locked;
use crate::keyservice::KeyError;
use crate::secret::SecretBytes;

/// An identity.
pub(super) struct Known {
    /// Its recipient; only plugins know theirs.
    pub(super) recipient: Option<String>,
    pub(super) means: Means,
}

/// How an identity opens files.
pub(super) enum Means {
    /// By itself.
    Ready(Box<dyn age::Identity + Send + Sync>),
    /// After a passphrase.
    Locked(Box<Locked>),
    /// By a plugin.
    Plugin(PluginName),
}

impl Known {
    pub(super) fn ready(recipient: String, identity: impl age::Identity + Send + Sync + 'static) -> Self {
        Self { recipient: Some(recipient), means: Means::Ready(Box::new(identity)) }
    }

    /// Whether trying it asks nobody and runs nothing.
    pub(super) fn is_free(&self) -> bool {
        matches!(self.means, Means::Ready(_))
    }

    /// The plugin's program.
    pub(super) fn program(&self) -> Option<&str> {
        match &self.means {
            Means::Plugin(name) => Some(&name.program),
            _ => None,
        }
    }

    /// Why it could not be unlocked.
    pub(super) fn failure(&self) -> Option<&str> {
        match &self.means {
            Means::Locked(locked) => locked.failure(),
            _ => None,
        }
    }
}

/// Who identities turn to.
pub(super) struct Help<'a> {
    pub(super) person: &'a Person,
    pub(super) plugins: &'a Plugins,
}

/// Several identities as one; the first failure is kept, and so is the key of the file.
struct Trial<'a> {
    identities: Vec<&'a Known>,
    help: &'a Help<'a>,
    failed: RefCell<Option<KeyError>>,
    found: RefCell<Option<FileKey>>,
}

impl Trial<'_> {
    fn one(&self, known: &Known, stanzas: &[Stanza]) -> Result<Option<FileKey>, KeyError> {
        let unwrap = |identity: &dyn age::Identity| match identity.unwrap_stanzas(stanzas) {
            Some(Ok(key)) => Ok(Some(key)),
            Some(Err(_)) => Err(KeyError::Damaged),
            None => Ok(None),
        };
        match &known.means {
            Means::Ready(identity) => unwrap(&**identity),
            Means::Locked(locked) if locked.fits(stanzas) => unwrap(locked.unlock(self.help.person)?),
            Means::Locked(_) => Ok(None),
            Means::Plugin(name) => self.help.plugins.unwrap(name, stanzas),
        }
    }
}

impl age::Identity for Trial<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        for known in &self.identities {
            match self.one(known, stanzas) {
                Ok(Some(key)) => {
                    *self.found.borrow_mut() = Some(key);
                    // the file is opened elsewhere
                    return Some(Err(DecryptError::DecryptionFailed));
                }
                Ok(None) => {}
                Err(error) => _ = self.failed.borrow_mut().get_or_insert(error),
            }
        }
        None
    }
}

/// The content of an age file; `Ok(None)` when no identity fits.
///
/// # Errors
/// [`KeyError`]: no age file, damaged, or what the first identity that failed says.
pub(super) fn open<'a>(
    file: &[u8],
    identities: impl Iterator<Item = &'a Known>,
    help: &Help<'_>,
) -> Result<Option<SecretBytes>, KeyError> {
    let decryptor = Decryptor::new_buffered(file).map_err(|_| KeyError::NotAnAgeFile)?;
    let trial = Trial { identities: identities.collect(), help, failed: RefCell::default(), found: RefCell::default() };
    _ = decryptor.decrypt(std::iter::once(&trial as &dyn age::Identity));
    match trial.found.take() {
        Some(key) => super::file::open(file, &key).map(Some),
        None => trial.failed.take().map_or(Ok(None), Err),
    }
}
