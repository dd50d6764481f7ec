//! What goes wrong with a store, in words that hold no value, token or id of a secret.

use std::time::Duration;

/// Why a store did not do as asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    /// The kind of trouble: decides the exit code, and whether trying again may help.
    pub cause: StoreCause,
    /// What happened, with the key or path it happened to; never a value, a token or a secret id.
    pub what: String,
    /// What to do about it, when there is something: a command, a policy.
    pub hint: Option<String>,
    /// When the store said to come back.
    pub after: Option<Duration>,
}

/// Kinds of trouble with stores.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum StoreCause {
    /// Nobody answers: no such host, no connection, no answer in time, hung up.
    Unreachable,
    /// The certificate is not to be trusted.
    Tls,
    /// Someone answers, and cannot now: sealed, standby, 5xx.
    Unavailable,
    /// Too many requests.
    Throttled,
    /// We are not let in: wrong or expired credentials.
    Login,
    /// We are let in, and may not do this.
    Denied,
    /// What was asked makes no sense to this store: a version, an expression, a mount that is none.
    Invalid,
    /// The store cannot do this at all.
    Unsupported,
    /// What came is not what this kind of store says: another service, a redirect, broken JSON.
    Odd,
    /// More than we take.
    TooLarge,
    /// What is there was not written by us, or someone else wrote meanwhile.
    Conflict,
    /// We were told to stop.
    Cancelled,
}

impl StoreError {
    /// An error without hint.
    pub fn new(cause: StoreCause, what: impl Into<String>) -> Self {
        Self { cause, what: what.into(), hint: None, after: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the same may go better later, without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self.cause, StoreCause::Unreachable | StoreCause::Unavailable | StoreCause::Throttled)
    }
}
