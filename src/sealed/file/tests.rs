//! Reading and changing files of many styles; properties over generated ones.

use proptest::prelude::*;

use super::*;
use crate::sealed::scope::Scope;

const YAML: &str = "\
# the shop's database
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {password: not-secret}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db # short
  namespace: \"shop\"
  annotations:
    sealedsecrets.bitnami.com/namespace-wide: \"true\"
spec:
  encryptedData:
    # who
    password: AgOLD1==  # rotated in May
    quoted: 'AgOLD2=='
    token: >-
      AgOLD3==
    wide: |
      AgOLD4AA
      BBBBCC==
    zone: \"AgOLD5==\"
  template:
    metadata:
      name: db
      namespace: shop
---
kind: List
apiVersion: v1
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: clear}
  stringData: {a: b, empty: ''}
- apiVersion: bitnami.com/v1alpha1
  kind: SealedSecret
  metadata: {name: listed, annotations: {sealedsecrets.bitnami.com/cluster-wide: true}}
  spec: {encryptedData: {a: AgOLD6==, b: \"AgOLD7==\"}}
";

const JSON: &str = "{
  \"kind\": \"SealedSecret\",
  \"apiVersion\": \"bitnami.com/v1alpha1\",
  \"metadata\": {\"name\": \"one\", \"namespace\": \"ns\"},
  \"spec\": {
    \"encryptedData\": {
      \"bar\": \"AgOLD1==\",
      \"foo\": \"AgOLD2==\"
    }
  }
}
{\"kind\":\"SealedSecret\",\"apiVersion\":\"bitnami.com/v1alpha1\",\"metadata\":{\"name\":\"two\"},\"spec\":{\"encryptedData\":{\"x\":\"AgOLD3==\"}}}
";

fn read(text: &str) -> SealedFile {
    SealedFile::read(text.as_bytes().to_vec()).unwrap()
}

fn set(text: &str, object: usize, key: &str, to: &str) -> Result<String, ChangeError> {
    read(text).change(&[Change { object, key, to: Some(to) }]).map(|text| text.to_string())
}

fn unset(text: &str, object: usize, key: &str) -> Result<String, ChangeError> {
    read(text).change(&[Change { object, key, to: None }]).map(|text| text.to_string())
}

/// The lines that are in one text only.
fn differing(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let only = |one: &str, other: &str| {
        let mut others: Vec<&str> = other.lines().collect();
        one.lines()
            .filter(|line| match others.iter().position(|other| other == line) {
                Some(at) => {
                    others.remove(at);
                    false
                }
                None => true,
            })
            .map(str::to_owned)
            .collect()
    };
    (only(old, new), only(new, old))
}

#[test]
fn objects_are_found_wherever_they_are() {
    let file = read(YAML);
    let facts: Vec<_> =
        file.objects().iter().map(|object| (object.title(), object.scope, object.line, object.items.len())).collect();
    assert_eq!(
        facts,
        [("shop/db".to_owned(), Scope::NamespaceWide, 7, 5), ("listed".to_owned(), Scope::ClusterWide, 37, 2)]
    );
    let lines: Vec<_> = file.objects()[0].items.iter().map(|item| (item.key.as_str(), item.line)).collect();
    assert_eq!(lines, [("password", 17), ("quoted", 18), ("token", 19), ("wide", 21), ("zone", 24)]);
    assert_eq!(file.objects()[0].items[3].text.as_deref(), Some("AgOLD4AA\nBBBBCC==\n"));
    assert_eq!(file.objects()[0].template.name.as_deref(), Some("db"));
    assert_eq!(file.secrets().len(), 1);
    assert_eq!((file.secrets()[0].line, &file.secrets()[0].keys[..]), (33, &["a".to_owned()][..]));
    let file = read(JSON);
    let facts: Vec<_> = file.objects().iter().map(|object| (object.label(), object.line)).collect();
    assert_eq!(facts, [("ns/one".to_owned(), 1), ("/two".to_owned(), 12)]);
    assert_eq!(file.objects()[0].items[1].line, 8);
}

#[test]
fn a_replaced_value_changes_its_bytes_only() {
    for (key, old, new) in [
        ("password", "AgOLD1==", "AgNEW=="),
        ("quoted", "AgOLD2==", "AgNEW=="),
        ("token", "AgOLD3==", "AgNEW=="),
        ("zone", "AgOLD5==", "AgNEW=="),
        ("wide", "AgOLD4AA\n      BBBBCC==", "AgNEWAAA\n      BBBBBBBB\n      C==="),
    ] {
        let to = new.replace([' ', '\n'], "");
        assert_eq!(set(YAML, 0, key, &to).unwrap(), YAML.replace(old, new), "{key}");
        let crlf = YAML.replace('\n', "\r\n");
        assert_eq!(set(&crlf, 0, key, &to).unwrap(), YAML.replace(old, new).replace('\n', "\r\n"), "{key}");
        let marked = format!("\u{feff}{YAML}");
        assert_eq!(set(&marked, 0, key, &to).unwrap(), marked.replace(old, new), "{key}");
    }
    for (text, object, key, old) in [
        (YAML, 1, "a", "AgOLD6=="),
        (YAML, 1, "b", "AgOLD7=="),
        (JSON, 0, "bar", "AgOLD1=="),
        (JSON, 0, "foo", "AgOLD2=="),
        (JSON, 1, "x", "AgOLD3=="),
    ] {
        assert_eq!(set(text, object, key, "AgNEW").unwrap(), text.replace(old, "AgNEW"), "{key}");
    }
}

#[test]
fn a_new_item_is_one_line() {
    let new = set(YAML, 0, "passwords", "AgNEW").unwrap();
    assert_eq!(differing(YAML, &new), (vec![], vec!["    passwords: AgNEW".to_owned()]));
    assert!(new.contains("May\n    passwords: AgNEW\n    quoted"));
    // behind the comment that belongs to the first one; at the end
    for key in ["a", "zz"] {
        let new = set(YAML, 0, key, "AgNEW").unwrap();
        assert_eq!(differing(YAML, &new), (vec![], vec![format!("    {key}: AgNEW")]));
        assert!(new.contains(&format!("zone: \"AgOLD5==\"\n    {key}: AgNEW\n  template")), "{new}");
    }
    let new = set(JSON, 0, "baz", "AgNEW").unwrap();
    assert_eq!(differing(JSON, &new), (vec![], vec!["      \"baz\": \"AgNEW\",".to_owned()]));
    let new = set(JSON, 0, "zoo", "AgNEW").unwrap();
    assert!(new.contains("\"foo\": \"AgOLD2==\",\n      \"zoo\": \"AgNEW\"\n    }"), "{new}");
    let new = set(JSON, 1, "w", "AgNEW").unwrap();
    assert!(new.contains("{\"w\":\"AgNEW\",\"x\":\"AgOLD3==\"}"), "{new}");
    let new = set(YAML, 1, "c.d", "AgNEW").unwrap();
    assert!(new.contains("b: \"AgOLD7==\", c.d: AgNEW}"), "{new}");
    let new = set(YAML, 0, "true", "AgNEW").unwrap();
    assert!(new.contains("\n    \"true\": AgNEW\n    wide"), "{new}");
}

#[test]
fn an_item_is_removed_with_its_lines() {
    let new = unset(YAML, 0, "wide").unwrap();
    assert_eq!(new, YAML.replace("    wide: |\n      AgOLD4AA\n      BBBBCC==\n", ""));
    let new = unset(JSON, 0, "bar").unwrap();
    assert_eq!(new, JSON.replace("      \"bar\": \"AgOLD1==\",\n", ""));
    let new = unset(JSON, 1, "x").unwrap();
    assert!(new.contains("\"encryptedData\":{}"), "{new}");
    let again = set(&new, 1, "x", "AgOLD3==").unwrap();
    assert_eq!(read(&again).objects()[1].items.len(), 1);
    assert_eq!(unset(YAML, 0, "nope"), Err(ChangeError::NoSuchItem { key: "nope".into() }));
}

#[test]
fn several_changes_are_made_at_once() {
    let change = |object, key, to| Change { object, key, to };
    let changes = [
        change(0, "password", Some("AgP")),
        change(0, "fresh", Some("AgF")),
        change(0, "zone", None),
        change(1, "a", Some("AgA")),
    ];
    let new = read(YAML).change(&changes).unwrap();
    let file = read(&new);
    let keys: Vec<_> = file.objects()[0].items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["password", "quoted", "token", "wide", "fresh"]);
    assert_eq!(file.objects()[1].items[0].text.as_deref(), Some("AgA"));
    assert_eq!(read(YAML).change(&[]).unwrap().as_str(), YAML);
}

