//! What the creation rule says about an encrypted file, and in what the file does not agree with it. Needs no key.

use std::path::Path;

use super::rekey::{Difference, Fate, Groups};
use super::session::Session;
use crate::keyservice::Names;
use crate::keyservice::report::Policy;
use crate::sops::metadata::Metadata;
use crate::sops::rules::CreationRule;

/// The rule for a file and the differences; `None` when no rule is for it, or the configuration cannot be read.
pub fn of(session: &Session, path: &Path, metadata: &Metadata) -> Option<Policy> {
    let loaded = session.config().ok().flatten()?;
    let rule = session.rule_for(path).ok().flatten()?;
    let names = session.names_or_none();
    let mut differences = key_differences(rule, metadata, names);
    let keys_differ = !differences.is_empty();
    differences.extend(other_differences(rule, metadata));
    let place = format!("{}:{}", loaded.name, rule.line);
    Some(Policy { place, groups: rule.groups.clone(), differences, keys_differ })
}

/// The threshold that a file for these groups states: 0 with one group, where the number means nothing.
pub fn threshold(groups: usize, stated: usize) -> usize {
    match (groups, stated) {
        (0 | 1, _) => 0,
        (groups, 0) => groups,
        (_, stated) => stated,
    }
}

/// In whose keys a file does not agree with its rule, a line each.
fn key_differences(rule: &CreationRule, metadata: &Metadata, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    // a rule without keys is for selections only: sops takes the keys from the command line then
    if !rule.groups.is_empty() {
        let old: Groups =
            metadata.groups.iter().map(|group| group.0.iter().map(|one| one.key.clone()).collect()).collect();
        let needed = |groups: &Groups, stated| threshold(groups.len(), stated);
        let thresholds = (needed(&old, metadata.shamir_threshold), needed(&rule.groups, rule.shamir_threshold));
        if old.len() != rule.groups.len() {
            let s = if rule.groups.len() == 1 { "" } else { "s" };
            lines.push(format!("the rule has {} key group{s}, the file {}", rule.groups.len(), old.len()));
        } else if thresholds.0 != thresholds.1 {
            lines.push(format!("the rule needs {} key groups, the file {}", thresholds.1, thresholds.0));
        }
        let difference = Difference::between(&old, &rule.groups, thresholds);
        for (at, group) in difference.groups.iter().enumerate() {
            let place = if difference.groups.len() > 1 { format!(" (key group {})", at + 1) } else { String::new() };
            for (fate, key) in group {
                let shown = names.show_key(key);
                match fate {
                    Fate::Kept => {}
                    Fate::Added => lines.push(format!("{shown} is in the rule, but not in the file{place}")),
                    Fate::Removed => lines.push(format!("{shown} is in the file, but not in the rule{place}")),
                }
            }
        }
    }
    lines
}

/// In which settings it does not.
fn other_differences(rule: &CreationRule, metadata: &Metadata) -> Vec<String> {
    let mut lines = Vec::new();
    let (field, value) = rule.selection.field();
    let (present, old) = metadata.selection.field();
    if (field, value) != (present, old) {
        lines.push(format!("the rule selects values by {field}: {value}, the file by {present}: {old}"));
    }
    if rule.mac_only_encrypted != metadata.mac_only_encrypted {
        let word = |on: bool| if on { "covers encrypted values only" } else { "covers all values" };
        let (wanted, present) = (word(rule.mac_only_encrypted), word(metadata.mac_only_encrypted));
        lines.push(format!("by the rule the MAC {wanted}, in the file it {present}"));
    }
    lines
}
