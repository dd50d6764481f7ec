//! Whole trees as sops 3.13.2 prints them; the wanted texts are its output.

use super::{int, list, map};
use crate::document::json::emit::{Indent, pretty};
use crate::document::tree::{Kind, Node};

fn float(value: f64) -> Node {
    Node::new(Kind::Float(value))
}

fn sample() -> Node {
    let numbers = [1.0, 1e21, 1.5e21, 1e20, 1e-6, 1e-7, 1.5e-9, -0.0, 123456789.125, 1e300, 12345678901234567890.0];
    let deep = list(vec![list(vec![int(1)]), map(vec![("x", int(1))]), list(vec![]), map(vec![])]);
    map(vec![
        ("k<&>\u{2028}\u{7f}", Node::text("<a>&\u{2028}\u{2029}\u{7f}\u{1}\u{8}\u{c}\n\r\t\"\\/é😀")),
        ("empty", map(vec![])),
        ("f", list(numbers.into_iter().map(float).collect())),
        ("b", list(vec![Node::new(Kind::Bool(true)), Node::new(Kind::Null), Node::text(""), int(-5)])),
        ("t", Node::new(Kind::Time("2001-12-14T21:59:43.1-05:00".into()))),
        ("n", map(vec![("a", deep)])),
    ])
}

const TABS: &str = r#"{
	"k\u003c\u0026\u003e\u2028": "\u003ca\u003e\u0026\u2028\u2029\u0001\b\f\n\r\t\"\\/é😀",
	"empty": {},
	"f": [
		1,
		1e+21,
		1.5e+21,
		100000000000000000000,
		0.000001,
		1e-7,
		1.5e-9,
		-0,
		123456789.125,
		1e+300,
		12345678901234567000
	],
	"b": [
		true,
		null,
		"",
		-5
	],
	"t": "2001-12-14T21:59:43.1-05:00",
	"n": {
		"a": [
			[
				1
			],
			{
				"x": 1
			},
			[],
			{}
		]
	}
}
"#;

#[test]
fn trees_are_printed_as_sops_prints_them() {
    for (indent, unit) in [(Indent::Tab, "\t"), (Indent::Spaces(0), ""), (Indent::Spaces(2), "  ")] {
        let mut out = String::new();
        pretty(&sample(), indent, &mut out).unwrap();
        assert_eq!(out, TABS.replace('\t', unit));
    }
    let mut out = String::new();
    pretty(&map(vec![]), Indent::Tab, &mut out).unwrap();
    assert_eq!(out, "{}\n");
}

#[test]
fn numbers_that_json_has_not_are_refused() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(pretty(&list(vec![float(value)]), Indent::Tab, &mut String::new()).is_err());
    }
}
