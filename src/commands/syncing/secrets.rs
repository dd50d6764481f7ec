//! Objects of a cluster: as a store, and as what stores are opened with.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::commands::cluster;
use crate::commands::session::Session;
use crate::document::tree::Kind;
use crate::k8s::{Apply, Cause, Client, ClusterError, Exchange, Overrides, Resource};
use crate::manifest::{self, Object, Secret, field, text};
use crate::secret::SecretBytes;
use crate::store::calls::KUBERNETES;
use crate::store::kubernetes::Secrets;
use crate::store::{Call, Calls, StoreCause, StoreError};
use crate::sync::around::{Cluster, Texts, Values};

const SERVICE_ACCOUNTS: Resource<'static> = Resource { group: "", version: "v1", plural: "serviceaccounts" };
/// Who owns what is pushed.
const MANAGER: &str = "sealant-push";

/// What a cluster says, in words of a store.
pub fn error(error: &ClusterError) -> StoreError {
    let cause = match error.cause {
        Cause::NoConfig | Cause::BadConfig | Cause::NotFound => StoreCause::Invalid,
        Cause::Exec | Cause::Unauthorized => StoreCause::Login,
        Cause::Forbidden => StoreCause::Denied,
        Cause::Unreachable | Cause::Late => StoreCause::Unreachable,
        Cause::Tls => StoreCause::Tls,
        Cause::Conflict => StoreCause::Conflict,
        Cause::Busy => StoreCause::Throttled,
        Cause::Server => StoreCause::Unavailable,
        Cause::BadAnswer => StoreCause::Odd,
        Cause::Cancelled => StoreCause::Cancelled,
    };
    let made = StoreError::new(cause, error.text.clone());
    match &error.hint {
        Some(hint) => made.hint(hint.clone()),
        None => made,
    }
}

fn one(client: &Client, kind: Resource<'_>, namespace: &str, name: &str) -> Result<Option<Object>, StoreError> {
    let Some(json) = client.object(kind, Some(namespace), name).map_err(|found| error(&found))? else {
        return Ok(None);
    };
    let objects =
        manifest::read(json.expose()).map_err(|_| StoreError::new(StoreCause::Odd, "no Kubernetes object"))?;
    Ok(objects.into_iter().next())
}

/// The values of a Secret.
pub fn values(client: &Client, namespace: &str, name: &str) -> Result<Option<Values>, StoreError> {
    let Some(object) = one(client, Resource::SECRETS, namespace, name)? else { return Ok(None) };
    let mut secret =
        Secret::from_object(&object).map_err(|error| StoreError::new(StoreCause::Odd, error.to_string()))?;
    let data: BTreeMap<String, SecretBytes> = std::mem::take(&mut secret.data).into_iter().collect();
    Ok(Some(Arc::new(data)))
}

/// A map of texts in an object.
fn map(object: &Object, path: &[&str]) -> BTreeMap<String, String> {
    let found = path.iter().try_fold(&object.root, |node, name| field(node, name));
    match found.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => {
            entries.iter().filter_map(|(key, node)| Some((key.name.clone(), text(node)?.into_owned()))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The texts of a ConfigMap.
pub fn texts(client: &Client, namespace: &str, name: &str) -> Result<Option<Texts>, StoreError> {
    Ok(one(client, Resource::CONFIG_MAPS, namespace, name)?.map(|object| Arc::new(map(&object, &["data"]))))
}

/// The annotations of a service account.
pub fn service_account_annotations(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<BTreeMap<String, String>, StoreError> {
    let object = one(client, SERVICE_ACCOUNTS, namespace, name)?;
    let missing = || StoreError::new(StoreCause::Login, format!("there is no service account {namespace}/{name}"));
    Ok(map(&object.ok_or_else(missing)?, &["metadata", "annotations"]))
}

/// The Secrets of one namespace of a cluster.
struct Namespace {
    client: Client,
    namespace: String,
    calls: Arc<Calls>,
}

/// The Secrets of a cluster. `context` says which one is our own.
pub fn open(session: &Session, wanted: Cluster, context: Option<&str>) -> Result<Box<dyn Secrets>, StoreError> {
    let overrides = |server: &Option<String>, context: &str| Overrides {
        server: server.clone().unwrap_or_default(),
        context: context.to_owned(),
        ..Overrides::default()
    };
    let loaded = match (wanted.kubeconfig, &wanted.server) {
        (Some(text), _) => cluster::load_given(overrides(&None, ""), text, &session.env),
        // what the kubeconfig of whoever runs us says is for their clusters, and not for one that a manifest names
        (None, Some(_)) => {
            cluster::load_given(overrides(&wanted.server, ""), SecretBytes::new(b"{}".to_vec()), &session.env)
        }
        (None, None) => cluster::load(overrides(&None, context.unwrap_or_default()), &session.env)
            .and_then(|loaded| loaded.config()),
    };
    let mut config = loaded.map_err(|found| error(&found))?;
    if let Some(pem) = wanted.ca {
        config.authority = Some(pem);
    }
    if let Some(token) = wanted.token {
        config.set_token(token);
    }
    if let Some((certificate, key)) = wanted.own {
        config.set_own(certificate, key);
    }
    let calls = Arc::new(Calls::new(KUBERNETES));
    let counted = calls.clone();
    let client = Client::new(config).witnessed_by(move |exchange| counted.count(call(exchange), exchange.is_good));
    Ok(Box::new(Namespace { client, namespace: wanted.namespace, calls }))
}

/// What External Secrets Operator calls the request.
fn call(exchange: &Exchange<'_>) -> &'static str {
    match (exchange.method, exchange.status) {
        ("GET", _) if exchange.name.is_empty() => "ListSecrets",
        ("GET", _) => "GetSecret",
        ("DELETE", _) => "DeleteSecret",
        // what is applied is made when it is not there
        (_, Some(201)) => "CreateSecret",
        _ => "UpdateSecret",
    }
}

impl Secrets for Namespace {
    fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        self.client.object(Resource::SECRETS, Some(&self.namespace), name).map_err(|found| error(&found))
    }

    fn list(&self, labels: &str) -> Result<SecretBytes, StoreError> {
        self.client.objects(Resource::SECRETS, Some(&self.namespace), labels).map_err(|found| error(&found))
    }

    fn put(&self, name: &str, json: &[u8]) -> Result<(), StoreError> {
        let how = Apply { manager: MANAGER, force: true, dry_run: false };
        let applied = self.client.apply(Resource::SECRETS, Some(&self.namespace), name, json, how);
        applied.map(drop).map_err(|found| error(&found))
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        let deleted = self.client.delete_object(Resource::SECRETS, Some(&self.namespace), name, "", false);
        deleted.map(drop).map_err(|found| error(&found))
    }

    fn place(&self) -> String {
        self.client.server()
    }

    fn namespace(&self) -> String {
        self.namespace.clone()
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_operators_names() {
        for (method, name, status, expected) in [
            ("GET", "a", Some(404), "GetSecret"),
            ("GET", "", Some(200), "ListSecrets"),
            ("PATCH", "a", Some(201), "CreateSecret"),
            ("PATCH", "a", Some(200), "UpdateSecret"),
            ("PATCH", "a", None, "UpdateSecret"),
            ("DELETE", "a", Some(200), "DeleteSecret"),
        ] {
            assert_eq!(call(&Exchange { method, name, status, is_good: true }), expected);
        }
    }
}
