//! The people and services behind keys: `keys/NAME.pub` files give their keys the name NAME.
//!
//! A file is an age recipients file (age(1), `-R`) that may hold keys of other kinds, too: one a line; empty lines and lines
//! that begin with `#` are skipped. What a line is, its own form says:
//!
//! | line | kind |
//! |---|---|
//! | `age1…`, `ssh-ed25519 …`, `ssh-rsa …` | age |
//! | 40 or 64 hexadecimal digits, blanks between them or not; `pgp:` and a fingerprint | PGP |
//! | `arn:aws:kms:…`, with `+` and a role or not | AWS KMS |
//! | `projects/…/cryptoKeys/…` | Google Cloud KMS |
//! | `https://…/keys/NAME`, with `/VERSION` or not | Azure Key Vault |
//! | `https://…/v1/…/keys/NAME` | Vault transit |
//! | `region:key-uuid` | HuaweiCloud KMS |

use std::collections::HashMap;

use crate::sops::key::MasterKey;
use crate::sops::rules::{identity, parse_key};

/// So many characters of a recipient tell people apart.
const SHORT: usize = 8;
/// So many digits of a fingerprint do.
const SHORT_FINGERPRINT: usize = 16;
/// Before a fingerprint, for those who want to be clear.
const PGP: &str = "pgp:";

/// Keys and their names.
#[derive(Clone, Default, Debug)]
pub struct Names {
    by_key: HashMap<(&'static str, String), String>,
}

/// A line of a recipients file that is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line} is not a recipient{}", if *.secret { ": it looks like a private key" } else { "" })]
pub struct NamesError {
    /// The line, from 1.
    pub line: usize,
    /// Whether it looks like an identity, which has no business in this file.
    pub secret: bool,
}

impl Names {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the keys of the file `NAME.pub` and returns them as they are written. A key that has a name keeps it.
    ///
    /// # Errors
    /// [`NamesError`] for the first line that is no key; nothing is taken then.
    pub fn add_file(&mut self, name: &str, text: &str) -> Result<Vec<String>, NamesError> {
        let found = recipients(text)?;
        found.iter().filter_map(|line| key(line)).for_each(|key| self.add(name, &key));
        Ok(found)
    }

    /// Takes one key. One that has a name keeps it.
    pub fn add(&mut self, name: &str, key: &MasterKey) {
        self.by_key.entry(comparable(key)).or_insert_with(|| name.to_owned());
    }

    /// The name of a key, as it is written.
    pub fn name(&self, text: &str) -> Option<&str> {
        self.name_of(&key(text)?)
    }

    /// The name of a key.
    pub fn name_of(&self, key: &MasterKey) -> Option<&str> {
        let found = self.by_key.get(&comparable(key)).or_else(|| self.by_key.get(&broader(key)?));
        found.map(String::as_str)
    }

    /// A key as people read it: `alice (age1ql3z7hjy…)`, or all of it when it has no name.
    pub fn show(&self, text: &str) -> String {
        match key(text) {
            Some(key) => self.show_key(&key),
            None => text.to_owned(),
        }
    }

    /// The same for any master key.
    pub fn show_key(&self, key: &MasterKey) -> String {
        let kind = match key {
            // everybody sees that it is one
            MasterKey::Age { .. } => String::new(),
            _ => format!("{} ", kind_word(key)),
        };
        match self.name_of(key) {
            Some(name) => format!("{name} ({kind}{})", short(key)),
            None => format!("{kind}{}", plain(key)),
        }
    }

    /// The name, or the beginning of a key that has none: for those who are to be asked.
    pub fn call(&self, key: &MasterKey) -> String {
        match (self.name_of(key), key) {
            (Some(name), MasterKey::Age { .. } | MasterKey::Pgp { .. }) => name.to_owned(),
            (Some(name), _) => format!("somebody who may use {name}"),
            (None, MasterKey::Age { .. }) => short(key),
            (None, MasterKey::Pgp { .. }) => format!("the owner of pgp {}", short(key)),
            (None, _) => format!("somebody who may use {} {}", kind_word(key), short(key)),
        }
    }
}

/// The keys of a recipients file, as they are written.
///
/// # Errors
/// [`NamesError`] for the first line that is none.
pub fn recipients(text: &str) -> Result<Vec<String>, NamesError> {
    lines(text).map(|(_, line)| line.map(|line| line.0)).collect()
}

/// Every line that should be a key, with its number from 1: as it is written, and what it is.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, Result<(String, MasterKey), NamesError>)> {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
    let lines = lines.map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(at, line)| {
        let secret = || line.contains("AGE-SECRET-KEY") || line.contains("AGE-PLUGIN") || line.contains("PRIVATE KEY");
        let found = key(line).map(|key| (line.to_owned(), key));
        (at, found.ok_or_else(|| NamesError { line: at, secret: secret() }))
    })
}

