//! One file: read, opened, encrypted, replaced. What every command that touches a file shares.
//!
//! Reading only (`get`, `textconv`):
//! ```text
//! let opened = sopsfile::open(session, path)?;         // read, parsed, data key unwrapped
//! let plain = opened.decrypt(false)?.text;             // the MAC is checked
//! ```
//! Changing (`set`, `unset`, `edit`):
//! ```text
//! let mut change = Change::begin(session, path)?;      // may we write it? locked, read, decrypted
//! let new_text = … change.plain() …;
//! match change.prepare(new_text.clone()) {             // encrypts under the old data key, keeps old ciphertexts;
//!     Ok(None) => …unchanged…,                         // may be called again after an error (an editor that re-opens:
//!     Ok(Some(encrypted)) => change.commit(session, &encrypted)?,     //   `line_of(&error)` says where)
//!     Err(error) => return Err(change.failure(&error)),
//! }
//! ```
//! A new file (`edit` of one that is not there):
//! ```text
//! let recipe = SelectionArgs::default().recipe(session, path)?;
//! let (key, settings) = recipe.prepare(session, &session.now())?;
//! let text = sopsfile::encrypt_text(&name, text, &key, &settings)?.text;
//! fsio::write::create_new(path, text.as_bytes(), NewMode::Public)?;
//! ```

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::session::Session;
use crate::document::yaml::Document;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::lock::LockGuard;
use crate::fsio::read::{DOCUMENT_LIMIT, Stamp, Wiped, read_bounded, read_stdin};
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, Staged};
use crate::sops::file::{Decrypted, Encrypted, EncryptedFile, FileError, Reuse, Settings, encrypt};
use crate::sops::key::DataKey;

/// The sops release whose format we write. Real sops compares it with its own.
pub const VERSION: &str = "3.13.2";

/// A file's content before anybody has looked into it.
#[derive(Debug)]
pub struct Source {
    /// The name for messages.
    pub name: String,
    /// The content.
    pub bytes: Wiped,
    /// What the file was when it was read; `None` for standard input.
    pub stamp: Option<Stamp>,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// Missing, too large, not a file.
    pub fn file(path: &Path) -> Result<Self, Failure> {
        let original = read_bounded(path, DOCUMENT_LIMIT)?;
        Ok(Self { name: path.display().to_string(), bytes: original.bytes, stamp: Some(original.stamp) })
    }

    /// Reads standard input.
    ///
    /// # Errors
    /// Too large, or what the system says.
    pub fn stdin() -> Result<Self, Failure> {
        Ok(Self { name: "standard input".into(), bytes: read_stdin(DOCUMENT_LIMIT)?, stamp: None })
    }

    /// Parses it.
    ///
    /// # Errors
    /// Not YAML.
    pub fn parse(mut self) -> Result<Parsed, Failure> {
        match Document::from_bytes(std::mem::take(&mut *self.bytes)) {
            Ok(document) => Ok(Parsed { name: self.name, document, stamp: self.stamp }),
            Err(error) => Err(failure(&self.name, &error.into())),
        }
    }
}

/// A file that is YAML, encrypted or not.
#[derive(Debug)]
pub struct Parsed {
    /// The name for messages.
    pub name: String,
    /// The content.
    pub document: Document,
    /// What the file was when it was read; `None` for standard input.
    pub stamp: Option<Stamp>,
}

/// An encrypted file and its data key.
#[derive(Debug)]
pub struct Opened {
    /// The name for messages.
    pub name: String,
    /// The file.
    pub file: EncryptedFile,
    /// Its data key.
    pub key: DataKey,
    /// What the file was when it was read.
    pub stamp: Option<Stamp>,
}

/// Reads and opens an encrypted file.
///
/// # Errors
/// Not readable, not encrypted, or nobody here can open it.
pub fn open(session: &Session, path: &Path) -> Result<Opened, Failure> {
    open_source(session, Source::file(path)?)
}

/// Opens what was read already.
///
/// # Errors
/// As [`open`].
pub fn open_source(session: &Session, source: Source) -> Result<Opened, Failure> {
    open_parsed(session, source.parse()?)
}

/// Opens what was parsed already.
///
/// # Errors
/// As [`open`].
pub fn open_parsed(session: &Session, parsed: Parsed) -> Result<Opened, Failure> {
    let Parsed { name, document, stamp } = parsed;
    let file = EncryptedFile::from_document(document).map_err(|error| failure(&name, &error))?;
    unlock(session, name, file, stamp)
}

