//! The situations.

use sealant::keyservice::report::{CannotOpen, GroupReport, KeyReport, Policy, Reason, Tried};
use sealant::keyservice::{Cause, KeyError, Looked, Names, Outcome};
use sealant::sops::key::MasterKey;

const ALICE: &str = "age1vkanaawfg43x758fdeyvuayapsw9dn4a34krv0z98qxatptyfv9qql6xgu";
const BOB: &str = "age1w763lj0v9vcjj4vlky06h30ap7upmvsmxu0ut8hkv2sl5p7jr4ksqplzcu";
const CAROL: &str = "age1mvvklyxtmmlvx42g2jhy46u4atyeu6tm5dm489z7zuul57sleshqvlue36";
const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJbQz0FJxkUsYm9sZWRvbmx5Zm9ydGVzdHM dave@old-laptop";
const YUBIKEY: &str = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
const FINGERPRINT: &str = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4";
const KMS: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const STAGING: &str = "arn:aws:kms:us-east-1:123456789012:alias/staging";
const VAULT: &str = "https://vault.example.com:8200/v1/transit/keys/prod";
const GCP: &str = "projects/shop/locations/global/keyRings/sops/cryptoKeys/prod";
const AZURE: &str = "https://shop.vault.azure.net/keys/prod/0123456789abcdef";
const HUAWEI: &str = "tr-west-1:01234567-89ab-cdef-0123-456789abcdef";

/// What none of the texts may show: it stands where a service might have put a secret.
pub const CANARY: &str = "hunter2";

/// One situation.
pub struct Situation {
    /// What happened.
    pub title: &'static str,
    /// As the key ring reports it.
    pub error: CannotOpen,
    /// What the rule says.
    pub policy: Option<Policy>,
}

/// The people of the repository.
pub fn names() -> Names {
    let mut names = Names::new();
    let files = [
        ("alice", ALICE),
        ("bob", BOB),
        ("carol", CAROL),
        ("dave", SSH),
        ("erin", FINGERPRINT),
        ("yubikey", YUBIKEY),
        ("production", KMS),
    ];
    for (name, line) in files {
        names.add_file(name, line).unwrap();
    }
    names
}

fn key(text: &str) -> MasterKey {
    sealant::keyservice::names::key(text).unwrap()
}

fn tried(text: &str, outcome: Tried) -> KeyReport {
    KeyReport { key: key(text), outcome }
}

/// Nobody here has it.
fn unfit(text: &str) -> KeyReport {
    tried(text, Tried::NoIdentityFits)
}

fn broken(text: &str, cause: Cause, says: &str, hint: &str) -> KeyReport {
    let error = KeyError::service(cause, says);
    tried(text, Tried::Broken(if hint.is_empty() { error } else { error.with_hint(hint) }))
}

fn looked(label: &str, outcome: Outcome) -> Looked {
    Looked { label: label.into(), outcome }
}

fn gave(recipients: &[&str]) -> Outcome {
    Outcome::Gave { recipients: recipients.iter().map(|text| (*text).to_owned()).collect(), plugins: Vec::new() }
}

/// The usual places, none of which has anything.
fn nowhere() -> Vec<Looked> {
    vec![
        looked("/home/alice/.ssh/id_ed25519", Outcome::Missing),
        looked("/home/alice/.ssh/id_rsa", Outcome::Missing),
        looked("SOPS_AGE_KEY", Outcome::NotSet),
        looked("SOPS_AGE_KEY_FILE", Outcome::NotSet),
        looked("SOPS_AGE_KEY_CMD", Outcome::NotSet),
        looked("/home/alice/.config/sops/age/keys.txt", Outcome::Missing),
    ]
}

/// The usual places; the user's file is what is said.
fn at_home(outcome: Outcome) -> Vec<Looked> {
    let mut places = nowhere();
    places.pop();
    places.push(looked("/home/alice/.config/sops/age/keys.txt", outcome));
    places
}

