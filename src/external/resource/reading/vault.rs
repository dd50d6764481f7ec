//! `provider.vault`.

use std::collections::BTreeMap;

use crate::external::resource::vault::{
    JwtToken, KubernetesToken, KvVersion, RoleId, UserPassword, VaultAuth, VaultIam, VaultMethod, VaultProvider,
    VaultTls,
};
use crate::secret::SecretText;

use super::aws;
use super::fields::{Field, Map};
use super::select::{WhichKey, ca_bundle, ca_provider, needed_secret, secret, service_account};

/// The ways to log in, in the order in which upstream looks for them ("providers/v1/vault/auth.go" `setAuth`).
const METHODS: &[&str] = &["tokenSecretRef", "appRole", "kubernetes", "ldap", "userPass", "jwt", "cert", "iam"];

/// A Vault.
pub(super) fn vault(field: &Field<'_>) -> Option<VaultProvider> {
    let map = field.map(&[
        "server",
        "path",
        "version",
        "namespace",
        "auth",
        "caBundle",
        "caProvider",
        "tls",
        "readYourWrites",
        "forwardInconsistent",
        "headers",
        "checkAndSet",
    ])?;
    map.only_v1(&["checkAndSet"]);
    let version = map.word("version", &[("v1", KvVersion::V1), ("v2", KvVersion::V2)]);
    let check_and_set = map.map("checkAndSet", &["required"]).is_some_and(|map| map.flag("required"));
    if check_and_set && version == KvVersion::V1 {
        map.wrong_at("checkAndSet", "is not for version v1");
    }
    let auth = map.get("auth");
    let had_auth = auth.is_some();
    let auth = auth.and_then(|field| auth_of(&field));
    let (ca_bundle, ca_provider, tls) = (ca_bundle(&map), ca_provider(&map), tls(&map));
    let headers: BTreeMap<_, _> =
        map.text_map("headers").into_iter().map(|(name, value)| (name, SecretText::new(value))).collect();
    let server = map.needed_text("server")?;
    if had_auth && auth.is_none() {
        return None;
    }
    Some(VaultProvider {
        server,
        path: map.given("path"),
        version,
        namespace: map.given("namespace"),
        auth,
        ca_bundle,
        ca_provider,
        tls,
        read_your_writes: map.flag("readYourWrites"),
        forward_inconsistent: map.flag("forwardInconsistent"),
        headers,
        check_and_set,
    })
}

fn tls(map: &Map<'_>) -> Option<VaultTls> {
    let map = map.map("tls", &["certSecretRef", "keySecretRef"])?;
    if map.present(&["certSecretRef", "keySecretRef"]).is_empty() {
        return None;
    }
    let cert = needed_secret(&map, "certSecretRef", WhichKey::HasDefault);
    let key = needed_secret(&map, "keySecretRef", WhichKey::HasDefault);
    Some(VaultTls { cert: cert?, key: key? })
}

/// All methods are checked, the first is taken.
fn auth_of(field: &Field<'_>) -> Option<VaultAuth> {
    let known: Vec<&'static str> = METHODS.iter().copied().chain(["gcp", "namespace"]).collect();
    let map = field.map(&known)?;
    map.unsupported(&["gcp"], &format!("; supported: {}", METHODS.join(", ")));
    let present = map.present(METHODS);
    if present.is_empty() && map.get("gcp").is_none() {
        map.wrong(format!("needs one of {}", METHODS.join(", ")));
    }
    let mut methods = present.into_iter().map(|name| method(&map, name)).collect::<Vec<_>>().into_iter();
    Some(VaultAuth { namespace: map.given("namespace"), method: methods.next()?? })
}

fn method(map: &Map<'_>, name: &str) -> Option<VaultMethod> {
    match name {
        "tokenSecretRef" => secret(map, name, WhichKey::Needed).map(VaultMethod::Token),
        "appRole" => app_role(map),
        "kubernetes" => kubernetes(map),
        "ldap" => user_password(map, name, "ldap").map(VaultMethod::Ldap),
        "userPass" => user_password(map, name, "userpass").map(VaultMethod::UserPass),
        "jwt" => jwt(map),
        "cert" => cert(map),
        _ => iam(map),
    }
}