/// Finds the data key of a file.
///
/// # Errors
/// Nobody here can open it.
pub fn unlock(session: &Session, name: String, file: EncryptedFile, stamp: Option<Stamp>) -> Result<Opened, Failure> {
    let metadata = &file.metadata;
    let key = session
        .ring()?
        .unwrap(&metadata.groups, metadata.shamir_threshold)
        .map_err(|error| Failure::cannot_open(&name, error, session.names_or_none()))?;
    Ok(Opened { name, file, key, stamp })
}

impl Opened {
    /// Decrypts; the MAC is checked unless it is to be ignored.
    ///
    /// # Errors
    /// A value that does not open, a MAC that does not match.
    pub fn decrypt(&self, ignore_mac: bool) -> Result<Decrypted, Failure> {
        self.file.decrypt(&self.key, ignore_mac).map_err(|error| failure(&self.name, &error))
    }

    /// Decrypts, and remembers every ciphertext.
    ///
    /// # Errors
    /// As [`Opened::decrypt`].
    pub fn decrypt_for_reuse(&self) -> Result<(Decrypted, Reuse), Failure> {
        self.file.decrypt_for_reuse(&self.key).map_err(|error| failure(&self.name, &error))
    }

    /// The file's own settings, to encrypt it again under the same data key. What its present plain text already is
    /// (nothing selected, shapes that sops cannot read) stays allowed.
    pub fn settings(&self, session: &Session, plain: &Decrypted) -> Settings {
        let metadata = &self.file.metadata;
        let odd = Document::parse(plain.text.as_str().to_owned()).is_ok_and(|document| !document.problems().is_empty());
        Settings {
            selection: metadata.selection.clone(),
            mac_only_encrypted: metadata.mac_only_encrypted,
            allow_empty: plain.values == 0,
            allow_unrepresentable: odd,
            groups: metadata.groups.clone(),
            shamir_threshold: metadata.shamir_threshold,
            version: metadata.version.clone(),
            now: session.now(),
            unknown: metadata.unknown.clone(),
        }
    }
}

/// Encrypts a plain text under `key`.
///
/// # Errors
/// Not YAML, already encrypted, a refused shape, nothing selected.
pub fn encrypt_text(name: &str, text: String, key: &DataKey, settings: &Settings) -> Result<Encrypted, Failure> {
    Document::parse(text)
        .map_err(FileError::from)
        .and_then(|document| encrypt(&document, key, settings, None))
        .map_err(|error| failure(name, &error))
}

/// An encrypted file that is being changed. Others cannot write it meanwhile.
pub struct Change {
    /// The file as it was.
    pub opened: Opened,
    /// How it is encrypted again; may be adjusted.
    pub settings: Settings,
    target: Target,
    lock: Option<LockGuard>,
    plain: Zeroizing<String>,
    reuse: Reuse,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({})", self.opened.name)
    }
}

impl Change {
    /// Checks that the file may be written, locks, reads and decrypts it.
    ///
    /// # Errors
    /// Read-only, locked, and those of [`open`] and [`Opened::decrypt`].
    pub fn begin(session: &Session, path: &Path) -> Result<Self, Failure> {
        Self::begin_checked(session, path, true)
    }

    /// The same; with `checked` false for a file whose integrity is not looked at.
    ///
    /// # Errors
    /// As [`Change::begin`].
    pub fn begin_checked(session: &Session, path: &Path, checked: bool) -> Result<Self, Failure> {
        let target = Target::resolve(path)?;
        let lock = LockGuard::acquire(&target)?;
        let opened = open(session, path)?;
        let (decrypted, reuse) = if checked {
            opened.decrypt_for_reuse()?
        } else {
            let found = opened.file.decrypt_for_reuse_unchecked(&opened.key);
            found.map_err(|error| failure(&opened.name, &error))?
        };
        warn_unreadable(session, &opened.name, &decrypted);
        let settings = opened.settings(session, &decrypted);
        Ok(Self { opened, settings, target, lock, plain: decrypted.text, reuse })
    }

    /// The plain text.
    pub fn plain(&self) -> &str {
        &self.plain
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.target.named
    }

    /// Encrypts the new plain text; values that did not change keep their ciphertexts. `None` when it is the old text.
    ///
    /// # Errors
    /// [`FileError`]; another text may be tried then.
    pub fn prepare(&mut self, text: String) -> Result<Option<Encrypted>, FileError> {
        if text == *self.plain {
            return Ok(None);
        }
        let document = Document::parse(text)?;
        let reuse = Some(&mut self.reuse);
        encrypt(&document, &self.opened.key, &self.settings, reuse).map(Some)
    }

