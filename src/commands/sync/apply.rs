//! One ExternalSecret: look at its Secret, plan, and carry the plan out.

use std::collections::BTreeMap;

use super::{Args, Done, Makers};
use crate::commands::syncing::lines::{Line, Name, shown};
use crate::commands::syncing::made;
use crate::commands::syncing::report::kind;
use crate::document::tree::{Kind as NodeKind, Node};
use crate::external::marks::{LABEL_OWNER, field_manager, owner_hash};
use crate::external::plan::{
    Action, Existing, Facts, FetchTrouble, FetchedData, Owner, OwnerReference, Plan, Target, condition, plan,
};
use crate::external::resource::ExternalSecret;
use crate::external::resource::external_secret::CreationPolicy;
use crate::external::wanted::Wanted;
use crate::failure::Failure;
use crate::fsio::clock;
use crate::k8s::{Apply, Cause, Client, ClusterError, Resource};
use crate::manifest::emit::{self, Format};
use crate::manifest::secret::entry;
use crate::manifest::{self, text};
use crate::sync::Inventory;
use crate::sync::round::{Outcome, Trouble};

const EXTERNAL_SECRETS: Resource<'static> =
    Resource { group: "external-secrets.io", version: "v1", plural: "externalsecrets" };
/// Marks what belongs to a set.
pub const SET_LABEL: &str = "sealant.dev/set";

/// The ExternalSecrets that are in the cluster, too, and so can own Secrets.
pub struct Uids(BTreeMap<Name, String>);

impl Uids {
    /// Asks for them, once for each namespace. A cluster without the kind has none.
    pub fn read(client: &Client, inventory: &Inventory) -> Self {
        let mut namespaces: Vec<&str> = inventory
            .external_secrets
            .iter()
            .map(|placed| inventory.namespace(placed.item.namespace.as_deref()))
            .collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        let mut uids = BTreeMap::new();
        for namespace in namespaces {
            // whoever may not read them cannot own through them either
            let Ok(list) = client.objects(EXTERNAL_SECRETS, Some(namespace), "") else { continue };
            let Ok(objects) = manifest::read(list.expose()) else { continue };
            for object in objects.into_iter().filter_map(|object| object.into_items()).flatten() {
                let uid = manifest::field(&object.root, "metadata").and_then(|metadata| text(metadata.get("uid")?));
                let uid = uid.unwrap_or_default().into_owned();
                uids.insert((namespace.to_owned(), object.name().into_owned()), uid);
            }
        }
        Self(uids)
    }
}

/// Does it.
///
/// # Errors
/// What failed, in words.
pub fn one(
    args: &Args,
    client: &Client,
    inventory: &Inventory,
    uids: &Uids,
    makers: &Makers,
    outcome: Outcome,
) -> Result<Done, Box<Line>> {
    let item = outcome.placed.item.clone();
    let namespace = inventory.namespace(item.namespace.as_deref()).to_owned();
    let target = (namespace.clone(), item.target_name().to_owned());
    let line = |what: Vec<String>| Line {
        place: format!("{}:{}", outcome.placed.place.file, item.line),
        name: (namespace.clone(), item.name.clone()),
        what,
        kind: None,
        hints: Vec::new(),
    };
    let (is_maker, count) = (item.target.creation_policy.makes(), makers.count(&target));
    if is_maker && count > 1 {
        let what = format!("the Secret {} is written by several ExternalSecrets", target.1);
        let hints = vec!["give them other targets, or let one of them ask for all of its keys".to_owned()];
        return Err(Box::new(Line { hints, ..line(vec![what]) }));
    }
    // as upstream: whoever makes a Secret takes from it what others add
    if !is_maker && count > 0 && item.target.creation_policy != CreationPolicy::None {
        let hints = vec!["let one ExternalSecret ask for all keys of the Secret".to_owned()];
        return Err(Box::new(Line { hints, ..line(vec![condition::Trouble::Owned.message().to_owned()]) }));
    }
    let of_cluster = |error: ClusterError| {
        let what = vec![error.text.clone()];
        let failure = Failure::from(error);
        Line { kind: Some(failure.kind()), hints: failure.hints().to_vec(), ..line(what) }
    };
    let manager = field_manager(&item.name);
    let existing = existing(client, &target, &manager).map_err(|error| Box::new(of_cluster(error)))?;
    let mut missing = Vec::new();
    let (fetched, trouble) = match outcome.result {
        Err(trouble) => (Err(FetchTrouble), Some(trouble)),
        Ok(None) => (Ok(FetchedData { is_empty: true, wanted: Ok(Wanted::default()) }), None),
        Ok(Some(mut made)) => {
            if let Some(existing) = existing.as_ref().filter(|_| !args.regenerate) {
                made.keep_generated(|key| existing.data.get(key));
            }
            missing = made.missing;
            (Ok(FetchedData { is_empty: false, wanted: Ok(with_set(args, &item, made.wanted)) }), None)
        }
    };
    let uid = uids.0.get(&(namespace.clone(), item.name.clone())).map(String::as_str);
    let facts = Facts { namespace: &namespace, uid };
    let planned = plan(&item, fetched, existing.as_ref(), &facts, clock::timestamp());
    if let Some(Trouble { lines, hints, cause }) = trouble {
        return Err(Box::new(Line { kind: cause.map(kind), hints, ..line(lines) }));
    }
    if !planned.condition.status {
        return Err(Box::new(line(vec![planned.condition.message.to_owned()])));
    }
    if let Some(object) = &planned.object {
        // said here, where it is said without a part of the value
        let kind = object.secret_type.as_deref().unwrap_or_default();
        let what = made::refusals((&target.0, &target.1), kind, &object.data, &object.annotations);
        if !what.is_empty() {
            return Err(Box::new(line(what)));
        }
    }
    let changes = changes(&planned, existing.as_ref());
    let former = carry_out(args, client, &item, &target, &planned, existing.as_ref());
    let former = former.map_err(|error| Box::new(of_cluster(error)))?;
    let verb = match planned.action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Delete => "deleted",
        Action::Keep => "unchanged",
        Action::Nothing => "skipped",
    };
    let note = note(planned.condition.message, &missing, &former);
    Ok(Done { name: target, verb, changes, note })
}

