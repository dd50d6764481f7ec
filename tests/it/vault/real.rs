//! A real OpenBao, and the real sops beside ours.

use std::path::Path;

use serde_json::{Value, json};

use super::bao::{Bao, ROOT};
use super::{Ended, World, sealant};
use crate::peers;

const DESTINATIONS: &str = "  - path_regex: ^v1/
    vault_path: some/where/
    vault_kv_mount_name: kv1
    vault_kv_version: 1
  - path_regex: nowhere
    vault_path: x
    vault_kv_mount_name: nope
  - path_regex: v2
    vault_path: /some//where
    omit_extensions: true
  - path_regex: two
    vault_path: x
    s3_bucket: b
  - path_regex: none
";
/// What sops publishes properly: no mapping in a list, no large number.
const PLAIN: &str = "\
# a comment
s: canary-value
n: -12
f: 1.50
b: true
z: null
d: 2024-01-01
odd: \"a<b>&\\u2028\\\"\\\\ é\\n\"
l: [1, x, [2]]
m:
  deep: {er: canary-value} # another
e: {}
---
s: canary-value of the second document
more: 1
";

fn world(bao: &Bao) -> World {
    let files = [
        ("v1/f.yaml", PLAIN),
        ("v2/f.enc.yaml", PLAIN),
        ("v2/text.yaml", "a: canary-value\nm: {b: canary-value}\n"),
        ("v2/sub/list.yaml", "l: [{m: canary-value}]\n"),
        ("nowhere.yaml", "a: canary-value\n"),
        ("two.yaml", "a: canary-value\n"),
        ("none.yaml", "a: canary-value\n"),
        ("other.yaml", "a: canary-value\n"),
    ];
    World::new(DESTINATIONS, &files)
        .with("VAULT_ADDR", format!("http://127.0.0.1:{}", bao.port))
        .with("VAULT_TOKEN", ROOT)
}

/// The three who publish: the program, and the words before `publish`.
fn programs(sops: &Path) -> [(&'static str, std::path::PathBuf, Vec<&'static str>); 3] {
    [
        ("the real sops", sops.to_owned(), vec![]),
        ("sealant", sealant(), vec![]),
        ("sealant sops", sealant(), vec!["sops"]),
    ]
}

fn publish(world: &World, program: &Path, before: &[&str], arguments: &[&str], input: &str) -> Ended {
    world.run(program, &[before, &["publish"], arguments].concat(), input)
}

#[test]
fn the_same_arrives_as_from_sops() {
    let test = "the_same_arrives_as_from_sops";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = Bao::start(&program);
    let world = world(&bao);
    let expected = json!({
        "s": "canary-value of the second document", "n": -12, "f": 1.5, "b": true, "z": null,
        "d": "2024-01-01T00:00:00Z", "odd": "a<b>&\u{2028}\"\\ é\n", "l": [1, "x", [2]],
        "m": {"deep": {"er": "canary-value"}}, "e": {}, "more": 1
    });
    for (who, program, before) in programs(&peers.sops) {
        for (file, path, pointer) in [
            ("v1/f.yaml", "kv1/some/where/f.yaml", "/data"),
            ("v2/f.enc.yaml", "secret/data/some/where/f.enc", "/data/data"),
        ] {
            bao.ask("DELETE", &path.replacen("/data/", "/metadata/", 1), "");
            let ended = publish(&world, &program, &before, &["--yes", file], "");
            assert_eq!(ended.code, Some(0), "{who}: {ended:?}");
            let (status, answer) = bao.ask("GET", path, "");
            assert_eq!((status, answer.pointer(pointer)), (200, Some(&expected)), "{who}: {file}");
        }
    }
}

