//! Tables of everything that can meet, and what holds for all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{
    Action, Condition, Existing, Facts, FetchTrouble, FetchedData, Names, Owner, Plan, Reason, Retry, TemplateTrouble,
    Trouble, goes_along, is_valid, plan,
};
use crate::external::marks::{ANNOTATION_DATA_HASH, LABEL_MANAGED, LABEL_OWNER, data_hash};
use crate::external::resource::external_secret::{
    ApiVersion, CreationPolicy, DeletionPolicy, ExternalSecret, RefreshPolicy, Target,
};
use crate::external::wanted::Wanted;
use crate::secret::SecretBytes;

const CREATION: [CreationPolicy; 5] = [
    CreationPolicy::Owner,
    CreationPolicy::Orphan,
    CreationPolicy::CreateOrMerge,
    CreationPolicy::Merge,
    CreationPolicy::None,
];
const DELETION: [DeletionPolicy; 3] = [DeletionPolicy::Retain, DeletionPolicy::Delete, DeletionPolicy::Merge];
const FACTS: Facts<'_> = Facts { namespace: "default", uid: Some("u-es") };

/// ExternalSecret `default/my-es`, which is looked at each hour.
pub(super) fn spec() -> ExternalSecret {
    ExternalSecret {
        name: "my-es".to_owned(),
        namespace: Some("default".to_owned()),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        generation: Some(1),
        uid: Some("u-es".to_owned()),
        api_version: ApiVersion::V1,
        refresh_policy: RefreshPolicy::Periodic,
        refresh_interval: Duration::from_secs(3600),
        sync_windows: None,
        store_ref: None,
        target: Target::default(),
        data: Vec::new(),
        data_from: Vec::new(),
        line: 1,
    }
}

fn spec_with(creation: CreationPolicy, deletion: DeletionPolicy) -> ExternalSecret {
    let mut spec = spec();
    spec.target.creation_policy = creation;
    spec.target.deletion_policy = deletion;
    spec
}

fn now() -> Timestamp {
    "2024-05-01T12:00:00Z".parse().unwrap()
}

fn data(entries: &[(&str, &str)]) -> BTreeMap<String, SecretBytes> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(value.as_bytes().to_vec()))).collect()
}

