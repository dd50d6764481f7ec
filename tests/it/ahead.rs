//! Documents large enough for a second thread: the outcome is the one of a single thread, and an early end never hangs.

use std::fmt::Write as _;

use sealant::document::kind::DocumentKind;
use sealant::document::open::Reading;
use sealant::document::yaml::Document;
use sealant::sops::file::{EncryptedFile, FileError, Plain, SopsFile, encrypt};
use sealant::sops::key::DataKey;
use sealant::sops::selector::Selection;
use zeroize::Zeroizing;

use crate::lossless::settings;

const ENTRIES: usize = 12_000;

fn large(documents: usize) -> String {
    let mut text = String::new();
    for document in 0..documents {
        let _ = writeln!(text, "---\n# document {document}");
        for at in 0..ENTRIES {
            let _ = match at % 5 {
                0 => write!(text, "m{at}: # note\n  a: 0x{at:x}\n  s: >-\n    folded {at}\n    text\n"),
                1 => writeln!(text, "clear{at}_unencrypted: {at}"),
                2 => writeln!(text, "l{at}: [a, 'b{at}', null, \"\"]"),
                3 => writeln!(text, "t{at}: 2024-01-0{}", at % 9 + 1),
                _ => writeln!(text, "# secret {at}\ns{at}: value {at}"),
            };
        }
    }
    text
}

fn key() -> DataKey {
    DataKey::from_bytes(&[7; 32]).unwrap()
}

#[test]
fn large_documents_come_back_under_every_rule() {
    for (documents, selection) in [
        (1, Selection::Default),
        (2, Selection::EncryptedRegex("^(m|s)".into())),
        (1, Selection::EncryptedCommentRegex("secret".into())),
    ] {
        let text = large(documents);
        let document = Document::parse(text.clone()).unwrap();
        let encrypted = encrypt(&document, &key(), &settings(selection, true), None).unwrap();
        assert!(encrypted.values >= ENTRIES / 5);
        let file = EncryptedFile::parse(encrypted.text).unwrap();
        assert!(file.decrypt(&key(), false).unwrap().text.as_str() == text);
    }
}

/// The IVs of two threads never meet.
#[test]
fn no_iv_is_used_twice() {
    let document = Document::parse(large(1)).unwrap();
    let encrypted = encrypt(&document, &key(), &settings(Selection::Default, false), None).unwrap();
    let mut ivs: Vec<&str> = encrypted.text.split(",iv:").skip(1).filter_map(|rest| rest.get(..44)).collect();
    let all = ivs.len();
    ivs.sort_unstable();
    ivs.dedup();
    assert!(all > ENTRIES);
    assert_eq!(ivs.len(), all);
}

#[test]
fn the_first_bad_value_is_named_and_nothing_waits_for_the_rest() {
    let document = Document::parse(large(2)).unwrap();
    let encrypted = encrypt(&document, &key(), &settings(Selection::Default, false), None).unwrap();
    // The tags of two values, one early and one late, are cut from their letters.
    let mut text = encrypted.text;
    for name in ["s4:", "s9004:"] {
        let line = text.find(&format!("\n{name}")).unwrap();
        let tag = line + text[line..].find(",tag:").unwrap() + 5;
        let other = if text[tag..].starts_with('A') { "B" } else { "A" };
        text.replace_range(tag..=tag, other);
    }
    let file = EncryptedFile::parse(text).unwrap();
    match file.decrypt(&key(), false) {
        Err(FileError::Value { path, .. }) => assert_eq!(path.to_string(), "s4"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_that_cannot_be_encrypted_ends_it_at_once() {
    let text = large(1).replacen("value 9", "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]", 1);
    let document = Document::parse(text).unwrap();
    let error = encrypt(&document, &key(), &settings(Selection::Default, false), None).unwrap_err();
    assert!(matches!(error, FileError::LooksEncrypted { .. }), "{error}");
}

/// The other formats: the same comes back, no IV is used twice, and the first bad value is named.
#[test]
fn large_files_of_other_formats_come_back() {
    let lines = |line: &dyn Fn(usize) -> String| (0..ENTRIES).map(line).collect::<String>();
    let json = lines(&|at| format!("  \"s{at}\": [\"value {at}\", {at}, null, \"\", 1.50],\n"));
    for (kind, text) in [
        (DocumentKind::Json, format!("{{\n{json}  \"end_unencrypted\": true\n}}\n")),
        (DocumentKind::Dotenv, lines(&|at| format!("# note {at}\nexport S{at}=\"value {at}\"\nC{at}_unencrypted=x\n"))),
        (DocumentKind::Ini, format!("[a]\n{}", lines(&|at| format!("; note {at}\ns{at} = value {at}\n")))),
    ] {
        let bytes = Zeroizing::new(text.clone().into_bytes());
        let plain = Plain::parse(kind, bytes, Reading { commented_json: false, faithful_dotenv: true }).unwrap();
        let encrypted = plain.encrypt(&key(), &settings(Selection::Default, false), None).unwrap();
        let mut ivs: Vec<&str> = encrypted.text.split(",iv:").skip(1).filter_map(|rest| rest.get(..44)).collect();
        let all = ivs.len();
        ivs.sort_unstable();
        ivs.dedup();
        assert!(all > ENTRIES && ivs.len() == all, "{kind:?}");
        let open = |text: String| SopsFile::parse(kind, Zeroizing::new(text.into_bytes())).unwrap();
        let file = open(encrypted.text.clone());
        assert!(file.decrypt(&key(), false).unwrap().bytes() == text.as_bytes(), "{kind:?}");
        let (again, _) = file.decrypt_for_reuse(&key(), false).unwrap();
        assert!(again.bytes() == text.as_bytes(), "{kind:?}");
        let mut damaged = encrypted.text;
        let value = damaged.find("type:str").unwrap();
        let value = damaged[..value].rfind(",tag:").unwrap() + 5;
        let other = if damaged[value..].starts_with('A') { "B" } else { "A" };
        damaged.replace_range(value..=value, other);
        assert!(open(damaged).decrypt(&key(), false).is_err(), "{kind:?}");
    }
}
