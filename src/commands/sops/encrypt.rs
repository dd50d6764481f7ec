//! `sops encrypt`.

use std::path::Path;

use super::call::{Call, give_context};
use super::exit::{Exit, warn};
use super::store;
use crate::commands::rekey::{self, Groups};
use crate::commands::sopsfile::{self, VERSION};
use crate::failure::{Failure, Kind};
use crate::fsio::write::NewMode;
use crate::sops::file::Settings;
use crate::sops::key::DataKey;
use crate::sops::rules::CreationRule;
use crate::sops::selector::{Selection, Selector};

const TWO_SELECTIONS: &str = "Error: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, \
                              unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex in the same file";

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    call.one_place()?;
    let file = call.file();
    let conflict = |text: &str| Err(Exit::new(Kind::ConflictingOptions.code(), text));
    match file {
        None if call.legacy => return Err(Exit::no_file()),
        None if call.given.is_on("in-place") => {
            return conflict("Error: cannot use --in-place when reading from stdin");
        }
        None if !call.given.has("filename-override") => {
            return conflict("Error: must specify --filename-override when reading from stdin");
        }
        None => {}
        Some(path) => call.must_exist(path)?,
    }
    let piped = call.piped(file);
    let path = file.unwrap_or(Path::new(""));
    call.check_config()?;
    let recipe = Recipe::new(call, call.name(path))?;
    let source = match (piped, file) {
        (Some(source), _) => source?,
        (None, Some(path)) => call.source(path)?,
        (None, None) => call.stdin()?,
    };
    let parsed = source.parse().map_err(|failure| Exit::encrypting(&failure))?;
    let output = call.output(path);
    let document = store::rewritten(&parsed.name, parsed.document, None, output, call.style(output)?)?;
    if document.is_encrypted() {
        return Err(Failure::new(Kind::AlreadyEncrypted, "").into());
    }
    let (key, settings) = recipe.prepare(call)?;
    let encrypted = document
        .encrypt(&key, &settings, None)
        .map_err(|error| Exit::encrypting(&sopsfile::failure(&parsed.name, &error)))?;
    if encrypted.values == 0 {
        warn(&format!("{}: the rule selects no value: everything stays in clear", parsed.name));
    }
    if let Some(text) = sopsfile::clear_copies(&parsed.name, &encrypted) {
        warn(&text);
    }
    call.deliver(encrypted.text.as_bytes(), file.map(|path| (path, parsed.stamp)), NewMode::Public)?;
    Ok(0)
}

/// How a new file is encrypted: flags first, then the creation rule, one setting at a time.
pub struct Recipe {
    groups: Groups,
    threshold: usize,
    selection: Selection,
    mac_only_encrypted: bool,
}

impl Recipe {
    /// For the file that has this name. A rule has to match it even when flags name the keys.
    ///
    /// # Errors
    /// As sops.
    pub fn new(call: &Call, name: &Path) -> Result<Self, Exit> {
        let rule = call.session.rule_for(name)?;
        if rule.is_none() && call.has_rules() {
            return Err(Exit::no_rule(true));
        }
        let selection = selection(call, rule.map(|rule| &rule.selection))?;
        let keys = call.keys("")?;
        let groups = match rule {
            _ if !keys.is_empty() => vec![keys],
            Some(rule) => of_rule(call, rule)?,
            None => return Err(Exit::no_rule(false)),
        };
        let threshold = match call.given.number("shamir-secret-sharing-threshold") {
            0 => rule.map_or(0, |rule| rule.shamir_threshold),
            given => usize::try_from(given).map_err(|_| Exit::new(1, "the threshold is negative"))?,
        };
        let mac_only = call.given.is_on("mac-only-encrypted") || call.global.is_on("mac-only-encrypted");
        Ok(Self {
            groups,
            threshold,
            selection,
            mac_only_encrypted: mac_only || rule.is_some_and(|rule| rule.mac_only_encrypted),
        })
    }

    /// A fresh data key, wrapped for everybody, and the settings.
    ///
    /// # Errors
    /// A key that it cannot be wrapped for.
    pub fn prepare(&self, call: &Call) -> Result<(DataKey, Settings), Exit> {
        let key = DataKey::generate().map_err(|error| Exit::new(1, error.to_string()))?;
        let wrapped = rekey::wrap_all(&call.session, &self.groups, self.threshold, &key, &[]);
        let (groups, shamir_threshold) = wrapped.map_err(|error| Exit::cannot_wrap(&error))?;
        let settings = Settings {
            selection: self.selection.clone(),
            mac_only_encrypted: self.mac_only_encrypted,
            // as sops; a warning says so
            allow_empty: true,
            allow_unrepresentable: false,
            groups,
            shamir_threshold,
            version: VERSION.into(),
            now: call.session.now(),
            unknown: Vec::new(),
        };
        Ok((key, settings))
    }
}

/// The keys of a rule. Only the old spelling of the command gives them the context of the command line (sops 3.13.2
/// `main.go`, `loadConfig`).
fn of_rule(call: &Call, rule: &CreationRule) -> Result<Groups, Exit> {
    let context = call.encryption_context()?;
    let mut groups = rule.groups.clone();
    if call.legacy
        && let [only] = groups.as_mut_slice()
    {
        give_context(only, &context);
    }
    Ok(groups)
}

/// Each of the six settings from its flag, else from the rule; together there may be one.
fn selection(call: &Call, rule: Option<&Selection>) -> Result<Selection, Exit> {
    let mut found = Vec::new();
    for field in Selection::FIELDS {
        let flag = call.given.text(&field.replace('_', "-"));
        let of_rule = rule.filter(|rule| **rule != Selection::Default).map(Selection::field);
        let of_rule = of_rule.filter(|(name, _)| *name == field).map(|(_, value)| value);
        if let Some(selection) = flag.or(of_rule).and_then(|value| Selection::from_field(field, value)) {
            found.push(selection);
        }
    }
    if found.len() > 1 {
        return Err(Exit::new(Kind::ConflictingOptions.code(), TWO_SELECTIONS));
    }
    let selection = found.pop().unwrap_or_default();
    // sops takes an invalid pattern as one that matches nothing, and writes secrets in clear
    if let Err(error) = Selector::compile(&selection) {
        let flag = selection.field().0.replace('_', "-");
        return Err(Exit::new(1, format!("--{flag}: {error}")));
    }
    Ok(selection)
}
