//! Decoded and encoded again.

use super::*;

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: app}
data:
  user: c2hvcA== # who
  quoted: \"aHVudGVyMg==\"
  lines: |
    bGluZSBvbmUK
    bGluZSB0d28K
  raw: gIGC
  number: MTIz
---
kind: ConfigMap
data: {user: c2hvcA==}
";

#[test]
fn what_is_not_touched_comes_back_exactly() {
    let shown = SecretData::decode(SECRET).unwrap().unwrap();
    assert!(shown.text().contains("  user: shop # who\n"), "{}", shown.text());
    assert!(shown.text().contains("hunter2") && shown.text().contains("raw: gIGC"));
    assert!(shown.text().contains("    line one\n    line two\n"), "{}", shown.text());
    assert!(shown.text().ends_with("data: {user: c2hvcA==}\n"));
    assert_eq!(shown.encode(shown.text().to_owned()).unwrap(), SECRET);
}

/// Values of several lines came back as blocks when another value was edited.
#[test]
fn lines_that_nobody_touched_come_back_exactly() {
    let head = "apiVersion: v1\nkind: Secret\ndata:\n";
    let spellings = [
        "YQpiCg==",
        "YQpiCg== # why",
        "\"YQpiCg==\"",
        "'YQpiCg==' # why",
        "YQpi",
        "|\n    YQpi\n    Cg==",
        "|- # why\n    YQpi\n    Cg==",
        ">-\n    YQpi\n    Cg==",
        ">\n    YQpi\n\n    Cg==",
        ">-\n    YQpiCg==",
        "gIGC",
        "\"YQpi\\\n    Cg==\"",
        "YQoKCg==",
        "ICBhCmI=",
    ];
    for pem in spellings {
        for (before, after) in [
            ("", "\n  user: c2hvcA==\n"),
            ("  user: c2hvcA==\n", "\n"),
            ("  user: c2hvcA==\n", ""),
            ("  user: c2hvcA==\n", "\n\n# the end\n"),
            ("  user: c2hvcA==\n", "\n  # next\n  z: eg==\n"),
            ("  user: c2hvcA==\n", "\ntype: Opaque\n"),
            ("  user: c2hvcA==\n", "\n---\nkind: Secret\ndata:\n  pem: YQpiCg==\n"),
        ] {
            let text = format!("{head}{before}  pem: {pem}{after}");
            let shown = SecretData::decode(&text).unwrap().unwrap();
            assert_eq!(shown.encode(shown.text().to_owned()).unwrap(), text, "{}", shown.text());
            let edited = shown.text().replace("user: shop", "user: shopper").replace("kind", "# new line\nkind");
            let wanted = text.replace("c2hvcA==", "c2hvcHBlcg==").replace("kind", "# new line\nkind");
            assert_eq!(shown.encode(edited).unwrap(), wanted, "{}", shown.text());
        }
    }
}

/// A new comment beside it does not make it another value.
#[test]
fn a_comment_may_come_beside_an_old_value() {
    let text = "kind: Secret\ndata:\n  pem: YQpiCg==\n  user: c2hvcA==\n";
    let shown = SecretData::decode(text).unwrap().unwrap();
    let edited = shown.text().replace("pem: |", "pem: | # why");
    assert_ne!(edited, shown.text());
    let encoded = shown.encode(edited).unwrap();
    assert!(encoded.contains("  pem: YQpiCg==") && encoded.contains("# why"), "{encoded}");
}

#[test]
fn changed_and_new_values_are_encoded() {
    let shown = SecretData::decode(SECRET).unwrap().unwrap();
    let edited =
        shown.text().replace("user: shop ", "user: \"the shop\" ").replace("raw: gIGC", "raw: gIGC\n  new: x y");
    let encoded = shown.encode(edited).unwrap();
    assert!(encoded.contains("dGhlIHNob3A=") && encoded.contains("new: eCB5"), "{encoded}");
    assert!(encoded.contains("raw: gIGC") && encoded.contains("\"aHVudGVyMg==\""), "{encoded}");
}

#[test]
fn what_is_not_text_has_to_stay_base64() {
    let shown = SecretData::decode(SECRET).unwrap().unwrap();
    let error = shown.encode(shown.text().replace("raw: gIGC", "raw: g!")).unwrap_err();
    // what never was base64 does not keep others from being changed
    let odd = "kind: Secret\ndata: {a: g!, b: YQ==}\n";
    let shown = SecretData::decode(odd).unwrap().unwrap();
    assert_eq!(shown.encode(shown.text().replace("b: a", "b: b")).unwrap(), odd.replace("YQ", "Yg"));
    assert!(matches!(error, FileError::NotAValue { .. }), "{error}");
    assert!(SecretData::decode("kind: ConfigMap\ndata: {a: YQ==}\n").unwrap().is_none());
}