fn texts(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn fetched(entries: &[(&str, &str)]) -> Result<FetchedData, FetchTrouble> {
    let wanted = Wanted { data: data(entries), ..Wanted::default() };
    Ok(FetchedData { is_empty: entries.is_empty(), wanted: Ok(wanted) })
}

/// The Secret after the plan: what server-side apply and the explicit removals make of it.
fn carried_out(plan: &Plan, before: Option<Existing>) -> Option<Existing> {
    if plan.action == Action::Delete {
        return None;
    }
    let Some(target) = &plan.object else { return before };
    let mut after = before.unwrap_or_else(|| Existing { secret_type: "Opaque".to_owned(), ..Existing::default() });
    let ours = &target.ours;
    let is_gone = |name: &String, removed: &[String], applied: &BTreeSet<String>, ours: &BTreeSet<String>| {
        removed.contains(name) || (applied.contains(name) && !ours.contains(name))
    };
    after.data.retain(|name, _| !is_gone(name, &plan.removed.data, &after.applied.data, &ours.data));
    after.labels.retain(|name, _| !is_gone(name, &plan.removed.labels, &after.applied.labels, &ours.labels));
    let annotations = &plan.removed.annotations;
    after.annotations.retain(|name, _| !is_gone(name, annotations, &after.applied.annotations, &ours.annotations));
    after.owners.retain(|owner| !plan.removed.owners.contains(&owner.uid));
    for name in &ours.data {
        after.data.insert(name.clone(), SecretBytes::new(target.data[name].expose().to_vec()));
    }
    after.labels.extend(ours.labels.iter().map(|name| (name.clone(), target.labels[name].clone())));
    after.annotations.extend(ours.annotations.iter().map(|name| (name.clone(), target.annotations[name].clone())));
    let missing: Vec<_> = ours.finalizers.iter().filter(|name| !after.finalizers.contains(name)).cloned().collect();
    after.finalizers.extend(missing);
    if let Some(owner) = target.owner.as_ref().map(super::OwnerReference::full) {
        after.owners.retain(|other| other.uid != owner.uid);
        after.owners.push(owner);
    }
    after.immutable = target.immutable;
    after.secret_type = target.secret_type.clone().unwrap_or(after.secret_type);
    after.owned = ours.clone();
    after.applied = ours.clone();
    Some(after)
}

fn controlled_by(api_version: &str, kind: &str, name: &str) -> Existing {
    let (api_version, kind, name) = (api_version.to_owned(), kind.to_owned(), name.to_owned());
    let owner = Owner { api_version, kind, name, uid: "u-o".to_owned(), is_controller: true, blocks_deletion: true };
    Existing { owners: vec![owner], ..managed(&[("foreign", "x")]) }
}

/// As some ExternalSecret left it, of which nothing else is known.
fn managed(entries: &[(&str, &str)]) -> Existing {
    let data = data(entries);
    Existing {
        uid: "u-s".to_owned(),
        labels: texts(&[(LABEL_MANAGED, "true")]),
        annotations: texts(&[(ANNOTATION_DATA_HASH, &data_hash(&data))]),
        secret_type: "Opaque".to_owned(),
        data,
        ..Existing::default()
    }
}

const STATES: [&str; 8] =
    ["missing", "unowned", "ours", "of-another", "of-a-job", "immutable", "immutable-other", "bare"];

fn state(name: &str, creation: CreationPolicy) -> Option<Existing> {
    Some(match name {
        "missing" => return None,
        "unowned" => managed(&[("foreign", "x")]),
        "ours" => {
            let policy = if creation == CreationPolicy::Merge { CreationPolicy::CreateOrMerge } else { creation };
            let spec = spec_with(policy, DeletionPolicy::Retain);
            let plan = plan(&spec, fetched(&[("a", "1")]), None, &FACTS, now());
            return Some(carried_out(&plan, None).unwrap_or_else(|| managed(&[("a", "1")])));
        }
        "of-another" => controlled_by("external-secrets.io/v1", "ExternalSecret", "other"),
        "of-a-job" => controlled_by("batch/v1", "Job", "my-es"),
        "immutable" => Existing { immutable: true, ..managed(&[("a", "1")]) },
        "immutable-other" => Existing { immutable: true, ..managed(&[("a", "2")]) },
        "bare" => Existing { labels: BTreeMap::new(), annotations: BTreeMap::new(), ..managed(&[("foreign", "x")]) },
        other => panic!("no state {other}"),
    })
}

/// `ACTION: MESSAGE: KEYS`, short.
fn told(plan: &Plan) -> String {
    let message = match plan.condition.message {
        "secret synced" => "synced",
        "secret retained due to DeletionPolicy=Retain" => "retained",
        "secret deleted due to DeletionPolicy=Delete" => "deleted",
        "secret will not be created due to CreationPolicy=Merge" => "missing",
        "could not get secret data from provider" => "no data",
        "could not delete secret" => "not deleted",
        "could not update secret" => "not updated",
        "could not update secret, target is immutable" => "immutable",
        "failed to take ownership of target secret" => "foreign",
        "target is owned by another ExternalSecret" => "owned",
        other => panic!("{other}"),
    };
    let reason = match (plan.condition.status, message) {
        (true, "deleted") => Reason::SecretDeleted,
        (true, "missing") => Reason::SecretMissing,
        (true, _) => Reason::SecretSynced,
        (false, _) => Reason::SecretSyncedError,
    };
    assert_eq!(plan.condition.reason, reason);
    // success is remembered and leads to the next look, trouble to neither
    assert_eq!(plan.refresh, plan.condition.status);
    assert_eq!(plan.next, plan.condition.status.then_some(Duration::from_secs(3600)));
    let retries = matches!(message, "no data" | "not updated");
    assert_eq!(plan.retry, if retries { Retry::Backoff } else { Retry::No });
    assert_eq!(plan.object.is_some(), matches!(plan.action, Action::Create | Action::Update));
    let keys = plan.object.iter().flat_map(|target| target.data.keys().cloned()).collect::<Vec<_>>().join(" ");
    format!("{:?}: {message}: {keys}", plan.action)
}

fn walk(creation: CreationPolicy, deletion: DeletionPolicy, values: &[(&str, &str)], want: [&str; 8]) {
    for (name, want) in STATES.into_iter().zip(want) {
        let spec = spec_with(creation, deletion);
        let existing = state(name, creation);
        let plan = plan(&spec, fetched(values), existing.as_ref(), &FACTS, now());
        assert_eq!(told(&plan), want, "{creation:?} {deletion:?} {values:?} {name}");
        let Some(target) = &plan.object else { continue };
        let is_owner = creation == CreationPolicy::Owner;
        assert_eq!(target.labels[LABEL_MANAGED], "true");
        assert_eq!(target.annotations[ANNOTATION_DATA_HASH], data_hash(&target.data));
        assert_eq!(target.labels.contains_key(LABEL_OWNER), is_owner, "{creation:?} {name}");
        assert_eq!(target.owner.as_ref().map(|owner| owner.uid.as_str()), is_owner.then_some("u-es"));
        assert!(plan.binding);
    }
}

#[test]
fn with_values() {
    let refused = "Update: immutable: a";
    let (owned, foreign) = ("Keep: owned: ", "Keep: foreign: ");
    let (made, changed, kept) = ("Create: synced: a", "Update: synced: a", "Keep: synced: ");
    let (merged, none) = ("Update: synced: a foreign", "Nothing: synced: ");
    for deletion in DELETION {
        for (creation, want) in [
            (CreationPolicy::Owner, [made, changed, kept, owned, foreign, changed, refused, changed]),
            // nothing to do for an immutable Secret with the same values: it has all its marks
            (CreationPolicy::Orphan, [made, changed, kept, owned, changed, kept, refused_marked(), changed]),
            (CreationPolicy::CreateOrMerge, [made, merged, kept, owned, merged, kept, refused_marked(), merged]),
            (
                CreationPolicy::Merge,
                ["Nothing: missing: ", merged, kept, owned, merged, kept, refused_marked(), merged],
            ),
            (CreationPolicy::None, [none; 8]),
        ] {
            walk(creation, deletion, &[("a", "1")], want);
        }
    }
}

/// Refused, and nothing about the marks has to change.
fn refused_marked() -> &'static str {
    "Keep: immutable: "
}

