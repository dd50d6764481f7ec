//! Metadata in formats without nesting: a tree as a list of keys such as `age__list_0__map_enc`, and back (sops 3.13.2
//! `stores/flatten.go`).

use std::collections::BTreeMap;

use super::format::MAX_DEPTH;
use super::scalar::go_text;
use super::tree::{Key, Kind, Node};

const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// Why keys do not make a tree, or a tree no keys. `line` is where the key stands, 0 when that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FlattenError {
    /// What should be flattened is not a mapping.
    #[error("the metadata is not a mapping")]
    NotAMap,
    /// Two values would get the same key.
    #[error("two metadata entries would have the same key")]
    Collision,
    /// A key stands twice.
    #[error("a metadata key stands twice")]
    Duplicate {
        /// Of the second.
        line: usize,
    },
    /// A place holds more than one of a value, a mapping and a list.
    #[error("a metadata entry is a value and a collection at once")]
    Mismatch {
        /// Of the first of its keys.
        line: usize,
    },
    /// The positions of a list are not 0, 1, 2 and so on.
    #[error("a list in the metadata has gaps")]
    Incomplete {
        /// Of the first of its keys.
        line: usize,
    },
    /// Deeper than any metadata is.
    #[error("the metadata is nested too deeply")]
    TooDeep {
        /// Of the key.
        line: usize,
    },
}

impl FlattenError {
    /// The line, 0 when not known.
    pub fn line(&self) -> usize {
        match self {
            Self::NotAMap | Self::Collision => 0,
            Self::Duplicate { line } | Self::Mismatch { line } | Self::Incomplete { line } | Self::TooDeep { line } => {
                *line
            }
        }
    }

    /// The message, without the line.
    pub fn what(&self) -> &'static str {
        match self {
            Self::NotAMap => "the metadata is not a mapping",
            Self::Collision => "two metadata entries would have the same key",
            Self::Duplicate { .. } => "this metadata key stands twice",
            Self::Mismatch { .. } => "this metadata entry is a value and a collection at once",
            Self::Incomplete { .. } => "this list in the metadata has gaps",
            Self::TooDeep { .. } => "the metadata is nested too deeply",
        }
    }
}

/// Every value with its flat key, in the order of the tree. Empty collections vanish.
///
/// # Errors
/// [`FlattenError::NotAMap`], [`FlattenError::Collision`] and [`FlattenError::TooDeep`].
pub fn flatten(node: &Node) -> Result<Vec<(String, String)>, FlattenError> {
    let Kind::Map(entries) = &node.kind else {
        return Err(FlattenError::NotAMap);
    };
    let mut stack: Vec<(String, &Node, usize)> =
        entries.iter().rev().map(|(key, node)| (key.name.clone(), node, 1)).collect();
    let mut rows: Vec<(String, String)> = Vec::new();
    while let Some((key, node, depth)) = stack.pop() {
        if depth > MAX_DEPTH {
            return Err(FlattenError::TooDeep { line: node.line });
        }
        match &node.kind {
            Kind::Map(entries) => {
                let children = entries.iter().rev();
                stack.extend(children.map(|(name, node)| (format!("{key}{MAP}{}", name.name), node, depth + 1)));
            }
            Kind::List(items) => {
                let children = items.iter().enumerate().rev();
                stack.extend(children.map(|(at, node)| (format!("{key}{LIST}{at}"), node, depth + 1)));
            }
            scalar => rows.push((key, go_text(scalar).unwrap_or_default().into_owned())),
        }
    }
    let mut keys: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(FlattenError::Collision);
    }
    Ok(rows)
}

/// One step of a flat key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step<'a> {
    Key(&'a str),
    Position(i64),
}

