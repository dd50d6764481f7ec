//! `seal --set`, `--unset` and `--edit`.

use super::{diff, repository, values};
use crate::sandbox::{Ended, Sandbox};

fn edit(sandbox: &Sandbox, script: &str, arguments: &[&str]) -> Ended {
    let editor = sandbox.editor(script);
    let all = [&["seal", "--edit", "--cert", "new.pem"], arguments].concat();
    sandbox.command(&all).env("SOPS_EDITOR", format!("'{}'", editor.display())).output().unwrap().into()
}

#[test]
fn one_key_is_one_line() {
    let sandbox = repository();
    let before = sandbox.read("db.yaml");
    let ended = sandbox.run_with("canary-new\n", &["seal", "--set", "password", "--cert", "new.pem", "db.yaml"]);
    ended.code(0).says("db.yaml: set password of shop/db (strict)");
    let after = sandbox.read("db.yaml");
    let (gone, come) = diff(&before, &after);
    assert_eq!((gone.len(), come.len()), (1, 1));
    assert!(come[0].starts_with("    password: AQ") && come[0].ends_with("  # rotated in May"), "{}", come[0]);
    assert_eq!(values(&sandbox, "db.yaml")[0], ("password".into(), "canary-new".into()));

    // a new one is one line more
    sandbox.run_with("x", &["seal", "--set", "pin", "--cert", "new.pem", "db.yaml"]).code(0);
    let (gone, come) = diff(&after, &sandbox.read("db.yaml"));
    assert_eq!((gone.len(), come.len()), (0, 1));
    sandbox.run(&["seal", "--unset", "pin", "db.yaml"]).code(0).says("removed pin");
    assert_eq!(sandbox.read("db.yaml"), after);
    sandbox.run(&["seal", "--unset", "pin", "db.yaml"]).code(220).says("no item pin");
}

#[test]
fn what_would_not_open_is_refused_before_writing() {
    let sandbox = repository();
    let before = sandbox.read("db.yaml");
    let set = |more: &[&str]| {
        let all = [&["seal", "--set", "password", "--cert", "new.pem", "db.yaml"], more].concat();
        let ended = sandbox.run_with("canary-new", &all);
        assert!(!ended.stderr.contains("canary"));
        assert_eq!(sandbox.read("db.yaml"), before);
        ended
    };
    set(&["--scope", "cluster-wide"]).code(8).says("shop/db is strict, not cluster-wide");
    set(&["--name", "other"]).code(8).says("the SealedSecret in it is shop/db");
    set(&["--namespace", "other"]).code(8).says("--name and --namespace");
    set(&["--key", "new.key"]).code(233).says("password: no key opens it").says("key tried: SHA256:");
    let wide = before.replace(
        "  name: db\n  n",
        "  annotations: {sealedsecrets.bitnami.com/cluster-wide: \"true\"}\n  name: db\n  n",
    );
    sandbox.write("wide.yaml", &wide);
    let all = ["seal", "--set", "a", "--cert", "new.pem", "--key", "old.key", "--key", "new.key", "wide.yaml"];
    sandbox.run_with("x", &all).code(233).says("it was sealed strict, the SealedSecret says cluster-wide");
    sandbox.run_with("", &["seal", "--set", "a", "--cert", "new.pem", "db.yaml"]).code(7).says("no value");
    sandbox.run_with("x", &["seal", "--set", "a/b", "--cert", "new.pem", "db.yaml"]).code(91).says("cannot be a key");
    sandbox.run_with("x", &["seal", "--set", "a", "db.yaml"]).code(230).says("no certificate");
    sandbox.write("expired.pem", &super::vector("expired.crt"));
    sandbox
        .run_with("x", &["seal", "--set", "a", "--cert", "expired.pem", "db.yaml"])
        .code(230)
        .says("expired on 2020");
    sandbox.run_with("x", &["seal", "--set", "a", "--cert", "new.key", "db.yaml"]).code(230).says("private key");
    assert_eq!(sandbox.read("db.yaml"), before);
}

#[test]
fn a_value_that_is_there_already_keeps_its_ciphertext() {
    let sandbox = repository();
    let before = sandbox.read("db.yaml");
    let all = ["seal", "--set", "zone", "--cert", "new.pem", "--key", "new.key", "--key", "old.key", "db.yaml"];
    sandbox.run_with("canary-zone", &all).code(0).says("has that value already");
    assert_eq!(sandbox.read("db.yaml"), before);
}

#[test]
fn without_a_key_new_values_can_be_written() {
    let sandbox = repository();
    let before = sandbox.read("db.yaml");
    let script = "grep -q 'password: <sealed>' \"$file\"; sed -i 's/^password: .*/password: canary-new/' \"$file\"; \
                  echo 'port: 5432' >> \"$file\"";
    edit(&sandbox, script, &["db.yaml"]).code(0).says("shop/db: sealed password, port");
    let (gone, come) = diff(&before, &sandbox.read("db.yaml"));
    assert_eq!((gone.len(), come.len()), (1, 2));
    let wanted = [("password", "canary-new"), ("port", "5432"), ("token", "canary-token"), ("zone", "canary-zone")];
    assert_eq!(values(&sandbox, "db.yaml"), wanted.map(|(key, value)| (key.to_owned(), value.to_owned())));
    for folder in sandbox.folders() {
        assert!(!folder.exists());
    }
    edit(&sandbox, "touch \"$file\"", &["db.yaml"]).code(200);
    edit(&sandbox, "echo 'new: <sealed>' >> \"$file\"", &["db.yaml"]).code(7).says("new is new");
    edit(&sandbox, "echo 'new: [a]' >> \"$file\"", &["db.yaml"]).code(7).says("list or a mapping");
    edit(&sandbox, "echo 'zone: b' >> \"$file\"", &["db.yaml"]).code(214).says("zone stands twice");
}

#[test]
fn with_keys_all_values_are_shown() {
    let sandbox = repository();
    let before = sandbox.read("db.yaml");
    let script = "grep -q 'password: canary-old' \"$file\"; sed -i -e 's/canary-token/\"two\\\\nlines\"/' -e '/^zone/d' \"$file\"";
    let ended = edit(&sandbox, script, &["--key", "new.key", "--key", "old.key", "db.yaml"]);
    ended.code(0).says("sealed token; removed zone");
    let (gone, come) = diff(&before, &sandbox.read("db.yaml"));
    assert_eq!((gone.len(), come.len()), (2, 1));
    let wanted = [("password", "canary-old"), ("token", "two\nlines")];
    assert_eq!(values(&sandbox, "db.yaml"), wanted.map(|(key, value)| (key.to_owned(), value.to_owned())));
}
