//! Where metadata goes, and that it leaves no trace.

use super::{
    commented, int, list, map, sample_metadata, show, strict, tree, with_metadata, without_lines, without_metadata,
};
use crate::document::format::Format;
use crate::document::json::{Dialect, parse};
use crate::document::tree::{Kind, Node};

#[test]
fn metadata_takes_the_style_of_the_document() {
    let metadata = map(vec![("age", list(vec![map(vec![("enc", Node::text("<\n"))])])), ("n", int(2))]);
    for (text, wanted) in [
        ("{}", r#"{"sops": {"age": [{"enc": "\u003c\n"}], "n": 2}}"#),
        ("{\"a\":1}", r#"{"a":1,"sops":{"age":[{"enc":"\u003c\n"}],"n":2}}"#),
        ("{ \"a\": 1 }\n", "{ \"a\": 1, \"sops\": {\"age\": [{\"enc\": \"\\u003c\\n\"}], \"n\": 2} }\n"),
        (
            "{\n\t\"a\": 1\n}\n",
            "{\n\t\"a\": 1,\n\t\"sops\": {\n\t\t\"age\": [\n\t\t\t{\n\t\t\t\t\"enc\": \"\\u003c\\n\"\n\t\t\t}\n\t\t],\n\t\t\"n\": 2\n\t}\n}\n",
        ),
        (
            "{\r\n  \"a\": 1\r\n}",
            "{\r\n  \"a\": 1,\r\n  \"sops\": {\r\n    \"age\": [\r\n      {\r\n        \"enc\": \"\\u003c\\n\"\r\n      }\r\n    ],\r\n    \"n\": 2\r\n  }\r\n}",
        ),
        (
            "{\n}",
            "{\n\t\"sops\": {\n\t\t\"age\": [\n\t\t\t{\n\t\t\t\t\"enc\": \"\\u003c\\n\"\n\t\t\t}\n\t\t],\n\t\t\"n\": 2\n\t}\n}",
        ),
        (
            "[\n 1\n]",
            "[\n 1,\n {\n  \"sops\": {\n   \"age\": [\n    {\n     \"enc\": \"\\u003c\\n\"\n    }\n   ],\n   \"n\": 2\n  }\n }\n]",
        ),
        ("[]", r#"[{"sops": {"age": [{"enc": "\u003c\n"}], "n": 2}}]"#),
    ] {
        let written = with_metadata(&strict(text), &metadata);
        assert_eq!(written, wanted);
        assert_eq!(without_metadata(&strict(&written)), text);
    }
    let small = map(vec![("n", int(2))]);
    for (text, wanted) in [
        ("{\n  \"a\": 1, // x\n}", "{\n  \"a\": 1, // x\n  \"sops\": {\n    \"n\": 2\n  },\n}"),
        ("{\n  \"a\": 1 // x\n}", "{\n  \"a\": 1, // x\n  \"sops\": {\n    \"n\": 2\n  }\n}"),
        ("{\"a\": 1 // x\n}", "{\"a\": 1, // x\n\"sops\": {\"n\": 2}\n}"),
        ("{ // x\n}", "{ // x\n\t\"sops\": {\n\t\t\"n\": 2\n\t}\n}"),
        ("{/* x */}", "{/* x */\"sops\": {\"n\": 2}}"),
        ("[1, 2, ]", "[1, 2, {\"sops\": {\"n\": 2}}, ]"),
    ] {
        let written = with_metadata(&commented(text), &small);
        assert_eq!(written, wanted);
        assert_eq!(without_metadata(&commented(&written)), text);
    }
}

#[test]
fn metadata_is_read_and_removed_wherever_it_stands() {
    for (text, rest, line) in [
        ("{\n\"sops\": {\"n\": 2},\n\"a\": 1\n}", "{\n\"a\": 1\n}", 2),
        ("{\n\"a\": 1,\n\"sops\": {\"n\": 2},\n\"b\": 1\n}", "{\n\"a\": 1,\n\"b\": 1\n}", 3),
        ("{\"a\": 1, \"\\u0073ops\": {\"n\": 2}}", "{\"a\": 1}", 1),
        ("{\"sops\": {\"n\": 2}}", "{}", 1),
        ("{\"a\": 1\n, \"sops\": {\"n\": 2}\n, \"b\": 2}", "{\"a\": 1\n, \"b\": 2}", 2),
        ("{\"a\": 1\n, \"sops\": {\"n\": 2}}", "{\"a\": 1\n}", 2),
        ("[{\"sops\": {\"n\": 2}}]", "[]", 1),
    ] {
        let document = strict(text);
        let metadata = document.metadata().unwrap().unwrap();
        assert_eq!(metadata.line, line);
        assert_eq!(show(&metadata), r#"{"n":2,}"#);
        let removed = without_metadata(&document);
        assert_eq!(removed, rest);
        assert_eq!(show(&tree(&document)), show(&tree(&strict(&removed))));
    }
    for (text, rest) in [
        ("{\"a\": 1, // x\n \"sops\": {}}", "{\"a\": 1 // x\n }"),
        ("{\"sops\": {} /* x\n */ , \"a\": 1}", "{ /* x\n */  \"a\": 1}"),
        ("{ // x\n \"sops\": {} /* y */, \"a\": 1}", "{ // x\n  /* y */ \"a\": 1}"),
        ("{\"a\": 1, // x\n \"sops\": {}, \"b\": 2}", "{\"a\": 1, // x\n  \"b\": 2}"),
    ] {
        assert_eq!(without_metadata(&commented(text)), rest, "{text}");
        commented(rest);
    }
}

#[test]
fn what_only_looks_like_metadata_is_not() {
    for text in
        ["{\"a\": {\"sops\": {}}}", "[{\"sops\": {}}, 1]", "[{\"sops\": {}, \"a\": 1}]", "[{\"sops\": 1}]", "[]"]
    {
        let document = strict(text);
        assert_eq!(document.metadata().unwrap(), None);
        assert_eq!(without_metadata(&document), text);
    }
    for text in ["{\"a\": 1,\n\"sops\": null}", "{\"a\": 1,\n\"sops\": []}"] {
        let error = strict(text).metadata().unwrap_err();
        assert_eq!((error.line, error.column, error.what), (2, 9, "the \"sops\" entry is not an object"));
    }
}

/// Made with sops 3.13.2 and a throw-away key that was not kept.
const BY_SOPS: &str = include_str!("by_sops.json");

#[test]
fn a_file_of_sops_is_read_and_written_the_same() {
    let document = strict(BY_SOPS);
    let metadata = document.metadata().unwrap().unwrap();
    assert_eq!(metadata.line, 16);
    assert!(matches!(&metadata.get("version").unwrap().kind, Kind::Str(version) if version == "3.13.2"));
    assert_eq!(metadata.get("mac").unwrap().line, 24);
    let plain = without_metadata(&document);
    assert!(plain.ends_with("\t\t1\n\t]\n}\n"), "{plain}");
    assert_eq!(with_metadata(&strict(&plain), &metadata), BY_SOPS);
}

#[test]
fn every_beginning_of_a_document_is_an_error() {
    let plain = "{\n \"a\": [1, -2.5e+3, true, null, \"\\ud83d\\ude00é\"], \"b\": {\"c\": \"\"}}";
    let whole = with_metadata(&strict(plain), &sample_metadata());
    let read = strict(&whole).metadata().unwrap().unwrap();
    assert_eq!(show(&without_lines(&read)), show(&sample_metadata()));
    for dialect in [Dialect::Strict, Dialect::Commented] {
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert!(parse(whole[..end].to_owned(), dialect).is_err(), "{end}");
        }
    }
}
