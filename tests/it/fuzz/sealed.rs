//! Hostile SealedSecrets: sealed values, certificates, key files, manifests and `sealant.yaml` of any bytes. Nothing may panic, hang
//! or show what it was given.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use sealant::manifest::{self, Secret, text};
use sealant::sealed::clusters::Clusters;
use sealant::sealed::file::SealedFile;
use sealant::sealed::{Certificate, PrivateKey, Scope, SealedSecret, keyfile};
use sealant::secret::SecretBytes;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::from_pem(&read("rsa2048.key")).unwrap());

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed").join(name)).unwrap()
}

/// Keys, certificates, manifests of both kinds, a sealed value, clusters.
pub fn seeds() -> Vec<Vec<u8>> {
    let names = ["rsa2048.key", "rsa2048.pkcs8.key", "locked.key", "ec.key", "rsa2048.crt", "rsa4096.crt", "ec.crt"];
    let mut seeds: Vec<Vec<u8>> = names.into_iter().map(read).collect();
    let blob = KEY.public().seal("shop/db", b"hunter2").unwrap();
    let value = text::encode(&blob);
    seeds.push(blob);
    for text in [
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\ndata: {a: aHVudGVyMg==}\nstringData: {b: yes}\n".to_owned(),
        format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\n  namespace: shop\nspec:\n  \
             encryptedData:\n    a: {value}\n    b: >-\n      {value}\n  template: {{data: {{c: '{{{{ .a }}}}'}}}}\n"
        ),
        format!(
            "{{\"kind\":\"List\",\"items\":[{{\"apiVersion\":\"bitnami.com/v1alpha1\",\"kind\":\"SealedSecret\",\"metadata\":{{\"name\":\"db\"}},\
             \"spec\":{{\"encryptedData\":{{\"a\":\"{value}\"}}}}}}]}}\n{{\"kind\":\"Secret\"}}"
        ),
        "clusters:\n  prod:\n    certificate: a.pem\n    scope: strict\n    paths: [\"a/**\", \"b/{c,d}/*.yaml\"]\n".to_owned(),
    ] {
        seeds.push(text.into_bytes());
    }
    seeds
}

/// Everything that reads what SealedSecrets are made of.
pub fn sealed_hostile(data: &[u8]) {
    for scope in Scope::ALL {
        if let Ok(value) = KEY.open(&scope.label("shop", "db"), data) {
            assert_eq!(value.expose(), b"hunter2", "a changed value opens");
        }
    }
    if let Ok(certificate) = Certificate::parse(data) {
        certificate.key().seal("", b"x").unwrap();
    }
    if let Err(error) = keyfile::read(&SecretBytes::new(data.to_vec())) {
        assert!(!error.to_string().contains("hunter2"), "an error shows a value");
    }
    for object in manifest::read(data).unwrap_or_default() {
        if let Ok(secret) = Secret::from_object(&object) {
            _ = SealedSecret::seal(&secret, Scope::Strict, KEY.public()).map(|sealed| sealed.to_node());
        }
        if let Ok(sealed) = SealedSecret::from_object(&object)
            && sealed.items.len() < 8
        {
            _ = sealed.to_node();
            _ = sealed.open(&std::iter::empty().collect());
        }
    }
    if let Ok(file) = SealedFile::read(data.to_vec()) {
        assert!(data.ends_with(file.text().as_bytes()), "the text is what was read");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(bytes) = text::decode(text) {
            assert_eq!(text::decode(&text::encode(&bytes)).unwrap(), bytes);
        }
        if let Ok(clusters) = Clusters::parse(text) {
            _ = clusters.for_path("a/b/c.yaml");
        }
    }
}

/// A million sealed values that somebody made up, or changed: none panics, none opens.
#[test]
fn a_million_hostile_values_open_nothing() {
    let good = KEY.public().seal("shop/db", b"hunter2").unwrap();
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let mut opened = 0;
    let mut bytes = Vec::with_capacity(good.len());
    for count in 0..1_000_000 {
        bytes.clear();
        bytes.extend_from_slice(&good);
        match count % 4 {
            // too short for key and tag; what is longer goes through the arithmetic, below
            0 => bytes.truncate(next() % (2 + 256 + 16)),
            1 => {
                bytes.truncate(next() % 64);
                bytes.iter_mut().for_each(|byte| *byte = (next() & 0xff) as u8);
            }
            2 => bytes[0] ^= (next() % 255 + 1) as u8,
            _ => {
                // the length in front says that everything is the key's part
                let length = u16::try_from((257 + next() % 1000) % 1200).unwrap();
                bytes[..2].copy_from_slice(&length.to_be_bytes());
            }
        }
        // one in a few thousand goes through the arithmetic, which takes its time
        if count % 4000 == 0 {
            bytes.clear();
            bytes.extend_from_slice(&good);
            let at = next() % bytes.len();
            bytes[at] ^= 1 << (next() % 8);
        }
        opened += usize::from(bytes != good && KEY.open("shop/db", &bytes).is_ok());
    }
    assert_eq!(opened, 0);
}
