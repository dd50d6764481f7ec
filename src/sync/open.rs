//! From the resource of a store to a client that can be asked.

#[cfg(feature = "aws")]
pub(super) mod aws;
#[cfg(feature = "kube")]
mod kubernetes;
#[cfg(feature = "vault")]
pub(super) mod vault;

use std::sync::Arc;

use super::credentials::Credentials;
use super::inventory::Placed;
use crate::external::resource::Store;
use crate::external::resource::store::{FakeProvider, Provider, Validation};
use crate::secret::SecretBytes;
use crate::store::fake::{Entry, Fake};
use crate::store::file::{FileStore, Files};
use crate::store::{StoreCause, StoreClient, StoreError};

/// A client for the store. Nothing is sent yet.
///
/// # Errors
/// No credentials, or ones that cannot be.
pub fn store(placed: &Placed<Store>, credentials: &Credentials) -> Result<Arc<dyn StoreClient>, StoreError> {
    let store = &*placed.item;
    match &store.provider {
        Provider::Fake(fake) => of_fake(fake),
        Provider::File(file) => {
            let files = credentials.around().files(&placed.place.folder, file.path.as_deref())?;
            Ok(Arc::new(FileStore::new(files)))
        }
        #[cfg(feature = "vault")]
        Provider::Vault(provider) => Ok(Arc::new(vault::open(provider, store.retry, credentials)?)),
        #[cfg(feature = "aws")]
        Provider::Aws(provider) => Ok(Arc::from(aws::open(provider, store, credentials)?)),
        #[cfg(feature = "kube")]
        Provider::Kubernetes(provider) => kubernetes::open(provider, credentials),
        #[cfg(not(all(feature = "vault", feature = "aws", feature = "kube")))]
        other => {
            let what = format!("{}: this build of sealant has no client for {}", credentials.about(), other.as_str());
            Err(StoreError::new(StoreCause::Unsupported, what))
        }
    }
}

impl Files for Box<dyn Files> {
    fn open(&self, path: &str) -> Result<Option<crate::external::Raw>, StoreError> {
        (**self).open(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        (**self).list(folder)
    }

    fn place(&self) -> String {
        (**self).place()
    }
}

fn of_fake(fake: &FakeProvider) -> Result<Arc<dyn StoreClient>, StoreError> {
    if fake.validation_result == Validation::Error {
        return Err(StoreError::new(StoreCause::Unavailable, "the fake store is defined to fail"));
    }
    let entries = fake.data.iter().map(|entry| Entry {
        key: entry.key.clone(),
        version: entry.version.clone(),
        value: SecretBytes::new(entry.value.expose().as_bytes().to_vec()),
    });
    Ok(Arc::new(Fake::new(entries)))
}
