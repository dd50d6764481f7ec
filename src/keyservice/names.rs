//! The people behind recipients: `keys/NAME.pub` files give their recipients the name NAME.
//!
//! A file is an age recipients file (age(1), `-R`): one recipient a line, empty lines and lines that begin with `#`
//! are skipped.

use std::collections::HashMap;

use crate::sops::key::MasterKey;

/// As much of a recipient as tells people apart: the prefix and eight more characters.
const SHORT: usize = 12;

/// Recipients and their names.
#[derive(Clone, Default, Debug)]
pub struct Names {
    by_recipient: HashMap<String, String>,
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

    /// Takes the recipients of the file `NAME.pub` and returns them. A recipient that has a name keeps it.
    ///
    /// # Errors
    /// [`NamesError`] for the first line that is no recipient; nothing is taken then.
    pub fn add_file(&mut self, name: &str, text: &str) -> Result<Vec<String>, NamesError> {
        let recipients = recipients(text)?;
        for recipient in &recipients {
            self.by_recipient.entry(comparable(recipient).to_owned()).or_insert_with(|| name.to_owned());
        }
        Ok(recipients)
    }

    /// The name of a recipient.
    pub fn name(&self, recipient: &str) -> Option<&str> {
        self.by_recipient.get(comparable(recipient)).map(String::as_str)
    }

    /// A recipient as people read it: `alice (age1ql3z7hjy…)`, or all of it when it has no name.
    pub fn show(&self, recipient: &str) -> String {
        match self.name(recipient) {
            Some(name) => format!("{name} ({})", short(recipient)),
            None => recipient.to_owned(),
        }
    }

    /// Any master key as people read it.
    pub fn show_key(&self, key: &MasterKey) -> String {
        match key {
            MasterKey::Age { recipient } => self.show(recipient),
            MasterKey::Pgp { fingerprint } => format!("pgp {fingerprint}"),
            MasterKey::Kms { arn, .. } => format!("kms {arn}"),
            MasterKey::GcpKms { resource_id } => format!("gcp_kms {resource_id}"),
            MasterKey::AzureKv { vault_url, name, version } => {
                format!("azure_kv {vault_url}/keys/{name}/{version}")
            }
            MasterKey::HcVault { vault_address, engine_path, key_name } => {
                format!("hc_vault {vault_address}/v1/{engine_path}/keys/{key_name}")
            }
            MasterKey::HcKms { key_id } => format!("hckms {key_id}"),
        }
    }
}

/// The recipients of a recipients file.
///
/// # Errors
/// [`NamesError`] for the first line that is none.
pub fn recipients(text: &str) -> Result<Vec<String>, NamesError> {
    let mut found = Vec::new();
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let known = line.starts_with("age1") || line.starts_with("ssh-");
        if !known || line.chars().any(char::is_control) {
            let secret = line.contains("AGE-SECRET-KEY") || line.contains("PRIVATE KEY");
            return Err(NamesError { line: index + 1, secret });
        }
        found.push(line.to_owned());
    }
    Ok(found)
}

/// The part of a recipient that identifies it: an SSH key's comment may differ.
pub fn comparable(recipient: &str) -> &str {
    let recipient = recipient.trim();
    if !recipient.starts_with("ssh-") {
        return recipient;
    }
    let comment = recipient.match_indices(' ').nth(1).map_or(recipient.len(), |(at, _)| at);
    &recipient[..comment]
}

/// The beginning of a recipient.
pub(super) fn short(recipient: &str) -> String {
    match recipient.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &recipient[..end]),
        None => recipient.to_owned(),
    }
}

/// The word sops has for a kind of key, as in `--decryption-order`.
pub(super) fn kind_word(key: &MasterKey) -> &'static str {
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
    fn without_a_name_all_is_shown() {
        assert_eq!(Names::new().show(ALICE), ALICE);
        let key = MasterKey::Pgp { fingerprint: "FBC7".into() };
        assert_eq!(Names::new().show_key(&key), "pgp FBC7");
    }

    #[test]
    fn what_is_no_recipient_is_named_by_line_only() {
        let error = recipients("# x\nAGE-SECRET-KEY-1HUNTER2").unwrap_err();
        assert_eq!(error.to_string(), "line 2 is not a recipient: it looks like a private key");
        let error = recipients("hunter2").unwrap_err();
        assert_eq!(error.to_string(), "line 1 is not a recipient");
    }
}
