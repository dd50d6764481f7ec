//! All key services together: every key of a group wraps the same secret, any one key opens its group, and enough
//! groups give the data key (sops 3.13.2 `sops.go`, `UpdateMasterKeysWithKeyServices` and
//! `GetDataKeyWithKeyServices`).
//!
//! With one group the secret is the data key itself; with more it is the group's share of it.

use std::fmt;

use super::names::{self, Names};
use super::report::{CannotOpen, GroupReport, KeyReport, Reason, Tried};
use super::{KeyError, KeyService, Looked};
use crate::secret::{self, SecretBytes};
use crate::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};
use crate::sops::shamir::{self, ShamirError};

/// Kinds that are tried first when the caller names no order, as in sops: they need no network.
const DEFAULT_ORDER: [&str; 2] = ["age", "pgp"];
/// A data key, and a share of one: the share's x is one byte more.
const KEY_LENGTH: usize = 32;

/// The key services, and the order in which kinds of keys are tried.
pub struct KeyRing {
    services: Vec<Box<dyn KeyService>>,
    order: Vec<String>,
}

/// Why a data key could not be wrapped for everybody.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// Nobody could ever open the file.
    #[error("there is no recipient to encrypt for")]
    NoGroups,
    /// A group without keys could never be opened.
    #[error("key group {0} has no keys")]
    EmptyGroup(usize),
    /// The threshold does not fit the number of groups.
    #[error("the key cannot be split among the groups: {0}")]
    Split(#[from] ShamirError),
    /// One key failed. The whole operation fails: a file that some cannot open is a surprise later.
    #[error("cannot encrypt for {key}: {source}")]
    Key {
        /// The key, as people read it.
        key: String,
        /// Why.
        source: KeyError,
    },
    /// No service knows this kind of key.
    #[error("cannot encrypt for {0}: keys of this kind are not supported yet")]
    NotSupported(String),
}

impl KeyRing {
    /// A ring of services; each key goes to the first that takes it.
    pub fn new(services: Vec<Box<dyn KeyService>>) -> Self {
        Self { services, order: DEFAULT_ORDER.map(String::from).to_vec() }
    }

    /// Tries kinds of keys in this order (sops's words: `age`, `pgp`, `kms` …); unnamed kinds come last.
    #[must_use]
    pub fn with_order(mut self, order: Vec<String>) -> Self {
        self.order = order;
        self
    }

    /// Where all services looked for identities.
    pub fn looked(&self) -> Vec<Looked> {
        self.services.iter().flat_map(|service| service.looked()).collect()
    }

