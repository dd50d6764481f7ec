//! age: wraps for one recipient of any kind, unwraps with the identities it was given.
//!
//! A wrapped key is an age file for exactly one recipient, armored, with its final newline (sops 3.13.2
//! `age/keysource.go`). Identities are parsed once and shared by all threads. Those at hand are tried first, then
//! commands are run, then plugins, and only then is anybody asked for a passphrase.
//!
//! | file | what it is for |
//! |---|---|
//! | `recipient` | recipients by their prefix |
//! | `identities` | where identities come from, and what each place gave |
//! | `trial` | identities tried on a file |
//! | `file`, `cipher` | the file itself |
//! | `hybrid`, `hpke` | post-quantum keys, which the `age` crate lacks |
//! | `ssh` | SSH keys |
//! | `plugin` | programs that wrap and unwrap |
//! | `person` | who is asked for passphrases |

mod cipher;
mod file;
mod generate;
mod hpke;
mod hybrid;
mod identities;
mod person;
mod plugin;
mod recipient;
mod ssh;
mod trial;

pub use generate::{NewIdentity, generate, generate_post_quantum};
pub use identities::{Fetch, Given, IdentitySource};
pub use person::AskPassphrase;
pub use plugin::PluginSettings;
pub use recipient::check as check_recipient;
pub use ssh::is_private_key as is_ssh_key;

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::sync::OnceLock;

use age::armor::ArmoredReader;
use age::{DecryptError, Decryptor, EncryptError};
use age_core::format::{FileKey, Stanza};
use zeroize::Zeroizing;

use self::identities::Source;
use self::person::Person;
use self::plugin::{PluginName, Plugins};
use self::recipient::Recipient;
use self::trial::{Help, Known, Means};
use super::names::without_comment;
use super::{KeyError, KeyService, Looked};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// Largest wrapped key that is looked at: an age file for a data key has 0.4 KiB, and 0.15 KiB more per recipient.
const MAX_WRAPPED: usize = 1024 * 1024;

/// The age key service.
pub struct AgeKeys {
    /// Looks for identities. Whoever only wraps needs none, so it is called at the first unwrapping.
    load: Box<dyn Fn() -> Vec<IdentitySource> + Send + Sync>,
    person: Person,
    plugins: Plugins,
    sources: OnceLock<Vec<Source>>,
}

impl fmt::Debug for AgeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sources.get() {
            Some(_) => write!(f, "AgeKeys({:?})", self.looked()),
            None => f.write_str("AgeKeys(None)"),
        }
    }
}

impl AgeKeys {
    /// Parses what the sources gave. `ask` is asked for the passphrase of encrypted identity files, once for each.
    pub fn new(sources: Vec<IdentitySource>, ask: impl AskPassphrase + 'static) -> Self {
        let this = Self::lazily(Vec::new, ask);
        let parsed: Vec<Source> = sources.into_iter().map(|source| Source::new(source, this.person.clone())).collect();
        Self { sources: OnceLock::from(parsed), ..this }
    }

    /// The same, but `load` is called, once, when the first key is to be unwrapped.
    pub fn lazily(
        load: impl Fn() -> Vec<IdentitySource> + Send + Sync + 'static,
        ask: impl AskPassphrase + 'static,
    ) -> Self {
        let person = Person::new(ask);
        let plugins = Plugins::new(PluginSettings::default(), person.clone());
        Self { load: Box::new(load), person, plugins, sources: OnceLock::new() }
    }

    /// A service that can only wrap.
    pub fn without_identities() -> Self {
        Self::new(Vec::new(), |_: &str| None)
    }

    /// The same service with other settings for plugins.
    #[must_use]
    pub fn with_plugins(self, settings: PluginSettings) -> Self {
        Self { plugins: Plugins::new(settings, self.person.clone()), ..self }
    }

    fn sources(&self) -> &[Source] {
        self.sources
            .get_or_init(|| (self.load)().into_iter().map(|source| Source::new(source, self.person.clone())).collect())
    }

    fn at_hand(&self) -> impl Iterator<Item = &Known> {
        self.sources().iter().flat_map(Source::at_hand)
    }

    /// The recipients of the identities at hand, in the order of their sources. Only plugins know those of their identities.
    pub fn recipients(&self) -> Vec<String> {
        self.at_hand().filter_map(|known| known.recipient.clone()).collect()
    }

    /// Whether there are identities at hand whose recipients nobody but a plugin knows.
    pub fn has_plugins(&self) -> bool {
        self.at_hand().any(|known| known.program().is_some())
    }
}

