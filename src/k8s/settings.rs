//! Which cluster, as whom, and which namespace: flags, then kubeconfig files, then what a pod finds in its container. The rules and
//! the texts of errors are those of client-go v0.34.3 (`tools/clientcmd`).
//!
//! Nothing here touches the network. Files are read through a function that the caller gives.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::error::{Cause, ClusterError, io_reason, io_text};
use super::kubeconfig::Kubeconfig;
use crate::secret::{SecretBytes, SecretText};

mod choose;
mod config;
mod duration;

pub use config::{Config, Impersonation, Login, Plugin};

/// What a container of a pod has from its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Reads a file, which may be a pipe.
pub type ReadFile = Arc<dyn Fn(&Path) -> io::Result<SecretBytes> + Send + Sync>;

/// What kubectl and kubeseal have flags for. Empty text is the same as none.
#[derive(Default)]
pub struct Overrides {
    /// `--kubeconfig`
    pub kubeconfig: Option<PathBuf>,
    /// `--cluster`
    pub cluster: String,
    /// `--user`
    pub user: String,
    /// `--context`
    pub context: String,
    /// `--namespace`; see [`strip_namespace`]
    pub namespace: String,
    /// `--server`
    pub server: String,
    /// `--tls-server-name`
    pub tls_server_name: String,
    /// `--insecure-skip-tls-verify`
    pub insecure_skip_tls_verify: bool,
    /// `--client-certificate`
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`
    pub client_key: Option<PathBuf>,
    /// `--certificate-authority`
    pub certificate_authority: Option<PathBuf>,
    /// `--token`
    pub token: SecretText,
    /// `--as`
    pub impersonate: String,
    /// `--as-uid`
    pub impersonate_uid: String,
    /// `--as-group`
    pub impersonate_groups: Vec<String>,
    /// `--username`
    pub username: String,
    /// `--password`
    pub password: SecretText,
    /// `--request-timeout`: seconds, or a duration such as `1m30s`; 0 is none
    pub request_timeout: String,
    /// `--proxy-url`
    pub proxy_url: String,
    /// `--disable-compression`; we never ask for compressed answers
    pub disable_compression: bool,
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the URL of a proxy may have a password
        let shown = [&self.context, &self.cluster, &self.user, &self.namespace];
        f.debug_struct("Overrides").field("kubeconfig", &self.kubeconfig).field("names", &shown).finish_non_exhaustive()
    }
}

/// The value of `--namespace` without what kubectl prints before it: `ns/x` is `x`.
pub fn strip_namespace(text: &str) -> &str {
    let prefixes = ["namespaces/", "namespace/", "ns/"];
    prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}

/// What the world around us says.
pub struct Surroundings {
    /// `KUBECONFIG`
    pub kubeconfig: Option<OsString>,
    /// The home folder.
    pub home: Option<PathBuf>,
    /// `KUBERNETES_SERVICE_HOST`
    pub service_host: Option<String>,
    /// `KUBERNETES_SERVICE_PORT`
    pub service_port: Option<String>,
    /// `POD_NAMESPACE`
    pub pod_namespace: Option<String>,
    /// `HTTPS_PROXY` or `https_proxy`
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY` or `http_proxy`
    pub http_proxy: Option<String>,
    /// `NO_PROXY` or `no_proxy`
    pub no_proxy: Option<String>,
    /// Whether standard input is a terminal, for programs that log in.
    pub terminal: bool,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// Reads files.
    pub read: ReadFile,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URLs of proxies may have passwords
        f.debug_struct("Surroundings")
            .field("kubeconfig", &self.kubeconfig)
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// The namespace for what names none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Whether a flag said so, and not a file.
    pub explicit: bool,
}

/// Flags and files, read and merged.
pub struct Loaded {
    overrides: Overrides,
    around: Surroundings,
    kubeconfig: Kubeconfig,
    missing: Vec<PathBuf>,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("overrides", &self.overrides)
            .field("around", &self.around)
            .finish_non_exhaustive()
    }
}

