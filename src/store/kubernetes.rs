//! The Secrets of another namespace or cluster as a store (external-secrets 2.9 `providers/v1/kubernetes/client.go`). The
//! cluster itself is given by whoever drives it.

use std::collections::BTreeMap;

use super::client::name_filter;
use super::{Call, Check, Kept, Push, Remote, StoreCause, StoreClient, StoreError};
use crate::document::tree::{Key, Kind, Node};
use crate::external::{Fetched, Find, Part, Raw, Reference};
use crate::manifest::{self, Object, Secret, emit, field, text};
use crate::secret::SecretBytes;

/// The Secrets of one namespace.
pub trait Secrets: Send + Sync {
    /// One, as JSON; `None` when there is none.
    ///
    /// # Errors
    /// What the cluster says.
    fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError>;

    /// Those with these labels (`a=b,c=d`), as a list in JSON; all when empty.
    ///
    /// # Errors
    /// What the cluster says.
    fn list(&self, labels: &str) -> Result<SecretBytes, StoreError>;

    /// Writes one, which is JSON.
    ///
    /// # Errors
    /// What the cluster says.
    fn put(&self, name: &str, json: &[u8]) -> Result<(), StoreError>;

    /// Removes one.
    ///
    /// # Errors
    /// What the cluster says.
    fn delete(&self, name: &str) -> Result<(), StoreError>;

    /// Where the cluster is, for people.
    fn place(&self) -> String;

    /// The namespace.
    fn namespace(&self) -> String;

    /// The requests that were sent for this, also those that repeat others.
    fn calls(&self) -> Vec<Call> {
        Vec::new()
    }
}

/// See the file's description.
pub struct KubernetesStore<S>(S);

impl<S: Secrets> KubernetesStore<S> {
    /// A store of these Secrets.
    pub fn new(secrets: S) -> Self {
        Self(secrets)
    }

    fn object(&self, name: &str) -> Result<Option<Object>, StoreError> {
        let Some(json) = self.0.get(name)? else { return Ok(None) };
        Ok(read(&json)?.into_iter().next())
    }

    fn get(&self, reference: &Reference) -> Result<Option<Fetched>, StoreError> {
        let Some(object) = self.object(&reference.key)? else { return Ok(None) };
        let version = field(&object.root, "metadata").and_then(|metadata| text(metadata.get("resourceVersion")?));
        let raw = match reference.part {
            Part::Value => Raw::Entries(entries(&object)?),
            Part::Metadata => metadata(&object)?,
        };
        Ok(Some(Fetched { raw, version: version.map(|text| text.into_owned()), lease: None }))
    }
}

fn read(json: &SecretBytes) -> Result<Vec<Object>, StoreError> {
    let odd = || StoreError::new(StoreCause::Odd, "the answer is no Kubernetes Secret");
    let mut objects = Vec::new();
    for object in manifest::read(json.expose()).map_err(|_| odd())? {
        match object.into_members() {
            Ok(members) => objects.extend(members),
            Err(object) => objects.push(object),
        }
    }
    Ok(objects)
}

fn entries(object: &Object) -> Result<BTreeMap<String, SecretBytes>, StoreError> {
    let mut secret = Secret::from_object(object)
        .map_err(|error| StoreError::new(StoreCause::Odd, format!("{}: {error}", object.name())))?;
    Ok(std::mem::take(&mut secret.data).into_iter().collect())
}

/// Labels and annotations, as upstream gives them.
fn metadata(object: &Object) -> Result<Raw, StoreError> {
    let of = |name: &str| -> BTreeMap<String, String> {
        match field(&object.root, "metadata").and_then(|metadata| metadata.get(name)).map(|node| &node.kind) {
            Some(Kind::Map(entries)) => {
                entries.iter().filter_map(|(key, node)| Some((key.name.clone(), text(node)?.into_owned()))).collect()
            }
            _ => BTreeMap::new(),
        }
    };
    let both = BTreeMap::from([("annotations", of("annotations")), ("labels", of("labels"))]);
    let json = serde_json::to_vec(&both).map_err(|_| StoreError::new(StoreCause::Odd, "no JSON for metadata"))?;
    Ok(Raw::Json(SecretBytes::new(json)))
}

