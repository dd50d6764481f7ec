//! Encrypted files of the repository as a store: a key is the path of a file, a property is a path into it. It needs no server and
//! no network; who opens the files is given by whoever drives it.

use super::client::name_filter;
use super::{Check, Kept, Push, Remote, StoreCause, StoreClient, StoreError};
use crate::external::{Fetched, Find, Part, Raw, Reference};

/// Opens files, and knows which there are. Paths have forward slashes and are relative to the store's folder.
pub trait Files: Send + Sync {
    /// What a file holds: JSON of its document, or its bytes when it has none. `None` when there is no such file.
    ///
    /// # Errors
    /// It cannot be opened, or was changed.
    fn open(&self, path: &str) -> Result<Option<Raw>, StoreError>;

    /// Every encrypted file below a folder of the store, which may be empty; sorted.
    ///
    /// # Errors
    /// What the file system says.
    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError>;

    /// Where the folder is, for people.
    fn place(&self) -> String;
}

/// See the file's description.
pub struct FileStore<F>(F);

impl<F: Files> FileStore<F> {
    /// A store of these files.
    pub fn new(files: F) -> Self {
        Self(files)
    }

    fn get(&self, reference: &Reference) -> Result<Option<Fetched>, StoreError> {
        if reference.part == Part::Metadata {
            return Err(StoreError::new(StoreCause::Unsupported, "an encrypted file has no metadata to be fetched"));
        }
        if reference.version.is_some() {
            let what = format!("{}: an encrypted file has one version, the one in the working tree", reference.key);
            return Err(StoreError::new(StoreCause::Invalid, what).hint("leave `version` out: Git keeps the others"));
        }
        let path = relative(&reference.key)?;
        Ok(self.0.open(&path)?.map(Fetched::plain))
    }
}

/// A path that leads nowhere else.
fn relative(key: &str) -> Result<String, StoreError> {
    let bad = |why: &str| Err(StoreError::new(StoreCause::Invalid, format!("{key}: {why}")));
    if key.is_empty() {
        return bad("a path of a file is wanted");
    }
    if key.starts_with('/') || key.contains(['\\', '\0', ':']) {
        return bad("a path below the store's folder is wanted, with forward slashes");
    }
    let parts: Vec<&str> = key.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return bad("the path leads out of the store's folder");
    }
    Ok(parts.join("/"))
}

fn read_only<T>() -> Result<T, StoreError> {
    Err(StoreError::new(StoreCause::Unsupported, "encrypted files are not pushed to")
        .hint("sealant set and sealant edit change them, sealant pull fills them from another store"))
}

impl<F: Files> StoreClient for FileStore<F> {
    fn fetch(&self, references: &[Reference]) -> Vec<Result<Option<Fetched>, StoreError>> {
        references.iter().map(|reference| self.get(reference)).collect()
    }

    fn find(&self, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
        if find.by.tags.is_some() {
            return Err(StoreError::new(StoreCause::Unsupported, "encrypted files have no tags to be found by"));
        }
        let regex = name_filter(find)?;
        let folder =
            find.path.as_deref().filter(|path| !path.is_empty()).map(relative).transpose()?.unwrap_or_default();
        let mut found = Vec::new();
        for path in self.0.list(&folder)? {
            if regex.as_ref().is_none_or(|regex| regex.is_match(&path)) {
                found.extend(self.0.open(&path)?.map(|raw| (path, Fetched::plain(raw))));
            }
        }
        Ok(found)
    }

    fn push(&self, _: &Push<'_>) -> Result<Kept, StoreError> {
        read_only()
    }

    fn delete(&self, _: &Remote) -> Result<Kept, StoreError> {
        read_only()
    }

    fn exists(&self, remote: &Remote) -> Result<bool, StoreError> {
        Ok(self.get(&Reference::value(&*remote.key))?.is_some())
    }

    fn check(&self, references: &[Reference]) -> Result<Check, StoreError> {
        let notes = vec![match self.0.list("")?.len() {
            1 => "1 encrypted file".to_owned(),
            count => format!("{count} encrypted files"),
        }];
        let readable = references.iter().map(|reference| match self.get(reference) {
            Ok(Some(_)) => None,
            Ok(None) => Some(StoreError::new(StoreCause::Invalid, format!("{}: there is no such file", reference.key))),
            Err(error) => Some(error),
        });
        Ok(Check { place: self.0.place(), identity: None, notes, readable: readable.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external::FindBy;
    use crate::secret::SecretBytes;

    struct Three;

    impl Files for Three {
        fn open(&self, path: &str) -> Result<Option<Raw>, StoreError> {
            match path {
                "db.yaml" | "web/tls.yaml" => Ok(Some(Raw::Json(SecretBytes::new(b"{}".to_vec())))),
                "locked.yaml" => Err(StoreError::new(StoreCause::Denied, "nobody here can open locked.yaml")),
                _ => Ok(None),
            }
        }

        fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
            let all = ["db.yaml", "locked.yaml", "web/tls.yaml"];
            Ok(all.into_iter().filter(|path| path.starts_with(folder)).map(str::to_owned).collect())
        }

        fn place(&self) -> String {
            "secrets/".into()
        }
    }

    #[test]
    fn paths_stay_inside() {
        let store = FileStore::new(Three);
        let cause =
            |key: &str| store.get(&Reference::value(key)).map(|found| found.is_some()).map_err(|error| error.cause);
        assert_eq!(cause("db.yaml"), Ok(true));
        assert_eq!(cause("./web//tls.yaml"), Ok(true));
        assert_eq!(cause("other.yaml"), Ok(false));
        assert_eq!(cause("locked.yaml"), Err(StoreCause::Denied));
        for key in ["", "/etc/passwd", "../db.yaml", "web/../../db.yaml", "c:\\x"] {
            assert_eq!(cause(key), Err(StoreCause::Invalid), "{key}");
        }
        let version = Reference { version: Some("1".into()), ..Reference::value("db.yaml") };
        assert_eq!(store.get(&version).unwrap_err().cause, StoreCause::Invalid);
    }

    #[test]
    fn files_are_found_by_their_paths() {
        let store = FileStore::new(Three);
        let find = |path: Option<&str>, name: &str| {
            let by = FindBy { name: Some(name.into()), tags: None };
            store.find(&Find { path: path.map(str::to_owned), by })
        };
        let names = |found: Vec<(String, Fetched)>| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(find(Some("web"), ".").unwrap()), ["web/tls.yaml"]);
        assert_eq!(names(find(None, "^(db|web)").unwrap()), ["db.yaml", "web/tls.yaml"]);
        assert_eq!(find(None, ".").unwrap_err().cause, StoreCause::Denied);
        assert_eq!(find(Some(".."), ".").unwrap_err().cause, StoreCause::Invalid);
    }
}
