//! Why nobody here can open a file: what was tried for whom, where identities were looked for, and who could help.

mod cause;
mod hints;

pub use hints::either;

use super::names::Names;
use super::{KeyError, Looked, Outcome};
use crate::sops::key::MasterKey;

/// How the command begins that gives files the people of their rules: what follows are files.
pub const UPDATE: &str = "sealant updatekeys ";

/// So many lines on how a file differs from its rule are shown.
const MOST_DIFFERENCES: usize = 10;

/// No data key: everything that is known about why. Holds public facts only.
#[derive(Debug, thiserror::Error)]
#[error("the data key cannot be unwrapped")]
pub struct CannotOpen {
    /// What was missing in the end.
    pub reason: Reason,
    /// How many groups are needed.
    pub needed: usize,
    /// What happened in each group, in the file's order.
    pub groups: Vec<GroupReport>,
    /// Where identities were looked for.
    pub looked: Vec<Looked>,
}

/// What was missing in the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The file names no key at all.
    NoGroups,
    /// Not enough groups opened.
    TooFew,
    /// Enough groups opened, but what they gave does not fit together.
    Shares(String),
}

/// One group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupReport {
    /// Whether one of its keys opened it.
    pub opened: bool,
    /// The keys that did not, in the order they were tried.
    pub keys: Vec<KeyReport>,
}

/// One key that did not open its group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyReport {
    /// The key.
    pub key: MasterKey,
    /// What happened.
    pub outcome: Tried,
}

/// What happened with a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tried {
    /// We have no identity for it.
    NoIdentityFits,
    /// No key service that is used here knows this kind of key.
    NotSupported,
    /// It was not used: somebody or something else would have had to be asked.
    NotAsked,
    /// It is ours, but broken.
    Broken(KeyError),
}

/// What the configuration says about a file, when a creation rule is for it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    /// Where the rule stands: `.sops.yaml:3`.
    pub place: String,
    /// The keys that it names.
    pub groups: Vec<Vec<MasterKey>>,
    /// In what the file does not agree with it.
    pub differences: Vec<String>,
    /// Whether that is about keys, which `updatekeys` puts right.
    pub keys_differ: bool,
}

/// A report as text: the first line, lines below it, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// One line.
    pub message: String,
    /// Lines below it.
    pub details: Vec<String>,
    /// What to try next.
    pub hints: Vec<String>,
}

impl CannotOpen {
    /// The report for people. `policy` is what the file's creation rule says, if one is for it.
    pub fn report(&self, file: &str, names: &Names, policy: Option<&Policy>) -> Report {
        let message = format!("cannot open {file}: {}", self.cause(names));
        let looked: Vec<Looked> = self.looked.iter().filter(|looked| !self.is_told(looked)).cloned().collect();
        let mut details = looked_lines(&looked, names);
        // where age looked for identities says nothing about a file that has no age recipient
        if !self.groups.is_empty() && !self.keys().any(|key| matches!(key.key, MasterKey::Age { .. })) {
            details.retain(|line| line.starts_with("looked in"));
        }
        self.add_groups(&mut details, names);
        details.extend(policy.into_iter().flat_map(Policy::lines));
        Report { message, details, hints: self.hints(file, names, policy) }
    }

    /// The recipients of the identities that were tried.
    fn my_recipients(&self) -> Vec<&str> {
        let mut mine = Vec::new();
        for looked in &self.looked {
            if let Outcome::Gave { recipients, .. } = &looked.outcome {
                for recipient in recipients {
                    if !mine.contains(&recipient.as_str()) {
                        mine.push(recipient);
                    }
                }
            }
        }
        // whoever has both made the other one for this
        mine.sort_by_key(|recipient| recipient.starts_with("ssh-"));
        mine
    }

    /// The keys of the groups that stayed closed.
    fn keys(&self) -> impl Iterator<Item = &KeyReport> {
        self.groups.iter().filter(|group| !group.opened).flat_map(|group| &group.keys)
    }