/// What there is to say beside what was done.
fn note(message: &str, missing: &[String], former: &[String]) -> Option<String> {
    let mut notes: Vec<String> = missing.iter().map(|line| format!("{line}; left out")).collect();
    if message != "secret synced" {
        notes.push(message.to_owned());
    }
    if !former.is_empty() {
        notes.push(format!("deleted as former targets: {}", former.join(", ")));
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A Secret that others may have made is not marked: pruning would take it from them.
fn with_set(args: &Args, item: &ExternalSecret, mut wanted: Wanted) -> Wanted {
    if let Some(set) = args.set.as_ref().filter(|_| item.target.creation_policy.makes()) {
        wanted.labels.insert(SET_LABEL.to_owned(), set.clone());
    }
    wanted
}

fn existing(client: &Client, target: &Name, manager: &str) -> Result<Option<Existing>, ClusterError> {
    let Some(json) = client.object(Resource::SECRETS, Some(&target.0), &target.1)? else { return Ok(None) };
    let objects = manifest::read(json.expose()).ok();
    let object = objects.and_then(|objects| objects.into_iter().next());
    // what cannot be read is there nevertheless, and is not made as if it were not
    let existing = object.and_then(|object| Existing::from_object(&object, manager).ok());
    let text = || format!("the Secret {} cannot be read: the answer is no Secret", shown(target));
    existing.map(Some).ok_or_else(|| ClusterError { cause: Cause::BadAnswer, text: text(), hint: None, status: None })
}

/// Names only.
fn changes(planned: &Plan, existing: Option<&Existing>) -> Vec<String> {
    let nothing = Existing::default();
    let before = existing.unwrap_or(&nothing);
    let mut changes = Vec::new();
    let after = match (&planned.object, planned.action) {
        (Some(target), _) => &target.data,
        (None, Action::Delete) => return before.data.keys().map(|key| format!("- {key}")).collect(),
        (None, _) => return changes,
    };
    for (key, value) in after {
        match before.data.get(key) {
            None => changes.push(format!("+ {key}")),
            Some(old) if old.same(value) => {}
            Some(_) => changes.push(format!("~ {key}")),
        }
    }
    changes.extend(planned.removed.data.iter().map(|key| format!("- {key}")));
    let gone = before.owned.data.iter().filter(|key| !after.contains_key(*key));
    for key in gone.filter(|key| before.data.contains_key(*key)).map(|key| format!("- {key}")) {
        if !changes.contains(&key) {
            changes.push(key);
        }
    }
    if changes.is_empty() && planned.action == Action::Update {
        changes.push("~ (metadata)".into());
    }
    changes
}

fn carry_out(
    args: &Args,
    client: &Client,
    item: &ExternalSecret,
    (namespace, name): &Name,
    planned: &Plan,
    existing: Option<&Existing>,
) -> Result<Vec<String>, ClusterError> {
    let manager = field_manager(&item.name);
    match planned.action {
        Action::Create | Action::Update => {
            let Some(target) = &planned.object else { return Ok(Vec::new()) };
            let body = emit::objects([&*zeroize::Zeroizing::new(object(namespace, name, target))], Format::Json);
            let how = Apply { manager: &manager, force: true, dry_run: args.dry_run };
            client.apply(Resource::SECRETS, Some(namespace), name, body.as_bytes(), how)?;
            if !planned.removed.is_empty() && !args.dry_run {
                let patch = removal(planned, existing).to_string();
                client.merge_patch(Resource::SECRETS, Some(namespace), name, patch.as_bytes(), &manager)?;
            }
        }
        Action::Delete => {
            let uid = existing.map(|existing| existing.uid.as_str()).unwrap_or_default();
            client.delete_object(Resource::SECRETS, Some(namespace), name, uid, args.dry_run)?;
        }
        Action::Keep | Action::Nothing => {}
    }
    if planned.orphans { delete_orphans(args, client, item, namespace, name) } else { Ok(Vec::new()) }
}

/// Deletes Secrets that the same ExternalSecret made under another name; which these are.
fn delete_orphans(
    args: &Args,
    client: &Client,
    item: &ExternalSecret,
    namespace: &str,
    name: &str,
) -> Result<Vec<String>, ClusterError> {
    let mut deleted = Vec::new();
    let label = format!("{LABEL_OWNER}={}", owner_hash(namespace, &item.name));
    let list = client.objects(Resource::SECRETS, Some(namespace), &label)?;
    for object in
        manifest::read(list.expose()).unwrap_or_default().into_iter().filter_map(|object| object.into_items()).flatten()
    {
        if object.name() != name {
            let uid = manifest::field(&object.root, "metadata").and_then(|metadata| text(metadata.get("uid")?));
            let uid = uid.unwrap_or_default().into_owned();
            client.delete_object(Resource::SECRETS, Some(namespace), &object.name(), &uid, args.dry_run)?;
            deleted.push(object.name().into_owned());
        }
    }
    Ok(deleted)
}

fn map<'a>(texts: impl Iterator<Item = (&'a String, &'a String)>) -> Node {
    Node::new(NodeKind::Map(texts.map(|(name, value)| entry(name, Node::text(value.as_str()))).collect()))
}

/// What is applied: only what is the ExternalSecret's.
fn object(namespace: &str, name: &str, target: &Target) -> Node {
    let mut metadata = vec![entry("name", Node::text(name)), entry("namespace", Node::text(namespace))];
    let labels = target.labels.iter().filter(|(name, _)| target.ours.labels.contains(*name));
    metadata.push(entry("labels", map(labels)));
    let annotations = target.annotations.iter().filter(|(name, _)| target.ours.annotations.contains(*name));
    metadata.push(entry("annotations", map(annotations)));
    if let Some(owner) = &target.owner {
        let owner = owner.full();
        let fields = vec![
            entry("apiVersion", Node::text(owner.api_version.as_str())),
            entry("kind", Node::text(owner.kind.as_str())),
            entry("name", Node::text(owner.name.as_str())),
            entry("uid", Node::text(owner.uid.as_str())),
            entry("controller", Node::new(NodeKind::Bool(owner.is_controller))),
            entry("blockOwnerDeletion", Node::new(NodeKind::Bool(owner.blocks_deletion))),
        ];
        metadata.push(entry("ownerReferences", Node::new(NodeKind::List(vec![Node::new(NodeKind::Map(fields))]))));
    }
    let finalizers: Vec<Node> = target.ours.finalizers.iter().map(|name| Node::text(name.as_str())).collect();
    if !finalizers.is_empty() {
        metadata.push(entry("finalizers", Node::new(NodeKind::List(finalizers))));
    }
    let ours = target.data.iter().filter(|(key, _)| target.ours.data.contains(*key));
    let data = ours.map(|(key, value)| entry(key, Node::text(text::encode(value.expose()))));
    let mut root = vec![
        entry("apiVersion", Node::text("v1")),
        entry("kind", Node::text("Secret")),
        entry("metadata", Node::new(NodeKind::Map(metadata))),
        entry("data", Node::new(NodeKind::Map(data.collect()))),
    ];
    root.extend(target.secret_type.as_deref().map(|kind| entry("type", Node::text(kind))));
    root.extend(target.immutable.then(|| entry("immutable", Node::new(NodeKind::Bool(true)))));
    Node::new(NodeKind::Map(root))
}

/// A merge patch that takes off what applying leaves on.
fn removal(planned: &Plan, existing: Option<&Existing>) -> serde_json::Value {
    let nulls = |names: &[String]| -> serde_json::Map<String, serde_json::Value> {
        names.iter().map(|name| (name.clone(), serde_json::Value::Null)).collect()
    };
    let removed = &planned.removed;
    let mut patch = serde_json::json!({
        "data": nulls(&removed.data),
        "metadata": {"labels": nulls(&removed.labels), "annotations": nulls(&removed.annotations)},
    });
    if let (Some(existing), false) = (existing, removed.owners.is_empty()) {
        // the list is replaced as a whole, with the owner that was just applied
        let new = planned.object.as_ref().and_then(|target| target.owner.as_ref()).map(OwnerReference::full);
        let is_new = |owner: &Owner| new.as_ref().is_some_and(|new| new.uid == owner.uid);
        let old = existing.owners.iter().filter(|owner| !removed.owners.contains(&owner.uid) && !is_new(owner));
        let stay = old.chain(&new).map(|owner| {
            serde_json::json!({"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid,
                "controller": owner.is_controller, "blockOwnerDeletion": owner.blocks_deletion})
        });
        patch["metadata"]["ownerReferences"] = stay.collect();
    }
    patch
}
