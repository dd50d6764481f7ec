//! What a PushSecret writes where (external-secrets 2.9 `pkg/controllers/pushsecret/pushsecret_controller.go`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::keys::Values;
use super::resource::PushSecret;
use super::resource::push::{PushConversion, PushData, PushDataTo};
use super::resource::select::LabelSelector;
use super::rewrite::rewrite;
use crate::pattern;
use crate::secret::SecretBytes;

/// One value on its way.
pub struct Entry {
    /// Where it comes from: `spec.data[0]`.
    pub path: String,
    /// Line in the manifest, from 1.
    pub line: usize,
    /// The key of the Secret; `None` for all of them.
    pub key: Option<String>,
    /// The name in the store.
    pub remote_key: String,
    /// Which part of the value there.
    pub property: Option<String>,
    /// The value.
    pub value: SecretBytes,
    /// What the store is told beside it.
    pub metadata: Option<serde_json::Value>,
    /// For which of the stores.
    pub stores: Option<Named>,
}

/// Which of the PushSecret's stores an entry is for.
#[derive(Clone, PartialEq, Debug)]
pub enum Named {
    /// The one of this name.
    Name(String),
    /// Those with these labels.
    Labels(LabelSelector),
}

/// Something is wrong with an entry.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct PushProblem {
    /// Which: `spec.data[0]`.
    pub path: String,
    /// Line in the manifest, from 1.
    pub line: usize,
    /// What is wrong; never a value.
    pub what: String,
}

/// Everything that is pushed of `values`, those of the Secret after the template. What `data` says wins over `dataTo`.
///
/// # Errors
/// Every entry that cannot be: a key that is not there, for instance.
pub fn entries(spec: &PushSecret, values: &Values, now: Timestamp) -> Result<Vec<Entry>, Vec<PushProblem>> {
    let mut wrong = Vec::new();
    let mut entries = Vec::new();
    let named: BTreeSet<&str> = spec.data.iter().filter_map(|entry| entry.secret_key.as_deref()).collect();
    for (at, entry) in spec.data_to.iter().enumerate() {
        let path = format!("spec.dataTo[{at}]");
        match many(entry, values, &named, &path, now) {
            Ok(found) => entries.extend(found),
            Err(what) => wrong.push(PushProblem { path, line: entry.line, what }),
        }
    }
    for (at, entry) in spec.data.iter().enumerate() {
        let path = format!("spec.data[{at}]");
        match one(entry, values, &path) {
            Ok(found) => entries.push(found),
            Err(what) => wrong.push(PushProblem { path, line: entry.line, what }),
        }
    }
    if wrong.is_empty() { Ok(entries) } else { Err(wrong) }
}

/// Those of the entries of one store that go where another goes. With `whole`, the store has no properties: whatever is written takes
/// the place of the whole value.
pub fn clashes<'a>(entries: impl IntoIterator<Item = &'a Entry>, whole: bool) -> Vec<PushProblem> {
    let mut places: BTreeMap<(&str, Option<&str>), &str> = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in entries {
        if let Some(other) =
            places.insert((&entry.remote_key, entry.property.as_deref().filter(|_| !whole)), &entry.path)
        {
            let what = format!("{} goes to the same place as {other}", entry.remote_key);
            wrong.push(PushProblem { path: entry.path.clone(), line: entry.line, what });
        }
    }
    wrong
}

