//! What was chosen, complete: how to get to a cluster, and as whom.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::Uri;

use super::{Loaded, ReadFile, SERVICE_ACCOUNT};
use crate::k8s::error::{Cause, ClusterError};
use crate::k8s::exec::ExecCluster;
use crate::k8s::kubeconfig::{Cluster, Exec, User};
use crate::k8s::proxy;
use crate::secret::{SecretBytes, SecretText};

/// A program that logs us in may ask a person for something meanwhile.
const EXEC_PATIENCE: Duration = Duration::from_secs(300);

/// How to get to a cluster, and as whom.
pub struct Config {
    /// Where it is; with a path, all requests are below it.
    pub server: Uri,
    /// The proxy on the way.
    pub(in crate::k8s) proxy: Option<Uri>,
    /// The name that the certificate has to be for, when it is not the host's.
    pub tls_server_name: Option<String>,
    /// Do not look at the certificate.
    pub insecure: bool,
    /// Whose certificates are good, in PEM; without it those that the system trusts.
    pub authority: Option<Vec<u8>>,
    /// Our own certificate and its key, in PEM.
    pub(in crate::k8s) own: Option<(Vec<u8>, SecretBytes)>,
    /// Who we are.
    pub login: Login,
    /// As whom we act.
    pub impersonation: Impersonation,
    /// For one request with all its repetitions; without it there are limits of our own.
    pub timeout: Option<Duration>,
    pub(in crate::k8s) now: fn() -> Timestamp,
    pub(in crate::k8s) read: ReadFile,
}

impl Config {
    /// Logs in with this token, and nothing else.
    pub fn set_token(&mut self, token: SecretText) {
        self.own = None;
        self.login = Login::Token(token);
    }

    /// Logs in with this certificate and its key, both in PEM, and nothing else.
    pub fn set_own(&mut self, certificate: Vec<u8>, key: SecretBytes) {
        self.own = Some((certificate, key));
        self.login = Login::None;
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the URL of a proxy may have a password
        f.debug_struct("Config").field("server", &self.server).field("login", &self.login).finish_non_exhaustive()
    }
}

/// Who we are.
#[derive(Debug)]
pub enum Login {
    /// Nobody, or whoever our certificate is for.
    None,
    /// Whoever has this token.
    Token(SecretText),
    /// The same; the token is in a file and changes from time to time.
    TokenFile(PathBuf),
    /// A name and a password.
    Basic(String, SecretText),
    /// A program says it.
    Plugin(Box<Plugin>),
}

/// A program that logs us in.
pub struct Plugin {
    pub(in crate::k8s) exec: Exec,
    /// Told where we are going, if it wants to know.
    pub(in crate::k8s) cluster: Option<ExecCluster>,
    pub(in crate::k8s) terminal: bool,
    pub(in crate::k8s) patience: Duration,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // arguments and variables may be secret
        write!(f, "Plugin({:?})", self.exec.command)
    }
}

/// As whom we act.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Impersonation {
    /// The name; empty when it is ourselves.
    pub user: String,
    /// The id.
    pub uid: String,
    /// The groups.
    pub groups: Vec<String>,
    /// Anything else.
    pub extra: Vec<(String, Vec<String>)>,
}

impl Config {
    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.server.scheme_str() == Some("https")
    }

    /// Whether this is what client-go uses where nothing is configured.
    pub(super) fn is_default(&self) -> bool {
        let is_local = self.server.scheme_str() == Some("http")
            && self.server.authority().is_some_and(|host| host == "localhost:8080");
        is_local
            && self.server.path() == "/"
            && self.timeout.is_none()
            && self.impersonation == Impersonation::default()
    }
}

impl Loaded {
    /// From flags and files.
    pub(super) fn direct(&self) -> Result<Config, ClusterError> {
        let user = self.user()?;
        self.context()?;
        let cluster = self.cluster()?;
        self.confirm_usable()?;
        let server = server_of(&cluster.server)?;
        let is_tls = server.scheme_str() == Some("https");
        let mut config = self.bare(server, self.timeout()?)?;
        if !cluster.proxy_url.is_empty() {
            config.proxy =
                Some(proxy::parse(&cluster.proxy_url).map_err(|fault| ClusterError::new(Cause::BadConfig, fault))?);
        }
        if !user.impersonate.is_empty() {
            config.impersonation = Impersonation {
                user: user.impersonate.clone(),
                uid: user.impersonate_uid.clone(),
                groups: user.impersonate_groups.clone(),
                extra: user.impersonate_extra.clone(),
            };
        }
        // nobody is told who we are on a connection that everybody can read
        if is_tls {
            config.insecure = cluster.insecure;
            config.tls_server_name = Some(cluster.tls_server_name.clone()).filter(|name| !name.is_empty());
            config.authority = self.authority(&cluster)?;
            if config.insecure && config.authority.is_some() {
                let text = "specifying a root certificates file with the insecure flag is not allowed";
                return Err(ClusterError::new(Cause::BadConfig, text));
            }
            self.log_in(&mut config, &cluster, user)?;
        }
        Ok(config)
    }

