//! What arrives in the buckets of moto, from the real sops and from ours.

use std::fs;
use std::path::{Path, PathBuf};

use super::{PLAIN, publish, run, world};
use crate::moto::{Answer, Moto};
use crate::peers;
use crate::vault::faulty::{Reply, Server};
use crate::vault::{CANARY, Ended, World, sealant};

const OTHER: &str = "tests/vectors/identity-b.txt";

/// The three who publish: a name, the program, and the words before `publish`.
fn programs(sops: &Path) -> [(&'static str, PathBuf, Vec<&'static str>); 3] {
    [("real", sops.to_owned(), vec![]), ("ours", sealant(), vec![]), ("front", sealant(), vec!["sops"])]
}

fn located(test: &str) -> Option<(PathBuf, Moto)> {
    let found = peers::locate_all(test, &["bin/sops", "py/bin/moto_server"])?;
    let moto = Moto::start(&found[1], &[]);
    let body = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>eu-west-1\
                </LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(moto.request("s3", "x", "PUT /team-a", "", body).status, 200);
    Some((found[0].clone(), moto))
}

fn s3(moto: &Moto, line: &str) -> Answer {
    moto.request("s3", "x", line, "x-amz-checksum-mode: ENABLED\r\n", "")
}

/// Every key in a bucket that begins so, without that beginning.
fn keys(moto: &Moto, bucket: &str, prefix: &str) -> Vec<String> {
    let answer = s3(moto, &format!("GET /{bucket}?list-type=2&prefix={prefix}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = answer.text();
    let keys = text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap());
    keys.map(|key| key.strip_prefix(prefix).unwrap().to_owned()).collect()
}

fn publish_as(world: &World, program: &Path, before: &[&str], arguments: &[&str], input: &str) -> Ended {
    run(world, program, &[before, &["publish"], arguments].concat(), input)
}

/// The rule for one program: a prefix of its own.
fn point_to(world: &World, who: &str, more: &str) {
    let path = world.root.join(".sops.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let creation = text.split("destination_rules:").next().unwrap();
    let rule = format!("  - s3_bucket: team-a\n    s3_prefix: {who}/\n{more}");
    fs::write(path, format!("{creation}destination_rules:\n{rule}")).unwrap();
}

#[test]
fn the_same_arrives_as_from_sops() {
    let Some((sops, moto)) = located("the_same_arrives_as_from_sops") else { return };
    let files = [
        ("d/f.yaml", PLAIN),
        ("d/sub/deep/f.json", "{\"a\": \"canary-value\"}\n"),
        ("d/sub/f.env", "A=canary-value\n"),
        ("d/sub/f.enc.ini", "[s]\na = canary-value\n"),
        ("d/bytes.txt", "canary-value\n"),
        ("d/odd name +%25&=é'(!)*~;,@:$#?.yaml", PLAIN),
        ("d/no-extension", "canary-value\n"),
    ];
    let world = world("  - s3_bucket: x\n", &files, &moto.address());
    let mut expected = None;
    for (who, program, before) in programs(&sops) {
        point_to(&world, who, "");
        for arguments in [
            &["--yes", "--recursive", "d"][..],
            &["-y", "--recursive", "--omit-extensions", "d/sub"],
            &["--yes", "d/f.yaml"],
        ] {
            let ended = publish_as(&world, &program, &before, arguments, "");
            assert_eq!(ended.code, Some(0), "{who}: {ended:?}");
        }
        let found = keys(&moto, "team-a", &format!("{who}/"));
        assert_eq!(&found, expected.get_or_insert(found.clone()), "{who}");
        for (name, key) in [("d/f.yaml", "f.yaml"), ("d/sub/deep/f.json", "deep/f"), ("d/bytes.txt", "bytes.txt")] {
            let there = s3(&moto, &format!("GET /team-a/{who}/{key}"));
            assert_eq!(there.body, fs::read(world.root.join(name)).unwrap(), "{who}: {name}");
            assert_eq!(there.header("content-type"), Some("application/octet-stream"), "{who}");
        }
    }
    assert_eq!(expected.unwrap().len(), files.len() + 3);
    // headers that the object keeps
    let head = |who: &str| {
        let answer = s3(&moto, &format!("HEAD /team-a/{who}/f.yaml"));
        let lines = answer.head.lines().map(str::to_ascii_lowercase);
        lines.filter(|line| line.starts_with("x-amz-") && !line.contains("request-id")).collect::<Vec<_>>()
    };
    assert_eq!(head("ours"), head("real"));
}

/// What sops says of an object when it sends it, we say, too.
#[test]
fn the_same_is_asked_for() {
    let Some(found) = peers::locate_all("the_same_is_asked_for", &["bin/sops"]) else { return };
    let server = Server::start(vec![Reply::Http(200, "ETag: \"x\"\r\n", String::new())]);
    let files = [("f.yaml", PLAIN), ("odd name +%25&=é'(!)*~;,@:$#?.yaml", PLAIN)];
    let rule = "  - s3_bucket: Te_am.a\n    s3_prefix: //p /é//\n";
    let world = world(rule, &files, &format!("http://127.0.0.1:{}", server.port));
    for (name, _) in files {
        let mut expected = None;
        for (who, program, before) in programs(&found[0]) {
            assert_eq!(publish_as(&world, &program, &before, &["--yes", name], "").code, Some(0), "{who}");
            let mut asked = server.asked();
            let request = asked.pop().unwrap();
            let of = ["content-type", "content-length", "x-amz-checksum-crc32", "x-amz-content-sha256", "host"];
            let headers = of.map(|name| request.header(name).unwrap().to_owned());
            let sent = (request.line, request.body, headers, asked.len());
            assert_eq!(&sent, expected.get_or_insert(sent.clone()), "{who}");
        }
    }
}

#[test]
fn certificates_are_looked_at() {
    let Some(found) = peers::locate_all("certificates_are_looked_at", &["py/bin/moto_server"]) else { return };
    let moto = Moto::start(&found[0], &["--ssl"]);
    let world = world("  - s3_bucket: x\n", &[("f.yaml", PLAIN)], &format!("https://127.0.0.1:{}", moto.port));
    let ended = publish(&world, &["f.yaml"]);
    assert_eq!(ended.code, Some(228), "{ended:?}");
    assert!(ended.stderr.contains("its certificate is not trusted"), "{ended:?}");
    assert!(!moto.log().contains("PUT"));
}

#[test]
fn the_front_end_says_what_sops_says() {
    let Some((sops, moto)) = located("the_front_end_says_what_sops_says") else { return };
    let files = [("f.yaml", PLAIN), ("d/g.yaml", PLAIN), ("d/h.yaml", PLAIN)];
    let world = world("  - s3_bucket: x\n", &files, &moto.address());
    point_to(&world, "p", "");
    for (arguments, input) in [
        (&["f.yaml"][..], "y\n"),
        (&["f.yaml"], "n\n"),
        (&["f.yaml"], ""),
        (&["--recursive", "d"], "n\ny\n"),
        (&["-y", "f.yaml"], ""),
    ] {
        let real = publish_as(&world, &sops, &[], arguments, input);
        let ours = publish_as(&world, &sealant(), &["sops"], arguments, input);
        assert_eq!(ours, real, "{arguments:?} {input:?}");
    }
    // the same number; the words are the SDK's or ours
    fs::write(world.root.join("plain.yaml"), "a: 1\n").unwrap();
    for (program, before) in [(sops.clone(), &[][..]), (sealant(), &["sops"])] {
        let ended = publish_as(&world, &program, before, &["-y", "plain.yaml"], "");
        assert!(ended.code == Some(1) && ended.stderr.starts_with("sops metadata not found"), "{ended:?}");
    }
    let path = world.root.join(".sops.yaml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("team-a", "nobodys")).unwrap();
    for (program, before) in [(sops, &[][..]), (sealant(), &["sops"])] {
        let ended = publish_as(&world, &program, before, &["-y", "f.yaml"], "");
        assert!(ended.code == Some(1) && ended.stderr.contains("bucket"), "{ended:?}");
    }
    let ended = publish(&world, &["f.yaml"]);
    assert_eq!(ended.code, Some(229), "{ended:?}");
    assert!(ended.stderr.contains("has no bucket nobodys\nhint: compare s3_bucket"), "{ended:?}");
}

#[test]
fn encrypted_anew_for_others() {
    let Some((sops, moto)) = located("encrypted_anew_for_others") else { return };
    let identity = Path::new(env!("CARGO_MANIFEST_DIR")).join(OTHER);
    let text = fs::read_to_string(&identity).unwrap();
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let files = [
        ("f.yaml", "a: canary-value\nm:\n    b_enc: canary-value\nc_enc: 3\n"),
        ("f.json", "{\n\t\"a\": \"canary-value\",\n\t\"b_enc\": [\n\t\t1.5\n\t]\n}\n"),
        ("f.env", "A=canary-value\nB_enc=x\n"),
        ("f.ini", "[s]\na     = canary-value\nb_enc = x\n"),
        ("f.txt", "canary-value\n"),
    ];
    let world = world("  - s3_bucket: x\n", &files, &moto.address());
    let rule = |more: &str| format!("    recreation_rule:\n      age: {recipient}\n{more}");
    let mut said = Vec::new();
    for (who, program, before) in programs(&sops) {
        point_to(&world, who, &rule(""));
        for (name, plain) in files {
            let ended = publish_as(&world, &program, &before, &["--yes", name], "");
            assert_eq!(ended.code, Some(0), "{who}: {name}: {ended:?}");
            said.push((who, name, ended.stdout));
            let there = s3(&moto, &format!("GET /team-a/{who}/{name}")).body;
            assert!(!String::from_utf8(there.clone()).unwrap().contains(CANARY), "{who}: {name}");
            fs::write(world.root.join("there").with_extension(name.split('.').nth(1).unwrap()), &there).unwrap();
            let there = name.replace("f.", "there.");
            let mut mine = run(&world, &sops, &["filestatus", &there], "");
            assert_eq!(mine.stdout, "{\"encrypted\":true}\n", "{mine:?}");
            // not for whom it was before
            mine = run(&world, &sops, &["decrypt", &there], "");
            assert_eq!(mine.code, Some(128), "{who}: {name}");
            let theirs = std::process::Command::new(&sops)
                .args(["decrypt", &there])
                .env_clear()
                .env("SOPS_AGE_KEY_FILE", &identity)
                .current_dir(&world.root)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(theirs.stdout).unwrap(), plain, "{who}: {name}");
        }
    }
    // sops tells what changes; so does ours in its place, and nobody else
    let of = |who: &str| said.iter().filter(|row| row.0 == who).map(|row| row.2.clone()).collect::<Vec<_>>();
    assert_eq!(of("front"), of("real"));
    assert!(of("real").iter().all(|text| text.contains(&format!("+++ {recipient}\n"))), "{said:?}");
    assert!(of("ours").iter().all(String::is_empty), "{said:?}");

    // which values: suffixes mean the same to all, patterns something to us only
    let mut clear = Vec::new();
    for more in ["      encrypted_suffix: _enc\n", "      encrypted_regex: _enc$\n"] {
        for (who, program, before) in programs(&sops) {
            point_to(&world, who, &rule(more));
            let ended = publish_as(&world, &program, &before, &["--yes", "f.yaml"], "");
            assert_eq!(ended.code, Some(0), "{who}: {ended:?}");
            let warned = ended.stderr.contains("warning: f.yaml: encrypted_regex of its recreation_rule (line 7)");
            assert_eq!(warned, who == "front" && more.contains("regex"), "{who}: {ended:?}");
            let there = s3(&moto, &format!("GET /team-a/{who}/f.yaml")).text();
            clear.push((there.contains("a: canary-value"), there.contains("c_enc: 3")));
        }
    }
    assert_eq!(clear, [[(true, false); 3], [(false, false), (true, false), (false, false)]].concat());

    // nobody here can open what is to be encrypted anew: nothing is sent
    let world = world.with("SOPS_AGE_KEY_FILE", "/dev/null");
    let before = moto.log();
    assert_eq!(publish(&world, &["f.yaml"]).code, Some(128));
    assert_eq!(moto.log(), before);
    // but what goes as it is may be for others
    point_to(&world, "as-it-is", "    recreation_rule:\n      encrypted_regex: x\n");
    let ended = publish(&world, &["f.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.starts_with("warning: f.yaml: its recreation_rule (line 7) names no key"), "{ended:?}");
}

/// sops encrypts what is under such names, and forgets to say so.
#[test]
fn names_that_stay_in_clear() {
    let Some((sops, moto)) = located("names_that_stay_in_clear") else { return };
    let plain = "a: one\nb_unencrypted: seen\n";
    let world = world("  - s3_bucket: x\n", &[("f.yaml", plain)], &moto.address());
    let text = fs::read_to_string(world.root.join(".sops.yaml")).unwrap();
    let recipient = text.lines().find_map(|line| line.trim().strip_prefix("- age: ")).unwrap().to_owned();
    for (who, program, before) in programs(&sops) {
        point_to(&world, who, &format!("    recreation_rule:\n      age: {recipient}\n"));
        assert_eq!(publish_as(&world, &program, &before, &["--yes", "f.yaml"], "").code, Some(0), "{who}");
        fs::write(world.root.join("there.yaml"), s3(&moto, &format!("GET /team-a/{who}/f.yaml")).body).unwrap();
        let ended = run(&world, &sops, &["decrypt", "there.yaml"], "");
        match who {
            "real" => assert_eq!(ended.code, Some(51), "{ended:?}"),
            _ => assert_eq!(ended.stdout, plain, "{who}: {ended:?}"),
        }
    }
}

/// With moto's own check of users, policies and signatures.
#[test]
fn signatures_and_permissions_are_checked() {
    let Some((_, moto)) = located("signatures_and_permissions_are_checked") else { return };
    let iam = |action: &str| {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let answer = moto.request("iam", "x", "POST /", form, &format!("Version=2010-05-08&UserName=eve&{action}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text()
    };
    iam("Action=CreateUser");
    let created = iam("Action=CreateAccessKey");
    let element =
        |name: &str| created.split(&format!("<{name}>")).nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (id, secret) = (element("AccessKeyId"), element("SecretAccessKey"));
    let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22\
                  %3A%22s3%3APutObject%22%2C%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Ateam-a%2F%2A%22%7D%5D%7D";
    let files = [("f.yaml", PLAIN), ("sp ace+é.yaml", PLAIN)];
    let world = world("  - s3_bucket: team-a\n    s3_prefix: //p/\n", &files, &moto.address())
        .with("AWS_ACCESS_KEY_ID", id)
        .with("AWS_SECRET_ACCESS_KEY", secret.clone())
        .with("AWS_SESSION_TOKEN", "");
    let strict = |on: bool| {
        let count = if on { "0" } else { "inf" };
        assert_eq!(moto.request("x", "x", "POST /moto-api/reset-auth", "", count).status, 200);
    };
    strict(true);
    let ended = publish(&world, &["f.yaml"]);
    assert_eq!(ended.code, Some(229), "{ended:?}");
    let words = "whoever AWS_ACCESS_KEY_ID stands for may not s3:PutObject to s3://team-a///p/f.yaml\n\
                 hint: see who you are with: aws sts get-caller-identity; that one needs s3:PutObject";
    assert!(ended.stderr.contains(words), "{ended:?}");
    strict(false);
    iam(&format!("Action=PutUserPolicy&PolicyName=p&PolicyDocument={policy}"));
    strict(true);
    for name in ["f.yaml", "sp ace+é.yaml"] {
        let ended = publish(&world, &[name]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let world = world.with("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key");
    let ended = publish(&world, &["f.yaml"]);
    assert_eq!(ended.code, Some(229), "{ended:?}");
    assert!(ended.stderr.contains("AWS does not know the credentials of AWS_ACCESS_KEY_ID\nhint: "), "{ended:?}");
    let world = world.with("AWS_ACCESS_KEY_ID", "AKIACANARYCANARYCANA");
    let ended = publish(&world, &["f.yaml"]);
    assert!(ended.stderr.contains("AWS does not know the credentials of AWS_ACCESS_KEY_ID\nhint: "), "{ended:?}");
}
