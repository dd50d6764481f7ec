//! Both readings, what sops is told it cannot represent, exact metadata, and changes of one line.

use proptest::prelude::*;

use super::*;
use crate::document::path::Step;
use crate::document::tree::{Key, Kind};

fn literal(text: &str) -> DotenvDocument {
    parse(text.to_owned(), Reading::Literal).unwrap()
}

fn faithful(text: &str) -> DotenvDocument {
    parse(text.to_owned(), Reading::Faithful).unwrap()
}

fn text_of(value: Value<'_>) -> String {
    match value {
        Value::Str(text) => text.into_owned(),
        _ => panic!("not a text"),
    }
}

/// Keys with values, and comments as `#`.
fn rows(document: &dyn Format) -> Vec<(String, String)> {
    let row = |event: &Event| match event {
        Event::Scalar(leaf) => Some((document.key(*leaf).to_owned(), text_of(document.value(*leaf)))),
        Event::Comment(comment) => Some(("#".to_owned(), document.comment_text(*comment).into_owned())),
        _ => None,
    };
    document.events().iter().filter_map(row).collect()
}

fn owned(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn metadata() -> Node {
    let map = |entries: Vec<(&str, Node)>| {
        Node::new(Kind::Map(
            entries.into_iter().map(|(name, node)| (Key { name: name.into(), line: 0 }, node)).collect(),
        ))
    };
    map(vec![
        ("age", Node::new(Kind::List(vec![map(vec![("enc", Node::text("-----\nx\n-----\n"))])]))),
        ("mac", Node::text("ENC[AES256_GCM,data:a=,iv:b=,tag:c=,type:str]")),
        ("version", Node::text("3.13.2")),
    ])
}

fn encrypted(document: &dyn Format) -> String {
    let mut edits = Edits::default();
    document.insert_metadata(&metadata(), &mut edits);
    edits.apply(document.text()).to_string()
}

fn stripped(document: &dyn Format) -> String {
    let mut edits = Edits::default();
    document.remove_metadata(&mut edits);
    edits.apply(document.text()).to_string()
}

fn changed(document: &dyn Format, change: &Change) -> String {
    let text = document.text();
    format!("{}{}{}", &text[..change.span.start], *change.text, &text[change.span.end..])
}

fn path(key: &str) -> KeyPath {
    KeyPath(vec![Step::Key(key.to_owned())])
}

#[test]
fn literal_is_what_sops_reads() {
    let document = literal("A=1\n\n# c\nexport B = \"x\" # y\r\n=empty\nC=a\\nb=c\n #x=1\nA=2");
    let expected = [
        ("A", "1"),
        ("#", " c"),
        ("export B ", " \"x\" # y\r"),
        ("", "empty"),
        ("C", "a\nb=c"),
        (" #x", "1"),
        ("A", "2"),
    ];
    assert_eq!(rows(&document), owned(&expected));
    assert_eq!(document.reading(), None);
    let problems: Vec<_> =
        document.unrepresentable().iter().map(|problem| (problem.offset, problem.is_final)).collect();
    assert_eq!(problems, [(document.text().len() - 3, false)]);
}

#[test]
fn faithful_values() {
    let table = [
        ("A=x", "x", 3),
        ("A= x \t", "x", 6),
        ("A=x # c", "x", 7),
        ("A=x#c", "x#c", 5),
        ("A=#c", "#c", 4),
        ("A= #c", "", 5),
        ("A=", "", 2),
        ("A='a\"b\\n # c'", "a\"b\\n # c", 13),
        ("A=\"a\\n\\t\\r\\\"\\\\\\$\\`\\x\"", "a\n\t\r\"\\$`\\x", 21),
        ("A=\"x\" # c", "x", 9),
        ("A=\"x\"#c", "\"x\"#c", 7),
        ("A=\"$H/x\":$P # c", "\"$H/x\":$P", 15),
        ("A='it'\\''s'", "'it'\\''s'", 11),
        ("A=\"a\nb # no\n\" # c", "a\nb # no\n", 17),
        ("A='a\r\nb'\r", "a\r\nb", 9),
        ("A=x\r", "x", 4),
        ("A=\r", "", 3),
        ("A=\"\"\r", "", 5),
        ("A=\"é\\é\"", "é\\é", 9),
        ("A=a\\nb", "a\\nb", 6),
    ];
    for (text, value, end) in table {
        let document = faithful(text);
        assert_eq!(text_of(document.value(0)), value, "{text:?}");
        assert_eq!(document.span(0), 2..end, "{text:?}");
        let first = text.lines().next().unwrap();
        let rest = &text[2..first.len() + usize::from(text[first.len()..].starts_with('\r'))];
        assert_eq!(text_of(document.clear_value(0)), rest.replace("\\n", "\n"), "{text:?}");
        assert_eq!(document.unrepresentable_in_clear(0).is_some(), text.contains('\n'), "{text:?}");
        let differs = value != rest.replace("\\n", "\n");
        assert_eq!(document.reading(), differs.then_some("faithful"), "{text:?}");
        assert_eq!(document.unrepresentable().len(), usize::from(value.contains("\\n")), "{text:?}");
    }
}

#[test]
fn faithful_keys() {
    for (text, key, name) in [
        ("export A=1", "export A", "A"),
        ("  export\tA =1", "  export\tA ", "A"),
        ("A =1", "A ", "A"),
        ("exportA=1", "exportA", "exportA"),
        ("export=1", "export", "export"),
        ("export =1", "export ", "export"),
        ("\u{FEFF}A=1", "\u{FEFF}A", "A"),
    ] {
        let document = faithful(text);
        assert_eq!((document.key(0), document.path_key(0)), (key, name), "{text:?}");
        assert_eq!(document.reading(), (key != name).then_some("faithful"), "{text:?}");
    }
}

#[test]
fn what_sops_cannot_read() {
    for (text, is_final) in [
        ("A=1\n \nB=2", false),
        ("A=1\r\n\r\n", false),
        ("  # c", false),
        ("\u{FEFF}# c", false),
        ("  # A=1", true),
        ("A=1\nexport A=2", false),
    ] {
        let document = faithful(text);
        let problems: Vec<_> = document.unrepresentable().iter().map(|problem| problem.is_final).collect();
        assert_eq!(problems, [is_final], "{text:?}");
    }
    let document = faithful("  # c\n#d\n");
    assert_eq!((document.comment(0), document.comment_text(0).as_ref()), (0..5, " c"));
    assert_eq!((document.comment(1), document.comment_text(1).as_ref()), (6..8, "d"));
    assert_eq!(document.reading(), Some("faithful"));
    let mut out = String::new();
    document.spell_comment(0, " x", &mut out);
    assert_eq!(out, "# x");
}

#[test]
fn refused() {
    for (text, reading, line, column) in [
        ("A=1\nB", Reading::Literal, 2, 1),
        (" # a=b\n \nA", Reading::Literal, 3, 1),
        ("export A\n", Reading::Faithful, 1, 1),
        ("A=1\n =2", Reading::Faithful, 2, 1),
        ("A='x\ny", Reading::Faithful, 1, 3),
        ("A=\"x\\", Reading::Faithful, 1, 3),
        ("A='x\ny'z", Reading::Faithful, 1, 3),
        ("A=\"x\\\"", Reading::Faithful, 1, 3),
        ("A=\0", Reading::Literal, 1, 3),
        ("A=1\n<<<<<<< x\n", Reading::Literal, 2, 1),
        ("A=1\n=======\n", Reading::Literal, 2, 1),
        (">>>>>>> x=\n", Reading::Faithful, 1, 1),
    ] {
        let error = parse(text.to_owned(), reading).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text:?}");
    }
    assert_eq!(text_of(faithful("A=\"t\n=======\n\"").value(0)), "t\n=======\n");
}