/// The usual places, with Alice's key where it should be.
fn alice() -> Vec<Looked> {
    at_home(gave(&[ALICE]))
}

/// The usual places; a variable is what is said.
fn variable(name: &str, label: &str, outcome: &Outcome) -> Vec<Looked> {
    let mut places = nowhere();
    for place in &mut places {
        if place.label == name {
            *place = looked(label, outcome.clone());
        }
    }
    places
}

fn one(title: &'static str, keys: Vec<KeyReport>, looked: Vec<Looked>) -> Situation {
    let groups = vec![GroupReport { opened: false, keys }];
    Situation { title, error: CannotOpen { reason: Reason::TooFew, needed: 1, groups, looked }, policy: None }
}

fn groups(title: &'static str, needed: usize, groups: Vec<GroupReport>) -> Situation {
    Situation { title, error: CannotOpen { reason: Reason::TooFew, needed, groups, looked: alice() }, policy: None }
}

fn opened() -> GroupReport {
    GroupReport { opened: true, keys: vec![] }
}

fn closed(keys: Vec<KeyReport>) -> GroupReport {
    GroupReport { opened: false, keys }
}

impl Situation {
    fn with_rule(mut self, recipients: &[&str], differences: &[&str]) -> Self {
        self.policy = Some(Policy {
            place: ".sops.yaml:3".into(),
            groups: vec![recipients.iter().map(|text| key(text)).collect()],
            differences: differences.iter().map(|text| (*text).to_owned()).collect(),
            keys_differ: !differences.is_empty(),
        });
        self
    }
}

/// All of them.
pub fn all() -> Vec<Situation> {
    [identities(), programs(), services(), more_services(), thresholds(), files()].into_iter().flatten().collect()
}

fn identities() -> Vec<Situation> {
    let wrong = |label: &str, why: &str| {
        let name = label.split(' ').next().unwrap_or_default();
        variable(name, label, &Outcome::Failed(why.into()))
    };
    let both = || {
        let mut places = wrong("SOPS_AGE_KEY_FILE (/mnt/stick/keys.txt)", "the file does not exist");
        places.pop();
        places.push(looked("/home/alice/.config/sops/age/keys.txt", gave(&[ALICE])));
        places
    };
    vec![
        one("nothing is there", vec![unfit(BOB), unfit(CAROL)], nowhere()),
        one("somebody else's file, and no rule", vec![unfit(BOB)], alice()),
        one("somebody else's file, and the rule does not name the reader", vec![unfit(BOB), unfit(CAROL)], alice())
            .with_rule(&[BOB, CAROL], &[]),
        one("the rule names the reader, but nobody has updated the file", vec![unfit(BOB)], alice())
            .with_rule(&[ALICE, BOB], &["alice (age1vkanaawf…) is in the rule, but not in the file"]),
        one("the file was moved to where another rule is", vec![unfit(CAROL)], alice()).with_rule(
            &[ALICE, BOB],
            &[
                "alice (age1vkanaawf…) is in the rule, but not in the file",
                "bob (age1w763lj0v…) is in the rule, but not in the file",
                "carol (age1mvvklyxt…) is in the file, but not in the rule",
                "the rule selects values by encrypted_regex: ^password$, the file by unencrypted_suffix: _unencrypted",
            ],
        ),
        one("SOPS_AGE_KEY is empty", vec![unfit(BOB)], variable("SOPS_AGE_KEY", "SOPS_AGE_KEY", &gave(&[]))),
        one(
            "SOPS_AGE_KEY_FILE leads nowhere",
            vec![unfit(BOB)],
            wrong("SOPS_AGE_KEY_FILE (keys.txt)", "the file does not exist"),
        ),
        one("one of two places is broken", vec![unfit(BOB)], both()),
        one("a command for keys fails", vec![unfit(BOB)], wrong("SOPS_AGE_KEY_CMD", "it ended with code 1")),
        one(
            "a command for keys was not run, as nobody said --try",
            vec![unfit(BOB)],
            variable("SOPS_AGE_KEY_CMD", "SOPS_AGE_KEY_CMD", &Outcome::NotRun),
        ),
        one("the passphrase is wrong", vec![unfit(BOB)], at_home(Outcome::Failed("incorrect passphrase".into()))),
        one("nobody is there to type a passphrase", vec![unfit(ALICE)], at_home(Outcome::Locked)),
        one(
            "nobody is there to type a passphrase, and another key does not fit",
            vec![unfit(ALICE)],
            [at_home(Outcome::Locked), vec![looked("--identity ci.txt", gave(&[BOB]))]].concat(),
        ),
        one("the SSH key has another name now", vec![unfit(SSH)], nowhere()),
        one("several identities, none fits", vec![unfit(CAROL)], at_home(gave(&[ALICE, BOB]))),
        one(
            "so many recipients that not all are named",
            [BOB, CAROL, SSH, FINGERPRINT, YUBIKEY, KMS].into_iter().map(unfit).collect(),
            alice(),
        ),
    ]
}

