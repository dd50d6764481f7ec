//! Setting and removing single values in documents of many styles.

use super::{commented, int, list, map, strict};
use crate::document::format::{Format, PathError};
use crate::document::json::JsonDocument;
use crate::document::path::KeyPath;
use crate::document::tree::{Kind, Node};

fn set(document: &JsonDocument, path: &str, value: &Node) -> Result<String, PathError> {
    Ok(document.with(&document.set(&KeyPath::parse(path).unwrap(), value)?).to_string())
}

fn unset(document: &JsonDocument, path: &str) -> Result<String, PathError> {
    Ok(document.with(&document.unset(&KeyPath::parse(path).unwrap())?).to_string())
}

#[test]
fn values_are_set_in_the_style_around_them() {
    let one = || int(1);
    let nested = || map(vec![("x", list(vec![int(1), Node::text("é\"")]))]);
    for (text, path, value, wanted) in [
        ("{\"a\": 0}", "a", one(), "{\"a\": 1}"),
        ("{\"a\": 0}", "a", nested(), "{\"a\": {\"x\": [1, \"é\\\"\"]}}"),
        ("{\"a\":0}", "b", nested(), "{\"a\":0,\"b\":{\"x\":[1,\"é\\\"\"]}}"),
        ("{ \"a\": 0 }", "b", one(), "{ \"a\": 0, \"b\": 1 }"),
        ("{}", "b", one(), "{\n\t\"b\": 1\n}"),
        (" {\n}\n", "b", one(), " {\n \t\"b\": 1\n }\n"),
        ("{\n  \"a\": 0\n}\n", "b", one(), "{\n  \"a\": 0,\n  \"b\": 1\n}\n"),
        (
            "{\r\n  \"a\": 0\r\n}\r\n",
            "b",
            nested(),
            concat!(
                "{\r\n  \"a\": 0,\r\n  \"b\": {\r\n    \"x\": [\r\n      1,\r\n",
                "      \"é\\\"\"\r\n    ]\r\n  }\r\n}\r\n"
            ),
        ),
        ("{\n  \"a\": {}\n}", "a.b.c", one(), "{\n  \"a\": {\n    \"b\": {\n      \"c\": 1\n    }\n  }\n}"),
        ("{\n  \"a\": null\n}", "a.b", one(), "{\n  \"a\": {\n    \"b\": 1\n  }\n}"),
        ("{\n  \"a\": [1, 2]\n}", "a[2]", one(), "{\n  \"a\": [1, 2, 1]\n}"),
        ("{\n  \"a\": [1, 2]\n}", "a", list(vec![one()]), "{\n  \"a\": [1]\n}"),
        ("{\n  \"a\": [\n    1\n  ]\n}", "a[1]", one(), "{\n  \"a\": [\n    1,\n    1\n  ]\n}"),
        ("{\n  \"a\": {\"b\": {}}\n}", "a.b.c", one(), "{\n  \"a\": {\"b\": {\"c\": 1}}\n}"),
        ("[{\n  \"a\": 1\n}]", "[0].b", one(), "[{\n  \"a\": 1,\n  \"b\": 1\n}]"),
        ("[{\n  \"a\": 1\n}]", "[1]", nested(), "[{\n  \"a\": 1\n}, {\"x\": [1, \"é\\\"\"]}]"),
        ("{\n\"a\": {\n\"b\": 0\n}\n}", "a.c", list(vec![one()]), "{\n\"a\": {\n\"b\": 0,\n\"c\": [\n1\n]\n}\n}"),
        ("{\"a\": 0, \"sops\": {}}", "b", one(), "{\"a\": 0, \"b\": 1, \"sops\": {}}"),
        ("{\n  \"a\": 0,\n  \"sops\": {}\n}", "b", one(), "{\n  \"a\": 0,\n  \"b\": 1,\n  \"sops\": {}\n}"),
        ("{\n  \"sops\": {}\n}", "b", one(), "{\n  \"b\": 1,\n  \"sops\": {}\n}"),
        ("{\"k\": 1}", "k", Node::new(Kind::Float(2.0)), "{\"k\": 2.0}"),
    ] {
        assert_eq!(set(&strict(text), path, &value).unwrap(), wanted, "{text} {path}");
    }
    for (text, path, wanted) in [
        ("{\n  \"a\": 0 // x\n}", "b", "{\n  \"a\": 0, // x\n  \"b\": 1\n}"),
        ("{\n  \"a\": 0, // x\n  // y\n}", "b", "{\n  \"a\": 0, // x\n  // y\n  \"b\": 1,\n}"),
        ("{\"a\": 0 // x\n}", "b", "{\"a\": 0, // x\n\"b\": 1\n}"),
        ("{ // x\n}", "b", "{ // x\n\t\"b\": 1\n}"),
        ("{ /* x */ }", "b", "{ /* x */\n\t\"b\": 1\n }"),
        ("[[ // x\n]]", "[0][0]", "[[ // x\n1\n]]"),
        ("[1, 2,]", "[2]", "[1, 2, 1,]"),
    ] {
        assert_eq!(set(&commented(text), path, &one()).unwrap(), wanted, "{text} {path}");
    }
}

