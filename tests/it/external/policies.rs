//! `sync`: what policies, types and generators ask for, and the Secrets of the cluster itself as a store.

use std::fs;

use serde_json::json;

use super::cluster::{external_secret, keys, secret, sync, world};
use crate::cluster::{self, data};

/// The API server says no, without the values; nothing is changed then.
#[test]
fn what_the_api_server_refuses_is_told_without_values() {
    let Some(cluster) = cluster::shared("what_the_api_server_refuses_is_told_without_values") else { return };
    let namespace = cluster.namespace("refused");
    let typed = "template: {type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: '{{ .a }}'}}";
    let world = world(&external_secret("es", typed, &["a"]));
    sync(cluster, &namespace, &world, &[]).code(2).says("the value of .dockerconfigjson has to be JSON");
    assert!(cluster.get(&namespace, "secret/es").is_none());
    // the type of a Secret stays
    world.write("app/es.yaml", &external_secret("es", "", &["a"]));
    sync(cluster, &namespace, &world, &[]).code(0);
    let before = secret(cluster, &namespace, "es");
    world.write(
        "app/es.yaml",
        &external_secret("es", "template: {type: example.com/other, data: {k: '{{ .a }}'}}", &["a"]),
    );
    sync(cluster, &namespace, &world, &[]).code(232).says("type: Invalid value").says("field is immutable");
    // a dry run asks it, too
    sync(cluster, &namespace, &world, &["--dry-run"]).code(232).says("field is immutable");
    assert_eq!(secret(cluster, &namespace, "es"), before);
}

#[test]
fn an_immutable_secret_stays_as_it_is() {
    let Some(cluster) = cluster::shared("an_immutable_secret_stays_as_it_is") else { return };
    let namespace = cluster.namespace("immutable");
    let world = world(&external_secret("es", "immutable: true", &["a"]));
    sync(cluster, &namespace, &world, &[]).code(0).says("created: + a");
    let made = secret(cluster, &namespace, "es");
    assert_eq!(made["immutable"], true);
    world.replace("app/store.yaml", "canary-value-a", "canary-value-new");
    sync(cluster, &namespace, &world, &[]).code(0).says("1 unchanged");
    assert_eq!(secret(cluster, &namespace, "es"), made);
    // where somebody else made it so
    world.write("app/es.yaml", &external_secret("es", "", &["a"]));
    sync(cluster, &namespace, &world, &[]).code(2).says("could not update secret, target is immutable");
    assert_eq!(secret(cluster, &namespace, "es"), made);
}

