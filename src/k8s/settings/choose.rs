//! Context, cluster and user out of files and flags, and what is wrong with them (client-go v0.34.3 `tools/clientcmd`,
//! `client_config.go` and `validation.go`).

use std::path::Path;

use super::Loaded;
use crate::k8s::error::{Cause, ClusterError};
use crate::k8s::kubeconfig::{Cluster, Context, User};
use crate::k8s::proxy;
use crate::secret::{SecretBytes, SecretText};

fn or(flag: &str, file: &str) -> String {
    if flag.is_empty() { file.to_owned() } else { flag.to_owned() }
}

fn not_there(what: &str, name: &str) -> ClusterError {
    ClusterError::new(Cause::BadConfig, format!("{what} {name:?} does not exist"))
        .hint("kubectl config get-contexts shows what the kubeconfig files have")
}

/// [`SecretText`] cannot be cloned by accident.
fn copy(secret: &SecretText) -> SecretText {
    SecretText::new(secret.expose().to_owned())
}

impl Loaded {
    /// The context that is asked for, and whether it has to be there.
    fn context_name(&self) -> (&str, bool) {
        match self.overrides.context.as_str() {
            "" => (&self.kubeconfig.current_context, false),
            name => (name, true),
        }
    }

    pub(super) fn context(&self) -> Result<Context, ClusterError> {
        let (name, required) = self.context_name();
        let empty = Context::default();
        let file = match self.kubeconfig.context(name) {
            Some(context) => context,
            None if required => return Err(not_there("context", name)),
            None => &empty,
        };
        Ok(Context {
            cluster: or(&self.overrides.cluster, &file.cluster),
            user: or(&self.overrides.user, &file.user),
            namespace: or(&self.overrides.namespace, &file.namespace),
        })
    }

    pub(super) fn user_name(&self) -> String {
        match self.overrides.user.as_str() {
            "" => self.context().map(|context| context.user).unwrap_or_default(),
            name => name.to_owned(),
        }
    }

    fn cluster_name(&self) -> String {
        match self.overrides.cluster.as_str() {
            "" => self.context().map(|context| context.cluster).unwrap_or_default(),
            name => name.to_owned(),
        }
    }

    pub(super) fn user(&self) -> Result<User, ClusterError> {
        let (flags, name) = (&self.overrides, self.user_name());
        let empty = User::default();
        let file = match self.kubeconfig.user(&name) {
            Some(user) => user,
            None if !flags.user.is_empty() => return Err(not_there("auth info", &name)),
            None => &empty,
        };
        let key_data = SecretBytes::new(file.key_data.expose().to_vec());
        let secret = |flag: &SecretText, file: &SecretText| copy(if flag.expose().is_empty() { file } else { flag });
        let groups =
            if flags.impersonate_groups.is_empty() { &file.impersonate_groups } else { &flags.impersonate_groups };
        Ok(User {
            certificate: flags.client_certificate.clone().or_else(|| file.certificate.clone()),
            certificate_data: if flags.client_certificate.is_some() {
                Vec::new()
            } else {
                file.certificate_data.clone()
            },
            key: flags.client_key.clone().or_else(|| file.key.clone()),
            key_data: if flags.client_key.is_some() { SecretBytes::default() } else { key_data },
            token: secret(&flags.token, &file.token),
            token_file: file.token_file.clone().filter(|_| flags.token.expose().is_empty()),
            impersonate: or(&flags.impersonate, &file.impersonate),
            impersonate_uid: or(&flags.impersonate_uid, &file.impersonate_uid),
            impersonate_groups: groups.clone(),
            impersonate_extra: file.impersonate_extra.clone(),
            username: or(&flags.username, &file.username),
            password: secret(&flags.password, &file.password),
            provider: file.provider.as_ref().map(|provider| crate::k8s::kubeconfig::Provider {
                name: provider.name.clone(),
                id_token: copy(&provider.id_token),
            }),
            exec: file.exec.clone(),
        })
    }

    pub(super) fn cluster(&self) -> Result<Cluster, ClusterError> {
        let (flags, name) = (&self.overrides, self.cluster_name());
        let empty = Cluster::default();
        let file = match self.kubeconfig.cluster(&name) {
            Some(cluster) => cluster,
            None if !flags.cluster.is_empty() => return Err(not_there("cluster", &name)),
            None => &empty,
        };
        // these flags take the place of everything that the file says about trust
        let trust = flags.insecure_skip_tls_verify || flags.certificate_authority.is_some();
        let named = !flags.tls_server_name.is_empty() || !flags.server.is_empty();
        Ok(Cluster {
            server: or(&flags.server, &file.server),
            tls_server_name: if named { flags.tls_server_name.clone() } else { file.tls_server_name.clone() },
            insecure: if trust { flags.insecure_skip_tls_verify } else { file.insecure },
            authority: if trust { flags.certificate_authority.clone() } else { file.authority.clone() },
            authority_data: if trust { Vec::new() } else { file.authority_data.clone() },
            proxy_url: or(&flags.proxy_url, &file.proxy_url),
            disable_compression: flags.disable_compression || file.disable_compression,
            exec_config: file.exec_config.clone(),
        })
    }

