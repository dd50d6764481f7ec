//! What is written: fetched values, after the template (external-secrets 2.9 `runtime/template/v2/template.go` and
//! `pkg/controllers/templating/parser.go`).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::decode::decode;
use super::resource::ExternalSecret;
use super::resource::template::{MergePolicy, Template, TemplateAs, TemplateRef, TemplateSource, TemplateTarget};
use super::wanted::Wanted;
use crate::secret::SecretBytes;
use crate::template::{self, FunctionSet, MissingKey, Options, Value, yaml};

/// Annotations that are never copied: they hold a whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What a template failed at: where, and why. Never a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct TemplateProblem {
    /// Where in the manifest: `spec.target.template.data.config`.
    pub path: String,
    /// Line, from 1; 0 when there is none to name.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Looks up an object whose keys are templates; `None` when there is none.
pub type Lookup<'a> = dyn FnMut(Kind, &str) -> Result<Option<BTreeMap<String, Vec<u8>>>, String> + 'a;

/// The kind of object that has templates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

/// What `spec` wants on its Secret when `data` was fetched.
///
/// # Errors
/// Every template that fails.
pub fn wanted(
    spec: &ExternalSecret,
    data: BTreeMap<String, SecretBytes>,
    lookup: &mut Lookup<'_>,
    now: Timestamp,
) -> Result<Wanted, Vec<TemplateProblem>> {
    let immutable = spec.target.immutable;
    let Some(template) = &spec.target.template else {
        let annotations = spec.annotations.iter().filter(|(name, _)| *name != LAST_APPLIED);
        let annotations = annotations.map(|(name, value)| (name.clone(), value.clone())).collect();
        return Ok(Wanted { data, labels: spec.labels.clone(), annotations, immutable, ..Wanted::default() });
    };
    let mut made = render(template, data, lookup, now, "spec.target.template")?;
    made.immutable = immutable;
    Ok(made)
}

/// The same for any template: `path` is where it is in the manifest.
///
/// # Errors
/// Every template that fails.
pub fn render(
    template: &Template,
    data: BTreeMap<String, SecretBytes>,
    lookup: &mut Lookup<'_>,
    now: Timestamp,
    path: &str,
) -> Result<Wanted, Vec<TemplateProblem>> {
    let copy = |(key, value): (&String, &SecretBytes)| (key.clone(), SecretBytes::new(value.expose().to_vec()));
    let mut run = Run { dot: Value::texts(data.iter().map(copy)), options: options(now), path, wrong: Vec::new() };
    let has_templates = !template.data.is_empty() || !template.template_from.is_empty();
    let keeps = !has_templates || template.merge_policy == MergePolicy::Merge;
    let mut made = Wanted {
        data: if keeps { data } else { BTreeMap::new() },
        secret_type: template.secret_type.clone(),
        finalizers: template.finalizers.clone(),
        ..Wanted::default()
    };
    for (at, from) in template.template_from.iter().enumerate() {
        run.from(&format!("templateFrom[{at}]"), from, lookup, &mut made);
    }
    for (key, text) in &template.data {
        if let Some(value) = run.text(&format!("data.{key}"), template.line, key, text) {
            made.data.insert(key.clone(), value);
        }
    }
    for (field, texts) in [("labels", &template.labels), ("annotations", &template.annotations)] {
        for (key, text) in texts {
            let place = format!("metadata.{field}.{key}");
            let Some(value) = run.text(&place, template.line, key, text) else { continue };
            let Some(value) = run.utf8(&place, template.line, &value) else { continue };
            let into = if field == "labels" { &mut made.labels } else { &mut made.annotations };
            into.insert(key.clone(), value);
        }
    }
    if run.wrong.is_empty() { Ok(made) } else { Err(run.wrong) }
}

/// How upstream runs templates.
fn options(now: Timestamp) -> Options<'static> {
    Options { missing_key: MissingKey::Error, functions: FunctionSet::ExternalSecrets, ..Options::new(now) }
}

struct Run<'a> {
    dot: Value,
    options: Options<'static>,
    path: &'a str,
    wrong: Vec<TemplateProblem>,
}

