//! The keys that stores are opened with: from the manifests at hand, else from the surroundings (external-secrets 2.9
//! `runtime/esutils/resolvers/secret_ref.go`).

use std::sync::Arc;

use super::around::{Around, Texts, Values};
use super::inventory::Inventory;
use crate::external::resource::select::{CaKind, CaProvider, SecretKeySelector, ServiceAccountSelector, StoreKind};
use crate::external::resource::{Problem, Store};
use crate::secret::{SecretBytes, SecretText};
use crate::store::{StoreCause, StoreError};

/// Looks credentials up for one store and one who asks. Cheap to copy: clients keep one, to ask again at each login.
#[derive(Clone)]
pub struct Credentials {
    inventory: Arc<Inventory>,
    around: Arc<dyn Around>,
    /// Where references without a namespace lead.
    namespace: String,
    /// For messages: `SecretStore vault`.
    about: String,
}

impl Credentials {
    /// For `store`, on behalf of an object in `asking`.
    pub fn new(inventory: Arc<Inventory>, around: Arc<dyn Around>, store: &Store, asking: &str) -> Self {
        let namespace = match store.kind {
            StoreKind::SecretStore => inventory.namespace(store.namespace.as_deref()).to_owned(),
            StoreKind::ClusterSecretStore => asking.to_owned(),
        };
        let about = format!("{} {}", store.kind.as_str(), store.name);
        Self { inventory, around, namespace, about }
    }

    /// For a generator in `namespace`.
    pub fn of_generator(inventory: Arc<Inventory>, around: Arc<dyn Around>, about: String, namespace: &str) -> Self {
        Self { inventory, around, namespace: namespace.to_owned(), about }
    }

    /// What is around.
    pub fn around(&self) -> &Arc<dyn Around> {
        &self.around
    }

    /// Who asks, for messages.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The namespace that references without one lead to.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn within<'a>(&'a self, given: Option<&'a str>) -> &'a str {
        given.unwrap_or(&self.namespace)
    }

    fn secret_values(&self, namespace: &str, name: &str) -> Result<Values, StoreError> {
        if let Some(values) = self.inventory.secret(Some(namespace), name) {
            return Ok(values);
        }
        let found = self.around.secret(namespace, name).map_err(|error| self.explained(error))?;
        found.ok_or_else(|| self.missing("Secret", namespace, name))
    }

    fn config_texts(&self, namespace: &str, name: &str) -> Result<Texts, StoreError> {
        if let Some(texts) = self.inventory.config_map(Some(namespace), name) {
            return Ok(texts);
        }
        let found = self.around.config_map(namespace, name).map_err(|error| self.explained(error))?;
        found.ok_or_else(|| self.missing("ConfigMap", namespace, name))
    }

    fn explained(&self, error: StoreError) -> StoreError {
        StoreError { what: format!("{}: {}", self.about, error.what), ..error }
    }

    fn missing(&self, kind: &str, namespace: &str, name: &str) -> StoreError {
        let shown = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
        let what = format!("{}: there is no {kind} {shown} to log in with", self.about);
        StoreError::new(StoreCause::Login, what)
    }

    /// The value that a reference leads to. `default_key` is the key that is meant when the reference names none.
    ///
    /// # Errors
    /// No such Secret or key.
    pub fn secret(&self, reference: &SecretKeySelector, default_key: Option<&str>) -> Result<SecretBytes, StoreError> {
        let namespace = self.within(reference.namespace.as_deref());
        let key = reference.key.as_deref().filter(|key| !key.is_empty()).or(default_key).unwrap_or_default();
        let values = self.secret_values(namespace, &reference.name)?;
        let value = values.get(key).ok_or_else(|| {
            let has: Vec<&str> = values.keys().map(String::as_str).collect();
            let what = format!("{}: the Secret {} has no key {key:?}", self.about, reference.name);
            StoreError::new(StoreCause::Login, what).hint(format!("it has: {}", has.join(", ")))
        })?;
        Ok(SecretBytes::new(value.expose().to_vec()))
    }

    /// The same, as text.
    ///
    /// # Errors
    /// Also when it is none.
    pub fn text(&self, reference: &SecretKeySelector, default_key: Option<&str>) -> Result<SecretText, StoreError> {
        let value = self.secret(reference, default_key)?;
        let text = std::str::from_utf8(value.expose()).map_err(|_| {
            let what = format!("{}: the credential in the Secret {} is not text", self.about, reference.name);
            StoreError::new(StoreCause::Login, what)
        })?;
        Ok(SecretText::new(text.to_owned()))
    }

    /// A token of a service account; `more` audiences come after its own.
    ///
    /// # Errors
    /// Nobody gives one.
    pub fn token(
        &self,
        account: &ServiceAccountSelector,
        more: &[String],
        seconds: u64,
    ) -> Result<SecretText, StoreError> {
        let audiences: Vec<String> = account.audiences.iter().chain(more).cloned().collect();
        let namespace = self.within(account.namespace.as_deref());
        self.around
            .service_account_token(namespace, &account.name, &audiences, seconds)
            .map_err(|error| self.explained(error))
    }

    /// The certificates of authorities: `bundle` as it is or in base64, else where `provider` says. `None` when neither is there.
    ///
    /// # Errors
    /// No such object or key.
    pub fn authorities(
        &self,
        bundle: Option<&str>,
        provider: Option<&CaProvider>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(bundle) = bundle {
            return Ok(Some(pem(bundle.as_bytes())));
        }
        let Some(provider) = provider else { return Ok(None) };
        let namespace = self.within(provider.namespace.as_deref());
        let key = provider.key.as_deref().unwrap_or("ca.crt");
        let missing = || {
            let what = format!("{}: {} has no key {key:?} with the certificates to trust", self.about, provider.name);
            StoreError::new(StoreCause::Login, what)
        };
        let bytes = match provider.kind {
            CaKind::Secret => self.secret_values(namespace, &provider.name)?.get(key).map(|value| pem(value.expose())),
            CaKind::ConfigMap => {
                self.config_texts(namespace, &provider.name)?.get(key).map(|text| pem(text.as_bytes()))
            }
        };
        bytes.map(Some).ok_or_else(missing)
    }

    /// A problem in words of a store.
    pub fn problem(&self, problem: &Problem) -> StoreError {
        StoreError::new(StoreCause::Invalid, format!("{}: {problem}", self.about))
    }
}

/// PEM, also when it was put into base64 once more.
fn pem(bytes: &[u8]) -> Vec<u8> {
    if memchr::memmem::find(bytes, b"-----BEGIN").is_some() {
        return bytes.to_vec();
    }
    let compact: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64_simd::STANDARD.decode_to_vec(&compact).unwrap_or_else(|_| bytes.to_vec())
}
