//! What Azure Key Vault needs of the environment: the variables of Azure's client libraries.

use std::sync::Arc;

use crate::fsio::env::{Env, Var};
use crate::keyservice::azure_kv::{AzureKv, Login};
use crate::secret::SecretText;

/// The service.
pub fn service(env: &Arc<Env>) -> AzureKv {
    let env = env.clone();
    AzureKv::new(move || Ok(login(&env)))
}

fn login(env: &Env) -> Login {
    let secret = env.secret(Var::AzureClientSecret).filter(|secret| !secret.expose().is_empty());
    match (env.text(Var::AzureTenantId), env.text(Var::AzureClientId), secret) {
        (Some(tenant), Some(client), Some(secret)) => Login::Secret {
            tenant: tenant.to_owned(),
            client: client.to_owned(),
            secret: SecretText::new(secret.expose().to_owned()),
        },
        _ if env.os(Var::AzureFederatedTokenFile).is_some() => Login::Workload,
        _ => Login::Machine { certain: env.os(Var::IdentityEndpoint).is_some() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_who_we_are() {
        let of = |pairs: &[(Var, &str)]| login(&Env::from_pairs(pairs.iter().copied()));
        let principal = [(Var::AzureTenantId, "t"), (Var::AzureClientId, "c"), (Var::AzureClientSecret, "hunter2")];
        let found = of(&principal);
        assert!(matches!(found, Login::Secret { .. }) && !format!("{found:?}").contains("hunter2"));
        assert!(matches!(of(&principal[..2]), Login::Machine { certain: false }));
        assert!(matches!(of(&[(Var::AzureFederatedTokenFile, "/x")]), Login::Workload));
        assert!(matches!(of(&[(Var::IdentityEndpoint, "http://x")]), Login::Machine { certain: true }));
    }
}