impl<S: Secrets> StoreClient for KubernetesStore<S> {
    fn fetch(&self, references: &[Reference]) -> Vec<Result<Option<Fetched>, StoreError>> {
        references.iter().map(|reference| self.get(reference)).collect()
    }

    fn find(&self, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
        if find.path.is_some() {
            return Err(StoreError::new(StoreCause::Unsupported, "Secrets of a cluster have no paths to be found by"));
        }
        let labels: Vec<String> = find.by.tags.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
        // as upstream: with tags the name does not count
        let regex = if labels.is_empty() { name_filter(find)? } else { None };
        let mut found = BTreeMap::new();
        for object in read(&self.0.list(&labels.join(","))?)? {
            let name = object.name().into_owned();
            if regex.as_ref().is_none_or(|regex| regex.is_match(&name)) {
                found.insert(name, Fetched::plain(Raw::Entries(entries(&object)?)));
            }
        }
        Ok(found.into_iter().collect())
    }

    fn push(&self, push: &Push<'_>) -> Result<Kept, StoreError> {
        if push.metadata.is_some() {
            return Err(StoreError::new(StoreCause::Unsupported, "metadata of Secrets is not pushed; leave it out"));
        }
        let name = &push.remote.key;
        let old = self.object(name)?;
        let mut data = old.as_ref().map(entries).transpose()?.unwrap_or_default();
        match (&push.remote.property, push.whole) {
            (Some(property), _) => {
                let new = SecretBytes::new(push.value.expose().to_vec());
                let before = data.insert(property.clone(), new);
                if old.is_some() && before.is_some_and(|before| before.same(push.value)) {
                    return Ok(Kept::Unchanged);
                }
            }
            (None, true) => {
                let new: BTreeMap<String, String> = serde_json::from_slice(push.value.expose())
                    .map_err(|_| StoreError::new(StoreCause::Invalid, format!("{name}: no JSON object of texts")))?;
                let new: BTreeMap<_, _> =
                    new.into_iter().map(|(key, value)| (key, SecretBytes::new(value.into_bytes()))).collect();
                let is_same = data.len() == new.len()
                    && data.iter().zip(&new).all(|((key, one), (other, two))| key == other && one.same(two));
                if old.is_some() && is_same {
                    return Ok(Kept::Unchanged);
                }
                data = new;
            }
            (None, false) => {
                let what = format!("{name}: remoteRef.property has to name the key of the Secret");
                return Err(StoreError::new(StoreCause::Invalid, what));
            }
        }
        self.0.put(name, &self.spelled(name, old.as_ref(), data))?;
        Ok(Kept::Written)
    }

    fn delete(&self, remote: &Remote) -> Result<Kept, StoreError> {
        let Some(object) = self.object(&remote.key)? else { return Ok(Kept::Unchanged) };
        let mut data = entries(&object)?;
        if let Some(property) = &remote.property {
            if data.remove(property).is_none() {
                return Ok(Kept::Unchanged);
            }
            if !data.is_empty() {
                self.0.put(&remote.key, &self.spelled(&remote.key, Some(&object), data))?;
                return Ok(Kept::Deleted);
            }
        }
        self.0.delete(&remote.key)?;
        Ok(Kept::Deleted)
    }

    fn exists(&self, remote: &Remote) -> Result<bool, StoreError> {
        let Some(object) = self.object(&remote.key)? else { return Ok(false) };
        Ok(match &remote.property {
            Some(property) => entries(&object)?.contains_key(property),
            None => true,
        })
    }

    fn check(&self, references: &[Reference]) -> Result<Check, StoreError> {
        let readable = references.iter().map(|reference| match self.get(reference) {
            Ok(Some(_)) => None,
            Ok(None) => {
                Some(StoreError::new(StoreCause::Invalid, format!("{}: there is no such Secret", reference.key)))
            }
            Err(error) => Some(error),
        });
        let readable: Vec<_> = readable.collect();
        if references.is_empty() {
            // any answer will do
            self.0.get("sealant-check")?;
        }
        let notes = vec![format!("Secrets of the namespace {}", self.0.namespace())];
        Ok(Check { place: self.0.place(), identity: None, notes, readable })
    }

    fn calls(&self) -> Vec<Call> {
        self.0.calls()
    }
}

