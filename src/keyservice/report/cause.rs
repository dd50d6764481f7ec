//! The first line: what is in the way, in as few words as possible.

use super::{CannotOpen, Reason, Tried, holds_nothing};
use crate::keyservice::error::{Cause, KeyError};
use crate::keyservice::names::Names;
use crate::keyservice::{Looked, Outcome};
use crate::sops::key::MasterKey;

impl CannotOpen {
    /// What is in the way.
    pub fn cause(&self, names: &Names) -> String {
        match &self.reason {
            Reason::NoGroups => return "it names no recipients".into(),
            Reason::Shares(why) => return format!("the key groups do not fit together: {why}"),
            Reason::TooFew => {}
        }
        let broken = self.most_telling();
        let shown = broken.map(|(key, error)| match error {
            KeyError::Service(_) => format!("{}: {error}", names.show_key(key)),
            _ => format!("the entry of {}: {error}", names.show_key(key)),
        });
        if self.is_impossible() {
            let (needed, all) = (self.needed, self.groups.len());
            return format!("it asks for {needed} key groups, but has only {all}: nobody can open it");
        }
        if self.groups.len() > 1 {
            let (opened, all) = (self.opened(), self.groups.len());
            let needed = if self.needed == all { "all".to_owned() } else { self.needed.to_string() };
            let opened = if opened == 0 { "none".to_owned() } else { format!("only {opened}") };
            let text = format!("{needed} of its {all} key groups are needed, but {opened} could be opened");
            return match shown {
                Some(shown) => format!("{text}; {shown}"),
                None => text,
            };
        }
        match (shown, broken) {
            // what is wrong elsewhere is half of it only when something is here
            (Some(shown), Some((_, error))) if error.cause().is_some_and(is_elsewhere) => match self.here() {
                Some(here) => format!("{here}, and {shown}"),
                None => shown,
            },
            (Some(shown), _) => shown,
            (None, _) => self.nothing_here(),
        }
    }

    /// Whether more groups are needed than there are.
    pub(super) fn is_impossible(&self) -> bool {
        self.groups.len() > 1 && self.needed > self.groups.len()
    }

    /// Of all keys that failed the one whose failure helps most: what is wrong here, then what a login would put right.
    pub(super) fn most_telling(&self) -> Option<(&MasterKey, &KeyError)> {
        let broken = self.keys().filter_map(|key| match &key.outcome {
            Tried::Broken(error) => Some((&key.key, error)),
            _ => None,
        });
        broken.min_by_key(|(_, error)| match error.cause() {
            None => 0,
            Some(Cause::Program) => 1,
            Some(Cause::NoCredentials) => 2,
            Some(Cause::Denied) => 3,
            Some(Cause::Unusable) => 4,
            Some(Cause::Throttled) => 5,
            Some(Cause::Unreachable) => 6,
            Some(Cause::BadAnswer) => 7,
            Some(Cause::Malformed | Cause::Ciphertext) => 8,
        })
    }

    /// What is to be said about identities on this machine when a key elsewhere is in the way, too.
    fn here(&self) -> Option<String> {
        // a key of this machine is no help where none could ever fit
        if !self.keys().any(|key| key.outcome == Tried::NoIdentityFits) {
            return None;
        }
        self.first_failure().or_else(|| self.unfit())
    }

    /// That identities are here, but none that fits.
    fn unfit(&self) -> Option<String> {
        match self.my_recipients().len() {
            0 => None,
            1 => Some("your identity does not fit".into()),
            many => Some(format!("none of your {many} identities fits")),
        }
    }

    /// No key failed; none was there that fits.
    fn nothing_here(&self) -> String {
        let found = self.unfit();
        let other = self.first_failure().or_else(|| {
            self.looked.iter().find_map(|Looked { label, outcome }| match outcome {
                Outcome::Locked => Some(format!("{label} is locked")),
                Outcome::NotRun => Some(format!("{label} was not run")),
                _ => None,
            })
        });
        let not_asked = self.keys().filter(|key| key.outcome == Tried::NotAsked).count();
        match (found, other) {
            (Some(found), Some(other)) => format!("{found}, and {other}"),
            (found, None) if not_asked > 0 => {
                let keys = if not_asked == 1 { "1 key was" } else { &format!("{not_asked} keys were") };
                let found = found.unwrap_or_else(|| "no identity was found".into());
                format!("{found}, and {keys} not asked")
            }
            (Some(text), None) | (None, Some(text)) => text,
            (None, None) => self.no_identity(),
        }
    }

    fn no_identity(&self) -> String {
        if self.keys().all(|key| key.outcome == Tried::NotSupported) {
            return "no key service that is used here knows its kinds of keys".into();
        }
        if let Some(empty) = self.looked.iter().find(|looked| holds_nothing(&looked.outcome)) {
            return format!("{} holds no identity", empty.label);
        }
        let all = |wanted: fn(&MasterKey) -> bool| self.keys().all(|key| wanted(&key.key));
        if all(|key| matches!(key, MasterKey::Age { recipient } if recipient.starts_with("ssh-"))) {
            return "it is for SSH keys, and none of yours was found".into();
        }
        if all(|key| matches!(key, MasterKey::Pgp { .. })) {
            return "it is for PGP keys, and none of the secret ones is here".into();
        }
        "no identity was found".into()
    }

    /// Whether a key says the same: where a service has no login, all of its keys have none.
    pub(super) fn is_told(&self, looked: &Looked) -> bool {
        let Outcome::Failed(why) = &looked.outcome else {
            return false;
        };
        self.keys().any(|key| matches!(&key.outcome, Tried::Broken(error) if error.to_string().contains(why.as_str())))
    }

    /// The first place that should have had an identity, but could not be used.
    fn first_failure(&self) -> Option<String> {
        self.looked.iter().filter(|looked| !self.is_told(looked)).find_map(|looked| match &looked.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", looked.label)),
            _ => None,
        })
    }
}

/// Whether the trouble is with a service, not with this machine or the file.
fn is_elsewhere(cause: Cause) -> bool {
    matches!(cause, Cause::NoCredentials | Cause::Denied | Cause::Throttled | Cause::Unreachable | Cause::BadAnswer)
}
