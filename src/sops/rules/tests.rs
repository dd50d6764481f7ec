//! Every spelling, every mistake with its line, and any tree at all.

use proptest::prelude::*;

use super::*;
use crate::document::tree::Key;
use crate::sops::yaml_for_tests::tree;

fn read(yaml: &str) -> Result<Config, RuleError> {
    Config::read(&tree(yaml), ".sops.yaml")
}

fn good(yaml: &str) -> Config {
    read(yaml).unwrap_or_else(|error| panic!("{error}"))
}

/// The identities of the keys of the first rule.
fn keys_of(yaml: &str) -> Vec<Vec<String>> {
    good(yaml).rules[0].groups.iter().map(|group| group.iter().map(identity).collect()).collect()
}

fn problems(yaml: &str) -> Vec<String> {
    read(yaml).map(|_| ()).expect_err(yaml).to_string().lines().map(str::to_owned).collect()
}

fn warnings(yaml: &str) -> Vec<(usize, String)> {
    good(yaml).warnings
}

#[test]
fn the_first_rule_that_matches() {
    let config = good(
        "
creation_rules:
  - path_regex: ^config/dev/
    age: age1dev
  - path_regex: 'prod/.*\\.ya?ml$'
    age: age1prod
    encrypted_regex: ^(data|stringData)$
    mac_only_encrypted: true
  - path_regex: ''
    age: age1rest
    unencrypted_suffix: _clear
",
    );
    let line_for = |path| config.rule_for(path).map(|rule| rule.line);
    assert_eq!(line_for("config/dev/db.yaml"), Some(3));
    assert_eq!(line_for("other/config/dev/db.yaml"), Some(9));
    assert_eq!(line_for("/elsewhere/prod/db.yml"), Some(5));
    assert_eq!(line_for("x"), Some(9));
    let rule = &config.rules[1];
    assert_eq!(rule.selection, Selection::EncryptedRegex("^(data|stringData)$".into()));
    assert_eq!(rule.path_regex.as_ref().unwrap().text(), "prod/.*\\.ya?ml$");
    assert!(rule.mac_only_encrypted && rule.shamir_threshold == 0);
    assert_eq!(config.rules[0].selection, Selection::Default);
    assert_eq!(config.rules[2].selection, Selection::UnencryptedSuffix("_clear".into()));
    assert_eq!(config.warnings, []);
    let some = good("creation_rules: [{path_regex: a, age: age1a}]");
    assert!(some.rule_for("b").is_none());
}

#[test]
fn missing_and_empty_rules_are_told_apart() {
    for (yaml, has_rules) in [
        ("", false),
        ("stores: {}", false),
        ("creation_rules:", false),
        ("creation_rules: ~", false),
        ("creation_rules: []", true),
        ("creation_rules: [{age: age1a}]", true),
    ] {
        assert_eq!(good(yaml).has_rules, has_rules, "{yaml}");
    }
}

