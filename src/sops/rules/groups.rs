//! Key groups: the long form of a rule's keys.

use super::keys::{self, Placed};
use super::lint;
use super::problem::{KeyProblem, Problem};
use super::reader::{Mapping, Reader};
use super::rule::read_texts;
use crate::document::tree::{Kind, Node};
use crate::sops::key::MasterKey;

/// Fields of a group. Their names partly differ from those of a rule.
const FIELDS: [&str; 8] = ["merge", "age", "pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault"];

/// Names of other places that sops silently ignores here; its own documentation shows the first.
const ELSEWHERE: [(&str, &str); 2] = [("hc_vault_transit_uri", "hc_vault"), ("azure_kv", "azure_keyvault")];

/// How deep `merge` may be nested. People use one level.
const MAX_DEPTH: usize = 16;

/// The keys of a group: merged groups first, then its own, each key once.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Vec<Placed> {
    read_at(reader, node, 0)
}

fn read_at(reader: &mut Reader, node: &Node, depth: usize) -> Vec<Placed> {
    if depth > MAX_DEPTH {
        reader.problem(node.line, Problem::TooDeep);
        return vec![];
    }
    let Some(fields) = reader.mapping(node, "a key group") else {
        return vec![];
    };
    reader.warn_unknown(&fields, &FIELDS, &ELSEWHERE);
    let mut found = vec![];
    if let Some(node) = fields.get("merge") {
        for group in reader.list(node, "merge") {
            found.extend(read_at(reader, group, depth + 1));
        }
    }
    found.extend(texts(reader, &fields, "age", keys::age));
    found.extend(texts(reader, &fields, "pgp", |text| Ok(keys::pgp(text))));
    found.extend(objects(reader, &fields, "kms", &["arn", "role", "context", "aws_profile"], kms));
    found.extend(objects(reader, &fields, "gcp_kms", &["resource_id"], gcp_kms));
    found.extend(objects(reader, &fields, "hckms", &["key_id"], huawei_kms));
    found.extend(objects(reader, &fields, "azure_keyvault", &["vaultUrl", "key", "version"], azure));
    found.extend(texts(reader, &fields, "hc_vault", keys::vault));
    keys::deduplicate(found)
}

fn texts(
    reader: &mut Reader,
    fields: &Mapping<'_>,
    field: &str,
    parse: impl Fn(&str) -> Result<MasterKey, KeyProblem>,
) -> Vec<Placed> {
    let Some(node) = fields.get(field) else {
        return vec![];
    };
    if matches!(node.kind, Kind::Str(_)) {
        reader.warn(node.line, format!("in a key group sops reads `{field}` only as a list"));
    }
    read_texts(reader, node, field, parse)
}

/// The keys of a list of objects.
fn objects(
    reader: &mut Reader,
    fields: &Mapping<'_>,
    field: &str,
    known: &[&str],
    parse: fn(&mut Reader, &Mapping<'_>) -> Result<MasterKey, KeyProblem>,
) -> Vec<Placed> {
    let Some(node) = fields.get(field) else {
        return vec![];
    };
    let mut found = vec![];
    for (at, node) in reader.list(node, field).iter().enumerate() {
        let Some(object) = reader.mapping(node, field) else {
            continue;
        };
        reader.warn_unknown(&object, known, &[("vault_url", "vaultUrl"), ("name", "key")]);
        match parse(reader, &object) {
            Ok(key) => {
                lint::key(reader, node.line, field, at + 1, &key);
                found.push((node.line, key));
            }
            Err(problem) => {
                let field = field.to_owned();
                reader.problem(node.line, Problem::Key { field, entry: at + 1, problem });
            }
        }
    }
    found
}

fn needed(reader: &mut Reader, object: &Mapping<'_>, field: &'static str) -> Result<String, KeyProblem> {
    reader.text(object, field).ok_or(KeyProblem::Missing(field))
}

fn kms(reader: &mut Reader, object: &Mapping<'_>) -> Result<MasterKey, KeyProblem> {
    let arn = needed(reader, object, "arn")?;
    let mut context = vec![];
    if let Some(pairs) = object.get("context").and_then(|node| reader.mapping(node, "context")) {
        for (key, node) in pairs.items.iter().filter(|(_, node)| node.kind != Kind::Null) {
            match &node.kind {
                Kind::Str(value) => context.push((key.name.clone(), value.clone())),
                _ => reader.wrong_type(node.line, "context", "a mapping of names to text (put it in quotes)"),
            }
        }
    }
    Ok(MasterKey::Kms {
        arn,
        role: reader.text(object, "role"),
        context,
        aws_profile: reader.text(object, "aws_profile").unwrap_or_default(),
    })
}

fn gcp_kms(reader: &mut Reader, object: &Mapping<'_>) -> Result<MasterKey, KeyProblem> {
    Ok(keys::gcp_kms(&needed(reader, object, "resource_id")?))
}

fn huawei_kms(reader: &mut Reader, object: &Mapping<'_>) -> Result<MasterKey, KeyProblem> {
    keys::huawei_kms(&needed(reader, object, "key_id")?)
}

fn azure(reader: &mut Reader, object: &Mapping<'_>) -> Result<MasterKey, KeyProblem> {
    Ok(MasterKey::AzureKv {
        vault_url: needed(reader, object, "vaultUrl")?,
        name: needed(reader, object, "key")?,
        version: reader.text(object, "version").unwrap_or_default(),
    })
}
