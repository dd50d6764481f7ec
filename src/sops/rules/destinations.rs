//! `destination_rules`: where files are published (sops 3.13.2 `config/config.go`, `parseDestinationRuleForFile`,
//! `publish/vault.go`).
//!
//! They matter to `publish` only, so what is wrong in them is kept until somebody publishes.

use super::problem::{Problem, RuleError};
use super::reader::{Mapping, Reader};
use super::rule;
use super::{CreationRule, PathPattern};
use crate::document::tree::{Kind, Node};

/// The fields of a rule.
const FIELDS: [&str; 11] = [
    "path_regex",
    "s3_bucket",
    "s3_prefix",
    "gcs_bucket",
    "gcs_prefix",
    "vault_path",
    "vault_address",
    "vault_kv_mount_name",
    "vault_kv_version",
    "recreation_rule",
    "omit_extensions",
];
/// The first is in the tests of sops, where it does nothing.
const ELSEWHERE: [(&str, &str); 3] =
    [("reencryption_rule", "recreation_rule"), ("vault_mount", "vault_kv_mount_name"), ("vault_addr", "vault_address")];

/// All rules, and what is wrong with them.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    /// The rules, in their order.
    pub rules: Vec<DestinationRule>,
    /// What is wrong: line and problem.
    problems: Vec<(usize, Problem)>,
    /// What is probably a mistake: line and text.
    pub warnings: Vec<(usize, String)>,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct DestinationRule {
    /// Where it starts.
    pub line: usize,
    path: PathRule,
    /// Where files go.
    pub destination: Result<Destination, NoDestination>,
    /// Names at the destination have no extensions.
    pub omit_extensions: bool,
    /// How a file is encrypted anew before it goes to a bucket.
    pub recreation: Option<CreationRule>,
}

#[derive(Debug, Clone)]
enum PathRule {
    All,
    Pattern(PathPattern),
    /// sops takes an invalid one as one that never matches.
    Invalid,
}

/// A place outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Destination {
    /// A bucket of Amazon S3.
    S3 {
        /// Its name.
        bucket: String,
        /// What names begin with.
        prefix: String,
    },
    /// A bucket of Google Cloud Storage.
    Gcs {
        /// Its name.
        bucket: String,
        /// What names begin with.
        prefix: String,
    },
    /// A key-value store of Vault or OpenBao.
    Vault(VaultPlace),
}

/// A place in a key-value store of Vault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultPlace {
    /// Which Vault, when the rule says it.
    pub address: Option<String>,
    /// The store, with `/` at its end.
    mount: String,
    /// The folder in it, with `/` at its end.
    folder: String,
    /// Whether the store keeps versions: version 2 of the engine.
    pub versioned: bool,
}

impl VaultPlace {
    /// The path of a secret in the API, as sops forms it.
    pub fn path(&self, name: &str) -> String {
        let data = if self.versioned { "data/" } else { "" };
        format!("{}{data}{}{name}", self.mount, self.folder)
    }
}

impl Destination {
    /// Where a file of that name goes, as sops shows it; `vault` is where a Vault is that the rule does not name.
    pub fn show(&self, name: &str, vault: &str) -> String {
        match self {
            Self::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}{name}"),
            Self::Gcs { bucket, prefix } => format!("gcs://{bucket}/{prefix}{name}"),
            Self::Vault(place) => {
                format!("{}/v1/{}", place.address.as_deref().unwrap_or(vault), place.path(name))
            }
        }
    }
}

/// Why there is no destination, as sops says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoDestination {
    /// No rule matches.
    #[error("no matching destination found in config")]
    NoRule,
    /// The rule has none.
    #[error("no destination configured for this file")]
    None,
    /// The rule has several.
    #[error("more than one destinations were found in a single destination rule, you can only use one per rule")]
    Several,
}

impl Destinations {
    /// The first rule for a path, which is taken as it was typed.
    pub fn rule_for(&self, typed: &str) -> Option<&DestinationRule> {
        self.rules.iter().find(|rule| match &rule.path {
            PathRule::All => true,
            PathRule::Pattern(pattern) => pattern.matches(typed),
            PathRule::Invalid => false,
        })
    }

    /// What is wrong in any of the rules; `file` is the configuration's name.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn check(&self, file: &str) -> Result<(), RuleError> {
        error_of(file, self.problems.clone())
    }

    /// The same without the invalid patterns, which mean "no match" to sops.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn check_as_sops(&self, file: &str) -> Result<(), RuleError> {
        let is_regex = |problem: &Problem| matches!(problem, Problem::Regex { .. });
        error_of(file, self.problems.iter().filter(|(_, problem)| !is_regex(problem)).cloned().collect())
    }
}

fn error_of(file: &str, problems: Vec<(usize, Problem)>) -> Result<(), RuleError> {
    if problems.is_empty() { Ok(()) } else { Err(RuleError::new(file, problems)) }
}

/// Reads the list.
pub(super) fn read(node: &Node) -> Destinations {
    let mut reader = Reader::default();
    let rules = reader.list(node, "destination_rules").iter().filter_map(|node| read_rule(&mut reader, node)).collect();
    reader.warnings.sort_by_key(|(line, _)| *line);
    Destinations { rules, problems: reader.problems, warnings: reader.warnings }
}