    /// From what a container of a pod has.
    pub(super) fn in_cluster(&self) -> Result<Config, ClusterError> {
        let host = self.around.service_host.as_deref().unwrap_or_default();
        let port = self.around.service_port.as_deref().unwrap_or_default();
        let server = match self.overrides.server.as_str() {
            "" if host.contains(':') => format!("https://[{host}]:{port}"),
            "" => format!("https://{host}:{port}"),
            server => server.to_owned(),
        };
        let mut config = self.bare(server_of(&server)?, self.timeout()?)?;
        if !config.is_tls() {
            return Ok(config);
        }
        config.login = match self.overrides.token.expose() {
            "" => Login::TokenFile(Path::new(SERVICE_ACCOUNT).join("token")),
            token => Login::Token(SecretText::new(token.to_owned())),
        };
        config.authority = Some(match &self.overrides.certificate_authority {
            Some(path) => self.file(path)?.expose().to_vec(),
            None => self.file(&Path::new(SERVICE_ACCOUNT).join("ca.crt"))?.expose().to_vec(),
        });
        Ok(config)
    }

    fn bare(&self, server: Uri, timeout: Option<Duration>) -> Result<Config, ClusterError> {
        let around = &self.around;
        let proxy =
            proxy::of_environment(&server, around).map_err(|fault| ClusterError::new(Cause::BadConfig, fault))?;
        Ok(Config {
            server,
            proxy,
            tls_server_name: None,
            insecure: false,
            authority: None,
            own: None,
            login: Login::None,
            impersonation: Impersonation::default(),
            timeout,
            now: around.now,
            read: around.read.clone(),
        })
    }

    fn authority(&self, cluster: &Cluster) -> Result<Option<Vec<u8>>, ClusterError> {
        match &cluster.authority {
            _ if !cluster.authority_data.is_empty() => Ok(Some(cluster.authority_data.clone())),
            Some(path) => Ok(Some(self.file(path)?.expose().to_vec())),
            None => Ok(None),
        }
    }

    fn log_in(&self, config: &mut Config, cluster: &Cluster, user: User) -> Result<(), ClusterError> {
        let mut own = user.certificate_data;
        if let (true, Some(path)) = (own.is_empty(), &user.certificate) {
            own = self.file(path)?.expose().to_vec();
        }
        if !own.is_empty() {
            let key = match &user.key {
                _ if !user.key_data.expose().is_empty() => user.key_data,
                Some(path) => self.file(path)?,
                None => SecretBytes::default(),
            };
            config.own = Some((own, key));
        }
        let is_basic = !user.username.is_empty() || !user.password.expose().is_empty();
        config.login = match (user.token_file, user.provider, user.exec) {
            (Some(path), ..) => {
                if is_basic {
                    let text = "username/password or bearer token may be set, but not both";
                    return Err(ClusterError::new(Cause::BadConfig, text));
                }
                self.file(&path)?;
                Login::TokenFile(path)
            }
            _ if !user.token.expose().is_empty() => Login::Token(user.token),
            _ if is_basic => Login::Basic(user.username, user.password),
            (_, _, Some(exec)) if config.own.is_none() => Login::Plugin(Box::new(Plugin {
                cluster: exec.provide_cluster_info.then(|| ExecCluster::of(config, cluster)),
                exec,
                terminal: self.around.terminal,
                patience: EXEC_PATIENCE,
            })),
            (_, Some(provider), _) if provider.name == "oidc" && !provider.id_token.expose().is_empty() => {
                Login::Token(provider.id_token)
            }
            (_, Some(provider), _) if provider.name == "oidc" => {
                let text = "No valid id-token, and cannot refresh without refresh-token";
                return Err(ClusterError::new(Cause::BadConfig, text).hint(PLUGIN_HINT));
            }
            (_, Some(provider), _) => {
                let text = format!("no Auth Provider found for name {:?}", provider.name);
                return Err(ClusterError::new(Cause::BadConfig, text).hint(PLUGIN_HINT));
            }
            _ => Login::None,
        };
        Ok(())
    }
}

const PLUGIN_HINT: &str =
    "let the kubeconfig name a login program of your provider (users[].user.exec), such as kubelogin";

/// `host`, `host:port` or a URL, as client-go's `DefaultServerURL`: without a scheme it is not TLS.
fn server_of(text: &str) -> Result<Uri, ClusterError> {
    let bad = || ClusterError::new(Cause::BadConfig, format!("host must be a URL or a host:port pair: {text:?}"));
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = bare.split_once("://").unwrap_or(("http", bare));
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    // passwords in URLs would go into messages
    if authority.is_empty() || authority.contains('@') || !matches!(scheme, "http" | "https") {
        return Err(ClusterError::new(Cause::BadConfig, "host must be a URL or a host:port pair, without a user")
            .hint("the address is server in the kubeconfig, or --server"));
    }
    if !bare.contains("://") && !path.is_empty() {
        return Err(bad());
    }
    format!("{scheme}://{authority}/{}", path.trim_end_matches('/')).parse().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        let of = |text: &str| server_of(text).map(|uri| uri.to_string());
        assert_eq!(of("https://h:6443").unwrap(), "https://h:6443/");
        assert_eq!(of("https://h/k8s/clusters/c-1/").unwrap(), "https://h/k8s/clusters/c-1");
        assert_eq!(of("https://h/?x#y").unwrap(), "https://h/");
        assert_eq!(of("localhost:8080").unwrap(), "http://localhost:8080/");
        assert_eq!(of("https://[::1]:6443").unwrap(), "https://[::1]:6443/");
        for text in ["", "https://", "h/path", "ftp://h", "https://me:hunter2@h", "https://h h"] {
            let error = of(text).unwrap_err();
            assert!(error.cause == Cause::BadConfig && !error.text.contains("hunter2"), "{text}");
        }
    }
}
