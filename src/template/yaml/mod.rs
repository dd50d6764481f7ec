//! YAML as Kubernetes reads and writes it: sigs.k8s.io/yaml 1.6 on go-yaml 2.4, which is YAML 1.1 on its way through JSON.
//!
//! `yes` is a boolean, `010` is 8, a date is text; of a stream only the first document counts, and of two equal keys the last.

mod node;
mod read;
mod resolve;
mod scalar;
mod write;

pub(super) use read::dict;
pub(super) use write::encode;

use std::collections::BTreeMap;

use super::text::Text;
use super::value::Value;
use crate::secret::SecretBytes;

/// Why a text is not the YAML that is wanted. It holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// No YAML.
    #[error("line {line}: {problem}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// Not what it must be.
    #[error("line {line}: {found} stands where {wanted} must")]
    Kind {
        /// Line, from 1.
        line: usize,
        /// What is there.
        found: &'static str,
        /// What must be there.
        wanted: &'static str,
    },
    /// It has more values than its aliases may make of it, or they are nested too deeply.
    #[error("line {line}: there are too many values, or they are nested too deeply")]
    TooMuch {
        /// Line, from 1.
        line: usize,
    },
}

impl YamlError {
    /// The line that it is about, from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. } | Self::Kind { line, .. } | Self::TooMuch { line } => *line,
        }
    }
}

/// Reads a mapping of names to texts, a Go `map[string]string`: numbers and booleans become text after they are typed, floats
/// with the precision of 32 bits, and nothing becomes empty text. Sorted by name; empty for an empty document.
///
/// # Errors
/// [`YamlError`] for a text that is no YAML, no mapping, or holds lists or mappings.
pub fn string_map(text: &[u8]) -> Result<Vec<(String, SecretBytes)>, YamlError> {
    let entries: BTreeMap<String, Text> = read::texts(text)?;
    Ok(entries.into_iter().map(|(name, text)| (name, SecretBytes::new(text.bytes().to_vec()))).collect())
}

/// Reads anything, as apimachinery's `yaml.Unmarshal` reads it into an `any`: integers of 64 bits stay integers.
///
/// # Errors
/// [`YamlError`] for a text that is no YAML, or that JSON cannot express.
pub fn parse(text: &[u8]) -> Result<Value, YamlError> {
    read::value(text, read::Numbers::Kept, &|_| true)
}

#[cfg(test)]
mod tests;
