//! `sync` where the ExternalSecrets are in the cluster, too: they own what is made for them.

use serde_json::json;

use super::cluster::{external_secret, keys, secret, sync, world};
use crate::cluster;

/// As little of upstream's definition as the API server needs.
const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: externalsecrets.external-secrets.io}
spec:
  group: external-secrets.io
  scope: Namespaced
  names: {plural: externalsecrets, singular: externalsecret, kind: ExternalSecret, listKind: ExternalSecretList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

#[test]
fn who_is_in_the_cluster_owns_its_secret() {
    let Some(cluster) = cluster::shared("who_is_in_the_cluster_owns_its_secret") else { return };
    cluster.apply(DEFINITION);
    cluster.kubectl(&[
        "wait",
        "--for=condition=established",
        "crd/externalsecrets.external-secrets.io",
        "--timeout=60s",
    ]);
    let namespace = cluster.namespace("owners");
    let manifest = external_secret("es", "name: s", &["a"]);
    let there = manifest.replace("{name: es}", &format!("{{name: es, namespace: {namespace}}}"));
    let world = world(&manifest);
    // made before it was there: nobody owns it
    sync(cluster, &namespace, &world, &[]).code(0).says("created");
    assert!(secret(cluster, &namespace, "s")["metadata"].get("ownerReferences").is_none());
    let mut last = json!(null);
    for _ in 0..2 {
        cluster.apply(&there);
        let uid = cluster.get(&namespace, "externalsecret/es").unwrap()["metadata"]["uid"].clone();
        assert_ne!(uid, last);
        sync(cluster, &namespace, &world, &[]).code(0).says("updated: ~ (metadata)");
        let made = secret(cluster, &namespace, "s");
        let owner = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "es", "uid": uid,
                           "controller": true, "blockOwnerDeletion": true});
        assert_eq!(made["metadata"]["ownerReferences"], json!([owner]));
        sync(cluster, &namespace, &world, &[]).code(0).says("1 unchanged");
        assert_eq!(secret(cluster, &namespace, "s"), made);
        last = uid;
        // made anew, it is another
        cluster.kubectl(&["delete", "externalsecret", "es", "-n", &namespace]);
    }
    cluster.apply(&there);
    sync(cluster, &namespace, &world, &[]).code(0);
    let before = secret(cluster, &namespace, "s");
    for target in ["name: s", "name: s, creationPolicy: Merge"] {
        world.write("app/es.yaml", &external_secret("thief", target, &["b"]));
        sync(cluster, &namespace, &world, &[]).code(2).says("target is owned by another ExternalSecret");
        assert_eq!(secret(cluster, &namespace, "s"), before, "{target}");
    }
    assert_eq!(keys(&before), ["a"]);
    // nobody's any more
    world.write("app/es.yaml", &external_secret("es", "name: s, creationPolicy: Orphan", &["a"]));
    sync(cluster, &namespace, &world, &[]).code(0).says("updated");
    let orphan = secret(cluster, &namespace, "s");
    assert!(orphan["metadata"].get("ownerReferences").is_none(), "{}", orphan["metadata"]);
    assert_eq!(orphan["metadata"]["labels"], json!({"reconcile.external-secrets.io/managed": "true"}));
}
