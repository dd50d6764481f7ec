//! For whom, and which values: command-line options first, then the creation rule.

use std::path::Path;

use super::keyargs::{self, KeyArgs};
use super::rekey;
use super::session::Session;
use super::sopsfile::VERSION;
use crate::failure::{Failure, Kind};
use crate::fsio::env::Var;
use crate::keyservice::{Names, WrapError};
use crate::sops::file::Settings;
use crate::sops::key::{DataKey, MasterKey};
use crate::sops::selector::{Selection, Selector};

/// Options that override the creation rule.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "For whom, and which values (instead of the creation rule)")]
pub struct SelectionArgs {
    /// For whom.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Only keys that match are encrypted, with all below them
    #[arg(long, value_name = "REGEX", group = "selection")]
    pub encrypted_regex: Option<String>,
    /// Keys that match stay in clear, with all below them
    #[arg(long, value_name = "REGEX", group = "selection")]
    pub unencrypted_regex: Option<String>,
    /// Only keys with this ending are encrypted
    #[arg(long, value_name = "TEXT", group = "selection")]
    pub encrypted_suffix: Option<String>,
    /// Keys with this ending stay in clear
    #[arg(long, value_name = "TEXT", group = "selection")]
    pub unencrypted_suffix: Option<String>,
    /// Only values under a comment that matches are encrypted
    #[arg(long, value_name = "REGEX", group = "selection")]
    pub encrypted_comment_regex: Option<String>,
    /// Values under a comment that matches stay in clear
    #[arg(long, value_name = "REGEX", group = "selection")]
    pub unencrypted_comment_regex: Option<String>,
    /// Leave values in clear out of the MAC, so that they can be changed by hand
    #[arg(long)]
    pub mac_only_encrypted: bool,
    /// Accept a file in which nothing is selected
    #[arg(long)]
    pub allow_empty: bool,
    /// Accept shapes that sops cannot read (see docs/compatibility.md)
    #[arg(long)]
    pub allow_unrepresentable: bool,
}

/// How a new file is to be encrypted: everything but its data key.
#[derive(Clone, Debug)]
pub struct Recipe {
    groups: Vec<Vec<MasterKey>>,
    shamir_threshold: usize,
    selection: Selection,
    mac_only_encrypted: bool,
    allow_empty: bool,
    allow_unrepresentable: bool,
    /// Where the recipients come from, for messages.
    from: String,
    /// The same for each of them, in the order of the groups; empty when they do not come from a rule.
    lines: Vec<String>,
}

impl SelectionArgs {
    /// The selection the options name.
    fn selection(&self) -> Result<Option<Selection>, Failure> {
        let given = [
            &self.unencrypted_suffix,
            &self.encrypted_suffix,
            &self.unencrypted_regex,
            &self.encrypted_regex,
            &self.unencrypted_comment_regex,
            &self.encrypted_comment_regex,
        ];
        let fields = Selection::FIELDS.into_iter().zip(given);
        let Some((field, selection)) = fields
            .filter_map(|(field, value)| Some((field, value.as_deref()?)))
            .find_map(|(field, value)| Some((field, Selection::from_field(field, value)?)))
        else {
            return Ok(None);
        };
        if let Err(error) = Selector::compile(&selection) {
            let flag = field.replace('_', "-");
            return Err(Failure::of(Kind::BadRegex, &error).about(format!("--{flag}")));
        }
        Ok(Some(selection))
    }

    /// The keys the options or the environment name, and where they come from.
    fn recipients(&self, session: &Session) -> Result<(Vec<MasterKey>, String), Failure> {
        if !self.keys.is_empty() {
            let keys = self.keys.keys(session)?;
            return Ok((keys, self.keys.flags().join(", ")));
        }
        let var = Var::SopsAgeRecipients.name();
        let texts: Vec<String> = session.env.text(Var::SopsAgeRecipients).map(str::to_owned).into_iter().collect();
        Ok((keyargs::parse(session, var, "age", &texts, "")?, var.to_owned()))
    }

