//! JSON against what Go prints.

use super::{FloatForm, Json, JsonError, MAX_DEPTH, Numbers, Style, float_text, parse_float, read};
use crate::external::golden;

#[test]
fn floats_have_three_texts() {
    for case in golden::cases("float_text") {
        let number = parse_float(golden::text(&case, "percent_v").as_bytes());
        for (form, name) in
            [(FloatForm::Plain, "f_minus1"), (FloatForm::Json, "json_marshal"), (FloatForm::General, "percent_v")]
        {
            assert_eq!(float_text(number, form), golden::text(&case, name), "{name}");
        }
    }
    assert_eq!(float_text(parse_float(b"1e400"), FloatForm::Plain), "+Inf");
    assert_eq!(float_text(parse_float(b"-1e400"), FloatForm::Plain), "-Inf");
    assert_eq!(float_text(parse_float(b"NaN"), FloatForm::Plain), "NaN");
    assert_eq!(parse_float(b"x"), 0.0);
    assert_eq!(parse_float(b"\xff"), 0.0);
}

const GO: Style = Style { html: true, numbers: Numbers::Floats };

fn written(text: &str, style: Style) -> String {
    String::from_utf8(read(text.as_bytes()).unwrap().to_json(style).unwrap().expose().to_vec()).unwrap()
}

#[test]
fn writing_sorts_and_escapes() {
    let text =
        r#" { "b" : [1.50, 1e21, 12345678901234567890, -0], "a" : "<\u2028\u0001\ud83d\ude00\ud83d>" , "a2": null } "#;
    let floats = r#"{"a":"\u003c\u2028\u0001😀�\u003e","a2":null,"b":[1.5,1e+21,12345678901234567000,-0]}"#;
    assert_eq!(written(text, GO), floats);
    let spelled = written(text, Style { html: false, numbers: Numbers::Spelled });
    assert_eq!(spelled, r#"{"a":"<\u2028\u0001😀�>","a2":null,"b":[1.50,1e21,12345678901234567890,-0]}"#);
    let kept = written(text, Style { html: false, numbers: Numbers::KeepIntegers });
    assert_eq!(kept, r#"{"a":"<\u2028\u0001😀�>","a2":null,"b":[1.5,1e+21,12345678901234567890,-0]}"#);
}

#[test]
fn bytes_of_values() {
    for (text, bytes) in [
        ("null", ""),
        ("true", "true"),
        ("\"a\\u003cb\"", "a<b"),
        ("1e21", "1000000000000000000000"),
        ("1.50", "1.5"),
        ("[1, \"<\"]", "[1,\"\\u003c\"]"),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap().to_bytes(GO).unwrap().expose(), bytes.as_bytes(), "{text}");
    }
    assert_eq!(read(b"1e999").unwrap().to_bytes(GO).unwrap_err(), JsonError::Range);
}

#[test]
fn spans_are_the_bytes_of_the_text() {
    let text = br#" {"a" : { "b" : 1 } , "c":"x\n" }"#;
    let fields = read(text).unwrap().object().unwrap();
    assert_eq!(&text[fields["a"].span.clone()], br#"{ "b" : 1 }"#);
    assert_eq!(&text[fields["c"].span.clone()], br#""x\n""#);
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[1,",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "01",
        "1.",
        "-",
        "1e",
        "+1",
        "tru",
        "nul",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\t\"",
        "1 2",
        "{a:1}",
        "'a'",
        "NaN",
    ] {
        assert!(matches!(read(text.as_bytes()), Err(JsonError::Syntax(_))), "{text}");
    }
    assert_eq!(read("[".repeat(MAX_DEPTH + 2).as_bytes()).unwrap_err(), JsonError::Depth);
    assert!(matches!(read(&[b'"', 0xff, b'"']).unwrap().value, Json::Text(text) if text.expose() == "\u{fffd}"));
    assert_eq!(read(b"[1]").unwrap().object().unwrap_err(), JsonError::NoObject);
    assert_eq!(format!("{:?}", read(b"[\"hunter2\"]").unwrap()), "[REDACTED]");
}
