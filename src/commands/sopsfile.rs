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

use super::parallel;
use super::policy;
use super::session::Session;
use super::size;
use crate::document::kind::DocumentKind;
use crate::document::open::Reading;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::folder;
use crate::fsio::lock::LockGuard;
use crate::fsio::read::{DOCUMENT_LIMIT, Stamp, Wiped, read_bounded, read_stdin};
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, Staged};
use crate::sops::file::{Decrypted, Encrypted, FileError, Plain, Reuse, Settings, SopsFile};
use crate::sops::key::DataKey;

pub use super::advice::{failure, line_of};
pub use crate::sops::file::VERSION;

/// Refuses a folder where one file is meant.
///
/// # Errors
/// [`Kind::OddTarget`].
pub fn no_folder(path: &Path) -> Result<(), Failure> {
    if folder::is_folder(path) {
        let text = format!("{} is a folder: name a file in it", path.display());
        return Err(Failure::new(Kind::OddTarget, text));
    }
    Ok(())
}

/// A file's content before anybody has looked into it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name for messages.
    pub name: String,
    /// The content.
    pub bytes: Wiped,
    /// What the file was when it was read; `None` for standard input.
    pub stamp: Option<Stamp>,
    /// The format, when somebody said it; else content and name decide.
    pub format: Option<DocumentKind>,
    /// The name that says the format; `None` when there is none.
    pub named: Option<String>,
    /// Whether a plain `.env` file is read as sops reads it, quotes and all.
    pub literal: bool,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// Missing, too large, not a file.
    pub fn file(path: &Path) -> Result<Self, Failure> {
        no_folder(path)?;
        let original = read_bounded(path, DOCUMENT_LIMIT)?;
        let name = path.display().to_string();
        Ok(Self {
            name: name.clone(),
            bytes: original.bytes,
            stamp: Some(original.stamp),
            format: None,
            named: Some(name),
            literal: false,
        })
    }

    /// Reads standard input.
    ///
    /// # Errors
    /// Too large, or what the system says.
    pub fn stdin() -> Result<Self, Failure> {
        let bytes = read_stdin(DOCUMENT_LIMIT)?;
        Ok(Self { name: "standard input".into(), bytes, stamp: None, format: None, named: None, literal: false })
    }

    /// Parses it.
    ///
    /// # Errors
    /// Not a document of its format.
    pub fn parse(self) -> Result<Parsed, Failure> {
        let named = self.named.as_deref().and_then(DocumentKind::from_name);
        let document = match self.format {
            Some(kind) => Plain::read(kind, self.bytes, self.literal),
            None => Plain::recognise(self.named.as_deref(), self.bytes, self.literal),
        };
        match document {
            Ok(document) => Ok(Parsed { name: self.name, document, stamp: self.stamp }),
            Err(error) if self.format.is_none() && named.is_none() => {
                Err(failure(&self.name, &error).hint("if it is not meant to be YAML: --input-type binary"))
            }
            Err(error) => Err(failure(&self.name, &error)),
        }
    }
}

/// A file of a known format, encrypted or not.
#[derive(Debug)]
pub struct Parsed {
    /// The name for messages.
    pub name: String,
    /// The content.
    pub document: Plain,
    /// What the file was when it was read; `None` for standard input.
    pub stamp: Option<Stamp>,
}

/// An encrypted file and its data key.
#[derive(Debug)]
pub struct Opened {
    /// The name for messages.
    pub name: String,
    /// The file.
    pub file: SopsFile,
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
    let file = SopsFile::from_plain(document).map_err(|error| failure(&name, &error))?;
    unlock(session, name, file, stamp)
}

