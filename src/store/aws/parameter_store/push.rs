//! Writing and removing.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64_simd::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use super::Inner;
use super::calls::{Named, OfResource, Put, Tag};
use super::read::{parameter, tags as tags_of, there};
use crate::external::json::{Json, Node, read};
use crate::secret::SecretText;
use crate::store::aws::json;
use crate::store::aws::push::{DESCRIPTION, changes, is_ours, not_ours, spec, tags};
use crate::store::aws::words::shown;
use crate::store::{Kept, Push, Remote, StoreCause, StoreError};

const KEY: &str = "alias/aws/ssm";

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Spec {
    secret_type: Kind,
    #[serde(rename = "kmsKeyID")]
    kms_key_id: String,
    tier: Tier,
    encode_as_decoded: bool,
    tags: BTreeMap<String, String>,
    description: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Default)]
enum Kind {
    #[default]
    #[serde(alias = "")]
    String,
    StringList,
    SecureString,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Tier {
    #[serde(rename = "type")]
    kind: String,
    policies: Option<serde_json::Value>,
}

/// What is written. All keys of a Secret at once become JSON: of their base64, unless decoded values are asked for.
fn value(push: &Push<'_>, spec: &Spec) -> Result<SecretText, StoreError> {
    let invalid = |what: &str| StoreError::new(StoreCause::Invalid, what);
    let not_text = |_| invalid("the value is not text, and Parameter Store keeps nothing else");
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(|text| SecretText::new(text.to_owned())).map_err(not_text);
    if !push.whole || spec.encode_as_decoded {
        return text(push.value.expose());
    }
    let no_texts = || invalid("the keys of the Secret are not an object of texts");
    let all = read(push.value.expose()).and_then(Node::object).map_err(|_| no_texts())?;
    let encoded = all.iter().map(|(key, node)| match &node.value {
        Json::Text(value) => Ok((key, Zeroizing::new(STANDARD.encode_to_string(value.expose().as_bytes())))),
        _ => Err(no_texts()),
    });
    let encoded = encoded.collect::<Result<Vec<_>, _>>()?;
    text(json::object(encoded.iter().map(|(key, value)| (key.as_str(), value.as_str()))).expose())
}

fn map(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

fn list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

/// Whether the tags say that it is ours.
fn are_ours(tags: &BTreeMap<String, String>) -> bool {
    is_ours(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// See [`StoreClient::push`](crate::store::StoreClient::push). A property is not looked at, as in the operator.
pub(super) fn push(inner: &Arc<Inner>, push: &Push<'_>) -> Result<Kept, StoreError> {
    let name = inner.name(&push.remote.key);
    let spec: Spec = spec(push.metadata)?;
    let wanted_tags = tags(&spec.tags)?;
    let value = value(push, &spec)?;
    let policies = spec.tier.policies.as_ref().map(ToString::to_string);
    let is_advanced = spec.tier.kind == "Advanced";
    let key = if spec.kms_key_id.is_empty() { KEY } else { &spec.kms_key_id };
    let mut question = Put {
        name: &name,
        value: value.expose(),
        kind: spec.secret_type.name(),
        description: if spec.description.is_empty() { DESCRIPTION } else { &spec.description },
        key_id: Some(key).filter(|_| spec.secret_type == Kind::SecureString),
        tier: Some("Advanced").filter(|_| is_advanced),
        policies: policies.as_deref().filter(|_| is_advanced),
        overwrite: false,
        tags: Some(list(&wanted_tags)),
    };
    inner.session.run(6, async {
        let put = async |question: &Put<'_>| {
            let answer = inner.rpc.call::<IgnoredAny>(&inner.session, "PutParameter", question).await;
            answer.map(drop).map_err(|fault| inner.trouble("ssm:PutParameter", &name, &fault))
        };
        let Some(old) = parameter(inner, &name).await? else {
            put(&question).await?;
            return Ok(Kept::Written);
        };
        let own = map(tags_of(inner, &name).await?);
        if !are_ours(&own) {
            return Err(not_ours(&format!("the parameter {}", shown(&name))));
        }
        if old.value.same(&value) {
            return Ok(Kept::Unchanged);
        }
        // AWS takes no tags where something is written over
        (question.overwrite, question.tags) = (true, None);
        put(&question).await?;
        retag(inner, &name, &own, &wanted_tags).await?;
        Ok(Kept::Written)
    })?
}

async fn retag(
    inner: &Inner,
    name: &str,
    own: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    let changes = changes(own, wanted);
    if !changes.gone.is_empty() {
        let question = OfResource { tag_keys: Some(changes.gone), ..OfResource::of(name) };
        let answer = inner.rpc.call::<IgnoredAny>(&inner.session, "RemoveTagsFromResource", &question).await;
        answer.map_err(|fault| inner.trouble("ssm:RemoveTagsFromResource", name, &fault))?;
    }
    if !changes.set.is_empty() {
        let question = OfResource { tags: Some(list(&changes.set)), ..OfResource::of(name) };
        let answer = inner.rpc.call::<IgnoredAny>(&inner.session, "AddTagsToResource", &question).await;
        answer.map_err(|fault| inner.trouble("ssm:AddTagsToResource", name, &fault))?;
    }
    Ok(())
}

/// See [`StoreClient::delete`](crate::store::StoreClient::delete).
pub(super) fn delete(inner: &Arc<Inner>, remote: &Remote) -> Result<Kept, StoreError> {
    let name = inner.name(&remote.key);
    inner.session.run(3, async {
        if !there(inner, &name).await? || !are_ours(&map(tags_of(inner, &name).await?)) {
            return Ok(Kept::Unchanged);
        }
        let question = Named { name: name.clone() };
        match inner.rpc.call::<IgnoredAny>(&inner.session, "DeleteParameter", &question).await {
            Ok(_) => Ok(Kept::Deleted),
            Err(fault) if fault.code() == "ParameterNotFound" => Ok(Kept::Unchanged),
            Err(fault) => Err(inner.trouble("ssm:DeleteParameter", &name, &fault)),
        }
    })?
}
