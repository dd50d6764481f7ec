//! Why nobody here can open a file: what was tried for whom, where identities were looked for, and who could help.

use super::names::{Names, short};
use super::{KeyError, Looked, Outcome};
use crate::sops::key::MasterKey;

/// How the command begins that gives files the people of their rules: what follows are files.
pub const UPDATE: &str = "sealant updatekeys ";
/// So many keys say what to do.
const MOST_HINTS: usize = 3;

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
    /// We do not know this kind of key yet.
    NotSupported,
    /// It is ours, but broken.
    Broken(KeyError),
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
    /// The report for people. `rule` are the keys that the file's creation rule names, if one matches.
    pub fn report(&self, file: &str, names: &Names, rule: Option<&[Vec<MasterKey>]>) -> Report {
        let mine = self.my_recipients();
        let message = format!("cannot open {file}: {}", self.cause(mine.len(), names));
        let mut details = looked_lines(&self.looked, names);
        self.add_groups(&mut details, names);
        Report { message, details, hints: self.hints(file, &mine, names, rule) }
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
        mine
    }

    fn cause(&self, identities: usize, names: &Names) -> String {
        match &self.reason {
            Reason::NoGroups => return "it names no recipients".into(),
            Reason::Shares(why) => return format!("the key groups do not fit together: {why}"),
            Reason::TooFew => {}
        }
        if let Some((key, error)) = self.keys().find_map(|key| match &key.outcome {
            Tried::Broken(error) => Some((&key.key, error)),
            _ => None,
        }) {
            return format!("the entry of {}: {error}", names.show_key(key));
        }
        if self.groups.len() > 1 {
            let opened = self.groups.iter().filter(|group| group.opened).count();
            return format!("{} key groups are needed, but {opened} could be opened", self.needed);
        }
        match identities {
            0 if self.keys().all(|key| key.outcome == Tried::NotSupported) => {
                "its kinds of keys are not supported yet".into()
            }
            0 => self.first_failure().unwrap_or_else(|| "no identity was found".into()),
            1 => "your identity does not fit".into(),
            many => format!("none of your {many} identities fits"),
        }
    }

    /// The first place that should have had an identity, but could not be used.
    fn first_failure(&self) -> Option<String> {
        self.looked.iter().find_map(|looked| match &looked.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", looked.label)),
            _ => None,
        })
    }

    fn keys(&self) -> impl Iterator<Item = &KeyReport> {
        self.groups.iter().filter(|group| !group.opened).flat_map(|group| &group.keys)
    }

    fn add_groups(&self, details: &mut Vec<String>, names: &Names) {
        for (index, group) in self.groups.iter().enumerate() {
            let who: Vec<String> = group
                .keys
                .iter()
                .map(|key| {
                    let shown = names.show_key(&key.key);
                    match &key.outcome {
                        Tried::NoIdentityFits => shown,
                        Tried::NotSupported => format!("{shown} (not supported yet)"),
                        Tried::Broken(error) => format!("{shown} ({error})"),
                    }
                })
                .collect();
            details.push(match (self.groups.len(), group.opened) {
                (1, _) => format!("can be opened by: {}", who.join(", ")),
                (_, true) => format!("key group {}: opened", index + 1),
                (_, false) => format!("key group {} can be opened by: {}", index + 1, who.join(", ")),
            });
        }
    }

    fn hints(&self, file: &str, mine: &[&str], names: &Names, rule: Option<&[Vec<MasterKey>]>) -> Vec<String> {
        if self.reason != Reason::TooFew {
            return vec!["restore the file's key entries from its Git history".into()];
        }
        let broken = self.keys().filter_map(|key| match &key.outcome {
            Tried::Broken(error) => error.hint(),
            _ => None,
        });
        let mut hints: Vec<String> = Vec::new();
        for hint in broken.take(MOST_HINTS) {
            if !hints.iter().any(|known| known == hint) {
                hints.push(hint.to_owned());
            }
        }
        if !hints.is_empty() {
            return hints;
        }
        let Some(my_own) = mine.first() else {
            return vec![
                "name your identity file with --identity FILE, or put it where sops looks: \
                 SOPS_AGE_KEY_FILE or the per-user file above"
                    .into(),
            ];
        };
        let helpers: Vec<String> = self
            .keys()
            .filter(|key| key.outcome == Tried::NoIdentityFits)
            .map(|key| match &key.key {
                MasterKey::Age { recipient } => names.name(recipient).map_or_else(|| short(recipient), str::to_owned),
                other => names.show_key(other),
            })
            .collect();
        if helpers.is_empty() {
            return Vec::new();
        }
        let helpers = either(&helpers);
        let is_mine =
            |key: &MasterKey| matches!(key, MasterKey::Age { recipient } if mine.contains(&recipient.as_str()));
        vec![match rule {
            Some(groups) if groups.iter().flatten().any(is_mine) => {
                format!("the rule in .sops.yaml names you already: ask {helpers} to run: {UPDATE}{file}")
            }
            Some(_) => {
                format!(
                    "ask {helpers} to add your recipient {my_own} to the rule in .sops.yaml and to run: {UPDATE}{file}"
                )
            }
            // without a rule there is nothing that updatekeys could go by
            None => format!("ask {helpers} to run: sealant rotate -i --add-age {my_own} {file}"),
        }]
    }
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

