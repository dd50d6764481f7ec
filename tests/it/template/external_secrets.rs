//! What External Secrets gives: its templates, and its YAML (`tests/vectors/external-secrets/golden.json`).

use sealant::secret::SecretBytes;
use sealant::template::{FunctionSet, MissingKey, Options, Problem, Template, Value, render, yaml};
use serde_json::Value as Json;

const GOLDEN: &str = include_str!("../../vectors/external-secrets/golden.json");

/// Templates whose result is not compared, and why.
const NOT_COMPARED: [(&str, &str); 1] =
    [(r#"{{ "a: [" | fromYaml | toJson }}"#, "prints what is wrong with a text, and says it in our words")];

fn golden(group: &str) -> Vec<Json> {
    let mut all: Json = serde_json::from_str(GOLDEN).unwrap();
    all[group].take().as_array_mut().map(std::mem::take).unwrap()
}

fn options() -> Options<'static> {
    Options {
        functions: FunctionSet::ExternalSecrets,
        missing_key: MissingKey::Error,
        ..Options::new("2026-11-25T12:00:00Z".parse().unwrap())
    }
}

fn data() -> Value {
    let all: Json = serde_json::from_str(GOLDEN).unwrap();
    let entries = all["template_data"].as_object().unwrap().iter();
    Value::texts(
        entries.map(|(key, value)| (key.as_str(), SecretBytes::new(value.as_str().unwrap().as_bytes().to_vec()))),
    )
}

#[test]
fn templates_give_what_external_secrets_gives() {
    let (data, options) = (data(), options());
    let mut wrong = vec![];
    let mut compared = 0;
    for case in golden("templates") {
        let template = case["tpl"].as_str().unwrap();
        if NOT_COMPARED.iter().any(|(text, _)| *text == template) {
            continue;
        }
        compared += 1;
        let ours = render("k", template, &data, &options);
        match (&ours, case["out"].as_str(), case["err"].as_str()) {
            (Ok(ours), Some(out), _) if ours.expose() == out.as_bytes() => {}
            (Err(_), None, Some(_)) => {}
            _ => {
                let ours = ours.map(|out| String::from_utf8_lossy(out.expose()).into_owned());
                wrong.push(format!("{template}\n    theirs: {case}\n    ours: {ours:?}"));
            }
        }
    }
    assert_eq!(compared + NOT_COMPARED.len(), 401);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_function_is_there() {
    let options = options();
    let own = [
        "certSANs",
        "filterCertChain",
        "filterPEM",
        "fullPemToPkcs12",
        "fullPemToPkcs12Pass",
        "jwkPrivateKeyPem",
        "jwkPublicKeyPem",
        "pemToPkcs12",
        "pemToPkcs12Pass",
        "pemTruststoreToPKCS12",
        "pemTruststoreToPKCS12Pass",
        "pkcs12cert",
        "pkcs12certPass",
        "pkcs12key",
        "pkcs12keyPass",
        "rsaDecrypt",
        "fromYaml",
        "toYaml",
    ];
    let names = golden("function_names_excl_own_pem");
    let names: Vec<_> = names.iter().map(|name| name.as_str().unwrap()).chain(own).collect();
    let missing = |name: &&&str| {
        let parsed = Template::parse("k", &format!("{{{{ {name} }}}}"), &options);
        matches!(parsed.map_err(|error| error.problem), Err(Problem::NoFunction(_)))
    };
    let missing: Vec<_> = names.iter().filter(missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for name in ["env", "expandenv", "getHostByName"] {
        assert!(missing_function(name, &options), "{name}");
    }
}

fn missing_function(name: &str, options: &Options<'_>) -> bool {
    Template::parse("k", &format!("{{{{ {name} \"a\" }}}}"), options).is_err()
}

#[test]
fn yaml_becomes_the_texts_that_it_becomes_there() {
    let mut wrong = vec![];
    let cases = golden("yaml_to_string_map");
    assert_eq!(cases.len(), 93);
    for case in cases {
        let ours = yaml::string_map(case["yaml"].as_str().unwrap().as_bytes());
        let theirs: Option<Vec<(String, String)>> = case["map"]
            .as_object()
            .map(|map| map.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect());
        let ours = ours.map(|ours| {
            let text = |value: SecretBytes| String::from_utf8(value.expose().to_vec()).unwrap();
            ours.into_iter().map(|(key, value)| (key, text(value))).collect::<Vec<_>>()
        });
        if ours.as_ref().ok() != theirs.as_ref() {
            wrong.push(format!("{case}\n    ours: {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A float is printed as Go prints it: by itself, and as JSON.
#[test]
fn floats_are_printed_as_go_prints_them() {
    for case in golden("float_text") {
        // JSON knows no negative zero
        let number = case["f_minus1"].as_str().unwrap().parse().unwrap();
        let data = Value::dict([("n", Value::Float(number))]);
        for (template, key) in [("{{ .n }}", "percent_v"), ("{{ toJson .n }}", "json_marshal")] {
            let ours = render("k", template, &data, &options()).unwrap();
            assert_eq!(ours.expose(), case[key].as_str().unwrap().as_bytes(), "{case}");
        }
    }
}