#[test]
fn without_values() {
    let (no, gone) = ("Keep: not deleted: ", "Delete: deleted: ");
    walk(
        CreationPolicy::Owner,
        DeletionPolicy::Delete,
        &[],
        ["Nothing: deleted: ", gone, gone, no, no, gone, gone, gone],
    );
    for creation in CREATION {
        walk(creation, DeletionPolicy::Retain, &[], ["Keep: retained: "; 8]);
        if creation != CreationPolicy::Owner {
            walk(creation, DeletionPolicy::Delete, &[], [no; 8]);
        }
    }
    let (owned, foreign, none) = ("Keep: owned: ", "Keep: foreign: ", "Nothing: synced: ");
    let (made, changed, kept) = ("Create: synced: ", "Update: synced: ", "Keep: synced: ");
    let (refused, merged) = (refused_marked(), "Update: synced: foreign");
    for (creation, want) in [
        // the marks of an owner are written all the same
        (
            CreationPolicy::Owner,
            [made, changed, changed, owned, foreign, "Update: immutable: a", "Update: immutable: a", changed],
        ),
        (CreationPolicy::Orphan, [made, changed, changed, owned, changed, refused, refused, changed]),
        // what others wrote stays; what this wrote goes
        (CreationPolicy::CreateOrMerge, [made, kept, changed, owned, kept, kept, kept, merged]),
        (CreationPolicy::Merge, ["Nothing: missing: ", kept, changed, owned, kept, kept, kept, merged]),
        (CreationPolicy::None, [none; 8]),
    ] {
        walk(creation, DeletionPolicy::Merge, &[], want);
    }
}

#[test]
fn a_store_in_trouble_changes_nothing() {
    for (creation, deletion) in CREATION.into_iter().flat_map(|creation| DELETION.map(|deletion| (creation, deletion)))
    {
        for name in STATES {
            let spec = spec_with(creation, deletion);
            let plan = plan(&spec, Err(FetchTrouble), state(name, creation).as_ref(), &FACTS, now());
            assert_eq!(told(&plan), "Keep: no data: ", "{creation:?} {deletion:?} {name}");
            assert!(plan.removed.is_empty() && !plan.orphans && !plan.binding);
        }
    }
}

