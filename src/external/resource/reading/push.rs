//! PushSecret.

use std::time::Duration;

use crate::external::resource::push::{
    Named, PushConversion, PushData, PushDataTo, PushDeletionPolicy, PushSecret, PushSelector, PushStoreRef,
    UpdatePolicy,
};

use super::fields::{Field, Map};
use super::metadata::Metadata;
use super::rewrite::rewrite;
use super::select;
use super::template::template;

const CONVERSIONS: &[(&str, PushConversion)] =
    &[("None", PushConversion::None), ("ReverseUnicode", PushConversion::ReverseUnicode)];

/// The object.
pub(super) fn push_secret(root: &Map<'_>, metadata: Metadata) -> Option<PushSecret> {
    let map = root.needed_map(
        "spec",
        &[
            "refreshInterval",
            "secretStoreRefs",
            "updatePolicy",
            "deletionPolicy",
            "selector",
            "data",
            "dataTo",
            "template",
        ],
    )?;
    let stores = map.list("secretStoreRefs");
    if stores.is_empty() {
        map.wrong_at("secretStoreRefs", "needs a store");
    }
    let store_refs: Vec<_> = stores.iter().filter_map(store_ref).collect();
    let selector = map.needed_map("selector", &["secret", "generatorRef"]).and_then(|map| selector(&map));
    let data_to: Vec<_> = map.list("dataTo").iter().filter_map(|field| data_to(field, &store_refs)).collect();
    let deletion = [("None", PushDeletionPolicy::None), ("Delete", PushDeletionPolicy::Delete)];
    let read = PushSecret {
        name: metadata.name,
        namespace: metadata.namespace,
        labels: metadata.labels,
        annotations: metadata.annotations,
        generation: metadata.generation,
        uid: metadata.uid,
        refresh_interval: map.duration("refreshInterval").unwrap_or(Duration::from_secs(3600)),
        store_refs,
        update_policy: map
            .word("updatePolicy", &[("Replace", UpdatePolicy::Replace), ("IfNotExists", UpdatePolicy::IfNotExists)]),
        deletion_policy: map.word("deletionPolicy", &deletion),
        selector: PushSelector::Secret(Named::Name(String::new())),
        data: map.list("data").iter().filter_map(data).collect(),
        data_to,
        template: template(&map),
        line: root.line,
    };
    Some(PushSecret { selector: selector?, ..read })
}

/// One store, or all with some labels.
fn store_ref(field: &Field<'_>) -> Option<PushStoreRef> {
    let map = field.map(&["name", "kind", "labelSelector"])?;
    let kind = map.word("kind", select::STORE_KINDS);
    Some(PushStoreRef { kind, by: named(&map, "labelSelector")? })
}

fn named(map: &Map<'_>, labels: &'static str) -> Option<Named> {
    match map.one_of(&["name", labels])? {
        "name" => map.needed_name("name").map(Named::Name),
        _ => map.get(labels).and_then(|field| select::labels(&field)).map(Named::Labels),
    }
}

fn selector(map: &Map<'_>) -> Option<PushSelector> {
    match map.one_of(&["secret", "generatorRef"])? {
        "secret" => named(&map.map("secret", &["name", "selector"])?, "selector").map(PushSelector::Secret),
        _ => map.get("generatorRef").and_then(|field| select::generator(&field)).map(PushSelector::Generator),
    }
}

fn data(field: &Field<'_>) -> Option<PushData> {
    let map = field.map(&["match", "metadata", "conversionStrategy"])?;
    let matched = map.needed_map("match", &["secretKey", "remoteRef"]);
    let metadata = map.get("metadata").map(|field| field.json());
    let conversion = map.word("conversionStrategy", CONVERSIONS);
    let matched = matched?;
    let secret_key = matched.get("secretKey").and_then(|field| field.fitting(|_| true, ""));
    let remote = matched.needed_map("remoteRef", &["remoteKey", "property"])?;
    Some(PushData {
        secret_key: secret_key.filter(|key| !key.is_empty()),
        property: remote.given("property"),
        remote_key: remote.needed_text("remoteKey")?,
        metadata,
        conversion,
        line: map.line,
    })
}

fn data_to(field: &Field<'_>, stores: &[PushStoreRef]) -> Option<PushDataTo> {
    let map = field.map(&["storeRef", "remoteKey", "match", "rewrite", "metadata", "conversionStrategy"])?;
    let store = map.need("storeRef", map.get("storeRef").and_then(|field| store_ref(&field)));
    if store.as_ref().is_some_and(|store| matches!(store.by, Named::Name(_)) && !stores.contains(store)) {
        map.wrong_at("storeRef", "is none of secretStoreRefs");
    }
    let match_regexp = map.map("match", &["regexp"]).and_then(|map| Some(map.get("regexp")?.regexp()?.0));
    let rewrites = map.list("rewrite");
    let rewrite = rewrites.iter().filter_map(|field| rewrite(field, &["regexp", "transform"])).collect();
    let remote_key = map.given("remoteKey");
    if remote_key.is_some() && !rewrites.is_empty() {
        map.wrong_at("rewrite", "is not for remoteKey, under which all keys go together");
    }
    Some(PushDataTo {
        store_ref: store?,
        remote_key,
        match_regexp: match_regexp.filter(|pattern| !pattern.is_empty()),
        rewrite,
        metadata: map.get("metadata").map(|field| field.json()),
        conversion: map.word("conversionStrategy", CONVERSIONS),
        line: map.line,
    })
}
