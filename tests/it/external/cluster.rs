//! `sync` against a real API server: what it writes, what it leaves alone, and what it takes over from External Secrets Operator.

use std::path::Path;

use serde_json::{Value, json};

use super::{Ended, World, quiet};
use crate::cluster::{self, Cluster, User, data};

const STORE: &str = r#"
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: store}
spec:
  provider:
    fake:
      data:
      - {key: a, value: canary-value-a}
      - {key: b, value: canary-value-b}
      - {key: foo, value: bar}
"#;

/// An ExternalSecret of keys that are named as what they hold.
pub fn external_secret(name: &str, target: &str, keys: &[&str]) -> String {
    let one = |key: &&str| format!("  - {{secretKey: {key}, remoteRef: {{key: {key}}}}}\n");
    format!(
        "---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}}}\nspec:\n  secretStoreRef: {{name: \
         store, kind: ClusterSecretStore}}\n  target: {{{target}}}\n  data:\n{}",
        keys.iter().map(one).collect::<String>()
    )
}

pub fn world(manifests: &str) -> World {
    World::new(&[("app/store.yaml", STORE), ("app/es.yaml", manifests)])
}

/// Runs `sync` as this user in this namespace, whose words must hold no secret.
#[track_caller]
pub fn sync_as(cluster: &Cluster, user: User, namespace: &str, world: &World, arguments: &[&str]) -> Ended {
    let mut command = cluster.command(Path::new(env!("CARGO_BIN_EXE_sealant")), user, Some(namespace));
    command.current_dir(world.path("")).args(["sync", "app"]).args(arguments);
    quiet(command, "")
}

#[track_caller]
pub fn sync(cluster: &Cluster, namespace: &str, world: &World, arguments: &[&str]) -> Ended {
    sync_as(cluster, User::Admin, namespace, world, arguments)
}

#[track_caller]
pub fn secret(cluster: &Cluster, namespace: &str, name: &str) -> Value {
    cluster.get(namespace, &format!("secret/{name}")).unwrap()
}

/// The names of the keys.
pub fn keys(secret: &Value) -> Vec<String> {
    data(secret).into_keys().collect()
}

fn version(secret: &Value) -> &Value {
    &secret["metadata"]["resourceVersion"]
}

