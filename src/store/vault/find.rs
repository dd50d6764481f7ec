//! Finds secrets by name or by tags, as External Secrets Operator 2.9 does (`providers/v1/vault/client_get_all_secrets.go`).

use std::collections::BTreeMap;

use super::settings::Version;
use super::spread::spread;
use super::{VaultStore, raw};
use crate::external::{Fetched, Find};
use crate::net::vault::{Ask, Method};
use crate::pattern;
use crate::store::{StoreCause, StoreError};

/// Folders in folders.
const MOST_LEVELS: usize = 64;
/// Secrets and folders below one path.
const MOST_NAMES: usize = 50_000;

impl VaultStore {
    pub(super) fn found(&self, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
        if self.wire.settings().version == Version::V1 && find.by.tags.is_some() {
            let what = "a key-value store of version 1 has no tags to find secrets by";
            return Err(StoreError::new(StoreCause::Unsupported, what));
        }
        let pattern = find.by.name.as_deref().map(pattern::compile).transpose();
        let pattern = pattern.map_err(|error| StoreError::new(StoreCause::Invalid, error.to_string()))?;
        let mut names = self.names(find.path.as_deref())?;
        match (&pattern, &find.by.tags) {
            (Some(pattern), _) => names.retain(|name| pattern.is_match(name)),
            (None, Some(tags)) => names = self.tagged(names, tags)?,
            (None, None) => {}
        }
        let answers = spread(&self.wire, &names, |name| self.read_value(&self.paths().found(name), None));
        let mut found = Vec::new();
        for (name, answer) in names.into_iter().zip(answers) {
            // what was deleted still has a name
            found.extend(answer?.map(|fetched| (name, fetched)));
        }
        Ok(found)
    }

    /// The names of all secrets below a path, in order.
    fn names(&self, path: Option<&str>) -> Result<Vec<String>, StoreError> {
        let top = path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
        let mut folders = vec![top.map_or_else(String::new, |path| format!("{path}/"))];
        let mut names = Vec::new();
        for _ in 0..MOST_LEVELS {
            let mut deeper = Vec::new();
            for (folder, entries) in folders.iter().zip(spread(&self.wire, &folders, |folder| self.list(folder))) {
                for entry in entries? {
                    let name = format!("{folder}{entry}");
                    if name.ends_with('/') { deeper.push(name) } else { names.push(name) }
                }
                if names.len() + deeper.len() > MOST_NAMES {
                    let what = format!("there are more than {MOST_NAMES} names below {}", top.unwrap_or("the mount"));
                    return Err(StoreError::new(StoreCause::TooLarge, what).hint("find.path narrows it down"));
                }
            }
            if deeper.is_empty() {
                names.sort_unstable();
                return Ok(names);
            }
            folders = deeper;
        }
        let what = format!("there are folders in more than {MOST_LEVELS} folders");
        Err(StoreError::new(StoreCause::TooLarge, what))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let path = self.paths().metadata(folder)?;
        if path.is_empty() {
            let what = "it is not said which key-value store is to be searched";
            return Err(StoreError::new(StoreCause::Invalid, what).hint("name the mount as path of the provider"));
        }
        let ask = Ask::new(Method::List, &path);
        let reply = self.ask(ask)?;
        match reply.status {
            200..=299 => {}
            404 => return self.absent(&ask, &reply).map(|()| Vec::new()),
            _ => return Err(self.refusal(&ask, &reply, "list")),
        }
        let keys = raw::text(&reply.body)
            .and_then(|text| raw::entry(text, "data"))
            .and_then(|data| raw::entry(data, "keys"))
            .and_then(|keys| serde_json::from_str::<Vec<String>>(keys).ok());
        let odd = || StoreError::new(StoreCause::Odd, format!("LIST {path}: the answer is not one of Vault's"));
        let mut keys = keys.ok_or_else(odd)?;
        // a name that is nothing but a slash would be listed for ever
        keys.retain(|key| !key.trim_matches('/').is_empty());
        Ok(keys)
    }

    fn tagged(&self, names: Vec<String>, tags: &BTreeMap<String, String>) -> Result<Vec<String>, StoreError> {
        let known = spread(&self.wire, &names, |name| self.read_metadata(&self.paths().metadata(name)?));
        let mut tagged = Vec::new();
        for (name, metadata) in names.into_iter().zip(known) {
            let metadata = metadata?.unwrap_or_default();
            if tags.iter().all(|(tag, value)| metadata.get(tag) == Some(value)) {
                tagged.push(name);
            }
        }
        Ok(tagged)
    }
}
