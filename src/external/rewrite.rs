//! What becomes of keys: `dataFrom[].rewrite` (external-secrets 2.9 `runtime/esutils/utils.go:RewriteMap`). Keys are taken in
//! their order, so that which value wins when two become the same key is the same every time (upstream leaves it to chance): the
//! one whose old key comes last.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use regex::bytes::{Captures, Regex};

use super::json::{self, JsonError, Node, Numbers, Style, write_text};
use super::keys::Values;
use super::resource::external_secret::{ConflictPolicy, Merge, MergeStrategy, PriorityPolicy, Rewrite};
use super::sink::Sink;
use crate::pattern::{self, RegexError};
use crate::secret::SecretBytes;
use crate::template::{FunctionSet, Options, Template, TemplateError, Value, is_letter, is_number};

/// Why keys cannot be rewritten. It names keys, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// No regular expression.
    #[error(transparent)]
    Regex(#[from] RegexError),
    /// A template that cannot be read or run.
    #[error(transparent)]
    Template(Box<TemplateError>),
    /// A template printed what is no text.
    #[error("the template makes of the key `{0}` what is no text")]
    NoText(String),
    /// Something that is to be merged is no JSON object.
    #[error("the value of `{key}` cannot be merged: {cause}")]
    Value {
        /// Its key.
        key: String,
        /// What is wrong.
        cause: JsonError,
    },
    /// A key of `priority` that is not there.
    #[error("the key `{0}` of `priority` is not there")]
    NoPriority(String),
    /// Fields that more than one of the objects have.
    #[error("more than one of the merged objects have {}", .0.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))]
    Conflict(Vec<String>),
    /// No key for the merged object.
    #[error("`into` is empty")]
    NoInto,
}

impl From<TemplateError> for RewriteError {
    fn from(error: TemplateError) -> Self {
        Self::Template(Box::new(error))
    }
}

/// Does all rewrites, one after the other. `now` is for templates.
///
/// # Errors
/// [`RewriteError`], with the place of the rewrite in the list.
pub fn rewrite(rewrites: &[Rewrite], mut values: Values, now: Timestamp) -> Result<Values, (usize, RewriteError)> {
    for (at, rewrite) in rewrites.iter().enumerate() {
        let outcome = match rewrite {
            Rewrite::Regexp { source, target } => by_pattern(source, target, values),
            Rewrite::Transform { template } => by_template(template, values, now),
            Rewrite::Merge(operation) => merge(operation, values),
        };
        values = outcome.map_err(|error| (at, error))?;
    }
    Ok(values)
}

fn by_pattern(source: &str, target: &str, values: Values) -> Result<Values, RewriteError> {
    let regex = pattern::compile_with_groups(source)?;
    let rename = |key: &str| {
        let (mut out, mut at) = (Vec::with_capacity(key.len()), 0);
        for found in regex.captures_iter(key.as_bytes()) {
            let range = found.get(0).map(|all| all.range()).unwrap_or_default();
            // Go does not look inside of characters
            if key.is_char_boundary(range.start) && key.is_char_boundary(range.end) {
                out.extend_from_slice(&key.as_bytes()[at..range.start]);
                expand(&mut out, target, &regex, &found);
                at = range.end;
            }
        }
        out.extend_from_slice(&key.as_bytes()[at..]);
        String::from_utf8_lossy(&out).into_owned()
    };
    Ok(values.into_iter().map(|(key, value)| (rename(&key), value)).collect())
}

