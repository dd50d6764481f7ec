//! What gopkg.in/ini.v1 makes of keys, values and comments; exact metadata; values that read back; changes of one value.

use proptest::prelude::*;

use super::*;
use crate::document::path::Step;
use crate::document::tree::{Key, Kind};

fn ini(text: &str) -> IniDocument {
    parse(text.to_owned()).unwrap()
}

fn text_of(value: Value<'_>) -> String {
    match value {
        Value::Str(text) => text.into_owned(),
        _ => panic!("not a text"),
    }
}

/// The tree as one line: `name{ key=value;comment }`.
fn shown(document: &dyn Format) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for event in document.events() {
        match event {
            Event::Open(_) => {
                depth += 1;
                out.push_str(if depth > 1 { "{" } else { "" });
            }
            Event::Close => {
                depth -= 1;
                out.push_str(if depth > 0 { "}" } else { "" });
            }
            Event::Key(key) if depth > 1 => out.push_str(&format!(" {}=", document.key(*key))),
            Event::Key(key) => out.push_str(document.key(*key)),
            Event::Scalar(leaf) => out.push_str(&format!("{:?}", text_of(document.value(*leaf)))),
            Event::Comment(comment) => out.push_str(&format!(" ;{:?}", document.comment_text(*comment))),
            Event::Item => panic!("no lists"),
        }
    }
    out
}

fn only_value(text: &str) -> String {
    text_of(ini(text).value(0))
}