impl Run<'_> {
    fn problem(&mut self, place: &str, line: usize, what: impl Into<String>) {
        self.wrong.push(TemplateProblem { path: format!("{}.{place}", self.path), line, what: what.into() });
    }

    fn text(&mut self, place: &str, line: usize, name: &str, text: &str) -> Option<SecretBytes> {
        match template::render(name, text, &self.dot, &self.options) {
            Ok(out) => Some(out),
            Err(error) => {
                self.problem(place, line, error.to_string());
                None
            }
        }
    }

    fn utf8(&mut self, place: &str, line: usize, value: &SecretBytes) -> Option<String> {
        let text = std::str::from_utf8(value.expose()).map(str::to_owned);
        if text.is_err() {
            self.problem(place, line, "what it prints is not text");
        }
        text.ok()
    }

    fn from(
        &mut self,
        place: &str,
        from: &super::resource::template::TemplateFrom,
        lookup: &mut Lookup<'_>,
        made: &mut Wanted,
    ) {
        let (kind, reference, word) = match &from.source {
            TemplateSource::Literal(text) => {
                // upstream names it by its own text
                if let Some(out) = self.text(&format!("{place}.literal"), from.line, "literal", text) {
                    self.pairs(&format!("{place}.literal"), from, &out, made);
                }
                return;
            }
            TemplateSource::ConfigMap(reference) => (Kind::ConfigMap, reference, "configMap"),
            TemplateSource::Secret(reference) => (Kind::Secret, reference, "secret"),
        };
        let place = format!("{place}.{word}");
        let Some(texts) = self.looked_up(&place, from.line, kind, reference, lookup) else { return };
        for item in &reference.items {
            let Some(text) = texts.get(&item.key) else {
                let what = format!("{word} {} has no key {}", reference.name, item.key);
                self.problem(&place, from.line, what);
                continue;
            };
            let Ok(text) = std::str::from_utf8(text) else {
                self.problem(&place, from.line, format!("{} of {word} {} is not text", item.key, reference.name));
                continue;
            };
            let Some(out) = self.text(&place, from.line, &item.key, text) else { continue };
            match item.template_as {
                TemplateAs::Values => self.put(&place, from, item.key.clone(), out, made),
                TemplateAs::KeysAndValues => self.pairs(&place, from, &out, made),
            }
        }
    }

    fn looked_up(
        &mut self,
        place: &str,
        line: usize,
        kind: Kind,
        reference: &TemplateRef,
        lookup: &mut Lookup<'_>,
    ) -> Option<BTreeMap<String, Vec<u8>>> {
        match lookup(kind, &reference.name) {
            Ok(Some(texts)) => Some(texts),
            Ok(None) => {
                self.problem(place, line, format!("there is no such object: {}", reference.name));
                None
            }
            Err(what) => {
                self.problem(place, line, what);
                None
            }
        }
    }

    fn pairs(
        &mut self,
        place: &str,
        from: &super::resource::template::TemplateFrom,
        out: &SecretBytes,
        made: &mut Wanted,
    ) {
        match yaml::string_map(out.expose()) {
            Ok(pairs) => {
                for (key, value) in pairs {
                    self.put(place, from, key, value, made);
                }
            }
            Err(error) => {
                self.problem(place, from.line, format!("what it prints is no map of keys and values: {error}"));
            }
        }
    }

    fn put(
        &mut self,
        place: &str,
        from: &super::resource::template::TemplateFrom,
        key: String,
        value: SecretBytes,
        made: &mut Wanted,
    ) {
        let value = match decode(from.decoding, value) {
            Ok(value) => value,
            Err(error) => return self.problem(place, from.line, format!("{key}: {error}")),
        };
        let into = match from.target {
            TemplateTarget::Data => {
                made.data.insert(key, value);
                return;
            }
            TemplateTarget::Labels => &mut made.labels,
            TemplateTarget::Annotations => &mut made.annotations,
        };
        match String::from_utf8(value.expose().to_vec()) {
            Ok(text) => drop(into.insert(key, text)),
            Err(_) => self.problem(place, from.line, format!("{key}: what it prints is not text")),
        }
    }
}

#[cfg(test)]
mod tests;
