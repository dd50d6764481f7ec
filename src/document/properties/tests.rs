//! Tables, random documents, hostile ones.

use proptest::prelude::*;

use super::*;
use crate::document::outline::trial;

const SAMPLE: &str = "\u{FEFF}# head\r
! other\r
db.url = jdbc:x\\\r
    //host\\\r
\r
db.user:me \r
plain value with = sign\r
  indented\t\\=x\r
empty\r
empty2=\r
trailing   \r
a\\ b\\:c\\=d = \\u00e9\\uD83D\\uDE00\\t\\q\\\\\r
co\\\r
  nt = \\\r
  next\r
# end\\\r
last = x\\";

fn parse(text: &str) -> Properties {
    Properties::parse(text.into()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn entries(text: &str) -> Vec<(String, String)> {
    let properties = parse(text);
    let leaves = trial::leaves(&properties);
    leaves
        .into_iter()
        .map(|(leaf, _)| (properties.key(leaf).to_owned(), properties.text_of(leaf).into_owned()))
        .collect()
}

#[test]
fn the_sample_reads_as_java_reads_it() {
    let found = entries(SAMPLE);
    let found: Vec<(&str, &str)> = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(
        found,
        [
            ("db.url", "jdbc:x//host"),
            ("db.user", "me "),
            ("plain", "value with = sign"),
            ("indented", "=x"),
            ("empty", ""),
            ("empty2", ""),
            ("trailing", ""),
            ("a b:c=d", "é😀\tq\\"),
            ("cont", "next"),
            ("last", "x"),
        ]
    );
}

#[test]
fn the_sample_does_everything() {
    for text in [SAMPLE.to_owned(), SAMPLE.replace("\r\n", "\n"), SAMPLE.replace('\n', "")] {
        let properties = parse(&text);
        trial::check(&properties);
        trial::check_changes(&properties, 90);
    }
}

#[test]
fn odd_lines() {
    for (text, wanted) in [
        ("a", vec![("a", "")]),
        ("a=b\\\\\nc=d", vec![("a", "b\\"), ("c", "d")]),
        ("a=b\\\n\nc=d", vec![("a", "b"), ("c", "d")]),
        ("a=b\\\n# c\nd", vec![("a", "b# c"), ("d", "")]),
        ("=x", vec![("", "x")]),
        ("a = = b", vec![("a", "= b")]),
        ("a  :b", vec![("a", "b")]),
        ("a\\\n=b", vec![("a", "b")]),
        ("a\u{c}b", vec![("a", "b")]),
        ("\\# a", vec![("#", "a")]),
        ("a=\\u0000", vec![("a", "\0")]),
        ("a\rb\r\n\nc", vec![("a", ""), ("b", ""), ("c", "")]),
        ("\\", vec![("", "")]),
    ] {
        let wanted: Vec<(String, String)> = wanted.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        assert_eq!(entries(text), wanted, "{text:?}");
        trial::check(&parse(text));
    }
    for text in
        ["a=1\na=2", "a=\\u00", "a=\\ud800", "a=\\ud800\\u0041", "a=\\uzzzz", "<<<<<<< a", "=======\n", ">>>>>>> b\nx"]
    {
        assert!(Properties::parse(text.into()).is_err(), "{text}");
    }
}

#[test]
fn setting_and_removing() {
    for (text, key, wanted) in [
        ("", "a", "a=1\n"),
        ("a: 2 \n", "a", "a: 1\n"),
        ("a", "a", "a=1"),
        ("b = 2", "a", "b = 2\na = 1"),
        ("b=2\\\n", "a", "b=2\\\n\na=1\n"),
        ("b=2\n\nsops_mac=x\n", "a", "b=2\na=1\n\nsops_mac=x\n"),
        ("b=2\n", "a b", "b=2\na\\ b=1\n"),
    ] {
        let properties = parse(text);
        let change = properties.set(&KeyPath(vec![Step::Key(key.into())]), &Node::new(Kind::Int(1))).unwrap();
        assert_eq!(trial::apply(&properties, &change).text(), wanted);
    }
    let properties = parse("a=1\n# on b\nb=2\\\n  3\nc=4\n");
    let change = properties.unset(&"b".parse().unwrap()).unwrap();
    assert_eq!(trial::apply(&properties, &change).text(), "a=1\n# on b\nc=4\n");
    for path in ["a.b", "[0]", "sops_mac"] {
        assert!(properties.set(&path.parse().unwrap(), &Node::text("x")).is_err(), "{path}");
        assert!(properties.unset(&path.parse().unwrap()).is_err(), "{path}");
    }
    assert!(properties.set(&"a".parse().unwrap(), &Node::new(Kind::Null)).is_err());
}

#[test]
fn metadata_is_flat() {
    let properties = parse("a=1\n");
    let mut edits = Edits::default();
    properties.insert_metadata(&trial::metadata(), &mut edits);
    let text = edits.apply(properties.text());
    assert!(text.contains("\n\nsops_age__list_0__map_enc=-----BEGIN AGE ENCRYPTED FILE-----\\nYWdl"), "{}", *text);
    for text in ["sops_a=1\nsops_a__map_b=2", "sops_a__list_0=1\nsops_a__map_b=2", "sops_a__list_7=1"] {
        assert!(parse(text).metadata().is_err(), "{text}");
    }
}

#[test]
fn hostile_texts_are_answered() {
    trial::check_hostile(SAMPLE, |text| Ok(Box::new(Properties::parse(text)?)));
    let deep = format!("sops_a{}=1", "__map_".repeat(100_000));
    assert!(parse(&deep).metadata().is_err());
    let rows: String = (0..100_000).map(|at| format!("sops_k{at}=v\n")).collect();
    assert!(parse(&rows).metadata().is_err());
    let many: String = (0..100_000).map(|at| format!("k{at} = v\\\n  w\n")).collect();
    assert_eq!(trial::leaves(&parse(&many)).len(), 100_000);
}

fn any_document() -> impl Strategy<Value = String> {
    let lines = prop::collection::vec((0..8, trial::odd_text(), "[ \t]{0,2}[=: ][ \t]{0,2}(\\\\\n {0,2})?"), 0..10);
    (lines, any::<[bool; 3]>()).prop_map(|(lines, [bom, crlf, open])| {
        let mut out = String::new();
        for (at, (kind, text, separator)) in lines.into_iter().enumerate() {
            let line = text.replace(['\n', '\r'], "");
            let mut spelled = String::new();
            spell_value(&text, true, &mut spelled);
            out.push_str(&match kind {
                0 => format!(" #{line}\n"),
                1 => format!("!{line}\n \n"),
                2 => format!("k{at}\n"),
                3 => format!("k{at}{separator}x\\\n\t{spelled}\\\n\n"),
                _ => format!("  k\\ {at}{separator}{spelled}\n"),
            });
        }
        if open {
            out.pop();
        }
        let out = if crlf { out.replace('\n', "\r\n") } else { out };
        format!("{}{out}", if bom { "\u{FEFF}" } else { "" })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_documents(text in any_document()) {
        let properties = parse(&text);
        trial::check(&properties);
        trial::check_changes(&properties, 0);
    }

    #[test]
    fn random_texts(text in "[a-c=: \\\\\\n\\r\\t#!]{0,16}") {
        if let Ok(properties) = Properties::parse(text) {
            trial::check(&properties);
            trial::check_changes(&properties, 0);
        }
    }
}
