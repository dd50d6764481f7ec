//! Everything that can be done with a key, by us and by the real sops, each reading what the other wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{PLAIN, SECRETS, does, ours, profiles, run, world};
use crate::moto::Moto;
use crate::peers;
use crate::vault::{World, sealant};

const ROLE: &str = "arn:aws:iam::123456789012:role/sops";

/// One request to KMS.
fn ask(moto: &Moto, action: &str, body: &str) -> String {
    let head = format!("X-Amz-Target: TrentService.{action}\r\nContent-Type: application/x-amz-json-1.1\r\n");
    let answer = moto.request("kms", "x", "POST /", &head, body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

/// The ARN of a new key.
fn key(moto: &Moto) -> String {
    let answer: serde_json::Value = serde_json::from_str(&ask(moto, "CreateKey", "{}")).unwrap();
    answer["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

/// The ARN of a new name for a key.
fn alias(moto: &Moto, key: &str) -> String {
    ask(moto, "CreateAlias", &format!(r#"{{"AliasName":"alias/team/sops","TargetKeyId":"{key}"}}"#));
    format!("{}:alias/team/sops", key.rsplit_once(':').unwrap().0)
}

/// How often something was asked, by the log.
fn requests(moto: &Moto) -> usize {
    moto.log().matches("\"POST / ").count()
}

fn located(test: &str) -> Option<(PathBuf, Moto)> {
    let found = peers::locate_all(test, &["bin/sops", "py/bin/moto_server"])?;
    Some((found[0].clone(), Moto::start(&found[1], &[])))
}

fn rules(keys: &str) -> String {
    format!("creation_rules:\n  - {keys}\n")
}

fn in_a_group(arn: &str, more: &str) -> String {
    rules(&format!("key_groups:\n      - kms:\n          - arn: {arn}\n{more}"))
}

/// One program writes, the other reads: after encrypt, rotate and updatekeys.
fn matrix(world: &World, sops: &Path, before: &str, after: &str) {
    let ours = sealant();
    let by_us = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let native = (&*ours, by_us(&[]), by_us(&["updatekeys", "--yes", "f.yaml"]));
    let front = (&*ours, by_us(&["sops"]), by_us(&["sops", "updatekeys", "-y", "f.yaml"]));
    let real = (sops, by_us(&[]), by_us(&["updatekeys", "-y", "f.yaml"]));
    for (writer, reader) in [(&native, &real), (&front, &real), (&real, &native), (&real, &front)] {
        let with = |words: &[String], more: &[&str]| -> Vec<String> {
            words.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect()
        };
        let call = |program: &Path, words: &[String]| {
            does(world, program, &words.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let reads = || {
            let ended = call(reader.0, &with(&reader.1, &["decrypt", "f.yaml"]));
            assert_eq!(ended.stdout, PLAIN, "{:?}", reader.0);
        };
        fs::write(world.root.join(".sops.yaml"), before).unwrap();
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        call(writer.0, &with(&writer.1, &["encrypt", "-i", "f.yaml"]));
        reads();
        // rotated by the other one, too
        call(reader.0, &with(&reader.1, &["rotate", "-i", "f.yaml"]));
        call(writer.0, &with(&writer.1, &["decrypt", "f.yaml"]));
        call(writer.0, &with(&writer.1, &["rotate", "-i", "f.yaml"]));
        reads();
        fs::write(world.root.join(".sops.yaml"), after).unwrap();
        call(writer.0, &writer.2);
        reads();
    }
}

#[test]
fn each_reads_what_the_other_wrote() {
    let Some((sops, moto)) = located("each_reads_what_the_other_wrote") else { return };
    let (one, two) = (key(&moto), key(&moto));
    let alias = alias(&moto, &one);
    let world = world("", &moto.address());
    profiles(&world, "credentials", "[work]\naws_access_key_id = x\naws_secret_access_key = canary-profile\n");
    let context = "            context: {env: prod, app: x, team: \"a:b\"}\n";
    for (before, after) in [
        (rules(&format!("kms: {one}")), rules(&format!("kms: [{two}]"))),
        (rules(&format!("kms: {alias}")), rules(&format!("kms: {one}+{ROLE},{two}"))),
        (in_a_group(&one, context), in_a_group(&two, &format!("{context}            role: {ROLE}\n"))),
        (
            rules(&format!("kms: {one}\n    aws_profile: work")),
            in_a_group(&two, "            aws_profile: work\n            context: {a: b}\n"),
        ),
    ] {
        matrix(&world, &sops, &before, &after);
    }
}

#[test]
fn as_flags_of_sops() {
    let Some((sops, moto)) = located("as_flags_of_sops") else { return };
    let (one, two) = (key(&moto), key(&moto));
    let world = world("creation_rules: []\n", &moto.address());
    fs::remove_file(world.root.join(".sops.yaml")).unwrap();
    profiles(&world, "credentials", "[work]\naws_access_key_id = x\naws_secret_access_key = canary-profile\n");
    let entries = |text: &str| {
        let kept = text.lines().filter(|line| !line.contains("enc:") && !line.contains("created_at:"));
        kept.skip_while(|line| !line.contains("kms:"))
            .take_while(|line| !line.contains("lastmodified"))
            .fold(String::new(), |all, line| all + line.trim() + "\n")
    };
    let flags = ["--kms", &format!("{one}+{ROLE}"), "--aws-profile", "work", "--encryption-context", "b:2,a:1"];
    let written = does(&world, &sealant(), &[&["sops", "encrypt"], &flags[..], &["f.yaml"]].concat()).stdout;
    let expected = does(&world, &sops, &[&["encrypt"], &flags[..], &["f.yaml"]].concat()).stdout;
    assert_eq!(entries(&written), entries(&expected));
    assert!(entries(&written).contains("b: \"2\""), "{written}");
    fs::write(world.root.join("f.yaml"), &written).unwrap();
    assert_eq!(does(&world, &sops, &["decrypt", "f.yaml"]).stdout, PLAIN);

    let add = ["--add-kms", two.as_str(), "--encryption-context", "c:3"];
    does(&world, &sealant(), &[&["sops", "rotate", "-i"], &add[..], &["f.yaml"]].concat());
    let text = fs::read_to_string(world.root.join("f.yaml")).unwrap();
    assert!(text.contains(&two) && text.contains("c: \"3\"") && text.contains("b: \"2\""), "{text}");
    assert_eq!(does(&world, &sops, &["decrypt", "f.yaml"]).stdout, PLAIN);

    for program in [&[][..], &["sops"]] {
        let binary = if program.is_empty() { sops.clone() } else { sealant() };
        let arguments = [program, &["encrypt", "--kms", &one, "--encryption-context", "a", "f.yaml"]].concat();
        let ended = run(&world, &binary, &arguments);
        assert_eq!(ended.code, Some(6), "{ended:?}");
        assert!(ended.stderr.contains("Invalid KMS encryption context format"), "{ended:?}");
    }
}

#[test]
fn the_context_has_to_be_the_same() {
    let Some((sops, moto)) = located("the_context_has_to_be_the_same") else { return };
    let arn = key(&moto);
    let config = in_a_group(&arn, "            context: {env: prod, app: x}\n");
    let world = world(&config, &moto.address());
    ours(&world, &["encrypt", "-i", "f.yaml"]);
    let text = fs::read_to_string(world.root.join("f.yaml")).unwrap();
    // the order does not matter
    let other = text.replace("app: x", "<>").replace("env: prod", "app: x").replace("<>", "env: prod");
    fs::write(world.root.join("f.yaml"), &other).unwrap();
    assert_eq!(does(&world, &sops, &["decrypt", "f.yaml"]).stdout, PLAIN);
    assert_eq!(does(&world, &sealant(), &["decrypt", "f.yaml"]).stdout, PLAIN);
    fs::write(world.root.join("f.yaml"), text.replace("env: prod", "env: test")).unwrap();
    assert_eq!(run(&world, &sops, &["decrypt", "f.yaml"]).code, Some(128));
    let ended = ours(&world, &["decrypt", "f.yaml"]);
    assert_eq!(ended.code, Some(128), "{ended:?}");
    assert!(ended.stderr.contains("does not open with this key and this encryption context"), "{ended:?}");
}

#[test]
fn many_files_need_no_more_calls_than_keys() {
    let Some((_, moto)) = located("many_files_need_no_more_calls_than_keys") else { return };
    let world = world(&rules(&format!("kms: {}", key(&moto))), &moto.address());
    let names: Vec<String> = (0..20).map(|n| format!("d/{n}.yaml")).collect();
    fs::create_dir(world.root.join("d")).unwrap();
    for name in &names {
        fs::write(world.root.join(name), PLAIN).unwrap();
    }
    does(&world, &sealant(), &["encrypt", "-i", "d"]);
    let before = requests(&moto);
    does(&world, &sealant(), &["decrypt", "-i", "d"]);
    let asked = requests(&moto) - before;
    assert!(asked <= names.len(), "{asked} requests");
    assert_eq!(fs::read_to_string(world.root.join("d/7.yaml")).unwrap(), PLAIN);
}

#[test]
fn certificates_are_looked_at() {
    let Some(found) = peers::locate_all("certificates_are_looked_at", &["py/bin/moto_server"]) else { return };
    let moto = Moto::start(&found[0], &["--ssl"]);
    let world = world(&rules(&format!("kms: {}", super::KEY)), &format!("https://127.0.0.1:{}", moto.port));
    let begin = Instant::now();
    let ended = ours(&world, &["encrypt", "f.yaml"]);
    assert!(ended.stderr.contains("its certificate is not trusted"), "{ended:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(requests(&moto), 0);
    assert!(!ended.stderr.contains(SECRETS[0]));
}