fn metadata() -> Node {
    let map = |entries: Vec<(&str, Node)>| {
        Node::new(Kind::Map(
            entries.into_iter().map(|(name, node)| (Key { name: name.into(), line: 0 }, node)).collect(),
        ))
    };
    map(vec![
        ("age", Node::new(Kind::List(vec![map(vec![("enc", Node::text("-----\nx\n-----\n"))])]))),
        ("encrypted_regex", Node::text("^(a|#b)$")),
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

fn path(keys: &[&str]) -> KeyPath {
    KeyPath(keys.iter().map(|key| Step::Key((*key).to_owned())).collect())
}

#[test]
fn values() {
    for (written, value, span) in [
        ("x", "x", "x"),
        (" x y \t\r\n", "x y", "x y"),
        ("", "", ""),
        ("\r\n", "", ""),
        ("a # b", "a", "a"),
        ("a#b", "a", "a"),
        ("\"a;b\"", "\"a", "\"a"),
        ("'a'", "a", "'a'"),
        ("\"a\" ; c", "a", "\"a\""),
        ("\"a\" \"b\"", "\"a\" \"b\"", "\"a\" \"b\""),
        ("\"", "\"", "\""),
        ("\"\"", "", "\"\""),
        ("' a '", " a ", "' a '"),
        ("`a#b` ignored", "a#b", "`a#b` ignored"),
        ("`a` ; it`s", "a` ; it", "`a` ; it`s"),
        ("\"\"\"a\"\"\"\"", "a\"", "\"\"\"a\"\"\"\""),
        ("\"\"\"a\nb\\\n\"\"\"", "a\nb\\\n", "\"\"\"a\nb\\\n\"\"\""),
        ("\"\"\"\nb\"\"\" junk ; c\n", "\nb", "\"\"\"\nb\"\"\" junk"),
        ("`a\nb` \\\nc`", "a\nb` \\\nc", "`a\nb` \\\nc`"),
        ("a \\\n  b\\\n\tc\nd=1", "a bc", "a \\\n  b\\\n\tc"),
        ("a#b\\\n'c' ; d\n", "a#b'c' ; d", "a#b\\\n'c' ; d"),
        ("a\\\n\nb=1", "a", "a\\"),
        ("a\\", "a", "a\\"),
        ("a\\\n", "a", "a\\"),
        ("\u{a0}x\u{2003}", "x", "x"),
    ] {
        let text = format!("k ={written}");
        let document = ini(&text);
        assert_eq!(text_of(document.value(0)), value, "{text:?}");
        assert_eq!(&text[document.span(0)], span, "{text:?}");
    }
}

#[test]
fn keys() {
    for (line, key) in [
        ("a b: c = d", "a b"),
        ("`a=b` = 1", "a=b"),
        ("\"a:b\" = 1", "a:b"),
        ("\"\"\"a`b\"\"\" = 1", "a`b"),
        ("\" a \" = 1", "a"),
        ("\t  a=1", "a"),
        ("a[0] = 1", "a[0]"),
    ] {
        let document = ini(line);
        assert_eq!(document.key(1), key, "{line:?}");
    }
    assert_eq!(shown(&ini("- = a\n-=b\n[s]\n- : c")), "DEFAULT{ #1=\"a\" #2=\"b\"}s{ #1=\"c\"}");
}

#[test]
fn sections_and_comments() {
    for (text, tree) in [
        ("", "DEFAULT{}"),
        ("\u{FEFF}a=1", "DEFAULT{ a=\"1\"}"),
        ("a=1\n[DEFAULT]\na=2\n[s]\n[s]\na=3", "DEFAULT{ a=\"1\"}DEFAULT{ a=\"2\"}s{}s{ a=\"3\"}"),
        ("[a] ; see [b]\nx=1", "DEFAULT{}a] ; see [b{ x=\"1\"}"),
        ("[ a ]x # c", "DEFAULT{} a { ;\"c\"}"),
        ("; one\n\n  #two \n[a];three\nx=1", "DEFAULT{}a{ ;\"one\\n#two \\n;three\" x=\"1\"}"),
        (";; one\nx=1\n# two\ny=2 ; three\n", "DEFAULT{ x=\"1\" ;\"one\" y=\"2\" ;\"two\" ;\"three\"}"),
        ("x=1\n[a]\n; last", "DEFAULT{ x=\"1\"}a{ ;\"last\"}"),
        ("x=1\n; here\n[sops]\nmac=1\n; gone\nversion=2\n; there", "DEFAULT{ x=\"1\" ;\"here\" ;\"there\"}"),
        ("[sops]\nmac=1\n; b\n[b]\nx=1", "DEFAULT{}b{ ;\"b\" x=\"1\"}"),
        ("x= ;c\ny=", "DEFAULT{ x=\"\" ;\"c\" y=\"\"}"),
    ] {
        assert_eq!(shown(&ini(text)), tree, "{text:?}");
    }
}

#[test]
fn refused() {
    for (text, line, column) in [
        ("a=1\nb", 2, 1),
        ("a=1\n = 2", 2, 2),
        ("[a\n", 1, 1),
        ("[]\n", 1, 1),
        ("\"a = 1", 1, 1),
        ("`a` b", 1, 1),
        ("\"\" = 1", 1, 1),
        ("a = \"\"\"", 1, 5),
        ("a = \"\"\"x\n\ny", 1, 5),
        ("a = `x\nb` \\", 1, 5),
        ("a = 1\na = 2", 2, 1),
        ("[a]\nb=1\nb: 2", 3, 1),
        ("a=\0", 1, 3),
        ("a=1\n<<<<<<< x", 2, 1),
        ("a=1\n=======\nb=1", 2, 1),
        ("a=1\n>>>>>>> x", 2, 1),
    ] {
        let error = parse(text.to_owned()).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text:?}");
    }
    assert_eq!(only_value("a = `t\n=======\n`"), "t\n=======\n");
}

#[test]
fn what_sops_loses() {
    for (text, offset) in [
        ("- = 1", 0),
        ("`#a` = 1", 0),
        ("`a` b = 1", 0),
        ("a = `x` y", 4),
        ("a = `'x'`", 4),
        ("a = `x\\`", 4),
        ("[a] b", 3),
        ("#\n# x\n[a]", 0),
    ] {
        let document = ini(text);
        let problems: Vec<_> =
            document.unrepresentable().iter().map(|problem| (problem.offset, problem.is_final)).collect();
        assert_eq!(problems, [(offset, false)], "{text:?}");
    }
    let fine = "; s\n[s] # t\n; a\na = \"x\"\nb : y ; b\n'c' = `#`\n\"d=\" = \"\"\"1\n2\"\"\" ; d\n[t]\n#\n[u]";
    // comments that sops loses, or leaves encrypted, are no reason to refuse: no value is touched
    for fine in [fine, "a=1\n; end", "; up\na=1 ; behind"] {
        assert_eq!(ini(fine).unrepresentable(), [], "{fine:?}");
    }
}

#[test]
fn comments_are_replaced_where_sops_finds_them() {
    for (text, spelled) in [
        ("; one\n\n  # two\na = 1", "; X]\na = 1"),
        ("#one\na = 1", "#X]\na = 1"),
        ("a = 1 ;one", "a = 1 ;X]"),
        ("  [a] # one\nb=1", "  ; X]\n[a]\nb=1"),
        (" ; one\r\n [a] # two\r\nb=1", " ; X]\r\n[a]\r\nb=1"),
        ("; one\n[a] junk\nb=1", "; X]\n[a] junk\nb=1"),
        ("a=1\n; one", "a=1\n; X]"),
    ] {
        let document = ini(text);
        let mut edits = Edits::default();
        let mut out = String::new();
        document.spell_comment(0, "X]", &mut out);
        edits.replace(document.comment(0), &out);
        let file = edits.apply(text).to_string();
        assert_eq!(file, spelled);
        let read = ini(&file);
        assert_eq!(read.comment_text(0), "X]", "{text:?}");
        assert_eq!(read.comments.len(), 1);
    }
    for (said, spelled) in [(";x", "# ;x"), ("#x", "; #x"), ("a\n; b\nc\n#d", "; a\n; b\n; c\n#d"), ("", "; ")] {
        let mut out = String::new();
        spell::comment(said, "; old", "\n", &mut out);
        assert_eq!(out, spelled);
    }
}

#[test]
fn metadata_is_read_from_every_release() {
    let text = "a=1\n[sops]\nage__list_0__map_enc = \"\"\"-----\nx\n\"\"\"\nmac = `m`\nversion=\"a\\nb\"\n\n[b]\nc=1\n";
    let document = ini(text);
    let node = document.metadata().unwrap().unwrap();
    let Kind::List(keys) = &node.get("age").unwrap().kind else { panic!("not a list") };
    assert!(keys[0].get("enc") == Some(&Node { line: 3, kind: Kind::Str("-----\nx\n".into()) }));
    assert!(node.get("mac") == Some(&Node { line: 6, kind: Kind::Str("m".into()) }));
    assert!(node.get("version") == Some(&Node { line: 7, kind: Kind::Str("a\nb".into()) }));
    assert_eq!(stripped(&document), "a=1\n\n[b]\nc=1\n");
    assert!(ini("a=1").metadata().unwrap().is_none());
    let error = ini("[sops]\na=1\n[sops]\n").metadata().unwrap_err();
    assert_eq!((error.line, error.what), (3, "the section [sops] stands twice"));
    let error = ini("[sops]\na__list_1=1\n").metadata().unwrap_err();
    assert_eq!((error.line, error.what), (2, "this list in the metadata has gaps"));
}

#[test]
fn metadata_as_sops_writes_it() {
    let block = "[sops]\nage__list_0__map_enc = -----\\nx\\n-----\\n\nencrypted_regex      = `^(a|#b)$`\nversion              = 3.13.2\n";
    assert_eq!(encrypted(&ini("")), block);
    assert_eq!(encrypted(&ini("a=1\n")), format!("a=1\n\n{block}"));
    assert_eq!(encrypted(&ini("a=1\\")), format!("a=1\\\n\n{}", block.trim_end()));
    assert_eq!(encrypted(&ini("a=1\r\n")), format!("a=1\n\n{block}").replace('\n', "\r\n"));
}

#[test]
fn printed_as_sops_prints_it() {
    let entry =
        |key: &str, value: &str, comment: &str| Entry { key: key.into(), value: value.into(), comment: comment.into() };
    let section = |name: &str, comment: &str, entries: Vec<Entry>| Section {
        name: name.into(),
        comment: comment.into(),
        entries,
    };
    let sections = [
        section("DEFAULT", "", vec![]),
        section("a", "one\n#two", vec![entry("k", "", ""), entry("long", "x;y", "c\n; d"), entry("q=", " z ", "")]),
        section("b", "", vec![entry("`", "m\nn", ""), entry("x", "a`b", "")]),
        section("DEFAULT", "", vec![entry("r", "1", "c"), entry("s", "2", ""), entry("r", "3", "")]),
    ];
    let mut out = String::new();
    emit_sections(&sections, &mut out).unwrap();
    let expected = "; one\n# two\n[a]\nk    = \n; c\n; d\nlong = `x;y`\n`q=` = \" z \"\n\n[b]\n\"\"\"`\"\"\" = \"\"\"m\nn\"\"\"\nx       = \"\"\"a`b\"\"\"\n\n[DEFAULT]\n; c\nr = 3\ns = 2\n";
    assert_eq!(out, expected);
    let map = |name: &str, node| Node::new(Kind::Map(vec![(Key { name: name.into(), line: 0 }, node)]));
    let mut out = String::new();
    emit(&map("s", map("k", Node::new(Kind::Float(2.0)))), &mut out).unwrap();
    assert_eq!(out, "[s]\nk = 2.0\n");
    assert_eq!(emit(&map("k", Node::text("")), &mut out), Err(EmitError::NotASection));
    assert_eq!(emit(&map("s", map("", Node::text(""))), &mut out), Err(EmitError::EmptyName));
}

#[test]
fn changes() {
    let text = "x = 1\n; s\n[s]\n  a: 'p' ; c\n  b: q\\\n r\n\n[t]\n[s]\nc=1";
    let document = ini(text);
    let set = |keys: &[&str], value: &str| {
        document.set(&path(keys), &Node::text(value)).map(|change| changed(&document, &change))
    };
    for (keys, value, from, to) in [
        (&["s", "a"], "new", "'p' ; c", "'new' ; c"),
        (&["s", "a"], "it's", "'p' ; c", "it's ; c"),
        (&["s", "a"], "a;b", "'p' ; c", "`a;b` ; c"),
        (&["s", "b"], "z", "q\\\n r\n", "z\n"),
        (&["s", "c"], "", "c=1", "c="),
        (&["s", "d"], "w", "r\n\n", "r\n  d: w\n\n"),
        (&["t", "d"], "w", "[t]\n", "[t]\nd = w\n"),
        (&["DEFAULT", "y"], "w", "x = 1\n", "x = 1\ny = w\n"),
        (&["DEFAULT", "x"], "a\nb", "x = 1\n", "x = \"\"\"a\nb\"\"\"\n"),
        (&["u", "k=1"], "w", "c=1", "c=1\n\n[u]\n`k=1` = w"),
    ] {
        assert_eq!(set(keys, value).unwrap(), text.replacen(from, to, 1), "{keys:?}");
    }
    for (keys, expected) in [
        (vec!["sops", "x"], None),
        (vec!["s", "#x"], None),
        (vec!["s", "-"], None),
        (vec!["s", "new\nline"], None),
        (vec!["s\n", "x"], None),
        (vec!["s"], None),
        (vec!["u", "v", "w"], None),
        (vec![], Some(PathError::BadPath)),
        (vec!["s", "a", "x"], Some(PathError::NotThere { at: 2 })),
    ] {
        let error = document.set(&path(&keys), &Node::text("1")).err().unwrap();
        match expected {
            Some(expected) => assert_eq!(error, expected),
            None => assert!(matches!(error, PathError::NoPlace(_)), "{keys:?}"),
        }
    }
    assert_eq!(*ini("a=").set(&path(&["DEFAULT", "a"]), &Node::new(Kind::Int(5))).unwrap().text, "5");
    assert_eq!(*ini("a = ").set(&path(&["DEFAULT", "a"]), &Node::text("b")).unwrap().text, "b");
    assert_eq!(*ini("a =").set(&path(&["DEFAULT", "a"]), &Node::text("b")).unwrap().text, " b");
    assert_eq!(*ini("a = ;c").set(&path(&["DEFAULT", "a"]), &Node::text("b")).unwrap().text, "b ");

    let unset = |keys: &[&str]| document.unset(&path(keys)).map(|change| changed(&document, &change));
    assert_eq!(unset(&["s", "a"]).unwrap(), text.replacen("  a: 'p' ; c\n", "", 1));
    assert_eq!(unset(&["s", "b"]).unwrap(), text.replacen("  b: q\\\n r\n", "", 1));
    assert_eq!(unset(&["s", "c"]).unwrap(), text.replacen("\nc=1", "", 1));
    assert_eq!(unset(&["t"]).unwrap(), text.replacen("[t]\n", "", 1));
    assert!(matches!(unset(&["s"]), Err(PathError::NoPlace(_))));
    assert_eq!(unset(&["s", "zz"]), Err(PathError::Missing { at: 1 }));
    assert_eq!(unset(&["zz", "zz"]), Err(PathError::Missing { at: 0 }));
    assert_eq!(unset(&["s", "a", "x"]), Err(PathError::NotThere { at: 2 }));
    assert!(matches!(ini("-=1\n-=2").unset(&path(&["DEFAULT", "#1"])), Err(PathError::NoPlace(_))));
}

#[test]
fn long_files_are_read_in_one_go() {
    let mut text = String::new();
    for at in 0..50_000 {
        text.push_str(&format!("k{at}=`\n;\n`\nl{at}=a\\\n\\\n"));
    }
    assert!(parse(text + "k=`").is_err());
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[;#]{0,2} {0,1}[a-c#;]{0,4}",
        " {0,2}\\[(a|b|DEFAULT)\\]( {0,1}[;#] c)?",
        " {0,1}[a-h] {0,1}[=:] {0,1}[a-c \"'#;=\\\\]{0,6}",
        "[a-h]=`[a-c \"'#;\n]{0,6}`( x)?",
        "[a-h] = \"\"\"[a-c \"'#;\n`]{0,6}\"\"\"( ; c)?",
        "[a-h]=(\"[a b#]{0,4}\"|'[a b;]{0,4}')( ; c)?",
        "[a-h]=a ?\\\\\n {0,1}[bc#]{0,3}\\\\?",
        "(`[a-c=]{1,2}`|\"[d-f:]{1,2}\")=[a-c]{0,2}",
        "- = [ab]{0,2}",
        "[ \t]{0,2}",
    ]
}

fn document() -> impl Strategy<Value = String> {
    let breaks = prop_oneof![4 => Just("\n"), 1 => Just("\r\n")];
    let lines = prop::collection::vec((piece(), breaks), 0..9);
    (lines, any::<bool>()).prop_map(|(lines, open)| {
        let mut text: String = lines.into_iter().map(|(line, end)| line + end).collect();
        if open {
            text.pop();
        }
        text
    })
}

fn value_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c\"'`#; \\\\\n\r=]{0,8}", "[a-z0-9]{0,5}"]
}