/// `_U002f_` is `/`.
fn converted(conversion: PushConversion, key: &str) -> String {
    if conversion == PushConversion::None {
        return key.to_owned();
    }
    let mut out = String::with_capacity(key.len());
    let mut rest = key;
    while let Some(at) = rest.find("_U") {
        let hex = rest[at + 2..].split('_').next().unwrap_or_default();
        let end = at + 2 + hex.len();
        let found = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
        match found.filter(|_| hex.len() >= 4 && rest[end..].starts_with('_')) {
            Some(sign) => {
                out.push_str(&rest[..at]);
                out.push(sign);
                rest = &rest[end + 1..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// All keys as a JSON object of texts.
fn whole(values: &Values, conversion: PushConversion) -> Result<SecretBytes, String> {
    let mut object = BTreeMap::new();
    for (key, value) in values {
        let text =
            std::str::from_utf8(value.expose()).map_err(|_| format!("{key} is not text, and JSON has no other"))?;
        object.insert(converted(conversion, key), text);
    }
    serde_json::to_vec(&object).map(SecretBytes::new).map_err(|_| "it has no form in JSON".to_owned())
}

fn copy(value: &SecretBytes) -> SecretBytes {
    SecretBytes::new(value.expose().to_vec())
}

fn one(entry: &PushData, values: &Values, path: &str) -> Result<Entry, String> {
    let value = match &entry.secret_key {
        None => whole(values, entry.conversion)?,
        Some(key) => {
            let found = values.iter().find(|(name, _)| converted(entry.conversion, name) == *key || *name == key);
            let (_, value) = found.ok_or_else(|| format!("secret key {key} does not exist"))?;
            copy(value)
        }
    };
    Ok(Entry {
        path: path.to_owned(),
        line: entry.line,
        key: entry.secret_key.clone(),
        remote_key: entry.remote_key.clone(),
        property: entry.property.clone(),
        value,
        metadata: entry.metadata.clone(),
        stores: None,
    })
}

fn many(
    entry: &PushDataTo,
    values: &Values,
    named: &BTreeSet<&str>,
    path: &str,
    now: Timestamp,
) -> Result<Vec<Entry>, String> {
    use super::resource::push::Named as Reference;
    let stores = Some(match &entry.store_ref.by {
        Reference::Name(name) => Named::Name(name.clone()),
        Reference::Labels(selector) => Named::Labels(selector.clone()),
    });
    let pattern = entry.match_regexp.as_deref().map(pattern::compile).transpose().map_err(|error| error.to_string())?;
    let matched: Values = values
        .iter()
        .filter(|(key, _)| pattern.as_ref().is_none_or(|pattern| pattern.is_match(key)))
        .map(|(key, value)| (key.clone(), copy(value)))
        .collect();
    let entry_of = |key: Option<String>, remote_key: String, value: SecretBytes| Entry {
        path: path.to_owned(),
        line: entry.line,
        key,
        remote_key,
        property: None,
        value,
        metadata: entry.metadata.clone(),
        stores: stores.clone(),
    };
    if let Some(remote) = &entry.remote_key {
        return Ok(vec![entry_of(None, remote.clone(), whole(&matched, entry.conversion)?)]);
    }
    let mut found = Vec::new();
    for (key, value) in matched.into_iter().filter(|(key, _)| !named.contains(key.as_str())) {
        let name = converted(entry.conversion, &key);
        let renamed = rewrite(&entry.rewrite, [(name, value)].into(), now);
        let renamed = renamed.map_err(|(at, error)| format!("rewrite[{at}]: {error}"))?;
        found.extend(renamed.into_iter().map(|(name, value)| entry_of(Some(key.clone()), name, value)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external::resource::{self, Resource};
    use crate::manifest;

    fn spec(text: &str) -> PushSecret {
        let text = format!(
            "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {{name: p}}\nspec:\n  \
             secretStoreRefs: [{{name: s}}]\n  selector: {{secret: {{name: x}}}}\n{text}"
        );
        let object = manifest::read(text.as_bytes()).unwrap().remove(0);
        match resource::read(&object).unwrap() {
            Some(Resource::PushSecret(spec)) => *spec,
            other => panic!("{other:?}"),
        }
    }

    fn pushed(text: &str, values: &[(&str, &str)]) -> Result<Vec<String>, Vec<String>> {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(value.as_bytes().to_vec())));
        let found = entries(&spec(text), &values.collect(), Timestamp::UNIX_EPOCH);
        let line = |entry: &Entry| {
            let property = entry.property.as_deref().map_or(String::new(), |property| format!("#{property}"));
            format!("{}{property}={}", entry.remote_key, String::from_utf8_lossy(entry.value.expose()))
        };
        found
            .map(|found| found.iter().map(line).collect())
            .map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    const VALUES: &[(&str, &str)] = &[("a", "1"), ("b", "2"), ("db_U002f_c", "3")];

    #[test]
    fn keys_go_where_they_are_sent() {
        let text = "  data:\n  - match: {secretKey: a, remoteRef: {remoteKey: x, property: p}}\n  - match: {remoteRef: \
                    {remoteKey: all}}\n";
        let wanted = ["x#p=1", "all={\"a\":\"1\",\"b\":\"2\",\"db_U002f_c\":\"3\"}"];
        assert_eq!(pushed(text, VALUES).unwrap(), wanted);
        let missing = pushed("  data:\n  - match: {secretKey: z, remoteRef: {remoteKey: x}}\n", VALUES);
        assert_eq!(missing.unwrap_err(), ["spec.data[0]: secret key z does not exist"]);
    }

    #[test]
    fn many_keys_are_renamed() {
        let text = "  dataTo:\n  - storeRef: {name: s}\n    conversionStrategy: ReverseUnicode\n    rewrite:\n    - regexp: \
                    {source: '^', target: app/}\n  data:\n  - match: {secretKey: b, remoteRef: {remoteKey: own}}\n";
        assert_eq!(pushed(text, VALUES).unwrap(), ["app/a=1", "app/db/c=3", "own=2"]);
        let bundle = "  dataTo:\n  - storeRef: {name: s}\n    remoteKey: all\n    match: {regexp: '^[ab]$'}\n";
        assert_eq!(pushed(bundle, VALUES).unwrap(), ["all={\"a\":\"1\",\"b\":\"2\"}"]);
    }

    #[test]
    fn two_values_for_one_place_are_refused() {
        let text = "  data:\n  - match: {secretKey: a, remoteRef: {remoteKey: x}}\n  - match: {secretKey: b, remoteRef: \
                    {remoteKey: x}}\n";
        let values = VALUES.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(value.as_bytes().to_vec())));
        let entries = entries(&spec(text), &values.collect(), Timestamp::UNIX_EPOCH).unwrap_or_default();
        let wrong = clashes(&entries, false);
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].to_string(), "spec.data[1]: x goes to the same place as spec.data[0]");
        assert!(clashes(&entries[1..], true).is_empty());
        let text = "  data:\n  - match: {secretKey: a, remoteRef: {remoteKey: x, property: p}}\n  - match: {secretKey: b, \
                    remoteRef: {remoteKey: x, property: q}}\n";
        let values = VALUES.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(value.as_bytes().to_vec())));
        let entries = super::entries(&spec(text), &values.collect(), Timestamp::UNIX_EPOCH).unwrap_or_default();
        assert_eq!([false, true].map(|whole| clashes(&entries, whole).len()), [0, 1]);
    }

    #[test]
    fn only_whole_escapes_are_undone() {
        let of = |key| converted(PushConversion::ReverseUnicode, key);
        assert_eq!(
            [of("a_U002f_b"), of("_U"), of("_Uxyz_"), of("_U2f_"), of("x_U0041_U0042_")],
            ["a/b", "_U", "_Uxyz_", "_U2f_", "xAU0042_"]
        );
    }
}
