//! Which cluster: what the environment and the files of this machine say goes to the room that talks to it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::fsio::env::{Env, Var};
use crate::fsio::read::read_stream;
use crate::fsio::{FsError, clock, terminal};
use crate::k8s::{ClusterError, Loaded, Overrides, Surroundings};
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

fn read(path: &Path) -> io::Result<SecretBytes> {
    match read_stream(path, FILE_LIMIT) {
        Ok(mut bytes) => Ok(SecretBytes::new(std::mem::take(&mut *bytes))),
        Err(FsError::Missing(_)) => Err(io::ErrorKind::NotFound.into()),
        Err(FsError::NotAFile(_)) => Err(io::ErrorKind::IsADirectory.into()),
        Err(FsError::Io { source, .. }) => Err(source),
        Err(other) => Err(io::Error::other(other)),
    }
}
