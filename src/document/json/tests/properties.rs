//! What holds for every document.

use proptest::prelude::*;

use super::generate::{Sample, Tree, sample};
use super::{int, kind, list, map, sample_metadata, show, tree, with_metadata, without_lines, without_metadata};
use crate::document::edits::Edits;
use crate::document::format::{Event, Format};
use crate::document::json::{Dialect, JsonDocument, parse};
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::whole;
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

fn any_sample() -> impl Strategy<Value = Sample> {
    prop_oneof![sample(false), sample(true)]
}

fn read(text: &str) -> JsonDocument {
    parse(text.to_owned(), Dialect::Commented).unwrap()
}

/// The tokens of keys and values in order.
fn tokens(tree: &Tree, out: &mut Vec<String>) {
    match tree {
        Tree::Token(token) => out.push(token.clone()),
        Tree::List(items) => items.iter().for_each(|item| tokens(item, out)),
        Tree::Map(entries) => entries.iter().for_each(|(_, value)| tokens(value, out)),
    }
}

/// serde_json does not round the last digit of every float.
fn agrees(ours: &Node, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as Theirs;
    match (&ours.kind, theirs) {
        (Kind::Null, Theirs::Null) => true,
        (Kind::Bool(ours), Theirs::Bool(theirs)) => ours == theirs,
        (Kind::Str(ours), Theirs::String(theirs)) => ours == theirs,
        // It reads `-0` as a float.
        (Kind::Int(ours), Theirs::Number(theirs)) => {
            theirs.as_i64() == Some(*ours) || *ours == 0 && theirs.as_f64() == Some(0.0)
        }
        (Kind::Float(ours), Theirs::Number(theirs)) => {
            let theirs = theirs.as_f64().unwrap();
            *ours == theirs || (ours - theirs).abs() <= ours.abs() * 1e-15
        }
        (Kind::List(ours), Theirs::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| agrees(ours, theirs))
        }
        (Kind::Map(ours), Theirs::Object(theirs)) => {
            ours.len() == theirs.len() && ours.iter().all(|(key, ours)| agrees(ours, &theirs[&key.name]))
        }
        _ => false,
    }
}

/// Every path that exists, the root aside.
fn paths(node: &Node, here: &KeyPath, out: &mut Vec<KeyPath>) {
    let mut down = |step: Step, node: &Node| {
        let mut path = here.clone();
        path.0.push(step);
        out.push(path.clone());
        paths(node, &path, out);
    };
    match &node.kind {
        Kind::Map(entries) => entries.iter().for_each(|(key, node)| down(Step::Key(key.name.clone()), node)),
        Kind::List(items) => items.iter().enumerate().for_each(|(at, node)| down(Step::Index(at), node)),
        _ => {}
    }
}

/// What `set` (or, without a value, `unset`) is to make of a tree.
fn model(node: &mut Node, path: &[Step], value: Option<&Node>) {
    let (step, rest) = path.split_first().unwrap();
    match (&mut node.kind, step) {
        (Kind::Map(entries), Step::Key(name)) => {
            let at = entries.iter().position(|(key, _)| key.name == *name);
            match (at, value) {
                (Some(at), _) if !rest.is_empty() => model(&mut entries[at].1, rest, value),
                (Some(at), Some(value)) => entries[at].1 = value.clone(),
                (Some(at), None) => drop(entries.remove(at)),
                (None, _) => {
                    let mut new = value.unwrap().clone();
                    if !rest.is_empty() {
                        new = map(vec![]);
                        model(&mut new, rest, value);
                    }
                    entries.push((Key { name: name.clone(), line: 0 }, new));
                }
            }
        }
        (Kind::List(items), Step::Index(at)) => match value {
            _ if !rest.is_empty() => model(&mut items[*at], rest, value),
            Some(value) if *at == items.len() => items.push(value.clone()),
            Some(value) => items[*at] = value.clone(),
            None => drop(items.remove(*at)),
        },
        _ => panic!("no such path"),
    }
}

fn value() -> impl Strategy<Value = Node> {
    prop::sample::select(vec![
        int(7),
        Node::text("x\n\"é\u{1}"),
        Node::new(Kind::Float(3.0)),
        Node::new(Kind::Null),
        map(vec![]),
        list(vec![int(1), map(vec![("k\t", list(vec![])), ("l", int(2))])]),
        map(vec![("k", Node::text("v")), ("m", map(vec![("n", Node::new(Kind::Bool(true)))]))]),
    ])
}

fn comments(text: &str) -> usize {
    text.matches("x, }").count() + text.matches("/* , ] */").count() + text.matches("/* y */").count()
}

