//! OpenPGP without gpg: exported keys in a file, interoperable with the real sops and gpg.

use std::fs;
use std::process::Command;

use super::gnupg::{Gnupg, Key, Protection};
use super::{PLAIN, fails, good, rules};
use crate::peers;
use crate::vault::{World, sealant};

/// The secret half of a key, as people hand it to a machine.
fn exported(gnupg: &Gnupg, key: &Key) -> Vec<u8> {
    gnupg.gpg(&["-a", "--pinentry-mode", "loopback", "--passphrase", "", "--export-secret-keys", &key.primary], b"")
}

/// A world without gpg, with these keys in a file.
fn world(keys: &[u8], fingerprint: &str) -> World {
    let world = World::bare(&rules(fingerprint)).with("SOPS_AGE_KEY_FILE", "/dev/null");
    let path = world.root.join("my keys.asc");
    fs::write(&path, keys).unwrap();
    let path = path.to_str().unwrap().to_owned();
    world.with("SEALANT_PGP_KEY_FILE", path).with("SOPS_GPG_EXEC", "/no/such/gpg")
}

#[test]
fn each_reads_what_the_other_writes_without_gpg() {
    let test = "each_reads_what_the_other_writes_without_gpg";
    let (Some(peers), Some(gnupg)) = (peers::locate(test), Gnupg::locate(test)) else { return };
    for kind in ["rsa2048", "ed25519"] {
        let key = gnupg.key(&format!("{kind} <{kind}@x.example>"), kind, Protection::None);
        let keys = exported(&gnupg, &key);
        for fingerprint in [key.primary.clone(), format!("'{}!'", key.subkey)] {
            let mut ours = world(&keys, &fingerprint);
            let file = ours.root.join("f.yaml");
            fs::write(&file, PLAIN).unwrap();
            let run = |world: &World, arguments: &[&str]| good(kind, &world.run(&sealant(), arguments, ""));
            run(&ours, &["encrypt", "-i", "f.yaml"]);
            run(&ours, &["rotate", "-i", "f.yaml"]);
            let gpg = |world: &World, arguments: &[&str]| {
                let home = gnupg.home().to_str().unwrap();
                let output = Command::new(&peers.sops)
                    .args(arguments)
                    .current_dir(&world.root)
                    .env_remove("SOPS_GPG_EXEC")
                    .env("GNUPGHOME", home)
                    .env("SOPS_DISABLE_VERSION_CHECK", "1")
                    .output()
                    .unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            };
            assert_eq!(gpg(&ours, &["decrypt", "f.yaml"]), PLAIN);
            gpg(&ours, &["rotate", "-i", "f.yaml"]);
            assert_eq!(ours.run(&sealant(), &["decrypt", "f.yaml"], "").stdout, PLAIN);
            run(&ours, &["updatekeys", "-y", "f.yaml"]);
            fs::write(&file, PLAIN).unwrap();
            gpg(&ours, &["encrypt", "-i", "f.yaml"]);
            let ended = ours.run(&sealant(), &["decrypt", "f.yaml"], "");
            good(kind, &ended);
            assert_eq!(ended.stdout, PLAIN);
            // nothing is here without the file
            ours.set("SEALANT_PGP_KEY_FILE", "");
            fails(
                &ours.run(&sealant(), &["decrypt", "f.yaml"], ""),
                128,
                &["is not installed", "SEALANT_PGP_KEY_FILE"],
            );
        }
    }
}

#[test]
fn keys_in_a_file_that_cannot_be_used_say_why() {
    let test = "keys_in_a_file_that_cannot_be_used_say_why";
    let Some(gnupg) = Gnupg::locate(test) else { return };
    let encrypt = |keys: &[u8], fingerprint: &str| {
        let world = world(keys, fingerprint);
        fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
        (world.run(&sealant(), &["encrypt", "-i", "f.yaml"], ""), world)
    };
    let public = |fingerprint: &str| gnupg.gpg(&["-a", "--export", fingerprint], b"");
    let old = gnupg.expired("Old <old@x.example>");
    let (ended, _) = encrypt(&public(&old.primary), &old.primary);
    fails(&ended, 1, &["the key of Old <old@x.example> expired on 2020-01-11"]);
    let gone = gnupg.key("Gone <gone@x.example>", "ed25519", Protection::None);
    gnupg.revoke(&gone);
    let (ended, _) = encrypt(&public(&gone.primary), &gone.primary);
    fails(&ended, 1, &["the key of Gone <gone@x.example> was revoked"]);
    let signs = gnupg.signing_key("Signs <signs@x.example>");
    let (ended, _) = encrypt(&public(&signs), &signs);
    fails(&ended, 1, &["the key of Signs <signs@x.example> has no subkey for encryption"]);
    // several blocks in one file, and a passphrase that nobody is there to type
    let locked = gnupg.key("Locked <locked@x.example>", "ed25519", Protection::Passphrase);
    gnupg.answers("right");
    let keys = gnupg.gpg(&["-a", "--export-secret-keys", &locked.primary], b"");
    let (ended, world) = encrypt(&[public(&old.primary), keys].concat(), &locked.primary);
    good("locked", &ended);
    let ended = world.run(&sealant(), &["decrypt", "f.yaml"], "");
    fails(&ended, 128, &["there is no passphrase for the key of Locked <locked@x.example>"]);
    // its beginning, and its end
    let plain = gnupg.key("Plain <plain@x.example>", "ed25519", Protection::None);
    let (ended, world) = encrypt(&exported(&gnupg, &plain), &plain.primary);
    good("plain", &ended);
    let text = fs::read_to_string(world.root.join("f.yaml")).unwrap();
    let body = text.find("wV4D").unwrap();
    let end = text.find("-----END PGP").unwrap();
    let last = text[..end].trim_end().rfind('\n').unwrap();
    for at in [body + 2, body + 80, last - 20] {
        let mut damaged = text.clone().into_bytes();
        damaged[at] = if damaged[at] == b'x' { b'y' } else { b'x' };
        fs::write(world.root.join("f.yaml"), &damaged).unwrap();
        let ended = world.run(&sealant(), &["decrypt", "f.yaml"], "");
        fails(&ended, 128, &["the wrapped key is damaged"]);
    }
    fs::write(world.root.join("f.yaml"), &text).unwrap();
    good("whole", &world.run(&sealant(), &["decrypt", "f.yaml"], ""));
}