/// Only where its output would be written.
#[test]
fn a_template_in_trouble() {
    for (creation, name, want) in [
        (CreationPolicy::Owner, "missing", "Keep: not updated: "),
        (CreationPolicy::Owner, "of-another", "Keep: not updated: "),
        (CreationPolicy::Merge, "ours", "Keep: not updated: "),
        (CreationPolicy::Merge, "missing", "Nothing: missing: "),
        (CreationPolicy::None, "unowned", "Nothing: synced: "),
    ] {
        let spec = spec_with(creation, DeletionPolicy::Retain);
        let fetched = Ok(FetchedData { is_empty: false, wanted: Err(TemplateTrouble) });
        assert_eq!(told(&plan(&spec, fetched, state(name, creation).as_ref(), &FACTS, now())), want);
    }
    let mut spec = spec();
    spec.target.immutable = true;
    let fetched = Ok(FetchedData { is_empty: false, wanted: Err(TemplateTrouble) });
    let existing = state("unowned", CreationPolicy::Owner);
    assert_eq!(told(&plan(&spec, fetched, existing.as_ref(), &FACTS, now())), "Update: synced: foreign");
}

#[test]
fn marks_are_those_of_upstream() {
    let plan = plan(&spec(), fetched(&[("foo", "bar")]), None, &FACTS, now());
    let target = plan.object.unwrap();
    let created_by = (LABEL_OWNER, "b8464376b5fe3535e690594280bfe59b60be2603cb6cbb6d6c8bcbb4");
    assert_eq!(target.labels, texts(&[(LABEL_MANAGED, "true"), created_by]));
    let hash = (ANNOTATION_DATA_HASH, "f2a604b87eb0cf673761e8cfea850f901fe73a3d1b2f338802107f36");
    assert_eq!(target.annotations, texts(&[hash]));
    let owner = target.owner.unwrap().full();
    assert_eq!((owner.api_version.as_str(), owner.kind.as_str()), ("external-secrets.io/v1", "ExternalSecret"));
    assert_eq!((owner.name.as_str(), owner.uid.as_str()), ("my-es", "u-es"));
    assert!(owner.is_controller && owner.blocks_deletion && plan.orphans);
    assert_eq!((target.secret_type, target.immutable), (None, false));
    // over all values, with those of others
    let merge = spec_with(CreationPolicy::Merge, DeletionPolicy::Retain);
    let existing = managed(&[("username", "admin")]);
    let plan = super::plan(&merge, fetched(&[("password", "s3cr3t")]), Some(&existing), &FACTS, now());
    let target = plan.object.unwrap();
    let hash = "4dc87f1bc1b42f99971f11cd8a752c3c1babc6486c0744d841d68c6a";
    assert_eq!(target.annotations[ANNOTATION_DATA_HASH], hash);
    assert_eq!(target.ours.data, names(&["password"]));
    assert!(!plan.orphans);
}

#[test]
fn debug_is_redacted() {
    let mut spec = spec();
    spec.annotations.insert("note".to_owned(), "hunter2".to_owned());
    let mut fetched = fetched(&[("a", "hunter2")]).unwrap();
    fetched.wanted.as_mut().unwrap().annotations = spec.annotations.clone();
    let before = format!("{fetched:?}");
    let shown = format!("{before} {:?}", plan(&spec, Ok(fetched), None, &FACTS, now()));
    assert!(shown.contains("[REDACTED]") && !shown.contains("hunter2"), "{shown}");
}

/// Outside of a cluster nothing is owned.
#[test]
fn without_a_cluster() {
    let facts = Facts { uid: None, ..FACTS };
    let created = plan(&spec(), fetched(&[("a", "1")]), None, &facts, now());
    assert!(created.object.as_ref().is_some_and(|target| target.owner.is_none()));
    let after = carried_out(&created, None);
    assert_eq!(told(&plan(&spec(), fetched(&[("a", "1")]), after.as_ref(), &facts, now())), "Keep: synced: ");
}

