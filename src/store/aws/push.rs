//! What pushing has in common: the tag that says whose a secret is, and what the operator is told beside a value
//! (external-secrets 2.9 `runtime/esutils/metadata/metadata.go`). Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::words::shown;
use crate::store::{StoreCause, StoreError};

/// The tag of what may be changed and removed.
pub(super) const MANAGED_BY: &str = "managed-by";
/// Its value. The operator's own, so that either of us can go on with what the other wrote.
pub(super) const MANAGER: &str = "external-secrets";
/// Of what has no description.
pub(super) const DESCRIPTION: &str = "secret 'managed-by:external-secrets'";

const VERSION: &str = "kubernetes.external-secrets.io/v1alpha1";
const KIND: &str = "PushSecretMetadata";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope<T> {
    api_version: String,
    kind: String,
    spec: Option<T>,
}

/// What `metadata` says; nothing, when there is none.
pub(super) fn spec<T: DeserializeOwned + Default>(metadata: Option<&Value>) -> Result<T, StoreError> {
    let invalid = |what: String| StoreError::new(StoreCause::Invalid, format!("the metadata of the push: {what}"));
    let Some(metadata) = metadata.filter(|metadata| !metadata.is_null()) else {
        return Ok(T::default());
    };
    // serde names fields, kinds of values and, of enumerations, what is allowed; and the value of an unknown variant
    let read = Envelope::<T>::deserialize(metadata).map_err(|error| {
        invalid(format!("{error}")).hint(format!("it is a {KIND} of {VERSION}, with a spec that this store knows"))
    })?;
    if read.api_version != VERSION {
        return Err(invalid(format!("its apiVersion is {}, not {VERSION}", shown(&read.api_version))));
    }
    if read.kind != KIND {
        return Err(invalid(format!("its kind is {}, not {KIND}", shown(&read.kind))));
    }
    Ok(read.spec.unwrap_or_default())
}

/// The tags that something gets: those that were asked for, and ours.
pub(super) fn tags(asked: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, StoreError> {
    if asked.contains_key(MANAGED_BY) {
        let what = format!("the metadata of the push: the tag {MANAGED_BY} cannot be chosen");
        return Err(StoreError::new(StoreCause::Invalid, what));
    }
    let mut tags = asked.clone();
    tags.insert(MANAGED_BY.into(), MANAGER.into());
    Ok(tags)
}

/// Whether something is ours.
pub(super) fn is_ours<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
    tags.into_iter().any(|tag| tag == (MANAGED_BY, MANAGER))
}

/// What is not ours is not changed.
pub(super) fn not_ours(what: &str) -> StoreError {
    StoreError::new(StoreCause::Conflict, format!("{what} is not managed by us: it has no tag {MANAGED_BY}={MANAGER}"))
        .hint(format!("choose another name, or give it that tag: {MANAGED_BY}={MANAGER}"))
}

/// What has to be done so that tags become those that are wanted.
#[derive(PartialEq, Eq, Default, Debug)]
pub(super) struct TagChanges {
    /// Keys that go.
    pub(super) gone: Vec<String>,
    /// All that are wanted, when one of them is new or different; else none.
    pub(super) set: BTreeMap<String, String>,
}

/// Of tags that are, to tags that are wanted. Amazon's own cannot be removed.
pub(super) fn changes(are: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> TagChanges {
    let is_foreign = |key: &&String| !wanted.contains_key(*key) && *key != MANAGED_BY && !key.starts_with("aws:");
    let is_same = wanted.iter().all(|(key, value)| are.get(key) == Some(value));
    TagChanges {
        gone: are.keys().filter(is_foreign).cloned().collect(),
        set: if is_same { BTreeMap::new() } else { wanted.clone() },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Default, PartialEq, Debug)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    struct Spec {
        key_id: String,
    }

    #[test]
    fn metadata_is_read_strictly() {
        let of = |value: Value| spec::<Spec>(Some(&value)).map(|spec| spec.key_id).map_err(|error| error.what);
        let good = json!({ "apiVersion": VERSION, "kind": KIND, "spec": { "keyId": "k" } });
        assert_eq!(of(good).unwrap(), "k");
        assert_eq!(of(json!({ "apiVersion": VERSION, "kind": KIND })).unwrap(), "");
        assert_eq!(of(Value::Null).unwrap(), "");
        assert_eq!(spec::<Spec>(None).unwrap().key_id, "");
        for (bad, part) in [
            (json!({ "apiVersion": VERSION, "kind": KIND, "spec": { "keyid": "k" } }), "unknown field `keyid`"),
            (json!({ "apiVersion": VERSION, "kind": KIND, "x": 1 }), "unknown field `x`"),
            (json!({ "apiVersion": "v1", "kind": KIND }), "apiVersion is \"v1\""),
            (json!({ "apiVersion": VERSION, "kind": "X" }), "kind is \"X\""),
            (json!([]), "the metadata of the push"),
        ] {
            let error = of(bad).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn tags_become_others() {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let wanted = tags(&map(&[("a", "1")])).unwrap();
        assert!(is_ours(wanted.iter().map(|(key, value)| (key.as_str(), value.as_str()))));
        let now = map(&[("a", "0"), ("b", "1"), ("aws:x", "1"), (MANAGED_BY, MANAGER)]);
        assert_eq!(changes(&now, &wanted), TagChanges { gone: vec!["b".into()], set: wanted.clone() });
        assert_eq!(changes(&wanted, &wanted), TagChanges::default());
        assert_eq!(tags(&map(&[(MANAGED_BY, "me")])).unwrap_err().cause, StoreCause::Invalid);
        assert!(!is_ours([("managed-by", "me")]));
    }
}
