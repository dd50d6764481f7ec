//! Secrets that were made for a while: they are made to last for as long as somebody keeps them, and ended after.
//!
//! A lease ends with the token that it was made with (Vault's documentation, "Lease, renew, and revoke"), so the client that made it
//! is kept with it, and its token is renewed as well.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::external::Lease;
use crate::store::calls::VAULT;
use crate::store::vault::VaultStore;
use crate::store::{Calls, StoreClient, StoreError};

/// So long until a renewal that got no answer is tried again.
const SOON: Duration = Duration::from_secs(10);
/// Nothing is renewed or made anew sooner than so long after the last time.
const LEAST: Duration = Duration::from_secs(1);

/// For whom a secret was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// `namespace/name`, or the name alone.
    pub name: String,
    /// Number of the entry, for those with several.
    pub entry: usize,
}

/// A lease and who can renew it.
struct Held {
    owner: Owner,
    about: String,
    store: Arc<VaultStore>,
    lease: Lease,
    /// For how long it was given at first.
    full: Duration,
    /// When something is to be done: renewing it, or asking for another secret.
    due: Timestamp,
    /// When it ends by itself.
    end: Timestamp,
    /// Another takes its place, or is asked for: it ends when it ends.
    is_spent: bool,
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

impl Held {
    /// From now on for `lease.duration`; for ever when that is 0.
    fn given(&mut self, now: Timestamp) {
        (self.due, self.end) = match self.lease.duration {
            Duration::ZERO => (Timestamp::MAX, Timestamp::MAX),
            // when two thirds of it are over
            whole => (after(now, (whole * 2 / 3).max(LEAST)), after(now, whole)),
        };
    }
}

/// What came of [`Leases::renew`].
#[derive(Debug, Default)]
pub struct Renewed {
    /// What was not renewed, and why.
    pub lost: Vec<(String, StoreError)>,
    /// Whose secrets end soon, and cannot be made to last: other ones are wanted.
    pub again: BTreeSet<String>,
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
    /// Keeps one, in place of the one that `owner` had. That one stays good for as long as it was given: somebody may use it still.
    pub fn hold(&self, owner: Owner, about: &str, store: Arc<VaultStore>, lease: Lease, now: Timestamp) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter_mut().filter(|held| held.owner == owner).for_each(|held| held.is_spent = true);
        let (about, full) = (about.to_owned(), lease.duration);
        let (due, end, is_spent) = (now, now, false);
        let mut held = Held { owner, about, store, lease, full, due, end, is_spent };
        held.given(now);
        all.push(held);
    }

    /// Where the requests of those who make and keep them are counted.
    pub fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How long nothing has to be done; `None` when nothing ever has to be.
    pub fn next(&self, now: Timestamp) -> Option<Duration> {
        let all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = |held: &Held| {
            let moment = if held.is_spent { held.end } else { held.due.min(held.end) };
            Duration::try_from(moment.duration_since(now)).unwrap_or_default()
        };
        let token = |held: &Held| held.store.renewal().filter(|_| !held.is_spent);
        all.iter().flat_map(|held| token(held).into_iter().chain([lease(held)])).min()
    }

    /// Renews what is due.
    pub fn renew(&self, now: Timestamp) -> Renewed {
        // nobody else may wait for a server that does not answer
        let mut all = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        let mut renewed = Renewed::default();
        all.retain_mut(|held| {
            if held.end <= now {
                held.store.close();
                if !held.is_spent {
                    renewed.again.insert(held.owner.name.clone());
                }
                return false;
            }
            if !held.is_spent && !keep(held, now, &mut renewed.lost) {
                held.is_spent = true;
                renewed.again.insert(held.owner.name.clone());
            }
            true
        });
        self.held.lock().unwrap_or_else(PoisonError::into_inner).extend(all);
        renewed
    }

    /// Ends those of one owner; what could not be ended is told.
    pub fn revoke_of(&self, name: &str) -> Vec<(String, StoreError)> {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (ended, stay) = std::mem::take(&mut *all).into_iter().partition(|held| held.owner.name == name);
        *all = stay;
        drop(all);
        revoke(ended)
    }

    /// Ends all of them: nobody uses the secrets any more. What could not be ended is told.
    pub fn revoke(&self) -> Vec<(String, StoreError)> {
        revoke(std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Renews the token and the lease where they are due; whether the secret lasts on.
fn keep(held: &mut Held, now: Timestamp, lost: &mut Vec<(String, StoreError)>) -> bool {
    if !held.store.keep() {
        return false;
    }
    if held.due > now {
        return true;
    }
    if !held.lease.renewable {
        return false;
    }
    match held.store.renew(&held.lease, None) {
        Ok(lease) => {
            // near the end of what it may live, a renewal gives less and less
            let lasts = lease.duration.is_zero() || lease.duration >= held.full / 2;
            held.lease = lease;
            held.given(now);
            lasts
        }
        Err(error) => {
            let is_passing = error.is_passing();
            held.due = after(now, SOON);
            lost.push((held.about.clone(), error));
            is_passing
        }
    }
}

fn revoke(all: Vec<Held>) -> Vec<(String, StoreError)> {
    let mut troubles = Vec::new();
    let mut is_down = false;
    for held in all {
        // one server that does not answer is waited for once
        if !is_down && let Err(error) = held.store.revoke(&held.lease) {
            is_down = error.is_passing();
            troubles.push((held.about, error));
        }
        held.store.close();
    }
    troubles
}