/// Namespace `default`, name `my-es`, `foo=bar`: these marks were printed by upstream's code.
#[test]
fn marks_are_those_of_upstream() {
    let Some(cluster) = cluster::shared("marks_are_those_of_upstream") else { return };
    let golden: Value = serde_json::from_str(include_str!("../../vectors/external-secrets/golden.json")).unwrap();
    let find = |group: &str, is: &dyn Fn(&Value) -> bool| {
        golden[group].as_array().unwrap().iter().find(|case| is(case)).unwrap().clone()
    };
    let owner = find("string_hash", &|case| case["text"] == "default/my-es");
    let hash = find("data_hash", &|case| case["data_b64"] == json!({"foo": "YmFy"}));
    let world = world(&external_secret("my-es", "", &["foo"]));
    sync(cluster, "default", &world, &[]).code(0).says("default/my-es: created: + foo");
    let made = secret(cluster, "default", "my-es");
    let metadata = &made["metadata"];
    let labels = json!({
        "reconcile.external-secrets.io/managed": "true",
        "reconcile.external-secrets.io/created-by": owner["hash"],
    });
    assert_eq!(metadata["labels"], labels);
    assert_eq!(metadata["annotations"], json!({"reconcile.external-secrets.io/data-hash": hash["data_hash"]}));
    assert_eq!((&made["type"], &made["data"]), (&json!("Opaque"), &json!({"foo": "YmFy"})));
    assert!(metadata.get("ownerReferences").is_none() && made.get("immutable").is_none());
    let text = cluster.kubectl(&["get", "secret", "-n", "default", "my-es", "-o", "json", "--show-managed-fields"]);
    let managed: Value = serde_json::from_str(&text).unwrap();
    let managers = managed["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(managers.len(), 1);
    assert_eq!(managers[0]["manager"], "externalsecrets.external-secrets.io/my-es");
    assert_eq!(managers[0]["operation"], "Apply");
}

#[test]
fn a_secret_is_made_changed_left_alone_and_deleted() {
    let Some(cluster) = cluster::shared("a_secret_is_made_changed_left_alone_and_deleted") else { return };
    let namespace = cluster.namespace("sync");
    let world = world(&external_secret("es", "name: s, deletionPolicy: Delete", &["a", "b"]));
    // a dry run makes nothing
    let ended = sync(cluster, &namespace, &world, &["--dry-run"]).code(0);
    assert_eq!(ended.stdout, format!("{namespace}/s: created: + a, + b (dry run)\n"));
    assert!(cluster.get(&namespace, "secret/s").is_none());
    sync(cluster, &namespace, &world, &[]).code(0).says(&format!("{namespace}/s: created: + a, + b\n"));
    let made = secret(cluster, &namespace, "s");
    assert_eq!(data(&made)["a"], b"canary-value-a");

    sync(cluster, &namespace, &world, &[]).code(0).says("1 unchanged");
    assert_eq!(version(&secret(cluster, &namespace, "s")), version(&made));

    world.replace("app/store.yaml", "canary-value-a", "canary-value-new");
    world.replace("app/es.yaml", "secretKey: b", "secretKey: c");
    let ended = sync(cluster, &namespace, &world, &["--dry-run"]).code(0);
    assert_eq!(ended.stdout, format!("{namespace}/s: updated: ~ a, + c, - b (dry run)\n"));
    assert_eq!(secret(cluster, &namespace, "s"), made);
    sync(cluster, &namespace, &world, &[]).code(0).says("updated: ~ a, + c, - b");
    let changed = secret(cluster, &namespace, "s");
    assert_eq!(keys(&changed), ["a", "c"]);
    assert_eq!(data(&changed)["a"], b"canary-value-new");
    assert_eq!(changed["metadata"]["uid"], made["metadata"]["uid"]);

    // somebody's edit is undone
    let patch = r#"{"data": {"a": "eA==", "foreign": "eA=="}}"#;
    cluster.kubectl(&["patch", "secret", "s", "-n", &namespace, "-p", patch]);
    sync(cluster, &namespace, &world, &[]).code(0).says("updated: ~ a, - foreign");
    assert_eq!(secret(cluster, &namespace, "s")["data"], changed["data"]);

    world.replace("app/store.yaml", "key: a,", "key: x,");
    world.replace("app/store.yaml", "key: b,", "key: z,");
    let ended = sync(cluster, &namespace, &world, &["--dry-run"]).code(0);
    assert!(ended.stdout.contains("/s: deleted: - a, - c (secret deleted due to DeletionPolicy=Delete) (dry run)"));
    assert!(cluster.get(&namespace, "secret/s").is_some());
    sync(cluster, &namespace, &world, &[]).code(0).says("deleted");
    assert!(cluster.get(&namespace, "secret/s").is_none());
    let ended = sync(cluster, &namespace, &world, &[]).code(0);
    assert!(!ended.stderr.contains("/s: deleted"), "{}", ended.stderr);
}

#[test]
fn a_foreign_secret_is_added_to_and_keeps_what_it_has() {
    let Some(cluster) = cluster::shared("a_foreign_secret_is_added_to_and_keeps_what_it_has") else { return };
    let namespace = cluster.namespace("merge");
    let world = world(&external_secret("es", "name: theirs, creationPolicy: Merge", &["a", "b"]));
    sync(cluster, &namespace, &world, &[]).code(0).says("secret will not be created due to CreationPolicy=Merge");
    assert!(cluster.get(&namespace, "secret/theirs").is_none());
    cluster.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: theirs, namespace: {namespace}, labels: {{team: x}}}}\nstringData: {{own: v, a: \
         v}}\n"
    ));
    let before = secret(cluster, &namespace, "theirs");
    // a set is no claim to what others made
    sync(cluster, &namespace, &world, &["--set", "mine"]).code(0).says("updated: ~ a, + b");
    let merged = secret(cluster, &namespace, "theirs");
    assert_eq!(keys(&merged), ["a", "b", "own"]);
    assert_eq!(merged["data"]["own"], before["data"]["own"]);
    assert_eq!(merged["metadata"]["labels"], json!({"team": "x", "reconcile.external-secrets.io/managed": "true"}));
    sync(cluster, &namespace, &world, &["--set", "mine"]).code(0).says("1 unchanged");
    assert_eq!(secret(cluster, &namespace, "theirs"), merged);

    // what it no longer wants goes, and nothing else
    world.write("app/es.yaml", &external_secret("es", "name: theirs, creationPolicy: Merge", &["a"]));
    sync(cluster, &namespace, &world, &[]).code(0).says("updated: - b");
    assert_eq!(keys(&secret(cluster, &namespace, "theirs")), ["a", "own"]);
    world.write("app/es.yaml", &external_secret("other", "name: other", &["b"]));
    sync(cluster, &namespace, &world, &["--set", "mine", "--prune"]).code(0).says("other: created");
    assert_eq!(keys(&secret(cluster, &namespace, "theirs")), ["a", "own"]);
}

