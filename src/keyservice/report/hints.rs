//! What to do next: by oneself first, then whom to ask for what.

use super::{CannotOpen, KeyReport, Policy, Reason, Tried, UPDATE, holds_nothing};
use crate::keyservice::names::{self, Names};
use crate::keyservice::{Cause, Outcome};
use crate::sops::key::MasterKey;

/// So many hints of failed keys are given.
const MOST_OF_KEYS: usize = 3;

impl CannotOpen {
    /// What to try, in this order.
    pub(super) fn hints(&self, file: &str, names: &Names, policy: Option<&Policy>) -> Vec<String> {
        if self.reason != Reason::TooFew || self.is_impossible() {
            return vec!["restore the file's key entries from its Git history".into()];
        }
        let mut hints = self.of_keys();
        hints.extend(self.of_places());
        hints.extend(self.of_kinds(file));
        let mine = self.my_recipients();
        if mine.is_empty() && self.keys().any(|key| is_age(&key.key)) && hints.is_empty() {
            hints.push(
                "name your identity file with --identity FILE, or put it where sops looks: \
                 SOPS_AGE_KEY_FILE or the per-user file above"
                    .into(),
            );
        }
        hints.extend(match self.groups.len() {
            0 | 1 => self.ask(file, &mine, names, policy),
            _ => self.ask_together(file, names),
        });
        hints
    }

    /// What the services advise.
    fn of_keys(&self) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        for key in self.keys() {
            if let Tried::Broken(error) = &key.outcome
                && let Some(hint) = error.hint()
                && !hints.iter().any(|known| known == hint)
                && hints.len() < MOST_OF_KEYS
            {
                hints.push(hint.to_owned());
            }
        }
        hints
    }

    /// What can be done about places that should have had an identity.
    fn of_places(&self) -> Vec<String> {
        let mut hints = Vec::new();
        let has_some = !self.my_recipients().is_empty();
        for looked in &self.looked {
            let label = &looked.label;
            let variable = label.split(' ').next().filter(|word| word.starts_with("SOPS_"));
            match (&looked.outcome, variable) {
                (Outcome::Failed(why), _) if why.contains("passphrase") => {
                    hints.push(format!("try again with the passphrase of {label}"));
                }
                (Outcome::Failed(_), Some(variable)) => hints.push(format!("put {variable} right, or unset it")),
                (outcome, Some(variable)) if holds_nothing(outcome) && !has_some => {
                    hints.push(format!("put your identity into {variable}, or unset it"));
                }
                (Outcome::Locked, _) => {
                    hints.push(format!("run it in a terminal, where the passphrase of {label} can be typed"));
                }
                _ => {}
            }
        }
        hints
    }

    /// What can be done for kinds of keys whose private half may be somewhere else.
    fn of_kinds(&self, file: &str) -> Vec<String> {
        let mut hints = Vec::new();
        let unfit = |key: &&KeyReport| key.outcome == Tried::NoIdentityFits;
        let mut unfit_keys = self.keys().filter(unfit).map(|key| &key.key);
        if let Some(MasterKey::Pgp { fingerprint }) = unfit_keys.find(|key| matches!(key, MasterKey::Pgp { .. })) {
            hints.push(format!(
                "if the secret key of {fingerprint} is yours: gpg --import FILE, or insert the card it is on"
            ));
        }
        let is_ssh = |text: &str| text.starts_with("ssh-");
        let mine = self.my_recipients();
        let mut ssh = self.keys().filter(unfit).filter(|key| match &key.key {
            MasterKey::Age { recipient } => is_ssh(recipient),
            _ => false,
        });
        if ssh.next().is_some() && !mine.iter().any(|text| is_ssh(text)) {
            hints.push("if one of these SSH keys is yours, say where it is: SOPS_AGE_SSH_PRIVATE_KEY_FILE=FILE".into());
        }
        if self.looked.iter().any(|looked| looked.outcome == Outcome::NotRun) {
            hints.push(format!("to run it: sealant why --try {file}"));
        } else if self.keys().any(|key| key.outcome == Tried::NotAsked) {
            hints.push(format!("to ask them, too: sealant why --try {file}"));
        }
        hints
    }

    /// Whom to ask to let the reader in.
    fn ask(&self, file: &str, mine: &[&str], names: &Names, policy: Option<&Policy>) -> Option<String> {
        let helpers = either(&self.helpers(names));
        if helpers.is_empty() {
            let is_damaged = self.keys().any(|key| matches!(key.outcome, Tried::Broken(_)) && !can_help(key));
            return is_damaged.then(|| "restore the file's key entries from its Git history".into());
        }
        if self.looked.iter().any(|looked| matches!(looked.outcome, Outcome::Locked | Outcome::NotRun)) {
            return None;
        }
        let Some(my_own) = mine.first() else {
            let can_add = self.keys().any(|key| is_age(&key.key) && key.outcome == Tried::NoIdentityFits);
            // whoever has one that was not found has been told where to put it
            return can_add
                .then(|| format!("if you have none yet: sealant keys new, and ask {helpers} to add what it prints"));
        };
        let is_mine =
            |key: &MasterKey| mine.iter().any(|text| names::key(text).is_some_and(|own| names::is_same(&own, key)));
        let is_entered = self.keys().any(|key| is_mine(&key.key));
        Some(match policy {
            // what the file has for the reader is broken: everybody's entry has to be written again
            _ if is_entered => format!("ask {helpers} to run: sealant rotate -i {file}"),
            Some(policy) if policy.groups.iter().flatten().any(is_mine) => {
                format!("the rule in {} names you already: ask {helpers} to run: {UPDATE}{file}", policy.place)
            }
            Some(policy) => {
                let place = &policy.place;
                format!(
                    "ask {helpers} to add your recipient {my_own} to the rule in {place} and to run: {UPDATE}{file}"
                )
            }
            // without a rule there is nothing that updatekeys could go by
            None => format!("ask {helpers} to run: sealant rotate -i {} {file}", to_add(my_own)),
        })
    }

    /// Whom to open the missing groups with.
    fn ask_together(&self, file: &str, names: &Names) -> Option<String> {
        let helpers = either(&self.helpers(names));
        let missing = self.needed.saturating_sub(self.opened());
        let groups = if missing == 1 { "group is" } else { "groups are" };
        (!helpers.is_empty()).then(|| {
            format!(
                "{missing} more key {groups} needed; open it together with {helpers}: \
                 sealant decrypt --identity YOURS --identity THEIRS {file}"
            )
        })
    }

    /// Those who hold keys that did not fail here, by name; if there are none, those whose keys may work elsewhere.
    fn helpers(&self, names: &Names) -> Vec<String> {
        let of = |wanted: fn(&KeyReport) -> bool| {
            let mut found: Vec<String> = Vec::new();
            for key in self.keys().filter(|key| wanted(key)) {
                let name = names.call(&key.key);
                if !found.contains(&name) {
                    found.push(name);
                }
            }
            found
        };
        let people = of(|key| key.outcome == Tried::NoIdentityFits);
        if people.is_empty() { of(can_help) } else { people }
    }
}

