//! OpenPGP keys through the program gpg, with its agent, its cards and its keyring, as sops does when it cannot help itself
//! (sops 3.13.2 `pgp/keysource.go`).
//!
//! | file | what it is for |
//! |---|---|
//! | `fingerprint` | which key |
//! | `answer` | what gpg says |
//! | `listing` | what gpg knows about keys |
//! | `explain` | why a key cannot be used |
//! | `packet` | for which subkey a wrapped key is |
//! | `native` | OpenPGP in this process |
//! | `words` | text of others in messages of ours |

mod answer;
mod explain;
mod fingerprint;
mod listing;
#[cfg(feature = "pgp")]
pub mod native;
mod packet;
mod words;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use self::answer::Said;
use self::fingerprint::Fingerprint;
use self::listing::Key;
use super::error::{Cause, KeyError};
use super::{KeyService, Looked, Outcome};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// Largest wrapped key that is looked at: a message to one RSA key of 16,384 bits has 3 KiB.
const MAX_WRAPPED: usize = 1024 * 1024;
/// So many secret keys are told one by one.
const MOST_TOLD: usize = 8;

/// One call of gpg. Nothing secret is in the arguments.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The arguments.
    pub arguments: &'a [&'a str],
    /// Standard input.
    pub input: &'a [u8],
    /// Whether a person may have to type a passphrase or touch a card meanwhile.
    pub may_ask: bool,
}

