//! Generators: those that need nobody, and those that ask a server.

use std::collections::BTreeMap;

use super::credentials::Credentials;
#[cfg(feature = "vault")]
use super::leases::Owner;
use super::stores::Stores;
use crate::external::generate;
#[cfg(any(feature = "vault", feature = "aws"))]
use crate::external::resource::generator::GeneratorSpec;
use crate::external::resource::select::GeneratorRef;
use crate::secret::SecretBytes;
use crate::store::{StoreCause, StoreError};

/// What the generator that an object of `namespace` names makes; `name` is the object's, and `entry` says which of its wishes this is.
///
/// # Errors
/// There is no such generator, or its server does not answer.
pub fn generate(
    stores: &Stores,
    reference: &GeneratorRef,
    namespace: Option<&str>,
    name: &str,
    entry: usize,
) -> Result<BTreeMap<String, SecretBytes>, StoreError> {
    let about = format!("{} {}", reference.kind.as_str(), reference.name);
    let placed = stores.inventory().generator(reference, namespace).ok_or_else(|| {
        StoreError::new(StoreCause::Invalid, format!("there is no generator {about}"))
            .hint("give the manifest of the generator along with that of the ExternalSecret")
    })?;
    if let Some(made) = generate::generate(&placed.item.spec) {
        return made.map_err(|error| StoreError::new(StoreCause::Invalid, format!("{about}: {error}")));
    }
    let credentials = Credentials::of_generator(
        stores.inventory().clone(),
        stores.around().clone(),
        about.clone(),
        stores.inventory().namespace(namespace),
    );
    match &placed.item.spec {
        #[cfg(feature = "vault")]
        GeneratorSpec::VaultDynamicSecret(spec) => {
            let owner = Owner { name: stores.inventory().shown(namespace, name), entry };
            super::open::vault::dynamic(spec, &credentials, stores.leases(), owner)
        }
        #[cfg(feature = "aws")]
        GeneratorSpec::EcrAuthorizationToken(spec) => super::open::aws::registry_login(spec, &credentials),
        #[cfg(feature = "aws")]
        GeneratorSpec::StsSessionToken(spec) => super::open::aws::session_token(spec, &credentials),
        _ => {
            let _ = (&credentials, name, entry);
            let what = format!("{about}: this build of sealant has no client for it");
            Err(StoreError::new(StoreCause::Unsupported, what))
        }
    }
}