/// Sections, keys and values.
fn rows(document: &IniDocument) -> Vec<(String, String, String)> {
    let rows = document.sections.iter().flat_map(|section| {
        let leaves = document.leaves[section.leaves.clone()].iter();
        leaves.map(|leaf| {
            let content = document.content(leaf).to_owned();
            (document.section_name(section).to_owned(), document.keys[leaf.key].clone(), content)
        })
    });
    rows.collect()
}

proptest! {
    #[test]
    fn metadata_leaves_no_trace(text in document()) {
        if let Ok(document) = parse(text.clone()) {
            let read = parse(encrypted(&document)).unwrap();
            prop_assert!(read.metadata().unwrap().unwrap().get("encrypted_regex").unwrap().kind == Kind::Str("^(a|#b)$".into()));
            prop_assert_eq!(shown(&read), shown(&document));
            prop_assert_eq!(stripped(&read), text);
        }
    }

    #[test]
    fn spelled_values_read_back(text in document(), value in value_text()) {
        let Ok(document) = parse(text) else { return Ok(()) };
        for leaf in 0..document.leaves.len() {
            let mut out = String::new();
            if document.spell(leaf, &Value::Str(value.as_str().into()), &mut out).is_err() {
                continue;
            }
            let span = document.span(leaf);
            let text = format!("{}{out}{}", &document.text[..span.start], &document.text[span.end..]);
            let mut expected = rows(&document);
            expected[leaf].2.clone_from(&value);
            prop_assert_eq!(rows(&parse(text).unwrap()), expected);
        }
    }

    /// Ciphertexts for every value and comment: the tree keeps its shape, and nothing of the old text is left.
    #[test]
    fn ciphertexts_stand_where_values_stood(text in document()) {
        let Ok(document) = parse(text) else { return Ok(()) };
        let cipher = "ENC[AES256_GCM,data:+/=,iv:b=,tag:c=,type:str]";
        let mut edits = Edits::default();
        for event in document.events() {
            let mut out = String::new();
            match event {
                Event::Scalar(leaf) if !text_of(document.value(*leaf)).is_empty() => {
                    document.spell(*leaf, &Value::Str(cipher.into()), &mut out).unwrap();
                    edits.replace(document.span(*leaf), &out);
                }
                Event::Comment(comment) if !document.comment_text(*comment).is_empty() => {
                    document.spell_comment(*comment, cipher, &mut out);
                    edits.replace(document.comment(*comment), &out);
                }
                _ => {}
            }
        }
        let read = parse(edits.apply(document.text()).to_string()).unwrap();
        prop_assert_eq!(read.events(), document.events());
        prop_assert_eq!(&read.keys, &document.keys);
        for leaf in 0..read.leaves.len() {
            let (old, new) = (text_of(document.value(leaf)), text_of(read.value(leaf)));
            prop_assert_eq!(new.as_str(), if old.is_empty() { "" } else { cipher });
        }
        for comment in 0..read.comments.len() {
            let (old, new) = (document.comment_text(comment), read.comment_text(comment));
            prop_assert_eq!(new.as_ref(), if old.is_empty() { "" } else { cipher });
        }
    }

    #[test]
    fn setting_changes_one_value(
        text in document(), section in "a|b|c|DEFAULT", key in "[a-j]", value in value_text(),
    ) {
        let Ok(document) = parse(text) else { return Ok(()) };
        let it = path(&[&section, &key]);
        let Ok(change) = document.set(&it, &Node::text(value.as_str())) else { return Ok(()) };
        let read = parse(changed(&document, &change)).unwrap();
        let (before, after) = (rows(&document), rows(&read));
        let row = (section.clone(), key.clone(), value);
        let at = after.iter().position(|found| found == &row).unwrap();
        let old = before.iter().position(|found| found.0 == section && found.1 == key);
        let mut expected = before;
        match old {
            Some(old) => expected[old] = row,
            None => expected.insert(at, row),
        }
        prop_assert_eq!(&after, &expected);
        let Ok(removed) = read.unset(&it) else { return Ok(()) };
        let again = parse(changed(&read, &removed)).unwrap();
        expected.remove(old.unwrap_or(at));
        prop_assert_eq!(rows(&again), expected);
    }

    #[test]
    fn never_panics(text in "(?s).{0,40}") {
        let _ = parse(text);
    }

    #[test]
    fn printed_values_are_known_to_read_back(value in value_text()) {
        let mut out = String::new();
        let sections = [Section {
            name: "s".into(),
            comment: String::new(),
            entries: vec![Entry { key: "k".into(), value: value.clone(), comment: String::new() }],
        }];
        emit_sections(&sections, &mut out).unwrap();
        let same = parse(out).is_ok_and(|read| rows(&read) == [("s".to_owned(), "k".to_owned(), value.clone())]);
        prop_assert_eq!(spell::sops_prints_value(&value), same);
    }
}

#[test]
fn an_empty_comment_joined_to_another_is_told() {
    for (text, told) in [
        ("; \na = b ; c\n", true),
        (";;\n; c\na = b ; c\n", true),
        ("; x\na = b ; c\n", false),
        ("; x\na = b ;\n", false),
        (";\na = b\n", false),
    ] {
        assert_eq!(!ini(text).unrepresentable().is_empty(), told, "{text:?}");
    }
}
