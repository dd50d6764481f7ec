//! Tables, random documents, hostile ones.

use proptest::prelude::*;

use super::*;
use crate::document::outline::trial;
use crate::document::path::Step;
use crate::document::tree::Kind;

const SAMPLE: &str = "\u{FEFF}# head\r
title = 'x' # why\r
\"quoted key\".'b'.c = \"a\\u00e9\\n\"\r
n = { a = 1, b.c = [ 0x1F, 0o17 , 0b1, 1_000 ], d = {} }\r
list = [\r
  # in the list\r
  1.5, # one\r
  'two',\r
  [ [], [ inf, -nan ] ],\r
]\r
\r
[server.tls]\r
cert = \"\"\"\r
line \"\"one\"\"\r
  two \\\r
     three\"\"\"\"\r
key = '''it's'''\r
# about users\r
[[users]]\r
name = \"a\"\r
since = 1979-05-27 07:32:00.50z\r
[users.home]\r
dir = '/a'\r
[other]\r
at = 1979-05-27T07:32:00\r
[[users]]\r
name = \"b\"\r
ok = true\r
[server]\r
port = +5432";

fn parse(text: &str) -> Toml {
    Toml::parse(text.into()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn paths(text: &str) -> Vec<String> {
    trial::leaves(&parse(text)).into_iter().map(|(_, path)| path.to_string()).collect()
}

#[test]
fn tables_come_together_at_their_first_piece() {
    let found = paths("a.b = 1\nc = 2\na.d = 3\n[x.y]\ne = 4\n[[l]]\nf = 5\n[x]\ng = 6\n[[l]]\nf = 7\n[l.m]\nh = 8\n");
    assert_eq!(found, ["a.b", "a.d", "c", "x.y.e", "x.g", "l[0].f", "l[1].f", "l[1].m.h"]);
}

#[test]
fn the_sample_does_everything() {
    let toml = parse(SAMPLE);
    trial::check(&toml);
    trial::check_changes(&toml, 90);
    trial::check(&parse(&SAMPLE.replace("\r\n", "\n")));
}

#[test]
fn values_have_the_type_that_toml_gives_them() {
    for (text, wanted) in [
        ("0x1F", Value::Int(31)),
        ("-0b1", Value::Null),
        ("+1_0", Value::Int(10)),
        ("0o17", Value::Int(15)),
        ("1e3", Value::Float(1000.0)),
        ("-0.0", Value::Float(-0.0)),
        ("+inf", Value::Float(f64::INFINITY)),
        ("true", Value::Bool(true)),
        ("2026-01-02t03:04:05.100z", Value::Time("2026-01-02T03:04:05.1Z".into())),
        ("2026-01-02 03:04+01:00", Value::Time("2026-01-02T03:04:00+01:00".into())),
        ("2026-01-02", Value::Str("2026-01-02".into())),
        ("03:04:05", Value::Str("03:04:05".into())),
        ("'a\\'", Value::Str("a\\".into())),
        ("\"\\e\\x41\\U0001F600\\\"\"", Value::Str("\u{1b}A😀\"".into())),
        ("\"\"\"\n\na\\\n  \n b\"\"\"", Value::Str("\nab".into())),
        ("''''a'''''", Value::Str("'a''".into())),
        ("01", Value::Null),
        ("1__0", Value::Null),
        ("1.", Value::Null),
        (".5", Value::Null),
        ("9223372036854775808", Value::Null),
        ("1e999", Value::Null),
        ("True", Value::Null),
        ("2026-02-30", Value::Null),
        ("\"\\z\"", Value::Null),
        ("\"\\ud800\"", Value::Null),
        ("\"a\nb\"", Value::Null),
        ("\"\"\"\"\"\"\"\"\"", Value::Null),
        ("{a = 1, a = 2}", Value::Null),
        ("", Value::Null),
        ("1 2", Value::Null),
    ] {
        match Toml::parse(format!("k = {text}\n")) {
            Ok(toml) => assert_eq!(toml.value(0), wanted, "{text}"),
            Err(_) => assert!(matches!(wanted, Value::Null), "{text}"),
        }
    }
    assert!(parse("a = 2026-01-02").not_a_value(0).is_some());
    assert!(parse("a = 2026-01-02T23:59:60Z").not_a_value(0).is_some());
    assert!(parse("a = 2026-01-02T23:59:00Z").not_a_value(0).is_none());
}

#[test]
fn what_toml_forbids_is_refused() {
    for text in [
        "a = 1\na = 2",
        "a = 1\n[a]",
        "[a]\n[a]",
        "[a.b]\n[a]\nb = 1",
        "[a]\nb.c = 1\n[a.b]",
        "[[a]]\n[a]",
        "a = []\n[[a]]",
        "a = {}\n[a.b]",
        "a.b = 1\na = 2",
        "a = 1\na.b = 2",
        "[a.b]\n[a]\nb.c = 1",
        "[]",
        "[a",
        "[[a]",
        "a",
        "= 1",
        "a = 1 b = 2",
        "a = 1\rb = 2",
        "# \u{1}",
        "\"\"\"a\"\"\" = 1",
        "a = [1 2]",
        "a = {b}",
        "a..b = 1",
        "[ [a] ]",
    ] {
        assert!(Toml::parse(text.into()).is_err(), "{text}");
    }
}

#[test]
fn comments_stand_before_the_value_whose_line_they_end() {
    for (text, wanted) in [
        ("a = 1 # x\nb = 2", ["x", "a", "b"].as_slice()),
        ("# w\na = 1 # x\n# y\nb = 2 # z\n# end", &["w", "x", "a", "y", "z", "b", "end"]),
        ("a = '''\n''' # x\nb = 2", &["x", "a", "b"]),
        ("a.b = 1 # x\nc = 2\na.d = 3 # y\n", &["a", "x", "b", "y", "d", "c"]),
        (
            "a = [ # w\n1, # x\n[2, 3], # y\n4 # z\n] # v\nb = 5",
            &["w", "v", "a", "x", "1", "y", "2", "3", "z", "4", "b"],
        ),
        ("a = [1, [ # x\n2]]", &["a", "1", "x", "2"]),
        ("a = { b = 1, # x\nc = 2 # y\n}", &["a", "x", "b", "y", "c"]),
        ("a = { b.c = 1, d = 2 } # x", &["x", "a", "b", "c", "d"]),
        ("a = 1\n[t] # x\nb = 2", &["a", "x", "t", "b"]),
        ("a = 1 # x\n[[t]] # y\nb = 2 # z\n[t.u] # v\nc = 3", &["x", "a", "t", "y", "z", "b", "v", "u", "c"]),
    ] {
        assert_eq!(trial::order(&parse(text)), wanted, "{text}");
        trial::check(&parse(text));
    }
}

#[test]
fn comments_above_and_behind_a_header_or_bracket_belong_to_all_of_it() {
    for (text, wanted) in [
        ("a = [ # x\n1, 2]", ["x", "a", "1", "2"].as_slice()),
        ("a = [1, [ # x\n# y\n2]]", &["a", "1", "x", "y", "2"]),
        ("a = { # x\n# y\nb = 1\n}", &["x", "a", "y", "b"]),
        ("# v\n\n# w\n\t# x\n[t] # y\n# z\nb = 2", &["v", "w", "x", "y", "t", "z", "b"]),
        ("a = 1\n# x\r\n\r\n[t]\nb = 2", &["a", "x", "t", "b"]),
        ("[t]\na = 1\n# x\n\n[u]\n# y\n[[v]]\nb = 2\n# z\n[[v]]", &["t", "a", "x", "u", "v", "y", "b", "z"]),
        ("[t.u]\na = 1\n# x\n[t] # y\nb = 1", &["x", "y", "t", "u", "a", "b"]),
        ("# x\n[t.u]\n[t.v]", &["t", "x", "u", "v"]),
        ("a.b = 1\n# x\na.c = 2\nd = 3", &["a", "b", "x", "c", "d"]),
        ("[t]\na = 1\n# x\n[sops] # y\nmac = ''\n# z\n[[sops.age]]\n", &["t", "a", "x"]),
        ("# x\nsops.mac = ''\nsops.age = [ # y\n]", &["x"]),
        ("# x\nsops = { # y\nmac = [ # z\n]\n} # v", &["x", "v"]),
    ] {
        assert_eq!(trial::order(&parse(text)), wanted, "{text}");
        trial::check(&parse(text));
    }
}

/// Time that grows with the square of the number of tables would be many minutes.
#[test]
fn many_tables_of_one_table_are_read_at_once() {
    let text: String = (0..200_000).map(|at| format!("[a.b{at}]\n")).collect();
    assert_eq!(parse(&text).sections.len(), 200_001);
    let text: String = (0..200_000).map(|at| format!("[b{at}.c]\n")).collect();
    let again: String = (0..200_000).map(|at| format!("# x\n[b{at}]\n")).collect();
    assert_eq!(parse(&(text + &again)).sections.len(), 400_001);
}

#[test]
fn setting_finds_the_right_table() {
    for (text, path, value, wanted) in [
        ("", "a", "1", "a = \"1\"\n"),
        ("a = 'x' # c\n", "a", "1", "a = '1' # c\n"),
        ("[t]\nx = 1\n", "a", "1", "a = \"1\"\n\n[t]\nx = 1\n"),
        ("# head\n\n# on t\n[t]\n", "a", "1", "# head\n\na = \"1\"\n\n# on t\n[t]\n"),
        ("[t]\n  x = 1\n\n# on u\n[u]\n", "t.y", "1", "[t]\n  x = 1\n  y = \"1\"\n\n# on u\n[u]\n"),
        ("[t]\n[u]", "u.y", "1", "[t]\n[u]\ny = \"1\""),
        ("[t.u]\nx = 1\n", "t.y", "1", "[t]\ny = \"1\"\n\n[t.u]\nx = 1\n"),
        ("[t]\nx = 1\n[u]\n", "t.v.w.x", "1", "[t]\nx = 1\n\n[t.v.w]\nx = \"1\"\n[u]\n"),
        ("[t]\na.b = 1\nc = 2\n", "t.a.d", "1", "[t]\na.b = 1\na.d = \"1\"\nc = 2\n"),
        ("t = { a = 1 }\n", "t.b.c", "1", "t = { a = 1, b = { c = \"1\" } }\n"),
        ("t = {}\n", "t.b", "1", "t = { b = \"1\" }\n"),
        ("t = []\n", "t[0]", "1", "t = [\"1\"]\n"),
        ("t = [1,]\n", "t[1]", "1", "t = [1, \"1\",]\n"),
        ("t = [\n  1, # a\n]\n", "t[1]", "1", "t = [\n  1, # a\n  \"1\",\n]\n"),
        ("t = [\n  1 # a\n]\n", "t[1]", "1", "t = [\n  1,\n  \"1\" # a\n]\n"),
        ("[[t]]\na = 1\n[[t]]\na = 2\n", "t[0].b", "1", "[[t]]\na = 1\nb = \"1\"\n[[t]]\na = 2\n"),
        ("[[t]]\na = 1\n[u]\n", "t[1].b", "1", "[[t]]\na = 1\n\n[[t]]\nb = \"1\"\n[u]\n"),
        ("a = 1\n\n[sops]\nmac = ''\n", "t.b", "1", "a = 1\n\n[t]\nb = \"1\"\n\n[sops]\nmac = ''\n"),
    ] {
        let toml = parse(text);
        let change =
            toml.set(&path.parse().unwrap(), &Node::text(value)).unwrap_or_else(|error| panic!("{error} {text}"));
        assert_eq!(trial::apply(&toml, &change).text(), wanted);
    }
    let toml = parse("[t]\nx = 1\n");
    for path in ["t", "t.x.y", "t[0]", "sops.mac", "l[1]"] {
        assert!(toml.set(&path.parse().unwrap(), &Node::text("v")).is_err(), "{path}");
    }
    assert!(toml.set(&"a".parse().unwrap(), &Node::new(Kind::Null)).is_err());
}

#[test]
fn removing_takes_the_whole_of_it() {
    for (text, path, wanted) in [
        ("a = 1 # c\n# d\nb = 2\n", "a", "# d\nb = 2\n"),
        ("a = 1\n\n[t]\nx = 1\n\n[t.u]\ny = 2\n\n# on v\n[v]\n", "t", "a = 1\n\n# on v\n[v]\n"),
        ("a.b = 1\nc = 2\na.d = 3\n", "a", "c = 2\n"),
        ("t = { a = 1, b = 2, c = 3 }\n", "t.b", "t = { a = 1, c = 3 }\n"),
        ("t = { a = 1, b = 2 }\n", "t.b", "t = { a = 1 }\n"),
        ("t = [1]\n", "t[0]", "t = []\n"),
        ("t = [1, 2]\n", "t[0]", "t = [2]\n"),
        ("t = [\n  1, # one\n  2, # two\n]\n", "t[1]", "t = [\n  1, # one\n]\n"),
        ("[[t]]\na = 1\n\n[[t]]\na = 2\n", "t[0]", "[[t]]\na = 2\n"),
        ("[[t]]\na = 1\n\n[[t]]\na = 2", "t[1]", "[[t]]\na = 1"),
    ] {
        let toml = parse(text);
        let change = toml.unset(&path.parse().unwrap()).unwrap_or_else(|error| panic!("{error} {text}"));
        assert_eq!(trial::apply(&toml, &change).text(), wanted);
    }
}

#[test]
fn metadata_can_stand_anywhere_in_any_spelling() {
    for (text, wanted) in [
        ("sops = { mac = 'm' }\na = 1\n", "a = 1\n"),
        ("sops.mac = 'm'\nsops.age = []\na = 1\n", "a = 1\n"),
        ("a = 1\n[sops]\nmac = 'm'\n\n# on b\n[b]\nc = 1\n[[sops.age]]\nx = 1\n", "a = 1\n\n# on b\n[b]\nc = 1\n"),
        ("[sops]", ""),
    ] {
        let toml = parse(text);
        assert!(toml.metadata().unwrap().is_some());
        assert!(trial::leaves(&toml).iter().all(|(_, path)| !path.to_string().starts_with("sops")));
        let mut edits = Edits::default();
        toml.remove_metadata(&mut edits);
        assert_eq!(&*edits.apply(text), wanted);
    }
    let toml = parse("a = 1\n");
    let mut edits = Edits::default();
    toml.insert_metadata(&trial::metadata(), &mut edits);
    let text = edits.apply(toml.text());
    assert!(
        text.contains("\n[sops]\nlastmodified = ") && text.contains("\n[[sops.age]]\nenc = \"\"\"\n-----BEGIN"),
        "{}",
        *text
    );
}

#[test]
fn hostile_texts_are_answered() {
    trial::check_hostile(SAMPLE, |text| Ok(Box::new(Toml::parse(text)?)));
    let many: String = (0..100_000).map(|at| format!("[[a]]\n[t{at}.x]\nk = 1\n")).collect();
    assert_eq!(trial::leaves(&parse(&many)).len(), 100_000);
}

fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        trial::odd_text().prop_map(|text| {
            let mut out = String::new();
            spell::basic(&text, &mut out);
            out
        }),
        trial::odd_text().prop_map(|text| format!("'''{}x'''", text.replace(['\'', '\r', '\u{1}'], ""))),
        trial::odd_text().prop_map(|text| format!("\"\"\"{}\"\"\"", text.replace(['\\', '"', '\r', '\u{1}'], ""))),
        prop::sample::select(vec!["0x1f", "+1", "1_0.5e-3", "nan", "true", "1979-05-27 07:32:00Z", "07:32:00", "'l'"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), any::<[bool; 2]>()).prop_map(|(items, [lines, trailing])| {
                let join = if lines { ", # c\n  " } else { " ," };
                let comma = if trailing && !items.is_empty() { "," } else { "" };
                format!(
                    "[{}{}{comma}{}]",
                    if lines { "\n  " } else { "" },
                    items.join(join),
                    if lines { "\n" } else { " " }
                )
            }),
            prop::collection::vec(inner, 0..4).prop_map(|items| {
                let entries: Vec<_> = items.iter().enumerate().map(|(at, item)| format!("k{at}.x={item}")).collect();
                format!("{{ {} }}", entries.join(" , "))
            }),
        ]
    })
}