/// What arrives from each of the three is what arrives from the first, the real one.
#[test]
fn every_format_arrives_as_from_sops() {
    let test = "every_format_arrives_as_from_sops";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = Bao::start(&program);
    let files = [
        ("v2/json.json", "{\"a\": \"canary-value\", \"n\": 1.5, \"l\": [1, null, true], \"m\": {\"e\": {}}}\n"),
        ("v2/dotenv.env", "# comment\nA=canary-value\nB=two words\n"),
        ("v2/ini.ini", "top = canary-value\n\n[s]\n; comment\na = 1\n"),
        ("v2/bytes.txt", "canary-value\n  \"as it is\"\n"),
    ];
    let world = World::new(DESTINATIONS, &files)
        .with("VAULT_ADDR", format!("http://127.0.0.1:{}", bao.port))
        .with("VAULT_TOKEN", ROOT);
    for (file, _) in files {
        let name = file.trim_start_matches("v2/").split('.').next().unwrap();
        let mut expected = None;
        for (who, program, before) in programs(&peers.sops) {
            bao.ask("DELETE", &format!("secret/metadata/some/where/{name}"), "");
            let ended = publish(&world, &program, &before, &["--yes", file], "");
            assert_eq!(ended.code, Some(0), "{who}: {file}: {ended:?}");
            let answer = bao.ask("GET", &format!("secret/data/some/where/{name}"), "").1;
            let there = answer.pointer("/data/data").cloned().unwrap();
            assert!(there.to_string().contains("canary-value"), "{who}: {there}");
            assert_eq!(&there, expected.get_or_insert(there.clone()), "{who}: {file}");
        }
    }
}

fn version(bao: &Bao, path: &str) -> Option<u64> {
    bao.ask("GET", path, "").1.pointer("/data/metadata/version").and_then(Value::as_u64)
}

