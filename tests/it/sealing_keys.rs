//! Sealing keys: kept for named recipients, given back, and proved to open a repository.

use super::sandbox::Sandbox;

fn vector(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// A SealedSecret whose value another implementation sealed for `key` under `label`.
fn sealed(key: &str, label: &str, namespace: &str, name: &str, annotation: &str) -> String {
    let vectors: serde_json::Value = serde_json::from_str(&vector("vectors.json")).unwrap();
    let fits = |one: &&serde_json::Value| one["key"] == key && one["label"] == label && one["plain"] == "aHVudGVyMg==";
    let value = vectors.as_array().unwrap().iter().find(fits).unwrap()["sealed"].as_str().unwrap();
    format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n\
         {annotation}spec:\n  encryptedData:\n    password: {value}\n"
    )
}

/// Two keys in PEM files and two SealedSecrets, one for each.
fn world() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["rsa2048.key", "rsa2048.crt", "rsa4096.key", "rsa4096.crt", "other.key", "other.crt"] {
        sandbox.write(&format!("../{name}"), &vector(name));
    }
    sandbox.write("a.yaml", &sealed("rsa2048", "myns/myname", "myns", "myname", ""));
    sandbox.write("b.yaml", &sealed("rsa4096", "myns/myname", "myns", "myname", ""));
    sandbox
}

fn backup(sandbox: &Sandbox, files: &[&str]) -> super::sandbox::Ended {
    let files: Vec<String> = files.iter().map(|name| format!("../{name}")).collect();
    let mut arguments = vec!["keys", "backup"];
    arguments.extend(files.iter().map(String::as_str));
    arguments.extend(["--to", "tester", "-o", "backup.yaml"]);
    sandbox.run(&arguments)
}

#[test]
fn a_backup_is_made_added_to_given_back_and_drilled() {
    let sandbox = world();
    backup(&sandbox, &["rsa2048.key", "rsa2048.crt"]).code(0).says("backup.yaml: 1 sealing key, 1 of 1 new");
    let half = sandbox.run(&["keys", "drill", "--backup", "backup.yaml"]).code(233);
    assert_eq!(half.stdout, "a.yaml:1: myns/myname: opens\nb.yaml:1: myns/myname: password: no key opens it\n");
    backup(&sandbox, &["rsa4096.key", "rsa4096.crt", "rsa2048.key"]).code(0).says("2 sealing keys, 1 of 2 new");
    let text = sandbox.read("backup.yaml");
    assert!(text.contains("tls.key: ENC[") && !text.contains("PRIVATE KEY") && !text.contains("LS0tLS1CRUdJTiBSU0Eg"));
    let whole = sandbox.run(&["keys", "drill", "--backup", "backup.yaml"]).code(0);
    assert_eq!(whole.stdout, "a.yaml:1: myns/myname: opens\nb.yaml:1: myns/myname: opens\n");
    assert!(!whole.stdout.contains("hunter2"));
    let manifest = sandbox.run(&["keys", "restore", "backup.yaml"]).code(0).stdout;
    sandbox.write("../restored.yaml", &manifest);
    let again = sandbox.run(&["keys", "drill", "--backup", "../restored.yaml", "a.yaml", "b.yaml"]).code(0);
    assert!(again.stderr.contains("the backup opens all of 2 SealedSecrets with 2 values"), "{}", again.stderr);
}

/// A backup from before the last renewal opens everything that is there, and nothing that is sealed from now on.
#[test]
fn a_backup_without_the_key_of_today_is_no_backup() {
    let sandbox = world();
    backup(&sandbox, &["rsa2048.key", "rsa2048.crt", "rsa4096.key", "rsa4096.crt"]).code(0);
    let drill = ["keys", "drill", "--backup", "backup.yaml", "--cert"];
    sandbox.run(&[&drill[..], &["../rsa4096.crt"]].concat()).code(0);
    let stale = sandbox.run(&[&drill[..], &["../other.crt"]].concat()).code(233);
    assert!(stale.stderr.contains("../other.crt: its private key (SHA256:"), "{}", stale.stderr);
}

