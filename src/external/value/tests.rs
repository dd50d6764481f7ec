//! What each kind of store's values become, against what Go made of them.

use super::{BTreeMap, Flavour, Part, Raw, SecretBytes, ValueError, many, one};
use crate::external::golden::{cases, text};

fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

fn shown(bytes: &SecretBytes) -> String {
    String::from_utf8_lossy(bytes.expose()).into_owned()
}

fn fields(flavour: Flavour, raw: &Raw, property: Option<&str>) -> Result<BTreeMap<String, String>, ValueError> {
    let made = many(flavour, raw, Part::Value, property)?.unwrap();
    Ok(made.iter().map(|(key, value)| (key.clone(), shown(value))).collect())
}

fn value(flavour: Flavour, raw: &Raw, property: Option<&str>) -> Result<Option<String>, ValueError> {
    Ok(one(flavour, raw, Part::Value, property)?.as_ref().map(shown))
}

fn wanted(case: &serde_json::Value) -> BTreeMap<String, String> {
    let fields = case["get_secret_map"].as_object().unwrap();
    fields.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect()
}

#[test]
fn vault_as_upstream() {
    for case in cases("vault_kv") {
        let raw = Raw::Json(secret(text(&case, "data_json")));
        let whole = value(Flavour::Vault, &raw, None).unwrap();
        assert_eq!(whole.as_deref(), Some(text(&case, "get_secret_no_property")));
        assert_eq!(fields(Flavour::Vault, &raw, None).unwrap(), wanted(&case));
    }
}

#[test]
fn aws_as_upstream() {
    for case in cases("aws_map") {
        let raw = Raw::Bytes(secret(text(&case, "secret_string")));
        for flavour in [Flavour::Aws, Flavour::ParameterStore, Flavour::Fake] {
            let made = fields(flavour, &raw, None);
            match case.get("err") {
                Some(_) => assert!(matches!(made, Err(ValueError::Fields(_))), "{case}"),
                None => assert_eq!(made.unwrap(), wanted(&case)),
            }
        }
    }
}