/// The key that a text spells, of whatever kind; `None` when it spells none.
pub fn key(text: &str) -> Option<MasterKey> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return None;
    }
    let field = match text {
        _ if text.starts_with("age1") && !text.contains(char::is_whitespace) || text.starts_with("ssh-") => "age",
        _ if text.starts_with("arn:") => "kms",
        _ if text.starts_with("projects/") && text.contains("/cryptoKeys/") => "gcp_kms",
        _ if text.contains("://") && text.contains("/v1/") => "hc_vault_transit_uri",
        _ if text.contains("://") => "azure_keyvault",
        _ if fingerprint(text).is_some() => "pgp",
        _ if is_huawei(text) => "hckms",
        _ => return None,
    };
    let text = fingerprint(text).unwrap_or_else(|| text.to_owned());
    parse_key(field, &text, "").ok()
}

/// The digits of a fingerprint. A short one is nobody's but that of whoever says `pgp:` before it.
fn fingerprint(text: &str) -> Option<String> {
    let (digits, said) = match text.strip_prefix(PGP) {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let digits: String = digits.chars().filter(|next| *next != ' ').collect();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    let fits = matches!(digits.len(), 40 | 64) || said && matches!(digits.len(), 16..=64);
    (fits && digits.bytes().all(|digit| digit.is_ascii_hexdigit())).then(|| digits.to_ascii_uppercase())
}

/// `region:key-uuid`, such as `tr-west-1:abc12345-6789-0123-4567-890123456789`.
fn is_huawei(text: &str) -> bool {
    text.split_once(':').is_some_and(|(region, id)| {
        let plain =
            |text: &str| text.bytes().all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == b'-');
        region.contains('-')
            && plain(region)
            && id.len() == 36
            && id.bytes().all(|next| next.is_ascii_hexdigit() || next == b'-')
    })
}

/// What identifies a key among those of its kind. Only that is compared which says whose it is: not an SSH key's comment, nor
/// a context or profile of AWS.
fn comparable(key: &MasterKey) -> (&'static str, String) {
    let text = match key {
        MasterKey::Age { recipient } => without_comment(recipient).to_owned(),
        MasterKey::Pgp { fingerprint } => fingerprint.to_ascii_uppercase(),
        MasterKey::Kms { arn, role: Some(role), .. } => format!("{arn}+{role}"),
        MasterKey::Kms { arn, .. } => arn.clone(),
        _ => identity(key),
    };
    (kind_word(key), text)
}

/// The key without what may differ: a role, a version.
fn broader(key: &MasterKey) -> Option<(&'static str, String)> {
    match key {
        MasterKey::Kms { arn, role: Some(_), .. } => Some(("kms", arn.clone())),
        MasterKey::AzureKv { vault_url, name, .. } => Some(("azure_kv", format!("{vault_url}/keys/{name}/"))),
        _ => None,
    }
}

/// Whether two keys are the same, whatever else is said about them.
pub fn is_same(left: &MasterKey, right: &MasterKey) -> bool {
    comparable(left) == comparable(right)
}

/// An SSH key without its comment.
pub fn without_comment(recipient: &str) -> &str {
    let recipient = recipient.trim();
    if !recipient.starts_with("ssh-") {
        return recipient;
    }
    let comment = recipient.match_indices(' ').nth(1).map_or(recipient.len(), |(at, _)| at);
    &recipient[..comment]
}

/// All that says which key it is.
fn plain(key: &MasterKey) -> String {
    match key {
        MasterKey::Kms { arn, .. } => arn.clone(),
        _ => identity(key),
    }
}

/// As much of a key as tells it from others.
pub(super) fn short(key: &MasterKey) -> String {
    match key {
        MasterKey::Age { recipient } if recipient.starts_with("ssh-") => {
            // all of a kind begin alike
            let text = without_comment(recipient);
            let kind = text.split(' ').next().unwrap_or_default();
            let skipped = text.chars().count().saturating_sub(SHORT);
            format!("{kind} …{}", text.chars().skip(skipped).collect::<String>())
        }
        MasterKey::Age { recipient } => {
            let start = recipient.rfind('1').map_or(0, |at| at + 1);
            cut(recipient, start + SHORT)
        }
        MasterKey::Pgp { fingerprint } => cut(fingerprint, SHORT_FINGERPRINT),
        MasterKey::Kms { arn, .. } => {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            match parts.as_slice() {
                [_, _, _, region, _, key] if key.starts_with("alias/") => format!("{region} {key}"),
                [_, _, _, region, _, key] => format!("{region} {}", cut(key, "key/".len() + SHORT)),
                _ => arn.clone(),
            }
        }
        MasterKey::GcpKms { resource_id } => {
            resource_id.rsplit_once("/cryptoKeys/").map_or(resource_id.as_str(), |(_, name)| name).to_owned()
        }
        MasterKey::AzureKv { name, .. } => name.clone(),
        MasterKey::HcVault { key_name, .. } => key_name.clone(),
        MasterKey::HcKms { key_id } => match key_id.split_once(':') {
            Some((region, id)) => format!("{region}:{}", cut(id, SHORT)),
            None => key_id.clone(),
        },
    }
}

fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The word sops has for a kind of key, as in `--decryption-order`.
pub fn kind_word(key: &MasterKey) -> &'static str {
    match key {
        MasterKey::Age { .. } => "age",
        MasterKey::Pgp { .. } => "pgp",
        MasterKey::Kms { .. } => "kms",
        MasterKey::GcpKms { .. } => "gcp_kms",
        MasterKey::AzureKv { .. } => "azure_kv",
        MasterKey::HcVault { .. } => "hc_vault",
        MasterKey::HcKms { .. } => "hckms",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    const FINGERPRINT: &str = "FBC7B9E2A1F3C0D4E5F60718293A4B5C6D7E8F90";

    #[test]
    fn names_come_from_recipients_files() {
        let mut names = Names::new();
        let text = format!("# Alice\r\n\r\n{ALICE}\r\nssh-ed25519 AAAA alice@laptop\n");
        let taken = names.add_file("alice", &text).unwrap();
        assert_eq!(taken, [ALICE, "ssh-ed25519 AAAA alice@laptop"]);
        assert_eq!(names.show(ALICE), "alice (age1ql3z7hjy…)");
        assert_eq!(names.name("ssh-ed25519 AAAA other comment"), Some("alice"));
        assert_eq!(names.name("ssh-ed25519 BBBB alice@laptop"), None);
        names.add_file("bob", ALICE).unwrap();
        assert_eq!(names.name(ALICE), Some("alice"));
    }

    #[test]
    fn a_file_may_hold_all_kinds() {
        let mut names = Names::new();
        let text = format!(
            "age1yubikey1qwertyuiop\nssh-rsa AAAAB3NzaC1yc2E\n{FINGERPRINT}\n\
             pgp:0x0123456789abcdef\n\
             arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\n\
             arn:aws:kms:us-east-1:123456789012:alias/prod+arn:aws:iam::123456789012:role/ops\n\
             projects/p/locations/global/keyRings/r/cryptoKeys/prod\n\
             https://example.vault.azure.net/keys/prod\n\
             https://vault.example.com:8200/v1/transit/keys/prod\n\
             tr-west-1:01234567-89ab-cdef-0123-456789abcdef\n"
        );
        assert_eq!(names.add_file("prod", &text).unwrap().len(), 10);
        let shown: Vec<String> = lines(&text).map(|(_, line)| names.show_key(&line.unwrap().1)).collect();
        assert_eq!(
            shown,
            [
                "prod (age1yubikey1qwertyui…)",
                "prod (ssh-rsa …zaC1yc2E)",
                "prod (pgp FBC7B9E2A1F3C0D4…)",
                "prod (pgp 0123456789ABCDEF)",
                "prod (kms eu-west-1 key/1234abcd…)",
                "prod (kms us-east-1 alias/prod)",
                "prod (gcp_kms prod)",
                "prod (azure_kv prod)",
                "prod (hc_vault prod)",
                "prod (hckms tr-west-1:01234567…)",
            ]
        );
        // a role, a context, a version or the case of digits are no other key
        let kms = |role: Option<&str>| MasterKey::Kms {
            arn: "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
            role: role.map(str::to_owned),
            context: vec![("app".into(), "shop".into())],
            aws_profile: "dev".into(),
        };
        assert_eq!((names.name_of(&kms(None)), names.name_of(&kms(Some("x")))), (Some("prod"), Some("prod")));
        assert_eq!(names.name("https://example.vault.azure.net/keys/prod/0a1b"), Some("prod"));
        assert_eq!(names.name(&FINGERPRINT.to_lowercase()), Some("prod"));
        assert_eq!(names.name("arn:aws:kms:us-east-1:123456789012:alias/prod"), None);
    }

    #[test]
    fn without_a_name_all_is_shown() {
        assert_eq!(Names::new().show(ALICE), ALICE);
        let key = MasterKey::Pgp { fingerprint: "FBC7".into() };
        assert_eq!(Names::new().show_key(&key), "pgp FBC7");
    }

    #[test]
    fn those_who_are_asked() {
        let call = |text: &str| Names::new().call(&key(text).unwrap());
        assert_eq!(call(ALICE), "age1ql3z7hjy…");
        assert_eq!(call(FINGERPRINT), "the owner of pgp FBC7B9E2A1F3C0D4…");
        assert_eq!(call("https://vault.example.com:8200/v1/transit/keys/prod"), "somebody who may use hc_vault prod");
    }

    #[test]
    fn what_is_no_recipient_is_named_by_line_only() {
        let error = recipients("# x\nAGE-SECRET-KEY-1HUNTER2").unwrap_err();
        assert_eq!(error.to_string(), "line 2 is not a recipient: it looks like a private key");
        for text in ["hunter2", "age1abc def", "https://example.com/x", "FBC7B9E2", "a:b", "projects/x"] {
            let error = recipients(text).unwrap_err();
            assert_eq!(error.to_string(), "line 1 is not a recipient", "{text}");
        }
    }
}
