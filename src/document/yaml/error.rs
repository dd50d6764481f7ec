//! Why a text is not YAML that can be worked on: line, column and what was expected, never a value.

/// Where and why reading stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct YamlError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What was expected or which limit was passed.
    pub problem: &'static str,
}

impl YamlError {
    /// An error at byte `offset` of `text`.
    pub fn at(text: &[u8], offset: usize, problem: &'static str) -> Self {
        let (line, column) = position(text, offset);
        Self { line, column, problem }
    }
}

/// Line and column (both from 1, columns in characters) of byte `offset`.
pub fn position(text: &[u8], offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before[line_start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
    (line, column)
}
