//! Where identities come from, and what each place gave. The caller has read files and environment; parsing,
//! unlocking and remembering happen here.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use age::secrecy::SecretString;
use age::{DecryptError, scrypt, x25519};

use super::person::{AskPassphrase, Person};
use super::plugin::{PluginName, Plugins};
use super::trial::{Known, Means};
use super::{hybrid, ssh};
use crate::keyservice::{Looked, Outcome};
use crate::secret::SecretBytes;

/// Largest identity file, as in age and sops.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Most work a passphrase may cost: 2^22, as Go's age allows. That is 4 GiB of memory for some seconds.
const MAX_WORK: u8 = 22;

/// A place where identities may be, and what the caller found there.
#[derive(Debug)]
pub struct IdentitySource {
    /// For people: `SOPS_AGE_KEY_FILE (/x/keys.txt)`.
    pub label: String,
    /// What was found.
    pub given: Given,
}

/// Runs a command for a recipient and returns what it prints, or why there is nothing.
pub type Fetch = Box<dyn Fn(&str) -> Result<SecretBytes, String> + Send + Sync>;

/// What the caller found at a place.
pub enum Given {
    /// A file: one identity a line, or an age file with a passphrase.
    File(SecretBytes),
    /// A variable's text: several identities on a line are allowed.
    Words(SecretBytes),
    /// An SSH private key.
    Ssh(SecretBytes),
    /// Something to be run only when nothing at hand fits; the argument is the recipient.
    Command(Fetch),
    /// The same, but it prints an SSH private key.
    SshCommand(Fetch),
    /// The variable is not set.
    NotSet,
    /// The file is not there.
    Missing,
    /// It could not be read.
    Failed(String),
}

/// Names the variant; what it holds may be secret.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File([REDACTED])",
            Self::Words(_) => "Words([REDACTED])",
            Self::Ssh(_) => "Ssh([REDACTED])",
            Self::Command(_) => "Command(..)",
            Self::SshCommand(_) => "SshCommand(..)",
            Self::NotSet => "NotSet",
            Self::Missing => "Missing",
            Self::Failed(_) => "Failed(..)",
        })
    }
}

/// What a text held.
pub(super) type Parsed = Vec<Known>;

/// Parsed identities, or why there are none.
pub(super) type ParseResult = Result<Parsed, String>;

/// A source with its state.
pub(super) struct Source {
    label: String,
    person: Person,
    state: State,
}

enum State {
    Nothing(Outcome),
    Ready(ParseResult),
    Locked { file: SecretBytes, opened: OnceLock<ParseResult> },
    Command { fetch: Fetch, ssh: bool, fetched: Mutex<HashMap<String, Arc<OnceLock<ParseResult>>>> },
}

/// Identities that live in a source, or in a command's answer.
pub(super) enum Fetched<'a> {
    Borrowed(&'a ParseResult),
    Shared(Arc<OnceLock<ParseResult>>),
}

impl Fetched<'_> {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Known> {
        let result = match self {
            Self::Borrowed(result) => Some(*result),
            Self::Shared(cell) => cell.get(),
        };
        result.and_then(|result| result.as_ref().ok()).map_or(&[][..], Vec::as_slice).iter()
    }
}

impl Source {
    pub(super) fn new(source: IdentitySource, person: Person) -> Self {
        let state = match source.given {
            Given::File(file) if is_age_file(file.expose()) => State::Locked { file, opened: OnceLock::new() },
            Given::File(text) => State::Ready(parse(text.expose(), false)),
            Given::Words(text) => State::Ready(parse(text.expose(), true)),
            Given::Ssh(key) => State::Ready(parse_ssh(key.expose(), &source.label)),
            Given::Command(fetch) => State::Command { fetch, ssh: false, fetched: Mutex::default() },
            Given::SshCommand(fetch) => State::Command { fetch, ssh: true, fetched: Mutex::default() },
            Given::NotSet => State::Nothing(Outcome::NotSet),
            Given::Missing => State::Nothing(Outcome::Missing),
            Given::Failed(why) => State::Nothing(Outcome::Failed(why)),
        };
        Self { label: source.label, person, state }
    }

