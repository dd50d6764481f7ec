//! The lists of wrapped keys, one per kind (sops 3.13.2 `stores/stores.go`).

use super::fields::Fields;
use super::{MetadataError, sorted_map, timestamp};
use crate::document::tree::{Kind, Node};
use crate::sops::key::{KeyGroup, MasterKey, WrappedKey};

/// The lists in the order in which sops puts their keys into a group.
const LISTS: [&str; 7] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age"];

/// The groups of a file. Keys at the top form the only group; `key_groups` counts only when there are none.
pub(super) fn read_groups(fields: &Fields<'_>) -> Result<Vec<KeyGroup>, MetadataError> {
    let only = read_group(fields)?;
    if !only.0.is_empty() {
        return Ok(vec![only]);
    }
    let groups: Vec<_> = fields.list("key_groups")?.iter().map(read_group).collect::<Result<_, _>>()?;
    if groups.is_empty() { Err(MetadataError::NoKeys) } else { Ok(groups) }
}

fn read_group(fields: &Fields<'_>) -> Result<KeyGroup, MetadataError> {
    let mut group = KeyGroup::default();
    for list in LISTS {
        for key in fields.list(list)? {
            group.0.push(read_key(list, &key)?);
        }
    }
    Ok(group)
}

fn read_key(list: &str, fields: &Fields<'_>) -> Result<WrappedKey, MetadataError> {
    let text = |name| fields.text(name);
    let key = match list {
        "kms" => MasterKey::Kms {
            arn: text("arn")?,
            role: Some(text("role")?).filter(|role| !role.is_empty()),
            context: fields.pairs("context")?,
            aws_profile: text("aws_profile")?,
        },
        "gcp_kms" => MasterKey::GcpKms { resource_id: text("resource_id")? },
        "hckms" => MasterKey::HcKms { key_id: text("key_id")? },
        "azure_kv" => {
            MasterKey::AzureKv { vault_url: text("vault_url")?, name: text("name")?, version: text("version")? }
        }
        "hc_vault" => MasterKey::HcVault {
            vault_address: text("vault_address")?,
            engine_path: text("engine_path")?,
            key_name: text("key_name")?,
        },
        "pgp" => MasterKey::Pgp { fingerprint: text("fp")? },
        _ => MasterKey::Age { recipient: text("recipient")? },
    };
    // age entries never had a creation date
    let created_at = if matches!(key, MasterKey::Age { .. }) {
        None
    } else {
        let (created_at, line) = fields.text_and_line("created_at")?;
        if timestamp::in_seconds(&created_at).is_none() {
            return Err(MetadataError::Timestamp { field: fields.path("created_at"), line });
        }
        Some(created_at)
    };
    Ok(WrappedKey { key, enc: text("enc")?, created_at })
}

/// The lists, or `key_groups` when there are several groups. Nothing at all when there is none.
pub(super) fn write_groups(groups: &[KeyGroup]) -> Vec<(String, Node)> {
    match groups {
        [] => vec![],
        [only] => write_group(only, false),
        several => {
            let groups = several.iter().map(|group| sorted_map(write_group(group, true)));
            vec![("key_groups".into(), Node::new(Kind::List(groups.collect())))]
        }
    }
}

/// The lists of one group. Inside `key_groups` sops writes `age` and `hc_vault` even when they are empty.
fn write_group(group: &KeyGroup, inside: bool) -> Vec<(String, Node)> {
    let mut lists = vec![];
    for list in LISTS {
        let keys: Vec<Node> = group.0.iter().filter(|wrapped| list_of(&wrapped.key) == list).map(write_key).collect();
        if !keys.is_empty() || (inside && matches!(list, "age" | "hc_vault")) {
            lists.push((list.to_owned(), Node::new(Kind::List(keys))));
        }
    }
    lists
}

/// The keys of every group in the order in which a file holds them: kind by kind; encryption contexts by name.
pub fn in_file_order(mut groups: Vec<KeyGroup>) -> Vec<KeyGroup> {
    for group in &mut groups {
        group.0.sort_by_key(|wrapped| LISTS.iter().position(|list| *list == list_of(&wrapped.key)));
        for wrapped in &mut group.0 {
            if let MasterKey::Kms { context, .. } = &mut wrapped.key {
                context.sort();
            }
        }
    }
    groups
}

fn list_of(key: &MasterKey) -> &'static str {
    match key {
        MasterKey::Age { .. } => "age",
        MasterKey::Pgp { .. } => "pgp",
        MasterKey::Kms { .. } => "kms",
        MasterKey::GcpKms { .. } => "gcp_kms",
        MasterKey::AzureKv { .. } => "azure_kv",
        MasterKey::HcVault { .. } => "hc_vault",
        MasterKey::HcKms { .. } => "hckms",
    }
}

fn write_key(wrapped: &WrappedKey) -> Node {
    let mut items = vec![("enc".to_owned(), Node::text(&wrapped.enc))];
    let mut push = |name: &str, value: &str| items.push((name.to_owned(), Node::text(value)));
    if !matches!(wrapped.key, MasterKey::Age { .. }) {
        push("created_at", wrapped.created_at.as_deref().unwrap_or_default());
    }
    match &wrapped.key {
        MasterKey::Age { recipient } => push("recipient", recipient),
        MasterKey::Pgp { fingerprint } => push("fp", fingerprint),
        MasterKey::Kms { arn, role, context, aws_profile } => {
            push("arn", arn);
            push("aws_profile", aws_profile);
            if let Some(role) = role {
                push("role", role);
            }
            if !context.is_empty() {
                let context = context.iter().map(|(name, value)| (name.clone(), Node::text(value)));
                items.push(("context".into(), sorted_map(context.collect())));
            }
        }
        MasterKey::GcpKms { resource_id } => push("resource_id", resource_id),
        MasterKey::AzureKv { vault_url, name, version } => {
            push("vault_url", vault_url);
            push("name", name);
            push("version", version);
        }
        MasterKey::HcVault { vault_address, engine_path, key_name } => {
            push("vault_address", vault_address);
            push("engine_path", engine_path);
            push("key_name", key_name);
        }
        MasterKey::HcKms { key_id } => push("key_id", key_id),
    }
    sorted_map(items)
}