proptest! {
    #[test]
    fn values_are_those_that_serde_json_reads(sample in sample(false)) {
        let document = parse(sample.text.clone(), Dialect::Strict).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(&sample.text).unwrap();
        prop_assert!(agrees(&tree(&document), &theirs));
    }

    #[test]
    fn spans_are_the_tokens_in_order(sample in any_sample()) {
        let document = read(&sample.text);
        let mut wanted = Vec::new();
        tokens(&sample.tree, &mut wanted);
        let leaves = document.events().iter().filter_map(|event| match event {
            Event::Scalar(leaf) => Some(document.text()[document.span(*leaf)].to_owned()),
            _ => None,
        });
        prop_assert_eq!(leaves.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn metadata_leaves_no_trace(sample in any_sample()) {
        let document = read(&sample.text);
        let written = with_metadata(&document, &sample_metadata());
        let encrypted = document.reparse(written.clone(), None).unwrap();
        prop_assert_eq!(show(&without_lines(&encrypted.metadata().unwrap().unwrap())), show(&sample_metadata()));
        prop_assert_eq!(show(&tree(&*encrypted)), show(&tree(&document)));
        prop_assert_eq!(encrypted.unrepresentable().len(), document.unrepresentable().len());
        prop_assert_eq!(without_metadata(&*encrypted), sample.text);
    }

    #[test]
    fn spelled_values_read_back(sample in any_sample(), other in value()) {
        let document = read(&sample.text);
        let mut edits = Edits::default();
        let mut wanted = Vec::new();
        for event in document.events() {
            let Event::Scalar(leaf) = *event else { continue };
            let value = match (&other.kind, leaf % 3) {
                (Kind::Int(other), 0) => Value::Int(*other),
                (Kind::Float(other), 0) => Value::Float(*other),
                (Kind::Str(other), 0) => Value::Str(other.into()),
                _ => document.value(leaf),
            };
            wanted.push(show(&Node::new(kind(whole(&value).unwrap_or_else(|| value.clone())))));
            edits.replace_by(0, |out| {
                document.spell(leaf, &value, out).unwrap();
                document.span(leaf)
            });
        }
        document.insert_metadata(&sample_metadata(), &mut edits);
        let changed = document.reparse(edits.apply(document.text()).to_string(), None).unwrap();
        let leaves = (0..wanted.len()).map(|leaf| show(&Node::new(kind(changed.value(leaf)))));
        prop_assert_eq!(leaves.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn set_changes_one_path(sample in any_sample(), value in value(), pick in any::<prop::sample::Index>(), add in 0..4, encrypted: bool) {
        let document = read(&sample.text);
        let document = if encrypted { read(&with_metadata(&document, &sample_metadata())) } else { document };
        let before = tree(&document);
        let mut all = vec![KeyPath::default()];
        paths(&before, &KeyPath::default(), &mut all);
        let mut path = all.swap_remove(pick.index(all.len()));
        match (add, at(&before, &path)) {
            (1.., Kind::Map(_)) => (0..add).for_each(|_| path.0.push(Step::Key("new".into()))),
            (1.., Kind::List(items)) => path.0.push(Step::Index(items.len())),
            _ => {}
        }
        if path.is_root() {
            prop_assert!(document.set(&path, &value).is_err());
            return Ok(());
        }
        let change = document.set(&path, &value).unwrap();
        let text = document.with(&change);
        let mut wanted = before;
        model(&mut wanted, &path.0, Some(&value));
        let changed = read(&text);
        prop_assert_eq!(show(&tree(&changed)), show(&wanted), "{} {}", path, text.as_str());
        prop_assert_eq!(changed.metadata().unwrap().map(|node| without_lines(&node)), document.metadata().unwrap().map(|node| without_lines(&node)));
        if add > 0 {
            prop_assert_eq!(comments(&text), comments(document.text()));
        }
    }

    #[test]
    fn unset_removes_one_path(sample in any_sample(), pick in any::<prop::sample::Index>(), encrypted: bool) {
        let document = read(&sample.text);
        let document = if encrypted { read(&with_metadata(&document, &sample_metadata())) } else { document };
        let before = tree(&document);
        let mut all = Vec::new();
        paths(&before, &KeyPath::default(), &mut all);
        if all.is_empty() {
            return Ok(());
        }
        let path = all.swap_remove(pick.index(all.len()));
        let text = document.with(&document.unset(&path).unwrap());
        let mut wanted = before;
        model(&mut wanted, &path.0, None);
        let changed = read(&text);
        prop_assert_eq!(show(&tree(&changed)), show(&wanted), "{} {}", path, text.as_str());
        prop_assert_eq!(changed.metadata().unwrap().is_some(), encrypted);
    }
}

fn at<'n>(node: &'n Node, path: &KeyPath) -> &'n Kind {
    let mut node = node;
    for step in &path.0 {
        node = match (&node.kind, step) {
            (Kind::Map(_), Step::Key(name)) => node.get(name).unwrap(),
            (Kind::List(items), Step::Index(at)) => &items[*at],
            _ => panic!("no such path"),
        };
    }
    &node.kind
}
