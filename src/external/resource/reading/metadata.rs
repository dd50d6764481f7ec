//! `metadata` of an object: what is used of it. All else that it may have is the API server's own, and passes.

use std::collections::BTreeMap;

use super::fields::Map;

/// What is used of `metadata`.
#[derive(Default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) generation: Option<i64>,
    pub(super) uid: Option<String>,
}

/// Reads it. A cluster-wide object is in no namespace, whatever it says, as for the API server.
pub(super) fn metadata(root: &Map<'_>, cluster: bool) -> Metadata {
    let map = root.need("metadata", root.get("metadata").and_then(|field| field.open_map()));
    let Some(map) = map else { return Metadata::default() };
    let namespace = map.get("namespace").and_then(|field| field.namespace());
    Metadata {
        name: map.needed_name("name").unwrap_or_default(),
        namespace: namespace.filter(|_| !cluster),
        labels: map.text_map("labels"),
        annotations: map.text_map("annotations"),
        generation: map.number("generation", 0, i64::MAX),
        uid: map.given("uid"),
    }
}
