//! The Vaults of one call: their settings from the environment, read as the vault program does, and what is sent there.

use super::content::Content;
use super::job::Outcome;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::fsio::env::Var;
use crate::sops::rules::VaultPlace;

/// Where Vault is when nobody says it.
const DEFAULT_ADDRESS: &str = "https://127.0.0.1:8200";

/// Where Vault is when the rule does not say it.
pub fn default_address(session: &Session) -> &str {
    session.env.text(Var::VaultAddr).unwrap_or(DEFAULT_ADDRESS)
}

#[cfg(feature = "vault")]
pub use with_client::Vaults;

#[cfg(feature = "vault")]
mod with_client {
    use std::collections::BTreeMap;
    use std::collections::btree_map::Entry;
    use std::time::Duration;

    use super::{Content, Failure, Outcome, Session, VaultPlace, default_address};
    use crate::commands::vault_settings;
    use crate::net::vault::{Address, Vault, VaultError};
    use crate::store::vault_kv;

    const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// By address.
    #[derive(Debug, Default)]
    pub struct Vaults(BTreeMap<String, Vault>);

    impl Vaults {
        /// Makes the client for a place, if there is none yet. Nothing is sent.
        ///
        /// # Errors
        /// Settings that cannot be right.
        pub fn prepare(&mut self, session: &Session, place: &VaultPlace) -> Result<(), Failure> {
            let text = place.address.as_deref().unwrap_or_else(|| default_address(session));
            if let Entry::Vacant(vacant) = self.0.entry(key(place)) {
                let address = Address::parse(text)?;
                let mut warn = |text: &str| session.warn(text);
                let settings = vault_settings::settings(&session.env, address, DEFAULT_TIMEOUT, &mut warn)?;
                vacant.insert(Vault::new(settings)?);
            }
            Ok(())
        }

        /// Sends what is in a file, unless the same is there already. `path` has the mount and all.
        ///
        /// # Errors
        /// What the store says.
        pub fn publish(
            &self,
            place: &VaultPlace,
            path: &str,
            content: &Content,
            warn: &mut dyn FnMut(&str),
        ) -> Result<Outcome, Failure> {
            let Some(vault) = self.0.get(&key(place)) else {
                return Err(VaultError::Address("nobody has prepared it").into());
            };
            if place.versioned {
                match vault_kv::read_v2(vault, path) {
                    Ok(Some(there)) if content.is_same(there.value()) => return Ok(Outcome::UpToDate),
                    Ok(_) => {}
                    // a token may be allowed to write only
                    Err(error) if error.is_forbidden() => warn(&format!(
                        "Cannot check if destination secret already exists in {path}. New version will be created \
                         even if the data has not been changed."
                    )),
                    Err(error) => return Err(error.into()),
                }
            }
            let body = content.body(place.versioned)?;
            Ok(Outcome::Published(vault_kv::write(vault, path, body.as_bytes())?))
        }
    }

    fn key(place: &VaultPlace) -> String {
        place.address.clone().unwrap_or_default()
    }
}

#[cfg(not(feature = "vault"))]
pub use without_client::Vaults;

#[cfg(not(feature = "vault"))]
mod without_client {
    use super::{Content, Failure, Outcome, Session, VaultPlace};
    use crate::failure::Kind;

    /// None.
    #[derive(Debug, Default)]
    pub struct Vaults(());

    impl Vaults {
        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn prepare(&mut self, _session: &Session, _place: &VaultPlace) -> Result<(), Failure> {
            Err(Failure::new(Kind::Generic, "this build has no client for Vault")
                .hint("build it with the feature vault"))
        }

        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn publish(
            &self,
            _place: &VaultPlace,
            _path: &str,
            _content: &Content,
            _warn: &mut dyn FnMut(&str),
        ) -> Result<Outcome, Failure> {
            Err(Failure::new(Kind::Generic, "this build has no client for Vault"))
        }
    }
}