#[test]
fn what_is_the_same_is_not_written_again() {
    let test = "what_is_the_same_is_not_written_again";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = Bao::start(&program);
    let world = world(&bao);
    for (who, program, before) in programs(&peers.sops) {
        for (file, path, twice) in [
            ("v2/text.yaml", "secret/data/some/where/text", 1),
            // sops compares its numbers with those that it read as text
            ("v2/f.enc.yaml", "secret/data/some/where/f.enc", if who == "the real sops" { 2 } else { 1 }),
        ] {
            bao.ask("DELETE", &path.replacen("/data/", "/metadata/", 1), "");
            for _ in 0..2 {
                assert_eq!(publish(&world, &program, &before, &["--yes", file], "").code, Some(0));
            }
            assert_eq!(version(&bao, path), Some(twice), "{who}: {file}");
        }
    }
    // somebody else's change is one
    bao.ask("POST", "secret/data/some/where/text", r#"{"data":{"a":"other"}}"#);
    let ended = world.publish(&["--yes", "v2/text.yaml"]);
    assert!(ended.stderr.ends_with("/some//where/text (version 3)\n"), "{ended:?}");
    // what was deleted comes back
    bao.ask("DELETE", "secret/data/some/where/text", "");
    assert_eq!(world.publish(&["--yes", "v2/text.yaml"]).code, Some(0));
    assert_eq!(version(&bao, "secret/data/some/where/text"), Some(4));
}

/// Everything that `sops publish` says, ours beside the real one's.
#[test]
fn the_front_end_says_what_sops_says() {
    let test = "the_front_end_says_what_sops_says";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = Bao::start(&program);
    let world = world(&bao);
    std::fs::write(world.root.join("v2/plain.yaml"), "a: 1\n").unwrap();
    for (arguments, input) in [
        (&["v2/text.yaml"][..], "y\n"),
        (&["v2/text.yaml"], "n\n"),
        (&["v2/text.yaml"], "\n"),
        (&["v2/text.yaml"], ""),
        (&["v2/text.yaml"], "perhaps\nyes\ny\n"),
        (&["-y", "v2/text.yaml"], ""),
        (&["v2/text.yaml", "--yes"], ""),
        (&["--recursive", "--omit-extensions", "v2/sub"], "n\n"),
        (&["--recursive", "./v2/sub"], "y\n"),
        (&["--recursive", "v1"], "n\n"),
        (&["v1"], ""),
        (&[], ""),
        (&["missing.yaml"], ""),
        (&["-y", "other.yaml"], ""),
        (&["-y", "./v1/f.yaml"], ""),
    ] {
        let real = publish(&world, &peers.sops, &[], arguments, input);
        let ours = publish(&world, &sealant(), &["sops"], arguments, input);
        assert_eq!(without_time(&ours), without_time(&real), "{arguments:?} {input:?}");
    }
    // the same number and the same beginning; ours says more
    for (arguments, begin) in [
        (&["-y", "two.yaml"][..], "error loading config: more than one destinations were found"),
        (&["-y", "none.yaml"], "no destination configured for this file"),
        (&["-y", "v2/plain.yaml"], "sops metadata not found"),
        (&["-y", "nowhere.yaml"], ""),
    ] {
        for (program, before) in [(peers.sops.clone(), &[][..]), (sealant(), &["sops"])] {
            let ended = publish(&world, &program, before, arguments, "");
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
            assert!(ended.stderr.starts_with(begin), "{ended:?}");
            assert!(!arguments.contains(&"nowhere.yaml") || ended.stderr.contains("no handler for route"), "{ended:?}");
        }
    }
}

fn without_time(ended: &Ended) -> (Option<i32>, &str, String) {
    let stderr = match (ended.stderr.find("time=\""), ended.stderr.find(" level=")) {
        (Some(from), Some(to)) => format!("{}{}", &ended.stderr[..from], &ended.stderr[to..]),
        _ => ended.stderr.clone(),
    };
    (ended.code, &ended.stdout, stderr)
}

#[test]
fn mappings_in_lists_stay_mappings() {
    let test = "mappings_in_lists_stay_mappings";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = Bao::start(&program);
    let world = world(&bao);
    for (who, program, before) in programs(&peers.sops) {
        let ended = publish(&world, &program, &before, &["--yes", "--recursive", "v2/sub"], "");
        assert_eq!(ended.code, Some(0), "{who}: {ended:?}");
        let there = bao.ask("GET", "secret/data/some/where/list", "").1.pointer("/data/data").cloned().unwrap();
        let proper = json!({"l": [{"m": "canary-value"}]});
        let defect = json!({"l": [[{"Key": "m", "Value": "canary-value"}]]});
        assert_eq!(there, if who == "the real sops" { defect } else { proper }, "{who}");
    }
}

#[test]
fn a_folder_and_its_names() {
    let Some(program) = peers::locate_bao("a_folder_and_its_names") else {
        return;
    };
    let bao = Bao::start(&program);
    let world = world(&bao);
    std::fs::write(world.root.join("v2/README.md"), "not a secret\n").unwrap();
    let ended = world.publish(&["--yes", "--recursive", "--json", "v2"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let shown: Vec<String> = rows.iter().map(|row| format!("{} {}", row["file"], row["status"])).collect();
    let expected = ["v2/f.enc.yaml", "v2/sub/list.yaml", "v2/text.yaml"];
    assert_eq!(shown, expected.map(|file| format!("\"{file}\" \"published\"")));
    assert_eq!(version(&bao, "secret/data/some/where/sub/list"), Some(1));
    // the token may be at home, and be no good
    let mut world = world;
    world.set("VAULT_TOKEN", "");
    std::fs::write(world.home().join(".vault-token"), ROOT).unwrap();
    assert_eq!(world.publish(&["--yes", "v2/text.yaml"]).code, Some(0));
    std::fs::write(world.home().join(".vault-token"), "s.wrong").unwrap();
    let ended = world.publish(&["--yes", "v2/text.yaml"]);
    assert!(ended.code == Some(229) && ended.stderr.contains("permission denied"), "{ended:?}");
}

#[test]
fn certificates() {
    let Some(program) = peers::locate_bao("certificates") else {
        return;
    };
    let bao = Bao::start_tls(&program);
    let mut world = world(&bao).with("VAULT_ADDR", format!("https://127.0.0.1:{}", bao.port));
    let ended = world.publish(&["--yes", "v2/text.yaml"]);
    assert_eq!(ended.code, Some(228), "{ended:?}");
    assert!(ended.stderr.contains("certificate") && ended.stderr.contains("VAULT_CACERT"), "{ended:?}");
    world.set("VAULT_CACERT", bao.authority().to_str().unwrap());
    let ended = world.publish(&["--yes", "v2/text.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    world.set("VAULT_CACERT", "");
    world.set("VAULT_SKIP_VERIFY", "true");
    let ended = world.publish(&["--yes", "v2/text.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.starts_with("warning: VAULT_SKIP_VERIFY: the certificate of https://"), "{ended:?}");
    world.set("VAULT_SKIP_VERIFY", "yes");
    assert_eq!(world.publish(&["--yes", "v2/text.yaml"]).code, Some(1));
}