/// What gpg did.
#[derive(Debug)]
pub struct Answer {
    /// Whether it says that all is well.
    pub ok: bool,
    /// Standard output.
    pub stdout: SecretBytes,
    /// Standard error.
    pub stderr: String,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoAnswer {
    /// There is no such program.
    NotInstalled,
    /// It did not end in time.
    TooLate(u64),
    /// Anything else, in the words of the system.
    Failed(String),
}

/// Runs gpg.
pub type RunGpg = dyn Fn(&Call<'_>) -> Result<Answer, NoAnswer> + Send + Sync;

/// The OpenPGP key service. One gpg runs at a time: its agent does not stand many (it runs out of locked memory).
pub struct PgpKeys {
    /// What the program is called, for messages.
    program: String,
    /// What the keyring is called, for messages.
    keyring: String,
    run: Box<RunGpg>,
    memory: Mutex<Memory>,
    /// Whether anything was to be unwrapped: only then it is of interest which secret keys there are.
    was_asked: AtomicBool,
}

/// What need not be asked again in this run, and nobody be bothered with.
#[derive(Default)]
struct Memory {
    /// By the id of the subkey: there is no secret key, or whoever has its passphrase does not give it.
    subkeys: HashMap<String, Option<KeyError>>,
    /// gpg itself does not work.
    broken: Option<KeyError>,
}

impl PgpKeys {
    /// The service. `program` and `keyring` are for messages.
    pub fn new(
        program: impl Into<String>,
        keyring: impl Into<String>,
        run: impl Fn(&Call<'_>) -> Result<Answer, NoAnswer> + Send + Sync + 'static,
    ) -> Self {
        Self {
            program: program.into(),
            keyring: keyring.into(),
            run: Box::new(run),
            memory: Mutex::default(),
            was_asked: AtomicBool::new(false),
        }
    }

    /// Calls gpg, if it has not failed to work before.
    fn call(&self, memory: &mut Memory, arguments: &[&str], input: &[u8], may_ask: bool) -> Result<Answer, KeyError> {
        if let Some(error) = &memory.broken {
            return Err(error.clone());
        }
        (self.run)(&Call { arguments, input, may_ask }).map_err(|trouble| {
            let error = explain::no_answer(&self.program, &trouble, may_ask);
            memory.broken = Some(error.clone());
            error
        })
    }

    /// The keys of the keyring that match; all secret ones without a fingerprint.
    fn list(&self, memory: &mut Memory, what: &str, key: Option<&str>) -> Result<(Vec<Key>, Answer), KeyError> {
        let mut arguments = vec!["--batch", "--no-tty", "--status-fd", "2", "--with-colons"];
        // twice: also of subkeys
        arguments.extend(["--with-fingerprint", "--with-fingerprint", what]);
        arguments.extend(key);
        let answer = self.call(memory, &arguments, b"", false)?;
        Ok((listing::read(&String::from_utf8_lossy(answer.stdout.expose())), answer))
    }

    /// The key that is meant, for a message; whatever goes wrong here is not what matters.
    fn find(&self, memory: &mut Memory, what: &str, key: &Fingerprint) -> Option<Key> {
        self.list(memory, what, Some(&key.digits)).ok()?.0.into_iter().next()
    }

    fn encrypt(&self, memory: &mut Memory, key: &Fingerprint, secret: &[u8]) -> Result<String, KeyError> {
        let key = &self.without_namesakes(memory, key)?;
        let (recipient, trusted) = (key.recipient(), key.trusted());
        let arguments = [
            "--batch",
            "--no-tty",
            "--status-fd",
            "2",
            "--no-default-recipient",
            "--yes",
            "--encrypt",
            "-a",
            "-r",
            &recipient,
            "--trusted-key",
            &trusted,
            "--no-encrypt-to",
        ];
        let answer = self.call(memory, &arguments, secret, false)?;
        let armor = std::str::from_utf8(answer.stdout.expose()).unwrap_or_default().trim();
        if answer.ok && armor.starts_with("-----BEGIN PGP MESSAGE-----") {
            return Ok(armor.to_owned());
        }
        let found = self.find(memory, "--list-keys", key);
        Err(explain::cannot_encrypt(&self.program, key, found.as_ref(), Said(&answer.stderr)))
    }

    /// The whole fingerprint in the place of a short id, which gpg does not trust and anybody can make a key for.
    fn without_namesakes(&self, memory: &mut Memory, key: &Fingerprint) -> Result<Fingerprint, KeyError> {
        if !key.is_short() {
            return Ok(key.clone());
        }
        let (found, _) = self.list(memory, "--list-keys", Some(&key.digits))?;
        let mut full: Vec<&str> =
            found.iter().filter_map(|found| found.part(key)).map(|part| part.fingerprint.as_str()).collect();
        full.dedup();
        match full[..] {
            [] => Err(explain::no_public_key(key)),
            [only] => Ok(Fingerprint { digits: only.to_owned(), exact: key.exact }),
            [one, other, ..] => Err(explain::namesakes(key, one, other)),
        }
    }

    fn decrypt(
        &self,
        memory: &mut Memory,
        wrapped: &WrappedKey,
        fingerprint: &str,
    ) -> Result<Option<SecretBytes>, KeyError> {
        // as sops, without --batch: gpg and its agent may ask
        let arguments = ["--status-fd", "2", "--decrypt"];
        let answer = self.call(memory, &arguments, wrapped.enc.as_bytes(), true)?;
        let said = Said(&answer.stderr);
        if answer.ok {
            if answer.stdout.expose().is_empty() {
                return Err(KeyError::service(Cause::BadAnswer, format!("{} gave an empty key", self.program)));
            }
            return Ok(Some(answer.stdout));
        }
        if said.has_no_agent() {
            let error = explain::no_agent(&self.program);
            memory.broken = Some(error.clone());
            return Err(error);
        }
        match said.refusal() {
            Some(answer::Refusal::NoSecretKey) => Ok(None),
            Some(refusal) => {
                let key = Fingerprint::parse(fingerprint).ok();
                let found = key.as_ref().and_then(|key| self.find(memory, "--list-secret-keys", key));
                Err(explain::refused(&self.program, refusal, key.as_ref(), found.as_ref(), said))
            }
            None if said.has("NO_SECKEY") => Ok(None),
            None => Err(explain::not_a_message(&self.program, said)),
        }
    }
}

impl KeyService for PgpKeys {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::Pgp { .. })
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let MasterKey::Pgp { fingerprint } = key else {
            return Ok(None);
        };
        let fingerprint = Fingerprint::parse(fingerprint)?;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        self.encrypt(&mut memory, &fingerprint, secret).map(Some)
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let MasterKey::Pgp { fingerprint } = &wrapped.key else {
            return Ok(None);
        };
        self.was_asked.store(true, Ordering::Relaxed);
        if wrapped.enc.len() > MAX_WRAPPED {
            return Err(explain::not_a_message(&self.program, Said("")));
        }
        let subkey = packet::recipient(&wrapped.enc);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = subkey.as_ref().and_then(|subkey| memory.subkeys.get(subkey)) {
            return known.clone().map_or(Ok(None), Err);
        }
        let outcome = self.decrypt(&mut memory, wrapped, fingerprint);
        let is_final = match &outcome {
            Ok(secret) => secret.is_none().then_some(None),
            // of a message that is damaged nothing follows for the next one
            Err(error) => (error.cause() == Some(Cause::NoCredentials)).then(|| Some(error.clone())),
        };
        if let (Some(subkey), Some(outcome)) = (subkey, is_final) {
            memory.subkeys.insert(subkey, outcome);
        }
        outcome
    }

    fn looked(&self) -> Vec<Looked> {
        if !self.was_asked.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let one = |label: String, outcome| Looked { label, outcome };
        let gave = |keys: &[Key]| {
            let primary = |key: &Key| Some(key.primary()?.fingerprint.clone()).filter(|text| !text.is_empty());
            Outcome::Gave { recipients: keys.iter().filter_map(primary).collect(), plugins: Vec::new() }
        };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (keys, answer) = match self.list(&mut memory, "--list-secret-keys", None) {
            Ok(listed) => listed,
            Err(error) => return vec![one(self.keyring.clone(), Outcome::Failed(error.to_string()))],
        };
        if keys.is_empty() && !answer.ok {
            let said = Said(&answer.stderr);
            let error = if said.has_no_agent() {
                explain::no_agent(&self.program).to_string()
            } else {
                said.last_words().unwrap_or_else(|| "cannot be listed".into())
            };
            return vec![one(self.keyring.clone(), Outcome::Failed(error))];
        }
        let (told, others) = keys.split_at(keys.len().min(MOST_TOLD));
        let mut looked: Vec<Looked> = told
            .iter()
            .map(|key| match &key.owner {
                Some(owner) => one(format!("{}, {owner}", self.keyring), gave(std::slice::from_ref(key))),
                None => one(self.keyring.clone(), gave(std::slice::from_ref(key))),
            })
            .collect();
        if !others.is_empty() || keys.is_empty() {
            looked.push(one(self.keyring.clone(), gave(others)));
        }
        looked
    }
}

impl fmt::Debug for PgpKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PgpKeys({})", self.program)
    }
}

#[cfg(test)]
mod tests;
