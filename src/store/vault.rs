//! The key-value stores of Vault and OpenBao as External Secrets Operator 2.9 sees them (`providers/v1/vault`), and any other path of
//! theirs for secrets that are made when asked for.
//!
//! | file | what it is for |
//! |---|---|
//! | `settings` | what a client is given |
//! | `wire` | requests: so many at a time, repeated while that is worth it |
//! | `session`, `login` | the token: how it is come by, how long it lives |
//! | `spread` | much of the same at once |
//! | `paths` | where a secret is in the API |
//! | `read` | one secret, and what is known about it |
//! | `find` | many, by name or tags |
//! | `push` | writes and removes what is ours |
//! | `dynamic` | secrets that are made when asked for, and their leases |
//! | `check` | who we are and what we may |
//! | `mounts`, `explain` | what went wrong, in words |
//! | `raw` | JSON text cut into its parts |

mod check;
mod dynamic;
mod explain;
mod find;
mod login;
mod mounts;
mod paths;
mod push;
mod raw;
mod read;
mod session;
mod settings;
mod spread;
mod wire;

use std::fmt;
use std::sync::Arc;

use crate::external::{Fetched, Find, Reference};
use crate::net::vault::{Ask, Reply};
use crate::store::{Call, Calls, Check, Kept, Push, Remote, StoreCause, StoreClient, StoreError};

pub use crate::net::vault::Method;
pub use dynamic::{DynamicRequest, ResultType};
pub use settings::{Clock, Login, LoginSource, MOST_AT_ONCE, OwnCertificate, Settings, Version};

use mounts::Mounts;
use paths::Paths;
use session::Session;
use wire::{Repeat, Wire, by};

/// Headers that are our own business.
const OURS: [&str; 8] = [
    "x-vault-token",
    "x-vault-namespace",
    "x-vault-request",
    "x-vault-wrap-ttl",
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
];

/// See the file's description. One is enough for all threads: they share its token and its connections.
pub struct VaultStore {
    wire: Wire,
    session: Session,
    mounts: Mounts,
}

impl fmt::Debug for VaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultStore({})", self.wire.settings().address)
    }
}

impl VaultStore {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// Namespaces and headers that cannot be any.
    pub fn new(settings: Settings) -> Result<Self, StoreError> {
        let fits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let invalid = |what: String| Err(StoreError::new(StoreCause::Invalid, what));
        for namespace in [&settings.namespace, &settings.auth_namespace].into_iter().flatten() {
            if !fits(namespace) {
                return invalid("the namespace has characters that no namespace has".to_owned());
            }
        }
        for (name, value) in &settings.headers {
            let is_name = fits(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            if !is_name || !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                return invalid("a header's name or value has characters that no header has".to_owned());
            }
            if OURS.contains(&name.to_ascii_lowercase().as_str()) {
                return invalid(format!("the header {name} cannot be set"));
            }
        }
        Ok(Self { wire: Wire::new(settings), session: Session::default(), mounts: Mounts::default() })
    }

    /// Counts its requests along with those of others.
    #[must_use]
    pub fn counted_in(mut self, calls: Arc<Calls>) -> Self {
        self.wire.calls = calls;
        self
    }

    fn paths(&self) -> Paths<'_> {
        let settings = self.wire.settings();
        Paths { mount: settings.mount.as_deref(), version: settings.version }
    }

    /// A request in our name that may be repeated.
    fn ask(&self, ask: Ask<'_>) -> Result<Reply, StoreError> {
        self.ask_once(ask, Repeat::Freely)
    }

    /// A request in our name; with a new token when the old one has ended before its time.
    fn ask_once(&self, ask: Ask<'_>, repeat: Repeat) -> Result<Reply, StoreError> {
        let namespace = self.wire.settings().namespace.as_deref();
        let token = self.session.token(&self.wire)?;
        let reply = self.wire.send(by(ask, token.text.as_ref(), namespace), repeat)?;
        if reply.status < 400 {
            token.works();
        }
        if reply.status != 403 {
            return Ok(reply);
        }
        match self.session.after_denial(&self.wire, &token)? {
            Some(newer) => self.wire.send(by(ask, newer.text.as_ref(), namespace), repeat),
            None => Ok(reply),
        }
    }
}

impl StoreClient for VaultStore {
    fn fetch(&self, references: &[Reference]) -> Vec<Result<Option<Fetched>, StoreError>> {
        if references.is_empty() {
            return Vec::new();
        }
        // who is not let in would not be for any of them
        if let Err(error) = self.session.token(&self.wire) {
            return references.iter().map(|_| Err(error.clone())).collect();
        }
        spread::spread(&self.wire, references, |reference| self.read(reference))
    }

    fn find(&self, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
        self.found(find)
    }

    fn push(&self, push: &Push<'_>) -> Result<Kept, StoreError> {
        self.pushed(push)
    }

    fn delete(&self, remote: &Remote) -> Result<Kept, StoreError> {
        self.deleted(remote)
    }

    fn exists(&self, remote: &Remote) -> Result<bool, StoreError> {
        self.is_there(remote)
    }

    fn check(&self, references: &[Reference]) -> Result<Check, StoreError> {
        self.checked(references)
    }

    fn close(&self) {
        self.session.close(&self.wire);
    }

    fn calls(&self) -> Vec<Call> {
        self.wire.calls.all()
    }
}
