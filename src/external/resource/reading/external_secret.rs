//! ExternalSecret and ClusterExternalSecret.

use std::collections::HashSet;
use std::time::Duration;

use crate::external::reference::{Find, FindBy, Part};
use crate::external::resource::cluster::ClusterExternalSecret;
use crate::external::resource::cron::Schedule;
use crate::external::resource::external_secret::{
    CreationPolicy, Data, DataFrom, DeletionPolicy, ExternalSecret, Extract, RefreshPolicy, RemoteRef, Source, Target,
};
use crate::external::resource::select::{GeneratorRef, StoreRef};
use crate::external::resource::windows::{SyncWindows, Window, WindowKind};

use super::fields::{Field, Map};
use super::metadata::Metadata;
use super::rewrite::{CONVERSIONS, NULL_BYTES, rewrites};
use super::select;
use super::template::{DECODINGS, template};

const HOUR: Duration = Duration::from_secs(3600);

const SPEC: &[&str] =
    &["secretStoreRef", "refreshPolicy", "refreshInterval", "syncWindows", "target", "data", "dataFrom"];

const REMOTE: &[&str] =
    &["key", "property", "version", "metadataPolicy", "decodingStrategy", "conversionStrategy", "nullBytePolicy"];

const PARTS: &[(&str, Part)] = &[("None", Part::Value), ("Fetch", Part::Metadata)];

/// The object.
pub(super) fn external_secret(root: &Map<'_>, metadata: Metadata) -> Option<ExternalSecret> {
    spec(&root.needed_map("spec", SPEC)?, metadata, root.line)
}

/// What a `spec` or `externalSecretSpec` says, under this name.
fn spec(map: &Map<'_>, metadata: Metadata, line: usize) -> Option<ExternalSecret> {
    map.only_v1(&["syncWindows"]);
    let policies = [
        ("Periodic", RefreshPolicy::Periodic),
        ("CreatedOnce", RefreshPolicy::CreatedOnce),
        ("OnChange", RefreshPolicy::OnChange),
    ];
    let store_ref = map.get("secretStoreRef").and_then(|field| select::store(&field));
    let has_store = map.get("secretStoreRef").is_some();
    let read = ExternalSecret {
        name: metadata.name,
        namespace: metadata.namespace,
        labels: metadata.labels,
        annotations: metadata.annotations,
        generation: metadata.generation,
        uid: metadata.uid,
        api_version: map.reading.version,
        refresh_policy: map.word("refreshPolicy", &policies),
        refresh_interval: map.duration("refreshInterval").unwrap_or(HOUR),
        sync_windows: sync_windows(map),
        store_ref,
        target: target(map),
        data: map.list("data").iter().filter_map(|field| data(field, has_store)).collect(),
        data_from: map.list("dataFrom").iter().filter_map(|field| data_from(field, has_store)).collect(),
        line,
    };
    admit(map, &read);
    Some(read)
}

/// The rules of the admission webhook ("apis/externalsecrets/v1/externalsecret_validator.go") that concern more than one field.
fn admit(map: &Map<'_>, read: &ExternalSecret) {
    if map.list("data").is_empty() && map.list("dataFrom").is_empty() {
        map.wrong("needs data or dataFrom");
    }
    let (creation, deletion) = (read.target.creation_policy, read.target.deletion_policy);
    if let Some(target) = map.get("target").and_then(|field| field.open_map()) {
        let owns = matches!(creation, CreationPolicy::Owner | CreationPolicy::Orphan);
        if deletion == DeletionPolicy::Delete && !owns {
            target.wrong_at(
                "deletionPolicy",
                "cannot be Delete when the Secret is not owned; creationPolicy has to be Owner",
            );
        }
        if deletion == DeletionPolicy::Merge && creation == CreationPolicy::None {
            target.wrong_at(
                "deletionPolicy",
                "cannot be Merge when creationPolicy is None: there is no Secret to merge with",
            );
        }
    }
    if deletion == DeletionPolicy::Retain {
        let mut seen = HashSet::new();
        for field in map.list("data") {
            let Some(key) = field.node.get("secretKey") else { continue };
            let key =
                Field { reading: field.reading, path: format!("{}.secretKey", field.path), line: key.line, node: key };
            if let crate::document::tree::Kind::Str(text) = &key.node.kind
                && !seen.insert(text.as_str())
            {
                key.wrong("is the key of an entry before, too");
            }
        }
    }
}

