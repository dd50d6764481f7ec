//! What every format of this kind has to do, as checks that its tests call with texts of their own.

use proptest::prelude::*;

use crate::document::edits::Edits;
use crate::document::format::{Event, Format, FormatError, PathError, Shape};
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::{append_plain_bytes, type_word};
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

const CIPHERTEXT: &str = "ENC[AES256_GCM,data:rlqo/A+=,iv:o9pV=,tag:yQ/g==,type:str]";

/// Metadata as sops has it, and one field of every other kind.
pub(in crate::document) fn metadata() -> Node {
    let map = |entries: Vec<(&str, Node)>| {
        let entries = entries.into_iter().map(|(name, node)| (Key { name: name.into(), line: 0 }, node));
        Node::new(Kind::Map(entries.collect()))
    };
    let enc = "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n";
    let age = |name: &str| map(vec![("enc", Node::text(enc)), ("recipient", Node::text(name))]);
    map(vec![
        ("age", Node::new(Kind::List(vec![age("age1a"), age("age1b")]))),
        ("lastmodified", Node::text("2026-01-02T03:04:05Z")),
        ("mac", Node::text(CIPHERTEXT)),
        ("mac_only_encrypted", Node::new(Kind::Bool(true))),
        ("shamir_threshold", Node::new(Kind::Int(2))),
        ("unencrypted_suffix", Node::text("_\"'\\ ${x} %{y}\t")),
        ("version", Node::text("3.13.2")),
        ("x_unknown", map(vec![("b c", Node::text("é\u{1}=:# !"))])),
    ])
}

fn bytes(value: &Value<'_>) -> (String, Vec<u8>) {
    let mut out = Vec::new();
    append_plain_bytes(value, &mut out);
    (format!("{}{}", type_word(value).as_str(), matches!(value, Value::Null)), out)
}

/// The leaves of a document by their events: number and path.
pub(in crate::document) fn leaves(document: &dyn Format) -> Vec<(usize, KeyPath)> {
    let mut found = Vec::new();
    let mut steps: Vec<Step> = Vec::new();
    let mut open: Vec<(Shape, usize)> = Vec::new();
    let mut awaits_value = true;
    for event in document.events() {
        match *event {
            Event::Comment(_) => assert!(!open.is_empty(), "a comment outside"),
            Event::Open(shape) => {
                assert!(awaits_value);
                open.push((shape, 0));
            }
            Event::Close => {
                assert!(!awaits_value);
                open.pop().expect("balanced");
                steps.pop();
            }
            Event::Key(key) => {
                assert_eq!(open.last().expect("in a mapping").0, Shape::Map);
                steps.push(Step::Key(document.key(key).to_owned()));
            }
            Event::Item => {
                let (shape, count) = open.last_mut().expect("in a list");
                assert_eq!(*shape, Shape::List);
                steps.push(Step::Index(*count));
                *count += 1;
            }
            Event::Scalar(leaf) => {
                assert!(awaits_value);
                found.push((leaf, KeyPath(steps.clone())));
                steps.pop();
            }
        }
        awaits_value = matches!(event, Event::Key(_) | Event::Item);
    }
    assert!(open.is_empty() && steps.is_empty());
    found
}

/// The texts of the comments and keys, and those of items that are leaves, in the order of the events.
pub(in crate::document) fn order(document: &dyn Format) -> Vec<String> {
    let mut found = Vec::new();
    let mut item = false;
    for event in document.events() {
        match *event {
            Event::Key(key) => found.push(document.key(key).to_owned()),
            Event::Comment(comment) => found.push(document.comment_text(comment).trim_start().to_owned()),
            Event::Scalar(leaf) if item => found.push(document.text()[document.span(leaf)].to_owned()),
            _ => {}
        }
        item = *event == Event::Item;
    }
    found
}

fn comments(document: &dyn Format) -> Vec<usize> {
    let events = document.events().iter();
    events.filter_map(|event| if let Event::Comment(comment) = event { Some(*comment) } else { None }).collect()
}

/// Every check that needs only a text.
pub(in crate::document) fn check(document: &dyn Format) {
    check_metadata(document);
    check_spelling(document);
    check_encryption(document);
}

fn with_metadata(document: &dyn Format, mut edits: Edits) -> Box<dyn Format> {
    document.insert_metadata(&metadata(), &mut edits);
    let text = edits.apply(document.text());
    document.reparse(text.to_string(), None).unwrap_or_else(|error| panic!("{error}\n{}", *text))
}

fn without_metadata(document: &dyn Format, mut edits: Edits) -> String {
    document.remove_metadata(&mut edits);
    edits.apply(document.text()).to_string()
}

