//! All private keys at hand. A sealed value does not say which key it was sealed with, so every one is tried.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::private::PrivateKey;
use super::scope::Scope;
use crate::secret::SecretBytes;

/// No key at hand opens a value; the words are upstream's, and people search for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no key could decrypt secret")]
pub struct NoKeyOpens;

/// Private keys, each once.
#[derive(Debug, Default)]
pub struct KeyChain {
    keys: Vec<PrivateKey>,
    /// The key that opened the value before: most likely the next one's, too.
    latest: AtomicUsize,
}

impl KeyChain {
    /// An empty chain.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key, unless it is there.
    pub fn add(&mut self, key: PrivateKey) {
        if !self.keys.iter().any(|other| other.fingerprint() == key.fingerprint()) {
            self.keys.push(key);
        }
    }

    /// The keys, in the order in which they came.
    pub fn keys(&self) -> &[PrivateKey] {
        &self.keys
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The value in `blob`, sealed under `label`, and the key that opened it.
    ///
    /// # Errors
    /// No key does.
    pub fn open(&self, label: &str, blob: &[u8]) -> Result<(SecretBytes, &PrivateKey), NoKeyOpens> {
        let first = self.latest.load(Ordering::Relaxed);
        let order = self.keys.get(first).map(|key| (first, key)).into_iter();
        let others = self.keys.iter().enumerate().filter(|(at, _)| *at != first);
        for (at, key) in order.chain(others) {
            if let Ok(value) = key.open(label, blob) {
                self.latest.store(at, Ordering::Relaxed);
                return Ok((value, key));
            }
        }
        Err(NoKeyOpens)
    }

    /// The other scope under which `blob` opens for this place, when one of `scope` does not.
    pub fn other_scope(&self, scope: Scope, namespace: &str, name: &str, blob: &[u8]) -> Option<Scope> {
        let others = Scope::ALL.into_iter().filter(|other| *other != scope);
        others.into_iter().find(|other| self.open(&other.label(namespace, name), blob).is_ok())
    }
}

impl FromIterator<PrivateKey> for KeyChain {
    fn from_iter<T: IntoIterator<Item = PrivateKey>>(keys: T) -> Self {
        let mut chain = Self::new();
        keys.into_iter().for_each(|key| chain.add(key));
        chain
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::manifest::text;

    macro_rules! key {
        ($name:literal) => {
            PrivateKey::from_pem(include_bytes!(concat!("../../tests/vectors/sealed/", $name))).unwrap()
        };
    }

    #[derive(Deserialize)]
    struct Vector {
        key: String,
        label: String,
        plain: String,
        sealed: String,
    }

    fn chain() -> KeyChain {
        [key!("other.key"), key!("rsa2048.key"), key!("rsa3072.key"), key!("rsa4096.key"), key!("rsa2048.pkcs8.key")]
            .into_iter()
            .collect()
    }

    /// Sealed by pyca/cryptography, with session keys of every length of AES.
    #[test]
    fn values_of_another_implementation_are_opened() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../tests/vectors/sealed/vectors.json")).unwrap();
        assert_eq!(vectors.len(), 36);
        let chain = chain();
        assert_eq!(chain.keys().len(), 4);
        for vector in vectors {
            let blob = text::decode(&vector.sealed).unwrap();
            let (value, key) = chain.open(&vector.label, &blob).unwrap();
            assert_eq!(text::encode(value.expose()), vector.plain);
            assert_eq!(format!("rsa{}", key.public().bits()), vector.key);
        }
    }

    #[test]
    fn the_scope_that_would_open_is_found() {
        let chain: KeyChain = [key!("rsa2048.key")].into_iter().collect();
        let public = chain.keys()[0].public();
        for sealed in Scope::ALL {
            let blob = public.seal(&sealed.label("ns", "name"), b"x").unwrap();
            for asked in Scope::ALL.into_iter().filter(|asked| *asked != sealed) {
                assert_eq!(chain.open(&asked.label("ns", "name"), &blob).err(), Some(NoKeyOpens));
                assert_eq!(chain.other_scope(asked, "ns", "name", &blob), Some(sealed));
            }
        }
        let elsewhere = public.seal("other/place", b"x").unwrap();
        assert_eq!(chain.other_scope(Scope::Strict, "ns", "name", &elsewhere), None);
    }
}