#[test]
fn properties() {
    let json =
        r#"{"a.b":"<key>","a":{"b":"path","z":[1.50,"<"],"y":2},"n":12345678901234567890,"f":1.50,"l":{"html":"<"}}"#;
    let no = |property: &str| Err(ValueError::NoProperty(property.to_owned()));
    let found = |text: &str| Ok(Some(text.to_owned()));
    for (flavour, property, wanted) in [
        (Flavour::Vault, "a.b", found("<key>")),
        (Flavour::Vault, "a", found(r#"{"b":"path","y":2,"z":[1.50,"\u003c"]}"#)),
        (Flavour::Vault, "a.z", found(r#"[1.50,"\u003c"]"#)),
        (Flavour::Vault, "a.z.1", found("<")),
        (Flavour::Vault, "n", found("12345678901234567890")),
        (Flavour::Vault, "f", found("1.50")),
        (Flavour::Vault, "l.html", found("<")),
        (Flavour::Vault, "x", no("x")),
        (Flavour::File, "a", found(r#"{"b":"path","y":2,"z":[1.50,"<"]}"#)),
        (Flavour::File, "a.z", found(r#"[1.50,"<"]"#)),
        (Flavour::File, "x", no("x")),
        (Flavour::Aws, "a.b", found("<key>")),
        (Flavour::Aws, "a.y", found("2")),
        (Flavour::Aws, "a", found(r#"{"b":"path","z":[1.50,"<"],"y":2}"#)),
        (Flavour::Aws, "f", found("1.5")),
        (Flavour::Aws, "x", no("x")),
        (Flavour::ParameterStore, "a.b", found("<key>")),
        (Flavour::ParameterStore, "x.y", no("x.y")),
        (Flavour::Fake, "a.b", found("path")),
        (Flavour::Fake, "x", Ok(None)),
    ] {
        let raw = if matches!(flavour, Flavour::Vault | Flavour::File) { Raw::Json } else { Raw::Bytes };
        assert_eq!(value(flavour, &raw(secret(json)), Some(property)), wanted, "{flavour:?} {property}");
    }
    let raw = Raw::Json(secret(json));
    assert_eq!(value(Flavour::Vault, &raw, Some("")).unwrap(), value(Flavour::Vault, &raw, None).unwrap());
    assert_eq!(fields(Flavour::Vault, &raw, Some("l")).unwrap()["html"], "<");
    assert_eq!(fields(Flavour::Vault, &raw, Some("a")).unwrap()["z"], r#"[1.5,"\u003c"]"#);
    assert!(matches!(fields(Flavour::Vault, &raw, Some("n")), Err(ValueError::Fields(_))));
    assert!(many(Flavour::Fake, &Raw::Bytes(secret(json)), Part::Value, Some("x")).unwrap().is_none());
    let bytes = Raw::Bytes(SecretBytes::new(vec![0xff, 0]));
    assert_eq!(one(Flavour::Aws, &bytes, Part::Value, None).unwrap().unwrap().expose(), [0xff, 0]);
}

#[test]
fn files_keep_integers() {
    let raw = Raw::Json(secret(r#"{"i":12345678901234567890,"f":1.50,"o":{"i":12345678901234567890,"h":"<"}}"#));
    let made = fields(Flavour::File, &raw, None).unwrap();
    assert_eq!(made["i"], "12345678901234567890");
    assert_eq!(made["f"], "1.5");
    assert_eq!(made["o"], r#"{"h":"<","i":12345678901234567890}"#);
}

#[test]
fn metadata() {
    let none = Raw::Json(secret("{}"));
    assert_eq!(one(Flavour::Vault, &none, Part::Metadata, None).unwrap().unwrap().expose(), b"");
    assert_eq!(one(Flavour::Vault, &none, Part::Value, None).unwrap().unwrap().expose(), b"{}");
    let raw = Raw::Json(secret(r#"{"annotations":{"a.b/c":"1"},"labels":{"l":"2"}}"#));
    let get = |property| one(Flavour::Kubernetes, &raw, Part::Metadata, property).unwrap().as_ref().map(shown).unwrap();
    assert_eq!(get(None), r#"{"annotations":{"a.b/c":"1"},"labels":{"l":"2"}}"#);
    assert_eq!(get(Some("labels.l")), "2");
    assert_eq!(get(Some("annotations.a.b/c")), "1");
    assert_eq!(get(Some("labels")), r#"{"l":"2"}"#);
}

#[test]
fn entries_of_kubernetes() {
    let entries =
        [("a.b", "dotted"), ("conf", r#"{"user":"u","n":1.50,"x":{"h":"<"}}"#), ("bin", "<&>"), ("text", "t")];
    let entries = entries.map(|(key, value)| (key.to_owned(), secret(value)));
    let raw = Raw::Entries(entries.into());
    let kubernetes = |property| value(Flavour::Kubernetes, &raw, property);
    let whole = r#"{"a.b":"dotted","bin":"<&>","conf":"{\"user\":\"u\",\"n\":1.50,\"x\":{\"h\":\"<\"}}","text":"t"}"#;
    assert_eq!(kubernetes(None).unwrap().as_deref(), Some(whole));
    assert_eq!(kubernetes(Some("a.b")).unwrap().as_deref(), Some("dotted"));
    assert_eq!(kubernetes(Some("conf.x.h")).unwrap().as_deref(), Some("<"));
    assert_eq!(kubernetes(Some("conf.none")).unwrap_err(), ValueError::NoProperty("conf.none".to_owned()));
    assert_eq!(kubernetes(Some("none")).unwrap_err(), ValueError::NoProperty("none".to_owned()));
    assert_eq!(fields(Flavour::Kubernetes, &raw, None).unwrap()["bin"], "<&>");
    let conf = fields(Flavour::Kubernetes, &raw, Some("conf")).unwrap();
    assert_eq!(conf["user"], r#""u""#);
    assert_eq!(conf["n"], "1.5");
    assert_eq!(conf["x"], r#"{"h":"<"}"#);
    assert_eq!(fields(Flavour::Kubernetes, &raw, Some("co?f")).unwrap(), conf);
    assert!(matches!(fields(Flavour::Kubernetes, &raw, Some("text")), Err(ValueError::Fields(_))));
    assert!(matches!(fields(Flavour::Kubernetes, &raw, Some("none")), Err(ValueError::NoProperty(_))));
}

#[test]
fn errors_hold_no_values() {
    for (flavour, raw) in [
        (Flavour::Vault, Raw::Json(secret("hunter2"))),
        (Flavour::Aws, Raw::Bytes(secret("\"hunter2\""))),
        (Flavour::Kubernetes, Raw::Bytes(secret("hunter2"))),
    ] {
        let error = many(flavour, &raw, Part::Value, None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
