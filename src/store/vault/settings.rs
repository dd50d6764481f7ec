//! What a store in Vault is given: where it is, how it is reached, and who we are there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::net::vault::{Address, ClientPem, Roots};
use crate::secret::{SecretBytes, SecretText};
use crate::store::StoreError;

/// More requests than this at a time are never sent.
pub const MOST_AT_ONCE: usize = 16;
/// For one request with its answer, as the client of Vault has it.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Repetitions of one request, as the client of Vault has it.
const RETRIES: u32 = 2;

/// Which kind of key-value store it is (`version`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Version {
    /// Without versions of secrets.
    V1,
    /// With versions of secrets.
    #[default]
    V2,
}

/// Asked for what proves who we are, at each new login: service account tokens expire.
pub type LoginSource = Box<dyn Fn() -> Result<Login, StoreError> + Send + Sync>;

/// Asked for our own certificate, so that a renewed one is picked up: before the first request, at each new login, and when the
/// server does not take the one that we have.
pub type OwnCertificate = Box<dyn Fn() -> Result<ClientPem, StoreError> + Send + Sync>;

/// Everything that a client is given.
pub struct Settings {
    /// Where it is (`server`).
    pub address: Address,
    /// Where the key-value store is (`path`); keys begin with it when `None`.
    pub mount: Option<String>,
    /// Its kind.
    pub version: Version,
    /// The namespace of everything (`namespace`).
    pub namespace: Option<String>,
    /// The namespace of the login (`auth.namespace`), when it is another.
    pub auth_namespace: Option<String>,
    /// Whose certificates are good.
    pub roots: Roots,
    /// Our own certificate.
    pub own: Option<OwnCertificate>,
    /// The name that the server's certificate has to be for, when that is not the host's.
    pub server_name: Option<String>,
    /// More headers for every request (`headers`).
    pub headers: Vec<(String, String)>,
    /// Whether what we wrote has to be seen by what we read after (`readYourWrites`).
    pub read_your_writes: bool,
    /// Whether a standby that does not know yet shall pass the request on (`forwardInconsistent`).
    pub forward_inconsistent: bool,
    /// For one request with its answer.
    pub timeout: Duration,
    /// How often a request is repeated (`retrySettings.maxRetries`).
    pub retries: u32,
    /// The pause between (`retrySettings.retryInterval`); growing ones from a quarter of a second when `None`.
    pub pause: Option<Duration>,
    /// So many requests at a time, over as many connections; at most [`MOST_AT_ONCE`].
    pub concurrency: usize,
    /// Whether writes say which version they replace (`checkAndSet.required`).
    pub cas: bool,
    /// Who we are.
    pub login: LoginSource,
    /// Set to true by whoever wants us to stop: nothing more is sent, and waiting ends.
    pub cancel: Arc<AtomicBool>,
}

impl Settings {
    /// With what External Secrets Operator does when nothing else is said.
    pub fn new(address: Address, login: LoginSource) -> Self {
        Self {
            address,
            mount: None,
            version: Version::V2,
            namespace: None,
            auth_namespace: None,
            roots: Roots::System,
            own: None,
            server_name: None,
            headers: Vec::new(),
            read_your_writes: false,
            forward_inconsistent: false,
            timeout: TIMEOUT,
            retries: RETRIES,
            pause: None,
            concurrency: MOST_AT_ONCE,
            cas: false,
            login,
            cancel: Arc::default(),
        }
    }
}

/// What proves who we are. `mount` is where the way to log in is enabled, without `auth/`.
pub enum Login {
    /// A token that somebody else takes care of: never renewed, never revoked.
    Token(SecretText),
    /// `approle`.
    AppRole {
        /// Where.
        mount: String,
        /// The role's id.
        role_id: SecretText,
        /// What proves it.
        secret_id: SecretText,
    },
    /// `kubernetes`: a service account's token.
    Kubernetes {
        /// Where.
        mount: String,
        /// The role.
        role: String,
        /// The token.
        jwt: SecretText,
    },
    /// `jwt`, and whatever is logged in to the same way, such as `gcp`.
    Jwt {
        /// Where.
        mount: String,
        /// The role; the default one when `None`.
        role: Option<String>,
        /// The token.
        jwt: SecretText,
    },
    /// `ldap`.
    Ldap {
        /// Where.
        mount: String,
        /// The name.
        username: String,
        /// What proves it.
        password: SecretText,
    },
    /// `userpass`.
    UserPass {
        /// Where.
        mount: String,
        /// The name.
        username: String,
        /// What proves it.
        password: SecretText,
    },
    /// `cert`: the certificate is that of the connection.
    Cert {
        /// Where.
        mount: String,
        /// The role; whichever fits when `None`.
        name: Option<String>,
    },
    /// `aws`: a request to AWS that Vault makes in our name (`sts:GetCallerIdentity`). Whoever calls us signs it.
    Iam {
        /// Where.
        mount: String,
        /// The role.
        role: String,
        /// The URL of the request, a `POST`.
        url: String,
        /// Its body.
        body: SecretBytes,
        /// Its headers, the signature among them, as a JSON object of strings or lists of strings.
        headers: SecretBytes,
    },
    /// Nobody: for what is open to all.
    None,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}([REDACTED])", self.kind())
    }
}

impl Login {
    /// The kind, as Vault names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::AppRole { .. } => "approle",
            Self::Kubernetes { .. } => "kubernetes",
            Self::Jwt { .. } => "jwt",
            Self::Ldap { .. } => "ldap",
            Self::UserPass { .. } => "userpass",
            Self::Cert { .. } => "cert",
            Self::Iam { .. } => "aws",
            Self::None => "none",
        }
    }
}