impl KeyService for AgeKeys {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::Age { .. })
    }

    fn effort(&self, key: &MasterKey) -> u8 {
        let MasterKey::Age { recipient } = key else {
            return 0;
        };
        let program = PluginName::of_recipient(recipient.trim()).map(|name| name.program);
        let fits = |known: &Known| match &known.recipient {
            Some(own) => without_comment(own) == without_comment(recipient),
            None => known.program() == program.as_deref(),
        };
        let efforts = self.at_hand().filter(|known| fits(known)).map(|known| match known.means {
            Means::Ready(_) => 0,
            Means::Plugin(_) => 1,
            Means::Locked(_) => 2,
        });
        efforts.min().unwrap_or(3)
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let MasterKey::Age { recipient } = key else {
            return Ok(None);
        };
        match recipient::parse(recipient)? {
            Recipient::Native(recipient) => file::seal(&*recipient, secret).map(Some).ok_or(KeyError::CannotWrap),
            Recipient::Plugin(name) => {
                let through = ThroughPlugin { name, plugins: &self.plugins, failed: RefCell::default() };
                let wrapped = file::seal(&through, secret);
                let failed = through.failed.take();
                wrapped.map(Some).ok_or_else(|| failed.unwrap_or(KeyError::CannotWrap))
            }
        }
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let MasterKey::Age { recipient } = &wrapped.key else {
            return Ok(None);
        };
        let file = binary(&wrapped.enc)?;
        let mut attempts = Attempts {
            file,
            help: Help { person: &self.person, plugins: &self.plugins },
            damaged: None,
            recipient: without_comment(recipient),
            program: PluginName::of_recipient(recipient.trim()).map(|name| name.program),
        };
        // before looking what is at hand: another thread may be unlocking a file right now
        let locked: Vec<&Source> = self.sources().iter().filter(|s| s.is_locked()).collect();
        let mut at_hand: Vec<&Known> = self.at_hand().collect();
        at_hand.sort_by_key(|known| !attempts.is_named(known));
        let (free, costly): (Vec<_>, Vec<_>) = at_hand.into_iter().partition(|known| known.is_free());
        let (plugins, keys): (Vec<_>, Vec<_>) = costly.into_iter().partition(|known| known.program().is_some());
        if let Some(secret) = attempts.all(free) {
            return Ok(Some(secret));
        }
        for source in self.sources().iter().filter(|source| source.is_command()) {
            if let Some(secret) = attempts.all(source.fetch(recipient).iter()) {
                return Ok(Some(secret));
            }
        }
        if let Some(secret) = attempts.each(plugins).or_else(|| attempts.each(keys)) {
            return Ok(Some(secret));
        }
        for source in locked {
            if let Some(secret) = attempts.all(source.fetch(recipient).iter()) {
                return Ok(Some(secret));
            }
        }
        attempts.damaged.map_or(Ok(None), Err)
    }

    fn looked(&self) -> Vec<Looked> {
        self.sources().iter().map(|source| source.looked(&self.plugins)).collect()
    }
}

/// The attempts to open one age file.
struct Attempts<'a> {
    file: Vec<u8>,
    help: Help<'a>,
    /// The first failure that is to be told when nothing opens the file.
    damaged: Option<KeyError>,
    /// Whom the file is for, so far as its entry tells.
    recipient: &'a str,
    program: Option<String>,
}

impl Attempts<'_> {
    /// Whether the entry names this identity. It goes first: the others then need not be tried.
    fn is_named(&self, known: &Known) -> bool {
        match &known.recipient {
            Some(own) => without_comment(own) == self.recipient,
            None => known.program() == self.program.as_deref(),
        }
    }

    fn all<'k>(&mut self, identities: impl IntoIterator<Item = &'k Known>) -> Option<SecretBytes> {
        match trial::open(&self.file, identities.into_iter(), &self.help) {
            Ok(secret) => secret,
            Err(error) => {
                self.damaged.get_or_insert(error);
                None
            }
        }
    }

    /// One by one, as these fail for reasons of their own: a plugin that is missing is no fault of files for others.
    fn each(&mut self, identities: Vec<&Known>) -> Option<SecretBytes> {
        identities.into_iter().find_map(|known| match trial::open(&self.file, std::iter::once(known), &self.help) {
            Ok(secret) => secret,
            Err(error) => {
                if known.program().is_none() || self.is_named(known) {
                    self.damaged.get_or_insert(error);
                }
                None
            }
        })
    }
}

/// A plugin as a recipient; why it failed is kept.
struct ThroughPlugin<'a> {
    name: PluginName,
    plugins: &'a Plugins,
    failed: RefCell<Option<KeyError>>,
}

impl age::Recipient for ThroughPlugin<'_> {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        self.plugins.wrap(&self.name, file_key).map_err(|error| {
            self.failed.replace(Some(error));
            EncryptError::Io(std::io::Error::other("the plugin failed"))
        })
    }
}

/// The age file's bytes. Editors and YAML formatters re-indent and re-fold armor, so its white space is ignored.
fn binary(enc: &str) -> Result<Vec<u8>, KeyError> {
    if enc.len() > MAX_WRAPPED {
        return Err(KeyError::NotAnAgeFile);
    }
    let body = enc.trim().strip_prefix(file::BEGIN).and_then(|rest| rest.strip_suffix(file::END));
    let Some(body) = body else {
        return Ok(enc.as_bytes().to_vec());
    };
    let packed: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64_simd::STANDARD.decode_to_vec(packed).map_err(|_| KeyError::NotAnAgeFile)
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