fn programs() -> Vec<Situation> {
    vec![
        one(
            "a plugin is missing",
            vec![broken(
                YUBIKEY,
                Cause::Program,
                "age-plugin-yubikey is not installed",
                "install age-plugin-yubikey, or put it where PATH looks",
            )],
            nowhere(),
        ),
        one(
            "a plugin hangs",
            vec![broken(YUBIKEY, Cause::Program, "age-plugin-yubikey said nothing for 30 seconds", "")],
            alice(),
        ),
        one("the secret PGP key is somewhere else", vec![unfit(FINGERPRINT)], nowhere()),
        one(
            "the card is not inserted",
            vec![broken(
                FINGERPRINT,
                Cause::Unusable,
                "its secret key is on a card that is not inserted",
                "insert the card, then try again",
            )],
            alice(),
        ),
        one(
            "the PGP key has expired",
            vec![broken(
                FINGERPRINT,
                Cause::Unusable,
                "the key has expired on 2026-10-01",
                "let erin extend it: gpg --quick-set-expire FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4 1y",
            )],
            alice(),
        ),
        one(
            "there is no gpg",
            vec![
                unfit(BOB),
                broken(
                    FINGERPRINT,
                    Cause::Program,
                    "gpg is not installed",
                    "install gnupg, or name it in SOPS_GPG_EXEC",
                ),
            ],
            alice(),
        ),
    ]
}

fn services() -> Vec<Situation> {
    let sso = "log in with: aws sso login --profile prod";
    let denied = "ask for kms:Decrypt on this key for arn:aws:iam::123456789012:user/alice";
    vec![
        one(
            "the AWS profile is the wrong one",
            vec![broken(
                KMS,
                Cause::NoCredentials,
                "there is no profile prod in the AWS configuration",
                "aws configure list-profiles shows which there are",
            )],
            nowhere(),
        ),
        one(
            "the single sign-on has expired",
            vec![broken(KMS, Cause::NoCredentials, "the AWS login has expired", sso), unfit(BOB)],
            alice(),
        ),
        one("KMS denies it", vec![broken(KMS, Cause::Denied, "access denied for kms:Decrypt", denied)], nowhere()),
        one(
            "KMS cannot be reached",
            vec![unfit(BOB), broken(KMS, Cause::Unreachable, "kms.eu-west-1.amazonaws.com does not answer", "")],
            alice(),
        ),
        one(
            "the KMS key is disabled",
            vec![broken(
                KMS,
                Cause::Unusable,
                "the key is disabled",
                "enable it with: aws kms enable-key --key-id 1234abcd-12ab-34cd-56ef-1234567890ab",
            )],
            alice(),
        ),
        one(
            "KMS has too much to do",
            vec![broken(KMS, Cause::Throttled, "too many requests, even after 5 attempts", "try again in a minute")],
            nowhere(),
        ),
        one(
            "something answers that is no KMS",
            vec![broken(KMS, Cause::BadAnswer, "the answer is not one of AWS KMS", "is there a proxy between?")],
            nowhere(),
        ),
    ]
}

