//! The marks by which a Secret shows whose it is and what was written: labels, an annotation, the field manager, and what the
//! status of an ExternalSecret remembers. Upstream compares them, so they are the same to the byte.
//!
//! Follows "pkg/controllers/externalsecret/util.go" and "pkg/controllers/util/util.go" of external-secrets 2.9.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha3::{Digest, Sha3_224};

use crate::secret::SecretBytes;

/// Label of every Secret that is written or added to; its value is `true`.
pub const LABEL_MANAGED: &str = "reconcile.external-secrets.io/managed";
/// Label of a Secret that an ExternalSecret owns; its value is the [`owner_hash`].
pub const LABEL_OWNER: &str = "reconcile.external-secrets.io/created-by";
/// Annotation with the [`data_hash`].
pub const ANNOTATION_DATA_HASH: &str = "reconcile.external-secrets.io/data-hash";

/// Longest name of a field manager, in bytes.
const LONGEST_MANAGER: usize = 63;

/// Sha3-224 of the data of a Secret as Go prints such a map: `map[a:[104 105] b:[]]`. Nothing is kept of the printed values.
pub fn data_hash(data: &BTreeMap<String, SecretBytes>) -> String {
    let mut hash = Sha3_224::new();
    hash.update("map[");
    for (at, (key, value)) in data.iter().enumerate() {
        hash.update(if at == 0 { "" } else { " " });
        hash.update(key);
        hash.update(":[");
        for (at, byte) in value.expose().iter().enumerate() {
            hash.update(if at == 0 { "" } else { " " });
            decimal(&mut hash, *byte);
        }
        hash.update("]");
    }
    hash.update("]");
    hex(hash)
}

/// A byte in decimal, digit by digit: no buffer is left that would have to be wiped.
fn decimal(hash: &mut Sha3_224, byte: u8) {
    if byte >= 100 {
        hash.update([b'0' + byte / 100]);
    }
    if byte >= 10 {
        hash.update([b'0' + byte / 10 % 10]);
    }
    hash.update([b'0' + byte % 10]);
}

/// Sha3-224 of `NAMESPACE/NAME` of an ExternalSecret: the value of [`LABEL_OWNER`].
pub fn owner_hash(namespace: &str, name: &str) -> String {
    text_hash(&format!("{namespace}/{name}"))
}

/// Sha3-224 of labels and annotations as Go prints them. A change of any makes an ExternalSecret fetch.
pub fn metadata_hash(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> String {
    text_hash(&format!("{{annotations:{} labels:{}}}", printed(annotations), printed(labels)))
}

/// What `status.syncedResourceVersion` remembers of an object.
pub fn resource_version(
    generation: i64,
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> String {
    format!("{generation}-{}", metadata_hash(labels, annotations))
}

/// The field manager under which an ExternalSecret of this name writes.
pub fn field_manager(name: &str) -> String {
    let plain = format!("externalsecrets.external-secrets.io/{name}");
    if plain.len() <= LONGEST_MANAGER {
        return plain;
    }
    format!("externalsecrets.external-secrets.io/sha3/{}", text_hash(name))
}

fn text_hash(text: &str) -> String {
    hex(Sha3_224::new_with_prefix(text))
}

fn hex(hash: Sha3_224) -> String {
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// A map as Go's `%+v` prints it.
fn printed(map: &BTreeMap<String, String>) -> String {
    let entries: Vec<_> = map.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("map[{}]", entries.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn golden(group: &str) -> Vec<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/external-secrets/golden.json");
        let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        all[group].as_array().unwrap().clone()
    }

    #[test]
    fn data_hashes_are_those_of_upstream() {
        let cases = golden("data_hash");
        assert!(cases.len() >= 6, "the vectors are gone");
        for case in cases {
            let data = case["data_b64"].as_object().unwrap().iter().map(|(key, value)| {
                let value = base64_simd::STANDARD.decode_to_vec(value.as_str().unwrap()).unwrap();
                (key.clone(), SecretBytes::new(value))
            });
            assert_eq!(data_hash(&data.collect()), case["data_hash"].as_str().unwrap(), "{}", case["text"]);
        }
    }

    #[test]
    fn text_hashes_are_those_of_upstream() {
        let cases = golden("string_hash");
        assert!(cases.len() >= 6, "the vectors are gone");
        for case in cases {
            assert_eq!(text_hash(case["text"].as_str().unwrap()), case["hash"].as_str().unwrap());
        }
    }

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn marks_are_those_of_upstream() {
        assert_eq!(owner_hash("default", "my-es"), "b8464376b5fe3535e690594280bfe59b60be2603cb6cbb6d6c8bcbb4");
        let none = BTreeMap::new();
        let version = resource_version(1, &none, &none);
        assert_eq!(version, "1-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2");
        let hash = metadata_hash(&map(&[("k", "v"), ("x", "y")]), &map(&[("a", "b c")]));
        assert_eq!(hash, "96447fcc5e6a5b13aa6c932174f32549a645d3984cf829cede093b5b");
        // 36 bytes before the name: 27 more fit
        let (fits, longer) = ("a".repeat(27), "a".repeat(28));
        assert_eq!(field_manager(&fits), format!("externalsecrets.external-secrets.io/{fits}"));
        assert!(field_manager(&longer).starts_with("externalsecrets.external-secrets.io/sha3/"));
        assert_eq!(
            field_manager("a-rather-long-external-secret-name"),
            "externalsecrets.external-secrets.io/sha3/924a5b0ea0441c671777b353036555d127bd4d4faef565e357731412"
        );
    }
}