fn check_metadata(document: &dyn Format) {
    if document.metadata().unwrap().is_some() {
        return;
    }
    let with = with_metadata(document, Edits::default());
    assert_eq!(leaves(with.as_ref()), leaves(document), "the metadata is no part of the document");
    let read = with.metadata().unwrap().expect("metadata");
    for name in
        ["age", "lastmodified", "mac", "mac_only_encrypted", "shamir_threshold", "unencrypted_suffix", "version"]
    {
        same_node(metadata().get(name).unwrap(), read.get(name).expect(name));
    }
    same_node(metadata().get("x_unknown").unwrap(), read.get("x_unknown").unwrap());
    assert_eq!(without_metadata(with.as_ref(), Edits::default()), document.text());
}

/// Equal, where a flat format may give numbers as text.
fn same_node(wrote: &Node, read: &Node) {
    match (&wrote.kind, &read.kind) {
        (Kind::List(wrote), Kind::List(read)) => {
            assert_eq!(wrote.len(), read.len());
            wrote.iter().zip(read).for_each(|(wrote, read)| same_node(wrote, read));
        }
        (Kind::Map(wrote), Kind::Map(_)) => {
            wrote.iter().for_each(|(key, wrote)| same_node(wrote, read.get(&key.name).expect(&key.name)));
        }
        (Kind::Int(number), Kind::Str(text)) => assert_eq!(&number.to_string(), text),
        (Kind::Bool(value), Kind::Str(text)) => assert_eq!(&value.to_string(), text),
        (wrote, read) => assert!(wrote == read, "another value"),
    }
}

fn samples() -> Vec<Value<'static>> {
    let texts = [
        "x",
        " a\t",
        "a\nb\n",
        "\r\n\"'\\",
        "'''\"\"\"",
        "${x} %{y} $${z} $$",
        "\u{1}\u{7f}\u{85}é😀",
        "#a=b:c!",
        CIPHERTEXT,
        "\n",
        "'",
        "\"",
        "\r",
        "=x",
        ":x",
        "a\\",
        "",
        "$",
        "true",
        "10",
        "%%%{",
    ];
    let mut values: Vec<_> = texts.into_iter().map(|text| Value::Str(text.into())).collect();
    values.extend([Value::Bool(false), Value::Int(-7), Value::Int(i64::MAX), Value::Null, Value::BigInt(u64::MAX)]);
    values.extend([1.5, -0.0, 1e300, 1e-7, 3.0, f64::INFINITY, f64::NAN, f64::MIN_POSITIVE].map(Value::Float));
    values.push(Value::Time("2026-01-02T03:04:05.678+01:00".into()));
    values
}

fn check_spelling(document: &dyn Format) {
    let all = leaves(document);
    for (at, (leaf, path)) in all.iter().enumerate() {
        let values = if all.len() > 6 { samples().into_iter().skip(at % 7).step_by(7).collect() } else { samples() };
        for value in values {
            let mut text = document.text()[..document.span(*leaf).start].to_owned();
            if document.spell(*leaf, &value, &mut text).is_err() {
                let empty = value == Value::Str("".into());
                assert!(empty || !matches!(value, Value::Str(_)), "every text has a spelling");
                continue;
            }
            text.push_str(&document.text()[document.span(*leaf).end..]);
            let after = document.reparse(text.clone(), None).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let found = leaves(after.as_ref());
            assert_eq!(found.len(), all.len(), "{text}");
            assert_eq!(found[at].1, *path);
            assert_eq!(bytes(&after.value(found[at].0)), bytes(&value), "{text}");
            assert!(after.not_a_value(found[at].0).is_none());
        }
    }
}

/// Every value and comment encrypted, and back; what a canonical spelling loses is put back as the layout would.
fn check_encryption(document: &dyn Format) {
    if document.metadata().unwrap().is_some() {
        return;
    }
    let secret = |leaf: usize| {
        document.not_a_value(leaf).is_none()
            && !matches!(document.value(leaf), Value::Null)
            && document.value(leaf) != Value::Str("".into())
    };
    let mut edits = Edits::default();
    for (leaf, _) in leaves(document).into_iter().filter(|(leaf, _)| secret(*leaf)) {
        let mut spelled = String::new();
        document.spell(leaf, &Value::Str(CIPHERTEXT.into()), &mut spelled).unwrap();
        edits.replace(document.span(leaf), &spelled);
    }
    for comment in comments(document) {
        let mut spelled = String::new();
        document.spell_comment(comment, CIPHERTEXT, &mut spelled);
        edits.replace(document.comment(comment), &spelled);
    }
    let encrypted = with_metadata(document, edits);
    let mut edits = Edits::default();
    let (before, after) = (leaves(document), leaves(encrypted.as_ref()));
    assert_eq!(before.len(), after.len());
    for ((leaf, path), (sealed, sealed_path)) in before.into_iter().zip(after) {
        assert_eq!(path, sealed_path);
        if !secret(leaf) {
            assert_eq!(bytes(&encrypted.value(sealed)), bytes(&document.value(leaf)));
            continue;
        }
        assert_eq!(encrypted.value(sealed), Value::Str(CIPHERTEXT.into()), "{}", encrypted.text());
        let mut spelled = String::new();
        encrypted.spell(sealed, &document.value(leaf), &mut spelled).unwrap();
        let raw = &document.text()[document.span(leaf)];
        edits.replace(encrypted.span(sealed), if spelled == raw { &spelled } else { raw });
    }
    for (comment, sealed) in comments(document).into_iter().zip(comments(encrypted.as_ref())) {
        assert_eq!(encrypted.comment_text(sealed), CIPHERTEXT);
        let mut spelled = String::new();
        encrypted.spell_comment(sealed, &document.comment_text(comment), &mut spelled);
        edits.replace(encrypted.comment(sealed), &spelled);
    }
    assert_eq!(without_metadata(encrypted.as_ref(), edits), document.text());
}

