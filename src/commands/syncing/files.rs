//! Encrypted files of the repository as a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::commands::filestatus::is_marked;
use crate::commands::publish::content::Content;
use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Source};
use crate::document::kind::DocumentKind;
use crate::external::Raw;
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::fsio::walk::{Walk, walk};
use crate::secret::SecretBytes;
use crate::store::file::Files;
use crate::store::{StoreCause, StoreError};

/// The files below a folder.
pub struct RepositoryFiles {
    session: Arc<Session>,
    base: PathBuf,
}

impl RepositoryFiles {
    /// Those below `path`, which is relative to `folder`, that of the manifest; without it, those of the repository.
    ///
    /// # Errors
    /// No such folder.
    pub fn new(session: Arc<Session>, folder: &Path, path: Option<&str>) -> Result<Self, StoreError> {
        let base = match path {
            Some(path) => folder::absolute(folder, Path::new(path)),
            None => root(folder),
        };
        if !folder::is_folder(&base) {
            let what = format!("provider.encryptedFile.path: there is no folder {}", session.shown(&base));
            return Err(StoreError::new(StoreCause::Invalid, what));
        }
        Ok(Self { session, base })
    }
}

/// The folder of the repository that `folder` is in; itself when it is in none.
fn root(folder: &Path) -> PathBuf {
    let has = |name: &str| folder.ancestors().find(|above| folder::exists(&above.join(name)));
    has(".git").or_else(|| has(".sops.yaml")).unwrap_or(folder).to_owned()
}

/// A failure of ours in words of a store.
pub fn store_error(failure: &Failure) -> StoreError {
    let cause = match failure.kind() {
        Kind::CannotOpen => StoreCause::Denied,
        Kind::MacMismatch | Kind::CannotDecryptValue => StoreCause::Odd,
        Kind::TooLarge => StoreCause::TooLarge,
        _ => StoreCause::Invalid,
    };
    // who can help is worth a line; where was looked for keys, sealant why tells
    let who = failure.details().iter().map(String::as_str).filter(|line| line.contains("can be opened by"));
    let what: Vec<&str> = std::iter::once(failure.message()).chain(who).collect();
    let error = StoreError::new(cause, what.join("; "));
    match failure.hints().first() {
        Some(hint) => error.hint(hint.clone()),
        None => error,
    }
}

impl Files for RepositoryFiles {
    fn open(&self, path: &str) -> Result<Option<Raw>, StoreError> {
        let file = self.base.join(path);
        if !folder::exists(&file) {
            return Ok(None);
        }
        let shown = self.session.shown(&file);
        read(&self.session, &file, &shown).map(Some).map_err(|failure| store_error(&failure))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let below = self.base.join(folder);
        if !folder::is_folder(&below) {
            return Ok(Vec::new());
        }
        let limits = Walk { skip_git_ignored: true, ..Walk::default() };
        let found = walk(&[below], limits).map_err(|error| store_error(&error.into()))?;
        let encrypted = found.files.iter().filter(|path| crate::commands::filestatus::looks_encrypted(path));
        let names = encrypted.filter_map(|path| Some(path.strip_prefix(&self.base).ok()?.to_str()?.replace('\\', "/")));
        Ok(names.collect())
    }

    fn place(&self) -> String {
        let shown = self.session.shown(&self.base);
        format!("encrypted files in {}", if shown.is_empty() { "." } else { &shown })
    }
}

/// What an encrypted file holds.
fn read(session: &Session, file: &Path, shown: &str) -> Result<Raw, Failure> {
    let mut source = Source::file(file)?;
    source.name = shown.to_owned();
    if !is_marked(&source.bytes) {
        let text = format!("{shown} is not encrypted, and nothing is taken from a file in clear");
        return Err(Failure::new(Kind::NotEncrypted, text).hint(format!("sealant encrypt -i {shown}")));
    }
    let opened = sopsfile::open_source(session, source)?;
    let decrypted = opened.decrypt(false)?;
    if opened.file.kind() == DocumentKind::Binary {
        return Ok(Raw::Bytes(SecretBytes::new(decrypted.bytes().to_vec())));
    }
    let json = Content::of(&opened, &decrypted)?.body(false)?;
    Ok(Raw::Json(SecretBytes::new(json.as_bytes().to_vec())))
}
