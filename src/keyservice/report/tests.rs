//! Reports as whole texts and line by line.

use super::*;

fn age(recipient: &str, outcome: Tried) -> KeyReport {
    KeyReport { key: MasterKey::Age { recipient: recipient.into() }, outcome }
}

fn looked(label: &str, outcome: Outcome) -> Looked {
    Looked { label: label.into(), outcome }
}

fn gave(recipients: &[&str]) -> Outcome {
    let recipients = recipients.iter().map(|recipient| (*recipient).to_owned()).collect();
    Outcome::Gave { recipients, plugins: Vec::new() }
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
            looked("/h/.ssh/id_ed25519", Outcome::Missing),
        ],
    )
    .report("secrets.enc.yaml", &names(), Some(&Policy { place: ".sops.yaml:3".into(), ..Policy::default() }));
    assert_eq!(report.message, "cannot open secrets.enc.yaml: your identity does not fit");
    assert_eq!(
        report.details,
        [
            "looked in: SOPS_AGE_KEY_FILE (/x/keys.txt): 1 identity, alice (age1aliceaaa…)",
            "not set: SOPS_AGE_KEY, SOPS_AGE_KEY_CMD",
            "not there: /h/.config/sops/age/keys.txt, /h/.ssh/id_ed25519",
            "can be opened by: bob (age1bobbbbbb…), ci (age1cicccccc…), pgp FBC7 (not used here)",
            "its rule is .sops.yaml:3, and the file agrees with it",
        ]
    );
    assert_eq!(
        report.hints,
        [
            "ask bob or ci to add your recipient age1aliceaaaaaaaaaaaa to the rule in .sops.yaml:3 and to run: sealant updatekeys secrets.enc.yaml"
        ]
    );
}

#[test]
fn the_hint_goes_by_the_rule() {
    let alice = "age1aliceaaaaaaaaaaaa";
    let bobs = vec![age("age1bobbbbbbbbbbbbbbb", Tried::NoIdentityFits)];
    let error = one_group(bobs, vec![looked("A", gave(&[alice]))]);
    let groups = vec![vec![MasterKey::Age { recipient: alice.into() }]];
    let with_me = Policy { place: ".sops.yaml:3".into(), groups, ..Policy::default() };
    assert_eq!(
        error.report("f", &names(), Some(&with_me)).hints,
        ["the rule in .sops.yaml:3 names you already: ask bob to run: sealant updatekeys f"]
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
    assert_eq!(first(&error), "cannot open f: no key service that is used here knows its kinds of keys");
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
    assert_eq!(report.message, "cannot open f: all of its 2 key groups are needed, but only 1 could be opened");
    assert_eq!(report.details[1..], ["key group 1: opened", "key group 2 can be opened by: age1zzz"]);
}

#[test]
fn many_helpers_are_cut_short() {
    let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
    assert_eq!(either(&many), "0, 1, 2, 3 or one of 5 others");
    assert_eq!(either(&many[..3]), "0, 1 or 2");
}