#[test]
fn a_drill_says_which_scope_was_meant_and_what_it_cannot_read() {
    let sandbox = world();
    backup(&sandbox, &["rsa2048.key", "rsa2048.crt", "rsa4096.key", "rsa4096.crt"]).code(0);
    sandbox.write("b.yaml", &sealed("rsa4096", "myns", "myns", "myname", ""));
    sandbox.write("c.yaml", "kind: SealedSecret\n{{- if .Values.name }}\n");
    let ended = sandbox.run(&["keys", "drill", "--backup", "backup.yaml"]).code(233);
    let want = "b.yaml:1: myns/myname: password: it was sealed namespace-wide, the SealedSecret says strict\n";
    assert!(ended.stdout.ends_with(want), "{}", ended.stdout);
    assert!(ended.stderr.contains("c.yaml:2: "), "{}", ended.stderr);
    let annotation = "  annotations:\n    sealedsecrets.bitnami.com/namespace-wide: \"true\"\n";
    sandbox.write("b.yaml", &sealed("rsa4096", "myns", "myns", "myname", annotation));
    sandbox.run(&["keys", "drill", "--backup", "backup.yaml", "a.yaml", "b.yaml"]).code(0);
    sandbox
        .run(&["keys", "drill", "--backup", "backup.yaml", "secret"])
        .code(100)
        .says("there is no SealedSecret in secret");
}

/// A file was looked at only when its name ended in yaml, yml or json: a SealedSecret in another one was never proved to open.
#[test]
fn a_drill_finds_sealed_secrets_by_what_files_hold() {
    let sandbox = world();
    backup(&sandbox, &["rsa2048.key", "rsa2048.crt", "rsa4096.key", "rsa4096.crt"]).code(0);
    sandbox.write("elsewhere.manifest", &sealed("rsa2048", "myns", "myns", "myname", ""));
    let ended = sandbox.run(&["keys", "drill", "--backup", "backup.yaml"]).code(233);
    assert!(
        ended.stdout.contains("elsewhere.manifest:1: myns/myname: password: it was sealed namespace-wide"),
        "{}",
        ended.stdout
    );
}

/// Upstream's controller panics over such a Secret.
#[test]
fn a_key_without_its_certificate_is_not_taken() {
    let sandbox = world();
    backup(&sandbox, &["rsa2048.key"]).code(230).says("has no certificate");
    backup(&sandbox, &["rsa2048.crt"]).code(2).says("there is no private key in what was given");
}

#[test]
fn only_a_recipient_opens_a_backup_and_adds_to_it() {
    let sandbox = world();
    backup(&sandbox, &["rsa2048.key", "rsa2048.crt"]).code(0);
    let before = sandbox.read("backup.yaml");
    let mut command =
        sandbox.command(&["keys", "backup", "../other.key", "../other.crt", "--to", "tester", "-o", "backup.yaml"]);
    let ended: super::sandbox::Ended = command.env_remove("SOPS_AGE_KEY_FILE").output().unwrap().into();
    ended.code(128).says("a backup is only ever added to");
    assert_eq!(sandbox.read("backup.yaml"), before);
}

#[test]
fn certificates_are_listed_from_everything_that_holds_them() {
    let sandbox = world();
    backup(&sandbox, &["rsa2048.key", "rsa2048.crt", "rsa4096.key", "rsa4096.crt"]).code(0);
    sandbox.write("expired.pem", &vector("expired.crt"));
    let listed = sandbox.run(&["keys", "sealing", "--json", "backup.yaml", "expired.pem"]).code(0).stdout;
    let rows: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let seen: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (row["bits"].clone(), row["expired"].clone())).collect();
    assert_eq!(seen, [(2048.into(), true.into()), (2048.into(), false.into()), (4096.into(), false.into())]);
    sandbox.run(&["keys", "sealing", "a.yaml"]).code(230).says("there is no certificate in it");
}
