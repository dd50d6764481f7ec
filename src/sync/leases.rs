//! Secrets that were made for a while: they are made to last for as long as somebody keeps them, and ended after.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::external::Lease;
use crate::store::calls::VAULT;
use crate::store::vault::VaultStore;
use crate::store::{Calls, StoreError};

/// A lease and who can renew it.
struct Held {
    about: String,
    store: Arc<VaultStore>,
    lease: Lease,
    given: Timestamp,
}

impl Held {
    /// When two thirds of it are over.
    fn due(&self) -> Timestamp {
        let wait = SignedDuration::try_from(self.lease.duration * 2 / 3).unwrap_or(SignedDuration::MAX);
        self.given.saturating_add(wait).unwrap_or(Timestamp::MAX)
    }
}

/// See the file's description.
pub struct Leases {
    held: Mutex<Vec<Held>>,
    calls: Arc<Calls>,
}

impl Default for Leases {
    fn default() -> Self {
        Self { held: Mutex::default(), calls: Arc::new(Calls::new(VAULT)) }
    }
}

impl Leases {
    /// Keeps one.
    pub fn hold(&self, about: &str, store: Arc<VaultStore>, lease: Lease, now: Timestamp) {
        let held = Held { about: about.to_owned(), store, lease, given: now };
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(held);
    }

    /// Where the requests of those who make and keep them are counted.
    pub fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How long nothing has to be done; `None` without any that can be renewed.
    pub fn next(&self, now: Timestamp) -> Option<Duration> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let due = held.iter().filter(|held| held.lease.renewable).map(Held::due).min()?;
        Some(Duration::try_from(due.duration_since(now)).unwrap_or_default())
    }

    /// Renews what is due; what cannot be renewed any more is given up and told.
    pub fn renew(&self, now: Timestamp) -> Vec<(String, StoreError)> {
        let mut all = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        let mut lost = Vec::new();
        all.retain_mut(|held| {
            if !held.lease.renewable || held.due() > now {
                return true;
            }
            match held.store.renew(&held.lease, None) {
                Ok(lease) => {
                    held.lease = lease;
                    held.given = now;
                    true
                }
                Err(error) => {
                    let keeps = error.is_passing();
                    lost.push((held.about.clone(), error));
                    keeps
                }
            }
        });
        self.held.lock().unwrap_or_else(PoisonError::into_inner).extend(all);
        lost
    }

    /// Ends all of them: nobody uses the secrets any more.
    pub fn revoke(&self) -> Vec<(String, StoreError)> {
        let all = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = all.into_iter().filter_map(|held| {
            let error = held.store.revoke(&held.lease).err()?;
            Some((held.about, error))
        });
        ended.collect()
    }
}
