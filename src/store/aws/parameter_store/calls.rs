//! The operations of Parameter Store that we need, as AWS spells them.

use serde::{Deserialize, Deserializer, Serialize};

use crate::secret::SecretText;

/// A parameter with its value.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(deserialize_with = "secret")]
    pub(super) value: SecretText,
    pub(super) version: Option<i64>,
    #[serde(rename = "ARN")]
    pub(super) arn: Option<String>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
    String::deserialize(deserializer).map(SecretText::new)
}

/// `GetParameter`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get<'a> {
    pub(super) name: &'a str,
    pub(super) with_decryption: bool,
}

/// Its answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    pub(super) parameter: Parameter,
}

/// `GetParameters`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMany<'a> {
    pub(super) names: &'a [String],
    pub(super) with_decryption: bool,
}

/// Its answer. Names that are in neither list were not answered.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GotMany {
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    #[serde(default)]
    pub(super) invalid_parameters: Vec<String>,
}

/// `GetParametersByPath`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ByPath<'a> {
    pub(super) path: &'a str,
    pub(super) recursive: bool,
    pub(super) with_decryption: bool,
    pub(super) max_results: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

/// A page of parameters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    pub(super) next_token: Option<String>,
}

/// `DescribeParameters`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Describe<'a> {
    pub(super) parameter_filters: &'a [Condition],
    pub(super) max_results: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

/// Which.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Condition {
    pub(super) key: String,
    pub(super) option: &'static str,
    pub(super) values: Vec<String>,
}

/// A page of names.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    #[serde(default)]
    pub(super) parameters: Vec<Named>,
    pub(super) next_token: Option<String>,
}

/// A parameter without its value; `DeleteParameter`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) name: String,
}

/// `ListTagsForResource`, and the beginning of those that change tags.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfResource<'a> {
    pub(super) resource_type: &'static str,
    pub(super) resource_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Vec<Tag>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tag_keys: Option<Vec<String>>,
}

impl<'a> OfResource<'a> {
    /// Of one parameter.
    pub(super) fn of(name: &'a str) -> Self {
        Self { resource_type: "Parameter", resource_id: name, tags: None, tag_keys: None }
    }
}

/// A tag.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// All tags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    #[serde(default)]
    pub(super) tag_list: Vec<Tag>,
}

/// `PutParameter`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    #[serde(rename = "Type")]
    pub(super) kind: &'static str,
    pub(super) description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policies: Option<&'a str>,
    pub(super) overwrite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Vec<Tag>>,
}
