//! Where identities come from, and what each place gave. The caller has read files and environment; parsing,
//! unlocking and remembering happen here.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use age::secrecy::SecretString;
use age::{DecryptError, scrypt, x25519};

use crate::keyservice::{Looked, Outcome};
use crate::secret::{SecretBytes, SecretText};

/// Largest identity file, as in age and sops.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Most work a passphrase may cost: 2^22, as Go's age allows. That is 4 GiB of memory for some seconds.
const MAX_WORK: u8 = 22;

/// Asks a person for a passphrase. Closures that take the place's label do.
pub trait AskPassphrase: Send + Sync {
    /// The passphrase for `label`; `None` when nobody can be asked.
    fn ask(&self, label: &str) -> Option<SecretText>;
}

impl<F: Fn(&str) -> Option<SecretText> + Send + Sync> AskPassphrase for F {
    fn ask(&self, label: &str) -> Option<SecretText> {
        self(label)
    }
}

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
    /// Something to be run only when nothing at hand fits; the argument is the recipient.
    Command(Fetch),
    /// The variable is not set.
    NotSet,
    /// The file is not there.
    Missing,
    /// It could not be read.
    Failed(String),
    /// It is there, but of a kind that is not supported yet.
    NotSupported,
}

/// Names the variant; what it holds may be secret.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File([REDACTED])",
            Self::Words(_) => "Words([REDACTED])",
            Self::Command(_) => "Command(..)",
            Self::NotSet => "NotSet",
            Self::Missing => "Missing",
            Self::Failed(_) => "Failed(..)",
            Self::NotSupported => "NotSupported",
        })
    }
}

/// An identity and its recipient.
pub(super) struct Known {
    pub(super) identity: x25519::Identity,
    pub(super) recipient: String,
}

/// What a text held.
#[derive(Default)]
pub(super) struct Parsed {
    known: Vec<Known>,
    /// Plugin and post-quantum identities, which we pass over.
    unsupported: usize,
}

/// Parsed identities, or why there are none.
pub(super) type ParseResult = Result<Parsed, String>;

/// A source with its state.
pub(super) struct Source {
    label: String,
    ask: Arc<dyn AskPassphrase>,
    state: State,
}

enum State {
    Nothing(Outcome),
    Ready(ParseResult),
    Locked { file: SecretBytes, opened: OnceLock<ParseResult> },
    Command { fetch: Fetch, fetched: Mutex<HashMap<String, Arc<OnceLock<ParseResult>>>> },
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
        result.and_then(|result| result.as_ref().ok()).map_or(&[][..], |p| &p.known).iter()
    }
}

impl Source {
    pub(super) fn new(source: IdentitySource, ask: Arc<dyn AskPassphrase>) -> Self {
        let state = match source.given {
            Given::File(file) if is_age_file(file.expose()) => State::Locked { file, opened: OnceLock::new() },
            Given::File(text) => State::Ready(parse(text.expose(), false)),
            Given::Words(text) => State::Ready(parse(text.expose(), true)),
            Given::Command(fetch) => State::Command { fetch, fetched: Mutex::default() },
            Given::NotSet => State::Nothing(Outcome::NotSet),
            Given::Missing => State::Nothing(Outcome::Missing),
            Given::Failed(why) => State::Nothing(Outcome::Failed(why)),
            Given::NotSupported => State::Nothing(Outcome::NotSupported),
        };
        Self { label: source.label, ask, state }
    }

    /// The identities that cost nothing to try.
    pub(super) fn at_hand(&self) -> &[Known] {
        match &self.state {
            State::Ready(Ok(parsed)) => &parsed.known,
            State::Locked { opened, .. } => match opened.get() {
                Some(Ok(parsed)) => &parsed.known,
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
            State::Command { fetch, fetched } => {
                let mut all = fetched.lock().unwrap_or_else(PoisonError::into_inner);
                let cell = all.entry(recipient.to_owned()).or_default().clone();
                // other recipients need not wait for this one
                drop(all);
                cell.get_or_init(|| {
                    let output = fetch(recipient)?;
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
        let Some(passphrase) = self.ask.ask(&self.label) else {
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

    pub(super) fn looked(&self) -> Looked {
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
        write!(f, "{:?}", self.looked())
    }
}

fn outcome_of(result: &ParseResult) -> Outcome {
    match result {
        Ok(parsed) => Outcome::Gave {
            recipients: parsed.known.iter().map(|known| known.recipient.clone()).collect(),
            unsupported: parsed.unsupported,
        },
        Err(why) => Outcome::Failed(why.clone()),
    }
}

/// What a command gave for all recipients together; a failure only when nothing else came of it.
fn merge(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut all = Outcome::NotRun;
    for outcome in outcomes {
        all = match (all, outcome) {
            (
                Outcome::Gave { mut recipients, unsupported },
                Outcome::Gave { recipients: more, unsupported: others },
            ) => {
                recipients.extend(more);
                recipients.sort();
                recipients.dedup();
                Outcome::Gave { recipients, unsupported: unsupported.max(others) }
            }
            (gave @ Outcome::Gave { .. }, _) => gave,
            (_, outcome) => outcome,
        };
    }
    all
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
    let mut parsed = Parsed::default();
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
            if entry.starts_with("AGE-PLUGIN-") || entry.starts_with("AGE-SECRET-KEY-PQ-1") {
                parsed.unsupported += 1;
            } else if let Some(known) = parse_identity(entry) {
                parsed.known.push(known);
            } else {
                return Err(format!("line {} {}", index + 1, what_is_wrong(entry)));
            }
        }
    }
    Ok(parsed)
}

fn parse_identity(text: &str) -> Option<Known> {
    if !text.starts_with("AGE-SECRET-KEY-1") {
        return None;
    }
    let identity: x25519::Identity = text.parse().ok()?;
    let recipient = identity.to_public().to_string();
    Some(Known { identity, recipient })
}

fn what_is_wrong(line: &str) -> &'static str {
    let trimmed = line.trim();
    if line != trimmed && parse_identity(trimmed).is_some() {
        "has blanks around the identity"
    } else if trimmed.starts_with("AGE-SECRET-KEY-1") {
        "is a damaged identity (a character is wrong or missing)"
    } else if trimmed.starts_with("age1") {
        "is a recipient, not an identity"
    } else if trimmed.starts_with("-----BEGIN") {
        "is an SSH or PGP key, not an age identity"
    } else {
        "is not an age identity"
    }
}