#[test]
fn metadata_may_be_anywhere() {
    let text = "sops_mac=m\nA=1\nsops_age__list_0__map_enc=a\\nb\r\nexport sops_x=1\nSOPS_y=2\n";
    for reading in [Reading::Literal, Reading::Faithful] {
        let document = parse(text.to_owned(), reading).unwrap();
        let node = document.metadata().unwrap().unwrap();
        assert!(node.get("mac") == Some(&Node { line: 1, kind: Kind::Str("m".into()) }));
        let Kind::List(keys) = &node.get("age").unwrap().kind else { panic!("not a list") };
        assert!(keys[0].get("enc") == Some(&Node { line: 3, kind: Kind::Str("a\nb".into()) }));
        assert_eq!(stripped(&document), "A=1\nexport sops_x=1\nSOPS_y=2\n");
    }
    assert!(literal("A=1").metadata().unwrap().is_none());
    let error = literal("A=1\nsops_a=1\nsops_a=2").metadata().unwrap_err();
    assert_eq!((error.line, error.what), (3, "this metadata key stands twice"));
}

#[test]
fn metadata_as_sops_writes_it() {
    let expected = "A=1\nsops_age__list_0__map_enc=-----\\nx\\n-----\\n\nsops_mac=ENC[AES256_GCM,data:a=,iv:b=,tag:c=,type:str]\nsops_version=3.13.2";
    assert_eq!(encrypted(&literal("A=1")), expected);
    assert_eq!(encrypted(&literal("A=1\n")), format!("{expected}\n"));
}