    /// The identities that cost nothing to try.
    pub(super) fn at_hand(&self) -> &[Known] {
        match &self.state {
            State::Ready(Ok(parsed)) => parsed,
            State::Locked { opened, .. } => match opened.get() {
                Some(Ok(parsed)) => parsed,
                _ => &[],
            },
            _ => &[],
        }
    }

    pub(super) fn is_command(&self) -> bool {
        matches!(self.state, State::Command { .. })
    }

    pub(super) fn is_locked(&self) -> bool {
        matches!(&self.state, State::Locked { opened, .. } if opened.get().is_none())
    }

    /// Runs the command for `recipient`, or asks for the passphrase: once, the result is remembered.
    pub(super) fn fetch(&self, recipient: &str) -> Fetched<'_> {
        match &self.state {
            State::Ready(result) => Fetched::Borrowed(result),
            State::Locked { file, opened } => Fetched::Borrowed(opened.get_or_init(|| self.unlock(file.expose()))),
            State::Command { fetch, ssh, fetched } => {
                let mut all = fetched.lock().unwrap_or_else(PoisonError::into_inner);
                let cell = all.entry(recipient.to_owned()).or_default().clone();
                // other recipients need not wait for this one
                drop(all);
                cell.get_or_init(|| {
                    let output = fetch(recipient)?;
                    if *ssh {
                        return parse_ssh(output.expose(), &self.label).and_then(without_passphrase);
                    }
                    if is_age_file(output.expose()) {
                        return self.unlock(output.expose());
                    }
                    parse(output.expose(), false)
                });
                Fetched::Shared(cell)
            }
            State::Nothing(_) => Fetched::Shared(Arc::default()),
        }
    }

    fn unlock(&self, file: &[u8]) -> ParseResult {
        let Some(passphrase) = self.person.ask(&self.label) else {
            return Err("it needs a passphrase, and there is nobody to ask".into());
        };
        let mut identity = scrypt::Identity::new(SecretString::from(passphrase.expose().to_owned()));
        identity.set_max_work_factor(MAX_WORK);
        match super::open_with_passphrase(file, &identity, MAX_FILE) {
            Ok(text) => parse(&text, false),
            Err(DecryptError::DecryptionFailed) => Err("incorrect passphrase".into()),
            Err(DecryptError::NoMatchingKeys) => Err("it is encrypted, but not with a passphrase".into()),
            Err(DecryptError::ExcessiveWork { .. }) => Err("its passphrase needs more work than we do".into()),
            Err(_) => Err("it is a damaged age file".into()),
        }
    }

    /// `plugins` knows which of them have failed.
    pub(super) fn looked(&self, plugins: &Plugins) -> Looked {
        let outcome_of = |result: &ParseResult| outcome_of(result, plugins);
        let outcome = match &self.state {
            State::Nothing(outcome) => outcome.clone(),
            State::Ready(result) => outcome_of(result),
            State::Locked { opened, .. } => opened.get().map_or(Outcome::Locked, outcome_of),
            State::Command { fetched, .. } => {
                let all = fetched.lock().unwrap_or_else(PoisonError::into_inner);
                merge(all.values().filter_map(|cell| cell.get().map(outcome_of)))
            }
        };
        Looked { label: self.label.clone(), outcome }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.label)
    }
}

fn outcome_of(result: &ParseResult, plugins: &Plugins) -> Outcome {
    let parsed = match result {
        Ok(parsed) => parsed,
        Err(why) => return Outcome::Failed(why.clone()),
    };
    if let Some(why) = parsed.iter().find_map(Known::failure) {
        return Outcome::Failed(why.to_owned());
    }
    let mut programs: Vec<String> = parsed
        .iter()
        .filter_map(Known::program)
        .map(|program| match plugins.failure(program) {
            // the errors of plugins begin with their names
            Some(error) => error.to_string(),
            None => program.to_owned(),
        })
        .collect();
    programs.dedup();
    Outcome::Gave { recipients: parsed.iter().filter_map(|known| known.recipient.clone()).collect(), plugins: programs }
}