/// A Secret that External Secrets Operator wrote: its keys go when they are no longer wanted, those of others stay.
#[test]
fn handed_over() {
    let existing = || Existing {
        labels: texts(&[(LABEL_MANAGED, "true"), (LABEL_OWNER, "x"), ("stale", "1"), ("others", "1")]),
        annotations: texts(&[(ANNOTATION_DATA_HASH, "x"), ("stale", "1"), ("others", "1")]),
        owners: vec![
            Owner { is_controller: true, ..owner_of("my-es", "u-former") },
            Owner { api_version: "v1".to_owned(), kind: "ConfigMap".to_owned(), ..owner_of("c", "u-c") },
        ],
        owned: Names {
            data: names(&["a", "b", "c"]),
            labels: names(&[LABEL_MANAGED, LABEL_OWNER, "stale"]),
            annotations: names(&[ANNOTATION_DATA_HASH, "stale"]),
            finalizers: names(&["example.com/f"]),
        },
        applied: Names { data: names(&["c"]), ..Names::default() },
        finalizers: vec!["example.com/other".to_owned(), "example.com/f".to_owned()],
        ..managed(&[("a", "1"), ("b", "2"), ("c", "3"), ("foreign", "x")])
    };
    for (creation, data, keys, uids) in [
        (CreationPolicy::Owner, &["b", "foreign"][..], "a", &["u-former"][..]),
        (CreationPolicy::Orphan, &["b", "foreign"], "a", &["u-former"]),
        (CreationPolicy::Merge, &["b"], "a foreign", &["u-former"]),
        (CreationPolicy::CreateOrMerge, &["b"], "a foreign", &["u-former"]),
    ] {
        let spec = spec_with(creation, DeletionPolicy::Retain);
        let plan = plan(&spec, fetched(&[("a", "1")]), Some(&existing()), &FACTS, now());
        assert_eq!(told(&plan), format!("Update: synced: {keys}"));
        // `c` goes by itself
        assert_eq!(plan.removed.data, data, "{creation:?}");
        let labels = if creation == CreationPolicy::Owner { &["stale"][..] } else { &[LABEL_OWNER, "stale"] };
        assert_eq!(plan.removed.labels, labels, "{creation:?}");
        assert_eq!(plan.removed.annotations, ["stale"]);
        assert_eq!(plan.removed.owners, uids);
        let target = plan.object.as_ref().unwrap();
        assert_eq!(target.labels["others"], "1");
        assert_eq!(target.finalizers, existing().finalizers);
        assert_eq!(target.ours.finalizers, names(&["example.com/f"]));
        let after = carried_out(&plan, Some(existing())).unwrap();
        assert!(is_valid(Some(&after), &spec) && after.owners.iter().any(|owner| owner.kind == "ConfigMap"));
    }
}

fn owner_of(name: &str, uid: &str) -> Owner {
    Owner {
        api_version: "external-secrets.io/v1".to_owned(),
        kind: "ExternalSecret".to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
        ..Owner::default()
    }
}

/// An immutable Secret keeps its values whatever is fetched, and applying drops none of them.
#[test]
fn immutable_when_asked_for() {
    let mut spec = spec();
    spec.target.immutable = true;
    let created = plan(&spec, fetched(&[("a", "1")]), None, &FACTS, now());
    assert!(created.object.as_ref().unwrap().immutable);
    let after = carried_out(&created, None);
    assert_eq!(told(&plan(&spec, fetched(&[("a", "2")]), after.as_ref(), &FACTS, now())), "Keep: synced: ");
    let marked = plan(&spec, fetched(&[("b", "2")]), Some(&managed(&[("a", "1")])), &FACTS, now());
    assert_eq!(told(&marked), "Update: synced: a");
    assert!(marked.object.as_ref().unwrap().immutable && marked.removed.is_empty());
    let mut shrunk = after.unwrap();
    shrunk.labels.remove(LABEL_MANAGED);
    let marked = plan(&spec, fetched(&[("b", "2")]), Some(&shrunk), &FACTS, now());
    assert_eq!(marked.object.as_ref().unwrap().ours.data, names(&["a"]));
}

