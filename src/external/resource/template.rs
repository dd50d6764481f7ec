//! What becomes of fetched values before they are written: `target.template` of an ExternalSecret, `template` of a PushSecret.
//! Follows "apis/externalsecrets/v1/externalsecret_types.go" of external-secrets 2.9.

use std::collections::BTreeMap;

use super::external_secret::Decoding;

/// A template of a Secret. Only the engine `v2` is supported, so which engine is no part of this.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Template {
    /// The type of the Secret (`type`); as it is when `None`.
    pub secret_type: Option<String>,
    /// Which engine runs it.
    pub engine: Engine,
    /// Whether fetched keys stay beside those of the template.
    pub merge_policy: MergePolicy,
    /// Labels (`metadata.labels`); the values are templates.
    pub labels: BTreeMap<String, String>,
    /// Annotations (`metadata.annotations`); the values are templates.
    pub annotations: BTreeMap<String, String>,
    /// Finalizers that are added (`metadata.finalizers`).
    pub finalizers: Vec<String>,
    /// The text of a template for each key of the Secret.
    pub data: BTreeMap<String, String>,
    /// Templates from elsewhere.
    pub template_from: Vec<TemplateFrom>,
    /// Line of the template, from 1.
    pub line: usize,
}

/// `template.engineVersion`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Engine {
    /// `v2`.
    #[default]
    V2,
}

/// `template.mergePolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MergePolicy {
    /// Only the keys of the template.
    #[default]
    Replace,
    /// Fetched keys, too.
    Merge,
}

/// One template from elsewhere (`templateFrom[]`). An entry that names several sources, which upstream runs one after the other,
/// is read as several of these in that order: ConfigMap, Secret, literal.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateFrom {
    /// Where its text is.
    pub source: TemplateSource,
    /// Where its output goes.
    pub target: TemplateTarget,
    /// How each printed value is decoded (`valuesDecodingStrategy`).
    pub decoding: Decoding,
    /// Line of the entry, from 1.
    pub line: usize,
}

/// Where the text of a [`TemplateFrom`] is.
#[derive(Clone, PartialEq, Debug)]
pub enum TemplateSource {
    /// In a ConfigMap of the namespace.
    ConfigMap(TemplateRef),
    /// In a Secret of the namespace.
    Secret(TemplateRef),
    /// Here. Prints keys and values.
    Literal(String),
}

/// An object with templates.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateRef {
    /// Its name.
    pub name: String,
    /// Which of its keys are templates.
    pub items: Vec<TemplateItem>,
}

/// One key of an object that is a template.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateItem {
    /// The key.
    pub key: String,
    /// What the template prints.
    pub template_as: TemplateAs,
}

/// What a template prints (`templateAs`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TemplateAs {
    /// The value for the key it is under.
    #[default]
    Values,
    /// A map of YAML: keys and values.
    KeysAndValues,
}

/// Where the output of a [`TemplateFrom`] goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TemplateTarget {
    /// To the data of the Secret.
    #[default]
    Data,
    /// To its annotations.
    Annotations,
    /// To its labels.
    Labels,
}
