//! What Go printed for External Secrets Operator's own functions and libraries, and what
//! else tests share; only for tests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::keys::Values;
use super::resource::ExternalSecret;
use super::resource::external_secret::{ApiVersion, RefreshPolicy, Target};
use super::resource::select::{StoreKind, StoreRef};
use crate::secret::SecretBytes;

/// The cases of a group.
pub(crate) fn cases(group: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../tests/vectors/external-secrets/golden.json")).unwrap();
    all[group].as_array().unwrap().clone()
}

/// A text of a case.
pub(crate) fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

/// An ExternalSecret of which nothing is given but its name.
pub(crate) fn external_secret() -> ExternalSecret {
    ExternalSecret {
        name: "es".to_owned(),
        namespace: Some("ns".to_owned()),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        generation: Some(1),
        uid: Some("es-uid".to_owned()),
        api_version: ApiVersion::V1,
        refresh_policy: RefreshPolicy::Periodic,
        refresh_interval: Duration::from_secs(3600),
        sync_windows: None,
        store_ref: Some(StoreRef { name: "store".to_owned(), kind: StoreKind::SecretStore }),
        target: Target::default(),
        data: vec![],
        data_from: vec![],
        line: 1,
    }
}

/// Values by their keys.
pub(crate) fn values(all: &[(&str, &str)]) -> Values {
    all.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(value.as_bytes().to_vec()))).collect()
}

/// Texts by their keys.
pub(crate) fn texts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The other way round.
pub(crate) fn shown(values: &Values) -> Vec<(&str, &str)> {
    values.iter().map(|(key, value)| (key.as_str(), std::str::from_utf8(value.expose()).unwrap())).collect()
}
