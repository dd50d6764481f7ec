//! What can be wrong with a configuration file.

use std::fmt;

use crate::pattern::RegexError;

/// Everything that is wrong with a configuration file, each with its line. Shown one per line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// The file's name.
    pub file: String,
    /// Lines and problems, by line. Never empty.
    pub problems: Vec<(usize, Problem)>,
}

impl RuleError {
    pub(super) fn new(file: &str, mut problems: Vec<(usize, Problem)>) -> Self {
        problems.sort_by_key(|(line, _)| *line);
        Self { file: file.to_owned(), problems }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (line, problem)) in self.problems.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{line}: {problem}", self.file)?;
        }
        Ok(())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A value of another kind.
    #[error("`{field}` should be {expected}")]
    WrongType {
        /// The field.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A pattern that Go would not compile.
    #[error("`{field}`: {error}")]
    Regex {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        error: RegexError,
    },
    /// More than one of the six settings that say which leaves are secret.
    #[error("a rule can have only one of `{first}` and `{second}`")]
    TwoSelections {
        /// The one written first.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A rule without any field.
    #[error("the rule is empty")]
    EmptyRule,
    /// A key that cannot be one. The text is not repeated: it might be a private key.
    #[error("entry {entry} of `{field}` {problem}")]
    Key {
        /// The list.
        field: String,
        /// Its position, from 1.
        entry: usize,
        /// What is wrong.
        problem: KeyProblem,
    },
    /// A threshold that can never be met, or that is no threshold.
    #[error("`shamir_threshold` is {threshold}, but should be from 2 to the number of key groups, {groups}")]
    Threshold {
        /// As written.
        threshold: usize,
        /// Key groups of the rule.
        groups: usize,
    },
    /// Shares are numbered in one byte.
    #[error("a rule can have at most 255 key groups, not {0}")]
    TooManyGroups(usize),
    /// `merge` inside `merge` without end.
    #[error("`merge` is nested too deeply")]
    TooDeep,
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Somebody is about to publish it.
    #[error(
        "is a private age key; put its public recipient (age1…) there, and make a new key if others have seen this one"
    )]
    PrivateAge,
    /// Neither `age1…` nor `ssh-…`.
    #[error("is no age recipient (age1… or ssh-…)")]
    Age,
    /// A list without commas, or a line that was folded within a recipient.
    #[error("has a blank in it: put commas between recipients, and none of them on two lines")]
    Blank,
    /// Not `https://NAME.vault.azure.net/keys/KEY[/VERSION]`.
    #[error("is no Azure Key Vault key, such as https://example.vault.azure.net/keys/name/version")]
    Azure,
    /// Not `https://HOST:PORT/v1/ENGINE/keys/KEY`.
    #[error("is no Vault transit key, such as https://vault.example.com:8200/v1/transit/keys/name")]
    Vault,
    /// Vault behind a path of its own.
    #[error("has a path before /v1/, which the Vault client does not support")]
    VaultPrefix,
    /// Not `region:uuid`.
    #[error("is no Huawei Cloud KMS key (region:key-uuid)")]
    HuaweiKms,
    /// The part of an object that says which key it is.
    #[error("does not say which key it is: `{0}` is missing")]
    Missing(&'static str),
}
