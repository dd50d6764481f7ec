//! Which groups of a file open here: by comparing, and where that costs nobody anything by opening.

use crate::keyservice::report::{CannotOpen, GroupReport, KeyReport, Reason, Tried};
use crate::keyservice::{KeyRing, Looked, Outcome, names};
use crate::sops::key::{KeyGroup, MasterKey, WrappedKey};
use crate::sops::metadata::Metadata;

/// What was found out.
pub struct Examined {
    /// Every group and every key of it; `None` for a key that fits.
    pub groups: Vec<Group>,
    /// How many groups are needed.
    pub needed: usize,
    /// Where identities were looked for.
    pub looked: Vec<Looked>,
    /// Why it does not open.
    pub failed: Option<CannotOpen>,
}

/// One group.
pub struct Group {
    /// Whether it opens.
    pub opened: bool,
    /// Its keys and what happened with each; `None` for one that opens it.
    pub keys: Vec<(MasterKey, Option<Tried>)>,
}

impl Examined {
    /// The key that opens each group, of those that open.
    pub fn opened_by(&self) -> impl Iterator<Item = &MasterKey> {
        self.groups.iter().filter_map(|group| group.keys.iter().find(|(_, tried)| tried.is_none()).map(|(key, _)| key))
    }
}

/// Looks at all keys; with `really` they are used.
pub fn examine(ring: &KeyRing, metadata: &Metadata, really: bool) -> Examined {
    let needed = match (metadata.groups.len(), metadata.shamir_threshold) {
        (0 | 1, _) => 1,
        (all, 0) => all,
        (_, threshold) => threshold.max(2),
    };
    if really {
        return for_real(ring, metadata, needed);
    }
    let own = own(ring);
    let mut groups = Vec::new();
    for group in &metadata.groups {
        let keys: Vec<_> = group.0.iter().map(|one| (one.key.clone(), compare(ring, one, &own))).collect();
        groups.push(Group { opened: keys.iter().any(|(_, tried)| tried.is_none()), keys });
    }
    let opened = groups.iter().filter(|group| group.opened).count();
    let reason = if groups.is_empty() { Reason::NoGroups } else { Reason::TooFew };
    let looked = ring.looked();
    let failed = (groups.is_empty() || opened < needed).then(|| CannotOpen {
        reason,
        needed,
        groups: groups.iter().map(as_report).collect(),
        looked: looked.clone(),
    });
    Examined { groups, needed, looked, failed }
}

fn as_report(group: &Group) -> GroupReport {
    let keys =
        group.keys.iter().filter_map(|(key, tried)| Some(KeyReport { key: key.clone(), outcome: tried.clone()? }));
    GroupReport { opened: group.opened, keys: keys.collect() }
}

/// As whoever opens the file does it.
fn for_real(ring: &KeyRing, metadata: &Metadata, needed: usize) -> Examined {
    let failed = ring.unwrap(&metadata.groups, metadata.shamir_threshold).err().map(|error| *error);
    let own = own(ring);
    let mut groups = Vec::new();
    for (at, group) in metadata.groups.iter().enumerate() {
        let report = failed.as_ref().and_then(|error| error.groups.get(at));
        groups.push(match report.filter(|report| !report.opened) {
            Some(report) => {
                let outcome =
                    |key: &MasterKey| report.keys.iter().find(|one| one.key == *key).map(|one| one.outcome.clone());
                let tried = |key: &MasterKey| outcome(key).or(Some(Tried::NotAsked));
                let keys = group.0.iter().map(|one| (one.key.clone(), tried(&one.key))).collect();
                Group { opened: false, keys }
            }
            None => opened(ring, group, &own),
        });
    }
    Examined { groups, needed, looked: ring.looked(), failed }
}

/// Which key opens a group that opens. The ring remembers what it was told, so that nobody is asked twice.
fn opened(ring: &KeyRing, group: &KeyGroup, own: &[MasterKey]) -> Group {
    let mut keys: Vec<_> = group.0.iter().map(|one| (one.key.clone(), Some(Tried::NotAsked))).collect();
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|at| (!is_own(own, &keys[*at].0), ring.may_be_far(std::iter::once(&keys[*at].0))));
    for at in order {
        let tried = ring.unwrap_one(&group.0[at]).err();
        let opens = tried.is_none();
        keys[at].1 = tried;
        if opens {
            break;
        }
    }
    Group { opened: true, keys }
}

/// The recipients of the identities at hand.
fn own(ring: &KeyRing) -> Vec<MasterKey> {
    let mut own = Vec::new();
    for looked in ring.looked() {
        if let Outcome::Gave { recipients, .. } = looked.outcome {
            own.extend(recipients.iter().filter_map(|text| names::key(text)));
        }
    }
    own
}

fn is_own(own: &[MasterKey], key: &MasterKey) -> bool {
    own.iter().any(|mine| names::is_same(mine, key))
}

/// `None` when the key opens its group, as far as that can be told without asking anybody.
fn compare(ring: &KeyRing, wrapped: &WrappedKey, own: &[MasterKey]) -> Option<Tried> {
    let is_age = matches!(wrapped.key, MasterKey::Age { .. });
    match (is_own(own, &wrapped.key), is_age) {
        (true, true) => ring.unwrap_here(wrapped).err(),
        // a secret key that is there may still want a PIN
        (true, false) => None,
        // who has no such identity is not asked
        (false, true) => Some(Tried::NoIdentityFits),
        (false, false) => Some(Tried::NotAsked),
    }
}