/// `$1`, `${name}` and `$$`, as Go's `Regexp.Expand` reads them.
fn expand(out: &mut Vec<u8>, mut target: &str, regex: &Regex, found: &Captures<'_>) {
    while let Some((before, after)) = target.split_once('$') {
        out.extend_from_slice(before.as_bytes());
        target = after;
        if let Some(after) = target.strip_prefix('$') {
            out.push(b'$');
            target = after;
            continue;
        }
        let braced = target.strip_prefix('{');
        let rest = braced.unwrap_or(target);
        let end = rest.find(|next| !(is_letter(next) || next == '_' || is_digit(next))).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let rest = if braced.is_some() { rest.strip_prefix('}') } else { Some(rest) };
        let (false, Some(rest)) = (name.is_empty(), rest) else {
            out.push(b'$');
            continue;
        };
        target = rest;
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        let group = match name.parse().ok().filter(|_| is_number) {
            Some(number) => found.get(number),
            // of groups with one name, the first
            None => regex.capture_names().position(|known| known == Some(name)).and_then(|at| found.get(at)),
        };
        out.extend_from_slice(group.map_or(b"", |group| group.as_bytes()));
    }
    out.extend_from_slice(target.as_bytes());
}

/// Go's `unicode.IsDigit`.
fn is_digit(next: char) -> bool {
    next.is_ascii_digit() || (!next.is_ascii() && is_number(next))
}

fn by_template(text: &str, values: Values, now: Timestamp) -> Result<Values, RewriteError> {
    let options = Options { functions: FunctionSet::ExternalSecrets, ..Options::new(now) };
    let template = Template::parse("transform", text, &options)?;
    let rename = |key: String| {
        let data = Value::texts([(&b"value"[..], SecretBytes::new(key.as_bytes().to_vec()))]);
        let printed = template.render(&data, &options)?;
        String::from_utf8(printed.expose().to_vec()).map_err(|_| RewriteError::NoText(key))
    };
    values.into_iter().map(|(key, value)| Ok((rename(key)?, value))).collect()
}

fn merge(operation: &Merge, mut values: Values) -> Result<Values, RewriteError> {
    if operation.strategy == MergeStrategy::Json && operation.into.is_empty() {
        return Err(RewriteError::NoInto);
    }
    let merged = merged(operation, &values)?;
    match operation.strategy {
        MergeStrategy::Extract => {
            let style = Style { html: true, numbers: Numbers::Floats };
            let bytes = |(key, (from, node)): (String, (String, Node))| {
                let value = node.to_bytes(style).map_err(|cause| RewriteError::Value { key: from, cause })?;
                Ok((key, value))
            };
            merged.into_iter().map(bytes).collect()
        }
        MergeStrategy::Json => {
            let style = Style { html: false, numbers: Numbers::Floats };
            let mut out = Sink::default();
            out.push(b"{");
            for (at, (key, (from, node))) in merged.iter().enumerate() {
                if at > 0 {
                    out.push(b",");
                }
                write_text(&mut out, key.as_bytes(), style.html);
                out.push(b":");
                let value = node.to_json(style);
                out.push(value.map_err(|cause| RewriteError::Value { key: from.clone(), cause })?.expose());
            }
            out.push(b"}");
            values.insert(operation.into.clone(), out.finish());
            Ok(values)
        }
    }
}

/// The fields of all objects, with the key that each is from. Keys of `priority` come last.
fn merged(operation: &Merge, values: &Values) -> Result<BTreeMap<String, (String, Node)>, RewriteError> {
    let mut order: Vec<&String> = values.keys().filter(|key| !operation.priority.contains(key)).collect();
    for key in &operation.priority {
        if values.contains_key(key) {
            order.push(key);
        } else if operation.priority_policy == PriorityPolicy::Strict {
            return Err(RewriteError::NoPriority(key.clone()));
        }
    }
    let (mut merged, mut conflicts) = (BTreeMap::new(), BTreeSet::new());
    for key in order {
        let Some(value) = values.get(key) else { continue };
        let fields = json::read(value.expose()).and_then(Node::object);
        let fields = fields.map_err(|cause| RewriteError::Value { key: key.clone(), cause })?;
        for (field, node) in fields {
            if merged.insert(field.clone(), (key.clone(), node)).is_some() {
                conflicts.insert(field);
            }
        }
    }
    if operation.conflict_policy == ConflictPolicy::Error && !conflicts.is_empty() {
        return Err(RewriteError::Conflict(conflicts.into_iter().collect()));
    }
    Ok(merged)
}

#[cfg(test)]
mod tests;