    /// How many groups opened.
    fn opened(&self) -> usize {
        self.groups.iter().filter(|group| group.opened).count()
    }

    fn add_groups(&self, details: &mut Vec<String>, names: &Names) {
        for (index, group) in self.groups.iter().enumerate() {
            let who = |key: &KeyReport| {
                let shown = names.show_key(&key.key);
                match &key.outcome {
                    Tried::NoIdentityFits | Tried::Broken(_) => shown,
                    Tried::NotSupported => format!("{shown} (not used here)"),
                    Tried::NotAsked => format!("{shown} (not asked)"),
                }
            };
            let who: Vec<String> = group.keys.iter().map(who).collect();
            details.push(match (self.groups.len(), group.opened) {
                (1, _) => format!("can be opened by: {}", who.join(", ")),
                (_, true) => format!("key group {}: opened", index + 1),
                (_, false) => format!("key group {} can be opened by: {}", index + 1, who.join(", ")),
            });
        }
        let broken = self.groups.iter().flat_map(|group| &group.keys).filter_map(|key| match &key.outcome {
            Tried::Broken(error) => Some(format!("tried {}: {error}", names.show_key(&key.key))),
            _ => None,
        });
        let broken: Vec<String> = broken.collect();
        // a single one is in the first line already
        if broken.len() > 1 || self.most_telling().is_none() {
            details.extend(broken);
        }
    }
}

impl Policy {
    /// Which rule it is, and in what the file does not agree with it.
    pub fn lines(&self) -> Vec<String> {
        if self.differences.is_empty() {
            return vec![format!("its rule is {}, and the file agrees with it", self.place)];
        }
        let mut lines = vec![format!("its rule is {}, but the file does not agree with it:", self.place)];
        lines.extend(self.differences.iter().take(MOST_DIFFERENCES).map(|line| format!("  {line}")));
        if self.differences.len() > MOST_DIFFERENCES {
            lines.push(format!("  and {} more", self.differences.len() - MOST_DIFFERENCES));
        }
        lines
    }
}

/// A line for each place that gave something or failed, and one each for all that are not set or not there.
pub fn looked_lines(looked: &[Looked], names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut unset, mut missing) = (Vec::new(), Vec::new());
    for Looked { label, outcome } in looked {
        match outcome {
            Outcome::NotSet => unset.push(label.as_str()),
            Outcome::Missing => missing.push(label.as_str()),
            Outcome::Gave { recipients, plugins } => {
                lines.push(format!("looked in: {label}: {}", gave(recipients, plugins, names)));
            }
            Outcome::Used => lines.push(format!("looked in: {label}")),
            Outcome::Locked => lines.push(format!("looked in: {label}: encrypted, not opened")),
            Outcome::NotRun => lines.push(format!("looked in: {label}: not run")),
            Outcome::Failed(why) => lines.push(format!("looked in: {label}: {why}")),
        }
    }
    let summaries = [("not set", unset), ("not there", missing)];
    for (what, labels) in summaries.iter().filter(|(_, labels)| !labels.is_empty()) {
        lines.push(format!("{what}: {}", labels.join(", ")));
    }
    lines
}

/// Whether it is there, but without any identity.
fn holds_nothing(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Gave { recipients, plugins } if recipients.is_empty() && plugins.is_empty())
}

fn gave(recipients: &[String], plugins: &[String], names: &Names) -> String {
    let shown: Vec<String> = recipients.iter().map(|recipient| names.show(recipient)).collect();
    let mut text = match shown.len() {
        0 if !plugins.is_empty() => return format!("through a plugin: {}", plugins.join(", ")),
        0 => "no identity".into(),
        1 => format!("1 identity, {}", shown[0]),
        many => format!("{many} identities, {}", shown.join(", ")),
    };
    if !plugins.is_empty() {
        text.push_str(&format!("; through a plugin: {}", plugins.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests;