fn sync_windows(map: &Map<'_>) -> Option<SyncWindows> {
    let map = map.map("syncWindows", &["kind", "windows"])?;
    let kinds = [("allow", WindowKind::Allow), ("deny", WindowKind::Deny)];
    let kind = map.need("kind", map.get("kind").and_then(|field| field.word(&kinds)));
    let windows = map.list("windows");
    if windows.is_empty() {
        map.wrong_at("windows", "needs a window");
    }
    let windows = windows.iter().filter_map(window).collect();
    Some(SyncWindows { kind: kind?, windows })
}

fn window(field: &Field<'_>) -> Option<Window> {
    let map = field.map(&["schedule", "duration"])?;
    let schedule = map
        .needed_text("schedule")
        .and_then(|text| Schedule::parse(&text).map_err(|error| map.wrong_at("schedule", error.to_string())).ok());
    let duration = map.need("duration", map.duration("duration"));
    Some(Window { schedule: schedule?, duration: duration? })
}

fn target(map: &Map<'_>) -> Target {
    let known = ["name", "creationPolicy", "deletionPolicy", "immutable", "template", "manifest"];
    let Some(map) = map.map("target", &known) else { return Target::default() };
    map.unsupported(&["manifest"], ": only Secrets are written");
    let v1 = map.reading.version == crate::external::resource::external_secret::ApiVersion::V1;
    let creation = [
        ("Owner", CreationPolicy::Owner),
        ("Orphan", CreationPolicy::Orphan),
        ("Merge", CreationPolicy::Merge),
        ("None", CreationPolicy::None),
        ("CreateOrMerge", CreationPolicy::CreateOrMerge),
    ];
    let deletion =
        [("Delete", DeletionPolicy::Delete), ("Merge", DeletionPolicy::Merge), ("Retain", DeletionPolicy::Retain)];
    Target {
        name: map.get("name").and_then(|field| field.name()),
        creation_policy: map.word("creationPolicy", if v1 { &creation } else { &creation[..4] }),
        deletion_policy: map.word("deletionPolicy", &deletion),
        immutable: map.flag("immutable"),
        template: template(&map),
    }
}

fn data(field: &Field<'_>, has_store: bool) -> Option<Data> {
    let map = field.map(&["secretKey", "remoteRef", "sourceRef"])?;
    let secret_key = map.need("secretKey", map.get("secretKey").and_then(|field| field.key()));
    let remote_ref = map.needed_map("remoteRef", REMOTE).and_then(|map| remote_ref(&map));
    let source = map.map("sourceRef", &["storeRef", "generatorRef"]);
    let store_ref = source.as_ref().and_then(|source| {
        if let Some(generator) = source.get("generatorRef") {
            generator.wrong("has no effect here; generators are for dataFrom");
        }
        source.need("storeRef", source.get("storeRef").and_then(|field| select::store(&field)))
    });
    if source.is_none() && !has_store {
        map.wrong("names no store, and the object has no secretStoreRef");
    }
    Some(Data { secret_key: secret_key?, remote_ref: remote_ref?, store_ref, line: map.line })
}

fn remote_ref(map: &Map<'_>) -> Option<RemoteRef> {
    map.only_v1(&["nullBytePolicy"]);
    Some(RemoteRef {
        property: map.given("property"),
        version: map.given("version"),
        metadata_policy: map.word("metadataPolicy", PARTS),
        decoding: map.word("decodingStrategy", DECODINGS),
        conversion: map.word("conversionStrategy", CONVERSIONS),
        null_bytes: map.word("nullBytePolicy", NULL_BYTES),
        key: map.needed_text("key")?,
    })
}