fn read_rule(reader: &mut Reader, node: &Node) -> Option<DestinationRule> {
    let fields = reader.mapping(node, "a destination rule")?;
    reader.warn_unknown(&fields, &FIELDS, &ELSEWHERE);
    let before = reader.problems.len();
    let path = match rule::read_path(reader, &fields) {
        Some(pattern) => PathRule::Pattern(pattern),
        None if reader.problems.len() > before => PathRule::Invalid,
        None => PathRule::All,
    };
    let recreation = fields
        .get("recreation_rule")
        .filter(|node| !matches!(&node.kind, Kind::Map(items) if items.is_empty()))
        .and_then(|node| rule::read(reader, node));
    Some(DestinationRule {
        line: fields.items.first().map_or(node.line, |(key, _)| key.line),
        path,
        destination: read_destination(reader, &fields),
        omit_extensions: reader.flag(&fields, "omit_extensions"),
        recreation,
    })
}

fn read_destination(reader: &mut Reader, fields: &Mapping<'_>) -> Result<Destination, NoDestination> {
    let mut found = Vec::new();
    let s3_prefix = reader.text(fields, "s3_prefix").unwrap_or_default();
    let gcs_prefix = reader.text(fields, "gcs_prefix").unwrap_or_default();
    let address = reader.text(fields, "vault_address");
    let mount = with_slash(reader.text(fields, "vault_kv_mount_name").unwrap_or_else(|| "secret".to_owned()));
    let version = reader.number(fields, "vault_kv_version");
    if let Some((key, _)) = fields.entry("vault_kv_version").filter(|_| version > 2) {
        reader.warn(key.line, "`vault_kv_version` is neither 1 nor 2; 2 is taken".into());
    }
    if let Some(bucket) = reader.text(fields, "s3_bucket") {
        found.push(Destination::S3 { bucket, prefix: s3_prefix });
    }
    if let Some(bucket) = reader.text(fields, "gcs_bucket") {
        found.push(Destination::Gcs { bucket, prefix: gcs_prefix });
    }
    if let Some(folder) = reader.text(fields, "vault_path") {
        let folder = with_slash(folder);
        found.push(Destination::Vault(VaultPlace { address, mount, folder, versioned: version != 1 }));
    }
    if found.len() > 1 {
        return Err(NoDestination::Several);
    }
    found.pop().ok_or(NoDestination::None)
}

fn with_slash(mut text: String) -> String {
    if !text.ends_with('/') {
        text.push('/');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::Document;

    fn read_text(text: &str) -> Destinations {
        let document = Document::parse(text.to_owned()).unwrap();
        read(&document.tree(document.root(0)).unwrap())
    }

    const RULES: &str = "\
- path_regex: ^s3/
  s3_bucket: b
  s3_prefix: p/
- path_regex: (
  gcs_bucket: never
- path_regex: two
  gcs_bucket: g
  s3_bucket: b
- path_regex: none
- path_regex: gcs
  gcs_bucket: g
  gcs_prefix: q-
  recreation_rule: {encrypted_suffix: _s}
- path_regex: one
  vault_path: a/b/
  vault_kv_mount_name: kv/
  vault_kv_version: 1
  omit_extensions: true
- path_regex: seven
  vault_path: x
  vault_kv_version: 7
- path_regex: vault
  vault_address: https://v:8200
  vault_path: a/b
";

    #[test]
    fn the_first_rule_that_matches_decides() {
        let found = read_text(RULES);
        let of = |path: &str| match found.rule_for(path).map(|rule| &rule.destination) {
            Some(Ok(destination)) => destination.show("n", "http://default"),
            Some(Err(error)) => format!("{error:?}"),
            None => "no rule".into(),
        };
        let shown = ["s3/x.yaml", "./s3/x", "two", "none", "gcs", "one", "seven", "vault.yaml"].map(of);
        let expected = [
            "s3://b/p/n",
            "no rule",
            "Several",
            "None",
            "gcs://g/q-n",
            "http://default/v1/kv/a/b/n",
            "http://default/v1/secret/data/x/n",
            "https://v:8200/v1/secret/data/a/b/n",
        ];
        assert_eq!(shown, expected);
        assert!(found.rule_for("one").unwrap().omit_extensions && !found.rule_for("vault").unwrap().omit_extensions);
        assert!(found.rule_for("gcs").unwrap().recreation.is_some());
        assert!(read_text("- {vault_path: x}\n").rule_for("anything").is_some());
        assert!(read_text("~\n").rules.is_empty());
    }

    #[test]
    fn mistakes_have_lines() {
        let found = read_text(RULES);
        let error = found.check("f").unwrap_err();
        assert_eq!(error.to_string(), "f:4: `path_regex`: invalid regular expression `(`: a `)` is missing");
        found.check_as_sops("f").unwrap();
        assert_eq!(found.warnings, [(21, "`vault_kv_version` is neither 1 nor 2; 2 is taken".to_owned())]);
        let found = read_text("- vault_path: 1\n  vault_kv_version: \"1\"\n  reencryption_rule: {}\n- x\n");
        let error = found.check_as_sops("f").unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().map(|line| line.split(" should").next().unwrap()).collect();
        assert_eq!(lines, ["f:1: `vault_path`", "f:2: `vault_kv_version`", "f:4: `a destination rule`"]);
        assert!(found.warnings[0].1.ends_with("did you mean `recreation_rule`?"), "{:?}", found.warnings);
        assert!(
            read_text("x: 1\n").check("f").unwrap_err().to_string().contains("`destination_rules` should be a list")
        );
    }
}