/// What upstream wrote, by an update of its field manager, becomes ours.
#[test]
fn what_upstream_wrote_is_taken_over() {
    let Some(cluster) = cluster::shared("what_upstream_wrote_is_taken_over") else { return };
    let namespace = cluster.namespace("handover");
    let world = world(&external_secret("es", "name: s", &["a"]));
    let hash = sealant::external::marks::owner_hash(&namespace, "es");
    let of_upstream = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: {namespace}\n  labels: {{team: gone, \
         reconcile.external-secrets.io/managed: 'true', reconcile.external-secrets.io/created-by: {hash}}}\n  annotations: \
         {{reconcile.external-secrets.io/data-hash: old, note: gone}}\nstringData: {{a: canary-value-a, old: canary-value-old}}\n"
    );
    let manager = "--field-manager=externalsecrets.external-secrets.io/es";
    let ran = cluster.try_kubectl(User::Admin, &["create", manager, "-f", "-"], &of_upstream);
    assert!(ran.ok(), "{}", ran.last_words());
    let patch = r#"{"metadata": {"labels": {"by": "somebody"}}}"#;
    cluster.kubectl(&["patch", "secret", "s", "-n", &namespace, "-p", patch]);
    let before = secret(cluster, &namespace, "s");
    sync(cluster, &namespace, &world, &[]).code(0).says("updated: - old");
    let after = secret(cluster, &namespace, "s");
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(data(&after), [("a".to_owned(), b"canary-value-a".to_vec())].into());
    let labels = json!({
        "by": "somebody",
        "reconcile.external-secrets.io/managed": "true",
        "reconcile.external-secrets.io/created-by": hash,
    });
    assert_eq!(after["metadata"]["labels"], labels);
    assert_eq!(after["metadata"]["annotations"].as_object().unwrap().len(), 1);
    assert_ne!(after["metadata"]["annotations"]["reconcile.external-secrets.io/data-hash"], "old");
    sync(cluster, &namespace, &world, &[]).code(0).says("1 unchanged");
    assert_eq!(secret(cluster, &namespace, "s"), after);
    // under another name, the former one goes, and that is said
    world.replace("app/es.yaml", "{name: s}", "{name: t}");
    let ended = sync(cluster, &namespace, &world, &["--dry-run"]).code(0);
    assert!(ended.stdout.contains("t: created: + a (deleted as former targets: s)"), "{}", ended.stdout);
    assert_eq!(secret(cluster, &namespace, "s"), after);
    sync(cluster, &namespace, &world, &[]).code(0).says("deleted as former targets: s");
    assert!(cluster.get(&namespace, "secret/s").is_none());
    assert_eq!(keys(&secret(cluster, &namespace, "t")), ["a"]);
}