fn data_from(field: &Field<'_>, has_store: bool) -> Option<DataFrom> {
    let map = field.map(&["extract", "find", "sourceRef", "rewrite"])?;
    let rewrite = rewrites(&map);
    let (store_ref, generator) = source_ref(&map);
    let has_generator = map.map_quietly("sourceRef").is_some_and(|source| source.get("generatorRef").is_some());
    let given = map.present(&["extract", "find"]).len() + usize::from(has_generator);
    if given > 1 {
        map.wrong("has to have only one of extract, find, sourceRef.generatorRef");
    }
    if given == 0 {
        map.wrong("needs one of extract, find, sourceRef.generatorRef");
    }
    if !has_generator && map.get("sourceRef").is_none() && !has_store && given == 1 {
        map.wrong("names no store, and the object has no secretStoreRef");
    }
    let line = map.line;
    let from = |source, given: Option<RemoteRef>| {
        let given = given.map(|given| (given.conversion, given.decoding, given.null_bytes)).unwrap_or_default();
        DataFrom {
            source,
            store_ref: None,
            rewrite: Vec::new(),
            conversion: given.0,
            decoding: given.1,
            null_bytes: given.2,
            line,
        }
    };
    let extract = map.map("extract", REMOTE).and_then(|map| remote_ref(&map));
    let find = map.get("find").and_then(|field| find(&field));
    let read = match (extract, find, generator) {
        (_, Some((found, options)), _) => {
            let mut read = from(Source::Find(found), None);
            (read.conversion, read.decoding, read.null_bytes) = options;
            read
        }
        (Some(remote), ..) => {
            let (key, property) = (remote.key.clone(), remote.property.clone());
            let (version, metadata_policy) = (remote.version.clone(), remote.metadata_policy);
            from(Source::Extract(Extract { key, property, version, metadata_policy }), Some(remote))
        }
        (_, _, Some(generator)) => from(Source::Generator(generator), None),
        _ => return None,
    };
    Some(DataFrom { store_ref, rewrite, ..read })
}

fn source_ref(map: &Map<'_>) -> (Option<StoreRef>, Option<GeneratorRef>) {
    let Some(source) = map.map("sourceRef", &["storeRef", "generatorRef"]) else { return (None, None) };
    match source.one_of(&["storeRef", "generatorRef"]) {
        Some("storeRef") => (source.get("storeRef").and_then(|field| select::store(&field)), None),
        Some(_) => (None, source.get("generatorRef").and_then(|field| select::generator(&field))),
        None => (None, None),
    }
}

type Options = (
    crate::external::resource::external_secret::Conversion,
    crate::external::resource::external_secret::Decoding,
    crate::external::resource::external_secret::NullBytes,
);

fn find(field: &Field<'_>) -> Option<(Find, Options)> {
    let map = field.map(&["path", "name", "tags", "conversionStrategy", "decodingStrategy", "nullBytePolicy"])?;
    map.only_v1(&["nullBytePolicy"]);
    if map.present(&["name", "tags"]).is_empty() {
        map.wrong("needs name or tags");
    }
    let name = map.map("name", &["regexp"]).and_then(|name| match name.get("regexp") {
        Some(field) => field.regexp().map(|(text, _)| text),
        None => Some(String::new()),
    });
    let options = (
        map.word("conversionStrategy", CONVERSIONS),
        map.word("decodingStrategy", DECODINGS),
        map.word("nullBytePolicy", NULL_BYTES),
    );
    let tags = map.get("tags").map(|_| map.text_map("tags"));
    Some((Find { path: map.given("path"), by: FindBy { name, tags } }, options))
}

/// The ClusterExternalSecret.
pub(super) fn cluster(root: &Map<'_>, metadata: Metadata) -> Option<ClusterExternalSecret> {
    let known = [
        "externalSecretSpec",
        "externalSecretName",
        "externalSecretMetadata",
        "namespaceSelector",
        "namespaceSelectors",
        "namespaces",
        "refreshTime",
    ];
    let map = root.needed_map("spec", &known)?;
    let own = map.map("externalSecretMetadata", &["labels", "annotations"]);
    let (labels, annotations) =
        own.map(|own| (own.text_map("labels"), own.text_map("annotations"))).unwrap_or_default();
    let name = map.get("externalSecretName").and_then(|field| field.name()).unwrap_or_else(|| metadata.name.clone());
    let made = Metadata { name, namespace: None, labels, annotations, generation: None, uid: None };
    let external_secret =
        map.needed_map("externalSecretSpec", SPEC).and_then(|spec_map| spec(&spec_map, made, root.line));
    let selectors = map.get("namespaceSelector").into_iter().chain(map.list("namespaceSelectors"));
    let namespace_selectors = selectors.filter_map(|field| select::labels(&field)).collect();
    let namespaces = map.list("namespaces").iter().filter_map(|field| field.namespace()).collect();
    if map.present(&["namespaceSelector", "namespaceSelectors", "namespaces"]).is_empty() {
        map.wrong("needs one of namespaceSelectors, namespaces");
    }
    Some(ClusterExternalSecret {
        name: metadata.name,
        labels: metadata.labels,
        annotations: metadata.annotations,
        generation: metadata.generation,
        uid: metadata.uid,
        external_secret: external_secret?,
        namespace_selectors,
        namespaces,
        refresh_time: map.duration("refreshTime").unwrap_or(HOUR),
        line: root.line,
    })
}
