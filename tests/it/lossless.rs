//! decrypt(encrypt(text)) gives every byte back.

use sealant::document::yaml::Document;
use sealant::sops::file::{EncryptedFile, FileError, Settings, encrypt};
use sealant::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};
use sealant::sops::selector::Selection;

pub fn settings() -> Settings {
    Settings {
        selection: Selection::UnencryptedSuffix("_unencrypted".into()),
        mac_only_encrypted: false,
        allow_empty: true,
        allow_unrepresentable: false,
        groups: vec![KeyGroup(vec![WrappedKey {
            key: MasterKey::Age {
                recipient: "age195n0dtwu22qx3qmgmppt3vsz70p8lhdjr5kr69hewryfpvwvuftqku3egv".into(),
            },
            enc: std::fs::read_to_string("/tmp/enc.key").unwrap(),
            created_at: None,
        }])],
        shamir_threshold: 0,
        version: "3.13.2".into(),
        now: "2026-11-22T20:49:18Z".into(),
        unknown: Vec::new(),
    }
}

#[test]
fn adhoc_lossless() {
    let Ok(dir) = std::env::var("DUMP_DIR") else {
        return;
    };
    let mut files: Vec<std::path::PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    let key = DataKey::from_bytes(&[7; 32]).unwrap();
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let Ok(document) = Document::parse(text.clone()) else {
            continue;
        };
        match encrypt(&document, &key, &settings(), None) {
            Ok(encrypted) => {
                *counts.entry("ok".into()).or_default() += 1;
                if let Ok(out) = std::env::var("OUT_DIR2") {
                    std::fs::write(
                        std::path::Path::new(&out).join(file.file_name().unwrap()),
                        &encrypted.text,
                    )
                    .unwrap();
                }
                let file2 = EncryptedFile::parse(encrypted.text.clone()).unwrap();
                let (_, mut reuse) = file2.decrypt_for_reuse(&key).unwrap();
                let again = match encrypt(&document, &key, &settings(), Some(&mut reuse)) {
                    Ok(a) => a,
                    Err(e) => {
                        println!("REUSE {} {e}", file.display());
                        continue;
                    }
                };
                if again.text != encrypted.text {
                    println!("NOT STABLE {}", file.display());
                }
            }
            Err(
                error @ (FileError::Unfaithful
                | FileError::Value { .. }
                | FileError::BadMac
                | FileError::MacMismatch
                | FileError::Yaml(_)),
            ) => {
                println!("BAD {} {error}", file.display());
                *counts.entry(format!("{error:?}")).or_default() += 1;
            }
            Err(error) => {
                *counts
                    .entry(error.to_string().split(": ").last().unwrap().to_string())
                    .or_default() += 1
            }
        }
    }
    println!("{counts:#?}");
}