#[test]
fn pruning_deletes_what_is_of_the_set_and_nothing_else() {
    let Some(cluster) = cluster::shared("pruning_deletes_what_is_of_the_set_and_nothing_else") else { return };
    let namespace = cluster.namespace("prune");
    let both = format!("{}{}", external_secret("one", "", &["a"]), external_secret("two", "", &["b"]));
    let world_of = |manifests: &str| world(manifests);
    let first = world_of(&both);
    sync(cluster, &namespace, &first, &["--set", "app", "--prune"]).code(0);
    assert_eq!(secret(cluster, &namespace, "two")["metadata"]["labels"]["sealant.dev/set"], "app");
    let other = world_of(&external_secret("three", "", &["b"]));
    sync(cluster, &namespace, &other, &["--set", "other"]).code(0);
    let foreign = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: foreign, namespace: {namespace}}}\n");
    cluster.apply(&foreign);
    let owned = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: owned, namespace: {namespace}, labels: {{sealant.dev/set: app}}, \
         ownerReferences: [{{apiVersion: v1, kind: ConfigMap, name: x, uid: 0000-1}}]}}\n"
    );
    cluster.apply(&owned);

    // not as long as anything fails
    let broken =
        world_of(&format!("{}{}", external_secret("one", "", &["a"]), external_secret("none", "", &["nothing"])));
    sync(cluster, &namespace, &broken, &["--set", "app", "--prune"]).code(235).says("spec.data[0] (key `nothing`)");
    assert!(cluster.get(&namespace, "secret/two").is_some());
    let one = world_of(&external_secret("one", "", &["a"]));
    let ended = sync(cluster, &namespace, &one, &["--set", "app", "--prune", "--dry-run"]).code(0);
    let line = format!("{namespace}/two: deleted (no ExternalSecret of the set app makes it any more) (dry run)\n");
    assert_eq!(ended.stdout, line);
    assert!(cluster.get(&namespace, "secret/two").is_some());
    // without the word nothing goes
    sync(cluster, &namespace, &one, &["--set", "app"]).code(0);
    assert!(cluster.get(&namespace, "secret/two").is_some());
    sync(cluster, &namespace, &one, &["--set", "app", "--prune"]).code(0).says("/two: deleted");
    for (name, stays) in [("one", true), ("two", false), ("three", true), ("foreign", true), ("owned", true)] {
        assert_eq!(cluster.get(&namespace, &format!("secret/{name}")).is_some(), stays, "{name}");
    }
    sync(cluster, &namespace, &one, &["--prune"]).code(1);
    sync(cluster, &namespace, &one, &["--set", "no label"]).code(1).says("that is no value of a label");
}

#[test]
fn who_may_not_is_told_and_changes_nothing() {
    let Some(cluster) = cluster::shared("who_may_not_is_told_and_changes_nothing") else { return };
    let namespace = cluster.namespace("rbac");
    let world = world(&external_secret("es", "", &["a"]));
    let ended = sync_as(cluster, User::Stranger, &namespace, &world, &[]).code(232);
    let wanted = format!(
        "app/es.yaml:2: {namespace}/es: secrets \"es\" is forbidden: User \"stranger\" cannot get resource \"secrets\" in API group \
         \"\" in the namespace \"{namespace}\""
    );
    assert!(ended.stderr.contains(&wanted) && ended.stderr.contains("hint: "), "{}", ended.stderr);
    assert!(cluster.get(&namespace, "secret/es").is_none());
    let ended = sync_as(cluster, User::Stranger, &namespace, &world, &["--context", "nobody"]);
    assert_eq!(ended.code, Some(231), "{}", ended.stderr);
    // one that may read and not write
    cluster.apply(&format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: reader, namespace: {namespace}}}\nrules: [{{apiGroups: \
         [''], resources: [secrets], verbs: [get, list]}}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: \
         {{name: reader, namespace: {namespace}}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: \
         reader}}\nsubjects: [{{kind: User, name: stranger}}]\n"
    ));
    let ended = sync_as(cluster, User::Stranger, &namespace, &world, &["--json"]).code(232);
    assert!(ended.stdout.contains("cannot patch resource"), "{}", ended.stdout);
    assert!(cluster.get(&namespace, "secret/es").is_none());
}