#[test]
fn what_cannot_be_changed_alone_is_refused() {
    let head = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}\nspec:\n  encryptedData:";
    let text = format!("{head}\n    a: &x AgA\n    b: *x\n    c: AgC\n");
    assert_eq!(set(&text, 0, "a", "AgN"), Err(ChangeError::Referred { key: "a".into(), line: 6 }));
    assert_eq!(set(&text, 0, "b", "AgN").unwrap(), text.replace("*x", "AgN"));
    assert_eq!(unset(&text, 0, "a"), Err(ChangeError::Referred { key: "a".into(), line: 6 }));
    let text = format!("{head}\n    a: AgA\n    a: AgB\n");
    assert_eq!(set(&text, 0, "a", "AgN"), Err(ChangeError::Twice { key: "a".into(), line: 7 }));
    let text = format!("{head}\n    <<: &x {{a: AgA}}\n");
    assert_eq!(SealedFile::read(text.into_bytes()).unwrap_err().line, 6);
    // two objects share one mapping
    let text = "kind: List\nitems:\n- {kind: SealedSecret, apiVersion: bitnami.com/v1alpha1, metadata: {name: a}, spec: \
                {encryptedData: &d {k: AgK}}}\n- {kind: SealedSecret, apiVersion: bitnami.com/v1alpha1, metadata: {name: \
                b}, spec: {encryptedData: *d}}\n";
    assert!(matches!(set(text, 1, "k", "AgN"), Err(ChangeError::NoPlace { .. })));
    assert!(matches!(set(text, 0, "n", "AgN"), Err(ChangeError::NoPlace { .. } | ChangeError::Referred { .. })));
}