    /// Wraps `key` for everybody. Returns the threshold that the file has to state: as given with one group, with
    /// more groups all of them when it is 0.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn wrap_all(
        &self,
        groups: &[Vec<MasterKey>],
        threshold: usize,
        key: &DataKey,
    ) -> Result<(Vec<KeyGroup>, usize), WrapError> {
        if groups.is_empty() {
            return Err(WrapError::NoGroups);
        }
        if let Some(empty) = groups.iter().position(Vec::is_empty) {
            return Err(WrapError::EmptyGroup(empty + 1));
        }
        if let [only] = groups {
            return Ok((vec![self.wrap_group(only, key.expose())?], threshold));
        }
        let threshold = if threshold == 0 { groups.len() } else { threshold };
        let shares = shamir::split(key.expose(), groups.len(), threshold, &mut secret::random)?;
        let wrapped = groups.iter().zip(&shares);
        let wrapped: Result<_, _> = wrapped.map(|(group, share)| self.wrap_group(group, share.expose())).collect();
        Ok((wrapped?, threshold))
    }

    fn wrap_group(&self, keys: &[MasterKey], secret: &[u8]) -> Result<KeyGroup, WrapError> {
        let wrapped: Result<_, _> = keys.iter().map(|key| self.wrap_one(key, secret)).collect();
        wrapped.map(KeyGroup)
    }

    fn wrap_one(&self, key: &MasterKey, secret: &[u8]) -> Result<WrappedKey, WrapError> {
        for service in &self.services {
            match service.wrap(key, secret) {
                Ok(Some(enc)) => {
                    return Ok(WrappedKey { key: key.clone(), enc, created_at: None });
                }
                Ok(None) => {}
                Err(source) => {
                    return Err(WrapError::Key { key: Names::new().show_key(key), source });
                }
            }
        }
        Err(WrapError::NotSupported(Names::new().show_key(key)))
    }

    /// The data key, by whichever identities fit. All groups are tried, as every share found helps; `threshold` of
    /// them are needed (0: all).
    ///
    /// # Errors
    /// [`CannotOpen`], which says what was tried for whom.
    pub fn unwrap(&self, groups: &[KeyGroup], threshold: usize) -> Result<DataKey, Box<CannotOpen>> {
        let length = if groups.len() == 1 { KEY_LENGTH } else { KEY_LENGTH + 1 };
        let needed = match (groups.len(), threshold) {
            (0 | 1, _) => 1,
            (all, 0) => all,
            (_, threshold) => threshold.max(2),
        };
        let mut secrets = Vec::new();
        let mut reports = Vec::new();
        for group in groups {
            let mut report = GroupReport::default();
            if let Some(secret) = self.unwrap_group(group, length, &mut report.keys) {
                secrets.push(secret);
                report.opened = true;
            }
            reports.push(report);
        }
        let fail = |reason| Box::new(CannotOpen { reason, needed, groups: reports, looked: self.looked() });
        if groups.is_empty() {
            return Err(fail(Reason::NoGroups));
        }
        if secrets.len() < needed {
            return Err(fail(Reason::TooFew));
        }
        let secret = if groups.len() == 1 {
            secrets.pop()
        } else {
            match shamir::combine(&secrets) {
                Ok(secret) => Some(secret),
                Err(error) => return Err(fail(Reason::Shares(error.to_string()))),
            }
        };
        secret
            .and_then(|secret| DataKey::from_bytes(secret.expose()))
            .ok_or_else(|| fail(Reason::Shares(KeyError::NotADataKey.to_string())))
    }

    /// Tries the keys of a group in decryption order until one opens.
    fn unwrap_group(&self, group: &KeyGroup, length: usize, tried: &mut Vec<KeyReport>) -> Option<SecretBytes> {
        let mut keys: Vec<&WrappedKey> = group.0.iter().collect();
        keys.sort_by_key(|wrapped| {
            let word = names::kind_word(&wrapped.key);
            self.order.iter().position(|kind| kind == word).unwrap_or(usize::MAX)
        });
        for wrapped in keys {
            let outcome = match self.unwrap_one(wrapped) {
                Ok(secret) if secret.expose().len() == length => return Some(secret),
                Ok(_) => Tried::Broken(KeyError::NotADataKey),
                Err(outcome) => outcome,
            };
            tried.push(KeyReport { key: wrapped.key.clone(), outcome });
        }
        None
    }

    fn unwrap_one(&self, wrapped: &WrappedKey) -> Result<SecretBytes, Tried> {
        let mut outcome = Tried::NotSupported;
        for service in self.services.iter().filter(|service| service.handles(&wrapped.key)) {
            match service.unwrap(wrapped) {
                Ok(Some(secret)) => return Ok(secret),
                Ok(None) => outcome = Tried::NoIdentityFits,
                Err(error) => outcome = Tried::Broken(error),
            }
        }
        Err(outcome)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} services)", self.services.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyservice::age::{AgeKeys, Given, IdentitySource};
    use crate::secret::SecretText;
    use ::age::secrecy::ExposeSecret;
    use ::age::x25519::Identity;

    fn nobody(_: &str) -> Option<SecretText> {
        None
    }

    fn ring(identities: &[&Identity]) -> KeyRing {
        let lines: Vec<String> = identities.iter().map(|one| one.to_string().expose_secret().to_owned()).collect();
        let given = Given::File(SecretBytes::new(lines.join("\n").into_bytes()));
        let source = IdentitySource { label: "test".into(), given };
        KeyRing::new(vec![Box::new(AgeKeys::new(vec![source], nobody))])
    }

    fn key_of(identity: &Identity) -> MasterKey {
        MasterKey::Age { recipient: identity.to_public().to_string() }
    }

    fn people<const N: usize>() -> [Identity; N] {
        std::array::from_fn(|_| Identity::generate())
    }

    #[test]
    fn one_group_any_key() {
        let [a, b, stranger] = people();
        let key = DataKey::generate().unwrap();
        let groups = [vec![key_of(&a), key_of(&b)]];
        let (wrapped, threshold) = ring(&[]).wrap_all(&groups, 0, &key).unwrap();
        assert_eq!((threshold, wrapped[0].0.len()), (0, 2));
        assert!(wrapped[0].0.iter().all(|one| one.created_at.is_none()));
        for one in [&a, &b] {
            assert_eq!(ring(&[one]).unwrap(&wrapped, threshold).unwrap().expose(), key.expose());
        }
        let error = ring(&[&stranger]).unwrap(&wrapped, threshold).unwrap_err();
        assert_eq!(error.reason, Reason::TooFew);
        assert_eq!(error.groups[0].keys.len(), 2);
        assert_eq!(error.looked.len(), 1);
    }

    #[test]
    fn enough_groups_of_several() {
        let [a, b, c] = people();
        let key = DataKey::generate().unwrap();
        let groups = [vec![key_of(&a)], vec![key_of(&b)], vec![key_of(&c)]];
        let (wrapped, threshold) = ring(&[]).wrap_all(&groups, 2, &key).unwrap();
        assert_eq!(threshold, 2);
        for two in [[&a, &b], [&a, &c], [&b, &c]] {
            assert_eq!(ring(&two).unwrap(&wrapped, 2).unwrap().expose(), key.expose());
        }
        assert_eq!(ring(&[&a, &b, &c]).unwrap(&wrapped, 2).unwrap().expose(), key.expose());
        let error = ring(&[&b]).unwrap(&wrapped, 2).unwrap_err();
        assert_eq!((error.needed, error.groups[1].opened), (2, true));
    }

    #[test]
    fn no_threshold_means_all_groups() {
        let [a, b] = people();
        let key = DataKey::generate().unwrap();
        let groups = [vec![key_of(&a)], vec![key_of(&b)]];
        let (wrapped, threshold) = ring(&[]).wrap_all(&groups, 0, &key).unwrap();
        assert_eq!(threshold, 2);
        assert_eq!(ring(&[&a, &b]).unwrap(&wrapped, 0).unwrap().expose(), key.expose());
        assert!(ring(&[&a]).unwrap(&wrapped, 0).is_err());
        // a file that states less than it needs is no reason to combine a single share
        assert_eq!(ring(&[&a]).unwrap(&wrapped, 1).unwrap_err().needed, 2);
    }

    #[test]
    fn mixed_up_groups_are_noticed() {
        let [a, b] = people();
        let key = DataKey::generate().unwrap();
        let (one, _) = ring(&[]).wrap_all(&[vec![key_of(&a)]], 0, &key).unwrap();
        let two = [one[0].clone(), one[0].clone()];
        // a whole key where a share belongs
        let error = ring(&[&a]).unwrap(&two, 2).unwrap_err();
        assert_eq!(error.groups[0].keys[0].outcome, Tried::Broken(KeyError::NotADataKey));
        let groups = [vec![key_of(&a)], vec![key_of(&b)]];
        let (shares, _) = ring(&[]).wrap_all(&groups, 2, &key).unwrap();
        let twice = [shares[0].clone(), shares[0].clone()];
        let error = ring(&[&a]).unwrap(&twice, 2).unwrap_err();
        assert!(matches!(error.reason, Reason::Shares(_)));
    }

    #[test]
    fn what_cannot_be_wrapped_stops_all() {
        let key = DataKey::generate().unwrap();
        let ring = ring(&[]);
        let wrap = |groups: &[Vec<MasterKey>], threshold| ring.wrap_all(groups, threshold, &key);
        let [a] = people();
        let good = key_of(&a);
        let pgp = MasterKey::Pgp { fingerprint: "FBC7".into() };
        let bad = MasterKey::Age { recipient: "age1hunter".into() };
        assert!(matches!(wrap(&[], 0), Err(WrapError::NoGroups)));
        assert!(matches!(wrap(&[vec![good.clone()], vec![]], 0), Err(WrapError::EmptyGroup(2))));
        let two = [vec![good.clone()], vec![good.clone()]];
        assert!(matches!(wrap(&two, 3), Err(WrapError::Split(_))));
        assert!(matches!(wrap(&two, 1), Err(WrapError::Split(_))));
        assert!(matches!(wrap(&[vec![good.clone(), pgp]], 0), Err(WrapError::NotSupported(_))));
        assert!(matches!(wrap(&[vec![good, bad]], 0), Err(WrapError::Key { .. })));
    }

    #[test]
    fn kinds_are_tried_in_order() {
        let pgp = MasterKey::Pgp { fingerprint: "FBC7".into() };
        let [a] = people();
        let wrapped = |key| WrappedKey { key, enc: String::new(), created_at: None };
        let group = [KeyGroup(vec![wrapped(pgp.clone()), wrapped(key_of(&a))])];
        let first = |ring: KeyRing| ring.unwrap(&group, 0).unwrap_err().groups[0].keys[0].key.clone();
        assert_eq!(first(ring(&[])), key_of(&a));
        assert_eq!(first(ring(&[]).with_order(vec!["pgp".into()])), pgp);
    }

    #[test]
    fn nothing_to_open() {
        assert_eq!(ring(&[]).unwrap(&[], 0).unwrap_err().reason, Reason::NoGroups);
        assert_eq!(format!("{:?}", ring(&[])), "KeyRing(1 services)");
    }
}
