//! The environment, the cluster and the files of this machine, for a run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
#[cfg(feature = "kube")]
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::files::{RepositoryFiles, store_error};
use super::input::{Locked, LoginArgs};
use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Source};
use crate::fsio::env::Var;
use crate::fsio::read::{KEY_LIMIT, read_stream};
use crate::fsio::signals;
use crate::manifest::{self, Secret};
use crate::secret::{SecretBytes, SecretText};
use crate::store::file::Files;
use crate::store::{StoreCause, StoreError};
use crate::sync::around::{Around, Texts, Values, no_cluster};

/// Where a pod finds the token of its service account.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Namespace, name and values of a Secret of an encrypted manifest.
type Unlocked = (String, String, Values);

/// See the file's description.
pub struct Surroundings {
    session: Arc<Session>,
    as_me: bool,
    locked: BTreeMap<(String, String), Locked>,
    opened: Mutex<BTreeMap<PathBuf, Vec<Unlocked>>>,
    said: Mutex<BTreeSet<String>>,
    cancel: Arc<AtomicBool>,
    #[cfg(feature = "kube")]
    context: Option<String>,
    #[cfg(feature = "kube")]
    client: OnceLock<Result<Arc<crate::k8s::Client>, StoreError>>,
}

impl Surroundings {
    /// What there is. Nothing is opened or connected yet.
    pub fn new(session: Arc<Session>, login: &LoginArgs, locked: BTreeMap<(String, String), Locked>) -> Self {
        let cancel = Arc::new(AtomicBool::new(false));
        Self {
            session,
            as_me: login.as_me,
            locked,
            opened: Mutex::default(),
            said: Mutex::default(),
            cancel,
            #[cfg(feature = "kube")]
            context: login.context.clone(),
            #[cfg(feature = "kube")]
            client: OnceLock::new(),
        }
    }

    /// From now on a signal stops what is being waited for.
    pub fn stop_on_signal(&self) {
        let cancel = self.cancel.clone();
        signals::on_stop(move || cancel.store(true, std::sync::atomic::Ordering::Relaxed));
    }

    /// From now on `stop` stops what is being waited for.
    pub fn stop_with(&self, stop: &crate::daemon::stop::Stop) {
        let (cancel, asked) = (self.cancel.clone(), stop.clone());
        stop.on_news(move || {
            if asked.is_set() {
                cancel.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        });
    }

    /// A Secret from a manifest that is encrypted with SOPS.
    fn unlocked(&self, namespace: &str, name: &str) -> Result<Option<Values>, StoreError> {
        let Some(locked) = self.locked.get(&(namespace.to_owned(), name.to_owned())) else { return Ok(None) };
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if !opened.contains_key(&locked.path) {
            let secrets = self.open(&locked.path).map_err(|failure| store_error(&failure))?;
            opened.insert(locked.path.clone(), secrets);
        }
        let found = opened.get(&locked.path).into_iter().flatten();
        let mut found = found.filter(|(other, known, _)| known == name && (other.is_empty() || other == namespace));
        Ok(found.next().map(|(_, _, values)| values.clone()))
    }

    fn open(&self, path: &Path) -> Result<Vec<Unlocked>, crate::failure::Failure> {
        let name = self.session.shown(path);
        let mut source = Source::file(path)?;
        source.name.clone_from(&name);
        let decrypted = sopsfile::open_source(&self.session, source)?.decrypt(false)?;
        let unreadable = |error: &dyn std::error::Error| {
            crate::failure::Failure::of(crate::failure::Kind::CannotRead, error).about(&name)
        };
        let mut secrets = Vec::new();
        for object in manifest::read(decrypted.bytes()).map_err(|error| unreadable(&error))? {
            let mut secret = Secret::from_object(&object).map_err(|error| unreadable(&error))?;
            let data: BTreeMap<String, SecretBytes> = std::mem::take(&mut secret.data).into_iter().collect();
            secrets.push((secret.namespace.clone(), secret.name.clone(), Arc::new(data)));
        }
        Ok(secrets)
    }
}

#[cfg(feature = "vault")]
impl Surroundings {
    /// A token of our own goes to the server that it is for, and not wherever a manifest says: to `VAULT_ADDR`, or to this machine.
    fn own_address(&self, address: &str) -> Result<crate::net::vault::Address, StoreError> {
        use crate::net::vault::{Address, for_shell};
        let invalid = |error: crate::net::vault::VaultError| StoreError::new(StoreCause::Invalid, error.to_string());
        let wanted = Address::parse(address).map_err(invalid)?;
        let ours = self.session.env.text(Var::VaultAddr).map(Address::parse).transpose().map_err(invalid)?;
        if ours.as_ref() == Some(&wanted) || (ours.is_none() && wanted.is_local()) {
            return Ok(wanted);
        }
        let what = match ours {
            Some(ours) => format!("your own token is for {ours} (VAULT_ADDR), and the manifest names {wanted}"),
            None => format!("the manifest names {wanted}, and VAULT_ADDR does not say that your own token is for it"),
        };
        Err(StoreError::new(StoreCause::Login, what)
            .hint(format!("if you trust that server: export VAULT_ADDR={}", for_shell(address))))
    }
}

#[cfg(feature = "kube")]
impl Surroundings {
    /// Whether there is a cluster to ask.
    fn has_cluster(&self) -> bool {
        self.context.is_some()
    }