#[test]
fn odd_values_are_replaced_too() {
    let head = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}\nspec:\n  encryptedData:\n";
    for value in
        ["", " null", " 12", " [a]", " {a: b}", " !!str AgA", " !!binary AgAA", " \"Ag\\\n      AA\"", " Ag\n      AA"]
    {
        let text = format!("{head}    k:{value}\n    other: AgO\n");
        let new = set(&text, 0, "k", "AgNEW").unwrap();
        let file = read(&new);
        assert_eq!(file.objects()[0].item("k").and_then(|item| item.text.as_deref()), Some("AgNEW"), "{new}");
        assert!(new.starts_with(head) && new.ends_with("\n    other: AgO\n"), "{new}");
    }
    for value in ["null", "12", "[]", "{\"a\": 1}"] {
        let text = JSON.replace("\"AgOLD2==\"", value);
        assert_eq!(read(&text).objects()[0].items[1].text, None);
        assert_eq!(set(&text, 0, "foo", "AgOLD2==").unwrap(), JSON);
    }
}

#[test]
fn merged_metadata_counts() {
    let text =
        "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nx: &x {namespace: ns}\nmetadata: {<<: *x, name: n}\n";
    assert_eq!(read(text).objects()[0].label(), "ns/n");
}

#[test]
fn what_is_no_sealed_secret_is_left_alone() {
    for text in ["", "a: 1\n", "[]", "{}", "kind: SealedSecret\n", "- kind: SealedSecret\n", "{\"kind\": \"List\"}"] {
        assert!(read(text).objects().is_empty(), "{text}");
    }
    assert_eq!(SealedFile::read(b"{\"kind\": ]}".to_vec()).unwrap_err().line, 1);
    assert_eq!(SealedFile::read(b"{\"a\": 1}\n{\"a\": \n1 :2}".to_vec()).unwrap_err().line, 3);
}