/// Whether somebody else may be able to use the key: what is wrong with it is wrong here only.
fn can_help(key: &KeyReport) -> bool {
    let Tried::Broken(error) = &key.outcome else {
        return true;
    };
    match error.cause() {
        None | Some(Cause::Malformed | Cause::Ciphertext) => false,
        // a card that is not here is in somebody's hands
        Some(Cause::Unusable) => matches!(key.key, MasterKey::Pgp { .. } | MasterKey::Age { .. }),
        Some(_) => true,
    }
}

/// The option of `rotate` that adds a recipient.
fn to_add(recipient: &str) -> String {
    let flag = match names::key(recipient) {
        Some(MasterKey::Pgp { .. }) => "--add-pgp",
        _ => "--add-age",
    };
    // an SSH key has blanks
    if recipient.contains(' ') { format!("{flag} '{recipient}'") } else { format!("{flag} {recipient}") }
}

fn is_age(key: &MasterKey) -> bool {
    matches!(key, MasterKey::Age { .. })
}

/// `a`, `a or b`, `a, b or c`; of many only the first few.
pub fn either(helpers: &[String]) -> String {
    const MOST: usize = 4;
    match helpers {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if helpers.len() <= MOST => format!("{} or {last}", first.join(", ")),
        many => format!("{} or one of {} others", many[..MOST].join(", "), many.len() - MOST),
    }
}