fn app_role(map: &Map<'_>) -> Option<VaultMethod> {
    let map = map.map("appRole", &["path", "roleId", "roleRef", "secretRef"])?;
    let by_secret = secret(&map, "roleRef", WhichKey::Needed);
    let by_text = map.text("roleId").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if by_text.is_none() && map.get("roleRef").is_none() {
        map.wrong("needs roleId or roleRef");
    }
    let secret_ref = needed_secret(&map, "secretRef", WhichKey::Needed);
    let role = by_text.map(RoleId::Text).or(by_secret.map(RoleId::Secret));
    Some(VaultMethod::AppRole { path: map.text_or("path", "approle"), role: role?, secret_ref: secret_ref? })
}

fn kubernetes(map: &Map<'_>) -> Option<VaultMethod> {
    let map = map.map("kubernetes", &["mountPath", "role", "serviceAccountRef", "secretRef"])?;
    let account = service_account(&map, "serviceAccountRef").map(KubernetesToken::ServiceAccount);
    let token = secret(&map, "secretRef", WhichKey::HasDefault).map(KubernetesToken::Secret);
    Some(VaultMethod::Kubernetes {
        mount_path: map.text_or("mountPath", "kubernetes"),
        role: map.needed_text("role")?,
        token: account.or(token).unwrap_or(KubernetesToken::Pod),
    })
}

fn user_password(map: &Map<'_>, name: &str, path: &str) -> Option<UserPassword> {
    let map = map.map(name, &["path", "username", "secretRef"])?;
    let username = map.needed_text("username");
    let secret_ref = needed_secret(&map, "secretRef", WhichKey::Needed);
    Some(UserPassword {
        path: map.text_or("path", path),
        username: username?.trim().to_owned(),
        secret_ref: secret_ref?,
    })
}

fn jwt(map: &Map<'_>) -> Option<VaultMethod> {
    let map = map.map("jwt", &["path", "role", "secretRef", "kubernetesServiceAccountToken"])?;
    let by_secret = secret(&map, "secretRef", WhichKey::Needed).map(JwtToken::Secret);
    let known = ["serviceAccountRef", "audiences", "expirationSeconds"];
    let by_account = map.map("kubernetesServiceAccountToken", &known).and_then(|map| {
        let account = map.need("serviceAccountRef", service_account(&map, "serviceAccountRef"));
        let audiences = if map.get("audiences").is_some() { map.texts("audiences") } else { vec!["vault".to_owned()] };
        // the API server gives no token for less than ten minutes
        let seconds = map.number("expirationSeconds", 600, 1 << 32).unwrap_or(600);
        Some(JwtToken::ServiceAccount {
            service_account_ref: account?,
            audiences,
            expiration_seconds: u64::try_from(seconds).unwrap_or(600),
        })
    });
    if map.present(&["secretRef", "kubernetesServiceAccountToken"]).is_empty() {
        map.wrong("needs secretRef or kubernetesServiceAccountToken");
    }
    let token = by_secret.or(by_account)?;
    Some(VaultMethod::Jwt { path: map.text_or("path", "jwt"), role: map.given("role"), token })
}

fn cert(map: &Map<'_>) -> Option<VaultMethod> {
    let map = map.map("cert", &["path", "vaultRole", "clientCert", "secretRef"])?;
    map.only_v1(&["path", "vaultRole"]);
    let client_cert = needed_secret(&map, "clientCert", WhichKey::Needed);
    let key = needed_secret(&map, "secretRef", WhichKey::Needed);
    Some(VaultMethod::Cert {
        path: map.text_or("path", "cert"),
        vault_role: map.given("vaultRole"),
        client_cert: client_cert?,
        key: key?,
    })
}

fn iam(map: &Map<'_>) -> Option<VaultMethod> {
    let map = map.map(
        "iam",
        &["path", "region", "role", "vaultRole", "externalID", "vaultAwsIamServerID", "jwt", "secretRef"],
    )?;
    let auth = aws::identity(&map);
    Some(VaultMethod::Iam(Box::new(VaultIam {
        path: map.text_or("path", "aws"),
        region: map.text_or("region", "us-east-1"),
        role: map.given("role"),
        vault_role: map.needed_text("vaultRole")?,
        external_id: map.given("externalID"),
        server_id: map.given("vaultAwsIamServerID"),
        auth: auth?,
    })))
}
