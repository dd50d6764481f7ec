//! The key services of this machine, each with what it needs of the environment. A new kind of key is one line here.

#[cfg(feature = "vault")]
mod vault_transit;

use std::sync::Arc;

use super::identities;
use super::session::Session;
use crate::keyservice::KeyService;
#[cfg(not(feature = "vault"))]
use crate::keyservice::absent::Absent;
#[cfg(not(feature = "vault"))]
use crate::sops::key::MasterKey;

/// All of them, those on this machine first. Nothing is read and nobody is called before a key needs it.
pub fn services(session: &Session) -> Vec<Arc<dyn KeyService>> {
    vec![
        Arc::new(identities::age_keys(&session.env, &session.global.identity)),
        #[cfg(feature = "vault")]
        Arc::new(vault_transit::service(&session.env)),
        #[cfg(not(feature = "vault"))]
        Arc::new(Absent {
            handles: |key| matches!(key, MasterKey::HcVault { .. }),
            what: "Vault transit",
            feature: "vault",
        }),
    ]
}
