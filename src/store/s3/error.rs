//! What went wrong on the way into a bucket. Holds no credential and nothing of an answer but codes and names.

use crate::net::aws::{Trouble, Why};

/// What kind of trouble it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum S3Cause {
    /// Names or settings that cannot be right; nothing was sent.
    Settings,
    /// It cannot be reached, cannot be trusted, or does not work.
    Unreachable,
    /// It says no.
    Refused,
}

/// See the file's description.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text}")]
pub struct S3Error {
    /// The kind.
    pub cause: S3Cause,
    /// One line for people.
    pub text: String,
    /// What to try next.
    pub hint: Option<String>,
}

impl S3Error {
    pub(super) fn new(cause: S3Cause, text: impl Into<String>) -> Self {
        Self { cause, text: text.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<Trouble> for S3Error {
    fn from(trouble: Trouble) -> Self {
        let cause = match trouble.why {
            Why::NoCredentials | Why::Denied => S3Cause::Refused,
            Why::Unreachable => S3Cause::Unreachable,
        };
        Self { cause, text: trouble.text, hint: trouble.hint }
    }
}