fn steps(key: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let (mut is_position, mut start, mut at) = (false, 0, 0);
    let step = |is_position: bool, text| if is_position { Step::Position(position(text)) } else { Step::Key(text) };
    while let Some(found) = memchr::memmem::find(&key.as_bytes()[at..], b"__").map(|found| at + found) {
        let (next, skip) = match &key[found..] {
            rest if rest.starts_with(MAP) => (false, MAP.len()),
            rest if rest.starts_with(LIST) => (true, LIST.len()),
            _ => {
                at = found + 1;
                continue;
            }
        };
        steps.push(step(is_position, &key[start..found]));
        is_position = next;
        start = found + skip;
        at = start;
    }
    steps.push(step(is_position, &key[start..]));
    steps
}

/// Go's `Atoi` with its error ignored: 0 for what is not a number, the largest number for what is too large.
fn position(text: &str) -> i64 {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })
}

/// What is known of one place in the tree.
#[derive(Default)]
struct Place<'a> {
    line: usize,
    value: Option<String>,
    children: BTreeMap<Step<'a>, usize>,
}

/// The tree of flat keys, each with its value and line. Mappings are sorted by key.
///
/// # Errors
/// [`FlattenError`], as sops refuses it.
pub fn unflatten<'a>(rows: impl IntoIterator<Item = (&'a str, String, usize)>) -> Result<Node, FlattenError> {
    // Children come after their parents, so that the tree is put together from the end, without recursion.
    let mut places = vec![Place::default()];
    for (key, value, line) in rows {
        let steps = steps(key);
        if steps.len() > MAX_DEPTH {
            return Err(FlattenError::TooDeep { line });
        }
        let mut at = 0;
        for step in steps {
            let fresh = places.len();
            let next = *places[at].children.entry(step).or_insert(fresh);
            if next == fresh {
                places.push(Place { line, ..Place::default() });
            }
            at = next;
        }
        if places[at].value.replace(value).is_some() {
            return Err(FlattenError::Duplicate { line });
        }
    }
    let mut nodes: Vec<Option<Node>> = places.iter().map(|_| None).collect();
    for (at, place) in places.into_iter().enumerate().rev() {
        let kind = kind_of(place.value, &place.children, place.line, &mut nodes)?;
        nodes[at] = Some(Node { line: place.line, kind });
    }
    Ok(nodes[0].take().unwrap_or(Node::new(Kind::Map(Vec::new()))))
}