impl Loaded {
    /// Reads the kubeconfig files: the one of the flag, else those of `KUBECONFIG`, else the one in the home folder. Files of
    /// the latter two that are not there are passed over.
    ///
    /// # Errors
    /// The file of the flag is not there, or a file cannot be read.
    pub fn load(overrides: Overrides, around: Surroundings) -> Result<Self, ClusterError> {
        let listed = around.kubeconfig.as_ref().filter(|list| !list.is_empty());
        let (paths, warns) = match (&overrides.kubeconfig, listed) {
            (Some(path), _) if !path.as_os_str().is_empty() => (vec![path.clone()], false),
            (_, Some(list)) => (split(list), true),
            (_, None) => (around.home.iter().map(|home| home.join(".kube").join("config")).collect(), false),
        };
        let is_explicit = overrides.kubeconfig.as_ref().is_some_and(|path| !path.as_os_str().is_empty());
        let mut merged = Kubeconfig::default();
        let (mut missing, mut faults, mut found) = (Vec::new(), Vec::new(), 0);
        for path in paths {
            let text = match (around.read)(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if is_explicit {
                        let text = io_text("stat", &path, &error);
                        return Err(ClusterError::new(Cause::BadConfig, text).hint("--kubeconfig names a file"));
                    }
                    missing.push(path);
                    continue;
                }
                Err(error) => {
                    faults.push(format!(
                        "error loading config file {:?}: {}",
                        path.display().to_string(),
                        io_text("open", &path, &error)
                    ));
                    continue;
                }
            };
            found += 1;
            match Kubeconfig::parse(text, &path) {
                Ok(read) => merged.merge(read),
                Err(fault) => {
                    faults.push(format!("error loading config file {:?}: {fault}", path.display().to_string()));
                }
            }
        }
        if !faults.is_empty() {
            let text = if faults.len() == 1 { faults.remove(0) } else { format!("[{}]", faults.join(", ")) };
            return Err(ClusterError::new(Cause::BadConfig, text));
        }
        if !warns || found > 0 {
            missing.clear();
        }
        Ok(Self { overrides, around, kubeconfig: merged, missing })
    }

    /// What a person should know although it is no error.
    pub fn warning(&self) -> Option<String> {
        let missing: Vec<String> = self.missing.iter().map(|path| path.display().to_string()).collect();
        (!missing.is_empty()).then(|| format!("Config not found: {}", missing.join(", ")))
    }

    /// The namespace for what names none.
    ///
    /// # Errors
    /// The configuration cannot be used, or there is none.
    pub fn namespace(&self) -> Result<Namespace, ClusterError> {
        if !self.overrides.namespace.is_empty() {
            return Ok(Namespace { name: self.overrides.namespace.clone(), explicit: true });
        }
        let implicit = |name: &str| Ok(Namespace { name: name.to_owned(), explicit: false });
        match self.confirm_usable() {
            Err(error) if error.cause == Cause::NoConfig && self.is_in_cluster() => {}
            Err(error) => return Err(error),
            Ok(()) => {
                let own = self.context()?.namespace;
                match own.as_str() {
                    "" if self.is_in_cluster() => {}
                    "" => return implicit("default"),
                    name => return implicit(name),
                }
            }
        }
        if let Some(name) = self.around.pod_namespace.as_deref().filter(|name| !name.is_empty()) {
            return implicit(name);
        }
        let of_account = (self.around.read)(&Path::new(SERVICE_ACCOUNT).join("namespace")).ok();
        let of_account = of_account.as_ref().and_then(|text| std::str::from_utf8(text.expose()).ok()).map(str::trim);
        implicit(of_account.filter(|name| !name.is_empty()).unwrap_or("default"))
    }

    /// How to get to the cluster, and as whom.
    ///
    /// # Errors
    /// The configuration cannot be used, or there is none.
    pub fn config(&self) -> Result<Config, ClusterError> {
        match self.direct() {
            Err(error) if error.cause == Cause::NoConfig && self.is_in_cluster() => self.in_cluster(),
            // what a program that knows of no cluster would use by itself
            Ok(config) if config.is_default() && self.is_in_cluster() => self.in_cluster(),
            other => other,
        }
    }

    fn is_in_cluster(&self) -> bool {
        let is_set = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        is_set(&self.around.service_host)
            && is_set(&self.around.service_port)
            && (self.around.read)(&Path::new(SERVICE_ACCOUNT).join("token")).is_ok()
    }

    fn timeout(&self) -> Result<Option<Duration>, ClusterError> {
        match self.overrides.request_timeout.as_str() {
            "" => Ok(None),
            text => duration::parse(text).map(|timeout| Some(timeout).filter(|timeout| !timeout.is_zero())).ok_or_else(|| {
                let text = "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a \
                            corresponding time unit (e.g. 1s | 2m | 3h)";
                ClusterError::new(Cause::BadConfig, text).hint("the value is that of --request-timeout")
            }),
        }
    }

    /// The content of a file that the configuration names.
    fn file(&self, path: &Path) -> Result<SecretBytes, ClusterError> {
        (self.around.read)(path).map_err(|error| ClusterError::new(Cause::BadConfig, io_text("open", path, &error)))
    }

    /// Why a file that the configuration names cannot be read.
    fn unreadable(&self, path: &Path) -> Option<String> {
        (self.around.read)(path).err().map(|error| format!("open {}: {}", path.display(), io_reason(&error)))
    }
}

/// A list of paths, each once.
fn split(list: &OsString) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in std::env::split_paths(list) {
        if !path.as_os_str().is_empty() && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

#[cfg(test)]
mod tests;