/// Finds the data key of a file.
///
/// # Errors
/// Nobody here can open it.
pub fn unlock(session: &Session, name: String, file: SopsFile, stamp: Option<Stamp>) -> Result<Opened, Failure> {
    let metadata = file.metadata();
    let ring = session.ring()?;
    let is_far = ring.may_be_far(metadata.groups.iter().flat_map(|group| &group.0).map(|wrapped| &wrapped.key));
    let key = parallel::waiting(is_far, || ring.unwrap(&metadata.groups, metadata.shamir_threshold));
    let key = key.map_err(|error| {
        let policy = policy::of(session, Path::new(&name), metadata);
        Failure::cannot_open(&name, error, session.names_or_none(), policy.as_ref())
    })?;
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
        self.file.decrypt_for_reuse(&self.key, false).map_err(|error| failure(&self.name, &error))
    }

    /// The plain text as a document.
    ///
    /// # Errors
    /// What was decrypted is not of its format.
    pub fn parse_plain(&self, plain: &Decrypted) -> Result<Plain, Failure> {
        let bytes = Zeroizing::new(plain.bytes().to_vec());
        self.file.parse_plain(bytes, plain).map_err(|error| failure(&self.name, &error))
    }

    /// The file's own settings, to encrypt it again under the same data key. What its present plain text already is
    /// (nothing selected, shapes that sops cannot read) stays allowed.
    pub fn settings(&self, session: &Session, plain: &Decrypted) -> Settings {
        let metadata = self.file.metadata();
        let odd = self.parse_plain(plain).is_ok_and(|document| document.is_odd());
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
/// Not of the format its name says, already encrypted, a refused shape, nothing selected.
pub fn encrypt_text(name: &str, text: String, key: &DataKey, settings: &Settings) -> Result<Encrypted, Failure> {
    parse_new(name, text)
        .and_then(|document| document.encrypt(key, settings, None))
        .map_err(|error| failure(name, &error))
}

/// A text for a new file of that name; YAML when the name says nothing.
///
/// # Errors
/// Not of its format.
pub fn parse_new(name: &str, text: String) -> Result<Plain, FileError> {
    let kind = DocumentKind::from_name(name).unwrap_or(DocumentKind::Yaml);
    let reading = Reading { commented_json: true, faithful_dotenv: true };
    Plain::parse(kind, Zeroizing::new(text.into_bytes()), reading)
}

/// An encrypted file that is being changed. Others cannot write it meanwhile.
pub struct Change {
    /// The file as it was.
    pub opened: Opened,
    /// How it is encrypted again; may be adjusted.
    pub settings: Settings,
    target: Target,
    lock: Option<LockGuard>,
    decrypted: Decrypted,
    reuse: Reuse,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({})", self.opened.name)
    }
}

impl Change {
    /// Checks that the file may be replaced, locks, reads and decrypts it.
    ///
    /// # Errors
    /// Read-only, locked, and those of [`open`] and [`Opened::decrypt`].
    pub fn begin(session: &Session, path: &Path) -> Result<Self, Failure> {
        Self::begin_as(session, path, None, true)
    }

    /// The same for a file of a format that somebody said; with `checked` false its integrity is not looked at.
    ///
    /// # Errors
    /// As [`Change::begin`].
    pub fn begin_as(
        session: &Session,
        path: &Path,
        format: Option<DocumentKind>,
        checked: bool,
    ) -> Result<Self, Failure> {
        no_folder(path)?;
        let target = Target::resolve(path)?;
        target.check_folder()?;
        let lock = LockGuard::acquire(&target)?;
        let opened = open_source(session, Source { format, ..Source::file(path)? })?;
        let (decrypted, reuse) = if checked {
            opened.decrypt_for_reuse()?
        } else {
            let found = opened.file.decrypt_for_reuse(&opened.key, true);
            found.map_err(|error| failure(&opened.name, &error))?
        };
        warn_unreadable(session, &opened.name, &decrypted);
        let settings = opened.settings(session, &decrypted);
        Ok(Self { opened, settings, target, lock, decrypted, reuse })
    }

    /// The plain text.
    pub fn plain(&self) -> &str {
        &self.decrypted.text
    }

