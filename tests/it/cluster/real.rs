//! What the test cluster is good for, shown with the real programs alone: the real kubeseal and its controller.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::{Cluster, User, data, run, shared};

/// A Secret with two values.
fn secret(namespace: &str, name: &str) -> String {
    let metadata = json!({"name": name, "namespace": namespace});
    let data = json!({"a": "b25l", "b": "AP8="});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}).to_string()
}

fn values() -> BTreeMap<String, Vec<u8>> {
    [("a".to_owned(), b"one".to_vec()), ("b".to_owned(), vec![0, 0xff])].into()
}

/// Sealed by kubeseal as one who may do that and no more.
#[track_caller]
fn seal(cluster: &Cluster, scope: &str, secret: &str) -> Value {
    let ran = cluster.kubeseal(User::Sealer, &["--scope", scope], secret);
    assert!(ran.ok(), "{}", ran.last_words());
    serde_json::from_str(&ran.text()).unwrap()
}

/// The same SealedSecret elsewhere.
fn moved(sealed: &Value, namespace: &str, name: &str) -> Value {
    let mut sealed = sealed.clone();
    for metadata in ["/metadata", "/spec/template/metadata"] {
        let metadata = sealed.pointer_mut(metadata).unwrap();
        metadata["name"] = name.into();
        metadata["namespace"] = namespace.into();
    }
    sealed
}

#[test]
fn kubeseal_seals_and_the_controller_unseals() {
    let Some(cluster) = shared("kubeseal_seals_and_the_controller_unseals") else { return };
    let (here, there) = (cluster.namespace("real"), cluster.namespace("real"));
    // whether it opens under another name, and in another namespace
    for (scope, renamed, elsewhere) in
        [("strict", false, false), ("namespace-wide", true, false), ("cluster-wide", true, true)]
    {
        let sealed = seal(cluster, scope, &secret(&here, scope));
        cluster.apply(&sealed.to_string());
        assert_eq!(cluster.wait_secret(&here, scope), values());
        assert_eq!(cluster.wait_synced(&here, scope), (true, String::new()));
        let other = format!("{scope}-other");
        for (namespace, opens) in [(&here, renamed), (&there, elsewhere)] {
            cluster.apply(&moved(&sealed, namespace, &other).to_string());
            let (synced, message) = cluster.wait_synced(namespace, &other);
            assert_eq!(synced, opens, "{scope} {namespace}: {message}");
            assert_eq!(message.contains("no key could decrypt secret"), !opens, "{message}");
            let made = cluster.get(namespace, &format!("secret/{other}"));
            assert_eq!(made.map(|secret| data(&secret)), opens.then(values));
        }
    }
}

#[test]
fn the_certificate_is_the_same_on_every_way() {
    let Some(cluster) = shared("the_certificate_is_the_same_on_every_way") else { return };
    let direct = cluster.certificate();
    assert!(direct.starts_with("-----BEGIN CERTIFICATE-----\n"));
    for user in [User::Admin, User::Sealer, User::Certificate] {
        let fetched = cluster.kubeseal(user, &["--fetch-cert"], "");
        assert_eq!(fetched.text(), direct, "{user:?}: {}", fetched.last_words());
    }
    let by_url = cluster.kubeseal(User::Stranger, &["--fetch-cert", "--cert", &cluster.certificate_url()], "");
    assert_eq!(by_url.text(), direct, "{}", by_url.last_words());
    let proxied = "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:/proxy/v1/cert.pem";
    assert_eq!(cluster.kubectl(&["get", "--raw", proxied]), direct);

    let refused = cluster.kubeseal(User::Stranger, &["--fetch-cert"], "");
    assert!(!refused.ok() && refused.stderr.contains("\"stranger\" cannot get resource"), "{}", refused.last_words());
    let token = User::Sealer.token().unwrap();
    let authority = cluster.authority().display().to_string();
    let by_flags =
        ["--fetch-cert", "--server", &cluster.url(), "--certificate-authority", &authority, "--token", token];
    assert_eq!(cluster.kubeseal(User::Stranger, &by_flags, "").text(), direct);
}

