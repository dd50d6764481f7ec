//! Transit keys of Vault and OpenBao: token, certificates and the rest from the environment, when a key there is used.

use std::sync::Arc;
use std::time::Duration;

use crate::commands::vault_settings;
use crate::failure::{Failure, Kind};
use crate::fsio::env::{Env, Var};
use crate::fsio::output;
use crate::keyservice::vault_transit::VaultTransit;
use crate::keyservice::{Cause, KeyError};

/// Shorter than for `publish`: there may be other keys to try.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The key service.
pub fn service(env: &Arc<Env>) -> VaultTransit {
    let allowlist = env.text(Var::SopsHcVaultAllowlist).map(str::to_owned);
    let env = env.clone();
    VaultTransit::new(
        allowlist,
        Box::new(move |address| {
            vault_settings::settings(&env, address, DEFAULT_TIMEOUT, &mut output::warn)
                .map_err(|failure| unusable(&failure))
        }),
    )
}

/// What is wrong with the environment is wrong for every key there.
fn unusable(failure: &Failure) -> KeyError {
    let cause = if failure.kind() == Kind::StoreRefuses { Cause::NoCredentials } else { Cause::Unreachable };
    let error = KeyError::service(cause, failure.message());
    failure.hints().iter().take(1).fold(error, |error, hint| error.with_hint(hint.as_str()))
}
