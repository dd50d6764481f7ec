//! What arrives in the bucket, from the real sops and from ours.

use std::fs;
use std::path::{Path, PathBuf};

use super::bucket::Bucket;
use super::{PLAIN, publish};
use crate::peers;
use crate::vault::{Ended, World, sealant};

/// The three who publish: a name, the program, and the words before `publish`.
fn programs(sops: &Path) -> [(&'static str, PathBuf, Vec<&'static str>); 3] {
    [("real", sops.to_owned(), vec![]), ("ours", sealant(), vec![]), ("front", sealant(), vec!["sops"])]
}

fn located(test: &str) -> Option<(PathBuf, Bucket)> {
    let found = peers::locate_all(test, &["bin/sops"])?;
    Some((found[0].clone(), Bucket::start()))
}

fn world(rule: &str, files: &[(&str, &str)], bucket: &Bucket) -> World {
    World::new(rule, files).with("STORAGE_EMULATOR_HOST", format!("127.0.0.1:{}", bucket.port))
}

fn publish_as(world: &World, program: &Path, before: &[&str], arguments: &[&str], input: &str) -> Ended {
    world.run(program, &[before, &["publish"], arguments].concat(), input)
}

#[test]
fn the_same_arrives_as_from_sops() {
    let Some((sops, bucket)) = located("the_same_arrives_as_from_sops") else { return };
    let files = [
        ("d/f.yaml", PLAIN),
        ("d/sub/deep/f.json", "{\"a\": \"canary-value\"}\n"),
        ("d/sub/f.env", "A=canary-value\n"),
        ("d/sub/f.enc.ini", "[s]\na = canary-value\n"),
        ("d/bytes.txt", "canary-value\n"),
        ("d/odd name +%25&=é'(!)*~;,@:$#?.yaml", PLAIN),
        ("d/no-extension", "canary-value\n"),
    ];
    for prefix in ["", "p/", "/x//../é ?#-"] {
        let rule = format!("  - gcs_bucket: team-a\n    gcs_prefix: \"{prefix}\"\n");
        let world = world(&rule, &files, &bucket);
        let mut expected = None;
        for (who, program, before) in programs(&sops) {
            for arguments in [
                &["--yes", "--recursive", "d"][..],
                &["-y", "--recursive", "--omit-extensions", "d/sub"],
                &["--yes", "d/f.yaml"],
            ] {
                let ended = publish_as(&world, &program, &before, arguments, "");
                assert_eq!(ended.code, Some(0), "{who}: {ended:?}");
            }
            let found = bucket.take();
            assert_eq!(found[&format!("{prefix}f.yaml")].bytes, fs::read(world.root.join("d/f.yaml")).unwrap());
            assert!(found.contains_key(&format!("{prefix}f.enc")) && found.len() == files.len() + 3, "{found:?}");
            assert_eq!(&found, expected.get_or_insert(found.clone()), "{who}");
        }
    }
}

#[test]
fn the_front_end_says_what_sops_says() {
    let Some((sops, bucket)) = located("the_front_end_says_what_sops_says") else { return };
    let files = [("f.yaml", PLAIN), ("d/g.yaml", PLAIN), ("d/h.yaml", PLAIN)];
    let world = world("  - gcs_bucket: team-a\n    gcs_prefix: p/\n", &files, &bucket);
    for (arguments, input, arrives) in [
        (&["f.yaml"][..], "y\n", &["p/f.yaml"][..]),
        (&["f.yaml"], "n\n", &[]),
        (&["f.yaml"], "", &[]),
        (&["--recursive", "d"], "n\ny\n", &["p/h.yaml"]),
        (&["-y", "f.yaml"], "", &["p/f.yaml"]),
    ] {
        let real = publish_as(&world, &sops, &[], arguments, input);
        let there: Vec<String> = bucket.take().into_keys().collect();
        assert_eq!(there, arrives, "{real:?}");
        let ours = publish_as(&world, &sealant(), &["sops"], arguments, input);
        assert_eq!(ours, real, "{arguments:?} {input:?}");
        let there: Vec<String> = bucket.take().into_keys().collect();
        assert_eq!(there, arrives, "{ours:?}");
    }
    let ended = publish(&world, &["f.yaml"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "f.yaml: published to gcs://team-a/p/f.yaml\n"));
}

#[test]
fn encrypted_anew_for_others() {
    let Some((sops, bucket)) = located("encrypted_anew_for_others") else { return };
    let identity = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/identity-b.txt");
    let text = fs::read_to_string(&identity).unwrap();
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let rule = format!("  - gcs_bucket: team-a\n    recreation_rule:\n      age: {recipient}\n");
    let files = [("f.yaml", PLAIN), ("f.json", "{\n\t\"a\": \"canary-value\"\n}\n"), ("f.env", "A=canary-value\n")];
    let world = world(&rule, &files, &bucket);
    for (name, plain) in files {
        let mut said = Vec::new();
        for (who, program, before) in programs(&sops) {
            let ended = publish_as(&world, &program, &before, &["--yes", name], "");
            assert_eq!(ended.code, Some(0), "{who}: {ended:?}");
            said.push((who, ended.stdout));
            let kept = bucket.take().remove(name).unwrap();
            assert_eq!(kept.content_type, "text/plain; charset=utf-8", "{who}");
            let arrived = format!("arrived-{who}-{name}");
            fs::write(world.root.join(&arrived), kept.bytes).unwrap();
            // for them, and for nobody else
            let ended = world.run(&sops, &["decrypt", &arrived], "");
            assert_ne!(ended.code, Some(0), "{who}");
            let opened = std::process::Command::new(&sops)
                .args(["decrypt", &arrived])
                .current_dir(&world.root)
                .env("SOPS_AGE_KEY_FILE", &identity)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(opened.stdout).unwrap(), plain, "{who}: {name}");
        }
        let front = said.iter().find(|(who, _)| *who == "front").unwrap();
        assert_eq!(front.1, said[0].1, "{name}");
        assert!(front.1.contains(recipient), "{front:?}");
    }
}

/// sops closes its writer and does not look at what came of it.
#[test]
fn sops_does_not_notice_that_nothing_arrived() {
    let Some((sops, bucket)) = located("sops_does_not_notice_that_nothing_arrived") else { return };
    let mut world = world("  - gcs_bucket: nobodys\n", &[("f.yaml", PLAIN)], &bucket);
    for (port, code, words) in [
        (bucket.port, 229, "HTTP status 404: The specified bucket does not exist.\nhint: "),
        (1, 228, "cannot be reached: "),
    ] {
        world.set("STORAGE_EMULATOR_HOST", format!("127.0.0.1:{port}"));
        for (who, program, before) in programs(&sops) {
            let ended = publish_as(&world, &program, &before, &["--yes", "f.yaml"], "");
            match who {
                "real" => assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "")),
                "front" => assert!(ended.code == Some(1) && ended.stderr.contains("gcs://nobodys: "), "{ended:?}"),
                _ => assert!(ended.code == Some(code) && ended.stderr.contains(words), "{ended:?}"),
            }
        }
    }
    assert!(bucket.take().is_empty());
}