#[test]
fn changes() {
    let set = |document: &DotenvDocument, key: &str, value: &str| {
        document.set(&path(key), &Node::text(value)).map(|change| changed(document, &change))
    };
    let table = [
        (Reading::Literal, "A=1\nB=2", "A", "x # \"y\"\nz", Some("A=x # \"y\"\\nz\nB=2")),
        (Reading::Literal, "A=1", "B", "2", Some("A=1\nB=2")),
        (Reading::Literal, "A=1\r\n", "B", "2", Some("A=1\r\nB=2\n")),
        (Reading::Literal, "", "B", "2", Some("B=2\n")),
        (Reading::Literal, "A=1", "A", "\\n", None),
        (Reading::Literal, "A=1", "B=", "", None),
        (Reading::Literal, "A=1", "#", "", None),
        (Reading::Literal, "A=1", "sops_x", "", None),
        (Reading::Faithful, "export A = 'x' # c\n", "A", "y", Some("export A = 'y' # c\n")),
        (Reading::Faithful, "export A = 'x' # c\n", "A", "it's", Some("export A = \"it's\" # c\n")),
        (Reading::Faithful, "A= # c\r\nB=1", "A", "y z", Some("A=\"y z\" # c\r\nB=1")),
        (Reading::Faithful, "A=\"x\ny\"\r\n", "A", "$z", Some("A=\"\\$z\"\r\n")),
        (Reading::Faithful, "A=1\r\n", "B", "a$b", Some("A=1\r\nB='a$b'\r\n")),
        (Reading::Faithful, "A=1", "B", "a\nb'\"", Some("A=1\nB=\"a\\nb'\\\"\"")),
        (Reading::Faithful, "A=1", "export B", "", None),
        (Reading::Faithful, "A=1\nA=2", "A", "", None),
    ];
    for (reading, text, key, value, expected) in table {
        let document = parse(text.to_owned(), reading).unwrap();
        assert_eq!(set(&document, key, value).ok().as_deref(), expected, "{text:?} {key} {value:?}");
    }
    let document = literal("A=1\nB=2\nC=3");
    let unset = |key: &str| document.unset(&path(key)).map(|change| changed(&document, &change)).ok();
    assert_eq!(unset("A").as_deref(), Some("B=2\nC=3"));
    assert_eq!(unset("C").as_deref(), Some("A=1\nB=2"));
    assert_eq!(unset("D"), None);
    assert_eq!(document.unset(&path("D")).err(), Some(PathError::Missing { at: 0 }));
    let number = document.set(&path("A"), &Node::new(Kind::Float(1.0))).unwrap();
    assert_eq!(*number.text, "1.0");
    let deep = KeyPath(vec![Step::Key("A".into()), Step::Key("x".into())]);
    assert_eq!(document.set(&deep, &Node::text("")).err(), Some(PathError::NotThere { at: 1 }));
    let new = KeyPath(vec![Step::Key("X".into()), Step::Key("x".into())]);
    assert!(matches!(document.set(&new, &Node::text("")), Err(PathError::NoPlace(_))));
    assert_eq!(document.unset(&new).err(), Some(PathError::Missing { at: 0 }));
    let nested = Node::new(Kind::List(vec![]));
    assert!(matches!(document.set(&path("A"), &nested), Err(PathError::NoPlace(_))));
    assert_eq!(document.set(&KeyPath(vec![]), &nested).err(), Some(PathError::BadPath));
}

