//! The output, without upstream's help: what `tests/it/kubeseal/output.rs` compares in full.

use super::*;
use crate::document::tree::Key;

fn map(entries: &[(&str, Node)]) -> Node {
    let entries = entries.iter().map(|(name, node)| (Key { name: (*name).to_owned(), line: 0 }, node.clone()));
    Node::new(Kind::Map(entries.collect()))
}

fn example() -> Node {
    map(&[
        ("kind", Node::text("X")),
        ("a10", Node::new(Kind::Int(1))),
        ("a9", Node::new(Kind::List(vec![Node::text("<&>"), map(&[("b", Node::text("no"))]), map(&[])]))),
        ("empty", Node::new(Kind::List(Vec::new()))),
        ("text", Node::text("one\n  two\n\n")),
        ("two\nlines", Node::text("x")),
        ("z", map(&[("y", Node::new(Kind::Bool(true))), ("x", Node::new(Kind::Null))])),
    ])
}

#[test]
fn json_is_gos() {
    let want = r#"{
  "kind": "X",
  "a10": 1,
  "a9": [
    "\u003c\u0026\u003e",
    {
      "b": "no"
    },
    {}
  ],
  "empty": [],
  "text": "one\n  two\n\n",
  "two\nlines": "x",
  "z": {
    "y": true,
    "x": null
  }
}
"#;
    assert_eq!(*objects([&example()], Format::Json), want);
}

#[test]
fn yaml_is_go_yamls() {
    let want = "---\na9:\n- <&>\n- b: \"no\"\n- {}\na10: 1\nempty: []\nkind: X\ntext: |+\n  one\n    two\n\n? |-\n  two\n  lines\n\
                : x\nz:\n  x: null\n  \"y\": true\n";
    assert_eq!(*objects([&example()], Format::Yaml), want);
    assert_eq!(objects([&example(), &example()], Format::Yaml).matches("---\n").count(), 2);
}

/// `a9 < a10 < a1b < a9`: the sorts of the standard library may panic over that.
#[test]
fn an_order_that_goes_in_circles_ends() {
    let names: Vec<String> =
        (0..200).map(|at| ["a9", "a10", "a1b", "0", "00"][at % 5].to_owned() + &"x".repeat(at / 5)).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), Node::text("v"))).collect();
    assert_eq!(objects([&map(&entries)], Format::Yaml).lines().count(), 201);
}

#[test]
fn formats_have_names() {
    assert_eq!("YAML".parse(), Ok(Format::Yaml));
    assert_eq!("".parse(), Ok(Format::Json));
    assert_eq!("xml".parse::<Format>().unwrap_err().to_string(), "unsupported output format: xml");
}
