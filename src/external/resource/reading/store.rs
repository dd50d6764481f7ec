//! SecretStore and ClusterSecretStore.

use std::time::Duration;

use crate::document::near::nearest;
use crate::document::tree::Kind;
use crate::external::resource::external_secret::ApiVersion;
use crate::external::resource::select::StoreKind;
use crate::external::resource::store::{
    Condition, FakeData, FakeProvider, FileProvider, Provider, Retry, Store, Validation,
};
use crate::secret::SecretText;

use super::fields::{Field, Map};
use super::metadata::Metadata;
use super::{aws, kubernetes, select, vault};

const PROVIDERS: &[&str] = &["vault", "aws", "kubernetes", "fake", "encryptedFile"];

/// Providers that upstream has or had and this program has not.
const OTHER_PROVIDERS: &[&str] = &[
    "akeyless",
    "alibaba",
    "azurekv",
    "barbican",
    "beyondtrust",
    "beyondtrustworkloadcredentials",
    "bitwardensecretsmanager",
    "chef",
    "cloudrusm",
    "conjur",
    "crd",
    "delinea",
    "device42",
    "doppler",
    "dvls",
    "fortanix",
    "gcpsm",
    "github",
    "gitlab",
    "ibm",
    "infisical",
    "keepersecurity",
    "nebiusmysterybox",
    "ngrok",
    "onboardbase",
    "onepassword",
    "onepasswordSDK",
    "openBao",
    "oracle",
    "ovh",
    "passbolt",
    "passworddepot",
    "previder",
    "pulumi",
    "scaleway",
    "secretserver",
    "senhasegura",
    "volcengine",
    "webhook",
    "yandexcertificatemanager",
    "yandexlockbox",
];

/// The object.
pub(super) fn store(root: &Map<'_>, metadata: Metadata, kind: StoreKind) -> Option<Store> {
    let known = ["controller", "provider", "retrySettings", "refreshInterval", "conditions"];
    let map = root.needed_map("spec", &known)?;
    let provider = map.need("provider", map.get("provider").and_then(|field| provider(&field)));
    if kind == StoreKind::SecretStore && !map.list("conditions").is_empty() {
        map.wrong_at("conditions", "is only for a ClusterSecretStore");
    }
    let (retry, refresh_interval) = (retry(&map), refresh_interval(&map));
    let conditions = map.list("conditions").iter().filter_map(condition).collect();
    Some(Store {
        kind,
        name: metadata.name,
        namespace: metadata.namespace,
        labels: metadata.labels,
        generation: metadata.generation,
        uid: metadata.uid,
        api_version: map.reading.version,
        controller: map.given("controller"),
        provider: provider?,
        retry,
        refresh_interval,
        conditions,
        line: root.line,
    })
}

fn provider(field: &Field<'_>) -> Option<Provider> {
    let map = field.open_map()?;
    let fields: Vec<_> = map.fields().collect();
    for (name, field) in &fields {
        if OTHER_PROVIDERS.contains(name) {
            field.wrong(format!("the provider `{name}` is not supported; supported: {}", PROVIDERS.join(", ")));
        } else if !PROVIDERS.contains(name) {
            field.wrong_near("there is no such provider", nearest(name, PROVIDERS));
        }
    }
    let [(name, field)] = &fields[..] else {
        field.wrong(if fields.is_empty() { "needs a provider" } else { "has to have only one provider" });
        return None;
    };
    match *name {
        "vault" => Some(Provider::Vault(Box::new(vault::vault(field)?))),
        "aws" => Some(Provider::Aws(Box::new(aws::aws(field)?))),
        "kubernetes" => Some(Provider::Kubernetes(Box::new(kubernetes::kubernetes(field)?))),
        "fake" => Some(Provider::Fake(fake(field)?)),
        "encryptedFile" => Some(Provider::File(FileProvider { path: field.map(&["path"])?.given("path") })),
        _ => None,
    }
}

fn fake(field: &Field<'_>) -> Option<FakeProvider> {
    let map = field.map(&["data", "validationResult"])?;
    map.only_v1(&["validationResult"]);
    _ = map.need("data", map.get("data").map(|_| ()));
    let value = |field: &Field<'_>| {
        let map = field.map(&["key", "value", "version"])?;
        let value = map.need("value", map.get("value").and_then(|field| field.text()));
        let version = map.text("version").unwrap_or_default();
        Some(FakeData { key: map.needed_text("key")?, value: SecretText::new(value?.to_owned()), version })
    };
    let validation_result = match map.number("validationResult", 0, 2) {
        Some(1) => Validation::Error,
        Some(2) => Validation::Unknown,
        _ => Validation::Ready,
    };
    Some(FakeProvider { data: map.list("data").iter().filter_map(value).collect(), validation_result })
}

/// `retrySettings` of this map.
pub(super) fn retry(map: &Map<'_>) -> Option<Retry> {
    let map = map.map("retrySettings", &["maxRetries", "retryInterval"])?;
    let max_retries = map.number("maxRetries", 0, i64::from(i32::MAX)).and_then(|number| u32::try_from(number).ok());
    Some(Retry { max_retries, retry_interval: map.duration("retryInterval") })
}

/// Seconds, or since v1 also a duration.
fn refresh_interval(map: &Map<'_>) -> Duration {
    let Some(field) = map.get("refreshInterval") else { return Duration::ZERO };
    let nanoseconds = match &field.node.kind {
        Kind::Str(_) if field.reading.version == ApiVersion::V1 => field.duration(),
        _ => map.number("refreshInterval", 0, i64::from(i32::MAX)).map(|seconds| seconds * 1_000_000_000),
    };
    match nanoseconds.map(u64::try_from) {
        Some(Ok(nanoseconds)) => Duration::from_nanos(nanoseconds),
        Some(Err(_)) => {
            field.wrong("cannot be negative");
            Duration::ZERO
        }
        None => Duration::ZERO,
    }
}

fn condition(field: &Field<'_>) -> Option<Condition> {
    let map = field.map(&["namespaceSelector", "namespaces", "namespaceRegexes"])?;
    let regexes = map.list("namespaceRegexes");
    Some(Condition {
        namespace_selector: map.get("namespaceSelector").and_then(|field| select::labels(&field)),
        namespaces: map.list("namespaces").iter().filter_map(|field| field.namespace()).collect(),
        namespace_regexes: regexes.iter().filter_map(|field| Some(field.regexp()?.1)).collect(),
    })
}