/// Sets and removes every leaf. Whether anything else changed is checked by `set` and `unset` themselves; here, that they do what
/// they say and find a place in at least `share` percent of all cases.
pub(in crate::document) fn check_changes(document: &dyn Format, share: usize) {
    let (mut done, mut all) = (0, 0);
    let text = Node::text("new ${value}");
    for (_, path) in leaves(document) {
        all += 2;
        match document.set(&path, &text) {
            Ok(change) => {
                done += 1;
                let after = apply(document, &change);
                let (leaf, _) = leaves(after.as_ref()).into_iter().find(|(_, found)| *found == path).expect("there");
                assert_eq!(after.value(leaf), Value::Str("new ${value}".into()));
            }
            Err(error) => assert!(matches!(error, PathError::NoPlace(_)), "{path}: {error}\n{}", document.text()),
        }
        match document.unset(&path) {
            Ok(change) => {
                done += 1;
                assert_eq!(leaves(apply(document, &change).as_ref()).len(), leaves(document).len() - 1);
            }
            Err(error) => assert!(matches!(error, PathError::NoPlace(_)), "{path}: {error}\n{}", document.text()),
        }
        let mut missing = path.clone();
        missing.0.pop();
        let mut item = missing.clone();
        missing.0.push(Step::Key("not_there".into()));
        item.0.push(Step::Index(usize::MAX));
        assert!(document.unset(&missing).is_err());
        assert!(document.set(&item, &text).is_err());
    }
    assert!(done * 100 >= all * share, "{done} of {all}\n{}", document.text());
}

/// The document after a change.
pub(in crate::document) fn apply(document: &dyn Format, change: &crate::document::format::Change) -> Box<dyn Format> {
    let mut edits = Edits::default();
    edits.replace(change.span.clone(), &change.text);
    document.reparse(edits.apply(document.text()).to_string(), None).unwrap()
}

/// Truncated, spliced and nested texts: an answer, never a panic.
pub(in crate::document) fn check_hostile(sample: &str, parse: impl Fn(String) -> Result<Box<dyn Format>, FormatError>) {
    for end in (0..=sample.len()).filter(|end| sample.is_char_boundary(*end)) {
        for text in
            [sample[..end].to_owned(), sample[end..].to_owned(), sample[..end].to_owned() + "\u{1}" + &sample[end..]]
        {
            if let Ok(document) = parse(text) {
                check_metadata(document.as_ref());
            }
        }
    }
    for (open, close) in [("[", "]"), ("{a=", "}"), ("a.", ""), ("${", "}"), ("(", ")"), ("[[", "]]"), ("b {\n", "}\n")]
    {
        for depth in [1, 100, 255, 256, 257, 100_000] {
            for text in [
                format!("x = {}1{}\n", open.repeat(depth), close.repeat(depth)),
                format!("x = \"{}1{}\"\n", open.repeat(depth), close.repeat(depth)),
                format!("{}x = 1\n{}", open.repeat(depth), close.repeat(depth)),
                format!("x = {}", open.repeat(depth)),
            ] {
                if let Ok(document) = parse(text) {
                    leaves(document.as_ref());
                    if depth < 1000 {
                        document.set(&"zzz".parse().unwrap(), &Node::text("v")).ok();
                    }
                }
            }
        }
    }
    for text in ["<<<<<<< a\nx = 1\n=======\nx = 2\n>>>>>>> b\n", "x = 1\n<<<<<<< a\n=======\n>>>>>>> b\n"] {
        assert_eq!(parse(text.into()).unwrap_err().what, super::lines::CONFLICT);
    }
    assert!(parse("a = \"\0\"".into()).is_err());
    let long = format!("x = \"{}\"\n", "a".repeat(10_000_000));
    assert!(parse(long).is_ok());
    drop(parse(format!("x = \"{}", "\\\"".repeat(5_000_000))));
}

/// A text with odd characters.
pub(in crate::document) fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,6}", "[ab'\"\\\\\\n\\r\\t${}%#=:!é\u{1}]{0,6}"]
}
