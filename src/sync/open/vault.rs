//! Vault and OpenBao.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::external::resource::generator::{ResultType, VaultDynamicSecret};
use crate::external::resource::select::SecretKeySelector;
use crate::external::resource::store::Retry;
use crate::external::resource::vault::{
    JwtToken, KubernetesToken, KvVersion, RoleId, VaultMethod, VaultProvider, VaultTls,
};
use crate::external::value::{self, Flavour};
use crate::external::{Part, Raw};
use crate::fsio::clock;
use crate::net::vault::{Address, ClientPem, Roots, VaultError};
use crate::secret::{SecretBytes, SecretText};
use crate::store::vault::{
    DynamicRequest, Login, LoginSource, OwnCertificate, ResultType as Wanted, Settings, VaultStore, Version,
};
use crate::store::{StoreCause, StoreClient, StoreError};
use crate::sync::credentials::Credentials;
use crate::sync::leases::{Leases, Owner};

/// For how long tokens of service accounts are asked for (external-secrets 2.9 `providers/v1/vault/auth_kubernetes.go`).
const TOKEN_SECONDS: u64 = 600;

/// A client; nothing is sent yet.
///
/// # Errors
/// What is in the resource cannot be, or a certificate is missing. Logging in fails later.
pub fn open(
    provider: &VaultProvider,
    retry: Option<Retry>,
    credentials: &Credentials,
) -> Result<VaultStore, StoreError> {
    let bad = |error: VaultError| StoreError::new(StoreCause::Invalid, format!("{}: {error}", credentials.about()));
    let address = Address::parse(&provider.server).map_err(bad)?;
    if !address.is_tls() && !address.is_local() {
        credentials.around().warn(&format!(
            "{}: {address} has no TLS: whoever is on the way can read the token and the values",
            credentials.about()
        ));
    }
    let login = login(provider, &address, credentials);
    let mut settings = Settings::new(address, login);
    settings.mount.clone_from(&provider.path);
    settings.version = match provider.version {
        KvVersion::V1 => Version::V1,
        KvVersion::V2 => Version::V2,
    };
    settings.namespace.clone_from(&provider.namespace);
    settings.auth_namespace = provider.auth.as_ref().and_then(|auth| auth.namespace.clone());
    if let Some(pem) = credentials.authorities(provider.ca_bundle.as_deref(), provider.ca_provider.as_ref())? {
        settings.roots = Roots::Only(pem);
    }
    settings.own = own_certificate(provider, credentials);
    if credentials.around().is_as_me() {
        as_me(provider, credentials, &mut settings)?;
    }
    settings.headers = provider.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
    settings.read_your_writes = provider.read_your_writes;
    settings.forward_inconsistent = provider.forward_inconsistent;
    settings.cas = provider.check_and_set;
    settings.cancel = credentials.around().cancel();
    if let Some(retry) = retry {
        // as upstream: none when the settings are there and do not say how many
        settings.retries = retry.max_retries.unwrap_or(0);
        settings.pause = retry.retry_interval;
    }
    VaultStore::new(settings)
}

/// What the environment says about this Vault counts where the manifest is silent.
fn as_me(provider: &VaultProvider, credentials: &Credentials, settings: &mut Settings) -> Result<(), StoreError> {
    let own = credentials.around().own_vault(&provider.server)?;
    if provider.ca_bundle.is_none() && provider.ca_provider.is_none() {
        settings.roots = own.roots;
    }
    settings.server_name = own.server_name;
    settings.namespace = settings.namespace.take().or(own.namespace);
    settings.timeout = own.timeout;
    if provider.tls.is_none() && own.own.is_some() {
        let (around, address) = (credentials.around().clone(), provider.server.clone());
        settings.own = Some(Box::new(move || {
            let missing = || StoreError::new(StoreCause::Login, "VAULT_CLIENT_CERT is no longer set");
            around.own_vault(&address)?.own.ok_or_else(missing)
        }));
    }
    Ok(())
}

fn login(provider: &VaultProvider, address: &Address, credentials: &Credentials) -> LoginSource {
    let credentials = credentials.clone();
    let address = address.to_string();
    if credentials.around().is_as_me() {
        return Box::new(move || Ok(Login::Token(credentials.around().own_vault_token(&address)?)));
    }
    match provider.auth.as_ref().map(|auth| auth.method.clone()) {
        // as upstream: whatever token the environment has
        None => Box::new(move || {
            Ok(match credentials.around().own_vault_token(&address) {
                Ok(token) => Login::Token(token),
                Err(_) => Login::None,
            })
        }),
        Some(method) => Box::new(move || proof(&method, &credentials)),
    }
}

