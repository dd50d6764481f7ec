//! Transit keys: a real OpenBao, the real sops beside ours, and servers that misbehave.

mod counting;
mod faults;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

use crate::peers;
use crate::vault::bao::{Bao, ROOT};
use crate::vault::{Ended, World, sealant};

/// The programs that are compared: a name, the program, and the words before the command.
fn programs(sops: &Path) -> [(&'static str, PathBuf, &'static [&'static str]); 3] {
    [("the real sops", sops.to_owned(), &[]), ("sealant", sealant(), &[]), ("sealant sops", sealant(), &["sops"])]
}

fn rules(keys: &str) -> String {
    format!("creation_rules:\n  - hc_vault_transit_uri: {keys}\n")
}

/// An OpenBao with a transit engine at `transit/` and one at a path of several parts.
fn start(program: &Path) -> Bao {
    let bao = Bao::start(program);
    for mount in ["transit", "team/secrets/transit"] {
        let (status, _) = bao.ask("POST", &format!("sys/mounts/{mount}"), r#"{"type":"transit"}"#);
        assert_eq!(status, 204);
    }
    bao
}

fn uri(bao: &Bao, engine: &str, key: &str) -> String {
    format!("http://127.0.0.1:{}/v1/{engine}/keys/{key}", bao.port)
}

fn make(bao: &Bao, path: &str) {
    assert_eq!(bao.ask("POST", path, r#"{"type":"aes256-gcm96"}"#).0, 200, "{path}");
}

/// A token that may do only what `policy` says.
fn limited(bao: &Bao, name: &str, policy: &str) -> String {
    let body = serde_json::json!({"policy": policy}).to_string();
    assert_eq!(bao.ask("PUT", &format!("sys/policies/acl/{name}"), &body).0, 204);
    let (status, answer) = bao.ask("POST", "auth/token/create", &format!(r#"{{"policies":["{name}"]}}"#));
    assert_eq!(status, 200);
    answer.pointer("/auth/client_token").and_then(|token| token.as_str()).unwrap().to_owned()
}

#[track_caller]
fn good(who: &str, ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{who}: {ended:?}");
}

#[track_caller]
fn fails(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for words in words {
        assert!(ended.stderr.contains(words), "{words}\n{}", ended.stderr);
    }
}

const PLAIN: &str = "a: one\nm:\n    b: 2\n";

#[test]
fn each_reads_what_the_other_writes() {
    let test = "each_reads_what_the_other_writes";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = start(&program);
    let all = programs(&peers.sops);
    let mut number = 0;
    for (writer, write, before) in &all {
        // one of the two is always the real one
        let theirs = |who: &str| who == "the real sops";
        for (reader, read, words) in all.iter().filter(|(reader, ..)| theirs(reader) != theirs(writer)) {
            let who = format!("{writer}, read by {reader}");
            number += 1;
            let (first, second) = (format!("first{number}"), format!("second{number}"));
            make(&bao, &format!("transit/keys/{first}"));
            make(&bao, &format!("team/secrets/transit/keys/{second}"));
            let (one, two) = (uri(&bao, "transit", &first), uri(&bao, "team/secrets/transit", &second));
            let world = World::bare(&rules(&one)).with("VAULT_TOKEN", ROOT).with("VAULT_ADDR", "http://127.0.0.1:1");
            let write = |arguments: &[&str]| good(&who, &world.run(write, &[before, arguments].concat(), ""));
            let file = world.root.join("f.yaml");
            let reads = || {
                let ended = world.run(read, &[words, &["decrypt", "f.yaml"][..]].concat(), "");
                good(&who, &ended);
                assert_eq!(ended.stdout, PLAIN, "{who}");
                fs::read_to_string(&file).unwrap()
            };
            fs::write(&file, PLAIN).unwrap();
            write(&["encrypt", "-i", "f.yaml"]);
            let encrypted = reads();
            assert!(encrypted.contains("enc: vault:v1:") && encrypted.contains("engine_path: transit"), "{encrypted}");
            write(&["rotate", "-i", "f.yaml"]);
            let rotated = reads();
            assert_ne!(encrypted, rotated);
            fs::write(world.root.join(".sops.yaml"), rules(&format!("{one},{two}"))).unwrap();
            write(&["updatekeys", "-y", "f.yaml"]);
            let updated = reads();
            assert!(updated.contains("engine_path: team/secrets/transit"), "{updated}");
            // the second key alone is enough
            assert_eq!(bao.ask("POST", &format!("transit/keys/{first}/config"), r#"{"deletion_allowed":true}"#).0, 200);
            assert_eq!(bao.ask("DELETE", &format!("transit/keys/{first}"), "").0, 204);
            reads();
            fs::write(world.root.join(".sops.yaml"), rules(&two)).unwrap();
            write(&["updatekeys", "-y", "f.yaml"]);
            assert!(!reads().contains("engine_path: transit"));
        }
    }
}

#[test]
fn the_flags_of_sops_name_keys() {
    let test = "the_flags_of_sops_name_keys";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = start(&program);
    make(&bao, "transit/keys/a");
    make(&bao, "transit/keys/b");
    let (a, b) = (uri(&bao, "transit", "a"), uri(&bao, "transit", "b"));
    let [(_, sops, _), _, (_, ours, _)] = programs(&peers.sops);
    let world = World::bare("{}\n").with("VAULT_TOKEN", ROOT);
    let file = world.root.join("f.json");
    let ours = |arguments: &[&str]| world.run(&ours, &[&["sops"], arguments].concat(), "");
    let plain = "{\n\t\"a\": \"one\"\n}\n";
    let read = || {
        let (theirs, ours) = (world.run(&sops, &["decrypt", "f.json"], ""), ours(&["decrypt", "f.json"]));
        good("sops", &theirs);
        assert_eq!(theirs, ours);
        assert_eq!(ours.stdout.trim(), plain.trim());
        fs::read_to_string(&file).unwrap()
    };
    fs::write(&file, plain).unwrap();
    good("encrypt", &ours(&["encrypt", "-i", "--hc-vault-transit", &a, "f.json"]));
    assert!(read().contains("\"key_name\": \"a\""));
    good("rotate", &ours(&["rotate", "-i", "--add-hc-vault-transit", &b, "--rm-hc-vault-transit", &a, "f.json"]));
    let text = read();
    assert!(text.contains("\"key_name\": \"b\"") && !text.contains("\"key_name\": \"a\""), "{text}");
    let world = world.with("SOPS_VAULT_URIS", a.as_str());
    fs::write(&file, plain).unwrap();
    good("encrypt", &world.run(&sealant(), &["sops", "encrypt", "-i", "f.json"], ""));
    assert!(fs::read_to_string(&file).unwrap().contains("\"key_name\": \"a\""));
}

#[test]
fn versions_of_a_key_come_and_go() {
    let test = "versions_of_a_key_come_and_go";
    let Some(program) = peers::locate_bao(test) else {
        return;
    };
    let bao = start(&program);
    make(&bao, "transit/keys/k");
    let world = World::bare(&rules(&uri(&bao, "transit", "k"))).with("VAULT_TOKEN", ROOT);
    let file = world.root.join("f.yaml");
    let run = |arguments: &[&str]| world.run(&sealant(), arguments, "");
    fs::write(&file, PLAIN).unwrap();
    good("encrypt", &run(&["encrypt", "-i", "f.yaml"]));
    let old = fs::read(&file).unwrap();
    assert_eq!(bao.ask("POST", "transit/keys/k/rotate", "{}").0, 200);
    good("decrypt", &run(&["decrypt", "f.yaml"]));
    good("rotate", &run(&["rotate", "-i", "f.yaml"]));
    assert!(fs::read_to_string(&file).unwrap().contains("enc: vault:v2:"));
    assert_eq!(bao.ask("POST", "transit/keys/k/config", r#"{"min_decryption_version":2}"#).0, 200);
    good("decrypt", &run(&["decrypt", "f.yaml"]));
    fs::write(&file, old).unwrap();
    let words =
        ["version 1 of transit/keys/k may not decrypt any more", "hint: ask whoever manages that Vault to lower"];
    fails(&run(&["decrypt", "f.yaml"]), 128, &words);
}

#[test]
fn a_key_that_is_not_there_is_not_made() {
    let test = "a_key_that_is_not_there_is_not_made";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = start(&program);
    make(&bao, "transit/keys/k");
    let world = |key: &str, engine: &str| {
        let world = World::bare(&rules(&uri(&bao, engine, key)));
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        world
    };
    let encrypt = |world: &World| world.run(&sealant(), &["encrypt", "-i", "f.yaml"], "");
    let root = world("none", "transit").with("VAULT_TOKEN", ROOT);
    let hint = format!(
        "hint: if the name is right, make it first: vault write -f -address=http://127.0.0.1:{} transit/keys/none",
        bao.port
    );
    fails(&encrypt(&root), 1, &["there is no key none in transit", &hint]);
    assert_eq!(bao.ask("GET", "transit/keys/none", "").0, 404);
    assert_eq!(fs::read_to_string(root.root.join("f.yaml")).unwrap(), PLAIN);
    // sops lets the server make it
    let theirs = world("by-sops", "transit").with("VAULT_TOKEN", ROOT);
    good("sops", &theirs.run(&peers.sops, &["encrypt", "-i", "f.yaml"], ""));
    assert_eq!(bao.ask("GET", "transit/keys/by-sops", "").0, 200);
    let words = ["there is no transit engine at elsewhere", "vault secrets list"];
    fails(&encrypt(&world("k", "elsewhere").with("VAULT_TOKEN", ROOT)), 1, &words);
    // whoever may not look, and not make keys, may encrypt
    let token = limited(&bao, "writer", r#"path "transit/encrypt/*" { capabilities = ["update"] }"#);
    let writer = world("k", "transit").with("VAULT_TOKEN", token.as_str());
    good("encrypt", &encrypt(&writer));
    let words = [
        "permission denied: the token may not use transit/decrypt/k",
        "hint: ask whoever manages that Vault for the capability update on transit/decrypt/k",
    ];
    fails(&writer.run(&sealant(), &["decrypt", "f.yaml"], ""), 128, &words);
    fails(
        &encrypt(&world("none", "transit").with("VAULT_TOKEN", token)),
        1,
        &["the token may not use transit/encrypt/none"],
    );
    assert_eq!(bao.ask("GET", "transit/keys/none", "").0, 404);
}
