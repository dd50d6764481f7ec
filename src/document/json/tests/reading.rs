//! What is read, as what, and what is refused.

use super::{commented, kind, show, strict, tree};
use crate::document::format::Format;
use crate::document::json::{Dialect, parse};
use crate::document::tree::Node;
use crate::document::value::Value;

#[test]
fn values_have_the_types_that_sops_gives_them() {
    for (token, shown) in [
        ("1", "1"),
        ("-0", "0"),
        ("-0.0", "-0.0f"),
        ("1.0", "1.0f"),
        ("1e2", "100.0f"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9.223372036854776e18f"),
        ("10000000000000000000", "1e19f"),
        ("true", "true"),
        ("false", "false"),
        ("null", "null"),
        (r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "\"a\\\"\\\\/\\u{8}\\u{c}\\n\\r\\té😀\""),
        (r#""\ud800x\udc00\ud800\u0041""#, "\"\u{fffd}x\u{fffd}\u{fffd}A\""),
        ("\"\u{7f}\u{2028}\"", "\"\\u{7f}\\u{2028}\""),
    ] {
        let document = strict(&format!("[{token}]"));
        assert_eq!(show(&Node::new(kind(document.value(0)))), shown, "{token}");
        assert_eq!(&document.text()[document.span(0)], token);
    }
}

#[test]
fn steps_stand_in_the_order_of_the_text() {
    let document = strict(r#" {"b": [1, {"\u0061": null}, []], "a": {}} "#);
    assert_eq!(show(&tree(&document)), r#"{"b":[1,{"a":null,},[],],"a":{},}"#);
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for (text, line, column, what) in [
        ("", 1, 1, "the text is empty: expected an object"),
        (" \n", 2, 1, "the text is empty: expected an object"),
        ("\"a\"", 1, 1, "the top level must be an object or an array, not a single value"),
        ("a: 1", 1, 1, "expected an object: the text does not begin with \"{\""),
        ("{\"a\":1}\n{", 2, 1, "expected nothing more after the top-level value"),
        ("{\n\"a\":1,\n \"\\u0061\":2}", 3, 2, "this key stands twice in one object"),
        ("{\"a\":1,}", 1, 8, "a comma stands before the closing bracket, which JSON does not allow"),
        ("{\"a\":1 //x\n}", 1, 8, "comments are not part of JSON (they are read in .jsonc files)"),
        ("{\"a\":\"é\u{1}\"}", 1, 8, "a control character in a string must be escaped"),
        ("{\"a\":\"é\n\"}", 1, 8, "a line ends inside a string"),
        ("{\"a\":\"x", 1, 6, "this string has no closing quote"),
        (r#"{"a":"\x"}"#, 1, 7, "unknown escape sequence"),
        (r#"{"a":"\u12g4"}"#, 1, 7, "\\u needs four hexadecimal digits"),
        ("{\"a\":01}", 1, 6, "a number must not begin with a zero that does not count"),
        ("{\"a\":-}", 1, 6, "this is not a number as JSON writes it"),
        ("{\"a\":1.}", 1, 6, "this is not a number as JSON writes it"),
        ("{\"a\":1e+}", 1, 6, "this is not a number as JSON writes it"),
        ("{\"a\":0x1F}", 1, 6, "this is not a number as JSON writes it"),
        ("{\"a\":NaN}", 1, 6, "expected a value"),
        ("{\"a\":+1}", 1, 6, "expected a value"),
        ("{\"a\":truex}", 1, 10, "expected \",\" or \"}\""),
        ("{a:1}", 1, 2, "expected a key in double quotes"),
        ("{\"a\" 1}", 1, 6, "expected \":\" after the key"),
        ("[1 2]", 1, 4, "expected \",\" or \"]\""),
        ("[,1]", 1, 2, "expected a value"),
        ("{\"a\":", 1, 6, "the text ends where a value is expected"),
        ("{\"a\":1", 1, 7, "the text ends inside an object or array"),
        ("{\"a\":1\u{a0}}", 1, 7, "expected \",\" or \"}\""),
        ("{\n<<<<<<< HEAD\n\"a\":1\n", 2, 1, "this file has unresolved Git conflict markers"),
        ("{\n\"a\":1\n=======\n", 3, 1, "this file has unresolved Git conflict markers"),
        ("{}\n>>>>>>> x\n", 2, 1, "this file has unresolved Git conflict markers"),
    ] {
        let error = parse(text.to_owned(), Dialect::Strict).unwrap_err();
        assert_eq!((error.line, error.column, error.what), (line, column, what), "{text:?}");
    }
}

#[test]
fn comments_and_trailing_commas_are_read_where_they_are_allowed() {
    let text = "// a\n{ /* } */ \"a\": [1, /* , */ 2, // ]\n], \"b\": {\"c\":1,},\n}// end";
    let document = commented(text);
    assert_eq!(show(&tree(&document)), r#"{"a":[1,2,],"b":{"c":1,},}"#);
    let whats: Vec<_> = document.unrepresentable().iter().map(|problem| (problem.offset, problem.is_final)).collect();
    assert_eq!(whats, [(0, false), (text.find("], \"b\"").unwrap(), false)]);
    for text in ["{/", "{/*", "{/*/", "{/x", "{\"a\":1,,}", "{,}", "[1,/*", "{//"] {
        assert!(parse(text.to_owned(), Dialect::Commented).is_err(), "{text:?}");
    }
}

#[test]
fn what_sops_cannot_keep_is_reported() {
    for (text, wanted) in [
        ("{\"a\":[1,-0,1.0,0.1,1e2,1e-7,100000000000000000000,1.50,0e999999999999999999999]}", None),
        ("\u{feff}{}", Some((0, false))),
        (" []", Some((1, false))),
        ("{\"a\":9223372036854775809}", Some((5, false))),
        ("{\"a\":0.1234567890123456789}", Some((5, false))),
        ("{\"a\":1e-400}", Some((5, false))),
        ("{\"a\":1e400}", Some((5, true))),
        ("{\"a\":-1e99999999999999999999999}", Some((5, true))),
        ("{\"a\":\"x\\ud800\"}", Some((7, true))),
        ("{\"a\":\"\\udc00\\ud800\"}", Some((6, true))),
        ("{\"a\":\"\\ufffd\\ud83d\\ude00\u{fffd}\"}", None),
    ] {
        let document = strict(text);
        let found = document.unrepresentable().first().map(|problem| (problem.offset, problem.is_final));
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn spellings_escape_as_little_as_json_allows() {
    let document = strict("[1]");
    for (value, wanted) in [
        (Value::Str("</é😀\u{7f}\u{2028}\"\\\u{0}\u{8}\u{c}\n\r\t\u{1f}".into()), {
            "\"</é😀\u{7f}\u{2028}\\\"\\\\\\u0000\\b\\f\\n\\r\\t\\u001f\""
        }),
        (Value::Float(1.0), "1"),
        (Value::Float(9e18), "9000000000000000000"),
        (Value::Float(-0.0), "-0.0"),
        (Value::Float(1e21), "1e+21"),
        (Value::Float(1e-7), "1e-7"),
        (Value::Float(1e20), "100000000000000000000.0"),
        (Value::Int(-5), "-5"),
        (Value::Null, "null"),
        (Value::Bool(true), "true"),
        (Value::Time("2001-12-14T21:59:43Z".into()), "\"2001-12-14T21:59:43Z\""),
    ] {
        let mut out = String::new();
        document.spell(0, &value, &mut out).unwrap();
        assert_eq!(out, wanted);
    }
    for value in
        [Value::Bytes(vec![0xff]), Value::Float(f64::NAN), Value::Float(f64::INFINITY), Value::BigInt(u64::MAX)]
    {
        assert!(document.spell(0, &value, &mut String::new()).is_err());
    }
}

#[test]
fn nothing_of_the_text_is_shown() {
    assert_eq!(format!("{:?}", strict("{\"a\":\"hush\"}")), "JsonDocument(12 bytes)");
}
