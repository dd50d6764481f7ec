//! Writing and removing. Unlike the operator, a policy that nobody asked for is left alone and not removed each time, an
//! update keeps the format that the metadata says, and what cannot be put into the JSON is an error.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag};
use serde::Deserialize;

use super::Inner;
use super::read::{Wanted, describe, value};
use crate::external::{gjson, json};
use crate::secret::{self, SecretBytes};
use crate::store::aws::push::{DESCRIPTION, changes, is_ours, not_ours, spec, tags};
use crate::store::aws::settings::{Deletion, PolicySource};
use crate::store::aws::trouble::Fault;
use crate::store::aws::words::shown;
use crate::store::{Kept, Push, Remote, StoreCause, StoreError};

/// The version that is made first, as the operator names it: so that two who do so at once make one.
const FIRST: &str = "00000000-0000-0000-0000-000000000001";
const KEY: &str = "alias/aws/secretsmanager";

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Spec {
    tags: BTreeMap<String, String>,
    description: String,
    secret_push_format: Format,
    kms_key_id: String,
    resource_policy: Option<Policy>,
    replication_locations: Option<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
enum Format {
    #[default]
    #[serde(alias = "")]
    Binary,
    String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Policy {
    block_public_policy: Option<bool>,
    policy_source_ref: Option<PolicySource>,
}

/// What goes out, in the form that was asked for.
struct Payload {
    text: Option<String>,
    bytes: Option<Blob>,
}

fn payload(value: &SecretBytes, format: Format) -> Result<Payload, StoreError> {
    match format {
        Format::Binary => Ok(Payload { text: None, bytes: Some(Blob::new(value.expose())) }),
        Format::String => match std::str::from_utf8(value.expose()) {
            Ok(text) => Ok(Payload { text: Some(text.to_owned()), bytes: None }),
            Err(_) => {
                Err(StoreError::new(StoreCause::Invalid, "the value is not text, so it cannot be pushed as string"))
            }
        },
    }
}

/// See [`StoreClient::push`](crate::store::StoreClient::push).
pub(super) fn push(inner: &Arc<Inner>, push: &Push<'_>) -> Result<Kept, StoreError> {
    let id = inner.id(&push.remote.key);
    let spec: Spec = spec(push.metadata)?;
    let wanted_tags = tags(&spec.tags)?;
    let policy = policy_text(inner, &spec)?;
    inner.session.run(10, async {
        let Some(found) = describe(inner, &id).await? else {
            create(inner, &id, push, &spec, &wanted_tags, policy.as_deref()).await?;
            return Ok(Kept::Written);
        };
        let own: BTreeMap<_, _> = found
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
            .collect();
        if !is_ours(own.iter().map(|(key, value)| (key.as_str(), value.as_str()))) {
            return Err(not_ours(&format!("the secret {}", shown(&id))));
        }
        if found.deleted_date().is_some() {
            return Err(going(inner, &id));
        }
        let has_value = found.version_ids_to_stages().is_some_and(|versions| !versions.is_empty());
        let old = match has_value {
            true => value(inner, &Wanted::Current(id.clone())).await?,
            false => None,
        };
        let new = merged(&id, push, old.as_ref().map(|old| &old.bytes))?;
        let out = payload(&new, spec.secret_push_format)?;
        let mut changed = false;
        if !spec.tags.is_empty() {
            changed |= retag(inner, &id, &own, &wanted_tags).await?;
        }
        if let Some(policy) = &policy {
            changed |= repolicy(inner, &id, &spec, policy).await?;
        }
        if let Some(wanted) = &spec.replication_locations {
            changed |= replicate(inner, &id, &found, wanted).await?;
        }
        if old.as_ref().is_some_and(|old| old.bytes.same(&new)) {
            return Ok(if changed { Kept::Written } else { Kept::Unchanged });
        }
        let token = if old.is_some() { uuid()? } else { FIRST.to_owned() };
        let request = || async {
            let request = inner.client.put_secret_value().secret_id(&id).client_request_token(&token);
            let request = request.set_secret_binary(out.bytes.clone()).set_secret_string(out.text.clone());
            request.send().await.map_err(|error| Fault::of(&error))
        };
        let answer = inner.session.ask(false, request).await;
        answer.map_err(|fault| inner.trouble("secretsmanager:PutSecretValue", &id, &fault))?;
        Ok(Kept::Written)
    })?
}

fn going(inner: &Inner, id: &str) -> StoreError {
    let fault =
        Fault::Said { code: "InvalidRequestException".into(), message: "scheduled for deletion".into(), status: 400 };
    inner.trouble("secretsmanager:PutSecretValue", id, &fault)
}

/// The value, or what is there with the value in it.
fn merged(id: &str, push: &Push<'_>, old: Option<&SecretBytes>) -> Result<SecretBytes, StoreError> {
    let Some(property) = push.remote.property.as_deref().filter(|property| !property.is_empty()) else {
        return Ok(SecretBytes::new(push.value.expose().to_vec()));
    };
    let misfit = |why: &dyn Display| {
        let what = format!("the property {} of the secret {}: {why}", shown(property), shown(id));
        StoreError::new(StoreCause::Invalid, what)
    };
    let old = old.map_or(&b""[..], SecretBytes::expose);
    if !old.is_empty() && json::read(old).is_err() {
        return Err(misfit(&"what is there is not JSON"));
    }
    let new = gjson::set(old, property, push.value.expose()).map_err(|error| misfit(&error))?;
    let is_set = || gjson::get(old, property).ok().flatten().is_some_and(|is| is.same(push.value));
    if new.expose() == old && !is_set() {
        return Err(misfit(&"it is a search that finds nothing"));
    }
    Ok(new)
}

/// A version's name, version 4 of UUIDs.
fn uuid() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    secret::random(&mut bytes).map_err(|error| StoreError::new(StoreCause::Unsupported, error.to_string()))?;
    let mut number = u128::from_be_bytes(bytes);
    number = number & !(0xf << 76) | 4 << 76;
    number = number & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{number:032x}");
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

fn key(spec: &Spec) -> &str {
    if spec.kms_key_id.is_empty() { KEY } else { &spec.kms_key_id }
}

fn sdk_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn regions(names: &[String], key: Option<&str>) -> Vec<ReplicaRegionType> {
    let region = |name: &String| {
        let builder = ReplicaRegionType::builder().region(name);
        builder.set_kms_key_id(key.map(str::to_owned)).build()
    };
    names.iter().map(region).collect()
}

async fn create(
    inner: &Inner,
    id: &str,
    push: &Push<'_>,
    spec: &Spec,
    tags: &BTreeMap<String, String>,
    policy: Option<&str>,
) -> Result<(), StoreError> {
    let value = payload(&merged(id, push, None)?, spec.secret_push_format)?;
    let replicas = regions(spec.replication_locations.as_deref().unwrap_or_default(), Some(key(spec)));
    let description = if spec.description.is_empty() { DESCRIPTION } else { &spec.description };
    let request = || async {
        let request = inner.client.create_secret().name(id).client_request_token(FIRST).description(description);
        let request = request.set_secret_binary(value.bytes.clone()).set_secret_string(value.text.clone());
        let request = request.set_tags(Some(sdk_tags(tags))).kms_key_id(key(spec));
        let request = request.set_add_replica_regions(Some(replicas.clone()).filter(|some| !some.is_empty()));
        request.send().await.map_err(|error| Fault::of(&error))
    };
    let answer = inner.session.ask(false, request).await;
    answer.map_err(|fault| inner.trouble("secretsmanager:CreateSecret", id, &fault))?;
    match policy {
        Some(policy) => put_policy(inner, id, spec, policy).await,
        None => Ok(()),
    }
}

async fn retag(
    inner: &Inner,
    id: &str,
    own: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Result<bool, StoreError> {
    let changes = changes(own, wanted);
    if !changes.gone.is_empty() {
        let request = || async {
            let request = inner.client.untag_resource().secret_id(id).set_tag_keys(Some(changes.gone.clone()));
            request.send().await.map_err(|error| Fault::of(&error))
        };
        let answer = inner.session.ask(false, request).await;
        answer.map_err(|fault| inner.trouble("secretsmanager:UntagResource", id, &fault))?;
    }
    if !changes.set.is_empty() {
        let request = || async {
            let request = inner.client.tag_resource().secret_id(id).set_tags(Some(sdk_tags(&changes.set)));
            request.send().await.map_err(|error| Fault::of(&error))
        };
        let answer = inner.session.ask(false, request).await;
        answer.map_err(|fault| inner.trouble("secretsmanager:TagResource", id, &fault))?;
    }
    Ok(!changes.gone.is_empty() || !changes.set.is_empty())
}

/// The policy that is asked for; whoever made the store reads it.
fn policy_text(inner: &Inner, spec: &Spec) -> Result<Option<String>, StoreError> {
    let Some(source) = spec.resource_policy.as_ref().and_then(|policy| policy.policy_source_ref.as_ref()) else {
        return Ok(None);
    };
    let Some(policies) = &inner.session.settings.policies else {
        let what = "a resource policy cannot be read here, where there is no cluster";
        return Err(StoreError::new(StoreCause::Unsupported, what));
    };
    Ok(Some(policies(source)?).filter(|text| !text.is_empty()))
}

async fn repolicy(inner: &Inner, id: &str, spec: &Spec, wanted: &str) -> Result<bool, StoreError> {
    let request =
        || async { inner.client.get_resource_policy().secret_id(id).send().await.map_err(|error| Fault::of(&error)) };
    let now = match inner.session.ask(false, request).await {
        Ok(answer) => answer.resource_policy,
        Err(fault) if fault.code() == "ResourceNotFound" => None,
        Err(fault) => return Err(inner.trouble("secretsmanager:GetResourcePolicy", id, &fault)),
    };
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let wanted_json = read(wanted);
    if wanted_json.is_none() {
        return Err(StoreError::new(StoreCause::Invalid, "the resource policy is not JSON"));
    }
    if now.as_deref().and_then(read) == wanted_json {
        return Ok(false);
    }
    put_policy(inner, id, spec, wanted).await.map(|()| true)
}

async fn put_policy(inner: &Inner, id: &str, spec: &Spec, policy: &str) -> Result<(), StoreError> {
    let block = spec.resource_policy.as_ref().and_then(|policy| policy.block_public_policy);
    let request = || async {
        let request = inner.client.put_resource_policy().secret_id(id).resource_policy(policy);
        request.set_block_public_policy(block).send().await.map_err(|error| Fault::of(&error))
    };
    let answer = inner.session.ask(false, request).await;
    answer.map(drop).map_err(|fault| inner.trouble("secretsmanager:PutResourcePolicy", id, &fault))
}

async fn replicate(
    inner: &Inner,
    id: &str,
    found: &DescribeSecretOutput,
    wanted: &[String],
) -> Result<bool, StoreError> {
    let are: Vec<_> =
        found.replication_status().iter().filter_map(|status| status.region().map(str::to_owned)).collect();
    let gone: Vec<_> = are.iter().filter(|region| !wanted.contains(region)).cloned().collect();
    let new: Vec<_> = wanted.iter().filter(|region| !are.contains(region)).cloned().collect();
    if !gone.is_empty() {
        unreplicate(inner, id, gone.clone()).await?;
    }
    if !new.is_empty() {
        let regions = regions(&new, found.kms_key_id());
        let request = || async {
            let request = inner.client.replicate_secret_to_regions().secret_id(id);
            request.set_add_replica_regions(Some(regions.clone())).send().await.map_err(|error| Fault::of(&error))
        };
        let answer = inner.session.ask(false, request).await;
        answer.map_err(|fault| inner.trouble("secretsmanager:ReplicateSecretToRegions", id, &fault))?;
    }
    Ok(!gone.is_empty() || !new.is_empty())
}

async fn unreplicate(inner: &Inner, id: &str, regions: Vec<String>) -> Result<(), StoreError> {
    let request = || async {
        let request = inner.client.remove_regions_from_replication().secret_id(id);
        request.set_remove_replica_regions(Some(regions.clone())).send().await.map_err(|error| Fault::of(&error))
    };
    let answer = inner.session.ask(false, request).await;
    answer.map(drop).map_err(|fault| inner.trouble("secretsmanager:RemoveRegionsFromReplication", id, &fault))
}

/// See [`StoreClient::delete`](crate::store::StoreClient::delete). The whole secret goes, whatever the property, as in the
/// operator.
pub(super) fn delete(inner: &Arc<Inner>, remote: &Remote) -> Result<Kept, StoreError> {
    let id = inner.id(&remote.key);
    inner.session.run(4, async {
        let Some(found) = describe(inner, &id).await? else {
            return Ok(Kept::Unchanged);
        };
        let is_ours = is_ours(found.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?))));
        if !is_ours || found.deleted_date().is_some() {
            return Ok(Kept::Unchanged);
        }
        let replicas: Vec<_> =
            found.replication_status().iter().filter_map(|status| status.region().map(str::to_owned)).collect();
        if !replicas.is_empty() {
            unreplicate(inner, &id, replicas).await?;
        }
        let arn = found.arn().unwrap_or(&id);
        let request = || async {
            let request = inner.client.delete_secret().secret_id(arn);
            let request = match inner.session.settings.deletion {
                Deletion::Usual => request,
                Deletion::Within(days) => request.recovery_window_in_days(i64::from(days)),
                Deletion::ForGood => request.force_delete_without_recovery(true),
            };
            request.send().await.map_err(|error| Fault::of(&error))
        };
        let answer = inner.session.ask(false, request).await;
        answer.map_err(|fault| inner.trouble("secretsmanager:DeleteSecret", &id, &fault))?;
        Ok(Kept::Deleted)
    })?
}

/// Whether there is a secret with a value.
pub(super) fn exists(inner: &Arc<Inner>, remote: &Remote) -> Result<bool, StoreError> {
    let id = inner.id(&remote.key);
    inner.session.run(1, async {
        match describe(inner, &id).await? {
            Some(found) if found.deleted_date().is_some() => Err(going(inner, &id)),
            Some(found) => Ok(found.version_ids_to_stages().is_some_and(|versions| !versions.is_empty())),
            None => Ok(false),
        }
    })?
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn versions_have_names() {
        let (one, other) = (uuid().unwrap(), uuid().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(one[14..].starts_with('4') && one[19..].starts_with(['8', '9', 'a', 'b']), "{one}");
    }
}
