//! The forms that are safe to commit: files of SOPS and SealedSecrets that change where a value did, and open for the real programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sealant::manifest::{self, Secret};

use super::{CANARY, World, map};
use crate::peers;
use crate::sandbox::differing;
use crate::vault::identity;

const MANIFESTS: &str = r#"
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: store}
spec:
  provider:
    fake:
      data:
      - {key: a, value: canary-value-a}
      - {key: b, value: "canary-value-b\n"}
      - {key: bytes, value: "/wD+"}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: s, namespace: shop, labels: {team: x}}
spec:
  secretStoreRef: {name: store}
  data:
  - {secretKey: a, remoteRef: {key: a}}
  - {secretKey: b, remoteRef: {key: b}}
  - {secretKey: bytes, remoteRef: {key: bytes, decodingStrategy: Base64}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: t, namespace: shop}
spec:
  secretStoreRef: {name: store}
  data:
  - {secretKey: b, remoteRef: {key: b}}
"#;

fn world() -> World {
    let recipient = fs::read_to_string(identity()).unwrap();
    let recipient = recipient.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
    let rules = format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n");
    let store = MANIFESTS.replacen("metadata: {name: store}", "metadata: {name: store, namespace: shop}", 1);
    World::new(&[(".sops.yaml", &rules), ("app.yaml", &store)])
}

/// Bytes and time of the last change.
fn stamp(world: &World, name: &str) -> (Vec<u8>, std::time::SystemTime) {
    let path = world.path(name);
    (fs::read(&path).unwrap(), fs::metadata(path).unwrap().modified().unwrap())
}

/// The data of a manifest.
fn data(text: &str) -> BTreeMap<String, Vec<u8>> {
    let secret = Secret::from_object(&manifest::read(text.as_bytes()).unwrap()[0]).unwrap();
    secret.data.iter().map(|(key, value)| (key.clone(), value.expose().to_vec())).collect()
}

#[test]
fn encrypted_files_change_where_a_value_did() {
    let world = world();
    let render = ["render", "app.yaml", "--encrypt", "-o", "secrets"];
    world.run(&render).code(0).says("secrets/shop/s.yaml: written: + a, + b, + bytes");
    let (first, other) = (stamp(&world, "secrets/shop/s.yaml"), stamp(&world, "secrets/shop/t.yaml"));
    let text = world.read("secrets/shop/s.yaml");
    super::assert_quiet(&text);
    assert!(text.contains("name: s\n") && text.contains("team: x\n"), "metadata is in clear: {text}");
    world.run(&render).code(0).says("2 unchanged");
    assert_eq!(stamp(&world, "secrets/shop/s.yaml"), first);

    world.replace("app.yaml", "canary-value-a", "canary-value-new");
    let ended = world.run(&[&render[..], &["--check"]].concat()).code(1);
    assert_eq!(ended.stdout, "secrets/shop/s.yaml: differs: ~ a\n");
    assert_eq!(stamp(&world, "secrets/shop/s.yaml"), first);
    world.run(&render).code(0).says("1 unchanged");
    assert_eq!(stamp(&world, "secrets/shop/t.yaml"), other);
    let changed = world.read("secrets/shop/s.yaml");
    let lines = differing(&text, &changed);
    let of_values = lines.iter().filter(|line| !line.starts_with("lastmodified: ") && !line.starts_with("mac: "));
    assert!(of_values.clone().count() == 1 && of_values.clone().all(|line| line.starts_with("a: ")), "{lines:?}");

    // a label is in clear: no value is touched
    world.replace("app.yaml", "team: x", "team: z");
    world.run(&render).code(0).says("secrets/shop/s.yaml: written: ~ (metadata)");
    let lines = differing(&changed, &world.read("secrets/shop/s.yaml"));
    assert!(lines.iter().any(|line| line == "team: \"z\"" || line == "team: z"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("a: ENC") || line.contains("bytes: ENC")), "{lines:?}");

    let Some(peers) = peers::locate("encrypted_files_change_where_a_value_did") else { return };
    let ran = peers::run(&peers.sops, &world.path(""), &identity(), &["decrypt", "secrets/shop/s.yaml"]);
    assert!(ran.ok(), "{}", ran.last_words());
    let wanted: BTreeMap<String, Vec<u8>> = [
        ("a".to_owned(), b"canary-value-new".to_vec()),
        ("b".to_owned(), b"canary-value-b\n".to_vec()),
        ("bytes".to_owned(), vec![0xFF, 0, 0xFE]),
    ]
    .into();
    assert_eq!(data(&ran.text()), wanted);
}

