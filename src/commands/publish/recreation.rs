//! The encrypted file that goes into a bucket: as it is, or encrypted anew for whom the destination rule's
//! `recreation_rule` names (sops 3.13.2 `cmd/sops/subcommand/publish/publish.go`).

use super::content::Manner;
use crate::commands::rekey::{self, Difference};
use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Parsed, Source, VERSION};
use crate::failure::{Failure, Kind};
use crate::sops::file::{FileError, Settings, SopsFile};
use crate::sops::key::DataKey;
use crate::sops::rules::CreationRule;
use crate::sops::selector::Selection;

/// What is sent.
#[derive(Debug)]
pub struct Sent {
    /// The file's name.
    pub name: String,
    /// The encrypted file.
    pub bytes: Vec<u8>,
    /// For whom it is now, when it was encrypted anew.
    pub change: Option<Difference>,
}

/// Makes it. A file that goes as it is need not be for us.
///
/// # Errors
/// Not an encrypted file; with a rule, what keeps it from being opened, checked and encrypted.
pub fn sent(session: &Session, source: Source, rule: Option<&CreationRule>, manner: Manner) -> Result<Sent, Failure> {
    let as_it_is = source.bytes.to_vec();
    let Parsed { name, document, stamp } = source.parse()?;
    let file = SopsFile::from_plain(document).map_err(|error| sopsfile::failure(&name, &error))?;
    let Some(rule) = rule.filter(|rule| rule.groups.first().is_some_and(|group| !group.is_empty())) else {
        if let Some(rule) = rule {
            session.warn(&format!(
                "{name}: its recreation_rule (line {}) names no key; the file goes as it is",
                rule.line
            ));
        }
        return Ok(Sent { name, bytes: as_it_is, change: None });
    };
    let opened = sopsfile::unlock(session, name, file, stamp)?;
    let plain = opened.decrypt(false)?;
    sopsfile::warn_unreadable(session, &opened.name, &plain);
    let document = opened.parse_plain(&plain)?;
    let key = DataKey::generate().map_err(|error| Failure::of(Kind::Generic, &error))?;
    let (groups, shamir_threshold) = rekey::wrap_all(session, &rule.groups, rule.shamir_threshold, &key, &[])?;
    let (selection, mac_only_encrypted) = selection(session, &opened.name, rule, manner);
    let settings = Settings {
        selection,
        mac_only_encrypted,
        allow_empty: plain.values == 0 || manner == Manner::AsSops,
        allow_unrepresentable: document.is_odd(),
        groups,
        shamir_threshold,
        version: VERSION.into(),
        now: session.now(),
        unknown: Vec::new(),
    };
    let encrypted = match document.encrypt(&key, &settings, None) {
        Ok(encrypted) => encrypted,
        Err(FileError::NothingSelected) => return Err(nothing_selected(&opened.name, rule)),
        Err(error) => return Err(sopsfile::failure(&opened.name, &error)),
    };
    if encrypted.values == 0 && plain.values > 0 {
        session.warn(&format!("{}: its recreation_rule selects no value: everything goes in clear", opened.name));
    }
    if let Some(text) = sopsfile::clear_copies(&opened.name, &encrypted) {
        session.warn(&text);
    }
    let old = rekey::groups_of(&opened.file);
    let difference = Difference::between(&old, &rule.groups, (0, 0));
    Ok(Sent { name: opened.name, bytes: encrypted.text.into_bytes(), change: Some(difference) })
}

fn nothing_selected(name: &str, rule: &CreationRule) -> Failure {
    let line = rule.line;
    let text = format!("{name}: its recreation_rule (line {line}) selects no value: everything would go in clear");
    Failure::new(Kind::NothingSelected, text).hint("check what the rule selects against the keys of the file")
}

/// Which values are encrypted. sops forgets patterns, and encrypts everything then.
fn selection(session: &Session, name: &str, rule: &CreationRule, manner: Manner) -> (Selection, bool) {
    let is_suffix =
        matches!(rule.selection, Selection::Default | Selection::UnencryptedSuffix(_) | Selection::EncryptedSuffix(_));
    if manner == Manner::Own || (is_suffix && !rule.mac_only_encrypted) {
        return (rule.selection.clone(), rule.mac_only_encrypted);
    }
    let mut forgotten = Vec::new();
    if !is_suffix {
        forgotten.push(rule.selection.field().0);
    }
    if rule.mac_only_encrypted {
        forgotten.push("mac_only_encrypted");
    }
    let (what, line) = (forgotten.join(" and "), rule.line);
    session.warn(&format!("{name}: {what} of its recreation_rule (line {line}) does nothing here, as in sops"));
    (if is_suffix { rule.selection.clone() } else { Selection::Default }, false)
}