    /// An error of [`Change::prepare`] for people.
    pub fn failure(&self, error: &FileError) -> Failure {
        failure(&self.opened.name, error)
    }

    /// Replaces the file, if it is still what was read.
    ///
    /// # Errors
    /// [`Kind::Changed`], and what the file system says. The old file is untouched then.
    pub fn commit(self, session: &Session, encrypted: &Encrypted) -> Result<(), Failure> {
        session.guard_files();
        if let Some(text) = clear_copies(&self.opened.name, encrypted) {
            session.warn(&text);
        }
        let staged = Staged::new(self.target, encrypted.text.as_bytes(), NewMode::Public)?;
        let mut batch = Batch::new();
        batch.add(staged, self.opened.stamp, self.lock);
        Ok(batch.commit()?)
    }
}

/// The warning about aliases that show an encrypted value in clear, if there are any.
pub fn clear_copies(name: &str, encrypted: &Encrypted) -> Option<String> {
    let lines: Vec<String> = encrypted.clear_copies.iter().map(ToString::to_string).collect();
    let words = if lines.len() == 1 { "the alias on line" } else { "aliases on lines" };
    let verb = if lines.len() == 1 { "repeats" } else { "repeat" };
    (!lines.is_empty()).then(|| {
        let lines = lines.join(", ");
        format!("{name}: {words} {lines} {verb} an encrypted value where the rule leaves it in clear")
    })
}

/// Warns of comments that were left encrypted.
pub fn warn_unreadable(session: &Session, name: &str, decrypted: &Decrypted) {
    if let Some(text) = unreadable(name, decrypted) {
        session.warn(&text);
    }
}

/// The warning about comments that were left encrypted, if there are any.
pub fn unreadable(name: &str, decrypted: &Decrypted) -> Option<String> {
    let lines: Vec<String> = decrypted.unreadable_comments.iter().map(ToString::to_string).collect();
    let s = if lines.len() == 1 { "" } else { "s" };
    (!lines.is_empty()).then(|| {
        format!("{name}: encrypted comment{s} on line{s} {} cannot be read and stay as they are", lines.join(", "))
    })
}

/// The line an error is about.
pub fn line_of(error: &FileError) -> Option<usize> {
    match error {
        FileError::Yaml(error) => Some(error.line),
        FileError::Shape { line, .. }
        | FileError::OnlyNull { line }
        | FileError::OpenBlockAtEnd { line }
        | FileError::AlreadyEncrypted { line }
        | FileError::LooksEncrypted { line, .. }
        | FileError::CommentLooksEncrypted { line }
        | FileError::Value { line, .. } => Some(*line),
        _ => None,
    }
}

