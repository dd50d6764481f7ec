//! One creation rule.

use super::keys::{self, Placed};
use super::lint;
use super::problem::{KeyProblem, Problem};
use super::reader::{Mapping, Reader};
use super::{CreationRule, PathPattern, groups};
use crate::document::tree::{Kind, Node};
use crate::pattern;
use crate::sops::key::MasterKey;
use crate::sops::selector::{Selection, Selector};

/// The fields that name keys, in the order in which sops lists the keys.
const KEY_FIELDS: [&str; 7] = ["age", "pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri"];

/// Everything else.
const OTHER_FIELDS: [&str; 5] = ["path_regex", "aws_profile", "key_groups", "shamir_threshold", "mac_only_encrypted"];

/// Names of other places: of key groups and of file metadata.
const ELSEWHERE: [(&str, &str); 4] =
    [("hc_vault", "hc_vault_transit_uri"), ("azure_kv", "azure_keyvault"), ("merge", "key_groups"), ("fp", "pgp")];

/// The most groups that can have a share each.
const MAX_GROUPS: usize = 255;

/// Reads a rule; `None` when it is no mapping or empty.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<CreationRule> {
    if !matches!(node.kind, Kind::Map(_) | Kind::Null) {
        reader.wrong_type(node.line, "a creation rule", "a mapping");
        return None;
    }
    let fields = reader.mapping(node, "a creation rule")?;
    let Some((first, _)) = fields.items.first() else {
        reader.problem(node.line, Problem::EmptyRule);
        return None;
    };
    let known = [KEY_FIELDS.as_slice(), &OTHER_FIELDS, &Selection::FIELDS].concat();
    reader.warn_unknown(&fields, &known, &ELSEWHERE);
    let placed = read_keys(reader, &fields);
    let lines = placed.iter().map(|group| group.iter().map(|(line, _)| *line).collect()).collect();
    let groups: Vec<Vec<MasterKey>> =
        placed.into_iter().map(|group| group.into_iter().map(|(_, key)| key).collect()).collect();
    let shamir_threshold = reader.number(&fields, "shamir_threshold");
    check_groups(reader, &fields, &groups, shamir_threshold);
    Some(CreationRule {
        line: first.line,
        path_regex: read_path(reader, &fields),
        groups,
        lines,
        shamir_threshold,
        selection: read_selection(reader, &fields),
        mac_only_encrypted: reader.flag(&fields, "mac_only_encrypted"),
    })
}

pub(super) fn read_path(reader: &mut Reader, fields: &Mapping<'_>) -> Option<PathPattern> {
    let text = reader.text(fields, "path_regex")?;
    match pattern::compile(&text) {
        Ok(compiled) => Some(PathPattern { text, compiled }),
        Err(error) => {
            let line = fields.get("path_regex").map_or(0, |node| node.line);
            reader.problem(line, Problem::Regex { field: "path_regex", error });
            None
        }
    }
}

fn read_selection(reader: &mut Reader, fields: &Mapping<'_>) -> Selection {
    let mut found: Option<(&'static str, Selection)> = None;
    // in the order of the file, so that the second one gets the blame
    for (key, node) in fields.items {
        let Some(name) = Selection::FIELDS.into_iter().find(|name| *name == key.name) else {
            continue;
        };
        let Some(selection) = reader.text(fields, name).and_then(|value| Selection::from_field(name, &value)) else {
            continue;
        };
        if let Some((first, _)) = found {
            reader.problem(key.line, Problem::TwoSelections { first, second: name });
            continue;
        }
        if let Err(error) = Selector::compile(&selection) {
            reader.problem(node.line, Problem::Regex { field: name, error });
        }
        found = Some((name, selection));
    }
    found.map(|(_, selection)| selection).unwrap_or_default()
}

/// `key_groups` when there are any, else one group of the keys that the rule names itself.
fn read_keys(reader: &mut Reader, fields: &Mapping<'_>) -> Vec<Vec<Placed>> {
    if let Some((key, node)) = fields.entry("key_groups") {
        let groups: Vec<_> = reader.list(node, "key_groups").iter().map(|group| groups::read(reader, group)).collect();
        if !groups.is_empty() {
            for (flat, _) in KEY_FIELDS.iter().filter_map(|name| fields.entry(name)) {
                let text = format!("`{}` is ignored because the rule has `key_groups`", flat.name);
                reader.warn(flat.line, text);
            }
            for (at, _) in groups.iter().enumerate().filter(|(_, group)| group.is_empty()) {
                reader.warn(key.line, format!("key group {} has no keys", at + 1));
            }
            return groups;
        }
    }
    let profile = reader.text(fields, "aws_profile").unwrap_or_default();
    let mut found = vec![];
    for field in KEY_FIELDS {
        let Some(node) = fields.get(field) else {
            continue;
        };
        if field == "hckms" && matches!(node.kind, Kind::Str(_)) {
            reader.warn(node.line, "sops reads `hckms` only as a list".into());
        }
        found.extend(read_texts(reader, node, field, |text| parse(field, text, &profile)));
    }
    if found.is_empty() { vec![] } else { vec![found] }
}

pub(super) fn parse(field: &str, text: &str, profile: &str) -> Result<MasterKey, KeyProblem> {
    match field {
        "age" => keys::age(text),
        "pgp" => Ok(keys::pgp(text)),
        "kms" => Ok(keys::kms(text, profile)),
        "gcp_kms" => Ok(keys::gcp_kms(text)),
        "hckms" => keys::huawei_kms(text),
        "azure_keyvault" => keys::azure(text),
        _ => keys::vault(text),
    }
}

/// The keys of a string with commas or a list of strings.
pub(super) fn read_texts(
    reader: &mut Reader,
    node: &Node,
    field: &str,
    parse: impl Fn(&str) -> Result<MasterKey, KeyProblem>,
) -> Vec<Placed> {
    let mut found = vec![];
    for (at, (line, text)) in reader.key_texts(node, field).into_iter().enumerate() {
        match parse(text) {
            Ok(key) => {
                lint::key(reader, line, field, at + 1, &key);
                found.push((line, key));
            }
            Err(problem) => {
                let field = field.to_owned();
                reader.problem(line, Problem::Key { field, entry: at + 1, problem });
            }
        }
    }
    found
}

fn check_groups(reader: &mut Reader, fields: &Mapping<'_>, keys: &[Vec<MasterKey>], threshold: usize) {
    let (groups, is_single) = (keys.len(), keys.iter().all(|group| group.len() == 1));
    let line = |name| fields.entry(name).map_or(0, |(key, _)| key.line);
    if groups > MAX_GROUPS {
        reader.problem(line("key_groups"), Problem::TooManyGroups(groups));
    } else if groups > 1 && (threshold == 1 || threshold > groups) {
        reader.problem(line("shamir_threshold"), Problem::Threshold { threshold, groups });
    } else if groups > 1 && threshold == 0 {
        // two dashes too many turn "any of these keys" into "all of them"
        let text = if is_single {
            format!(
                "the rule has {groups} key groups of one key each, so all {groups} keys are needed to decrypt, not any \
                 of them; if any one should do, write one `-` only; if not, set `shamir_threshold`"
            )
        } else {
            format!(
                "the rule has {groups} key groups, so a key of every one of them is needed to decrypt; \
                 put keys that are alternatives into one group, or set `shamir_threshold`"
            )
        };
        reader.warn(line("key_groups"), text);
    }
}