#[test]
fn every_policy_makes_what_it_says() {
    let Some(cluster) = cluster::shared("every_policy_makes_what_it_says") else { return };
    let namespace = cluster.namespace("policies");
    let manifests = [("orphan", "Orphan"), ("either", "CreateOrMerge"), ("none", "None")]
        .map(|(name, policy)| external_secret(name, &format!("creationPolicy: {policy}"), &["a"]));
    let world = world(&manifests.concat());
    let ended = sync(cluster, &namespace, &world, &["--set", "mine"]).code(0);
    assert!(
        ended.stderr.contains("/either: created: + a\n") && ended.stderr.contains("/none: skipped\n"),
        "{}",
        ended.stderr
    );
    assert!(cluster.get(&namespace, "secret/none").is_none());
    let labels = |name: &str| secret(cluster, &namespace, name)["metadata"]["labels"].clone();
    let managed = "reconcile.external-secrets.io/managed";
    assert_eq!(labels("orphan"), json!({managed: "true", "sealant.dev/set": "mine"}));
    assert_eq!(labels("either"), json!({managed: "true"}));
    cluster.kubectl(&["patch", "secret", "either", "-n", &namespace, "-p", r#"{"data": {"theirs": "eA=="}}"#]);
    cluster.kubectl(&["patch", "secret", "orphan", "-n", &namespace, "-p", r#"{"data": {"theirs": "eA=="}}"#]);
    sync(cluster, &namespace, &world, &["--set", "mine"]).code(0).says("/orphan: updated: - theirs");
    assert_eq!(keys(&secret(cluster, &namespace, "either")), ["a", "theirs"]);
    // two makers of one Secret: neither is carried out
    let two = [external_secret("one", "name: t", &["a"]), external_secret("two", "name: t", &["b"])].concat();
    world.write("app/es.yaml", &two);
    sync(cluster, &namespace, &world, &[]).code(2).says("the Secret t is written by several ExternalSecrets");
    assert!(cluster.get(&namespace, "secret/t").is_none());
    // nor does anybody add to what another one makes, which would take it away the next time
    for policy in ["Merge", "CreateOrMerge"] {
        let two = [
            external_secret("one", "name: u", &["a"]),
            external_secret("two", &format!("name: u, creationPolicy: {policy}"), &["b"]),
        ];
        world.write("app/es.yaml", &two.concat());
        sync(cluster, &namespace, &world, &[]).code(235).says("two: target is owned by another ExternalSecret");
        assert_eq!(keys(&secret(cluster, &namespace, "u")), ["a"]);
    }
    // a value that is gone is left out, and that is said
    let lacking = external_secret("some", "deletionPolicy: Merge", &["a", "nothing"]);
    world.write("app/es.yaml", &lacking);
    sync(cluster, &namespace, &world, &[]).code(0).says("spec.data[1]: the store has no nothing; left out");
    assert_eq!(keys(&secret(cluster, &namespace, "some")), ["a"]);
}

#[test]
fn generated_values_stay_until_they_are_asked_for_anew() {
    let Some(cluster) = cluster::shared("generated_values_stay_until_they_are_asked_for_anew") else { return };
    let namespace = cluster.namespace("generated");
    let manifests = "apiVersion: generators.external-secrets.io/v1alpha1\nkind: Password\nmetadata: {name: p}\nspec: {length: \
                     20}\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: es}\nspec:\n  \
                     secretStoreRef: {name: store, kind: ClusterSecretStore}\n  dataFrom: [{sourceRef: {generatorRef: {kind: \
                     Password, name: p}}}]\n  data: [{secretKey: a, remoteRef: {key: a}}]\n";
    let world = world(manifests);
    sync(cluster, &namespace, &world, &[]).code(0).says("created: + a, + password");
    let made = secret(cluster, &namespace, "es");
    assert_eq!(data(&made)["password"].len(), 20);
    sync(cluster, &namespace, &world, &[]).code(0).says("1 unchanged");
    assert_eq!(secret(cluster, &namespace, "es"), made);
    world.replace("app/store.yaml", "canary-value-a", "canary-value-new");
    sync(cluster, &namespace, &world, &[]).code(0).says("updated: ~ a\n");
    sync(cluster, &namespace, &world, &["--regenerate"]).code(0).says("updated: ~ password\n");
    assert_ne!(secret(cluster, &namespace, "es")["data"]["password"], made["data"]["password"]);
}

const FROM_CLUSTER: &str = r#"
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata:
  name: k8s-store
spec:
  provider:
    kubernetes:
      # with this, the store is able to pull only from `default` namespace
      remoteNamespace: FROM
      server:
        url: "URL"
        caBundle: AUTHORITY
      auth:
        token:
          bearerToken:
            name: my-token
            key: token
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: database-credentials
spec:
  refreshInterval: 1h
  secretStoreRef:
    kind: SecretStore
    name: k8s-store
  target:
    name: database-credentials
    creationPolicy: Owner
    template:
      mergePolicy: Merge
      templateFrom:
      - configMap: {name: tpl, items: [{key: url}]}
  data:
  - secretKey: database_username
    remoteRef:
      key: database-credentials
      property: username
  - secretKey: database_password
    remoteRef:
      key: database-credentials
      property: password
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: found
spec:
  secretStoreRef: {name: k8s-store}
  dataFrom:
  - find:
      tags: {app: db}
  - extract:
      key: database-credentials
"#;

/// "docs/provider/kubernetes.md" of external-secrets 2.9: the Secrets of a namespace, read with a token from another Secret, that of
/// the cluster; and a template from a ConfigMap of the cluster.
#[test]
fn secrets_of_the_cluster_are_a_store() {
    let Some(cluster) = cluster::shared("secrets_of_the_cluster_are_a_store") else { return };
    let (from, to) = (cluster.namespace("from"), cluster.namespace("to"));
    cluster.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: database-credentials, namespace: {from}, labels: {{app: db}}}}\nstringData: \
         {{username: admin, password: canary-value-p}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: my-token, namespace: \
         {to}}}\nstringData: {{token: canary-token-admin}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: tpl, namespace: \
         {to}}}\ndata: {{url: 'db://{{{{ .database_username }}}}@x'}}\n"
    ));
    let authority = base64_simd::STANDARD.encode_to_string(fs::read(cluster.authority()).unwrap());
    let manifests = FROM_CLUSTER.replace("FROM", &from).replace("URL", &cluster.url()).replace("AUTHORITY", &authority);
    let world = world(&manifests);
    sync(cluster, &to, &world, &[]).code(0);
    let made = data(&secret(cluster, &to, "database-credentials"));
    let text = |key: &str| String::from_utf8(made[key].clone()).unwrap();
    assert_eq!(made.len(), 3);
    assert_eq!((text("database_password").as_str(), text("url").as_str()), ("canary-value-p", "db://admin@x"));
    let found = data(&secret(cluster, &to, "found"));
    assert_eq!(found["database-credentials"], br#"{"password":"canary-value-p","username":"admin"}"#);
    assert_eq!((found["username"].as_slice(), found["password"].as_slice()), (&b"admin"[..], &b"canary-value-p"[..]));
    // who may not read there
    cluster.kubectl(&[
        "patch",
        "secret",
        "my-token",
        "-n",
        &to,
        "-p",
        r#"{"stringData": {"token": "canary-token-stranger"}}"#,
    ]);
    let before = secret(cluster, &to, "found");
    sync(cluster, &to, &world, &[]).code(229).says("forbidden");
    assert_eq!(secret(cluster, &to, "found"), before);
}

