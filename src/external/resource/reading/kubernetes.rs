//! `provider.kubernetes`.

use crate::external::resource::kubernetes::{KubernetesAuth, KubernetesProvider};

use super::fields::{Field, Map};
use super::select::{WhichKey, ca_bundle, ca_provider, needed_secret, secret, service_account};

const WAYS: &[&str] = &["token", "serviceAccount", "cert"];

/// A cluster.
pub(super) fn kubernetes(field: &Field<'_>) -> Option<KubernetesProvider> {
    let map = field.map(&["server", "auth", "authRef", "remoteNamespace"])?;
    let server = map.map("server", &["url", "caBundle", "caProvider"]);
    let auth = map.map("auth", WAYS).and_then(|map| auth(&map));
    let auth_ref = secret(&map, "authRef", WhichKey::Needed);
    if map.present(&["auth", "authRef"]).is_empty() {
        map.wrong("needs auth or authRef");
    }
    let (server_url, ca_bundle, ca_provider) = match &server {
        Some(map) => (map.given("url"), ca_bundle(map), ca_provider(map)),
        None => (None, None, None),
    };
    let remote_namespace = map.get("remoteNamespace").and_then(|field| field.namespace());
    if auth.is_none() && auth_ref.is_none() {
        return None;
    }
    Some(KubernetesProvider {
        server_url: server_url.unwrap_or_else(|| "kubernetes.default".to_owned()),
        ca_bundle,
        ca_provider,
        auth,
        auth_ref,
        remote_namespace: remote_namespace.unwrap_or_else(|| "default".to_owned()),
    })
}

fn auth(map: &Map<'_>) -> Option<KubernetesAuth> {
    match map.one_of(WAYS)? {
        "token" => {
            let map = map.map("token", &["bearerToken"])?;
            needed_secret(&map, "bearerToken", WhichKey::Needed).map(KubernetesAuth::Token)
        }
        "serviceAccount" => service_account(map, "serviceAccount").map(KubernetesAuth::ServiceAccount),
        _ => {
            let map = map.map("cert", &["clientCert", "clientKey"])?;
            let client_cert = needed_secret(&map, "clientCert", WhichKey::Needed);
            let client_key = needed_secret(&map, "clientKey", WhichKey::Needed);
            Some(KubernetesAuth::Cert { client_cert: client_cert?, client_key: client_key? })
        }
    }
}