#[test]
fn types_and_metadata() {
    let wanted = |kind: &str| Wanted {
        secret_type: Some(kind.to_owned()),
        labels: texts(&[("l", "1"), (LABEL_OWNER, "someone"), (LABEL_MANAGED, "false")]),
        annotations: texts(&[("n", "1")]),
        finalizers: vec!["example.com/f".to_owned()],
        ..Wanted::default()
    };
    let planned = |kind: &str, existing: Option<&Existing>| {
        let fetched = Ok(FetchedData { is_empty: false, wanted: Ok(wanted(kind)) });
        let spec = spec_with(CreationPolicy::Orphan, DeletionPolicy::Retain);
        plan(&spec, fetched, existing, &FACTS, now()).object.unwrap()
    };
    let target = planned("kubernetes.io/tls", None);
    assert_eq!(target.secret_type.as_deref(), Some("kubernetes.io/tls"));
    assert_eq!(target.labels, texts(&[("l", "1"), (LABEL_MANAGED, "true")]));
    assert_eq!(target.ours.labels, names(&["l", LABEL_MANAGED]));
    assert_eq!(target.finalizers, ["example.com/f"]);
    let existing = Existing { is_deleting: true, ..managed(&[]) };
    let target = planned("", Some(&existing));
    assert_eq!((target.secret_type.as_deref(), target.finalizers.len()), (Some("Opaque"), 0));
}

#[test]
fn drift() {
    let owner = spec();
    let ours = || state("ours", CreationPolicy::Owner).unwrap();
    assert!(is_valid(Some(&ours()), &owner));
    assert!(!is_valid(None, &owner));
    let changed = Existing { data: data(&[("a", "changed")]), ..ours() };
    let unlabelled = Existing { labels: BTreeMap::new(), ..ours() };
    let relabelled = Existing { labels: texts(&[(LABEL_MANAGED, "yes")]), ..ours() };
    let unhashed = Existing { annotations: BTreeMap::new(), ..ours() };
    // neither type nor owner is looked at
    let elsewise = Existing { owners: Vec::new(), secret_type: "other".to_owned(), ..ours() };
    for (existing, valid) in
        [(changed, false), (unlabelled, false), (relabelled, false), (unhashed, false), (elsewise, true)]
    {
        for creation in CREATION {
            let always = matches!(creation, CreationPolicy::Orphan | CreationPolicy::None);
            let spec = spec_with(creation, DeletionPolicy::Retain);
            assert_eq!(is_valid(Some(&existing), &spec), valid || always, "{creation:?} {existing:?}");
            assert_eq!(is_valid(None, &spec), always);
        }
    }
}

#[test]
fn what_goes_along() {
    let ours = state("ours", CreationPolicy::Owner).unwrap();
    assert!(goes_along(&spec_with(CreationPolicy::Owner, DeletionPolicy::Delete), &ours, "u-es"));
    assert!(!goes_along(&spec_with(CreationPolicy::Owner, DeletionPolicy::Delete), &ours, "u-former"));
    assert!(!goes_along(&spec_with(CreationPolicy::Owner, DeletionPolicy::Retain), &ours, "u-es"));
    let unowned = managed(&[("a", "1")]);
    assert!(!goes_along(&spec_with(CreationPolicy::Owner, DeletionPolicy::Delete), &unowned, "u-es"));
}

#[test]
fn troubles_of_carrying_out() {
    for (trouble, message, retry) in [
        (Trouble::Update, "could not update secret", Retry::Backoff),
        (Trouble::Delete, "could not delete secret", Retry::Backoff),
        (Trouble::DeleteOrphaned, "could not delete orphaned secrets", Retry::Backoff),
    ] {
        let condition = Condition::failed(trouble);
        assert_eq!((condition.status, condition.reason.as_str()), (false, "SecretSyncedError"));
        assert_eq!((condition.message, trouble.retry()), (message, retry));
    }
    assert_eq!(Condition::MISSING.reason.as_str(), "SecretMissing");
    assert_eq!(Condition::DELETED.reason.as_str(), "SecretDeleted");
    assert_eq!(Condition::RETAINED.reason.as_str(), "SecretSynced");
}

/// One of the names by each bit.
fn some(bits: u8) -> Vec<&'static str> {
    ["a", "b", "c", "d"].into_iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, name)| name).collect()
}

fn valued(bits: u8) -> Vec<(&'static str, &'static str)> {
    let values = ["1", "2"];
    some(bits).into_iter().map(|name| (name, values[usize::from(bits >> 4 & 1)])).collect()
}