    /// Whether recipients are given, so that no rule is needed.
    pub fn has_recipients(&self, session: &Session) -> bool {
        !self.keys.is_empty() || session.env.text(Var::SopsAgeRecipients).is_some()
    }

    /// How the file at `path` is to be encrypted; `path` is what the rules see.
    ///
    /// # Errors
    /// No rule and no recipients; an invalid pattern; a wrong configuration.
    pub fn recipe(&self, session: &Session, path: &Path) -> Result<Recipe, Failure> {
        let selection = self.selection()?;
        let (recipients, from) = self.recipients(session)?;
        let rule = session.rule_for(path)?;
        let from_variable = self.keys.is_empty() && !recipients.is_empty();
        if from_variable && rule.is_some_and(|rule| rule.groups.as_slice() != [recipients.clone()]) {
            let (file, var) = (session.shown(path), Var::SopsAgeRecipients.name());
            session.warn(&format!("{file}: {var} is set and takes the place of the rule's recipients"));
        }
        let mut lines = Vec::new();
        let (groups, shamir_threshold, from) = match rule {
            _ if !recipients.is_empty() => (vec![recipients], 0, from),
            Some(rule) => {
                let file = session.config()?.map_or("", |loaded| &loaded.name);
                lines = rule.lines.iter().flatten().map(|line| format!("{file}:{line}")).collect();
                (rule.groups.clone(), rule.shamir_threshold, format!("{file}:{}", rule.line))
            }
            None => return Err(session.no_rule(path)),
        };
        let of_rule = || rule.map(|rule| rule.selection.clone());
        Ok(Recipe {
            groups,
            shamir_threshold,
            selection: selection.or_else(of_rule).unwrap_or_default(),
            mac_only_encrypted: self.mac_only_encrypted || rule.is_some_and(|rule| rule.mac_only_encrypted),
            allow_empty: self.allow_empty,
            allow_unrepresentable: self.allow_unrepresentable,
            from,
            lines,
        })
    }
}

impl Recipe {
    fn cannot_wrap(&self, error: WrapError) -> Failure {
        let hint = match &error {
            WrapError::NoGroups | WrapError::EmptyGroup(_) => {
                Some("name who may open the files: age: age1… in the rule, or --age")
            }
            WrapError::NotSupported(_) => {
                Some("nobody is left out silently: take that key out of the rule, or name others on the command line")
            }
            _ => None,
        };
        let keys = self.groups.iter().flatten().zip(&self.lines);
        let place = match &error {
            WrapError::Key { key, .. } | WrapError::NotSupported(key) => {
                keys.into_iter().find(|(known, _)| Names::new().show_key(known) == *key).map(|(_, line)| line)
            }
            _ => None,
        };
        let failure = Failure::from(error).about(place.unwrap_or(&self.from));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// A fresh data key, wrapped for everybody, and the settings for [`crate::sops::file::encrypt`].
    ///
    /// # Errors
    /// When it cannot be wrapped for somebody: nobody is left out silently.
    pub fn prepare(&self, session: &Session, now: &str) -> Result<(DataKey, Settings), Failure> {
        let key = DataKey::generate().map_err(|error| Failure::of(Kind::Generic, &error))?;
        let wrapped = rekey::wrap_all(session, &self.groups, self.shamir_threshold, &key, &[]);
        let (groups, shamir_threshold) = wrapped.map_err(|error| self.cannot_wrap(error))?;
        session.warn_outsider(&self.groups, &self.from);
        let settings = Settings {
            selection: self.selection.clone(),
            mac_only_encrypted: self.mac_only_encrypted,
            allow_empty: self.allow_empty,
            allow_unrepresentable: self.allow_unrepresentable,
            groups,
            shamir_threshold,
            version: VERSION.into(),
            now: now.to_owned(),
            unknown: Vec::new(),
        };
        Ok((key, settings))
    }
}