    /// Says everything that is wrong with what was chosen.
    pub(super) fn confirm_usable(&self) -> Result<(), ClusterError> {
        let mut faults = Vec::new();
        let current = self.context_name().0;
        if !current.is_empty() && self.kubeconfig.context(current).is_none() {
            faults.push(format!("context was not found for specified context: {current}"));
        }
        if let Ok(user) = self.user() {
            self.faults_of_user(&self.user_name(), &user, &mut faults);
        }
        match self.cluster() {
            Ok(cluster) if is_empty(&cluster) && faults.is_empty() => return Err(ClusterError::no_config()),
            Ok(cluster) if is_empty(&cluster) => faults.push("cluster has no server defined".to_owned()),
            Ok(cluster) => self.faults_of_cluster(&self.cluster_name(), &cluster, &mut faults),
            // client-go does not take one that is not there for an empty one
            Err(_) => self.faults_of_cluster(&self.cluster_name(), &Cluster::default(), &mut faults),
        }
        if faults.is_empty() { Ok(()) } else { Err(ClusterError::invalid(&faults)) }
    }

    fn faults_of_cluster(&self, name: &str, cluster: &Cluster, faults: &mut Vec<String>) {
        if cluster.server.is_empty() {
            faults.push(match name {
                "" => "default cluster has no server defined".to_owned(),
                name => format!("no server found for cluster {name:?}"),
            });
        }
        if !cluster.proxy_url.is_empty()
            && let Err(fault) = proxy::check(&cluster.proxy_url)
        {
            // one with a user may have a password
            let shown =
                if cluster.proxy_url.contains('@') { String::new() } else { format!("{:?} ", cluster.proxy_url) };
            faults.push(format!("invalid 'proxy-url' {shown}for cluster {name:?}: {fault}"));
        }
        if let Some(path) = &cluster.authority {
            if !cluster.authority_data.is_empty() {
                faults.push(format!(
                    "certificate-authority-data and certificate-authority are both specified for {name}. \
                     certificate-authority-data will override."
                ));
            }
            self.faults_of_file("certificate-authority", path, name, faults);
        }
    }

    fn faults_of_user(&self, name: &str, user: &User, faults: &mut Vec<String>) {
        if user.certificate.is_some() || !user.certificate_data.is_empty() {
            let has_key_data = !user.key_data.expose().is_empty();
            if user.certificate.is_some() && !user.certificate_data.is_empty() {
                faults.push(format!(
                    "client-cert-data and client-cert are both specified for {name}. client-cert-data will override."
                ));
            }
            if user.key.is_some() && has_key_data {
                faults.push(format!(
                    "client-key-data and client-key are both specified for {name}; client-key-data will override"
                ));
            }
            if user.key.is_none() && !has_key_data {
                faults.push(format!(
                    "client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
                ));
            }
            for (what, path) in [("client-cert", &user.certificate), ("client-key", &user.key)] {
                if let Some(path) = path {
                    self.faults_of_file(what, path, name, faults);
                }
            }
        }
        faults_of_exec(name, user, faults);
        let is_basic = !user.username.is_empty() || !user.password.expose().is_empty();
        if is_basic && !user.token.expose().is_empty() {
            faults.push(format!(
                "more than one authentication method found for {name}; found [token basicAuth], only one is allowed"
            ));
        }
        let has_more = !user.impersonate_uid.is_empty()
            || !user.impersonate_groups.is_empty()
            || !user.impersonate_extra.is_empty();
        if has_more && user.impersonate.is_empty() {
            faults.push(format!("requesting uid, groups or user-extra for {name} without impersonating a user"));
        }
    }

    fn faults_of_file(&self, what: &str, path: &Path, name: &str, faults: &mut Vec<String>) {
        if let Some(reason) = self.unreadable(path) {
            faults.push(format!("unable to read {what} {} for {name} due to {reason}", path.display()));
        }
    }
}

fn faults_of_exec(name: &str, user: &User, faults: &mut Vec<String>) {
    let Some(exec) = &user.exec else { return };
    if user.provider.is_some() {
        faults.push(format!("authProvider cannot be provided in combination with an exec plugin for {name}"));
    }
    let mut must =
        |what: &str| faults.push(format!("{what} must be specified for {name} to use exec authentication plugin"));
    if exec.command.is_empty() {
        must("command");
    }
    if exec.api_version.is_empty() {
        must("apiVersion");
    }
    if exec.env.iter().any(|(name, _)| name.is_empty()) {
        must("env variable name");
    }
    match exec.interactive_mode.as_str() {
        "" => must("interactiveMode"),
        "Never" | "IfAvailable" | "Always" => {}
        mode => faults.push(format!("invalid interactiveMode for {name}: {mode:?}")),
    }
}

fn is_empty(cluster: &Cluster) -> bool {
    let Cluster {
        server,
        tls_server_name,
        insecure,
        authority,
        authority_data,
        proxy_url,
        disable_compression,
        exec_config,
    } = cluster;
    server.is_empty()
        && tls_server_name.is_empty()
        && !insecure
        && authority.is_none()
        && authority_data.is_empty()
        && proxy_url.is_empty()
        && !disable_compression
        && exec_config.is_none()
}
