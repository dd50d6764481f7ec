//! Key groups: shares of ours are combined by the real sops and the other way round, with every threshold, and mixed kinds of
//! keys in one file.

use std::fs;
use std::path::{Path, PathBuf};

use sealant::keyservice::age::{NewIdentity, generate};

use crate::peers;
use crate::vault::bao::{Bao, ROOT};
use crate::vault::{Ended, World, sealant};

const PLAIN: &str = "a: one\nm:\n    b: 2\n";

/// Rules with a group for each list of recipients.
fn rules(groups: &[&[&NewIdentity]], threshold: usize) -> String {
    let mut text = format!("creation_rules:\n  - shamir_threshold: {threshold}\n    key_groups:\n");
    for group in groups {
        text.push_str("      - age:\n");
        for one in *group {
            text.push_str(&format!("          - {}\n", one.recipient));
        }
    }
    text
}

/// The identities of some people, as sops takes them from the environment.
fn held(people: &[&NewIdentity]) -> String {
    people.iter().map(|one| one.identity.expose()).collect::<Vec<_>>().join("\n")
}

struct Pair<'a> {
    writer: &'a Path,
    write: &'a [&'a str],
    reader: &'a Path,
    read: &'a [&'a str],
}

impl Pair<'_> {
    #[track_caller]
    fn writes(&self, world: &World, arguments: &[&str]) {
        let ended = world.run(self.writer, &[self.write, arguments].concat(), "");
        assert_eq!(ended.code, Some(0), "{:?} {arguments:?} {ended:?}", self.writer);
    }

    fn tries(&self, world: &mut World, people: &[&NewIdentity]) -> Ended {
        world.set("SOPS_AGE_KEY", held(people));
        world.run(self.reader, &[self.read, &["decrypt", "f.yaml"]].concat(), "")
    }

    #[track_caller]
    fn reads(&self, world: &mut World, people: &[&NewIdentity]) {
        let ended = self.tries(world, people);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), PLAIN), "{:?} {}", self.reader, ended.stderr);
    }

    #[track_caller]
    fn cannot(&self, world: &mut World, people: &[&NewIdentity]) {
        let ended = self.tries(world, people);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(128), ""), "{:?} {}", self.reader, ended.stderr);
    }
}