#[test]
fn sealed_values_that_did_not_change_keep_their_text() {
    let world = world();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed");
    for (from, to) in
        [("rsa2048.crt", "cert.pem"), ("rsa2048.key", "seal.key"), ("ec.crt", "ec.pem"), ("expired.crt", "old.pem")]
    {
        fs::copy(vectors.join(from), world.path(to)).unwrap();
    }
    let render = ["render", "app.yaml", "--seal-with", "cert.pem", "-o", "sealed"];
    let with_key = [&render[..], &["--key", "seal.key"]].concat();
    world.run(&render).code(0).says("sealed/shop/s.yaml: written: + a, + b, + bytes");
    let (first, text) = (stamp(&world, "sealed/shop/s.yaml"), world.read("sealed/shop/s.yaml"));
    super::assert_quiet(&text);
    world.run(&with_key).code(0).says("2 unchanged");
    world.run(&[&with_key[..], &["--check"]].concat()).code(0);
    assert_eq!(stamp(&world, "sealed/shop/s.yaml"), first);
    world.replace("app.yaml", "canary-value-a", "canary-value-new");
    world.run(&with_key).code(0).says("sealed/shop/s.yaml: written: ~ a");
    let changed = world.read("sealed/shop/s.yaml");
    let lines = differing(&text, &changed);
    assert!(lines.len() == 1 && lines[0].starts_with("a: "), "{lines:?}");
    // nobody can tell without the key: everything is sealed anew
    world.run(&render).code(0).says("sealed/shop/s.yaml: written: ~ a, ~ b, ~ bytes");
    assert_eq!(differing(&changed, &world.read("sealed/shop/s.yaml")).len(), 3);

    world.run(&["render", "app.yaml", "--seal-with", "ec.pem", "-o", "x"]).code(230);
    world.run(&["render", "app.yaml", "--seal-with", "old.pem", "-o", "x"]).code(230).says("expired");
    world.run(&["render", "app.yaml", "--seal-with", "cert.pem", "--encrypt", "-o", "x"]).code(8);
    assert!(!world.path("x").exists());

    let Some(found) = peers::locate_all("sealed_values_that_did_not_change_keep_their_text", &["bin/kubeseal"]) else {
        return;
    };
    let arguments = ["--recovery-unseal", "--recovery-private-key", "seal.key", "-o", "yaml"];
    let mut command = world.command(&found[0]);
    command.args(arguments).stdin(fs::File::open(world.path("sealed/shop/s.yaml")).unwrap());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let wanted: BTreeMap<String, Vec<u8>> = [
        ("a".to_owned(), b"canary-value-new".to_vec()),
        ("b".to_owned(), b"canary-value-b\n".to_vec()),
        ("bytes".to_owned(), vec![0xFF, 0, 0xFE]),
    ]
    .into();
    assert_eq!(data(&String::from_utf8(output.stdout).unwrap()), wanted);
}

/// A store in the repository itself, from which another file is made; values cross from one form to another.
#[test]
fn encrypted_files_are_a_store() {
    let world = world();
    world.write("vault/db.yaml", &format!("data:\n  password: {CANARY}\n  nested: {{one: 1, list: [x, z]}}\n"));
    world.run(&["encrypt", "-i", "vault/db.yaml"]).code(0);
    world.write(
        "app.yaml",
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: files}\nspec: {provider: {encryptedFile: {path: \
         vault}}}\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s}\nspec:\n  secretStoreRef: {name: \
         files}\n  data:\n  - {secretKey: p, remoteRef: {key: db.yaml, property: data.password}}\n  - {secretKey: more, remoteRef: {key: \
         db.yaml, property: data.nested}}\n",
    );
    world.run(&["render", "app.yaml", "--encrypt", "-o", "secrets"]).code(0);
    let ended = world.run(&["decrypt", "secrets/s.yaml", "--output", "clear.yaml"]);
    ended.code(0);
    assert_eq!(world.texts("clear.yaml"), map(&[("p", CANARY), ("more", r#"{"list":["x","z"],"one":1}"#)]));
    world.replace("app.yaml", "key: db.yaml, property: data.password", "key: ../app.yaml");
    world.run(&["render", "app.yaml"]).code(229).says("the path leads out of the store's folder");
    world.write("vault/clear.yaml", &format!("a: {CANARY}\n"));
    world.replace("app.yaml", "key: ../app.yaml", "key: clear.yaml");
    world.run(&["render", "app.yaml"]).code(229).says("is not encrypted, and nothing is taken from a file in clear");
    // changed by somebody who could not encrypt
    let text = world.read("vault/db.yaml");
    let at = text.find("ENC[AES256_GCM,data:").unwrap() + 20;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    world.write("vault/db.yaml", &format!("{}{other}{}", &text[..at], &text[at + 1..]));
    world.replace("app.yaml", "key: clear.yaml", "key: db.yaml, property: data.password");
    let ended = world.run(&["render", "app.yaml"]);
    assert!(!matches!(ended.code, Some(0)) && ended.stdout.is_empty(), "{}", ended.stderr);
}

/// What is made up stays, in either form, as long as somebody here can open it.
#[test]
fn generated_values_stay_in_every_form() {
    let world = world();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed");
    for (from, to) in [("rsa2048.crt", "cert.pem"), ("rsa2048.key", "seal.key")] {
        fs::copy(vectors.join(from), world.path(to)).unwrap();
    }
    world.write(
        "app.yaml",
        "apiVersion: generators.external-secrets.io/v1alpha1\nkind: SSHKey\nmetadata: {name: k, namespace: shop}\nspec: {keyType: \
         ed25519}\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s, namespace: shop}\nspec: {dataFrom: \
         [{sourceRef: {generatorRef: {kind: SSHKey, name: k}}}]}\n",
    );
    let sealed = ["render", "app.yaml", "-o", "sealed", "--seal-with", "cert.pem", "--key", "seal.key"];
    for form in [&["render", "app.yaml", "-o", "secrets", "--encrypt"][..], &sealed[..]] {
        world.run(form).code(0).says("written: + privateKey, + publicKey");
        let file = format!("{}/shop/s.yaml", form[3]);
        let before = stamp(&world, &file);
        world.run(form).code(0).says("1 unchanged");
        world.run(&[form, &["--check"]].concat()).code(0);
        assert_eq!(stamp(&world, &file), before);
        world.run(&[form, &["--regenerate"]].concat()).code(0).says("written: ~ privateKey, ~ publicKey");
        assert_ne!(stamp(&world, &file).0, before.0);
    }
}
