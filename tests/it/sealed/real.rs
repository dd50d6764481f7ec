//! What is changed and resealed in place opens in the real controller.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cluster::{Cluster, User, run};

/// The values that the controller makes of a file.
fn opened(cluster: &Cluster, namespace: &str, file: &Path) -> BTreeMap<String, Vec<u8>> {
    cluster.apply(&fs::read_to_string(file).unwrap());
    cluster.wait_secret(namespace, "db")
}

/// One value set in a file of the real kubeseal, then everything under a newer key, by the controller and offline.
#[test]
fn the_real_controller_opens_what_was_changed_in_place() {
    let Some(cluster) = Cluster::start("the_real_controller_opens_what_was_changed_in_place") else { return };
    let program = Path::new(env!("CARGO_BIN_EXE_sealant")).to_owned();
    let folder = tempfile::tempdir().unwrap();
    let sealant = |arguments: &[&str], input: &str| {
        let mut command = cluster.command(&program, User::Admin, None);
        command.args(arguments).current_dir(folder.path());
        let ran = run(command, input);
        assert!(ran.ok(), "{arguments:?}: {}", ran.last_words());
    };
    let file = folder.path().join("db.yaml");
    fs::write(folder.path().join("first.pem"), cluster.certificate()).unwrap();
    let mut sealed = Vec::new();
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        let namespace = cluster.namespace("files");
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: {namespace}}}\nstringData: {{kept: one, other: two}}\n"
        );
        let ran = cluster.kubeseal(User::Sealer, &["--scope", scope, "--format", "yaml"], &secret);
        fs::write(&file, ran.text()).unwrap();
        sealant(&["seal", "--cert", "first.pem", "--set", "other", "db.yaml"], "three");
        let values: BTreeMap<String, Vec<u8>> =
            [("kept".to_owned(), b"one".to_vec()), ("other".to_owned(), b"three".to_vec())].into();
        assert_eq!(opened(&cluster, &namespace, &file), values, "{scope}");
        sealed.push((namespace, scope, fs::read_to_string(&file).unwrap(), values));
    }
    cluster.renew_key();
    fs::write(folder.path().join("new.pem"), cluster.certificate()).unwrap();
    fs::write(folder.path().join("keys.yaml"), cluster.key_backup()).unwrap();
    for (namespace, scope, text, values) in sealed {
        for how in [&["--controller"][..], &["--cert", "new.pem", "--key", "keys.yaml"][..]] {
            fs::write(&file, &text).unwrap();
            sealant(&[&["reseal", "--yes", "db.yaml"], how].concat(), "");
            let new = fs::read_to_string(&file).unwrap();
            let same = new.lines().zip(text.lines()).filter(|(new, old)| new == old).count();
            assert_eq!(same, text.lines().count() - 2, "{scope} {how:?}\n{new}");
            // the Secret is there already: the controller says whether it opens this one too
            let ran = cluster.kubeseal(User::Sealer, &["--validate"], &new);
            assert!(ran.ok(), "{scope} {how:?}: {}", ran.last_words());
            let other = new.replace(&namespace, "elsewhere");
            assert_eq!(cluster.kubeseal(User::Sealer, &["--validate"], &other).ok(), scope == "cluster-wide");
            assert_eq!(opened(&cluster, &namespace, &file), values, "{scope} {how:?}");
        }
    }
}

/// A Secret sealed by ours and opened by the controller; opened again with the keys that the cluster has, and with a backup of them.
#[test]
fn the_real_controller_opens_what_is_sealed_and_its_keys_open_it_here() {
    let Some(cluster) = crate::cluster::shared("the_real_controller_opens_what_is_sealed_and_its_keys_open_it_here")
    else {
        return;
    };
    let program = Path::new(env!("CARGO_BIN_EXE_sealant")).to_owned();
    let folder = tempfile::tempdir().unwrap();
    let sealant = |arguments: &[&str], input: &str| {
        let mut command = cluster.command(&program, User::Admin, None);
        command.args(arguments).current_dir(folder.path());
        let ran = run(command, input);
        assert!(ran.ok(), "{arguments:?}: {}", ran.last_words());
        ran.text()
    };
    fs::write(folder.path().join("cluster.pem"), cluster.certificate()).unwrap();
    fs::write(folder.path().join("keys.yaml"), cluster.key_backup()).unwrap();
    let values: BTreeMap<String, Vec<u8>> = [("password".to_owned(), b"hunter2".to_vec())].into();
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        let namespace = cluster.namespace("native");
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: {namespace}}}\nstringData: {{password: hunter2}}\n"
        );
        sealant(&["seal", "--cert", "cluster.pem", "--scope", scope, "-o", "{name}-{namespace}.yaml"], &secret);
        let file = format!("db-{namespace}.yaml");
        assert_eq!(opened(cluster, &namespace, &folder.path().join(&file)), values, "{scope}");
        for keys in [&["--from-cluster"][..], &["--key", "keys.yaml"]] {
            let value = sealant(&[&["unseal", &file, "--get", "password"], keys].concat(), "");
            assert_eq!(value, "hunter2", "{scope} {keys:?}");
        }
        sealant(&["keys", "drill", "--backup", "keys.yaml", "--cert", "cluster.pem", &file], "");
    }
}
