//! What fuzzing found, by name, so that it stays found.

use sealant::document::path::KeyPath;
use sealant::document::tree::Node;
use sealant::document::yaml::Document;
use sealant::document::yaml::change::ChangeError;
use sealant::sops::file::{EncryptedFile, FileError, encrypt};
use sealant::sops::selector::Selection;

use super::targets;

fn settings() -> sealant::sops::file::Settings {
    let mut settings = targets::settings(Selection::Default);
    settings.allow_unrepresentable = true;
    settings
}

#[test]
fn every_byte_comes_back_from() {
    for (what, text) in [
        ("a value alone whose spelling is recorded", "=\n"),
        ("a tag alone", "!\n"),
        ("a list that ends in nothing", "-"),
        ("an anchor that touches its value", "a: &x:y\n"),
        ("an integer above 63 bits in hexadecimal", "a: 0xFFFFFFFFFFFFFFFF\n"),
        ("a typed block scalar with lines after it", "a: !!binary |\n  SGVsbG9y\n  bGQK\nc: 1\n"),
        ("an alias as the key of an encrypted value", "a: &x k\nl: [*x : y z]\n"),
        ("a directive without `...` before it", "a:\n%}\n---\n"),
        ("two such directives, one of them known", "a:\n%YAML 1.1\n%X\n---\n"),
        ("a directive after a document that holds nothing", "---\n#\n%--\n---"),
        ("a line separator at the end of the file", "a: 1\u{2028}"),
        ("a rare line break in the last line", "b: |\n t\u{2028}ex: 1"),
        ("a next-line character before a directive", "a:\u{85}%Y .\n---\na: \n 2"),
        ("a key at the end without a value", ": é"),
        ("a tag that touches the closing brace", "{d: !}"),
        ("an anchor that touches the closing brace", "{a: 1, d: &x}"),
        ("a complex key before a rare line break", "?\u{2028}"),
    ] {
        println!("{what}");
        let document = Document::parse(text.to_owned()).unwrap();
        targets::encryption(&document, &settings());
        targets::document_round_trip(text.as_bytes());
    }
}

#[test]
fn a_block_that_blanks_end_is_refused() {
    for text in ["b: |+\n \n ", "a: \nb: |+\n ", "a: 1\nb_unencrypted: |+\n x\n  ", "a: 1\n? |\n x"] {
        let document = Document::parse(text.to_owned()).unwrap();
        let refused = encrypt(&document, &targets::data_key(), &settings(), None);
        assert!(matches!(refused, Err(FileError::OpenBlockAtEnd { .. })), "{text:?}");
    }
}

#[test]
fn a_directive_leads_to_a_document() {
    for text in ["---\n%FOO", "a: \n%", "%F \"ar\n---vc 1\n", "%FOO\n# c\n\na: 1\n"] {
        assert!(Document::parse(text.to_owned()).is_err(), "{text:?}");
    }
    for text in ["%FOO\n---\na: 1\n", "%FOO\n# c\n%BAR\n--- a\n", "%FOO\n---"] {
        assert!(Document::parse(text.to_owned()).is_ok(), "{text:?}");
    }
}

/// A tool that drops the record of spellings costs the spelling, never the value.
#[test]
fn a_block_scalar_without_its_recorded_spelling_ends_its_line() {
    for (text, expected) in [
        ("b: >\n  y", "b: \"y\""),
        ("a: >\n  one\n  two\nb: 1\n", "a: >\n  one two\nb: 1\n"),
        ("a: !!binary |\n  SGVs\nb: 1\n", "a: \"Hel\"\nb: 1\n"),
    ] {
        let document = Document::parse(text.to_owned()).unwrap();
        let encrypted = encrypt(&document, &targets::data_key(), &settings(), None).unwrap();
        let mut file = EncryptedFile::parse(encrypted.text).unwrap();
        file.metadata.layout = None;
        let decrypted = file.decrypt(&targets::data_key(), false).unwrap();
        assert_eq!(decrypted.text.as_str(), expected);
    }
}

fn set(text: &str, path: &str) -> Result<String, ChangeError> {
    let document = Document::parse(text.to_owned()).unwrap();
    let change = document.set(0, &KeyPath::parse(path).unwrap(), &Node::text("new"))?;
    Ok(document.with(&change).as_str().to_owned())
}

fn unset(text: &str, path: &str) -> Result<String, ChangeError> {
    let document = Document::parse(text.to_owned()).unwrap();
    let change = document.unset(0, &KeyPath::parse(path).unwrap())?;
    Ok(document.with(&change).as_str().to_owned())
}

#[test]
fn a_value_is_set_where_it_belongs_or_not_at_all() {
    for (text, path, expected) in [
        ("a: \"x\"#c\n", "a", "a: \"new\" #c\n"),
        ("{a:> 1}", "\"a:> 1\"", "{a:> 1: new}"),
        ("a: [?x]\n", "a[0].x", "a: [?x: new]\n"),
        ("a: 1\rb: 2", "a", "a: new\rb: 2"),
    ] {
        assert_eq!(set(text, path).as_deref(), Ok(expected), "{text:?}");
    }
    for (text, path) in [("? j\n", "j"), ("a: [1, k: v]\n", "a[1].added")] {
        assert_eq!(set(text, path), Err(ChangeError::NoPlace), "{text:?}");
    }
}

#[test]
fn a_value_is_removed_alone_or_not_at_all() {
    for (text, path, expected) in
        [("a: 1\rb: 2\rc: 3\r", "b", "a: 1\rc: 3\r"), ("e: 1# c\u{2028}f: 2\u{2028}", "e", "f: 2\u{2028}")]
    {
        assert_eq!(unset(text, path).as_deref(), Ok(expected), "{text:?}");
    }
    assert_eq!(unset("a: &x 1\nb: *x\n", "a"), Err(ChangeError::Referred));
    assert_eq!(unset("a: [-,r ]\n", "a[1]"), Err(ChangeError::NoPlace));
}
