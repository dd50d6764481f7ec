//! `seal` and `unseal`: what we seal the real kubeseal opens, and the other way round; bridges from and to SOPS; faults.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  labels:
    app: shop
type: Opaque
data:
  password: Y2FuYXJ5LW9uZQ==
stringData:
  user: admin
";

fn vector(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed").join(name).display().to_string()
}

/// The real one, where it is installed.
fn kubeseal() -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    Some(Path::new(&home).join(".cache/sealant-peers/bin/kubeseal")).filter(|path| path.exists())
}

fn real(sandbox: &Sandbox, arguments: &[&str], input: &str) -> Option<String> {
    use std::io::Write;
    let mut child = Command::new(kubeseal()?)
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env("KUBECONFIG", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn kubeseal_opens_what_we_seal_and_we_open_what_it_seals() {
    let sandbox = Sandbox::new();
    let (cert, key) = (vector("rsa4096.crt"), vector("rsa4096.key"));
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        let sealed = sandbox.run_with(SECRET, &["seal", "--cert", &cert, "--scope", scope]).code(0).stdout;
        assert!(!sealed.contains("canary"));
        let get = |key_name: &str, file: &str| {
            sandbox.run(&["unseal", "--key", &key, "--get", key_name, file]).code(0).stdout
        };
        sandbox.write("ours.yaml", &sealed);
        assert_eq!((get("password", "ours.yaml"), get("user", "ours.yaml")), ("canary-one".into(), "admin".into()));
        let recovery = ["--recovery-unseal", "--recovery-private-key", &key, "-o", "yaml"];
        let Some(opened) = real(&sandbox, &recovery, &sealed) else { continue };
        assert!(opened.contains("password: Y2FuYXJ5LW9uZQ==") && opened.contains("user: YWRtaW4="), "{opened}");
        let theirs = real(&sandbox, &["--cert", &cert, "--scope", scope, "-o", "yaml"], SECRET).unwrap();
        sandbox.write("theirs.yaml", &theirs);
        assert_eq!((get("password", "theirs.yaml"), get("user", "theirs.yaml")), ("canary-one".into(), "admin".into()));
        // everything but the values is the same; releases before 0.30 print a creationTimestamp that is null
        let kept = |line: &&str| !line.contains(": Ag") && line.trim() != "creationTimestamp: null";
        let without = |text: &str| text.lines().filter(kept).collect::<Vec<_>>().join("\n");
        assert_eq!(without(&sealed), without(&theirs));
    }
}

#[test]
fn a_secret_goes_from_sops_to_the_cluster_and_back_without_plain_text_on_disk() {
    let sandbox = Sandbox::new();
    let rules = sandbox.read(".sops.yaml").replace("^(password|token|.*_(key|secret)|pin)$", "^(data|stringData)$");
    sandbox.write(".sops.yaml", &rules);
    sandbox.write("secret/db.yaml", SECRET);
    sandbox.run(&["encrypt", "-i", "secret/db.yaml"]).code(0);
    let (cert, key) = (vector("rsa2048.crt"), vector("rsa2048.key"));
    sandbox.run(&["seal", "secret/db.yaml", "--cert", &cert, "-o", "sealed/db.yaml"]).code(0);
    let sealed = sandbox.read("sealed/db.yaml");
    assert!(sealed.contains("kind: SealedSecret") && !sealed.contains("sops") && !sealed.contains("canary"));
    let back = ["unseal", "--key", &key, "--encrypt", "-o", "secret/back.yaml", "sealed/db.yaml"];
    sandbox.run(&back).code(0);
    let encrypted = sandbox.read("secret/back.yaml");
    assert!(encrypted.contains("password: ENC[AES256_GCM") && !encrypted.contains("Y2FuYXJ5"), "{encrypted}");
    assert!(sandbox.plain("secret/back.yaml").contains("password: Y2FuYXJ5LW9uZQ=="));
    // once more changes nothing
    sandbox.run(&back).code(0).says("nothing has changed");
    assert_eq!(sandbox.read("secret/back.yaml"), encrypted);
    // a key file that is encrypted opens, too
    sandbox.write(
        "secret/key.yaml",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: k\nstringData:\n  tls.key: |\n    {}\n",
            std::fs::read_to_string(&key).unwrap().trim().replace('\n', "\n    ")
        ),
    );
    sandbox.run(&["encrypt", "-i", "secret/key.yaml"]).code(0);
    let opened = sandbox.run(&["unseal", "--key", "secret/key.yaml", "--get", "password", "sealed/db.yaml"]).code(0);
    assert_eq!(opened.stdout, "canary-one");
}

