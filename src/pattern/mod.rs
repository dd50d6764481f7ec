//! Regular expressions as Go reads them, run by the `regex` crate.
//!
//! Rules and files hold patterns in Go's RE2 syntax (`regexp/syntax`). Both engines are linear in time, but they read some
//! patterns differently: `\d`, `\w`, `\s` and `\b` are ASCII in Go, `[a&&b]` is no intersection there, `\<` is just `<`.
//! A pattern is therefore parsed by Go's rules and written anew so that the crate cannot misread it. What Go refuses is
//! refused.

mod class;
mod scan;
mod translate;

use ::regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes. Far beyond what people write; it bounds the work before the compiled size is known.
const MAX_PATTERN_LENGTH: usize = 64 * 1024;

/// Largest compiled program, in bytes.
const MAX_COMPILED_SIZE: usize = 8 * 1024 * 1024;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    /// Go refuses it.
    #[error("invalid regular expression `{pattern}`: {problem}")]
    Syntax {
        /// The pattern as written.
        pattern: String,
        /// What is wrong.
        problem: Problem,
    },
    /// It is longer than 64 KiB, nested too deeply, or its program would be larger than 8 MiB.
    #[error("the regular expression `{pattern}` is too large")]
    TooLarge {
        /// The pattern, cut after 100 characters.
        pattern: String,
    },
}

/// What is wrong with a pattern, in the cases of Go's `regexp/syntax`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// `(` without `)`.
    #[error("a `)` is missing")]
    MissingParen,
    /// `)` without `(`.
    #[error("there is a `)` without `(`")]
    UnexpectedParen,
    /// `[` without `]`.
    #[error("a `]` is missing")]
    MissingBracket,
    /// `*`, `+`, `?` or `{n}` after nothing.
    #[error("`{0}` has nothing to repeat")]
    NothingToRepeat(String),
    /// `a**` and the like.
    #[error("`{0}` repeats a repetition")]
    DoubleRepeat(String),
    /// More than 1000 repetitions, or a minimum above the maximum.
    #[error("`{0}` is no possible number of repetitions (at most 1000)")]
    RepeatSize(String),
    /// `\q` and the like.
    #[error("`{0}` is no escape sequence")]
    Escape(String),
    /// A lone backslash at the end.
    #[error("it ends in a backslash")]
    TrailingBackslash,
    /// `[b-a]`, or an unknown class.
    #[error("`{0}` is no character class or range")]
    Class(String),
    /// `(?x)`, `(?=…)` and the like.
    #[error("`{0}` is not supported; look-around and other Perl extensions never are")]
    Group(String),
    /// `(?P<…` without `>` or with an odd name.
    #[error("`{0}` is no group name")]
    GroupName(String),
}

/// Compiles a pattern of Go's syntax. It matches anywhere in the text unless it says otherwise.
///
/// # Errors
/// [`RegexError`] when Go would refuse the pattern, or when it is too large.
pub fn compile(go_pattern: &str) -> Result<Regex, RegexError> {
    let too_large = || RegexError::TooLarge { pattern: go_pattern.chars().take(100).collect() };
    if go_pattern.len() > MAX_PATTERN_LENGTH {
        return Err(too_large());
    }
    let pattern = translate::translate(go_pattern, false)
        .map_err(|problem| RegexError::Syntax { pattern: go_pattern.to_owned(), problem })?;
    // the translation is always valid, so that only its size and depth can be refused here
    RegexBuilder::new(&pattern).size_limit(MAX_COMPILED_SIZE).build().map_err(|_| too_large())
}

/// Compiles a pattern of Go's syntax for texts that need not be UTF-8, with its groups.
///
/// # Errors
/// [`RegexError`] when Go would refuse the pattern, or when it is too large.
pub fn compile_with_groups(go_pattern: &str) -> Result<regex::bytes::Regex, RegexError> {
    let too_large = || RegexError::TooLarge { pattern: go_pattern.chars().take(100).collect() };
    if go_pattern.len() > MAX_PATTERN_LENGTH {
        return Err(too_large());
    }
    let pattern = translate::translate(go_pattern, true)
        .map_err(|problem| RegexError::Syntax { pattern: go_pattern.to_owned(), problem })?;
    regex::bytes::RegexBuilder::new(&pattern).size_limit(MAX_COMPILED_SIZE).build().map_err(|_| too_large())
}

#[cfg(test)]
mod tests;