#[test]
fn printed_as_sops_prints_it() {
    let entries =
        [("A", Kind::Str("x\ny".into())), ("B", Kind::Float(1.0)), ("C", Kind::Null), ("D", Kind::Bool(true))];
    let entries = entries.into_iter().map(|(name, kind)| (Key { name: name.into(), line: 0 }, Node::new(kind)));
    let mut out = String::new();
    push_comment(" c", &mut out);
    emit(&Node::new(Kind::Map(entries.collect())), &mut out).unwrap();
    assert_eq!(out, "# c\nA=x\\ny\nB=1.0\nC=<nil>\nD=true\n");
    let error = push_entry("k", &Kind::List(vec![]), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "cannot use complex value in dotenv file; offending key k");
}

#[test]
fn many_open_quotes_are_read_once() {
    let text: String = "A='x\"\n".repeat(100_000) + "B=\"x'\n";
    let _ = parse(text, Reading::Faithful);
}

fn value_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c\"' #$\\\\n\n\r`=é]{0,8}", "[a-z0-9]{0,5}"]
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "#[ a-c=]{0,4}",
        "( {0,1})(export )?[A-C]( {0,1})=[ab #$'\"\\\\n]{0,8}",
        "[A-C]= {0,1}\"[ab #'\n=]{0,6}\"( #c)?",
        "[A-C]='[ab #\n]{0,6}' {0,2}",
        "[A-E]=[ab]{0,3}",
        "[ \t]{0,2}(#c)?",
    ]
}

fn document() -> impl Strategy<Value = String> {
    let breaks = prop_oneof![4 => Just("\n"), 1 => Just("\r\n")];
    let lines = prop::collection::vec((line(), breaks), 0..8);
    (lines, any::<bool>()).prop_map(|(lines, open)| {
        let mut text: String = lines.into_iter().map(|(line, end)| line + end).collect();
        if open {
            text.pop();
        }
        text
    })
}

fn name(reading: Reading) -> Option<&'static str> {
    (reading == Reading::Faithful).then_some("faithful")
}

fn reading() -> impl Strategy<Value = Reading> {
    prop_oneof![Just(Reading::Literal), Just(Reading::Faithful)]
}