#[test]
fn keys_in_every_spelling() {
    let both = [["age1a", "age1b"].map(String::from).to_vec()];
    for age in [
        "age1a,age1b",
        "' age1a , age1b ,, '",
        "[age1a, age1b]",
        "['age1a,age1b']",
        "['age1a, ', age1b, '']",
        ">-\n      age1a,\n      age1b",
        "\n      - age1a\n      - age1b",
    ] {
        assert_eq!(keys_of(&format!("creation_rules:\n  - age: {age}")), both, "{age}");
    }
    let all = "
creation_rules:
  - hc_vault_transit_uri: https://vault:8200/v1/transit/keys/k
    azure_keyvault: [https://a.vault.azure.net/keys/n/v, https://a.vault.azure.net/keys/n]
    hckms: [eu-1:uuid]
    gcp_kms: projects/p/locations/l/keyRings/r/cryptoKeys/k, projects/ q
    kms: 'arn:aws:kms:eu:1:key/a+arn:aws:iam::1:role/r, arn:aws:kms:eu:1:key/b'
    aws_profile: work
    pgp: 'FBC7 B9E2, 85D7!'
    age: 'ssh-ed25519 AAAA someone@host'
";
    let expected = [
        "ssh-ed25519 AAAA someone@host",
        "FBC7B9E2",
        "85D7!",
        "arn:aws:kms:eu:1:key/a+arn:aws:iam::1:role/r||work",
        "arn:aws:kms:eu:1:key/b||work",
        "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "projects/q",
        "eu-1:uuid",
        "https://a.vault.azure.net/keys/n/v",
        "https://a.vault.azure.net/keys/n/",
        "https://vault:8200/v1/transit/keys/k",
    ];
    assert_eq!(keys_of(all), [expected.map(String::from).to_vec()]);
    // no key, no group
    assert!(keys_of("creation_rules: [{path_regex: x, age: '', pgp: [], kms: ~}]").is_empty());
}

#[test]
fn key_groups() {
    let yaml = "
creation_rules:
  - shamir_threshold: 2
    key_groups:
      - merge:
          - age: [age1m]
            merge: [{pgp: [FF]}]
          - age: [age1m, age1a]
        age: [age1a, age1b]
        kms:
          - arn: arn:1
            role: role
            context: {b: '2', a: '1', c: ~}
            aws_profile: p
          - {arn: arn:1, role: role, context: {a: '1', b: '2'}, aws_profile: p}
          - arn: arn:1
        gcp_kms: [{resource_id: g}]
        hckms: [{key_id: 'r:u'}]
        azure_keyvault: [{vaultUrl: 'https://a', key: n, version: v}, {vaultUrl: 'https://a', key: n}]
        hc_vault: [https://v/v1/some/engine/keys/k]
      - age: [age1a]
";
    let first = [
        "FF",
        "age1m",
        "age1a",
        "age1b",
        "arn:1+role|a:1,b:2|p",
        "arn:1",
        "g",
        "r:u",
        "https://a/keys/n/v",
        "https://a/keys/n/",
        "https://v/v1/some/engine/keys/k",
    ];
    assert_eq!(keys_of(yaml), [first.map(String::from).to_vec(), vec!["age1a".into()]]);
    assert_eq!(good(yaml).rules[0].shamir_threshold, 2);
    // names that are made up for this test
    assert!(warnings(yaml).iter().all(|(_, text)| text.starts_with("entry ")));
    let MasterKey::Kms { context, .. } = &good(yaml).rules[0].groups[0][4] else { panic!("a KMS key") };
    assert_eq!(context.first().unwrap(), &("b".into(), "2".into()));
    // an empty list of groups does not hide the rule's own keys
    assert_eq!(keys_of("creation_rules: [{key_groups: [], age: age1a}]"), [["age1a"]]);
}

#[test]
fn vault_addresses() {
    let parts = |text| match keys::vault(text) {
        Ok(MasterKey::HcVault { vault_address, engine_path, key_name }) => Ok((vault_address, engine_path, key_name)),
        Ok(_) => unreachable!("only Vault keys"),
        Err(problem) => Err(problem),
    };
    for (text, address, engine, key) in [
        (
            "https://vault.example.com:8200/v1/transit/keys/keyName",
            "https://vault.example.com:8200",
            "transit",
            "keyName",
        ),
        ("HTTP://127.0.0.1:8200/v1/a/b/c/keys/k/", "http://127.0.0.1:8200", "a/b/c", "k"),
        ("https://v/v1/slig/keys/k-1_2.3", "https://v", "slig", "k-1_2.3"),
        ("https://v/v12/t/keys/k", "https://v", "t", "k"),
    ] {
        assert_eq!(parts(text), Ok((address.into(), engine.into(), key.into())), "{text}");
    }
    for text in [
        "",
        "vault:8200/v1/transit/keys/k",
        "https://vault",
        "https://vault/",
        "https://vault/v1/transit/keys",
        "https://vault/transit/keys/k",
        "https://vault/v1/transit//keys",
        "https://vault/vx/transit/keys/k",
        "https:///v1/transit/keys/k",
        "https://vault/v1/transit/keys/k?x=1",
        "://vault/v1/transit/keys/k",
    ] {
        assert_eq!(parts(text), Err(KeyProblem::Vault), "{text}");
    }
    assert_eq!(parts("https://proxy/vault/v1/transit/keys/k"), Err(KeyProblem::VaultPrefix));
}

#[test]
fn azure_addresses() {
    for text in [
        "",
        "http://a/keys/n/v",
        "https://a",
        "https://a/keys/",
        "https:///keys/n",
        "https://a/keys/n/v/x",
        "https://a/secrets/n",
        "https://a/b/keys/n",
    ] {
        assert_eq!(keys::azure(text), Err(KeyProblem::Azure), "{text}");
    }
    let key = keys::azure("https://a/keys/n/").unwrap();
    assert_eq!(identity(&key), "https://a/keys/n/");
}

#[test]
fn everything_wrong_is_found_in_one_go() {
    let yaml = "
creation_rules:
  - path_regex: (
    age: age1a
  - age: age1a
    encrypted_regex: a**
  - encrypted_regex: a
    age:
      - age1a
      - AGE-SECRET-KEY-1QQQ
      - nonsense
    unencrypted_suffix: _x
  -
  - {}
  - text
  - path_regex: 2024
    mac_only_encrypted: 'yes'
    shamir_threshold: -1
    pgp: 1234
    kms: [1]
    key_groups: {}
  - key_groups:
      - kms: [{role: x}, text]
        azure_keyvault: [{vaultUrl: x}]
        hckms: [{key_id: x}]
        hc_vault: [x]
      - age: [age1a]
    shamir_threshold: 3
stores:
  yaml: {indent: -1}
  json: {indent: x}
";
    let expected = [
        ".sops.yaml:3: `path_regex`: invalid regular expression `(`: a `)` is missing",
        ".sops.yaml:6: `encrypted_regex`: invalid regular expression `a**`: `**` repeats a repetition",
        ".sops.yaml:10: entry 2 of `age` is a private age key; put its public recipient (age1…) there, \
         and make a new key if others have seen this one",
        ".sops.yaml:11: entry 3 of `age` is no age recipient (age1… or ssh-…)",
        ".sops.yaml:12: a rule can have only one of `encrypted_regex` and `unencrypted_suffix`",
        ".sops.yaml:13: the rule is empty",
        ".sops.yaml:14: the rule is empty",
        ".sops.yaml:15: `a creation rule` should be a mapping",
        ".sops.yaml:16: `path_regex` should be text (put it in quotes)",
        ".sops.yaml:17: `mac_only_encrypted` should be true or false",
        ".sops.yaml:18: `shamir_threshold` should be a number that is not negative",
        ".sops.yaml:19: `pgp` should be text or a list of texts",
        ".sops.yaml:20: `kms` should be a list of texts (put them in quotes)",
        ".sops.yaml:21: `key_groups` should be a list",
        ".sops.yaml:23: entry 1 of `kms` does not say which key it is: `arn` is missing",
        ".sops.yaml:23: `kms` should be a mapping",
        ".sops.yaml:24: entry 1 of `azure_keyvault` does not say which key it is: `key` is missing",
        ".sops.yaml:25: entry 1 of `hckms` is no Huawei Cloud KMS key (region:key-uuid)",
        ".sops.yaml:26: entry 1 of `hc_vault` is no Vault transit key, such as \
         https://vault.example.com:8200/v1/transit/keys/name",
        ".sops.yaml:28: `shamir_threshold` is 3, but should be from 2 to the number of key groups, 2",
        ".sops.yaml:30: `indent` should be a number that is not negative",
        ".sops.yaml:31: `indent` should be a number that is not negative",
    ];
    assert_eq!(problems(yaml), expected);
    assert_eq!(problems("creation_rules: {age: age1a}"), [".sops.yaml:1: `creation_rules` should be a list"]);
    assert_eq!(problems("- age: age1a"), [".sops.yaml:1: `the configuration` should be a mapping"]);
}

#[test]
fn a_private_key_is_never_repeated() {
    for field in ["age", "hckms", "azure_keyvault", "hc_vault_transit_uri"] {
        let error = read(&format!("creation_rules: [{{{field}: [AGE-SECRET-KEY-1CANARY]}}]")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
}

#[test]
fn what_sops_would_ignore_is_a_warning() {
    let yaml = "
creation_rules:
  - path_regex: a
    age: age1a
    encrypted_regexp: ^data$
  - path_regex: b
    age: age1a
    key_groups:
      - age: age1b
        hc_vault_transit_uri: [x]
    hc_vault: x
destination_rule: []
stores: {yml: {}, yaml: {indnt: 2}}
";
    let expected = [
        (5, "`encrypted_regexp` is unknown and is ignored; did you mean `encrypted_regex`?"),
        (7, "`age` is ignored because the rule has `key_groups`"),
        (9, "in a key group sops reads `age` only as a list"),
        (10, "`hc_vault_transit_uri` is unknown and is ignored; did you mean `hc_vault`?"),
        (11, "`hc_vault` is unknown and is ignored; did you mean `hc_vault_transit_uri`?"),
        (12, "`destination_rule` is unknown and is ignored; did you mean `destination_rules`?"),
        (13, "`yml` is unknown and is ignored; did you mean `yaml`?"),
        (13, "`indnt` is unknown and is ignored; did you mean `indent`?"),
    ];
    assert_eq!(warnings(yaml), expected.map(|(line, text)| (line, text.to_owned())));
    let hint = |yaml: &str| warnings(yaml)[0].1.clone();
    assert_eq!(hint("creation_rules: [{age: age1a, zzz: 1}]"), "`zzz` is unknown and is ignored");
    assert_eq!(hint("creation_rules: [{hckms: 'a:b'}]"), "sops reads `hckms` only as a list");
    assert_eq!(hint("creation_rules: [{key_groups: [{}]}]"), "key group 1 has no keys");
}

#[test]
fn a_dash_too_many_is_a_warning() {
    let two_groups = warnings(
        "
creation_rules:
  - key_groups:
      - age:
          - age1a
      - age:
          - age1b
",
    );
    assert_eq!(two_groups.len(), 1);
    assert_eq!(two_groups[0].0, 3);
    assert!(two_groups[0].1.starts_with(
        "the rule has 2 key groups of one key each, so all 2 keys are needed to decrypt, not any of them"
    ));
    let torn = warnings(
        "
creation_rules:
  - path_regex: a
  - age: age1a
  - path_regex: c
    age: age1c
",
    );
    assert_eq!(
        torn,
        [
            (4, "this rule has keys but no `path_regex`, and the one at line 3 a `path_regex` but no keys; is there a dash too many?".to_owned()),
            (5, "this rule is never used: the one at line 4 is for every path".to_owned()),
        ]
    );
}

#[test]
fn limits() {
    let groups = "{age: [age1a]}, ".repeat(256);
    assert_eq!(
        problems(&format!("creation_rules: [{{key_groups: [{groups}]}}]")),
        [".sops.yaml:1: a rule can have at most 255 key groups, not 256"]
    );
    let deep = format!("{}{}", "{merge: [".repeat(20), "]}".repeat(20));
    assert_eq!(
        problems(&format!("creation_rules: [{{key_groups: [{deep}]}}]")),
        [".sops.yaml:1: `merge` is nested too deeply"]
    );
}

#[test]
fn stores_and_destinations() {
    assert_eq!(good("").stores, Stores { yaml_indent: 0, json_indent: -1, json_binary_indent: -1 });
    let config = good(
        "
stores:
  yaml: {indent: 2}
  json:
    indent: 0
  json_binary: {indent: -1}
  ini: {}
  dotenv: ~
destination_rules:
  - s3_bucket: b
",
    );
    assert_eq!(config.stores, Stores { yaml_indent: 2, json_indent: 0, json_binary_indent: -1 });
    assert_eq!(config.destinations.rules.len(), 1);
    assert_eq!(config.warnings, []);
}

fn any_tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::new(Kind::Null)),
        any::<bool>().prop_map(|value| Node::new(Kind::Bool(value))),
        any::<i64>().prop_map(|value| Node::new(Kind::Int(value))),
        "\\PC{0,12}".prop_map(Node::text),
        proptest::sample::select(vec!["age1a,age1b", "https://v/v1/a/keys/b", "a:b", "(", "AGE-SECRET-KEY-é"])
            .prop_map(Node::text),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let names = vec![
            "creation_rules",
            "stores",
            "yaml",
            "indent",
            "path_regex",
            "age",
            "pgp",
            "kms",
            "gcp_kms",
            "hckms",
            "azure_keyvault",
            "hc_vault_transit_uri",
            "hc_vault",
            "key_groups",
            "merge",
            "arn",
            "context",
            "shamir_threshold",
            "encrypted_regex",
            "unencrypted_regex",
            "mac_only_encrypted",
            "é",
        ];
        let name = proptest::sample::select(names);
        let item = (name, inner.clone()).prop_map(|(name, node)| (Key { name: name.to_owned(), line: 1 }, node));
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(|nodes| Node::new(Kind::List(nodes))),
            proptest::collection::vec(item, 0..8).prop_map(|items| Node::new(Kind::Map(items))),
        ]
    })
}

