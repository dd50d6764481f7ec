//! `target.template` and its like.

use crate::external::resource::external_secret::{ApiVersion, Decoding};
use crate::external::resource::template::{
    Engine, MergePolicy, Template, TemplateAs, TemplateFrom, TemplateItem, TemplateRef, TemplateSource, TemplateTarget,
};

use super::fields::{Field, Map};

pub(super) const DECODINGS: &[(&str, Decoding)] = &[
    ("None", Decoding::None),
    ("Base64", Decoding::Base64),
    ("Base64URL", Decoding::Base64Url),
    ("Auto", Decoding::Auto),
];

const TARGETS: &[(&str, TemplateTarget)] =
    &[("Data", TemplateTarget::Data), ("Annotations", TemplateTarget::Annotations), ("Labels", TemplateTarget::Labels)];

/// `template` of this map.
pub(super) fn template(map: &Map<'_>) -> Option<Template> {
    let known = ["type", "engineVersion", "metadata", "mergePolicy", "data", "templateFrom"];
    let map = map.map("template", &known)?;
    let metadata = map.map("metadata", &["labels", "annotations", "finalizers"]);
    if let Some(metadata) = &metadata {
        metadata.only_v1(&["finalizers"]);
    }
    if let Some(data) = map.get("data").and_then(|field| field.open_map()) {
        for (_, field) in data.fields().filter(|(name, _)| !crate::manifest::limits::is_key(name)) {
            field.wrong("cannot be the key of a Secret: letters, digits, `-`, `_` and `.`");
        }
    }
    let (labels, annotations, finalizers) = match &metadata {
        Some(metadata) => (metadata.text_map("labels"), metadata.text_map("annotations"), metadata.texts("finalizers")),
        None => Default::default(),
    };
    let template = Template {
        secret_type: map.given("type"),
        engine: map.word("engineVersion", &[("v2", Engine::V2)]),
        merge_policy: map.word("mergePolicy", &[("Replace", MergePolicy::Replace), ("Merge", MergePolicy::Merge)]),
        labels,
        annotations,
        finalizers,
        data: map.text_map("data"),
        template_from: map.list("templateFrom").iter().flat_map(template_from).collect(),
        line: map.line,
    };
    privileges(&map, &template);
    Some(template)
}

/// Types by which a template would get at tokens that nobody meant to give ("apis/externalsecrets/v1/externalsecret_validator.go"
/// `validatePrivilegedTemplate`).
fn privileges(map: &Map<'_>, template: &Template) {
    match template.secret_type.as_deref() {
        Some("bootstrap.kubernetes.io/token") => map.wrong_at("type", "cannot be bootstrap.kubernetes.io/token"),
        Some("kubernetes.io/service-account-token") => {
            let account = template.annotations.contains_key("kubernetes.io/service-account.name");
            if account || template.template_from.iter().any(|from| from.target == TemplateTarget::Annotations) {
                map.wrong_at(
                    "type",
                    "cannot be kubernetes.io/service-account-token when the template names the service account",
                );
            }
        }
        _ => {}
    }
}

/// An entry of `templateFrom`, as many as it has sources.
fn template_from(field: &Field<'_>) -> Vec<TemplateFrom> {
    let Some(map) = field.map(&["configMap", "secret", "literal", "target", "valuesDecodingStrategy"]) else {
        return Vec::new();
    };
    map.only_v1(&["valuesDecodingStrategy"]);
    let decoding = map.word("valuesDecodingStrategy", DECODINGS);
    let target = map.get("target").and_then(|field| target(&field)).unwrap_or_default();
    let sources = [
        template_ref(&map, "configMap").map(TemplateSource::ConfigMap),
        template_ref(&map, "secret").map(TemplateSource::Secret),
        map.text("literal").map(TemplateSource::Literal),
    ];
    if map.present(&["configMap", "secret", "literal"]).is_empty() {
        map.wrong("needs one of configMap, secret, literal");
    }
    let from = |source| TemplateFrom { source, target, decoding, line: map.line };
    sources.into_iter().flatten().map(from).collect()
}

/// Any letter case will do, since v1. Paths into other objects, which upstream takes for other targets than Secrets, are refused.
fn target(field: &Field<'_>) -> Option<TemplateTarget> {
    let text = field.text()?;
    if field.reading.version == ApiVersion::V1 {
        if text.is_empty() {
            return None;
        }
        if let Some((_, target)) = TARGETS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            return Some(*target);
        }
    }
    field.word(TARGETS)
}

fn template_ref(map: &Map<'_>, name: &str) -> Option<TemplateRef> {
    let map = map.map(name, &["name", "items"])?;
    _ = map.need("items", map.get("items").map(|_| ()));
    let items = map.list("items").iter().filter_map(template_item).collect();
    Some(TemplateRef { name: map.needed_name("name")?, items })
}

fn template_item(field: &Field<'_>) -> Option<TemplateItem> {
    let map = field.map(&["key", "templateAs"])?;
    let words = [("Values", TemplateAs::Values), ("KeysAndValues", TemplateAs::KeysAndValues)];
    let template_as = map.word("templateAs", &words);
    Some(TemplateItem { key: map.need("key", map.get("key").and_then(|field| field.key()))?, template_as })
}