#[test]
fn unchanged_values_keep_their_ciphertext_when_the_key_is_at_hand() {
    let sandbox = Sandbox::new();
    let (cert, key) = (vector("rsa2048.crt"), vector("rsa2048.key"));
    let seal = |text: &str, more: &[&str]| {
        let all = [&["seal", "--cert", &cert, "-o", "db.yaml"], more].concat();
        sandbox.run_with(text, &all).code(0);
        sandbox.read("db.yaml")
    };
    let first = seal(SECRET, &[]);
    assert_eq!(seal(SECRET, &["--key", &key]), first);
    let changed = seal(&SECRET.replace("user: admin", "user: root"), &["--key", &key]);
    let lines = crate::sandbox::differing(&first, &changed);
    assert!(lines.len() == 1 && lines[0].starts_with("user: "), "{lines:?}");
    assert_ne!(seal(SECRET, &[]), first);
}

#[test]
fn several_clusters_get_one_file_each_or_one_stream() {
    let sandbox = Sandbox::new();
    std::fs::copy(vector("rsa2048.crt"), sandbox.path("eu.pem")).unwrap();
    std::fs::copy(vector("other.crt"), sandbox.path("us.pem")).unwrap();
    sandbox.write(
        "sealant.yaml",
        "clusters:\n  eu: {certificate: eu.pem, paths: ['clusters/eu/**']}\n  us: {certificate: us.pem, scope: namespace-wide, paths: ['clusters/us/**']}\n",
    );
    sandbox.run_with(SECRET, &["seal", "--all-clusters", "-o", "clusters/{cluster}/db.yaml"]).code(0);
    let open = |key: &str, file: &str| sandbox.run(&["unseal", "--key", &vector(key), "--get", "password", file]);
    assert_eq!(open("rsa2048.key", "clusters/eu/db.yaml").code(0).stdout, "canary-one");
    assert_eq!(open("other.key", "clusters/us/db.yaml").code(0).stdout, "canary-one");
    open("other.key", "clusters/eu/db.yaml").code(233).says("no key could decrypt secret (password, user)");
    assert!(sandbox.read("clusters/us/db.yaml").contains("sealedsecrets.bitnami.com/namespace-wide: \"true\""));
    let stream = sandbox.run_with(SECRET, &["seal", "--cluster", "eu,us"]).code(0).stdout;
    assert!(stream.contains("sealant.dev/cluster: eu") && stream.contains("sealant.dev/cluster: us"));
    // the path alone says the cluster
    sandbox.run_with(SECRET, &["seal", "-o", "clusters/us/other.yaml"]).code(0).says("for us");
    sandbox.run_with(SECRET, &["seal", "--cluster", "eh"]).code(212).says("eu");
}

#[test]
fn no_file_is_lost() {
    let sandbox = Sandbox::new();
    let cert = vector("rsa2048.crt");
    sandbox.write("secret.yaml", SECRET);
    let refused = |file: &str| {
        let before = sandbox.read(file);
        sandbox.run(&["seal", "--cert", &cert, "secret.yaml", "-o", file]).code(224);
        assert_eq!(sandbox.read(file), before);
    };
    refused("secret.yaml");
    sandbox.write("notes.yaml", "just: notes\n");
    refused("notes.yaml");
    sandbox.write("text.yaml", "a: [\n");
    refused("text.yaml");
    let other = SECRET.replace("name: db", "name: other");
    sandbox.run_with(&other, &["seal", "--cert", &cert, "-o", "other.yaml"]).code(0);
    refused("other.yaml");
    // nor does plain text take the place of what is sealed
    sandbox.run(&["seal", "--cert", &cert, "secret.yaml", "-o", "db.yaml"]).code(0);
    sandbox.run(&["unseal", "--key", &vector("rsa2048.key"), "db.yaml", "-o", "db.yaml"]).code(224);
}

#[test]
fn a_thousand_secrets_in_one_call() {
    let sandbox = Sandbox::new();
    let all: Vec<String> = (0..1000).map(|at| SECRET.replace("name: db", &format!("name: db-{at}"))).collect();
    sandbox.write("all.yaml", &all.join("---\n"));
    let sealed = sandbox.run(&["seal", "--cert", &vector("rsa2048.crt"), "all.yaml"]).code(0).stdout;
    assert_eq!(sealed.matches("kind: SealedSecret").count(), 1000);
    let at = |name: &str| sealed.find(&format!("name: {name}\n")).unwrap();
    assert!(at("db-0") < at("db-1") && at("db-998") < at("db-999"));
}

#[test]
fn what_is_written_in_clear_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let sealed = sandbox.run_with(SECRET, &["seal", "--cert", &vector("rsa2048.crt")]).code(0).stdout;
    sandbox.write("db.yaml", &sealed);
    sandbox.run(&["unseal", "--key", &vector("rsa2048.key"), "db.yaml", "-o", "plain.yaml"]).code(0);
    assert_eq!(std::fs::metadata(sandbox.path("plain.yaml")).unwrap().permissions().mode() & 0o777, 0o600);
    let shown = sandbox.run(&["unseal", "--key", &vector("rsa2048.key"), "--string-data", "db.yaml"]).code(0).stdout;
    assert!(shown.contains("  password: canary-one\n") && !shown.contains("ownerReferences"), "{shown}");
}
