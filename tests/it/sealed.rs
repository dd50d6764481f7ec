//! SealedSecrets in files: changed in place, resealed, checked.

mod change;
mod check;
mod real;
mod reseal;

use std::path::Path;

use sealant::manifest::text;
use sealant::sealed::{Certificate, Scope};

use crate::sandbox::Sandbox;

fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// A value sealed with the certificate of that vector.
fn sealed(certificate: &str, scope: Scope, namespace: &str, name: &str, value: &[u8]) -> String {
    let certificate = Certificate::parse(vector(certificate).as_bytes()).unwrap();
    text::encode(&certificate.key().seal(&scope.label(namespace, name), value).unwrap())
}

/// A SealedSecret with comments and odd styles: `password` and `token` under `old`, `zone` under `new`, another document before
/// it.
fn manifest(old: &str, new: &str) -> String {
    let of = |certificate, value: &str| sealed(certificate, Scope::Strict, "shop", "db", value.as_bytes());
    format!(
        "# first\nkind: ConfigMap\napiVersion: v1\ndata: {{a:   'b'}}\n---\napiVersion: bitnami.com/v1alpha1\n\
         kind: SealedSecret # sealed\nmetadata:\n  name: db\n  namespace: shop\nspec:\n  encryptedData:\n    \
         password: {}  # rotated in May\n    token: >-\n      {}\n    zone: '{}'\n  template:\n    metadata:\n      \
         name: db\n      namespace: shop\n",
        of(old, "canary-old"),
        of(old, "canary-token"),
        of(new, "canary-zone"),
    )
}

/// A repository with `new.pem`, `old.key`, `new.key` and the manifest as `db.yaml`.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("new.pem", &vector("rsa2048.crt"));
    sandbox.write("new.key", &vector("rsa2048.key"));
    sandbox.write("old.key", &vector("other.key"));
    sandbox.write("db.yaml", &manifest("other.crt", "rsa2048.crt"));
    sandbox
}

/// The values of `db.yaml`, opened with both keys; names and texts.
fn values(sandbox: &Sandbox, file: &str) -> Vec<(String, String)> {
    use sealant::sealed::file::SealedFile;
    use sealant::sealed::{KeyChain, PrivateKey};
    let keys = ["rsa2048.key", "other.key"].map(|name| PrivateKey::from_pem(vector(name).as_bytes()).unwrap());
    let chain: KeyChain = keys.into_iter().collect();
    let file = SealedFile::read(sandbox.read(file).into_bytes()).unwrap();
    let object = &file.objects()[0];
    let open = |text: &str| {
        let (value, _) = chain.open(&object.label(), &text::decode(text).unwrap()).unwrap();
        String::from_utf8_lossy(value.expose()).into_owned()
    };
    object.items.iter().map(|item| (item.key.clone(), open(item.text.as_deref().unwrap()))).collect()
}

/// What `git diff` would show: lines gone, lines come.
fn diff(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let only = |one: &str, other: &str| {
        let others: Vec<&str> = other.split('\n').collect();
        one.split('\n').filter(|line| !others.contains(line)).map(str::to_owned).collect()
    };
    (only(old, new), only(new, old))
}