/// A kubeconfig in a Secret is all that its store goes by: it starts no program and reads no file.
#[test]
fn a_kubeconfig_in_a_secret_opens_a_store() {
    let Some(cluster) = cluster::shared("a_kubeconfig_in_a_secret_opens_a_store") else { return };
    let (from, to) = (cluster.namespace("kept"), cluster.namespace("made"));
    cluster.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: {from}}}\nstringData: {{password: canary-value-p}}\n"
    ));
    let authority = base64_simd::STANDARD.encode_to_string(fs::read(cluster.authority()).unwrap());
    let manifests = |user: serde_json::Value| {
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": cluster.url(), "certificate-authority-data": authority}}],
            "users": [{"name": "u", "user": user}],
        });
        let secret = serde_json::json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kubeconfig"},
            "stringData": {"config": config.to_string()},
        });
        format!(
            "{secret}\n---\napiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: k8s}}\nspec: {{provider: \
             {{kubernetes: {{remoteNamespace: {from}, authRef: {{name: kubeconfig, key: config}}}}}}}}\n---\napiVersion: \
             external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: es}}\nspec: {{secretStoreRef: {{name: k8s}}, \
             dataFrom: [{{extract: {{key: db}}}}]}}\n"
        )
    };
    let world = world(&manifests(serde_json::json!({"token": "canary-token-admin"})));
    sync(cluster, &to, &world, &[]).code(0);
    assert_eq!(data(&secret(cluster, &to, "es"))["password"], b"canary-value-p");
    let exec = serde_json::json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false",
                                           "interactiveMode": "Never"}});
    let file = serde_json::json!({"tokenFile": "/etc/hostname"});
    for (user, says) in [(exec, "may not start a program to log in"), (file, "open /etc/hostname: permission denied")] {
        let world = self::world(&manifests(user));
        sync(cluster, &to, &world, &[]).code(229).says(says);
    }
}
