//! What `fmt` of Go 1.26 prints.

use super::*;
use crate::template::value::Value;

fn formatted(format: &str, values: &[Value]) -> String {
    let mut out = Buffer::new(100_000);
    printf(&mut out, format.as_bytes(), values).unwrap();
    String::from_utf8_lossy(out.bytes()).into_owned()
}

#[test]
fn floats_have_an_exponent_from_a_million_on() {
    for (value, text) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (100_000.0, "100000"),
        (1e6, "1e+06"),
        (123_456_789.0, "1.23456789e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.5, "1.5"),
        (1e21, "1e+21"),
        (f64::INFINITY, "+Inf"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(formatted("%v", &[Value::Float(value)]), text);
    }
}

#[test]
fn wrong_verbs_are_said() {
    assert_eq!(formatted("%d", &[Value::text("a")]), "%!d(string=a)");
    assert_eq!(formatted("%d %s", &[Value::Int(1)]), "1 %!s(MISSING)");
    assert_eq!(formatted("x", &[Value::Int(1), Value::Nil]), "x%!(EXTRA int=1, <nil>)");
    assert_eq!(formatted("%", &[]), "%!(NOVERB)");
}
