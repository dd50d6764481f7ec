//! `.sops.yaml`: which keys a new file gets and which of its leaves are secret.
//!
//! Reads what sops 3.13.2 reads (`config/config.go`), but all of it at once and strictly: an invalid pattern, a wrong type
//! or a second selection setting in *any* rule is an error with its line, before a file is touched. What sops silently
//! ignores, such as a misspelt field, becomes a warning.

mod destinations;
mod groups;
mod keys;
mod lint;
mod problem;
mod reader;
mod rule;

use ::regex::Regex;

use crate::document::tree::{Kind, Node};
use crate::sops::key::MasterKey;
use crate::sops::selector::Selection;

pub use destinations::{Destination, DestinationRule, Destinations, NoDestination, VaultPlace};
pub use keys::identity;
pub use lint::odd;
pub use problem::{KeyProblem, Problem, RuleError};

use reader::{Mapping, Reader};

/// A configuration file.
#[derive(Debug, Clone)]
pub struct Config {
    /// The creation rules, in their order.
    pub rules: Vec<CreationRule>,
    /// Whether there is a `creation_rules` field at all. Without it sops acts as if there were no file; with an empty list
    /// no rule matches.
    pub has_rules: bool,
    /// How files are written.
    pub stores: Stores,
    /// Where files are published. What is wrong in these rules is no error before somebody publishes.
    pub destinations: Destinations,
    /// What is probably a mistake: line and text.
    pub warnings: Vec<(usize, String)>,
}

/// One creation rule.
#[derive(Debug, Clone)]
pub struct CreationRule {
    /// Where it starts.
    pub line: usize,
    /// Which paths it is for; `None` for all.
    pub path_regex: Option<PathPattern>,
    /// Who gets to open the file. No group at all when the rule names no key; a group may be empty when it was written
    /// that way. Neither can be encrypted for.
    pub groups: Vec<Vec<MasterKey>>,
    /// The lines that these keys stand on.
    pub lines: Vec<Vec<usize>>,
    /// How many groups are needed; 0 when not said, which means all.
    pub shamir_threshold: usize,
    /// Which leaves are secret. Its pattern is known to compile.
    pub selection: Selection,
    /// Values in clear are not covered by the MAC.
    pub mac_only_encrypted: bool,
}

/// A compiled `path_regex`.
#[derive(Debug, Clone)]
pub struct PathPattern {
    text: String,
    compiled: Regex,
}

impl PathPattern {
    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches anywhere in `path`.
    pub fn matches(&self, path: &str) -> bool {
        self.compiled.is_match(path)
    }
}

/// The `stores` section. Its numbers mean what they mean in sops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stores {
    /// Indentation of YAML; 0 stands for 4.
    pub yaml_indent: i64,
    /// Indentation of JSON; -1 stands for a tab.
    pub json_indent: i64,
    /// Indentation of the JSON envelope of binary files; -1 stands for a tab.
    pub json_binary_indent: i64,
}

impl Default for Stores {
    fn default() -> Self {
        Self { yaml_indent: 0, json_indent: -1, json_binary_indent: -1 }
    }
}

impl Config {
    /// Reads a parsed configuration; `file` is its name for messages.
    ///
    /// # Errors
    /// [`RuleError`] lists everything that is wrong in the whole file.
    pub fn read(node: &Node, file: &str) -> Result<Self, RuleError> {
        let mut reader = Reader::default();
        let mut config = Self {
            rules: vec![],
            has_rules: false,
            stores: Stores::default(),
            destinations: Destinations::default(),
            warnings: vec![],
        };
        if let Some(top) = reader.mapping(node, "the configuration") {
            // many files keep their recipients under `keys`, with anchors
            let known = ["creation_rules", "destination_rules", "stores", "keys"];
            reader.warn_unknown(&top, &known, &[]);
            if let Some((key, rules)) = top.entry("creation_rules") {
                config.has_rules = true;
                for node in reader.list(rules, &key.name) {
                    config.rules.extend(rule::read(&mut reader, node));
                }
            }
            config.destinations = top.get("destination_rules").map(destinations::read).unwrap_or_default();
            config.stores = read_stores(&mut reader, &top);
        }
        if !reader.problems.is_empty() {
            return Err(RuleError::new(file, reader.problems));
        }
        lint::rules(&mut reader, &config.rules);
        reader.warnings.sort_by_key(|(line, _)| *line);
        config.warnings = reader.warnings;
        Ok(config)
    }

    /// The first rule for a path: relative to the folder of the configuration file, or absolute when the file is outside of
    /// it.
    pub fn rule_for(&self, relative_path: &str) -> Option<&CreationRule> {
        self.rules.iter().find(|rule| rule.path_regex.as_ref().is_none_or(|pattern| pattern.matches(relative_path)))
    }
}

/// The key that `text` spells in the field of that name in a creation rule (`age`, `pgp`, `kms`, `gcp_kms`, `hckms`,
/// `azure_keyvault`, `hc_vault_transit_uri`).
///
/// # Errors
/// [`KeyProblem`]; the text is not repeated: it might be a private key.
pub fn parse_key(field: &str, text: &str, aws_profile: &str) -> Result<MasterKey, KeyProblem> {
    rule::parse(field, text, aws_profile)
}

fn read_stores(reader: &mut Reader, top: &Mapping<'_>) -> Stores {
    let mut stores = Stores::default();
    let Some((_, node)) = top.entry("stores") else {
        return stores;
    };
    let Some(sections) = reader.mapping(node, "stores") else {
        return stores;
    };
    reader.warn_unknown(&sections, &["dotenv", "ini", "json", "json_binary", "yaml"], &[]);
    for (name, indent) in [
        ("yaml", &mut stores.yaml_indent),
        ("json", &mut stores.json_indent),
        ("json_binary", &mut stores.json_binary_indent),
    ] {
        let Some(section) = sections.get(name).and_then(|node| reader.mapping(node, name)) else {
            continue;
        };
        reader.warn_unknown(&section, &["indent"], &[]);
        let Some((key, node)) = section.entry("indent") else {
            continue;
        };
        match node.kind {
            Kind::Int(number) if number >= 0 || name != "yaml" => *indent = number,
            _ => reader.wrong_type(key.line, "indent", "a number that is not negative"),
        }
    }
    stores
}

#[cfg(test)]
mod tests;