/// Ours writes and the real one reads, the real one writes and ours reads; ours natively and by the name of sops.
fn pairs(sops: &Path, work: impl Fn(&Pair<'_>)) {
    let ours = sealant();
    for words in [&[][..], &["sops"][..]] {
        work(&Pair { writer: &ours, write: words, reader: sops, read: &[] });
        work(&Pair { writer: sops, write: &[], reader: &ours, read: words });
    }
}

#[test]
fn shares_are_combined_by_both() {
    let Some(peers) = peers::locate("shares_are_combined_by_both") else { return };
    pairs(&peers.sops, |pair| {
        let [a, b, c, d] = std::array::from_fn(|_| generate());
        let mut world = World::bare(&rules(&[&[&a, &d], &[&b], &[&c]], 2)).with("SOPS_AGE_KEY_FILE", "/dev/null");
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        pair.writes(&world, &["encrypt", "-i", "f.yaml"]);
        for enough in [[&a, &b], [&a, &c], [&c, &b], [&d, &c]] {
            pair.reads(&mut world, &enough);
        }
        pair.reads(&mut world, &[&a, &b, &c, &d]);
        for too_few in [&[&a][..], &[&c], &[&a, &d]] {
            pair.cannot(&mut world, too_few);
        }
        world.set("SOPS_AGE_KEY", held(&[&a, &b]));
        pair.writes(&world, &["rotate", "-i", "f.yaml"]);
        pair.reads(&mut world, &[&b, &c]);
        pair.cannot(&mut world, &[&b]);
        // one group less; both are needed then
        fs::write(world.root.join(".sops.yaml"), rules(&[&[&a], &[&c]], 2)).unwrap();
        world.set("SOPS_AGE_KEY", held(&[&b, &c]));
        pair.writes(&world, &["updatekeys", "-y", "f.yaml"]);
        pair.reads(&mut world, &[&a, &c]);
        pair.cannot(&mut world, &[&b, &c]);
        // a group that stands alone needs no shares
        fs::write(world.root.join(".sops.yaml"), rules(&[&[&a, &c]], 0)).unwrap();
        world.set("SOPS_AGE_KEY", held(&[&a, &c]));
        pair.writes(&world, &["updatekeys", "-y", "f.yaml"]);
        pair.reads(&mut world, &[&c]);
    });
}

#[test]
fn without_a_threshold_every_group_is_needed() {
    let Some(peers) = peers::locate("without_a_threshold_every_group_is_needed") else { return };
    pairs(&peers.sops, |pair| {
        let [a, b, c] = std::array::from_fn(|_| generate());
        let mut world = World::bare(&rules(&[&[&a], &[&b], &[&c]], 0)).with("SOPS_AGE_KEY_FILE", "/dev/null");
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        pair.writes(&world, &["encrypt", "-i", "f.yaml"]);
        pair.reads(&mut world, &[&a, &b, &c]);
        pair.cannot(&mut world, &[&a, &b]);
    });
}

#[test]
fn groups_are_added_and_deleted_for_both() {
    let Some(peers) = peers::locate("groups_are_added_and_deleted_for_both") else { return };
    let ours = sealant();
    for (writer, write, reader) in [(&ours, &["sops"][..], &peers.sops), (&peers.sops, &[], &ours)] {
        let pair = Pair { writer, write, reader, read: &[] };
        let [a, b, c] = std::array::from_fn(|_| generate());
        let mut world = World::bare(&rules(&[&[&a], &[&b]], 2)).with("SOPS_AGE_KEY_FILE", "/dev/null");
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        pair.writes(&world, &["encrypt", "-i", "f.yaml"]);
        world.set("SOPS_AGE_KEY", held(&[&a, &b]));
        let threshold = "--shamir-secret-sharing-threshold";
        pair.writes(&world, &["groups", "add", "-f", "f.yaml", "-i", "--age", &c.recipient, threshold, "2"]);
        pair.reads(&mut world, &[&b, &c]);
        pair.cannot(&mut world, &[&c]);
        world.set("SOPS_AGE_KEY", held(&[&b, &c]));
        pair.writes(&world, &["groups", "delete", "-f", "f.yaml", "-i", threshold, "2", "0"]);
        pair.reads(&mut world, &[&b, &c]);
        pair.cannot(&mut world, &[&a, &b]);
    }
}

#[test]
fn kinds_of_keys_are_mixed() {
    let test = "kinds_of_keys_are_mixed";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else { return };
    let bao = Bao::start(&program);
    assert_eq!(bao.ask("POST", "sys/mounts/transit", r#"{"type":"transit"}"#).0, 204);
    assert_eq!(bao.ask("POST", "transit/keys/k", r#"{"type":"aes256-gcm96"}"#).0, 200);
    let uri = format!("http://127.0.0.1:{}/v1/transit/keys/k", bao.port);
    pairs(&peers.sops, |pair| {
        let [a, b] = std::array::from_fn(|_| generate());
        let text = format!(
            "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [{}]\n        hc_vault: [{uri}]\n      - age: [{}]\n",
            a.recipient, b.recipient
        );
        let mut world = World::bare(&text).with("SOPS_AGE_KEY_FILE", "/dev/null").with("VAULT_TOKEN", ROOT);
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        pair.writes(&world, &["encrypt", "-i", "f.yaml"]);
        // the first group opens by its transit key
        pair.reads(&mut world, &[&b]);
        pair.cannot(&mut world, &[&a]);
        world.set("VAULT_TOKEN", "");
        pair.cannot(&mut world, &[&b]);
        pair.reads(&mut world, &[&a, &b]);
        world.set("VAULT_TOKEN", ROOT);
        world.set("SOPS_AGE_KEY", held(&[&a, &b]));
        pair.writes(&world, &["rotate", "-i", "f.yaml"]);
        pair.reads(&mut world, &[&b]);
    });
}

/// The report says how many groups are missing, and who holds them.
#[test]
fn a_threshold_that_cannot_be_met_names_who_holds_the_rest() {
    let [a, b, c] = std::array::from_fn(|_| generate());
    let world = World::bare(&rules(&[&[&a], &[&b], &[&c]], 2)).with("SOPS_AGE_KEY_FILE", "/dev/null");
    fs::create_dir(world.root.join("keys")).unwrap();
    for (name, one) in [("anna", &a), ("bob", &b), ("carol", &c)] {
        fs::write(world.root.join(format!("keys/{name}.pub")), &one.recipient).unwrap();
    }
    fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
    let ours: PathBuf = sealant();
    assert_eq!(world.run(&ours, &["encrypt", "-i", "f.yaml"], "").code, Some(0));
    let world = world.with("SOPS_AGE_KEY", held(&[&a]));
    let ended = world.run(&ours, &["decrypt", "f.yaml"], "");
    assert_eq!(ended.code, Some(128));
    for word in ["2 of its 3 key groups are needed, but only 1", "1 more key group is needed", "bob", "carol"] {
        assert!(ended.stderr.contains(word), "{word}\n{}", ended.stderr);
    }
}