impl<S: Secrets> KubernetesStore<S> {
    /// The Secret as JSON, with the metadata and the type that it had.
    fn spelled(&self, name: &str, old: Option<&Object>, data: BTreeMap<String, SecretBytes>) -> Vec<u8> {
        let entry = |name: &str, text: &str| (Key { name: name.to_owned(), line: 0 }, Node::text(text));
        let fresh = || Node::new(Kind::Map(vec![entry("name", name), entry("namespace", &self.0.namespace())]));
        let metadata = old.and_then(|old| field(&old.root, "metadata").cloned()).unwrap_or_else(fresh);
        let kind = old.and_then(|old| field(&old.root, "type").and_then(text)).unwrap_or_default().into_owned();
        let data: Vec<_> = data.into_iter().collect();
        let node = manifest::secret::to_node(metadata, None, &data, &kind);
        emit::objects([&*node], emit::Format::Json).as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::external::FindBy;

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

    impl Secrets for Memory {
        fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
            Ok(self.0.lock().unwrap().get(name).map(|json| SecretBytes::new(json.clone())))
        }

        fn list(&self, _: &str) -> Result<SecretBytes, StoreError> {
            let all: Vec<serde_json::Value> =
                self.0.lock().unwrap().values().map(|json| serde_json::from_slice(json).unwrap()).collect();
            let list = serde_json::json!({"kind": "SecretList", "items": all});
            Ok(SecretBytes::new(serde_json::to_vec(&list).unwrap()))
        }

        fn put(&self, name: &str, json: &[u8]) -> Result<(), StoreError> {
            self.0.lock().unwrap().insert(name.to_owned(), json.to_vec());
            Ok(())
        }

        fn delete(&self, name: &str) -> Result<(), StoreError> {
            self.0.lock().unwrap().remove(name);
            Ok(())
        }

        fn place(&self) -> String {
            "memory".into()
        }

        fn namespace(&self) -> String {
            "prod".into()
        }
    }

    fn store() -> KubernetesStore<Memory> {
        let memory = Memory::default();
        let json = br#"{"kind":"Secret","metadata":{"name":"db","resourceVersion":"7","labels":{"team":"a"}},"data":{"password":"aHVudGVyMg=="}}"#;
        memory.put("db", json).unwrap();
        KubernetesStore::new(memory)
    }

    #[test]
    fn a_secret_is_entries_and_metadata() {
        let fetched = store().get(&Reference::value("db")).unwrap().unwrap();
        assert_eq!(fetched.version.as_deref(), Some("7"));
        let Raw::Entries(entries) = fetched.raw else { panic!("no entries") };
        assert_eq!(entries["password"].expose(), b"hunter2");
        let metadata = store().get(&Reference { part: Part::Metadata, ..Reference::value("db") }).unwrap().unwrap();
        let Raw::Json(json) = metadata.raw else { panic!("no JSON") };
        assert_eq!(json.expose(), br#"{"annotations":{},"labels":{"team":"a"}}"#);
        assert!(store().get(&Reference::value("other")).unwrap().is_none());
        let found = store().find(&Find { path: None, by: FindBy { name: Some("^d".into()), tags: None } }).unwrap();
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn one_key_is_pushed_and_removed() {
        let store = store();
        let remote = Remote { key: "db".into(), property: Some("user".into()) };
        let value = SecretBytes::new(b"admin".to_vec());
        let push = || store.push(&Push { remote: &remote, value: &value, whole: false, metadata: None });
        assert_eq!((push(), push()), (Ok(Kept::Written), Ok(Kept::Unchanged)));
        assert_eq!(store.exists(&remote), Ok(true));
        assert_eq!(store.delete(&remote), Ok(Kept::Deleted));
        assert_eq!(store.delete(&remote), Ok(Kept::Unchanged));
        let rest = Remote { key: "db".into(), property: Some("password".into()) };
        assert_eq!(store.delete(&rest), Ok(Kept::Deleted));
        assert_eq!(store.exists(&Remote { key: "db".into(), property: None }), Ok(false));
        let none = Remote { key: "db".into(), property: None };
        let push = Push { remote: &none, value: &value, whole: false, metadata: None };
        assert_eq!(store.push(&push).unwrap_err().cause, StoreCause::Invalid);
    }
}