    /// The client of the cluster that was named.
    ///
    /// # Errors
    /// What the configuration says.
    pub fn client(&self) -> Result<Arc<crate::k8s::Client>, StoreError> {
        self.client
            .get_or_init(|| {
                let overrides = crate::k8s::Overrides {
                    context: self.context.clone().unwrap_or_default(),
                    ..crate::k8s::Overrides::default()
                };
                let config =
                    crate::commands::cluster::load(overrides, &self.session.env).and_then(|loaded| loaded.config());
                config
                    .map(|config| Arc::new(crate::k8s::Client::new(config)))
                    .map_err(|error| super::secrets::error(&error))
            })
            .clone()
    }
}

impl Around for Surroundings {
    fn secret(&self, namespace: &str, name: &str) -> Result<Option<Values>, StoreError> {
        if let Some(values) = self.unlocked(namespace, name)? {
            return Ok(Some(values));
        }
        #[cfg(feature = "kube")]
        if self.has_cluster() {
            return super::secrets::values(&*self.client()?, namespace, name);
        }
        let hint = "put its manifest beside the others (encrypted with SOPS, as sealant encrypt does it), name a cluster with \
                    --context, or log in as yourself with --as-me";
        Err(no_cluster(&format!("the Secret {}", place(namespace, name))).hint(hint))
    }

    fn config_map(&self, namespace: &str, name: &str) -> Result<Option<Texts>, StoreError> {
        #[cfg(feature = "kube")]
        if self.has_cluster() {
            return super::secrets::texts(&*self.client()?, namespace, name);
        }
        Err(no_cluster(&format!("the ConfigMap {}", place(namespace, name)))
            .hint("put its manifest beside the others, or name a cluster with --context"))
    }

    fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        seconds: u64,
    ) -> Result<SecretText, StoreError> {
        #[cfg(feature = "kube")]
        if self.has_cluster() {
            let token = self.client()?.service_account_token(namespace, name, audiences, seconds);
            return token.map_err(|error| super::secrets::error(&error));
        }
        let _ = (audiences, seconds);
        Err(no_cluster(&format!("a token of the service account {}", place(namespace, name)))
            .hint("name the cluster with --context, or log in as yourself with --as-me"))
    }

    fn service_account_annotations(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, StoreError> {
        #[cfg(feature = "kube")]
        if self.has_cluster() {
            return super::secrets::service_account_annotations(&*self.client()?, namespace, name);
        }
        Err(no_cluster(&format!("the service account {}", place(namespace, name)))
            .hint("name the cluster with --context, or log in as yourself with --as-me"))
    }

    fn pod_token(&self) -> Result<SecretText, StoreError> {
        let bytes = read_stream(Path::new(POD_TOKEN), KEY_LIMIT).map_err(|_| {
            StoreError::new(StoreCause::Login, "this is no pod: there is no token of a service account to log in with")
                .hint("log in as yourself with --as-me")
        })?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Ok(SecretText::new(text.trim().to_owned()))
    }

    fn files(&self, folder: &Path, path: Option<&str>) -> Result<Box<dyn Files>, StoreError> {
        Ok(Box::new(RepositoryFiles::new(self.session.clone(), folder, path)?))
    }

    #[cfg(feature = "kube")]
    fn cluster(
        &self,
        cluster: crate::sync::around::Cluster,
    ) -> Result<Box<dyn crate::store::kubernetes::Secrets>, StoreError> {
        super::secrets::open(&self.session, cluster, self.context.as_deref())
    }

    fn variable(&self, name: &str) -> Option<String> {
        let var = Var::ALL.iter().find(|var| var.name() == name)?;
        self.session.env.text(*var).map(str::to_owned)
    }

    fn is_as_me(&self) -> bool {
        self.as_me
    }

    fn own_vault_token(&self, address: &str) -> Result<SecretText, StoreError> {
        #[cfg(feature = "vault")]
        {
            let address = self.own_address(address)?;
            let token = crate::commands::vault_settings::token(&self.session.env, &address);
            token.map_err(|failure| StoreError { cause: StoreCause::Login, ..store_error(&failure) })
        }
        #[cfg(not(feature = "vault"))]
        {
            Err(StoreError::new(StoreCause::Unsupported, format!("this build has no client for Vault: {address}")))
        }
    }

    #[cfg(feature = "vault")]
    fn own_vault(&self, address: &str) -> Result<crate::net::vault::Settings, StoreError> {
        let address = self.own_address(address)?;
        let patience = std::time::Duration::from_secs(60);
        let found = crate::commands::vault_settings::settings(&self.session.env, address, patience, &mut |line| {
            self.warn(line);
        });
        found.map_err(|failure| StoreError { cause: StoreCause::Login, ..store_error(&failure) })
    }

    #[cfg(feature = "aws")]
    fn aws_login(&self) -> crate::net::aws::Login {
        crate::commands::aws_login::login(&self.session.env)
    }

    fn cancel(&self) -> Arc<AtomicBool> {
        self.cancel.clone()
    }

    fn warn(&self, line: &str) {
        if self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(line.to_owned()) {
            self.session.warn(line);
        }
    }
}

fn place(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}
