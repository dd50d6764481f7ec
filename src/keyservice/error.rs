//! Why a key could not be used. Never holds key material, ciphertext, a credential or a token.

use std::fmt;

/// What went wrong with one key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The recipient's text is damaged.
    #[error("not a valid age recipient (a character is wrong or missing)")]
    BadRecipient,
    /// The wrapped key is not an age file.
    #[error("the wrapped key is damaged: it is not an age file")]
    NotAnAgeFile,
    /// The wrapped key is ours, but does not open.
    #[error("the wrapped key is damaged: it was changed after it was written")]
    Damaged,
    /// What was wrapped has the wrong length.
    #[error("what was unwrapped is not a data key")]
    NotADataKey,
    /// Encryption itself failed.
    #[error("the key could not be wrapped")]
    CannotWrap,
    /// A service, a program or a plugin said no, or nothing.
    #[error("{0}")]
    Service(Box<ServiceError>),
}

/// What a service, a program or a plugin outside of this process answered, in words for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceError {
    /// What kind of trouble it is; decides what the ring does next.
    pub cause: Cause,
    /// What happened, one line, lower case, cut to size; never an answer's body.
    pub text: String,
    /// The next command, when there is one that helps.
    pub hint: Option<String>,
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The kinds of trouble that a service can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The key's name (an ARN, a URL, a fingerprint) is malformed.
    Malformed,
    /// Nobody answers there. The ring asks no second time in one run.
    Unreachable,
    /// Nobody is logged in there, or the login has expired. The ring asks no second time in one run.
    NoCredentials,
    /// Whoever is logged in may not use the key.
    Denied,
    /// The key is there but cannot be used: disabled, expired, revoked, deleted; or it is not there.
    Unusable,
    /// Too many requests, even after the retries.
    Throttled,
    /// An answer that nobody understands.
    BadAnswer,
    /// A program or plugin that is missing, crashed, hung or failed.
    Program,
    /// The ciphertext is not one of this key.
    Ciphertext,
}

impl KeyError {
    /// An error of a service.
    pub fn service(cause: Cause, text: impl Into<String>) -> Self {
        Self::Service(Box::new(ServiceError { cause, text: text.into(), hint: None }))
    }

    /// The same error with the next command.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Service(error) = &mut self {
            error.hint = Some(hint.into());
        }
        self
    }

    /// The next command, when there is one.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Service(error) => error.hint.as_deref(),
            _ => None,
        }
    }

    /// The kind of trouble, when a service had it.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Service(error) => Some(error.cause),
            _ => None,
        }
    }

    /// Whether everything at the same place would fail alike.
    pub(super) fn is_of_the_place(&self) -> bool {
        matches!(self.cause(), Some(Cause::Unreachable | Cause::NoCredentials))
    }
}
