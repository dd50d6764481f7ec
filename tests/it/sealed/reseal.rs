//! `reseal`: what is under an older key, and nothing else.

use super::{diff, repository, sealed, values, vector};
use sealant::sealed::Scope;

const KEYS: [&str; 6] = ["--cert", "new.pem", "--key", "old.key", "--key", "new.key"];

#[test]
fn only_items_under_an_older_key_change() {
    let sandbox = repository();
    let (before, was) = (sandbox.read("db.yaml"), values(&sandbox, "db.yaml"));
    let reseal = |more: &[&str]| sandbox.run(&[&["reseal"], &KEYS[..], more].concat());
    let ended = reseal(&["--dry-run", "--json"]).code(0).says("db.yaml:6: shop/db: password, token");
    assert!(!ended.stdout.contains("canary") && ended.stdout.contains("\"action\": \"reseal\""), "{}", ended.stdout);
    reseal(&[]).code(1).says("2 items in 1 file would change");
    assert_eq!(sandbox.read("db.yaml"), before);

    reseal(&["--yes"])
        .code(0)
        .says("2 items are under older keys, 1 item under the newest")
        .says("resealed 2 items in 1 file");
    let after = sandbox.read("db.yaml");
    let (gone, come) = diff(&before, &after);
    assert_eq!((gone.len(), come.len()), (2, 2));
    assert_eq!(values(&sandbox, "db.yaml"), was);

    reseal(&["--yes"]).code(0).says("no item is under an older key");
    assert_eq!(sandbox.read("db.yaml"), after);
    // the old key is not needed any more
    sandbox.run(&["reseal", "--cert", "new.pem", "--key", "new.key", "--dry-run"]).code(0);
}

#[test]
fn nothing_is_written_when_an_item_does_not_open() {
    let sandbox = repository();
    sandbox.write("z.yaml", &sandbox.read("db.yaml").replace("namespace: shop", "namespace: other"));
    let (db, z) = (sandbox.read("db.yaml"), sandbox.read("z.yaml"));
    let all = [&["reseal", "--yes"], &KEYS[..]].concat();
    sandbox
        .run(&all)
        .code(233)
        .says("3 of 6 items cannot be opened; nothing was written")
        .says("z.yaml:13: other/db: password: no key");
    assert_eq!((sandbox.read("db.yaml"), sandbox.read("z.yaml")), (db.clone(), z.clone()));
    sandbox.run(&[&all[..], &["--leave-unopened"]].concat()).code(0).says("3 items left because no key opens them");
    assert_eq!(sandbox.read("z.yaml"), z);
    assert_ne!(sandbox.read("db.yaml"), db);
}

#[test]
fn the_scope_that_would_open_is_named() {
    let sandbox = repository();
    let value = sealed("other.crt", Scope::NamespaceWide, "shop", "db", b"canary-five");
    let text = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: db, namespace: shop}}\nspec:\n  \
         encryptedData:\n    a: {value}\n"
    );
    sandbox.write("db.yaml", &text);
    let ended = sandbox.run(&[&["reseal", "--yes"], &KEYS[..]].concat());
    ended.code(233).says("it was sealed namespace-wide, the SealedSecret says strict").says("keys tried: SHA256:");
    // and the newest private key that is missing
    let ended = sandbox.run(&["reseal", "--yes", "--cert", "new.pem", "--key", "old.key"]).code(233);
    assert!(!ended.stderr.contains("canary"));
}

#[test]
fn the_certificate_comes_from_the_cluster_of_the_file() {
    let sandbox = repository();
    std::fs::create_dir_all(sandbox.path("clusters/eu")).unwrap();
    std::fs::rename(sandbox.path("db.yaml"), sandbox.path("clusters/eu/db.yaml")).unwrap();
    // the newest of several counts; both begin on the same day, so it is the first
    sandbox.write("eu.pem", &vector("rsa2048.crt"));
    sandbox.write("sealant.yaml", "clusters:\n  eu:\n    certificate: eu.pem\n    paths: [\"clusters/eu/**\"]\n");
    let all = ["reseal", "--yes", "--key", "old.key", "--key", "new.key"];
    sandbox.run(&all).code(0).says("resealed 2 items");
    sandbox.write("stray.yaml", &sandbox.read("clusters/eu/db.yaml"));
    sandbox.run(&all).code(230).says("stray.yaml: no certificate to seal with").says("no cluster of sealant.yaml");
    sandbox.run(&["reseal", "--yes"]).code(233).says("no private key was given");
}

/// What Git ignores, and templates, are nobody's business.
#[test]
fn files_are_found_by_content() {
    let sandbox = repository();
    std::fs::create_dir_all(sandbox.path(".git")).unwrap();
    std::fs::create_dir_all(sandbox.path("charts/a")).unwrap();
    sandbox.write(".gitignore", "ignored/\n");
    std::fs::create_dir_all(sandbox.path("ignored")).unwrap();
    sandbox.write("ignored/db.yaml", &sandbox.read("db.yaml"));
    sandbox.write("charts/a/t.yaml", "kind: SealedSecret\n{{ if .Values.x }}\na: b\n  c\n{{ end }}\n");
    let ignored = sandbox.read("ignored/db.yaml");
    sandbox
        .run(&[&["reseal", "--yes"], &KEYS[..]].concat())
        .code(0)
        .says("resealed 2 items in 1 file")
        .says("1 template");
    assert_eq!(sandbox.read("ignored/db.yaml"), ignored);
}

/// A manifest that cannot be read may hold anything; it was left out with a warning, and the command succeeded.
#[test]
fn nothing_is_written_when_a_manifest_cannot_be_read() {
    let sandbox = repository();
    let before = sandbox.read("db.yaml");
    let all = [&["reseal", "--yes"], &KEYS[..]].concat();
    sandbox.write("broken.yaml", "kind: SealedSecret\nspec: [\n");
    sandbox.run(&all).code(2).says("1 file cannot be read; nothing was written").says("broken.yaml:3: ");
    assert_eq!(sandbox.read("db.yaml"), before);
    sandbox.write("broken.yaml", "kind: SealedSecret\nname: {{ .Values.name }\n");
    sandbox.run(&all).code(0).says("left out 1 template");
}

/// A page about SealedSecrets is none.
#[test]
fn pages_that_show_a_manifest_are_no_manifests() {
    let sandbox = repository();
    sandbox.write("README.md", "# How\n\n\tkind: SealedSecret\n\n* a: [\n");
    sandbox.run(&[&["reseal", "--yes"], &KEYS[..]].concat()).code(0);
    sandbox.run(&["seal", "--check", "--cert", "new.pem", "."]).code(0);
}