fn any_document() -> impl Strategy<Value = String> {
    let lines = prop::collection::vec((0..8, any_value(), trial::odd_text()), 0..12);
    (lines, any::<[bool; 3]>()).prop_map(|(lines, [bom, crlf, open])| {
        let mut out = String::new();
        for (at, (kind, value, text)) in lines.into_iter().enumerate() {
            let comment: String = text.chars().filter(|c| !c.is_control()).collect();
            out.push_str(&match kind {
                0 => format!("[t{at}]\n"),
                1 => format!("  [ t.\"u v\" . x{at} ] # {comment}\n"),
                2 => "[[l]]\n".to_owned(),
                3 => format!("#{comment}\n\n"),
                4 => format!("'d d'.e{at}\t=\t{value}\n"),
                _ => format!("  k{at} = {value} #{comment}\n"),
            });
        }
        if open {
            out.pop();
        }
        let out = if crlf { out.replace('\n', "\r\n") } else { out };
        format!("{}{out}", if bom { "\u{FEFF}" } else { "" })
    })
}

/// The same document as the `toml` crate reads it.
fn other(text: &str) -> Option<::toml::Table> {
    text.strip_prefix('\u{FEFF}').unwrap_or(text).parse().ok()
}

fn check_with_other(toml: &Toml) {
    let table = ::toml::Value::Table(other(toml.text()).unwrap_or_else(|| panic!("{}", toml.text())));
    let leaves = trial::leaves(toml);
    for (leaf, path) in &leaves {
        let found = path.0.iter().fold(&table, |value, step| match step {
            Step::Key(key) => &value[key.as_str()],
            Step::Index(index) => &value[*index],
        });
        let same = match (toml.value(*leaf), found) {
            (Value::Str(text), ::toml::Value::String(other)) => {
                text.replace("\r\n", "\n") == other.replace("\r\n", "\n")
            }
            (Value::Str(text), ::toml::Value::Datetime(_)) => {
                toml.not_a_value(*leaf).is_some() && text == toml.raw(*leaf)
            }
            (Value::Int(number), ::toml::Value::Integer(other)) => number == *other,
            (Value::Float(number), ::toml::Value::Float(other)) => {
                number.to_bits() == other.to_bits() || number.is_nan() && other.is_nan()
            }
            (Value::Bool(value), ::toml::Value::Boolean(other)) => value == *other,
            (Value::Time(_), ::toml::Value::Datetime(other)) => other.offset.is_some(),
            _ => false,
        };
        assert!(same, "{path}\n{}", toml.text());
    }
    fn count(value: &::toml::Value) -> usize {
        match value {
            ::toml::Value::Array(items) => items.iter().map(count).sum(),
            ::toml::Value::Table(entries) => entries.values().map(count).sum(),
            _ => 1,
        }
    }
    if toml.metadata().unwrap().is_none() {
        assert_eq!(count(&table), leaves.len());
        let mut edits = Edits::default();
        for (leaf, _) in leaves.iter().filter(|(leaf, _)| toml.not_a_value(*leaf).is_none()) {
            let mut spelled = String::new();
            toml.spell(*leaf, &Value::Str("ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]".into()), &mut spelled).unwrap();
            edits.replace(toml.span(*leaf), &spelled);
        }
        toml.insert_metadata(&trial::metadata(), &mut edits);
        check_with_other(&parse(&edits.apply(toml.text())));
    }
}

#[test]
fn another_reader_reads_the_same() {
    check_with_other(&parse(SAMPLE));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_documents(text in any_document()) {
        let toml = parse(&text);
        check_with_other(&toml);
        trial::check(&toml);
        trial::check_changes(&toml, 0);
    }

    #[test]
    fn random_scalars(text in "[0-2]{0,4}[-0-9TZtz:. +eE_xXobinfa]{0,12}") {
        let text = format!("k = {text}\n");
        prop_assert_eq!(other(&text).is_some(), Toml::parse(text).is_ok());
    }

    #[test]
    fn random_texts(text in "[a-c.=\\[\\]{}\"'\\n# ,1]{0,24}") {
        let other = other(&text);
        let toml = Toml::parse(text.clone());
        prop_assert_eq!(other.is_some(), toml.is_ok(), "{}", text);
        if let Ok(toml) = toml {
            check_with_other(&toml);
            trial::check(&toml);
            trial::check_changes(&toml, 0);
        }
    }
}
