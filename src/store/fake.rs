//! A store in memory, for tests and examples (external-secrets 2.9 `providers/v1/fake/fake.go`).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::client::name_filter;
use super::{Check, Kept, Push, Remote, StoreCause, StoreClient, StoreError};
use crate::external::{Fetched, Find, Part, Raw, Reference};
use crate::secret::SecretBytes;

/// One value of the store's definition.
pub struct Entry {
    /// Its name.
    pub key: String,
    /// Its version, or nothing.
    pub version: String,
    /// The value.
    pub value: SecretBytes,
}

/// See the file's description.
pub struct Fake {
    /// By name and version together, as upstream looks them up.
    entries: BTreeMap<String, SecretBytes>,
    names: Vec<(String, String)>,
    pushed: Mutex<BTreeMap<String, SecretBytes>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fake({} values [REDACTED])", self.entries.len())
    }
}

fn copy(value: &SecretBytes) -> Fetched {
    Fetched::plain(Raw::Bytes(SecretBytes::new(value.expose().to_vec())))
}

impl Fake {
    /// A store with these values.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let (mut values, mut names) = (BTreeMap::new(), Vec::new());
        for entry in entries {
            names.push((entry.key.clone(), entry.version.clone()));
            values.insert(format!("{}{}", entry.key, entry.version), entry.value);
        }
        Self { entries: values, names, pushed: Mutex::default() }
    }

    fn get(&self, reference: &Reference) -> Result<Option<Fetched>, StoreError> {
        if reference.part == Part::Metadata {
            return Err(StoreError::new(StoreCause::Unsupported, "the fake store knows nothing but values"));
        }
        let name = format!("{}{}", reference.key, reference.version.as_deref().unwrap_or_default());
        if let Some(value) = self.entries.get(&name) {
            return Ok(Some(copy(value)));
        }
        Ok(self.pushed.lock().unwrap_or_else(PoisonError::into_inner).get(&name).map(copy))
    }

    fn defined(&self, remote: &Remote) -> Result<(), StoreError> {
        match self.names.iter().any(|(key, _)| *key == remote.key) {
            true => {
                let what = format!("{}: the definition of the fake store has this key", remote.key);
                Err(StoreError::new(StoreCause::Conflict, what))
            }
            false => Ok(()),
        }
    }
}

impl StoreClient for Fake {
    fn fetch(&self, references: &[Reference]) -> Vec<Result<Option<Fetched>, StoreError>> {
        references.iter().map(|reference| self.get(reference)).collect()
    }

    fn find(&self, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
        let Some(regex) = name_filter(find)? else {
            return Err(StoreError::new(StoreCause::Unsupported, "the fake store finds by name only"));
        };
        let mut newest: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, version) in &self.names {
            if regex.is_match(key) {
                let known = newest.entry(key).or_insert(version);
                *known = (*known).max(version);
            }
        }
        let found = newest
            .into_iter()
            .filter_map(|(key, version)| Some((key.to_owned(), copy(self.entries.get(&format!("{key}{version}"))?))));
        Ok(found.collect())
    }

    fn push(&self, push: &Push<'_>) -> Result<Kept, StoreError> {
        self.defined(push.remote)?;
        let value = SecretBytes::new(push.value.expose().to_vec());
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        match pushed.insert(push.remote.key.clone(), value) {
            Some(old) if old.same(push.value) => Ok(Kept::Unchanged),
            _ => Ok(Kept::Written),
        }
    }

    fn delete(&self, _: &Remote) -> Result<Kept, StoreError> {
        Ok(Kept::Unchanged)
    }

    fn exists(&self, remote: &Remote) -> Result<bool, StoreError> {
        Ok(self.get(&Reference::value(&*remote.key))?.is_some())
    }

    fn check(&self, references: &[Reference]) -> Result<Check, StoreError> {
        let readable = references.iter().map(|reference| match self.get(reference) {
            Ok(Some(_)) => None,
            Ok(None) => {
                Some(StoreError::new(StoreCause::Invalid, format!("{}: there is no such value", reference.key)))
            }
            Err(error) => Some(error),
        });
        let readable = readable.collect();
        let notes = vec![match self.entries.len() {
            1 => "1 value in its definition".to_owned(),
            count => format!("{count} values in its definition"),
        }];
        Ok(Check { place: "in memory".to_owned(), identity: None, notes, readable })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external::FindBy;

    fn store() -> Fake {
        let entry = |key: &str, version: &str, value: &str| Entry {
            key: key.into(),
            version: version.into(),
            value: SecretBytes::new(value.as_bytes().to_vec()),
        };
        Fake::new([entry("a", "", "1"), entry("b", "v1", "old"), entry("b", "v2", "new")])
    }

    fn text(fetched: &Fetched) -> String {
        match &fetched.raw {
            Raw::Bytes(bytes) => String::from_utf8(bytes.expose().to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn key_and_version_are_one_name() {
        let reference = |key: &str, version: Option<&str>| Reference {
            version: version.map(str::to_owned),
            ..Reference::value(key)
        };
        let answers = store().fetch(&[
            reference("a", None),
            reference("b", Some("v1")),
            reference("b", None),
            reference("bv2", None),
        ]);
        let answers: Vec<_> = answers.iter().map(|answer| answer.as_ref().unwrap().as_ref().map(text)).collect();
        assert_eq!(answers, [Some("1".into()), Some("old".into()), None, Some("new".into())]);
    }

    #[test]
    fn the_newest_is_found() {
        let find = |by| store().find(&Find { path: None, by });
        let found = find(FindBy { name: Some("^[ab]$".into()), tags: None }).unwrap();
        let found: Vec<_> = found.iter().map(|(key, fetched)| (key.as_str(), text(fetched))).collect();
        assert_eq!(found, [("a", "1".to_owned()), ("b", "new".to_owned())]);
        assert_eq!(find(FindBy { name: Some("(".into()), tags: None }).unwrap_err().cause, StoreCause::Invalid);
        assert_eq!(find(FindBy::default()).unwrap_err().cause, StoreCause::Unsupported);
    }

    #[test]
    fn what_is_pushed_is_there() {
        let store = store();
        let (new, old) = (Remote { key: "c".into(), property: None }, Remote { key: "a".into(), property: None });
        let value = SecretBytes::new(b"hunter2".to_vec());
        let push = |remote| store.push(&Push { remote, value: &value, whole: false, metadata: None });
        assert_eq!((push(&new), push(&new)), (Ok(Kept::Written), Ok(Kept::Unchanged)));
        assert_eq!(push(&old).unwrap_err().cause, StoreCause::Conflict);
        assert_eq!(store.exists(&new), Ok(true));
        assert_eq!(format!("{store:?}"), "Fake(3 values [REDACTED])");
    }
}