proptest! {
    #[test]
    fn metadata_leaves_no_trace(text in document(), reading in reading()) {
        if let Ok(document) = parse(text.clone(), reading) {
            let file = encrypted(&document);
            let read = document.reparse(file, name(reading)).unwrap();
            prop_assert_eq!(read.metadata().unwrap().is_some(), true);
            prop_assert_eq!(rows(&*read), rows(&document));
            prop_assert_eq!(stripped(&*read), text);
        }
    }

    #[test]
    fn spelled_values_read_back(text in document(), reading in reading(), value in value_text()) {
        let Ok(document) = parse(text, reading) else { return Ok(()) };
        for leaf in 0..document.leaves.len() {
            let mut out = String::new();
            if document.spell(leaf, &Value::Str(value.as_str().into()), &mut out).is_err() {
                prop_assert!(reading == Reading::Literal && value.contains("\\n"));
                continue;
            }
            let span = document.span(leaf);
            let text = format!("{}{out}{}", &document.text[..span.start], &document.text[span.end..]);
            let mut expected = rows(&document);
            let at = document.events.iter().filter(|event| matches!(event, Event::Scalar(_) | Event::Comment(_)))
                .position(|event| *event == Event::Scalar(leaf)).unwrap();
            expected[at].1.clone_from(&value);
            let read = document.reparse(text, name(reading)).unwrap();
            prop_assert_eq!(rows(&*read), expected);
        }
    }

    #[test]
    fn sops_reads_every_ciphertext(text in document()) {
        let Ok(document) = parse(text, Reading::Faithful) else { return Ok(()) };
        if !document.unrepresentable().iter().all(|problem| problem.what.contains("twice")) {
            return Ok(());
        }
        let mut edits = Edits::default();
        for leaf in 0..document.leaves.len() {
            let mut out = String::new();
            let cipher = "ENC[AES256_GCM,data:+/=,iv:b=,tag:c=,type:str]";
            let empty = text_of(document.value(leaf)).is_empty();
            document.spell(leaf, &Value::Str(if empty { "" } else { cipher }.into()), &mut out).unwrap();
            prop_assert_eq!(&out, if empty { "" } else { cipher });
            edits.replace(document.span(leaf), &out);
        }
        let file = edits.apply(document.text()).to_string();
        let sops = literal(&file);
        prop_assert_eq!(sops.leaves.len(), document.leaves.len());
        for leaf in 0..sops.leaves.len() {
            prop_assert_eq!(sops.key(leaf), document.key(leaf));
            let stored = text_of(sops.value(leaf));
            prop_assert!(stored.is_empty() || stored.starts_with("ENC["), "{:?}", stored);
            prop_assert_eq!(stored.is_empty(), text_of(document.value(leaf)).is_empty());
        }
    }

    /// A comment at the end of a text without a last line break ends in one, or not, as the line after it comes and goes.
    #[test]
    fn setting_changes_one_value(text in document(), reading in reading(), key in "[A-F]", value in value_text()) {
        let Ok(document) = parse(text, reading) else { return Ok(()) };
        let named = |leaf: &usize| document.path_key(*leaf) == key;
        let found: Vec<usize> = (0..document.leaves.len()).filter(named).collect();
        let Ok(change) = document.set(&path(&key), &Node::text(value.as_str())) else {
            prop_assert!(found.len() > 1 || value.contains("\\n"));
            return Ok(());
        };
        let read = document.reparse(changed(&document, &change), name(reading)).unwrap();
        let rows = |document: &dyn Format| {
            let trimmed = |row: (String, String)| if row.0 == "#" { (row.0, row.1.trim_end().to_owned()) } else { row };
            rows(document).into_iter().map(trimmed).collect::<Vec<_>>()
        };
        let mut expected = rows(&document);
        match found.first() {
            Some(leaf) => {
                let at = document.events.iter().filter(|event| matches!(event, Event::Scalar(_) | Event::Comment(_)))
                    .position(|event| *event == Event::Scalar(*leaf)).unwrap();
                expected[at].1 = value;
            }
            None => expected.push((key.clone(), value)),
        }
        prop_assert_eq!(rows(&*read), expected);
        let removed = read.unset(&path(&key)).unwrap();
        let read_again = read.reparse(changed(&*read, &removed), name(reading)).unwrap();
        let mut without = rows(&*read);
        let at = read.events().iter().filter(|event| matches!(event, Event::Scalar(_) | Event::Comment(_)))
            .position(|event| matches!(event, Event::Scalar(leaf) if read.path_key(*leaf) == key)).unwrap();
        without.remove(at);
        prop_assert_eq!(rows(&*read_again), without);
    }

    #[test]
    fn what_is_not_marked_faithful_is_literal(text in document()) {
        let Ok(document) = parse(text.clone(), Reading::Faithful) else { return Ok(()) };
        if document.reading().is_none() {
            let literal = parse(text, Reading::Literal).unwrap();
            prop_assert_eq!(rows(&literal), rows(&document));
            for leaf in 0..literal.leaves.len() {
                prop_assert_eq!(document.path_key(leaf), literal.path_key(leaf));
            }
        }
    }

    #[test]
    fn never_panics(text in "(?s).{0,40}", reading in reading()) {
        let _ = parse(text, reading);
    }
}
