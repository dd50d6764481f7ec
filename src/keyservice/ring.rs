//! All key services together: every key of a group wraps the same secret, any one key opens its group, and enough
//! groups give the data key (sops 3.13.2 `sops.go`, `UpdateMasterKeysWithKeyServices` and
//! `GetDataKeyWithKeyServices`).
//!
//! With one group the secret is the data key itself; with more it is the group's share of it.

mod attempts;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use self::attempts::{AT_ONCE, Attempts, DEADLINE, late};
use super::names::Names;
use super::report::{CannotOpen, GroupReport, Reason, Tried};
use super::{KeyError, KeyService, Looked};
use crate::secret::{self, SecretBytes};
use crate::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};
use crate::sops::shamir::{self, ShamirError};

/// A data key, and a share of one: the share's x is one byte more.
const KEY_LENGTH: usize = 32;

/// The key services, and the order in which kinds of keys are tried. One ring serves one run: it remembers what it has
/// unwrapped, and which places do not answer.
pub struct KeyRing {
    attempts: Attempts,
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
    #[error("cannot encrypt for {0}: no key service that is used here knows this kind of key")]
    NotSupported(String),
}

impl KeyRing {
    /// A ring of services; of those that know a kind of key, earlier ones are asked first.
    pub fn new(services: Vec<Arc<dyn KeyService>>) -> Self {
        Self { attempts: Attempts::new(services) }
    }

    /// Tries kinds of keys strictly in this order (sops's words: `age`, `pgp`, `kms` …); unnamed kinds come last. Without
    /// it everything on this machine is tried first, age before PGP as in sops, and then all remote keys at once.
    #[must_use]
    pub fn with_order(mut self, order: Vec<String>) -> Self {
        self.attempts.order = Some(order);
        self
    }

    /// Where all services looked for identities.
    pub fn looked(&self) -> Vec<Looked> {
        self.attempts.services.iter().flat_map(|service| service.looked()).collect()
    }

    /// Whether a network may be needed for one of `keys`.
    pub fn may_be_far<'a>(&self, mut keys: impl Iterator<Item = &'a MasterKey>) -> bool {
        keys.any(|key| self.attempts.is_remote(key))
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
            let secret = Arc::new(SecretBytes::new(key.expose().to_vec()));
            let jobs: Vec<_> = only.iter().map(|key| (key, secret.clone())).collect();
            return Ok((vec![KeyGroup(self.wrap_each(&jobs)?)], threshold));
        }
        let threshold = if threshold == 0 { groups.len() } else { threshold };
        let shares = shamir::split(key.expose(), groups.len(), threshold, &mut secret::random)?;
        let mut jobs = Vec::new();
        for (group, share) in groups.iter().zip(shares) {
            let share = Arc::new(share);
            jobs.extend(group.iter().map(|key| (key, share.clone())));
        }
        let mut wrapped = self.wrap_each(&jobs)?.into_iter();
        let wrapped = groups.iter().map(|group| KeyGroup(wrapped.by_ref().take(group.len()).collect()));
        Ok((wrapped.collect(), threshold))
    }

    /// Local keys one after the other, remote ones at once. The first failure ends it.
    fn wrap_each(&self, jobs: &[(&MasterKey, Arc<SecretBytes>)]) -> Result<Vec<WrappedKey>, WrapError> {
        let mut wrapped: Vec<Option<WrappedKey>> = vec![None; jobs.len()];
        let (send, receive) = mpsc::channel();
        let mut under_way = Vec::new();
        for (at, (key, secret)) in jobs.iter().enumerate() {
            if !self.attempts.is_remote(key) {
                wrapped[at] = Some(self.attempts.wrap(key, secret.expose())?);
                continue;
            }
            if under_way.len() >= AT_ONCE {
                receive_one(&receive, &mut under_way, &mut wrapped, jobs)?;
            }
            under_way.push(at);
            let (attempts, key, secret, send) = (self.attempts.clone(), (*key).clone(), secret.clone(), send.clone());
            // whoever waits may be gone already
            thread::spawn(move || _ = send.send((at, attempts.wrap(&key, secret.expose()))));
        }
        while !under_way.is_empty() {
            receive_one(&receive, &mut under_way, &mut wrapped, jobs)?;
        }
        Ok(wrapped.into_iter().flatten().collect())
    }

    /// A single key: `secret` wrapped for it, as a key service does it for others.
    ///
    /// # Errors
    /// [`WrapError::Key`] or [`WrapError::NotSupported`].
    pub fn wrap_one(&self, key: &MasterKey, secret: &[u8]) -> Result<String, WrapError> {
        self.attempts.wrap(key, secret).map(|wrapped| wrapped.enc)
    }

    /// A single key: what it wraps, of any length.
    ///
    /// # Errors
    /// What happened with it.
    pub fn unwrap_one(&self, wrapped: &WrappedKey) -> Result<SecretBytes, Tried> {
        self.attempts.unwrap_one(wrapped)
    }

    /// The same without asking anybody on a network.
    ///
    /// # Errors
    /// What happened with it.
    pub fn unwrap_here(&self, wrapped: &WrappedKey) -> Result<SecretBytes, Tried> {
        self.attempts.unwrap_here(wrapped)
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
            if let Some(secret) = self.attempts.unwrap_group(group, length, &mut report.keys) {
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
}

/// Waits for one of the keys that are under way.
fn receive_one(
    receive: &mpsc::Receiver<(usize, Result<WrappedKey, WrapError>)>,
    under_way: &mut Vec<usize>,
    wrapped: &mut [Option<WrappedKey>],
    jobs: &[(&MasterKey, Arc<SecretBytes>)],
) -> Result<(), WrapError> {
    let Ok((at, outcome)) = receive.recv_timeout(DEADLINE) else {
        let key = under_way.first().map(|at| Names::new().show_key(jobs[*at].0)).unwrap_or_default();
        return Err(WrapError::Key { key, source: late() });
    };
    under_way.retain(|other| *other != at);
    wrapped[at] = Some(outcome?);
    Ok(())
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} services)", self.attempts.services.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyservice::age::{AgeKeys, Given, IdentitySource};
    use crate::keyservice::report::Tried;
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
        KeyRing::new(vec![Arc::new(AgeKeys::new(vec![source], nobody))])
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