fn kind_of(
    value: Option<String>,
    children: &BTreeMap<Step<'_>, usize>,
    line: usize,
    nodes: &mut [Option<Node>],
) -> Result<Kind, FlattenError> {
    let keys = children.keys().filter(|step| matches!(step, Step::Key(_))).count();
    let positions = children.len() - keys;
    if usize::from(value.is_some()) + usize::from(keys > 0) + usize::from(positions > 0) > 1 {
        return Err(FlattenError::Mismatch { line });
    }
    if let Some(value) = value {
        return Ok(Kind::Str(value));
    }
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for (step, child) in children {
        let Some(node) = nodes[*child].take() else { continue };
        match step {
            Step::Key(name) => entries.push((Key { name: (*name).to_owned(), line: node.line }, node)),
            Step::Position(position) if usize::try_from(*position) == Ok(items.len()) => items.push(node),
            Step::Position(_) => return Err(FlattenError::Incomplete { line }),
        }
    }
    Ok(if positions > 0 { Kind::List(items) } else { Kind::Map(entries) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(node: &Node) -> String {
        match &node.kind {
            Kind::List(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
            Kind::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| format!("{}:{}", key.name, text(node)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
            scalar => go_text(scalar).unwrap().into_owned(),
        }
    }

    fn read(keys: &[&str]) -> Result<String, FlattenError> {
        let rows = keys.iter().enumerate().map(|(at, key)| (*key, at.to_string(), at + 1));
        unflatten(rows).map(|node| text(&node))
    }

    #[test]
    fn as_sops_reads_them() {
        assert_eq!(read(&[]).unwrap(), "{}");
        assert_eq!(read(&["b", "a"]).unwrap(), "{a:1 b:0}");
        assert_eq!(read(&["pgp__list_1__map_fp", "pgp__list_0__map_fp"]).unwrap(), "{pgp:[{fp:1} {fp:0}]}");
        assert_eq!(read(&["kms__list_0__map_context__map_a"]).unwrap(), "{kms:[{context:{a:0}}]}");
        assert_eq!(read(&["a__list_x"]).unwrap(), "{a:[0]}");
        assert_eq!(read(&["a__list_+0", "__map_"]).unwrap(), "{:{:1} a:[0]}");
        assert_eq!(read(&["a___map_b", "__x__map"]).unwrap(), "{__x__map:1 a_:{b:0}}");
    }

    #[test]
    fn as_sops_refuses_them() {
        assert_eq!(read(&["a", "a"]), Err(FlattenError::Duplicate { line: 2 }));
        assert_eq!(read(&["a__list_x", "a__list_0"]), Err(FlattenError::Duplicate { line: 2 }));
        assert_eq!(read(&["b", "a", "a__map_b"]), Err(FlattenError::Mismatch { line: 2 }));
        assert_eq!(read(&["a__list_0", "a__map_b"]), Err(FlattenError::Mismatch { line: 1 }));
        for position in ["1", "-1", "999999999999", "99999999999999999999999", "-99999999999999999999999"] {
            let key = format!("a__list_{position}");
            assert_eq!(read(&[&key]), Err(FlattenError::Incomplete { line: 1 }), "{position}");
        }
        assert_eq!(read(&["a__list_0", "a__list_2"]), Err(FlattenError::Incomplete { line: 1 }));
        assert_eq!(read(&[&MAP.repeat(100_000)]), Err(FlattenError::TooDeep { line: 1 }));
    }

    #[test]
    fn flattening() {
        let map = |entries: Vec<(&str, Node)>| {
            Node::new(Kind::Map(
                entries.into_iter().map(|(name, node)| (Key { name: name.into(), line: 0 }, node)).collect(),
            ))
        };
        let tree = map(vec![
            ("empty", Node::new(Kind::List(vec![]))),
            ("kms", Node::new(Kind::List(vec![Node::text("x"), map(vec![("role", Node::text("r"))])]))),
            ("n", Node::new(Kind::Int(2))),
            ("on", Node::new(Kind::Bool(true))),
        ]);
        let rows = flatten(&tree).unwrap();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(rows, [("kms__list_0", "x"), ("kms__list_1__map_role", "r"), ("n", "2"), ("on", "true")]);
        let twice = map(vec![("a__map_b", Node::text("")), ("a", map(vec![("b", Node::text(""))]))]);
        assert_eq!(flatten(&twice), Err(FlattenError::Collision));
        assert_eq!(flatten(&Node::text("")), Err(FlattenError::NotAMap));
        let mut deep = Node::text("");
        for _ in 0..400 {
            deep = Node::new(Kind::List(vec![deep]));
        }
        assert_eq!(flatten(&map(vec![("a", deep)])), Err(FlattenError::TooDeep { line: 0 }));
    }

    fn tree() -> impl Strategy<Value = Node> {
        let leaf = "[a-z]{0,3}".prop_map(Node::text);
        let tree = leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|items| Node::new(Kind::List(items))),
                prop::collection::btree_map("[a-z]{0,2}(_[a-z])?", inner, 1..4).prop_map(map_of),
            ]
        });
        prop::collection::btree_map("[a-z]{1,3}", tree, 0..4).prop_map(map_of)
    }

    fn map_of(entries: BTreeMap<String, Node>) -> Node {
        Node::new(Kind::Map(entries.into_iter().map(|(name, node)| (Key { name, line: 0 }, node)).collect()))
    }

    proptest! {
        #[test]
        fn there_and_back(tree in tree()) {
            let rows = flatten(&tree).unwrap();
            let back = unflatten(rows.iter().map(|(key, value)| (key.as_str(), value.clone(), 0))).unwrap();
            prop_assert!(back == tree);
        }

        #[test]
        fn never_panics(keys in prop::collection::vec("(a|_|__map_|__list_|0|1|-){0,6}", 0..6)) {
            let _ = unflatten(keys.iter().map(|key| (key.as_str(), String::new(), 0)));
        }
    }
}