#[test]
fn values_are_removed_with_their_comma_and_line() {
    for (text, path, wanted) in [
        ("{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", "b", "{\n  \"a\": 1,\n  \"c\": 3\n}"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}", "b", "{\n  \"a\": 1\n}"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}", "a", "{\n  \"b\": 2\n}"),
        ("{\n  \"a\": [\n    1\n  ]\n}", "a[0]", "{\n  \"a\": []\n}"),
        ("{ \"a\": 1, \"b\": 2 }", "a", "{ \"b\": 2 }"),
        ("{ \"a\": 1, \"b\": 2 }", "b", "{ \"a\": 1 }"),
        ("{ \"a\": 1,\n  \"b\": 2 }", "a", "{ \"b\": 2 }"),
        ("{ \"a\": 1,\n  \"b\": 2 }", "b", "{ \"a\": 1 }"),
        ("{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}", "b", "{ \"a\": 1\n, \"c\": 3\n}"),
        ("{ \"a\": 1\n, \"b\": 2\n}", "b", "{ \"a\": 1\n}"),
        ("{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}", "b", "{\r\n  \"a\": 1\r\n}"),
        ("{\"a\":1}", "a", "{}"),
        ("[1,2,3]", "[1]", "[1,3]"),
        ("{\"a\":1,\"sops\":{}}", "a", "{\"sops\":{}}"),
    ] {
        assert_eq!(unset(&strict(text), path).unwrap(), wanted, "{text} {path}");
    }
    for (text, path, wanted) in [
        ("{\n  \"a\": 1, // x\n  // y\n  \"b\": 2 // z\n}", "b", "{\n  \"a\": 1 // x\n  // y\n}"),
        ("{\n  \"a\": 1, // x\n  // y\n  \"b\": 2, // z\n}", "b", "{\n  \"a\": 1, // x\n  // y\n}"),
        ("{\n  \"a\": 1, // x\n  \"b\": 2\n}", "a", "{\n  \"b\": 2\n}"),
        ("{\n  // x\n  \"a\": 1\n}", "a", "{\n  // x\n}"),
        ("[1, // x\n 2]", "[1]", "[1 // x\n ]"),
        ("[1 // x\n , 2]", "[1]", "[1 // x\n ]"),
        ("[1 // x\n , 2]", "[0]", "[ // x\n  2]"),
        ("[1,]", "[0]", "[]"),
        ("[1, 2,]", "[1]", "[1,]"),
        ("[ // x\n 1]", "[0]", "[ // x\n ]"),
        ("[1 /* x */, 2]", "[1]", "[1 /* x */]"),
    ] {
        assert_eq!(unset(&commented(text), path).unwrap(), wanted, "{text} {path}");
    }
}

#[test]
fn what_cannot_be_changed_is_said() {
    let document = strict("{\"a\": {\"b\": [1]}, \"s\": \"x\", \"sops\": {\"n\": 1}}");
    let one = int(1);
    for (path, wanted) in [
        ("a.b[3]", PathError::BeyondEnd { at: 2, len: 1 }),
        ("a.b.c", PathError::NotThere { at: 2 }),
        ("a[0]", PathError::NotThere { at: 1 }),
        ("s.x", PathError::NotThere { at: 1 }),
        ("new[1]", PathError::BeyondEnd { at: 0, len: 0 }),
    ] {
        assert_eq!(set(&document, path, &one), Err(wanted), "{path}");
    }
    for (path, wanted) in [
        ("a.c", PathError::Missing { at: 1 }),
        ("a.b[1]", PathError::BeyondEnd { at: 2, len: 1 }),
        ("a.b[0].c", PathError::NotThere { at: 3 }),
    ] {
        assert_eq!(unset(&document, path), Err(wanted), "{path}");
    }
    for path in ["sops", "sops.n"] {
        assert!(matches!(set(&document, path, &one), Err(PathError::NoPlace(_))));
        assert!(matches!(unset(&document, path), Err(PathError::NoPlace(_))));
    }
    let reserved = map(vec![("sops", map(vec![]))]);
    assert!(matches!(set(&strict("[1]"), "[1]", &reserved), Err(PathError::NoPlace(_))));
    assert!(matches!(unset(&strict("[{\"sops\": {}}, 1]"), "[1]"), Err(PathError::NoPlace(_))));
    assert!(matches!(set(&document, "a", &Node::new(Kind::Float(f64::NAN))), Err(PathError::NoPlace(_))));
    assert!(matches!(set(&document, "a", &map(vec![("k", int(1)), ("k", int(2))])), Err(PathError::NoPlace(_))));
    assert_eq!(document.set(&KeyPath::default(), &one).map(|_| ()), Err(PathError::BadPath));
    let deep = (0..300).fold(int(1), |node, _| list(vec![node]));
    assert_eq!(set(&document, "a", &deep), Err(PathError::BadPath));
    let deep = (0..256).fold(int(1), |node, _| list(vec![node]));
    assert_eq!(set(&document, "a", &deep), Err(PathError::BadPath));
    let long = vec!["k"; 257].join(".");
    assert_eq!(set(&document, &long, &one), Err(PathError::BadPath));
}