/// A SealedSecret in one of many styles, with its keys.
fn any_file() -> impl Strategy<Value = (String, Vec<String>)> {
    let key = "[a-z][a-z0-9._-]{0,6}";
    let item = (key, "[A-Za-z0-9+/]{4,80}", 0..6_usize, any::<bool>());
    (prop::collection::vec(item, 1..8), any::<bool>(), any::<bool>(), 0..3_usize).prop_map(
        |(items, crlf, marked, around)| {
            let mut text = String::new();
            if around > 0 {
                text.push_str("# first\nkind: ConfigMap\ndata:\n    a:   'b'   # c\n---\n\n");
            }
            text.push_str(
                "apiVersion: bitnami.com/v1alpha1\nkind:   SealedSecret\nmetadata:\n  name: n\nspec:\n  encryptedData:\n",
            );
            let mut keys: Vec<String> = Vec::new();
            for (key, value, style, comment) in items {
                if keys.contains(&key) {
                    continue;
                }
                if comment {
                    text.push_str(&format!("    # about {key}\n"));
                }
                let lines = || value.as_bytes().chunks(16).map(|line| String::from_utf8_lossy(line).into_owned());
                text.push_str(&match style {
                    0 => format!("    {key}: {value}\n"),
                    1 => format!("    {key}: '{value}' # {key}\n"),
                    2 => format!("    \"{key}\":   \"{value}\"\n"),
                    3 => format!("    {key}: >-\n        {value}\n\n"),
                    4 => format!("    {key}: |\n{}", lines().map(|line| format!("      {line}\n")).collect::<String>()),
                    _ => format!("    {key}: !!str  {value}\n"),
                });
                keys.push(key);
            }
            if around > 1 {
                text.push_str("  template: {metadata: {name: n}}\n...\n---\nkind: Other\n# last\n");
            }
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            (if marked { format!("\u{feff}{text}") } else { text }, keys)
        },
    )
}

proptest! {
    /// What is not the item's own stays byte for byte.
    #[test]
    fn replacing_one_item_keeps_every_other_byte((text, keys) in any_file(), at in any::<prop::sample::Index>(),
                                                  value in "[A-Za-z0-9+/]{33,90}") {
        let key = &keys[at.index(keys.len())];
        let file = read(&text);
        let object = &file.objects()[0];
        let old = object.item(key).and_then(|item| item.text.clone()).unwrap_or_default().replace('\n', "");
        let new = set(&text, 0, key, &value).unwrap();
        // back again gives the same bytes
        prop_assert_eq!(set(&new, 0, key, &old).unwrap(), text.clone());
        // line by line, only those of the item differ
        let begin = object.item(key).map_or(0, |item| item.line) - 1;
        let end = object.items.iter().find(|item| item.line > begin + 1).map_or(usize::MAX, |item| item.line - 1);
        let (before, after): (Vec<&str>, Vec<&str>) = (text.split('\n').collect(), new.split('\n').collect());
        prop_assert_eq!(&before[..begin], &after[..begin]);
        let rest = before.len().saturating_sub(end);
        prop_assert_eq!(&before[before.len() - rest..], &after[after.len() - rest..]);
    }

    /// A new item is one line more; without it the text is what it was.
    #[test]
    fn adding_and_removing_is_no_change((text, keys) in any_file(), key in "[a-z][a-z0-9._-]{0,6}") {
        prop_assume!(!keys.contains(&key));
        let new = set(&text, 0, &key, "AgNEW+/=").unwrap();
        let (gone, come) = differing(&text, &new);
        prop_assert_eq!(gone, Vec::<String>::new());
        prop_assert_eq!(come.len(), 1);
        prop_assert_eq!(unset(&new, 0, &key).unwrap(), text);
    }

    /// Removing takes no line of anything else.
    #[test]
    fn removing_keeps_the_others((text, keys) in any_file(), at in any::<prop::sample::Index>()) {
        let key = &keys[at.index(keys.len())];
        let new = unset(&text, 0, key).unwrap();
        let (old, file) = (read(&text), read(&new));
        for item in &old.objects()[0].items {
            let kept = file.objects()[0].item(&item.key).map(|item| item.text.clone());
            prop_assert_eq!(kept, (item.key != *key).then(|| item.text.clone()));
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>(), odd in "[{}\\[\\]\":, a\\\\\n<*&-]{0,20}") {
        for text in [text, odd] {
            _ = SealedFile::read(text.into_bytes());
        }
    }
}
