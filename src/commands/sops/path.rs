//! Paths as sops reads them (sops 3.13.2 `cmd/sops/main.go`, `parseTreePath`): `["a"][0]['b']`, no escapes. Pure.

use crate::document::path::{KeyPath, MAX_LENGTH, MAX_STEPS, Step};
use crate::document::tree::{Key, Kind, Node};

/// Reads a path.
///
/// # Errors
/// What is wrong, as sops says it.
pub fn parse(text: &str) -> Result<KeyPath, String> {
    let mut steps = Vec::new();
    if text.len() > MAX_LENGTH {
        return Err("the path is too long".into());
    }
    for part in text.split('[').filter(|part| !part.is_empty()) {
        let Some(part) = part.strip_suffix(']') else {
            return Err(format!("component {part} doesn't end with ]"));
        };
        let quoted = ['"', '\''].iter().any(|quote| part.starts_with(*quote));
        steps.push(if quoted {
            let mut inner = part.chars();
            inner.next();
            inner.next_back();
            Step::Key(inner.as_str().to_owned())
        } else {
            Step::Index(part.parse().map_err(|_| format!("component {part} is no position"))?)
        });
        if steps.len() > MAX_STEPS {
            return Err("the path has too many components".into());
        }
    }
    Ok(KeyPath(steps))
}

/// What stands at a path.
///
/// # Errors
/// Nothing does; what sops says then.
pub fn find<'n>(node: &'n Node, path: &KeyPath) -> Result<&'n Node, String> {
    let mut node = node;
    for step in &path.0 {
        node = match (step, &node.kind) {
            (Step::Key(name), Kind::Map(_)) => {
                node.get(name).ok_or_else(|| format!("component ['{name}'] not found"))?
            }
            (Step::Index(at), Kind::List(items)) => {
                items.get(*at).ok_or_else(|| format!("component [{at}] accesses out of bounds"))?
            }
            (Step::Key(name), _) => return Err(format!("component ['{name}'] not found")),
            (Step::Index(at), _) => return Err(format!("component [{at}] accesses something that is no list")),
        };
    }
    Ok(node)
}

/// `value` below what the steps name: a key makes a mapping, a position a list of one item, whatever the position.
pub fn nest(steps: &[Step], value: Node) -> Node {
    steps.iter().rev().fold(value, |value, step| {
        Node::new(match step {
            Step::Key(name) => Kind::Map(vec![(Key { name: name.clone(), line: 0 }, value)]),
            Step::Index(_) => Kind::List(vec![value]),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (text, expected) in [
            ("[\"a\"][0]['b']", Ok("a[0].b")),
            ("[\"a.b\"]", Ok("\"a.b\"")),
            ("", Ok("")),
            ("[\"a\"", Err("component \"a\" doesn't end with ]")),
            ("a.b", Err("component a.b doesn't end with ]")),
            ("[x]", Err("component x is no position")),
            ("[-1]", Err("component -1 is no position")),
            ("[\"]", Ok("\"\"")),
        ] {
            let found = parse(text).map(|path| path.to_string());
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn new_parents() {
        let node = nest(&[Step::Key("a".into()), Step::Index(7)], Node::text("x"));
        let found = find(&node, &parse("[\"a\"][0]").unwrap()).unwrap();
        assert!(found.kind == Kind::Str("x".into()));
        assert_eq!(find(&node, &parse("[\"b\"]").unwrap()).unwrap_err(), "component ['b'] not found");
        assert_eq!(find(&node, &parse("[\"a\"][1]").unwrap()).unwrap_err(), "component [1] accesses out of bounds");
    }
}
