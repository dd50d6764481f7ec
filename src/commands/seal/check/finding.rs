//! One thing that is wrong, and where.

use std::fmt;

use serde::Serialize;

use crate::fsio::printable::sanitize;

/// See the file's description.
#[derive(Serialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    file: String,
    line: usize,
    check: &'static str,
    text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", sanitize(&self.file), self.line, sanitize(&self.text))
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// One more: `check` is its kind, for scripts.
    pub fn add(&mut self, file: &str, line: usize, check: &'static str, text: String) {
        self.0.push(Finding { file: file.to_owned(), line, check, text });
    }

    /// In the order of files and lines.
    pub fn sorted(mut self) -> Vec<Finding> {
        self.0.sort();
        self.0
    }
}
