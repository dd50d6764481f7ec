//! OpenPGP keys through the real gpg: ours beside the real sops in both directions, and keys that cannot be used.

mod gnupg;
#[cfg(feature = "pgp")]
mod native;

use std::fs;
use std::path::{Path, PathBuf};

use self::gnupg::{Gnupg, Protection};
use crate::peers;
use crate::vault::{Ended, World, sealant};

const PLAIN: &str = "a: one\nm:\n    b: 2\n";

fn rules(keys: &str) -> String {
    format!("creation_rules:\n  - pgp: {keys}\n")
}

/// A world whose gpg has its keys in `gnupg`, and whose rule names `keys`.
fn world(gnupg: &Gnupg, keys: &str) -> World {
    World::bare(&rules(keys)).with("GNUPGHOME", gnupg.home().to_str().unwrap()).with("SOPS_AGE_KEY_FILE", "/dev/null")
}

/// The programs that are compared: a name, the program, and the words before the command.
fn programs(sops: &Path) -> [(&'static str, PathBuf, &'static [&'static str]); 3] {
    [("the real sops", sops.to_owned(), &[]), ("sealant", sealant(), &[]), ("sealant sops", sealant(), &["sops"])]
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

#[test]
fn each_reads_what_the_other_writes() {
    let test = "each_reads_what_the_other_writes";
    let (Some(peers), Some(gnupg)) = (peers::locate(test), Gnupg::locate(test)) else { return };
    let rsa = gnupg.key("Rsa <rsa@x.example>", "rsa2048", Protection::None);
    let curve = gnupg.key("Curve <curve@x.example>", "ed25519", Protection::Passphrase);
    gnupg.preset(&curve);
    let all = programs(&peers.sops);
    for (writer, write, before) in &all {
        // one of the two is always the real one
        let theirs = |who: &str| who == "the real sops";
        for (reader, read, words) in all.iter().filter(|(reader, ..)| theirs(reader) != theirs(writer)) {
            let who = format!("{writer}, read by {reader}");
            let world = world(&gnupg, &rsa.primary);
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
            assert!(
                encrypted.contains("enc: |-\n") && encrypted.contains(&format!("fp: {}", rsa.primary)),
                "{encrypted}"
            );
            write(&["rotate", "-i", "f.yaml"]);
            assert_ne!(encrypted, reads());
            // a key for two, then for the other one alone: with a passphrase, and exactly one of its subkeys
            let both = format!("{},{}", rsa.primary, curve.primary);
            fs::write(world.root.join(".sops.yaml"), rules(&both)).unwrap();
            write(&["updatekeys", "-y", "f.yaml"]);
            assert_eq!(reads().matches("BEGIN PGP MESSAGE").count(), 2);
            fs::write(world.root.join(".sops.yaml"), rules(&format!("'{}!'", curve.subkey))).unwrap();
            write(&["updatekeys", "-y", "f.yaml"]);
            let exact = reads();
            assert!(exact.contains(&format!("fp: {}!", curve.subkey)) && !exact.contains(&rsa.primary), "{exact}");
            write(&["rotate", "-i", "f.yaml"]);
            reads();
        }
    }
}

#[test]
fn the_flags_of_sops_and_all_spellings_name_keys() {
    let test = "the_flags_of_sops_and_all_spellings_name_keys";
    let (Some(peers), Some(gnupg)) = (peers::locate(test), Gnupg::locate(test)) else { return };
    let one = gnupg.key("One <one@x.example>", "ed25519", Protection::None);
    let two = gnupg.key("Two <two@x.example>", "ed25519", Protection::None);
    let world = world(&gnupg, &one.primary);
    let file = world.root.join("f.json");
    let plain = "{\n\t\"a\": \"one\"\n}\n";
    let ours = |arguments: &[&str]| world.run(&sealant(), &[&["sops"], arguments].concat(), "");
    let read = || {
        let theirs = world.run(&peers.sops, &["decrypt", "f.json"], "");
        good("sops", &theirs);
        assert_eq!(theirs, ours(&["decrypt", "f.json"]));
        fs::read_to_string(&file).unwrap()
    };
    let digits = &one.primary;
    let blocks: Vec<&str> = digits.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect();
    let (long, short) = (digits[24..].to_owned(), digits[32..].to_owned());
    for spelling in [digits.to_lowercase(), blocks.join(" "), format!("0x{digits}"), long, short] {
        fs::write(&file, plain).unwrap();
        good(&spelling, &ours(&["encrypt", "-i", "--pgp", &spelling, "f.json"]));
        let written = spelling.replace(' ', "");
        assert!(read().contains(&format!("\"fp\": \"{written}\"")), "{spelling}");
    }
    // gpg trusts no id as short as this one, which sops asks it to
    fs::write(&file, plain).unwrap();
    let ended = world.run(&peers.sops, &["encrypt", "-i", "--pgp", &digits[32..], "f.json"], "");
    fails(&ended, 1, &["is not a valid long keyID"]);
    good("encrypt", &ours(&["encrypt", "-i", "--pgp", digits, "f.json"]));
    good("rotate", &ours(&["rotate", "-i", "--add-pgp", &two.primary, "f.json"]));
    assert!(read().contains(&two.primary));
    for wrong in ["hunter", "one@x.example", &digits[1..]] {
        fs::write(&file, plain).unwrap();
        let ended = ours(&["encrypt", "-i", "--pgp", wrong, "f.json"]);
        fails(&ended, 1, &[&format!("`{wrong}` is not an OpenPGP fingerprint")]);
        assert_eq!(fs::read_to_string(&file).unwrap(), plain);
    }
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    let test = "keys_that_cannot_be_used_say_why";
    let Some(gnupg) = Gnupg::locate(test) else { return };
    let encrypt = |key: &str| {
        let world = world(&gnupg, key);
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        let ended = world.run(&sealant(), &["encrypt", "-i", "f.yaml"], "");
        assert_eq!(fs::read_to_string(world.root.join("f.yaml")).unwrap(), PLAIN);
        ended
    };
    let old = gnupg.expired("Old <old@x.example>");
    let hint = format!("hint: if it was extended, get the new version with: gpg --recv-keys {}", old.primary);
    fails(&encrypt(&old.primary), 1, &["the key of Old <old@x.example> expired on 2020-01-11", &hint]);
    let revoked = gnupg.key("Gone <gone@x.example>", "ed25519", Protection::None);
    gnupg.revoke(&revoked);
    fails(
        &encrypt(&revoked.primary),
        1,
        &["the key of Gone <gone@x.example> was revoked", "hint: ask its owner for a new key"],
    );
    let signs = gnupg.signing_key("Signs <signs@x.example>");
    fails(&encrypt(&signs), 1, &["the key of Signs <signs@x.example> has no subkey for encryption"]);
    fails(&encrypt(&format!("'{signs}!'")), 1, &["exactly this part of the key of Signs", "is not for encryption"]);
    let nobody = "AAAABBBBCCCCDDDDAAAABBBBCCCCDDDDAAAABBBB";
    let get = format!("hint: get it with: gpg --recv-keys {nobody}");
    fails(&encrypt(nobody), 1, &["gpg has no public key with this fingerprint", &get]);
}

#[test]
fn files_that_cannot_be_opened_say_why() {
    let test = "files_that_cannot_be_opened_say_why";
    let (Some(gnupg), Some(other)) = (Gnupg::locate(test), Gnupg::locate(test)) else { return };
    let alice = gnupg.key("Alice <alice@x.example>", "ed25519", Protection::Passphrase);
    let bob = other.key("Bob <bob@x.example>", "ed25519", Protection::None);
    let mut world = world(&gnupg, &alice.primary);
    fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
    good("encrypt", &world.run(&sealant(), &["encrypt", "-i", "f.yaml"], ""));
    let decrypt = |world: &World| world.run(&sealant(), &["decrypt", "f.yaml"], "");
    // nobody is there who could type it
    gnupg.forget_passphrases();
    fails(
        &decrypt(&world),
        128,
        &["has no way to ask for the passphrase of the key of Alice <alice@x.example>", "gpg-preset-passphrase"],
    );
    gnupg.answers("wrong");
    fails(&decrypt(&world), 128, &["wrong passphrase for the key of Alice <alice@x.example>"]);
    gnupg.answers("right");
    good("right", &decrypt(&world));
    gnupg.forget_passphrases();
    gnupg.cancels();
    fails(&decrypt(&world), 128, &["the passphrase for the key of Alice <alice@x.example> was not given: cancelled"]);
    // many files, and one question
    for name in ["g1.yaml", "g2.yaml", "g3.yaml"] {
        fs::write(world.root.join(name), PLAIN).unwrap();
        good(name, &world.run(&sealant(), &["encrypt", "-i", name], ""));
    }
    gnupg.questions();
    world.run(&sealant(), &["decrypt", "-i", "f.yaml", "g1.yaml", "g2.yaml", "g3.yaml"], "");
    assert_eq!(gnupg.questions(), 1);
    gnupg.preset(&alice);
    good("preset", &decrypt(&world));

    world.set("GNUPGHOME", other.home().to_str().unwrap());
    let ended = decrypt(&world);
    fails(
        &ended,
        128,
        &[&format!("the keyring of gpg in {}, Bob <bob@x.example>", other.home().display()), &bob.primary],
    );
    let text = fs::read_to_string(world.root.join("f.yaml")).unwrap();
    world.set("GNUPGHOME", gnupg.home().to_str().unwrap());
    // its beginning, and its end
    let body = text.find("hF4D").unwrap();
    let end = text.find("-----END PGP").unwrap();
    let last = text[..end].trim_end().rfind('\n').unwrap();
    for at in [body + 2, body + 80, last - 20] {
        let mut damaged = text.clone().into_bytes();
        damaged[at] = if damaged[at] == b'x' { b'y' } else { b'x' };
        fs::write(world.root.join("f.yaml"), &damaged).unwrap();
        fails(&decrypt(&world), 128, &["the wrapped key is damaged"]);
    }
    fs::write(world.root.join("f.yaml"), &text).unwrap();
    world.set("SOPS_GPG_EXEC", "/no/such/gpg");
    fails(&decrypt(&world), 128, &["the program /no/such/gpg is not installed", "SOPS_GPG_EXEC"]);
}

#[test]
fn many_files_at_once_do_not_overrun_the_agent() {
    let test = "many_files_at_once_do_not_overrun_the_agent";
    let Some(gnupg) = Gnupg::locate(test) else { return };
    let key = gnupg.key("Many <many@x.example>", "rsa2048", Protection::None);
    let world = world(&gnupg, &key.primary);
    fs::create_dir(world.root.join("d")).unwrap();
    for number in 0..30 {
        fs::write(world.root.join(format!("d/{number}.yaml")), PLAIN).unwrap();
    }
    good("encrypt", &world.run(&sealant(), &["encrypt", "-i", "d"], ""));
    good("decrypt", &world.run(&sealant(), &["decrypt", "-i", "d"], ""));
    assert_eq!(fs::read_to_string(world.root.join("d/29.yaml")).unwrap(), PLAIN);
}