#[test]
fn a_store_that_is_down_changes_and_deletes_nothing() {
    let Some(cluster) = cluster::shared("a_store_that_is_down_changes_and_deletes_nothing") else { return };
    let namespace = cluster.namespace("down");
    let world = world(&format!(
        "{}{}",
        external_secret("up", "", &["a"]),
        external_secret("es", "deletionPolicy: Delete", &["a"])
    ));
    sync(cluster, &namespace, &world, &["--set", "app"]).code(0);
    let before = secret(cluster, &namespace, "es");
    let down = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: down}\nspec: {provider: {vault: {server: \
                'http://127.0.0.1:1', path: secret, auth: {tokenSecretRef: {name: token, key: token}}}}}\n---\napiVersion: v1\nkind: \
                Secret\nmetadata: {name: token}\nstringData: {token: canary-token}\n";
    world.write("app/down.yaml", down);
    let manifest = external_secret("es", "deletionPolicy: Delete", &["a"]);
    let manifest = manifest.replace("name: store, kind: ClusterSecretStore", "name: down");
    world.write("app/es.yaml", &manifest);
    let ended = sync(cluster, &namespace, &world, &["--set", "app", "--prune"]).code(228);
    assert!(ended.stderr.contains("127.0.0.1:1"), "{}", ended.stderr);
    assert_eq!(secret(cluster, &namespace, "es"), before);
    assert!(cluster.get(&namespace, "secret/up").is_some(), "nothing is pruned when anything failed");
    // the credential may also lie in the cluster
    world.write("app/down.yaml", down.split("---").next().unwrap());
    sync(cluster, &namespace, &world, &[]).code(229).says("token");
    let put = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: token, namespace: {namespace}}}\nstringData: {{token: canary-token}}\n"
    );
    cluster.apply(&put);
    sync(cluster, &namespace, &world, &[]).code(228).says("127.0.0.1:1");
    // others go on
    world.write("app/es.yaml", &format!("{manifest}{}", external_secret("more", "", &["b"])));
    sync(cluster, &namespace, &world, &[]).code(235).says("more: created: + b");
    assert_eq!(secret(cluster, &namespace, "es"), before);
}

#[test]
fn every_object_goes_to_its_namespace() {
    let Some(cluster) = cluster::shared("every_object_goes_to_its_namespace") else { return };
    let (here, there, option) = (cluster.namespace("here"), cluster.namespace("there"), cluster.namespace("option"));
    let elsewhere =
        external_secret("es", "", &["b"]).replace("{name: es}", &format!("{{name: es, namespace: {there}}}"));
    let world = world(&format!("{}{elsewhere}", external_secret("es", "", &["a"])));
    let ended = sync(cluster, &here, &world, &["--json"]).code(0);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let rows = json!([
        {"namespace": here, "name": "es", "status": "created", "changes": ["+ a"], "note": null},
        {"namespace": there, "name": "es", "status": "created", "changes": ["+ b"], "note": null},
    ]);
    assert_eq!(report, json!({"dryRun": false, "secrets": rows, "failed": []}));
    assert_eq!(keys(&secret(cluster, &here, "es")), ["a"]);
    assert_eq!(keys(&secret(cluster, &there, "es")), ["b"]);
    sync(cluster, &here, &world, &["-n", &option]).code(0).says(&format!("{option}/es: created: + a"));
    assert_eq!(keys(&secret(cluster, &option, "es")), ["a"]);
    // one that is not there
    sync(cluster, &here, &world, &["-n", "nowhere-at-all"]).code(235).says("namespaces \"nowhere-at-all\" not found");
}
