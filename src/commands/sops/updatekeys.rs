//! `sops updatekeys`.

use std::path::Path;

use super::call::Call;
use super::exit::{Exit, log};
use crate::commands::rekey::{self, Difference, Fate, Groups, Held};
use crate::failure::Kind;
use crate::fsio::{clock, folder, output, terminal};
use crate::sops::rules::identity;

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    call.check_config()?;
    if !matches!(call.session.config(), Ok(Some(_))) {
        return Err(Exit::new(1, "config file not found"));
    }
    match call.given.rest.as_slice() {
        [] => Err(Exit::no_file()),
        [file] => update(call, Path::new(file)),
        files => {
            let mut failed = 0;
            for file in files {
                if let Err(exit) = update(call, Path::new(file)) {
                    log("CMD", "error", &exit.text);
                    failed += 1;
                }
            }
            match failed {
                0 => Ok(0),
                failed => Err(Exit::new(1, format!("failed updating {failed} key(s)"))),
            }
        }
    }
}

fn update(call: &Call, file: &Path) -> Result<u8, Exit> {
    if !folder::exists(file) {
        let absolute = folder::absolute(call.session.cwd(), file);
        return Err(Exit::new(1, format!("stat {}: no such file or directory", absolute.display())));
    }
    if folder::is_folder(file) {
        return Err(Exit::new(1, "can't operate on a directory"));
    }
    let shown = folder::absolute(call.session.cwd(), file);
    let say = |text: &str| output::say(&format!("{} {text}", stamp(&clock::now())));
    say(&format!("Syncing keys for file {}", shown.display()));
    let Some(rule) = call.session.rule_for(file)? else {
        return Err(Exit::no_rule(call.has_rules()));
    };
    let new = rule.groups.clone();
    let held = Held::begin(file, Some(call.input(file).kind()))?;
    let old = rekey::groups_of(&held.file);
    let threshold = held.file.metadata().shamir_threshold;
    let wanted = threshold.min(new.len());
    let difference = Difference::between(&old, &new, (threshold, wanted));
    if difference.is_empty() {
        say(&format!("File {} already up to date", shown.display()));
        return Ok(0);
    }
    print(&difference)?;
    if !call.given.is_on("yes") && !agreed()? {
        say(&format!("File {} left unchanged", shown.display()));
        return Ok(0);
    }
    let (opened, place) = held.open(&call.session)?;
    let text = rekey::rewrap(&call.session, &opened, &new, safe(wanted, &new))?;
    place.replace(&call.session, &text)?;
    say(&format!("File {} synced with new keys", shown.display()));
    Ok(0)
}

/// One of several groups would be no threshold at all: then all are needed.
fn safe(threshold: usize, groups: &Groups) -> usize {
    if groups.len() > 1 && threshold < 2 { 0 } else { threshold }
}

fn agreed() -> Result<bool, Exit> {
    output::data(b"Is this okay? (y/n):")?;
    match terminal::read_answer() {
        Ok(answer) => Ok(answer),
        Err(_) => Err(Exit::new(Kind::Generic.code(), "EOF")),
    }
}

/// What changes, on standard output.
///
/// # Errors
/// What the system says.
fn print(difference: &Difference) -> Result<(), Exit> {
    output::data(text(difference).as_bytes())?;
    Ok(())
}

fn text(difference: &Difference) -> String {
    let mut text = String::from("The following changes will be made to the file's groups:\n");
    let (old, new) = difference.threshold;
    if old == new && new != 0 {
        text.push_str(&format!("shamir_threshold: {new}\n"));
    } else if old != new {
        text.push_str(&format!("+++ shamir_threshold: {new}\n--- shamir_threshold: {old}\n"));
    }
    text.push_str(&groups(difference));
    text
}

/// The groups and what becomes of their keys (sops 3.13.2 `cmd/sops/common/common.go`, `PrettyPrintDiffs`).
pub fn groups(difference: &Difference) -> String {
    let mut text = String::new();
    for (at, group) in difference.groups.iter().enumerate() {
        text.push_str(&format!("Group {}\n", at + 1));
        for (fate, key) in group {
            let mark = match fate {
                Fate::Kept => "   ",
                Fate::Added => "+++",
                Fate::Removed => "---",
            };
            text.push_str(&format!("{mark} {}\n", identity(key)));
        }
    }
    text
}

/// `2026-01-31T12:00:00Z` as Go's log has it.
fn stamp(now: &str) -> String {
    now.trim_end_matches('Z').replace('-', "/").replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::key::MasterKey;

    #[test]
    fn changes_are_shown_as_in_sops() {
        let age = |name: &str| MasterKey::Age { recipient: name.into() };
        let difference =
            Difference::between(&vec![vec![age("old"), age("kept")]], &vec![vec![age("new"), age("kept")]], (0, 0));
        let expected =
            "The following changes will be made to the file's groups:\nGroup 1\n    kept\n+++ new\n--- old\n";
        assert_eq!(text(&difference), expected);
        assert_eq!(stamp("2026-01-31T12:00:00Z"), "2026/01/31 12:00:00");
        assert_eq!(safe(1, &vec![vec![], vec![]]), 0);
    }
}