    /// Refuses bytes that are not text: there is no plain text of them.
    ///
    /// # Errors
    /// [`Kind::CannotEmit`].
    pub fn check_text(&self) -> Result<(), Failure> {
        if self.decrypted.not_text.is_none() {
            return Ok(());
        }
        let name = &self.opened.name;
        Err(Failure::new(
            Kind::CannotEmit,
            format!("{name} holds bytes that are not text: an editor would change them"),
        )
        .hint(format!("take a new content over with: sealant encrypt --onto {name} NEW -i")))
    }

    /// A plain text of this file as a document.
    ///
    /// # Errors
    /// Not of the file's format.
    pub fn parse(&self, text: String) -> Result<Plain, FileError> {
        self.opened.file.parse_plain(Zeroizing::new(text.into_bytes()), &self.decrypted)
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
        if text == *self.decrypted.text {
            return Ok(None);
        }
        let document = self.parse(text)?;
        self.prepare_document(&document).map(Some)
    }

    /// Encrypts a document that takes the place of the old one, perhaps in another format.
    ///
    /// # Errors
    /// As [`Change::prepare`].
    pub fn prepare_document(&mut self, document: &Plain) -> Result<Encrypted, FileError> {
        document.encrypt(&self.opened.key, &self.settings, Some(&mut self.reuse))
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
        size::check(&self.opened.name, encrypted.text.len())?;
        let staged = Staged::new(self.target, encrypted.text.as_bytes(), NewMode::Public)?;
        let mut batch = Batch::new();
        batch.add(staged, self.opened.stamp, self.lock);
        Ok(batch.commit()?)
    }
}

/// The warning about aliases that show an encrypted value in clear, if there are any.
pub fn clear_copies(name: &str, encrypted: &Encrypted) -> Option<String> {
    let lines = &encrypted.clear_copies;
    let words = if lines.len() == 1 { "the alias on line" } else { "aliases on lines" };
    let verb = if lines.len() == 1 { "repeats" } else { "repeat" };
    (!lines.is_empty()).then(|| {
        let lines = listed(lines);
        format!("{name}: {words} {lines} {verb} an encrypted value where the rule leaves it in clear")
    })
}

/// Lines for a person: the first ten, and how many more there are.
fn listed(lines: &[usize]) -> String {
    const SHOWN: usize = 10;
    let (first, more) = lines.split_at(lines.len().min(SHOWN));
    let mut text = first.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !more.is_empty() {
        text.push_str(&format!(" and {} more", more.len()));
    }
    text
}

/// Warns of comments that were left encrypted.
pub fn warn_unreadable(session: &Session, name: &str, decrypted: &Decrypted) {
    if let Some(text) = unreadable(name, decrypted) {
        session.warn(&text);
    }
}

/// The warning about comments that were left encrypted, if there are any.
pub fn unreadable(name: &str, decrypted: &Decrypted) -> Option<String> {
    let lines = &decrypted.unreadable_comments;
    let s = if lines.len() == 1 { "" } else { "s" };
    (!lines.is_empty()).then(|| {
        format!("{name}: encrypted comment{s} on line{s} {} cannot be read and stay as they are", listed(lines))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::commands::keyargs::KeyArgs;
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
            keys: KeyArgs { age: vec![recipient.unwrap().to_owned()], ..KeyArgs::default() },
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

    /// A hostile file could fill the screen with line numbers.
    #[test]
    fn a_long_list_of_lines_is_cut() {
        let lines: Vec<usize> = (1..=1000).collect();
        assert_eq!(listed(&lines[..10]), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
        assert_eq!(listed(&lines), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 990 more");
    }

    #[test]
    fn nothing_secret_is_printed() {
        let (_dir, session, path) = set_up();
        let change = Change::begin(&session, &path).unwrap();
        let text = format!("{change:?} {:?}", change.opened);
        assert!(!text.contains("hunter2") && text.contains("[REDACTED]"), "{text}");
    }
}
