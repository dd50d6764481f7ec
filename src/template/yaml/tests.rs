//! YAML as Kubernetes has it; `tests/it/template` compares with Go at large.

use super::*;
use crate::template::text::Buffer;

fn shown(text: &str) -> String {
    match parse(text.as_bytes()) {
        Ok(value) => {
            let mut out = Buffer::new(1 << 16);
            crate::template::json::encode(&mut out, &value, crate::template::json::Style::Raw).unwrap();
            String::from_utf8(out.bytes().to_vec()).unwrap()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn anything_is_parsed() {
    for (text, wanted) in [
        ("", "null"),
        ("x", "\"x\""),
        ("9007199254740993", "9007199254740993"),
        ("[yes, 0x10, 1.50, ~, 2024-01-02]", "[true,16,1.5,null,\"2024-01-02\"]"),
        ("{1: a, true: b, 1.5: c}", "{\"1\":\"a\",\"1.5\":\"c\",\"true\":\"b\"}"),
        ("a: 1\na: 2\n", "{\"a\":2}"),
        (
            "x: &x {a: 1, b: 2}\nw: {a: 3, <<: *x}\nz: {<<: *x, a: 3}\n",
            "{\"w\":{\"a\":1,\"b\":2},\"x\":{\"a\":1,\"b\":2},\"z\":{\"a\":3,\"b\":2}}",
        ),
        ("a: 1\n---\n]: nonsense\n", "{\"a\":1}"),
        ("a: .nan", "line 1: JSON has no such number"),
        ("~: 1", "line 1: a key is of a type that JSON has no keys of"),
        ("[a]: 1", "line 1: a key is a mapping or a list"),
        ("a: !!int x", "line 1: the value contradicts its tag"),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
    }
}

#[test]
fn what_grows_without_bound_is_an_error() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{items}]\n");
    }
    assert!(matches!(parse(bomb.as_bytes()), Err(YamlError::TooMuch { .. })));
    assert!(string_map(bomb.as_bytes()).is_err());
    let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(parse(deep.as_bytes()).is_err());
    assert!(string_map(deep.as_bytes()).is_err());
    assert!(string_map(b"a: \xff").is_err());
}

#[test]
fn errors_say_what_is_wrong_and_hold_no_value() {
    let error = |text: &str| string_map(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(error("- hunter2"), "line 1: a list stands where a mapping must");
    assert_eq!(error("hunter2"), "line 1: a text stands where a mapping must");
    assert_eq!(error("a: x\nhunter2: [1]"), "line 2: a list stands where a text must");
    let shown = format!("{:?}", string_map(b"a: hunter2").unwrap());
    assert_eq!(shown, "[(\"a\", [REDACTED])]");
}
