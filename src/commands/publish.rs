//! `sealant publish`: where the configuration says that a file is to be published. No destination can be reached yet.

use std::fmt;
use std::path::PathBuf;

use super::session::Session;
use crate::document::tree::{Kind as NodeKind, Node};
use crate::failure::{Failure, Kind};
use crate::fsio::{FsError, folder};
use crate::sops::regex;

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
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
    /// The key-value store of a Vault or an OpenBao.
    Vault {
        /// Where it is; empty for `VAULT_ADDR`.
        address: String,
        /// Where in it.
        path: String,
    },
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Gcs { bucket, prefix } => write!(f, "gcs://{bucket}/{prefix}"),
            Self::Vault { address, path } if address.is_empty() => write!(f, "vault {path}"),
            Self::Vault { address, path } => write!(f, "vault {address} {path}"),
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

/// The destination for a path as it was typed, by the first of the `destination_rules` that matches.
///
/// # Errors
/// [`NoDestination`].
pub fn destination(rules: Option<&Node>, typed: &str) -> Result<Destination, NoDestination> {
    let rules = match rules.map(|node| &node.kind) {
        Some(NodeKind::List(rules)) => rules.as_slice(),
        _ => &[],
    };
    let text = |rule: &Node, field: &str| match rule.get(field).map(|node| &node.kind) {
        Some(NodeKind::Str(text)) => text.clone(),
        _ => String::new(),
    };
    let rule = rules.iter().find(|rule| {
        let pattern = text(rule, "path_regex");
        // sops takes an invalid one as one that does not match
        pattern.is_empty() || regex::compile(&pattern).is_ok_and(|pattern| pattern.is_match(typed))
    });
    let rule = rule.ok_or(NoDestination::NoRule)?;
    let mut found = Vec::new();
    let (s3, gcs, vault) = (text(rule, "s3_bucket"), text(rule, "gcs_bucket"), text(rule, "vault_path"));
    if !s3.is_empty() {
        found.push(Destination::S3 { bucket: s3, prefix: text(rule, "s3_prefix") });
    }
    if !gcs.is_empty() {
        found.push(Destination::Gcs { bucket: gcs, prefix: text(rule, "gcs_prefix") });
    }
    if !vault.is_empty() {
        found.push(Destination::Vault { address: text(rule, "vault_address"), path: vault });
    }
    if found.len() > 1 {
        return Err(NoDestination::Several);
    }
    found.pop().ok_or(NoDestination::None)
}

/// Runs it.
///
/// # Errors
/// Always: says which destination it would be, and that it cannot be reached yet.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    if !folder::exists(&args.file) {
        return Err(FsError::Missing(args.file.clone()).into());
    }
    let Some(loaded) = session.config()? else {
        return Err(Failure::new(Kind::BadConfig, "there is no configuration that could name a destination"));
    };
    let rules = loaded.config.destination_rules.as_ref();
    let destination = destination(rules, &args.file.to_string_lossy())
        .map_err(|error| Failure::of(Kind::BadConfig, &error).about(&loaded.name))?;
    let text = format!("publishing to {destination} is not supported yet");
    Err(Failure::new(Kind::Generic, text).hint("use sops publish on the same file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::Document;

    #[test]
    fn the_first_rule_that_matches_decides() {
        let text = "\
- path_regex: ^s3/
  s3_bucket: b
  s3_prefix: p/
- path_regex: (
  gcs_bucket: never
- path_regex: two
  gcs_bucket: g
  s3_bucket: b
- path_regex: none
- path_regex: vault
  vault_address: https://v:8200
  vault_path: a/b
";
        let document = Document::parse(text.to_owned()).unwrap();
        let node = document.tree(document.root(0)).unwrap();
        let of = |path: &str| match destination(Some(&node), path) {
            Ok(destination) => destination.to_string(),
            Err(error) => format!("{error:?}"),
        };
        let found = ["s3/x.yaml", "./s3/x", "two", "none", "vault.yaml"].map(of);
        assert_eq!(found, ["s3://b/p/", "NoRule", "Several", "None", "vault https://v:8200 a/b"]);
        assert_eq!(destination(None, "x").unwrap_err(), NoDestination::NoRule);
    }
}
