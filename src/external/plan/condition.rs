//! What the status of an ExternalSecret says: the condition `Ready`, its reason and message. The messages are upstream's to the
//! letter: people and programs wait for them.
//!
//! Follows "apis/externalsecrets/v1/externalsecret_types.go" and the messages of
//! "pkg/controllers/externalsecret/externalsecret_controller.go" of external-secrets 2.9.

/// The condition `Ready`. It never says more than the kind of trouble; causes are for events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// `True` or `False`.
    pub status: bool,
    /// Why.
    pub reason: Reason,
    /// In words.
    pub message: &'static str,
}

impl Condition {
    /// The Secret is as the store wants it, or none is wanted.
    pub const SYNCED: Self = Self { status: true, reason: Reason::SecretSynced, message: "secret synced" };
    /// There are no values, and what is there stays.
    pub const RETAINED: Self =
        Self { status: true, reason: Reason::SecretSynced, message: "secret retained due to DeletionPolicy=Retain" };
    /// There are no values, and no Secret either.
    pub const DELETED: Self =
        Self { status: true, reason: Reason::SecretDeleted, message: "secret deleted due to DeletionPolicy=Delete" };
    /// There is no Secret that could be added to.
    pub const MISSING: Self = Self {
        status: true,
        reason: Reason::SecretMissing,
        message: "secret will not be created due to CreationPolicy=Merge",
    };

    /// The condition of a trouble.
    pub fn failed(trouble: Trouble) -> Self {
        Self { status: false, reason: Reason::SecretSyncedError, message: trouble.message() }
    }
}

/// The reason of a [`Condition`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// In step with the store.
    SecretSynced,
    /// Not.
    SecretSyncedError,
    /// Gone with the values.
    SecretDeleted,
    /// Waited for.
    SecretMissing,
}

impl Reason {
    /// As the status has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretSynced => "SecretSynced",
            Self::SecretSyncedError => "SecretSyncedError",
            Self::SecretDeleted => "SecretDeleted",
            Self::SecretMissing => "SecretMissing",
        }
    }
}

/// What can go wrong, in the plan or while it is carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Values could not be fetched.
    Provider,
    /// The Secret is to be deleted and must not be: its policy or its owner forbids it.
    DeleteForbidden,
    /// Deleting failed.
    Delete,
    /// Deleting a Secret of a former target name failed.
    DeleteOrphaned,
    /// Writing failed, or the template.
    Update,
    /// The Secret is immutable and would have to change.
    Immutable,
    /// Another controller owns the Secret.
    BecomeOwner,
    /// Another ExternalSecret owns the Secret.
    Owned,
}

impl Trouble {
    /// What the condition says.
    pub fn message(self) -> &'static str {
        match self {
            Self::Provider => "could not get secret data from provider",
            Self::DeleteForbidden | Self::Delete => "could not delete secret",
            Self::DeleteOrphaned => "could not delete orphaned secrets",
            Self::Update => "could not update secret",
            Self::Immutable => "could not update secret, target is immutable",
            Self::BecomeOwner => "failed to take ownership of target secret",
            Self::Owned => "target is owned by another ExternalSecret",
        }
    }

    /// Whether trying again may help.
    pub fn retry(self) -> Retry {
        match self {
            Self::Provider | Self::Delete | Self::DeleteOrphaned | Self::Update => Retry::Backoff,
            Self::DeleteForbidden | Self::Immutable | Self::BecomeOwner | Self::Owned => Retry::No,
        }
    }
}

/// Whether to try again before the next look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// Not before it.
    No,
    /// Ever later: from one second up to seven minutes.
    Backoff,
    /// At once. No plan says so; it is for a write that met another (a conflict), after which the status stays as it was.
    Now,
}
