//! The report of sops on a data key that nobody here can find (sops 3.13.2 `usererrors.go`). Pure.

use crate::keyservice::CannotOpen;
use crate::keyservice::report::Tried;
use crate::sops::rules::identity;

/// Width of what is said about one key.
const KEY_WIDTH: usize = 60;
/// Width of the paragraph at the end.
const TEXT_WIDTH: usize = 75;

/// Group by group, key by key, and why that is not enough; each part followed by an empty line, the last by a line end.
pub fn text(error: &CannotOpen) -> String {
    let mut text = String::new();
    for (at, group) in error.groups.iter().enumerate() {
        let outcome = if group.opened { "SUCCESS" } else { "FAILED" };
        text.push_str(&format!("Group {at}: {outcome}\n"));
        for key in group.keys.iter().filter(|_| !group.opened) {
            text.push_str(&format!("  {}: FAILED\n", identity(&key.key)));
            let why = match &key.outcome {
                Tried::NoIdentityFits => "no identity here matches this recipient".to_owned(),
                Tried::NotAsked => "it was not asked".to_owned(),
                Tried::NotSupported => "no key service that is used here knows this kind of key".to_owned(),
                Tried::Broken(error) => error.to_string(),
            };
            for (at, line) in wrap(&why, KEY_WIDTH).iter().enumerate() {
                text.push_str(&format!("    {} | {line}\n", if at == 0 { "-" } else { " " }));
            }
        }
        text.push('\n');
    }
    for line in wrap(&recovery(error), TEXT_WIDTH) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn recovery(error: &CannotOpen) -> String {
    if error.groups.len() < 2 {
        return "Recovery failed because no master key was able to decrypt the file. In order for SOPS to recover the \
                file, at least one key has to be successful, but none were."
            .to_owned();
    }
    let found = error.groups.iter().filter(|group| group.opened).count();
    let needed = error.needed;
    format!(
        "Recovery failed because the file was encrypted with a Shamir threshold of {needed}, but only {found} part(s) \
         were successfully recovered, one for each successful key group. In order for SOPS to recover the file, at \
         least {needed} groups have to be successful. In order for a group to be successful, decryption has to succeed \
         with any of the keys in that key group."
    )
}

/// Lines of at most `width` characters, longer words aside.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyservice::report::{GroupReport, KeyReport, Reason};
    use crate::sops::key::MasterKey;

    #[test]
    fn is_that_of_sops() {
        let key = KeyReport { key: MasterKey::Age { recipient: "age1x".into() }, outcome: Tried::NoIdentityFits };
        let closed = GroupReport { opened: false, keys: vec![key] };
        let opened = GroupReport { opened: true, keys: vec![] };
        let error =
            CannotOpen { reason: Reason::TooFew, needed: 2, groups: vec![opened, closed.clone()], looked: vec![] };
        assert_eq!(
            text(&error),
            "Group 0: SUCCESS\n\nGroup 1: FAILED\n  age1x: FAILED\n    - | no identity here matches this recipient\n\n\
             Recovery failed because the file was encrypted with a Shamir threshold of\n\
             2, but only 1 part(s) were successfully recovered, one for each successful\n\
             key group. In order for SOPS to recover the file, at least 2 groups have to\n\
             be successful. In order for a group to be successful, decryption has to\n\
             succeed with any of the keys in that key group.\n"
        );
        let one = CannotOpen { groups: vec![closed], needed: 1, ..error };
        let end = "Recovery failed because no master key was able to decrypt the file. In\n\
                   order for SOPS to recover the file, at least one key has to be successful,\n\
                   but none were.\n";
        assert!(text(&one).ends_with(end), "{}", text(&one));
    }
}