fn more_services() -> Vec<Situation> {
    let denied = "ask for kms:Decrypt on this key for arn:aws:iam::123456789012:user/alice";
    vec![
        one(
            "the token for Vault has expired",
            vec![broken(VAULT, Cause::NoCredentials, "the token is not valid any more", "log in with: vault login")],
            nowhere(),
        ),
        one(
            "Vault's policy does not allow it",
            vec![
                broken(
                    VAULT,
                    Cause::Denied,
                    "permission denied for transit/decrypt/prod",
                    "vault token lookup shows your policies",
                ),
                unfit(BOB),
            ],
            alice(),
        ),
        one(
            "what a place says and what its key says is said once",
            vec![
                broken(
                    GCP,
                    Cause::NoCredentials,
                    "no credentials for Google Cloud were found",
                    "log in with: gcloud auth application-default login",
                ),
                unfit(BOB),
            ],
            vec![
                looked("SOPS_AGE_KEY", gave(&[ALICE])),
                looked(
                    "Google Cloud credentials",
                    Outcome::Failed("no credentials for Google Cloud were found".into()),
                ),
            ],
        ),
        one(
            "Google has nobody logged in",
            vec![broken(
                GCP,
                Cause::NoCredentials,
                "no credentials for Google Cloud were found",
                "log in with: gcloud auth application-default login",
            )],
            nowhere(),
        ),
        one(
            "two services, two reasons",
            vec![
                broken(AZURE, Cause::NoCredentials, "nobody is logged in to Azure", "log in with: az login"),
                broken(STAGING, Cause::Denied, "access denied for kms:Decrypt", denied),
                unfit(BOB),
            ],
            alice(),
        ),
        one("a kind that is read, but not used", vec![tried(HUAWEI, Tried::NotSupported), unfit(BOB)], alice()),
        one(
            "keys elsewhere were not asked",
            vec![tried(KMS, Tried::NotAsked), tried(VAULT, Tried::NotAsked), unfit(BOB)],
            alice(),
        ),
        one(
            "the ARN in the file is malformed",
            vec![broken(STAGING, Cause::Malformed, "the ARN names no region", "")],
            alice(),
        ),
    ]
}

fn thresholds() -> Vec<Situation> {
    vec![
        groups(
            "one of three groups opened, two are needed",
            2,
            vec![opened(), closed(vec![unfit(BOB), unfit(CAROL)]), closed(vec![unfit(FINGERPRINT)])],
        ),
        groups(
            "no group opened, three are needed",
            3,
            vec![
                closed(vec![unfit(BOB)]),
                closed(vec![broken(
                    KMS,
                    Cause::NoCredentials,
                    "the AWS login has expired",
                    "log in with: aws sso login",
                )]),
                closed(vec![unfit(FINGERPRINT)]),
            ],
        ),
        groups("more groups are needed than there are", 3, vec![opened(), opened()]),
        Situation {
            error: CannotOpen {
                reason: Reason::Shares("two shares are the same".into()),
                ..groups("", 2, vec![opened(), opened()]).error
            },
            ..groups("the shares do not fit together", 2, vec![])
        },
    ]
}

fn files() -> Vec<Situation> {
    vec![
        one(
            "the reader's own entry is damaged",
            vec![tried(ALICE, Tried::Broken(KeyError::Damaged)), unfit(BOB)],
            alice(),
        ),
        one("an entry is no age file", vec![tried(BOB, Tried::Broken(KeyError::NotAnAgeFile))], alice()),
        Situation {
            error: CannotOpen { reason: Reason::NoGroups, needed: 1, groups: vec![], looked: nowhere() },
            ..one("the file names nobody", vec![], vec![])
        },
    ]
}
