//! What is mounted where: asked only once something went wrong, and once for each mount, to say why.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::settings::Version;
use super::wire::locked;
use super::{VaultStore, raw};
use crate::net::vault::{Ask, Method};
use crate::store::{StoreCause, StoreError};

/// What is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Mount {
    /// A key-value store: its path, without a slash at its end.
    Kv(String, Version),
    /// Something else: its path and its kind.
    Other(String, String),
    /// Nobody tells us.
    Unknown,
}

/// See the file's description.
pub(super) type Mounts = Mutex<BTreeMap<String, Mount>>;

impl VaultStore {
    /// What is at a path of the API.
    pub(super) fn mount_of(&self, path: &str) -> Mount {
        let configured = self.wire.settings().mount.as_deref().map(|mount| mount.trim_matches('/'));
        let first = || path.split('/').next().unwrap_or_default();
        let name = configured.filter(|mount| path.starts_with(mount)).unwrap_or_else(first);
        let mut known = locked(&self.mounts);
        let found = known.values().find(|mount| {
            let (Mount::Kv(at, _) | Mount::Other(at, _)) = mount else { return false };
            path.strip_prefix(at.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(found) = found.or_else(|| known.get(name)) {
            return found.clone();
        }
        let mount = self.look_up(path);
        known.insert(name.to_owned(), mount.clone());
        mount
    }

    fn look_up(&self, path: &str) -> Mount {
        let path = format!("sys/internal/ui/mounts/{path}");
        match self.ask(Ask::new(Method::Get, &path)) {
            Ok(reply) if reply.status == 200 => read(&reply.body).unwrap_or(Mount::Unknown),
            _ => Mount::Unknown,
        }
    }

    /// Why a path of a key-value store cannot be right, if so.
    pub(super) fn misplaced(&self, path: &str) -> Option<StoreError> {
        let invalid = |what: String| Some(StoreError::new(StoreCause::Invalid, what));
        match (self.mount_of(path), self.wire.settings().version) {
            (Mount::Kv(mount, Version::V1), Version::V2) => {
                invalid(format!("{mount}/ is a key-value store of version 1, and was asked as one of version 2"))
                    .map(|error| error.hint("set version of the provider to v1"))
            }
            (Mount::Kv(mount, Version::V2), Version::V1) if !path.starts_with(&format!("{mount}/data/")) => {
                invalid(format!("{mount}/ is a key-value store of version 2, and was asked as one of version 1"))
                    .map(|error| error.hint("set version of the provider to v2"))
            }
            (Mount::Other(mount, kind), Version::V2) => {
                invalid(format!("{mount}/ is no key-value store, but of the kind {kind}"))
            }
            _ => None,
        }
    }
}

fn read(answer: &[u8]) -> Option<Mount> {
    let data = raw::entry(raw::text(answer)?, "data")?;
    let path = raw::unquoted(raw::entry(data, "path")?)?.trim_matches('/').to_owned();
    let kind = raw::unquoted(raw::entry(data, "type")?)?.into_owned();
    let version = raw::entry(data, "options").and_then(|options| raw::entry(options, "version"));
    Some(match kind.as_str() {
        "kv" | "generic" if version == Some("\"2\"") => Mount::Kv(path, Version::V2),
        "kv" | "generic" => Mount::Kv(path, Version::V1),
        _ => Mount::Other(path, kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_told_apart() {
        let kv = |version| Some(Mount::Kv("a/b".into(), version));
        for (data, mount) in [
            (r#"{"path":"a/b/","type":"kv","options":{"version":"2"}}"#, kv(Version::V2)),
            (r#"{"path":"a/b/","type":"kv","options":{"version":"1"}}"#, kv(Version::V1)),
            (r#"{"path":"a/b/","type":"kv","options":null}"#, kv(Version::V1)),
            (r#"{"path":"p/","type":"pki"}"#, Some(Mount::Other("p".into(), "pki".into()))),
            ("null", None),
        ] {
            assert_eq!(read(format!("{{\"data\":{data}}}").as_bytes()), mount, "{data}");
        }
    }
}