/// Any Secret: what is there, who wrote it, who owns it. The bits of names that are not there mean nothing.
fn existing(bits: [u8; 8]) -> Existing {
    let [keys, labels, annotations, owned, applied, finalizers, owner, flags] = bits;
    let part = |has: u8, of: u8| names(&some(has & of));
    let owners = match owner % 6 {
        1 => vec![Owner { is_controller: true, blocks_deletion: true, ..owner_of("my-es", "u-es") }],
        2 => vec![Owner { is_controller: true, ..owner_of("my-es", "u-former") }],
        3 => vec![owner_of("my-es", "u-former")],
        4 => vec![Owner { is_controller: true, ..owner_of("other", "u-o") }],
        5 => controlled_by("batch/v1", "Job", "j").owners,
        _ => Vec::new(),
    };
    let both = owned & applied;
    let mut existing = Existing {
        uid: "u-s".to_owned(),
        labels: texts(&valued(labels)),
        annotations: texts(&valued(annotations)),
        finalizers: some(finalizers).into_iter().map(str::to_owned).collect(),
        is_deleting: flags & 1 == 1,
        data: data(&valued(keys)),
        secret_type: if flags & 2 == 0 { "Opaque" } else { "example.com/t" }.to_owned(),
        immutable: flags & 4 == 4,
        owners,
        owned: Names {
            data: part(keys, owned),
            labels: part(labels, owned),
            annotations: part(annotations, owned),
            finalizers: part(finalizers, owned),
        },
        applied: Names {
            data: part(keys, both),
            labels: part(labels, both),
            annotations: part(annotations, both),
            finalizers: names(&[]),
        },
    };
    if flags & 8 == 8 {
        existing.labels.insert(LABEL_OWNER.to_owned(), "x".to_owned());
    }
    existing
}

fn wanted(bits: [u8; 5], keys: &[(&str, &str)]) -> Wanted {
    let [_, labels, annotations, finalizers, kind] = bits;
    Wanted {
        data: data(keys),
        secret_type: [None, Some("Opaque".to_owned()), Some(String::new())][usize::from(kind % 3)].clone(),
        labels: texts(&valued(labels)),
        annotations: texts(&valued(annotations)),
        finalizers: some(finalizers).into_iter().map(str::to_owned).collect(),
        immutable: false,
    }
}

fn specs() -> impl Strategy<Value = ExternalSecret> {
    (0..5_usize, 0..3_usize, any::<bool>()).prop_map(|(creation, deletion, immutable)| {
        let mut spec = spec_with(CREATION[creation], DELETION[deletion]);
        spec.target.immutable = immutable;
        spec
    })
}

proptest! {
    /// Whatever exists: without an answer of the store it stays as it is.
    #[test]
    fn trouble_never_touches_a_secret(spec in specs(), bits in any::<[u8; 8]>(), exists in any::<bool>()) {
        let existing = exists.then(|| existing(bits));
        let plan = plan(&spec, Err(FetchTrouble), existing.as_ref(), &FACTS, now());
        prop_assert_eq!(plan.action, Action::Keep);
        prop_assert!(plan.object.is_none() && plan.removed.is_empty() && !plan.orphans && !plan.refresh);
    }

    /// What is carried out is what was planned, and leaves nothing to do.
    #[test]
    fn plans_come_to_rest(
        spec in specs(), bits in any::<[u8; 8]>(), want in any::<[u8; 5]>(), exists in any::<bool>(), is_empty in any::<bool>(),
    ) {
        let keys = valued(want[0]);
        let fetched = || Ok(FetchedData { is_empty, wanted: Ok(wanted(want, &keys)) });
        let before = exists.then(|| existing(bits));
        let was_immutable = before.as_ref().filter(|before| before.immutable).map(|before| data_hash(&before.data));
        let first = plan(&spec, fetched(), before.as_ref(), &FACTS, now());
        let after = carried_out(&first, before);
        if let (Some(target), Some(after)) = (&first.object, &after) {
            prop_assert_eq!(data_hash(&after.data), data_hash(&target.data));
            prop_assert_eq!(&after.labels, &target.labels);
            prop_assert_eq!(&after.annotations, &target.annotations);
            prop_assert_eq!(&after.finalizers, &target.finalizers);
            prop_assert!(after.owners.iter().filter(|owner| owner.is_controller).count() <= 1);
            prop_assert!(was_immutable.is_none_or(|hash| hash == data_hash(&after.data)));
            prop_assert!(is_valid(Some(after), &spec));
        }
        let second = plan(&spec, fetched(), after.as_ref(), &FACTS, now());
        prop_assert!(matches!(second.action, Action::Keep | Action::Nothing), "{:?} after {:?}", second, first);
        prop_assert_eq!(second.condition, first.condition);
    }
}