/// What a command gave for all recipients together; a failure only when nothing else came of it.
fn merge(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut all = Outcome::NotRun;
    for outcome in outcomes {
        all = match (all, outcome) {
            (Outcome::Gave { mut recipients, mut plugins }, Outcome::Gave { recipients: more, plugins: others }) => {
                for (list, more) in [(&mut recipients, more), (&mut plugins, others)] {
                    list.extend(more);
                    list.sort();
                    list.dedup();
                }
                Outcome::Gave { recipients, plugins }
            }
            (gave @ Outcome::Gave { .. }, _) => gave,
            (_, outcome) => outcome,
        };
    }
    all
}

fn parse_ssh(bytes: &[u8], label: &str) -> ParseResult {
    let key = ssh::parse(bytes, label)?;
    let means = match key.secret {
        ssh::Secret::Open(identity) => Means::Ready(Box::new(identity)),
        ssh::Secret::Locked(locked) => Means::Locked(locked),
    };
    Ok(vec![Known { recipient: Some(key.recipient), means }])
}

/// Nobody is asked for the passphrase of what a command prints, as in sops.
fn without_passphrase(parsed: Parsed) -> ParseResult {
    match parsed.iter().any(|known| matches!(known.means, Means::Locked(_))) {
        true => Err("it printed a key with a passphrase: let it print one without".into()),
        false => Ok(parsed),
    }
}

/// How age files begin, as sops tells them from lists of identities.
fn is_age_file(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption") || bytes.starts_with(b"-----BEGIN AGE")
}

/// One identity a line (or a word); empty lines and lines that begin with `#` are skipped; nothing is trimmed but a
/// carriage return at the end. One bad line discards the whole source, as in sops. Errors name the line only.
fn parse(bytes: &[u8], words: bool) -> ParseResult {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err("it is not text".into());
    };
    let mut parsed = Parsed::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (mut by_word, mut whole);
        let entries: &mut dyn Iterator<Item = &str> = if words {
            by_word = line.split_whitespace();
            &mut by_word
        } else {
            whole = std::iter::once(line);
            &mut whole
        };
        for entry in entries {
            match parse_identity(entry) {
                Some(known) => parsed.push(known),
                None => return Err(format!("line {} {}", index + 1, what_is_wrong(entry))),
            }
        }
    }
    Ok(parsed)
}

fn parse_identity(text: &str) -> Option<Known> {
    if text.starts_with("AGE-PLUGIN-") {
        return Some(Known { recipient: None, means: Means::Plugin(PluginName::of_identity(text)?) });
    }
    if text.starts_with("AGE-SECRET-KEY-PQ-1") {
        let identity = hybrid::Identity::parse(text)?;
        return Some(Known::ready(identity.to_public().to_string(), identity));
    }
    if !text.starts_with("AGE-SECRET-KEY-1") {
        return None;
    }
    let identity: x25519::Identity = text.parse().ok()?;
    Some(Known::ready(identity.to_public().to_string(), identity))
}

fn what_is_wrong(line: &str) -> &'static str {
    let trimmed = line.trim();
    if line != trimmed && parse_identity(trimmed).is_some() {
        "has blanks around the identity"
    } else if trimmed.starts_with("AGE-SECRET-KEY-") || trimmed.starts_with("AGE-PLUGIN-") {
        "is a damaged identity (a character is wrong or missing)"
    } else if trimmed.starts_with("age1") || trimmed.starts_with("ssh-") {
        "is a recipient, not an identity"
    } else if ssh::is_private_key(trimmed.as_bytes()) {
        "is an SSH key: name its file with SOPS_AGE_SSH_PRIVATE_KEY_FILE or --identity"
    } else if trimmed.starts_with("-----BEGIN") {
        "is an SSH or PGP key, not an age identity"
    } else {
        "is not an age identity"
    }
}