/// An error of the pure room for people: kind, `file:line: message`, hint.
pub fn failure(name: &str, error: &FileError) -> Failure {
    let (kind, hint) = advice(error);
    let text = match error {
        FileError::Yaml(error) => {
            format!("{name}:{}:{}: {}", error.line, error.column, error.problem)
        }
        _ => match line_of(error) {
            Some(line) => {
                let text = error.to_string();
                let prefix = format!("line {line}: ");
                let rest = text.strip_prefix(&prefix).unwrap_or(&text);
                format!("{name}:{line}: {rest}")
            }
            None => format!("{name}: {error}"),
        },
    };
    let failure = Failure::new(kind, text);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn advice(error: &FileError) -> (Kind, Option<&'static str>) {
    use crate::document::yaml::ProblemKind;
    match error {
        FileError::Yaml(error) if error.problem.contains("deep") || error.problem.contains("larger") => {
            (Kind::TooLarge, None)
        }
        FileError::Yaml(_) => (Kind::CannotRead, None),
        FileError::Shape { kind: ProblemKind::DuplicateKey, .. } => {
            (Kind::DuplicateKey, Some("remove one of them: which value counts would be a guess"))
        }
        FileError::Shape { kind, .. } if kind.is_final() => (Kind::Unrepresentable, None),
        FileError::Shape { .. } | FileError::OnlyNull { .. } => {
            (Kind::Unrepresentable, Some("if sops need not read the file, pass --allow-unrepresentable"))
        }
        FileError::OpenBlockAtEnd { .. } => (Kind::Unrepresentable, Some("end the file with a line break")),
        FileError::CommentRule => (
            Kind::Unrepresentable,
            Some("write out the alias that the comment stands beside, or move the comment to a line of its own"),
        ),
        FileError::Empty => (Kind::NoDocument, None),
        FileError::AlreadyEncrypted { .. } => (
            Kind::AlreadyEncrypted,
            Some("change it with sealant edit or sealant set, or take a new plain text over with encrypt --onto"),
        ),
        FileError::LooksEncrypted { .. } | FileError::CommentLooksEncrypted { .. } => {
            (Kind::LooksEncrypted, Some("it is most likely a piece of an encrypted file: put the plain value there"))
        }
        FileError::NothingSelected => (
            Kind::NothingSelected,
            Some("check the rule's selection against the keys of the file, or pass --allow-empty"),
        ),
        FileError::AliasBomb => (Kind::TooLarge, None),
        FileError::NotEncrypted => (Kind::NotEncrypted, None),
        FileError::Metadata(_) => (Kind::BadMetadata, Some("restore the sops entry from the file's Git history")),
        FileError::Regex(_) => (Kind::BadRegex, None),
        FileError::Value { .. } => (
            Kind::CannotDecryptValue,
            Some("restore the value from the file's Git history: it was changed, or moved to another key"),
        ),
        FileError::NoMac | FileError::BadMac | FileError::MacMismatch => (
            Kind::MacMismatch,
            Some(
                "compare with the file's Git history; sealant decrypt --ignore-mac shows the values without this check",
            ),
        ),
        FileError::Random(_) => (Kind::Generic, None),
        FileError::Unfaithful => (
            Kind::SelfCheck,
            Some("this is a defect of sealant: please report the shape of the file, without its values"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::commands::selection::SelectionArgs;
    use crate::commands::session::Global;
    use crate::fsio::env::Env;

    const PLAIN: &str = "password: hunter2\nuser: shop\n";

    /// A folder with an encrypted file for alice, and alice's session.
    fn set_up() -> (tempfile::TempDir, Session, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/multi-environment/keys");
        let public = std::fs::read_to_string(keys.join("alice.pub")).unwrap();
        let recipient = public.lines().find(|line| line.starts_with("age1"));
        let global = Global { identity: vec![keys.join("private/alice.txt")], ..Global::default() };
        let session = Session::within(dir.path().to_owned(), Env::default(), global);
        let args = SelectionArgs {
            age: vec![recipient.unwrap().to_owned()],
            encrypted_regex: Some("^password$".into()),
            ..SelectionArgs::default()
        };
        let path = dir.path().join("a.yaml");
        let recipe = args.recipe(&session, &path).unwrap();
        let (key, settings) = recipe.prepare(&session, &session.now()).unwrap();
        let encrypted = encrypt_text("a.yaml", PLAIN.into(), &key, &settings).unwrap();
        std::fs::write(&path, encrypted.text).unwrap();
        (dir, session, path)
    }

    fn ciphertext(path: &Path) -> String {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().next().unwrap().to_owned()
    }

    #[test]
    fn changes_keep_what_did_not_change() {
        let (_dir, session, path) = set_up();
        let before = ciphertext(&path);
        let mut change = Change::begin(&session, &path).unwrap();
        assert_eq!(change.plain(), PLAIN);
        assert!(change.prepare(PLAIN.into()).unwrap().is_none());
        let error = change.prepare("a: [".into()).unwrap_err();
        assert_eq!(line_of(&error), Some(1));
        assert_eq!(change.failure(&error).kind(), Kind::CannotRead);
        let new = PLAIN.replace("shop", "shopper");
        let encrypted = change.prepare(new.clone()).unwrap().unwrap();
        change.commit(&session, &encrypted).unwrap();
        assert_eq!(ciphertext(&path), before);
        let opened = open(&session, &path).unwrap();
        assert_eq!(*opened.decrypt(false).unwrap().text, new);
    }

    #[cfg(unix)]
    #[test]
    fn two_writers_at_once_are_noticed() {
        let (_dir, session, path) = set_up();
        let mut change = Change::begin(&session, &path).unwrap();
        let second = Change::begin(&session, &path).unwrap_err();
        assert_eq!(second.kind(), Kind::Locked);
        let encrypted = change.prepare("password: x\n".into()).unwrap().unwrap();
        // somebody who knows no locks
        let theirs = format!("{}\n", std::fs::read_to_string(&path).unwrap());
        std::fs::write(&path, &theirs).unwrap();
        let failure = change.commit(&session, &encrypted).unwrap_err();
        assert_eq!(failure.kind(), Kind::Changed);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let (_dir, session, path) = set_up();
        let change = Change::begin(&session, &path).unwrap();
        let text = format!("{change:?} {:?}", change.opened);
        assert!(!text.contains("hunter2") && text.contains("[REDACTED]"), "{text}");
    }
}
