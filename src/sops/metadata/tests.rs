//! What every release wrote, what is refused, and write ∘ read.

use proptest::prelude::*;

use super::*;
use crate::sops::key::{MasterKey, WrappedKey};
use crate::sops::yaml_for_tests::tree;

/// A tree as one line, in the order in which it stands.
fn shown(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".into(),
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        Kind::Time(text) | Kind::Str(text) => format!("{text:?}"),
        Kind::List(nodes) => format!("[{}]", nodes.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Kind::Map(items) => {
            let items = items.iter().map(|(key, value)| format!("{}: {}", key.name, shown(value)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
        }
    }
}

const WHEN: &str = r#""lastmodified": "2026-11-22T20:49:18Z", "mac": "ENC[..]", "version": "3.13.2""#;
const AGE: &str = r#"{"recipient": "age1x", "enc": "-----\n"}"#;

/// A block with one age key and these fields besides.
fn with(fields: &str) -> Node {
    tree(&format!(r#"{{"age": [{AGE}], {WHEN}{}{fields}}}"#, if fields.is_empty() { "" } else { ", " }))
}

fn age() -> WrappedKey {
    WrappedKey { key: MasterKey::Age { recipient: "age1x".into() }, enc: "-----\n".into(), created_at: None }
}

#[test]
fn the_form_of_3_13() {
    let read = Metadata::read(&with("")).unwrap();
    let expected = Metadata {
        groups: vec![KeyGroup(vec![age()])],
        shamir_threshold: 0,
        lastmodified: "2026-11-22T20:49:18Z".into(),
        mac: "ENC[..]".into(),
        selection: Selection::Default,
        mac_only_encrypted: false,
        version: "3.13.2".into(),
        layout: None,
        unknown: vec![],
    };
    assert_eq!(read, expected);
    assert_eq!(
        shown(&read.write()),
        r#"{age: [{enc: "-----\n", recipient: "age1x"}], lastmodified: "2026-11-22T20:49:18Z", mac: "ENC[..]", unencrypted_suffix: "_unencrypted", version: "3.13.2"}"#
    );
}

/// The order and the empty lists of 3.0 to 3.10, before Vault, age and Huawei existed, and in between.
#[test]
fn older_forms() {
    let pgp = r#"{"created_at": "2019-08-28T12:00:00Z", "enc": "-----BEGIN PGP MESSAGE-----", "fp": "FBC7"}"#;
    let rest = r#""lastmodified": "2019-08-28T12:00:00Z", "mac": "ENC[..]", "pgp": [PGP], "unencrypted_suffix": "_unencrypted", "version": "3.3.1""#
        .replace("PGP", pgp);
    for lists in [
        r#""kms": [], "gcp_kms": [], "azure_kv": [], "#,
        r#""kms": null, "gcp_kms": null, "azure_kv": null, "hc_vault": null, "age": null, "#,
        r#""kms": [], "gcp_kms": [], "azure_kv": [], "hc_vault": [], "age": [], "key_groups": [], "shamir_threshold": 0, "#,
        r#""kms": {}, "#,
        "",
    ] {
        let read = Metadata::read(&tree(&format!("{{{lists}{rest}}}"))).unwrap();
        assert_eq!(
            read.groups,
            [KeyGroup(vec![WrappedKey {
                key: MasterKey::Pgp { fingerprint: "FBC7".into() },
                enc: "-----BEGIN PGP MESSAGE-----".into(),
                created_at: Some("2019-08-28T12:00:00Z".into()),
            }])]
        );
        let written = shown(&read.write());
        assert!(written.starts_with("{lastmodified: "), "empty lists are left out: {written}");
    }
}

#[test]
fn every_kind_of_key() {
    let at = r#""created_at": "2020-01-01T00:00:00Z", "enc": "e""#;
    let block = tree(&format!(
        r#"{{"age": [{AGE}],
            "pgp": [{{{at}, "fp": "F"}}],
            "hc_vault": [{{{at}, "vault_address": "https://v:8200", "engine_path": "transit", "key_name": "k"}}],
            "azure_kv": [{{{at}, "vault_url": "https://a", "name": "n", "version": "v"}}],
            "hckms": [{{{at}, "key_id": "eu:1"}}],
            "gcp_kms": [{{{at}, "resource_id": "projects/p"}}],
            "kms": [{{{at}, "arn": "arn:aws:1", "role": "arn:role", "context": {{"b": "2", "a": "1", "c": null}}, "aws_profile": "p"}},
                    {{{at}, "arn": "arn:aws:2", "aws_profile": ""}}],
            {WHEN}}}"#
    ));
    let read = Metadata::read(&block).unwrap();
    let kinds: Vec<_> = read.groups[0].0.iter().map(|wrapped| format!("{:?}", wrapped.key)).collect();
    assert_eq!(
        kinds,
        [
            r#"Kms { arn: "arn:aws:1", role: Some("arn:role"), context: [("b", "2"), ("a", "1")], aws_profile: "p" }"#,
            r#"Kms { arn: "arn:aws:2", role: None, context: [], aws_profile: "" }"#,
            r#"GcpKms { resource_id: "projects/p" }"#,
            r#"HcKms { key_id: "eu:1" }"#,
            r#"AzureKv { vault_url: "https://a", name: "n", version: "v" }"#,
            r#"HcVault { vault_address: "https://v:8200", engine_path: "transit", key_name: "k" }"#,
            r#"Pgp { fingerprint: "F" }"#,
            r#"Age { recipient: "age1x" }"#,
        ]
    );
    let at = r#"created_at: "2020-01-01T00:00:00Z", enc: "e""#;
    assert_eq!(
        shown(&read.write()),
        format!(
            r#"{{age: [{{enc: "-----\n", recipient: "age1x"}}], azure_kv: [{{{at}, name: "n", vault_url: "https://a", version: "v"}}], "#
        ) + &format!(r#"gcp_kms: [{{{at}, resource_id: "projects/p"}}], "#)
            + &format!(
                r#"hc_vault: [{{{at}, engine_path: "transit", key_name: "k", vault_address: "https://v:8200"}}], "#
            )
            + &format!(r#"hckms: [{{{at}, key_id: "eu:1"}}], "#)
            + &format!(
                r#"kms: [{{arn: "arn:aws:1", aws_profile: "p", context: {{a: "1", b: "2"}}, {at}, role: "arn:role"}}, {{arn: "arn:aws:2", aws_profile: "", {at}}}], "#
            )
            + &format!(r#"lastmodified: "2026-11-22T20:49:18Z", mac: "ENC[..]", pgp: [{{{at}, fp: "F"}}], "#)
            + r#"unencrypted_suffix: "_unencrypted", version: "3.13.2"}"#
    );
}

#[test]
fn groups() {
    let block = format!(
        r#"{{"key_groups": [{{"age": [{AGE}]}}, {{"age": {AGE}, "hc_vault": null}}], "shamir_threshold": 2, {WHEN}}}"#
    );
    let read = Metadata::read(&tree(&block)).unwrap();
    assert_eq!(read.groups, [KeyGroup(vec![age()]), KeyGroup(vec![age()])]);
    let group = r#"{age: [{enc: "-----\n", recipient: "age1x"}], hc_vault: []}"#;
    let written = shown(&read.write());
    assert!(written.starts_with(&format!("{{key_groups: [{group}, {group}], lastmodified: ")), "{written}");
    assert!(written.contains(", shamir_threshold: 2, "), "{written}");
    // keys at the top win
    let both = with(&format!(r#""key_groups": [{{"age": [{AGE}]}}, {{"age": [{AGE}]}}]"#));
    assert_eq!(Metadata::read(&both).unwrap().groups.len(), 1);
    // one group is written flat
    let one = tree(&format!(r#"{{"key_groups": {{"age": [{AGE}]}}, {WHEN}}}"#));
    assert_eq!(Metadata::read(&one).unwrap().write(), Metadata::read(&with("")).unwrap().write());
}

#[test]
fn weak_types() {
    let block = tree(&format!(
        r#"{{"AGE": {AGE}, "LastModified": "2026-11-22T20:49:18Z", "Mac": "m", "VERSION": 3.9,
            "Mac_Only_Encrypted": "true", "shamir_threshold": "2"}}"#
    ));
    let read = Metadata::read(&block).unwrap();
    assert_eq!(read.groups, [KeyGroup(vec![age()])]);
    assert_eq!((read.mac.as_str(), read.version.as_str()), ("m", "3.9"));
    assert!(read.mac_only_encrypted);
    assert_eq!(read.shamir_threshold, 2);
    assert_eq!(read.unknown, []);
    let flag = |value: &str| {
        Metadata::read(&with(&format!(r#""mac_only_encrypted": {value}"#))).map(|read| read.mac_only_encrypted)
    };
    for value in ["true", "1", "\"t\"", "0.5"] {
        assert_eq!(flag(value), Ok(true), "{value}");
    }
    for value in ["false", "0", "\"\"", "null", "\"False\""] {
        assert_eq!(flag(value), Ok(false), "{value}");
    }
    assert!(flag("\"yes\"").is_err());
    let threshold = |value: &str| {
        Metadata::read(&with(&format!(r#""shamir_threshold": {value}"#))).map(|read| read.shamir_threshold)
    };
    for (value, number) in [("null", 0), ("\"\"", 0), ("true", 1), ("3.0", 3), ("\"3\"", 3)] {
        assert_eq!(threshold(value), Ok(number), "{value}");
    }
    for value in ["-1", "\"x\"", "1e300", "[]", "2.5"] {
        assert!(threshold(value).is_err(), "{value}");
    }
}

#[test]
fn a_timestamp_without_quotes() {
    let block = tree(&format!("{{age: [{AGE}], lastmodified: 2026-11-22T20:49:18Z}}"));
    assert!(matches!(block.get("lastmodified").unwrap().kind, Kind::Time(_)));
    assert_eq!(Metadata::read(&block).unwrap().lastmodified, "2026-11-22T20:49:18Z");
}

#[test]
fn the_selection() {
    for name in Selection::FIELDS {
        let read = Metadata::read(&with(&format!(r#""{name}": "x""#))).unwrap();
        assert_eq!(read.selection.field(), (name, "x"));
        assert!(shown(&read.write()).contains(&format!("{name}: \"x\"")));
    }
    let two = Metadata::read(&with(r#""encrypted_regex": "a", "unencrypted_suffix": "b""#));
    let error = MetadataError::TwoSelections { first: "unencrypted_suffix", second: "encrypted_regex" };
    assert_eq!(two, Err(error));
    let empty = Metadata::read(&with(r#""encrypted_regex": "", "unencrypted_suffix": "b""#)).unwrap();
    assert_eq!(empty.selection, Selection::UnencryptedSuffix("b".into()));
}

#[test]
fn unknown_fields_survive() {
    let read = Metadata::read(&with(r#""zeta": {"b": [1, null], "a": true}, "beta": "x", "sealant_layout": "ENC[l]""#))
        .unwrap();
    assert_eq!(read.layout.as_deref(), Some("ENC[l]"));
    let names: Vec<_> = read.unknown.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["zeta", "beta"]);
    let written = shown(&read.write());
    assert!(written.contains(r#"], beta: "x", lastmodified"#), "{written}");
    assert!(written.contains(r#"sealant_layout: "ENC[l]", unencrypted_suffix"#), "{written}");
    assert!(written.ends_with("zeta: {b: [1, null], a: true}}"), "{written}");
}

#[test]
fn what_is_refused() {
    let wrong = |field: &str, expected| Err(MetadataError::WrongType { field: field.into(), expected, line: 1 });
    let time = |field: &str| Err(MetadataError::Timestamp { field: field.into(), line: 0 });
    let rows = [
        (Node::new(Kind::Null), Err(MetadataError::NotAMapping)),
        (Node::new(Kind::List(vec![])), Err(MetadataError::NotAMapping)),
        (tree("{}"), time("lastmodified")),
        (tree(&format!("{{{WHEN}}}")), Err(MetadataError::NoKeys)),
        (tree(&format!(r#"{{"age": [], "key_groups": [], {WHEN}}}"#)), Err(MetadataError::NoKeys)),
        (tree("lastmodified:\n  now"), Err(MetadataError::Timestamp { field: "lastmodified".into(), line: 2 })),
        (with(r#""pgp": [{"fp": "F", "enc": "e"}]"#), time("pgp[0].created_at")),
        (with(r#""pgp": [null]"#), time("pgp[0].created_at")),
        (with(r#""pgp": "F""#), wrong("pgp", "a list")),
        (with(r#""pgp": ["F"]"#), wrong("pgp[0]", "a mapping")),
        (with(r#""version ": "x", "Version": {}"#).clone(), Ok(())),
        (with(r#""encrypted_regex": ["x"]"#), wrong("encrypted_regex", "text")),
        (with(r#""kms": [{"context": "x"}]"#), wrong("kms[0].context", "a mapping of names to text")),
        (with(r#""kms": [{"context": {"a": []}}]"#), time("kms[0].created_at")),
    ];
    for (node, expected) in rows {
        assert_eq!(Metadata::read(&node).map(|_| ()), expected, "{}", shown(&node));
    }
}

#[test]
fn errors_and_debug_hold_no_values() {
    let error = Metadata::read(&with(r#""shamir_threshold": "hunter2""#)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn the_additional_data_of_the_mac() {
    let mut read = Metadata::read(&with("")).unwrap();
    assert_eq!(read.mac_aad().as_deref(), Ok("2026-11-22T20:49:18Z"));
    read.lastmodified = "2026-11-22T20:49:18.25+00:00".into();
    assert_eq!(read.mac_aad().as_deref(), Ok("2026-11-22T20:49:18Z"));
    read.lastmodified = "yesterday".into();
    assert!(read.mac_aad().is_err());
}

/// A key of any kind; the number says where its list stands in a group.
fn any_key() -> impl Strategy<Value = (u8, WrappedKey)> {
    let text = || "[a-z:/.]{0,8}";
    let context = proptest::collection::btree_map("[a-z]{1,3}", "[a-z]{0,3}", 0..3);
    (0_u8..7, text(), text(), text(), context).prop_map(|(kind, first, second, enc, context)| {
        let created_at = (kind != 6).then(|| "2020-01-01T00:00:00Z".to_owned());
        let key = match kind {
            0 => MasterKey::Kms {
                arn: first,
                role: Some(second.clone()).filter(|role| !role.is_empty()),
                context: context.into_iter().collect(),
                aws_profile: second,
            },
            1 => MasterKey::GcpKms { resource_id: first },
            2 => MasterKey::HcKms { key_id: first },
            3 => MasterKey::AzureKv { vault_url: first, name: second.clone(), version: second },
            4 => MasterKey::HcVault { vault_address: first, engine_path: second.clone(), key_name: second },
            5 => MasterKey::Pgp { fingerprint: first },
            _ => MasterKey::Age { recipient: first },
        };
        (kind, WrappedKey { key, enc, created_at })
    })
}

fn any_group() -> impl Strategy<Value = KeyGroup> {
    proptest::collection::vec(any_key(), 1..5).prop_map(|mut keys| {
        keys.sort_by_key(|(kind, _)| *kind);
        KeyGroup(keys.into_iter().map(|(_, key)| key).collect())
    })
}

fn any_metadata() -> impl Strategy<Value = Metadata> {
    let selection = (0..7_usize, "[a-z^$.]{1,6}").prop_map(|(at, value)| {
        Selection::FIELDS.get(at).and_then(|name| Selection::from_field(name, &value)).unwrap_or_default()
    });
    let unknown = proptest::collection::btree_map("x_[a-z]{1,4}", "[a-z]{0,4}", 0..3);
    (
        proptest::collection::vec(any_group(), 1..4),
        0_usize..4,
        "\\PC{0,12}",
        selection,
        any::<bool>(),
        any::<bool>(),
        unknown,
    )
        .prop_map(|(groups, shamir_threshold, mac, selection, mac_only_encrypted, layout, unknown)| Metadata {
            groups,
            shamir_threshold,
            lastmodified: "2026-11-22T20:49:18Z".into(),
            mac,
            selection,
            mac_only_encrypted,
            version: "3.13.2".into(),
            layout: layout.then(|| "ENC[..]".to_owned()),
            unknown: unknown.into_iter().map(|(name, value)| (name, Node::text(value))).collect(),
        })
}

fn any_tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::new(Kind::Null)),
        any::<bool>().prop_map(|value| Node::new(Kind::Bool(value))),
        any::<i64>().prop_map(|value| Node::new(Kind::Int(value))),
        any::<f64>().prop_map(|value| Node::new(Kind::Float(value))),
        "\\PC{0,6}".prop_map(Node::text),
        Just(Node::text("2020-01-01T00:00:00Z")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name =
            proptest::sample::select([KNOWN.as_slice(), &["created_at", "enc", "context", "fp", "Age"]].concat());
        let item = (name, inner.clone()).prop_map(|(name, node)| (Key { name: name.to_owned(), line: 1 }, node));
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(|nodes| Node::new(Kind::List(nodes))),
            proptest::collection::vec(item, 0..8).prop_map(|items| Node::new(Kind::Map(items))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(metadata in any_metadata()) {
        prop_assert_eq!(Metadata::read(&metadata.write()), Ok(metadata));
    }

    #[test]
    fn any_tree_is_answered(tree in any_tree()) {
        if let Ok(read) = Metadata::read(&tree) {
            let written = read.write();
            prop_assert_eq!(Metadata::read(&written).unwrap().write(), written);
        }
    }
}