/// A line for each place that gave something or failed, and one each for all that are not set or not there.
fn looked_lines(looked: &[Looked], names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut unset, mut missing, mut unsupported) = (Vec::new(), Vec::new(), Vec::new());
    for Looked { label, outcome } in looked {
        match outcome {
            Outcome::NotSet => unset.push(label.as_str()),
            Outcome::Missing => missing.push(label.as_str()),
            Outcome::NotSupported => unsupported.push(label.as_str()),
            Outcome::Gave { recipients, unsupported } => {
                lines.push(format!("looked in: {label}: {}", gave(recipients, *unsupported, names)));
            }
            Outcome::Used => lines.push(format!("looked in: {label}")),
            Outcome::Locked => lines.push(format!("looked in: {label}: encrypted, not opened")),
            Outcome::NotRun => lines.push(format!("looked in: {label}: not run")),
            Outcome::Failed(why) => lines.push(format!("looked in: {label}: {why}")),
        }
    }
    let summaries = [("not set", unset), ("not there", missing), ("not supported yet", unsupported)];
    for (what, labels) in summaries.iter().filter(|(_, labels)| !labels.is_empty()) {
        lines.push(format!("{what}: {}", labels.join(", ")));
    }
    lines
}

fn gave(recipients: &[String], unsupported: usize, names: &Names) -> String {
    let shown: Vec<String> = recipients.iter().map(|recipient| names.show(recipient)).collect();
    let mut text = match shown.len() {
        0 => "no identity".into(),
        1 => format!("1 identity, {}", shown[0]),
        many => format!("{many} identities, {}", shown.join(", ")),
    };
    if unsupported > 0 {
        text.push_str(&format!("; {unsupported} of a kind that is not supported yet"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(recipient: &str, outcome: Tried) -> KeyReport {
        KeyReport { key: MasterKey::Age { recipient: recipient.into() }, outcome }
    }

    fn looked(label: &str, outcome: Outcome) -> Looked {
        Looked { label: label.into(), outcome }
    }

    fn gave(recipients: &[&str]) -> Outcome {
        let recipients = recipients.iter().map(|recipient| (*recipient).to_owned()).collect();
        Outcome::Gave { recipients, unsupported: 0 }
    }

    fn names() -> Names {
        let mut names = Names::new();
        for (name, recipient) in
            [("alice", "age1aliceaaaaaaaaaaaa"), ("bob", "age1bobbbbbbbbbbbbbbb"), ("ci", "age1cicccccccccccccc")]
        {
            names.add_file(name, recipient).unwrap();
        }
        names
    }

    fn one_group(keys: Vec<KeyReport>, looked: Vec<Looked>) -> CannotOpen {
        let groups = vec![GroupReport { opened: false, keys }];
        CannotOpen { reason: Reason::TooFew, needed: 1, groups, looked }
    }

    #[test]
    fn says_who_could_help() {
        use Tried::{NoIdentityFits, NotSupported};
        let pgp = KeyReport { key: MasterKey::Pgp { fingerprint: "FBC7".into() }, outcome: NotSupported };
        let report = one_group(
            vec![age("age1bobbbbbbbbbbbbbbb", NoIdentityFits), age("age1cicccccccccccccc", NoIdentityFits), pgp],
            vec![
                looked("SOPS_AGE_KEY", Outcome::NotSet),
                looked("SOPS_AGE_KEY_FILE (/x/keys.txt)", gave(&["age1aliceaaaaaaaaaaaa"])),
                looked("SOPS_AGE_KEY_CMD", Outcome::NotSet),
                looked("/h/.config/sops/age/keys.txt", Outcome::Missing),
                looked("/h/.ssh/id_ed25519", Outcome::NotSupported),
            ],
        )
        .report("secrets.enc.yaml", &names(), Some(&[]));
        assert_eq!(report.message, "cannot open secrets.enc.yaml: your identity does not fit");
        assert_eq!(
            report.details,
            [
                "looked in: SOPS_AGE_KEY_FILE (/x/keys.txt): 1 identity, alice (age1aliceaaa…)",
                "not set: SOPS_AGE_KEY, SOPS_AGE_KEY_CMD",
                "not there: /h/.config/sops/age/keys.txt",
                "not supported yet: /h/.ssh/id_ed25519",
                "can be opened by: bob (age1bobbbbbb…), ci (age1cicccccc…), pgp FBC7 (not supported yet)",
            ]
        );
        assert_eq!(
            report.hints,
            [
                "ask bob or ci to add your recipient age1aliceaaaaaaaaaaaa to the rule in .sops.yaml and to run: sealant updatekeys secrets.enc.yaml"
            ]
        );
    }

    #[test]
    fn the_hint_goes_by_the_rule() {
        let alice = "age1aliceaaaaaaaaaaaa";
        let bobs = vec![age("age1bobbbbbbbbbbbbbbb", Tried::NoIdentityFits)];
        let error = one_group(bobs, vec![looked("A", gave(&[alice]))]);
        let with_me = vec![vec![MasterKey::Age { recipient: alice.into() }]];
        assert_eq!(
            error.report("f", &names(), Some(&with_me)).hints,
            ["the rule in .sops.yaml names you already: ask bob to run: sealant updatekeys f"]
        );
        assert_eq!(
            error.report("f", &names(), None).hints,
            ["ask bob to run: sealant rotate -i --add-age age1aliceaaaaaaaaaaaa f"]
        );
    }

    #[test]
    fn the_first_line_names_the_cause() {
        let bob = |outcome| vec![age("age1bobbbbbbbbbbbbbbb", outcome)];
        let first = |error: &CannotOpen| error.report("f", &names(), None).message;
        let error = one_group(bob(Tried::NoIdentityFits), vec![looked("A", Outcome::NotSet)]);
        assert_eq!(first(&error), "cannot open f: no identity was found");
        assert!(error.report("f", &names(), None).hints[0].contains("--identity"));
        let failed = looked("A", Outcome::Failed("incorrect passphrase".into()));
        let error = one_group(bob(Tried::NoIdentityFits), vec![failed]);
        assert_eq!(first(&error), "cannot open f: A: incorrect passphrase");
        let error = one_group(bob(Tried::Broken(KeyError::Damaged)), vec![looked("A", gave(&["x", "y"]))]);
        assert!(first(&error).starts_with("cannot open f: the entry of bob (age1bobbbbbb…): the wrapped key"));
        let error = one_group(bob(Tried::NoIdentityFits), vec![looked("A", gave(&["x", "y"]))]);
        assert_eq!(first(&error), "cannot open f: none of your 2 identities fits");
        let error = one_group(bob(Tried::NotSupported), vec![]);
        assert_eq!(first(&error), "cannot open f: its kinds of keys are not supported yet");
        let error = CannotOpen { reason: Reason::NoGroups, ..one_group(vec![], vec![]) };
        assert_eq!(first(&error), "cannot open f: it names no recipients");
    }

    #[test]
    fn groups_are_told_apart() {
        let closed = GroupReport { opened: false, keys: vec![age("age1zzz", Tried::NoIdentityFits)] };
        let opened = GroupReport { opened: true, keys: vec![] };
        let looked = vec![looked("A", gave(&["age1me"]))];
        let groups = vec![opened, closed];
        let error = CannotOpen { reason: Reason::TooFew, needed: 2, groups, looked };
        let report = error.report("f", &Names::new(), None);
        assert_eq!(report.message, "cannot open f: 2 key groups are needed, but 1 could be opened");
        assert_eq!(report.details[1..], ["key group 1: opened", "key group 2 can be opened by: age1zzz"]);
    }

    #[test]
    fn many_helpers_are_cut_short() {
        let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        assert_eq!(either(&many), "0, 1, 2, 3 or one of 5 others");
        assert_eq!(either(&many[..3]), "0, 1 or 2");
    }
}
