//! Defects of upstream that are none here, one test each.

use std::os::unix::fs::PermissionsExt;

use super::table::SECRET;
use super::{World, ours, vector};

const UPDATE: &str = "\
kind: Secret
metadata: {name: wrong, namespace: wrong, labels: {new: label}, annotations: {sealedsecrets.bitnami.com/cluster-wide: \"true\"}}
stringData: {added: value}
";

fn certificate() -> [String; 2] {
    ["--cert".to_owned(), vector("rsa2048.crt")]
}

fn seal(world: &World, more: &[&str], input: &str) -> crate::sandbox::Ended {
    let certificate = certificate();
    let arguments: Vec<&str> = certificate.iter().map(String::as_str).chain(more.iter().copied()).collect();
    world.run(&ours(), &arguments, input.as_bytes())
}

fn open(world: &World, sealed: &str) -> serde_json::Value {
    let arguments = ["--recovery-unseal", "--recovery-private-key", &vector("rsa2048.key")];
    serde_json::from_str(&world.run(&ours(), &arguments, sealed.as_bytes()).code(0).stdout).unwrap()
}

#[test]
fn merging_keeps_scope_format_and_other_documents() {
    let world = World::new();
    let head = "# the first\nkind: ConfigMap # stays\ndata: {a:   b}\n";
    let tail = "---\nkind: ConfigMap\ndata: {c:   d} # stays\n";
    let sealed = seal(&world, &["-o", "yaml", "--scope", "namespace-wide"], SECRET).code(0).stdout;
    world.write("file.yaml", format!("{head}{sealed}{tail}"));
    seal(&world, &["--merge-into", "file.yaml"], UPDATE).code(0);
    let merged = world.read("file.yaml");
    assert!(merged.starts_with(head) && merged.ends_with(tail), "{merged}");
    let object = merged.strip_prefix(head).unwrap().strip_suffix(tail).unwrap();
    assert!(!object.contains("cluster-wide"), "{object}");
    let secret = open(&world, object);
    assert_eq!(secret["data"]["added"], "dmFsdWU=");
    assert_eq!(secret["data"]["foo"], "YmFy");
    assert_eq!(secret["metadata"]["labels"]["new"], "label");
    assert_eq!(secret["metadata"]["name"], "mysecret");
}

#[test]
fn merging_needs_nothing_to_be_there() {
    let world = World::new();
    world.write("bare.json", r#"{"kind":"SealedSecret","apiVersion":"bitnami.com/v1alpha1","metadata":{"name":"a","namespace":"b"},"spec":{}}"#);
    seal(&world, &["--merge-into", "bare.json"], UPDATE).code(0);
    let secret = open(&world, &world.read("bare.json"));
    assert_eq!((&secret["data"]["added"], &secret["metadata"]["name"]), (&"dmFsdWU=".into(), &"a".into()));
}

#[test]
fn merging_does_not_make_values_unreadable() {
    let world = World::new();
    let sealed = seal(&world, &[], SECRET).code(0).stdout;
    world.write("file.json", &sealed);
    let ended = seal(&world, &["--merge-into", "file.json", "--scope", "cluster-wide"], UPDATE).code(1);
    assert!(ended.stderr.contains("are sealed strict, and would not open any more"), "{}", ended.stderr);
    // and a run that fails leaves the file alone
    seal(&world, &["--merge-into", "file.json"], "kind: Secret\ndata: {k: '!'}\n").code(1);
    assert_eq!(world.read("file.json"), sealed);
}

#[test]
fn an_output_file_keeps_mode_and_link() {
    let world = World::new();
    world.write("real.yaml", "old");
    std::fs::set_permissions(world.path("real.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.yaml", world.path("link.yaml")).unwrap();
    seal(&world, &["-w", "link.yaml"], SECRET).code(0);
    assert!(world.path("link.yaml").is_symlink());
    assert_eq!(std::fs::metadata(world.path("real.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(world.read("real.yaml").starts_with("---\napiVersion: bitnami.com/v1alpha1\n"));
    let before = world.read("real.yaml");
    let ended = seal(&world, &["-w", "link.yaml"], "kind: Secret\nmetadata: {name: a}\n").code(1);
    assert!(ended.stdout.is_empty());
    assert_eq!(world.read("real.yaml"), before);
    let left = std::fs::read_dir(world.path("")).unwrap().count();
    assert_eq!(left, 3, "home, the file and the link");
}

#[test]
fn an_opened_secret_is_for_its_owner_only() {
    let world = World::new();
    world.write("sealed", seal(&world, &[], SECRET).code(0).stdout);
    let arguments =
        ["--recovery-unseal", "--recovery-private-key", &vector("rsa2048.key"), "-f", "sealed", "-w", "out.json"];
    world.run(&ours(), &arguments, b"").code(0);
    assert_eq!(std::fs::metadata(world.path("out.json")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn earlier_secrets_are_printed_when_a_later_one_fails() {
    let world = World::new();
    let ended =
        seal(&world, &["-o", "yaml"], &format!("{SECRET}---\nkind: Secret\nmetadata: {{name: b, namespace: c}}\n"))
            .code(1);
    assert_eq!(ended.stdout.matches("kind: SealedSecret").count(), 1);
    assert!(ended.stderr.starts_with("error: secret.data is empty"), "{}", ended.stderr);
}

#[test]
fn managed_fields_and_the_applied_configuration_stay_behind() {
    let world = World::new();
    let secret = "kind: Secret\nmetadata: {name: a, namespace: b, managedFields: [{manager: m}], annotations: \
                  {kubectl.kubernetes.io/last-applied-configuration: canary}}\nstringData: {k: v}\n";
    let sealed = seal(&world, &[], secret).code(0).stdout;
    assert!(!sealed.contains("managedFields") && !sealed.contains("canary"), "{sealed}");
}

#[test]
fn presets_come_from_the_environment() {
    let world = World::new();
    let variables = [("SEALED_SECRETS_CERT", vector("rsa2048.crt")), ("SEALED_SECRETS_FORMAT", "yaml".to_owned())];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let sealed = world.run_with(&ours(), &[], SECRET.as_bytes(), &variables).code(0).stdout;
    assert!(sealed.starts_with("---\n"), "{sealed}");
    let sealed = world.run_with(&ours(), &["-o", "json"], SECRET.as_bytes(), &variables).code(0).stdout;
    assert!(sealed.starts_with("{\n"), "{sealed}");
}

#[test]
fn many_secrets_come_out_in_order() {
    let world = World::new();
    let many: String = (0..40).map(|at| format!("---\n{}", SECRET.replace("mysecret", &format!("s{at}")))).collect();
    let sealed = seal(&world, &["-o", "yaml"], &many).code(0).stdout;
    let names: Vec<&str> = sealed.lines().filter(|line| line.starts_with("  name: ")).collect();
    assert_eq!(names, (0..40).map(|at| format!("  name: s{at}")).collect::<Vec<_>>());
}
