//! Which cluster: what the environment and the files of this machine say goes to the room that talks to it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::fsio::env::{Env, Var};
use crate::fsio::read::read_stream;
use crate::fsio::{FsError, clock, terminal};
use crate::k8s::settings::Login;
use crate::k8s::{Cause, ClusterError, Config, Loaded, Overrides, Surroundings};
use crate::secret::SecretBytes;

/// No kubeconfig, certificate or token is larger.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// Reads the kubeconfig files that the flags and the environment name. Nothing is connected.
///
/// # Errors
/// A file cannot be read; see [`Loaded::load`].
pub fn load(overrides: Overrides, env: &Env) -> Result<Loaded, ClusterError> {
    let text = |var| env.text(var).map(str::to_owned);
    let either = |first, second| text(first).or_else(|| text(second));
    let around = Surroundings {
        kubeconfig: env.os(Var::Kubeconfig).map(ToOwned::to_owned),
        home: env.home().map(Path::to_owned),
        service_host: text(Var::KubernetesServiceHost),
        service_port: text(Var::KubernetesServicePort),
        pod_namespace: text(Var::PodNamespace),
        https_proxy: either(Var::HttpsProxy, Var::HttpsProxyLower),
        http_proxy: either(Var::HttpProxy, Var::HttpProxyLower),
        no_proxy: either(Var::NoProxy, Var::NoProxyLower),
        terminal: terminal::stdin_is_terminal(),
        now: clock::timestamp,
        read: Arc::new(read),
    };
    Loaded::load(overrides, around)
}

/// What a kubeconfig in a Secret is called.
const GIVEN: &str = "the kubeconfig of the store";

/// Reads a kubeconfig that was given, and nothing else: neither the files and variables of this machine, which are for whoever runs
/// us, nor files that it names. A program that it names for logging in is not started.
///
/// # Errors
/// It cannot be read, names files or a program; see [`Loaded::config`].
pub fn load_given(overrides: Overrides, kubeconfig: SecretBytes, env: &Env) -> Result<Config, ClusterError> {
    let text = |var| env.text(var).map(str::to_owned);
    let either = |first, second| text(first).or_else(|| text(second));
    let around = Surroundings {
        kubeconfig: Some(GIVEN.into()),
        home: None,
        service_host: None,
        service_port: None,
        pod_namespace: None,
        https_proxy: either(Var::HttpsProxy, Var::HttpsProxyLower),
        http_proxy: either(Var::HttpProxy, Var::HttpProxyLower),
        no_proxy: either(Var::NoProxy, Var::NoProxyLower),
        terminal: false,
        now: clock::timestamp,
        read: Arc::new(move |path: &Path| match path.ends_with(GIVEN) {
            true => Ok(SecretBytes::new(kubeconfig.expose().to_vec())),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }),
    };
    let config = Loaded::load(overrides, around)?.config()?;
    match config.login {
        Login::Plugin(_) => Err(ClusterError {
            cause: Cause::BadConfig,
            text: "a kubeconfig in a Secret may not start a program to log in".into(),
            hint: Some("let it have a token, or a certificate and its key".into()),
            status: None,
        }),
        _ => Ok(config),
    }
}

fn read(path: &Path) -> io::Result<SecretBytes> {
    match read_stream(path, FILE_LIMIT) {
        Ok(mut bytes) => Ok(SecretBytes::new(std::mem::take(&mut *bytes))),
        Err(FsError::Missing(_)) => Err(io::ErrorKind::NotFound.into()),
        Err(FsError::NotAFile(_)) => Err(io::ErrorKind::IsADirectory.into()),
        Err(FsError::Io { source, .. }) => Err(source),
        Err(other) => Err(io::Error::other(other)),
    }
}
