//! The language itself; `tests/it/template` compares with Go at large.

use super::*;

fn options() -> Options<'static> {
    Options::new("2026-11-25T12:00:00Z".parse().unwrap())
}

fn data() -> Value {
    Value::texts([("user", SecretBytes::new(b"admin".to_vec())), ("pass", SecretBytes::new(b"hunter2".to_vec()))])
}

fn rendered(text: &str) -> String {
    match render("t", text, &data(), &options()) {
        Ok(out) => String::from_utf8_lossy(out.expose()).into_owned(),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn error(text: &str) -> String {
    match render("t", text, &data(), &options()) {
        Ok(out) => panic!("{text}: {}", String::from_utf8_lossy(out.expose())),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_language() {
    for (text, wanted) in [
        ("{{ .user }}:{{ .pass }}", "admin:hunter2"),
        ("{{ .nope }}", "<no value>"),
        ("{{ index . \"nope\" }}", ""),
        ("a {{- /* comment */ -}} b", "ab"),
        ("{{ if .user }}y{{ else }}n{{ end }}", "y"),
        ("{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}", "pass=hunter2;user=admin;"),
        (
            "{{ range 5 }}{{ if eq . 3 }}{{ break }}{{ end }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ end }}",
            "02",
        ),
        ("{{ define \"x\" }}<{{ . }}>{{ end }}{{ template \"x\" .user }}", "<admin>"),
        ("{{ with $x := .user }}{{ $x }}{{ . }}{{ end }}", "adminadmin"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ printf \"%05d|%-5s|%q\" 42 \"a\" .user }}", "00042|a    |\"admin\""),
        ("{{ and 0 (index 1) }}{{ or 1 (index 1) }}", "01"),
    ] {
        assert_eq!(rendered(text), wanted, "{text}");
    }
}

#[test]
fn errors_say_where_and_never_a_value() {
    assert_eq!(
        error("a\n{{ index .user .pass }}"),
        "template `t`, line 2, column 4: `index`: a value of type string cannot be used here"
    );
    assert_eq!(error("{{ nope }}"), "template `t`, line 1, column 4: there is no function `nope`");
    let missing = Options { missing_key: MissingKey::Error, ..options() };
    let error = render("t", "{{ .nope }}", &data(), &missing).unwrap_err();
    assert_eq!(error.to_string(), "template `t`, line 1, column 4: there is no key `nope`");
}

#[test]
fn limits_are_errors() {
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(error(&deep).contains("nested too deeply"));
    assert!(
        error("{{ define \"x\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}").contains("nested too deeply")
    );
    assert!(error("{{ range 100000000000 }}{{ end }}").contains("too many steps"));
    assert!(error("{{ range 2000000 }}abcdefghij{{ end }}").contains("too long"));
    assert!(error("{{ printf \"%1000000d%1000000d%1000000d%1000000d%1000000d\" 1 1 1 1 1 }}").contains("too long"));
}