fn proof(method: &VaultMethod, credentials: &Credentials) -> Result<Login, StoreError> {
    let text = |reference: &SecretKeySelector| credentials.text(reference, None);
    Ok(match method {
        VaultMethod::Token(reference) => Login::Token(trimmed(&text(reference)?)),
        VaultMethod::AppRole { path, role, secret_ref } => Login::AppRole {
            mount: path.clone(),
            role_id: match role {
                RoleId::Text(id) => SecretText::new(id.clone()),
                RoleId::Secret(reference) => text(reference)?,
            },
            secret_id: text(secret_ref)?,
        },
        VaultMethod::Kubernetes { mount_path, role, token } => Login::Kubernetes {
            mount: mount_path.clone(),
            role: role.clone(),
            jwt: match token {
                KubernetesToken::ServiceAccount(account) => credentials.token(account, &[], TOKEN_SECONDS)?,
                KubernetesToken::Secret(reference) => credentials.text(reference, Some("token"))?,
                KubernetesToken::Pod => credentials.around().pod_token()?,
            },
        },
        VaultMethod::Ldap(user) => {
            Login::Ldap { mount: user.path.clone(), username: user.username.clone(), password: text(&user.secret_ref)? }
        }
        VaultMethod::UserPass(user) => Login::UserPass {
            mount: user.path.clone(),
            username: user.username.clone(),
            password: text(&user.secret_ref)?,
        },
        VaultMethod::Jwt { path, role, token } => Login::Jwt {
            mount: path.clone(),
            role: role.clone(),
            jwt: match token {
                JwtToken::Secret(reference) => text(reference)?,
                JwtToken::ServiceAccount { service_account_ref, audiences, expiration_seconds } => {
                    credentials.token(service_account_ref, audiences, *expiration_seconds)?
                }
            },
        },
        VaultMethod::Cert { path, vault_role, .. } => Login::Cert { mount: path.clone(), name: vault_role.clone() },
        #[cfg(feature = "aws")]
        VaultMethod::Iam(iam) => super::aws::vault_login(iam, credentials)?,
        #[cfg(not(feature = "aws"))]
        VaultMethod::Iam(_) => {
            let what = format!("{}: this build of sealant has no client for AWS", credentials.about());
            return Err(StoreError::new(StoreCause::Unsupported, what));
        }
    })
}

/// A token that was put into a Secret with a line break is one without.
fn trimmed(token: &SecretText) -> SecretText {
    SecretText::new(token.expose().trim().to_owned())
}

fn own_certificate(provider: &VaultProvider, credentials: &Credentials) -> Option<OwnCertificate> {
    let pair = match (&provider.tls, provider.auth.as_ref().map(|auth| &auth.method)) {
        (_, Some(VaultMethod::Cert { client_cert, key, .. })) => {
            VaultTls { cert: client_cert.clone(), key: key.clone() }
        }
        (Some(tls), _) => tls.clone(),
        (None, _) => return None,
    };
    let credentials = credentials.clone();
    Some(Box::new(move || {
        Ok(ClientPem {
            certificates: credentials.secret(&pair.cert, Some("tls.crt"))?.expose().to_vec(),
            key: credentials.secret(&pair.key, Some("tls.key"))?,
        })
    }))
}

/// What a path gives when it is asked (external-secrets 2.9 `generators/v1/vault/vault.go`); its lease goes to `leases`.
///
/// # Errors
/// [`StoreError`].
pub fn dynamic(
    spec: &VaultDynamicSecret,
    credentials: &Credentials,
    leases: &Leases,
    owner: Owner,
) -> Result<BTreeMap<String, SecretBytes>, StoreError> {
    let invalid = |what: String| StoreError::new(StoreCause::Invalid, format!("{}: {what}", credentials.about()));
    let store = Arc::new(open(&spec.provider, spec.retry, credentials)?.counted_in(leases.calls().clone()));
    let parameters = spec.parameters.as_ref().map(serde_json::to_vec).transpose();
    let parameters = parameters.map_err(|_| invalid("its parameters are no JSON".into()))?;
    let pairs = spec.get_parameters.iter();
    let request = DynamicRequest {
        path: spec.path.clone(),
        method: DynamicRequest::method_of(&spec.method),
        query: pairs.flat_map(|(name, values)| values.iter().map(|value| (name.clone(), value.clone()))).collect(),
        parameters: parameters.map(SecretBytes::new),
        result: match spec.result_type {
            ResultType::Data => Wanted::Data,
            ResultType::Auth => Wanted::Auth,
            ResultType::Raw => Wanted::Raw,
        },
    };
    let fetched = store.dynamic(&request);
    // what is made for a while, and tokens, end with the one who asked
    let is_needed = fetched.as_ref().is_ok_and(|found| found.as_ref().is_some_and(|found| found.lease.is_some()));
    if !is_needed && (fetched.is_err() || request.result == Wanted::Data) {
        store.close();
    }
    let Some(fetched) = fetched? else {
        return match spec.allow_empty_response {
            true => Ok(BTreeMap::new()),
            false => Err(invalid(format!("{} answers nothing", spec.path))),
        };
    };
    if let Some(lease) = fetched.lease {
        leases.hold(owner, credentials.about(), store, lease, clock::timestamp());
    }
    let raw: &Raw = &fetched.raw;
    let fields = value::many(Flavour::Vault, raw, Part::Value, None).map_err(|error| invalid(error.to_string()))?;
    Ok(fields.unwrap_or_default())
}