proptest! {
    #[test]
    fn any_tree_is_answered(tree in any_tree(), path in "\\PC{0,12}") {
        let wrapped = |name: &str, node: Node| Node::new(Kind::Map(vec![(Key { name: name.into(), line: 1 }, node)]));
        let rules = wrapped("creation_rules", Node::new(Kind::List(vec![tree.clone()])));
        let groups = wrapped("key_groups", Node::new(Kind::List(vec![tree.clone()])));
        let grouped = wrapped("creation_rules", Node::new(Kind::List(vec![groups])));
        for node in [tree, rules, grouped] {
            match Config::read(&node, "x") {
                Ok(config) => { config.rule_for(&path); }
                Err(error) => prop_assert!(!error.problems.is_empty()),
            }
        }
    }

    #[test]
    fn any_text_may_be_a_key(text in "\\PC{0,40}") {
        let _ = (keys::age(&text), keys::azure(&text), keys::vault(&text), keys::huawei_kms(&text));
        let _ = identity(&keys::kms(&text, ""));
        let _ = keys::vault(&format!("https://{text}/v1/{text}/keys/{text}"));
    }
}

#[test]
fn what_cannot_be_a_key_says_where() {
    let folded = "creation_rules:\n  - age: >-\n      age1qqqqqq\n      age1zzzzzz\n";
    assert_eq!(
        problems(folded),
        [
            ".sops.yaml:2: entry 1 of `age` has a blank in it: put commas between recipients, and none of them on two lines"
        ]
    );
    assert_eq!(keys_of("creation_rules: [{age: 'age1qq, age1zz'}]"), [["age1qq", "age1zz"]]);
    let yaml = "
creation_rules:
  - pgp: FBC7B9E2
    kms:
      - arn:aws:kms:eu-west-1:1:alias/x
      - arn:aws:s3:eu-west-1:1:alias/x
    gcp_kms: projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1
  - pgp: [me@example.com, bob]
";
    assert_eq!(
        warnings(yaml)[..2],
        [
            (
                6,
                "entry 2 of `kms` is no ARN of an AWS KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID or :alias/NAME)"
                    .into()
            ),
            (8, "entry 2 of `pgp` is no PGP fingerprint".into()),
        ]
    );
    let rules = good(yaml).rules;
    assert_eq!((&rules[0].lines, &rules[1].lines), (&vec![vec![3, 5, 6, 7]], &vec![vec![8, 8]]));
}
