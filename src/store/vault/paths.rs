//! Where a secret is in the API of a key-value store, as External Secrets Operator 2.9 has it
//! (`providers/v1/vault/client_get.go`: `buildPath`, `buildMetadataPath`). Pure.

use super::settings::Version;
use crate::store::{StoreCause, StoreError};

/// Which store it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Paths<'a> {
    pub(super) mount: Option<&'a str>,
    pub(super) version: Version,
}

impl Paths<'_> {
    /// Where the value is. Doing so twice changes nothing. A secret whose own path begins with the mount's name cannot be named.
    pub(super) fn value(self, key: &str) -> String {
        match (self.mount, self.version) {
            (Some(mount), Version::V2) => {
                let mount = trimmed(mount);
                let key = stripped(key, mount).map_or(key, |rest| rest.strip_prefix("data/").unwrap_or(rest));
                format!("{mount}/data/{key}")
            }
            (Some(mount), Version::V1) => {
                let mount = trimmed(mount);
                format!("{mount}/{}", stripped(key, mount).unwrap_or(key))
            }
            (None, Version::V1) => key.to_owned(),
            (None, Version::V2) => match key.split_once('/') {
                _ if key.contains("/data/") => key.to_owned(),
                Some((mount, rest)) => format!("{mount}/data/{rest}"),
                None => format!("{key}/data"),
            },
        }
    }

    /// Where what is known about it is. The mount's name at the beginning of the key is not left out there.
    pub(super) fn metadata(self, key: &str) -> Result<String, StoreError> {
        match (self.mount, self.version) {
            (Some(mount), Version::V2) => Ok(format!("{}/metadata/{key}", trimmed(mount))),
            (Some(mount), Version::V1) => Ok(format!("{}/{key}", trimmed(mount))),
            (None, Version::V1) => Ok(key.to_owned()),
            (None, Version::V2) if key.contains("data") => {
                let path = if key.ends_with("/data") { format!("{key}/") } else { key.to_owned() };
                Ok(path.replacen("/data/", "/metadata/", 1))
            }
            (None, Version::V2) => Err(StoreError::new(
                StoreCause::Invalid,
                format!("{key}: it is not said where the key-value store ends and the secret's name begins"),
            )
            .hint("name the mount as path of the provider, or write the key as MOUNT/data/NAME")),
        }
    }

    /// Where the value of a name found below the mount is: nothing of it is left out.
    pub(super) fn found(self, name: &str) -> String {
        match (self.mount, self.version) {
            (Some(mount), Version::V2) => format!("{}/data/{name}", trimmed(mount)),
            (Some(mount), Version::V1) => format!("{}/{name}", trimmed(mount)),
            (None, _) => self.value(name),
        }
    }
}

fn trimmed(mount: &str) -> &str {
    mount.trim_matches('/')
}

fn stripped<'k>(key: &'k str, mount: &str) -> Option<&'k str> {
    key.strip_prefix(mount)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: Version = Version::V1;
    const V2: Version = Version::V2;

    #[test]
    fn values() {
        for (mount, version, key, path) in [
            (Some("m"), V2, "foo", "m/data/foo"),
            (Some("m"), V2, "m/foo", "m/data/foo"),
            (Some("m"), V2, "m/data/foo", "m/data/foo"),
            (Some("m"), V2, "data/foo", "m/data/data/foo"),
            (Some("m"), V2, "mm/foo", "m/data/mm/foo"),
            (Some("a/b"), V2, "a/b/foo", "a/b/data/foo"),
            (Some("/m/"), V2, "foo/bar", "m/data/foo/bar"),
            (Some("m"), V1, "foo", "m/foo"),
            (Some("m"), V1, "m/foo", "m/foo"),
            (Some("m"), V1, "m/data/foo", "m/data/foo"),
            (None, V2, "secret/a/b", "secret/data/a/b"),
            (None, V2, "secret/data/a", "secret/data/a"),
            (None, V2, "team/kv/data/a", "team/kv/data/a"),
            (None, V1, "secret/a/b", "secret/a/b"),
        ] {
            let paths = Paths { mount, version };
            assert_eq!(paths.value(key), path, "{mount:?} {version:?} {key}");
            assert_eq!(paths.value(path), path, "twice: {mount:?} {version:?} {key}");
        }
    }

    #[test]
    fn metadata() {
        for (mount, version, key, path) in [
            (Some("m"), V2, "foo", Some("m/metadata/foo")),
            (Some("m"), V2, "m/foo", Some("m/metadata/m/foo")),
            (Some("m"), V1, "foo", Some("m/foo")),
            (None, V1, "kv/foo", Some("kv/foo")),
            (None, V2, "secret/data/a/data/b", Some("secret/metadata/a/data/b")),
            (None, V2, "secret/data", Some("secret/metadata/")),
            (None, V2, "secret/a", None),
        ] {
            assert_eq!(Paths { mount, version }.metadata(key).ok().as_deref(), path, "{mount:?} {version:?} {key}");
        }
        assert_eq!(Paths { mount: Some("m"), version: V2 }.found("m/foo"), "m/data/m/foo");
    }
}
