//! References to other objects, and what decides in which namespace they are.

use crate::external::resource::select::{
    CaKind, CaProvider, GeneratorKind, GeneratorRef, LabelSelector, Operator, Requirement, SecretKeySelector,
    ServiceAccountSelector, StoreKind, StoreRef,
};

use super::fields::{Field, Map};

pub(super) const STORE_KINDS: &[(&str, StoreKind)] =
    &[("SecretStore", StoreKind::SecretStore), ("ClusterSecretStore", StoreKind::ClusterSecretStore)];

const GENERATOR_API: &str = "generators.external-secrets.io/v1alpha1";

/// Kinds of generator that upstream has and this program has not.
pub(super) const OTHER_GENERATORS: &[&str] = &[
    "ACRAccessToken",
    "BeyondtrustWorkloadCredentialsDynamicSecret",
    "CloudsmithAccessToken",
    "GCRAccessToken",
    "GithubAccessToken",
    "GitlabDeployToken",
    "Grafana",
    "MFA",
    "QuayAccessToken",
    "Webhook",
];

/// Kinds of generator, that of all namespaces last.
pub(super) const GENERATORS: &[(&str, GeneratorKind)] = &[
    ("Password", GeneratorKind::Password),
    ("UUID", GeneratorKind::Uuid),
    ("SSHKey", GeneratorKind::SshKey),
    ("Fake", GeneratorKind::Fake),
    ("VaultDynamicSecret", GeneratorKind::VaultDynamicSecret),
    ("ECRAuthorizationToken", GeneratorKind::EcrAuthorizationToken),
    ("STSSessionToken", GeneratorKind::StsSessionToken),
    ("ClusterGenerator", GeneratorKind::ClusterGenerator),
];

/// Whether a selector has to say which key of the Secret it means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WhichKey {
    Needed,
    HasDefault,
}

/// A field with a `SecretKeySelector`.
pub(super) fn secret(map: &Map<'_>, name: &str, which: WhichKey) -> Option<SecretKeySelector> {
    let map = map.map(name, &["name", "namespace", "key"])?;
    let key = map.get("key").and_then(|field| field.key());
    let key = if which == WhichKey::Needed { map.need("key", key) } else { key };
    let (name, namespace) = (map.needed_name("name"), namespace(&map));
    if which == WhichKey::Needed && key.is_none() {
        return None;
    }
    Some(SecretKeySelector { name: name?, namespace, key })
}

/// The same, and a problem when it is not there.
pub(super) fn needed_secret(map: &Map<'_>, name: &str, which: WhichKey) -> Option<SecretKeySelector> {
    map.need(name, secret(map, name, which))
}

/// A field with a `ServiceAccountSelector`.
pub(super) fn service_account(map: &Map<'_>, name: &str) -> Option<ServiceAccountSelector> {
    let map = map.map(name, &["name", "namespace", "audiences"])?;
    let (name, namespace) = (map.needed_name("name"), namespace(&map));
    Some(ServiceAccountSelector { name: name?, namespace, audiences: map.texts("audiences") })
}

/// `namespace` of a selector, which for an object in a namespace can be no other ("runtime/esutils/utils.go"
/// `ValidateReferentSecretSelector`).
fn namespace(map: &Map<'_>) -> Option<String> {
    let namespace = map.get("namespace")?.namespace()?;
    let reading = map.reading;
    if !reading.cluster && reading.namespace.as_ref().is_some_and(|own| *own != namespace) {
        map.wrong_at("namespace", "is not the object's own; only cluster-wide objects can refer to other namespaces");
    }
    Some(namespace)
}

/// `caProvider`.
pub(super) fn ca_provider(map: &Map<'_>) -> Option<CaProvider> {
    let map = map.map("caProvider", &["type", "name", "key", "namespace"])?;
    let kinds = [("Secret", CaKind::Secret), ("ConfigMap", CaKind::ConfigMap)];
    let kind = map.need("type", map.get("type").and_then(|field| field.word(&kinds)));
    let key = map.get("key").and_then(|field| field.key());
    let (name, namespace) = (map.needed_name("name"), namespace(&map));
    if map.reading.cluster && map.get("namespace").is_none() {
        map.wrong_at("namespace", "is missing, which a cluster-wide object needs");
    }
    Some(CaProvider { kind: kind?, name: name?, key, namespace })
}

/// `caBundle`: the base64 of PEM, or of the base64 of PEM.
pub(super) fn ca_bundle(map: &Map<'_>) -> Option<String> {
    let field = map.get("caBundle")?;
    let text = field.text()?;
    if is_pem(text) {
        field.wrong("has to be the base64 of PEM, not the PEM itself");
        return None;
    }
    let once = decoded(text);
    let found = once.as_deref().and_then(|once| if is_pem(once) { Some(once.to_owned()) } else { decoded(once) });
    let pem = found.filter(|pem| is_pem(pem));
    if pem.is_none() {
        field.wrong("is no base64 of certificates in PEM");
    }
    pem
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN CERTIFICATE-----")
}

fn decoded(text: &str) -> Option<String> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    String::from_utf8(base64_simd::STANDARD.decode_to_vec(text).ok()?).ok()
}

/// A store by its name.
pub(super) fn store(field: &Field<'_>) -> Option<StoreRef> {
    let map = field.map(&["name", "kind"])?;
    let kind = map.word("kind", STORE_KINDS);
    Some(StoreRef { name: map.needed_name("name")?, kind })
}

/// A generator by its name.
pub(super) fn generator(field: &Field<'_>) -> Option<GeneratorRef> {
    let map = field.map(&["apiVersion", "kind", "name"])?;
    if let Some(field) = map.get("apiVersion") {
        field.word(&[(GENERATOR_API, ())]);
    }
    let kind = map.need("kind", map.get("kind").and_then(|field| generator_kind(&field, GENERATORS)));
    Some(GeneratorRef { name: map.needed_name("name")?, kind: kind? })
}

/// A kind of generator, those that are not supported refused by name.
pub(super) fn generator_kind(field: &Field<'_>, known: &[(&'static str, GeneratorKind)]) -> Option<GeneratorKind> {
    let text = field.text()?;
    if OTHER_GENERATORS.contains(&text) {
        let supported: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        field.wrong(format!("the generator `{text}` is not supported; supported: {}", supported.join(", ")));
        return None;
    }
    field.word(known)
}

/// A set of objects by their labels.
pub(super) fn labels(field: &Field<'_>) -> Option<LabelSelector> {
    let map = field.map(&["matchLabels", "matchExpressions"])?;
    let match_expressions = map.list("matchExpressions").iter().filter_map(requirement).collect();
    Some(LabelSelector { match_labels: map.text_map("matchLabels"), match_expressions })
}

fn requirement(field: &Field<'_>) -> Option<Requirement> {
    let map = field.map(&["key", "operator", "values"])?;
    let words = [
        ("In", Operator::In),
        ("NotIn", Operator::NotIn),
        ("Exists", Operator::Exists),
        ("DoesNotExist", Operator::DoesNotExist),
    ];
    let operator = map.need("operator", map.get("operator").and_then(|field| field.word(&words)));
    let (key, values) = (map.needed_text("key"), map.texts("values"));
    let needed = matches!(operator, Some(Operator::In | Operator::NotIn));
    if operator.is_some() && needed == values.is_empty() {
        map.wrong_at("values", if needed { "is needed for In and NotIn" } else { "is only for In and NotIn" });
    }
    Some(Requirement { key: key?, operator: operator?, values })
}