#[test]
fn the_controller_validates() {
    let Some(cluster) = shared("the_controller_validates") else { return };
    let namespace = cluster.namespace("real");
    let sealed = seal(cluster, "strict", &secret(&namespace, "s"));
    let validate = |sealed: &Value| cluster.kubeseal(User::Sealer, &["--validate"], &sealed.to_string());
    assert!(validate(&sealed).ok());
    let ran = validate(&moved(&sealed, &namespace, "t"));
    assert!(!ran.ok() && ran.stderr.contains("unable to decrypt sealed secret: t"), "{}", ran.last_words());
}

#[test]
fn a_namespace_comes_from_the_context() {
    let Some(cluster) = shared("a_namespace_comes_from_the_context") else { return };
    let mut bare: Value = serde_json::from_str(&secret("", "s")).unwrap();
    bare["metadata"].as_object_mut().unwrap().remove("namespace");
    for (namespace, wanted) in [(Some("of-context"), "of-context"), (None, "default")] {
        let ran = run(cluster.command(&cluster.programs.kubeseal, User::Sealer, namespace), &bare.to_string());
        let sealed: Value = serde_json::from_str(&ran.text()).unwrap();
        assert_eq!(sealed["metadata"]["namespace"], wanted, "{}", ran.last_words());
    }
    let config = cluster.kubeconfig(User::Sealer, Some("of-context"));
    assert!(fs::read_to_string(config).unwrap().contains("current-context: sealer\n"));
}

/// Keys, backup and restart; with a cluster of its own, as whoever renews keys must have.
#[test]
fn old_keys_open_and_re_encrypt_moves_to_the_newest() {
    let Some(cluster) = Cluster::start("old_keys_open_and_re_encrypt_moves_to_the_newest") else { return };
    let namespace = cluster.namespace("real");
    let sealed = seal(&cluster, "strict", &secret(&namespace, "s"));
    let old = cluster.certificate();
    assert_eq!(cluster.private_keys().len(), 1);
    let folder = tempfile::tempdir().unwrap();
    let only_old = folder.path().join("old.yaml").display().to_string();
    fs::write(&only_old, cluster.key_backup()).unwrap();

    cluster.renew_key();
    let new = cluster.certificate();
    assert_ne!(new, old);
    let keys = cluster.private_keys();
    assert!(keys.len() == 2 && keys.iter().all(|key| key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n")));
    let ran = cluster.kubeseal(User::Sealer, &["--re-encrypt"], &sealed.to_string());
    assert!(ran.ok(), "{}", ran.last_words());
    let again: Value = serde_json::from_str(&ran.text()).unwrap();
    assert_ne!(again["spec"]["encryptedData"]["a"], sealed["spec"]["encryptedData"]["a"]);

    let all = folder.path().join("all.yaml").display().to_string();
    fs::write(&all, cluster.key_backup()).unwrap();
    let recover = |keys: &str, sealed: &Value| {
        let arguments = ["--recovery-unseal", "--recovery-private-key", keys];
        let ran = cluster.kubeseal(User::Stranger, &arguments, &sealed.to_string());
        ran.ok().then(|| data(&serde_json::from_str(&ran.text()).unwrap()))
    };
    assert_eq!(recover(&all, &sealed), Some(values()));
    assert_eq!(recover(&all, &again), Some(values()));
    assert_eq!(recover(&only_old, &sealed), Some(values()));
    assert_eq!(recover(&only_old, &again), None);

    cluster.stop_controller();
    let ran = cluster.kubeseal(User::Sealer, &["--fetch-cert"], "");
    assert!(!ran.ok() && ran.stderr.contains("cannot fetch certificate"), "{}", ran.last_words());
    cluster.start_controller();
    cluster.restart_controller();
    assert!(cluster.controller_log().contains("registered private key"), "{}", cluster.controller_log());
    assert_eq!(cluster.certificate(), new);
    cluster.apply(&sealed.to_string());
    assert_eq!(cluster.wait_secret(&namespace, "s"), values());
}
