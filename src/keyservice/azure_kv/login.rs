//! Who we are for Azure: a secret in the environment, the identity of the workload or of the machine, or the login of
//! Azure's own tools, in the order of the client library that sops uses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::HttpClient;
use azure_identity::{
    ClientSecretCredential, ClientSecretCredentialOptions, DeveloperToolsCredential, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};

use super::client_options;
use super::error::cut;
use crate::keyservice::error::{Cause, KeyError};
use crate::secret::SecretText;

/// A machine outside of Azure has nobody who would say that it has no identity.
const MACHINE_TIMEOUT: Duration = Duration::from_secs(3);

/// What the caller found in the environment.
#[derive(Debug)]
pub enum Login {
    /// A service principal with a secret (`AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`).
    Secret {
        /// The directory.
        tenant: String,
        /// The application.
        client: String,
        /// Its secret.
        secret: SecretText,
    },
    /// A token file of the workload (`AZURE_FEDERATED_TOKEN_FILE`); the library reads the variables.
    Workload,
    /// The machine's identity when `certain`, else also the login of `az` and `azd`.
    Machine {
        /// The environment says that there is one.
        certain: bool,
    },
}

impl Login {
    pub(super) fn build(self, http: &Arc<dyn HttpClient>) -> Result<Arc<dyn TokenCredential>, KeyError> {
        let built = match self {
            Self::Secret { tenant, client, secret } => {
                let options = ClientSecretCredentialOptions { client_options: client_options(http) };
                let secret = Secret::new(secret.expose().to_owned());
                ClientSecretCredential::new(&tenant, client, secret, Some(options)).map(|made| made as _)
            }
            Self::Workload => {
                let mut options = WorkloadIdentityCredentialOptions::default();
                options.credential_options.client_options = client_options(http);
                WorkloadIdentityCredential::new(Some(options)).map(|made| made as _)
            }
            Self::Machine { certain } => machine(certain, http),
        };
        // what the library says may quote what it was given
        built.map_err(|_| {
            KeyError::service(Cause::NoCredentials, "the Azure login in the environment is incomplete")
                .with_hint("set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or log in with: az login")
        })
    }
}

fn machine(certain: bool, http: &Arc<dyn HttpClient>) -> azure_core::Result<Arc<dyn TokenCredential>> {
    let options = ManagedIdentityCredentialOptions {
        client_options: client_options(http),
        ..ManagedIdentityCredentialOptions::default()
    };
    let identity = ManagedIdentityCredential::new(Some(options));
    if certain {
        return identity.map(|made| made as _);
    }
    let tools = DeveloperToolsCredential::new(None)?;
    // somebody at a prompt has logged in; asking the machine takes time where there is nobody to answer
    Ok(Arc::new(Chain { tools, machine: identity.ok().map(|made| made as _) }))
}

/// The login of a person, else that of the machine.
struct Chain {
    tools: Arc<dyn TokenCredential>,
    machine: Option<Arc<dyn TokenCredential>>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain")
    }
}

#[async_trait::async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let first = match self.tools.get_token(scopes, options.clone()).await {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        if let Some(machine) = &self.machine
            && let Ok(Ok(token)) = tokio::time::timeout(MACHINE_TIMEOUT, machine.get_token(scopes, options)).await
        {
            return Ok(token);
        }
        let text =
            format!("neither az nor azd is logged in, and this machine has no identity: {}", cut(&first.to_string()));
        Err(Error::with_message(ErrorKind::Credential, text))
    }
}
