//! Hostile keys: identity files, SSH keys, names, addresses and wrapped keys of any bytes. Nothing may panic, hang or show
//! what it was given.

use std::fs;
use std::path::Path;

use sealant::keyservice::age::{AgeKeys, Given, IdentitySource};
use sealant::keyservice::{KeyService, names};
use sealant::secret::{SecretBytes, SecretText};
use sealant::sops::key::{MasterKey, WrappedKey};

fn nobody(_: &str) -> Option<SecretText> {
    None
}

fn service(given: Given) -> AgeKeys {
    AgeKeys::new(vec![IdentitySource { label: "here".into(), given }], nobody)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            found.push(fs::read(path).unwrap());
        }
    }
    found
}

/// Age files, identities of every kind, recipients files, addresses.
pub fn seeds() -> Vec<Vec<u8>> {
    let folders = ["tests/vectors/age/cctv", "tests/vectors/age/ssh", "keys/private", "keys"];
    let mut seeds: Vec<Vec<u8>> = folders.iter().flat_map(|folder| files(folder)).collect();
    let texts = [
        "tcp://127.0.0.1:5000",
        "unix:///run/keys.sock",
        "arn:aws:kms:eu-west-1:111122223333:key/x+arn:aws:iam::111122223333:role/r",
        "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "https://v.vault.azure.net/keys/k/1",
        "https://v:8200/v1/transit/keys/k",
        "pgp:FBC7 B9E2 A4F9 289A C0C1  D484 3D16 CEE4 A273 81B4",
        "AGE-PLUGIN-NAME-1QQQQQQ",
    ];
    seeds.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
    seeds
}

/// Everything that reads keys.
pub fn keys_hostile(data: &[u8]) {
    let given = |make: fn(SecretBytes) -> Given| service(make(SecretBytes::new(data.to_vec())));
    for keys in [given(Given::File), given(Given::Words), given(Given::Ssh)] {
        _ = keys.recipients();
        let looked = format!("{:?} {keys:?}", keys.looked());
        assert!(!looked.contains("AGE-SECRET-KEY"), "an identity is shown");
    }
    let text = String::from_utf8_lossy(data).into_owned();
    if let Some(key) = names::key(&text) {
        assert!(names::is_same(&key, &key));
    }
    assert!(names::lines(&text).count() <= text.lines().count());
    #[cfg(feature = "keyservice")]
    if let Ok(address) = sealant::keyservice::remote::address::Address::parse(&text) {
        let again = sealant::keyservice::remote::address::Address::parse(&address.to_string());
        assert_eq!(again.ok(), Some(address));
    }
    let identity = fs::read(root().join("keys/private/tester.txt")).unwrap();
    let keys = service(Given::File(SecretBytes::new(identity)));
    let recipient = keys.recipients().remove(0);
    let wrapped = WrappedKey { key: MasterKey::Age { recipient }, enc: text, created_at: None };
    _ = keys.unwrap(&wrapped);
}
