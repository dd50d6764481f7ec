//! Programs that have sops built in (`tests/peers/godecrypt`, on the package `decrypt` of sops 3.13.2: vals, ksops, Flux,
//! the Terraform provider, Terragrunt, sops-nix), and the older sops 3.11.0 in both directions.

use std::path::Path;

use super::{World, identity};
use crate::peers;

/// File name, text as people write it, and the same as sops lays it out.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "v.yaml",
        "# top\na: 1\nm:\n  b: \"x y\" # why\n  big: 1_000\nl: [1.5, two, true, null, 2024-01-01]\nu: 'ü: é'\n",
        "# top\na: 1\nm:\n    # why\n    b: x y\n    big: 1000\nl:\n    - 1.5\n    - two\n    - true\n    - null\n    \
         - 2024-01-01T00:00:00Z\nu: 'ü: é'\n",
    ),
    ("two.yaml", "a: x\n---\nb: z\n", "a: x\n---\nb: z\n"),
    (
        "v.json",
        "{\"a\": 1, \"m\": {\"b\": \"x y\"}, \"l\": [1.5, \"two\", true, null]}\n",
        "{\n\t\"a\": 1,\n\t\"m\": {\n\t\t\"b\": \"x y\"\n\t},\n\t\"l\": [\n\t\t1.5,\n\t\t\"two\",\n\t\ttrue,\n\t\tnull\n\t]\n}\n",
    ),
    ("v.env", "# why\nA=1\nB=x y\nQ='kept'\n", "# why\nA=1\nB=x y\nQ='kept'\n"),
    ("v.ini", "[s]\n; why\nk = v\n\n[t]\nn=1\n", "[s]\n; why\nk = v\n\n[t]\nn = 1\n"),
    ("v.pem", "-----BEGIN X-----\nraw\u{1}\n", "-----BEGIN X-----\nraw\u{1}\n"),
];

/// All of `TEXTS`, encrypted by our link.
fn encrypted() -> World {
    let world = World::new();
    for (name, text, _) in TEXTS {
        world.write(name, text);
        world.sh(&format!("sops encrypt -i {name}")).code(0);
        assert!(world.read(name).contains("ENC[AES256_GCM"), "{name}");
    }
    world
}

fn godecrypt(test: &str) -> Option<World> {
    let found = peers::locate_all(test, &["bin/godecrypt"])?;
    Some(encrypted().with("GODECRYPT", &found[0]))
}

#[test]
fn programs_on_the_package_decrypt_open_our_files() {
    let Some(world) = godecrypt("programs_on_the_package_decrypt_open_our_files") else {
        return;
    };
    for (name, text, laid_out) in TEXTS {
        world.sh(&format!("\"$GODECRYPT\" text - {name}")).code(0).prints(laid_out);
        world.sh(&format!("sops decrypt {name}")).code(0).prints(text);
    }
    // bytes that are no text, from memory, as Flux does
    world.write("raw", [0, 159, 146, 150, b'\n']);
    let script = "cp raw plain; sops encrypt -i raw; \"$GODECRYPT\" data binary < raw > back; cmp plain back";
    world.sh(script).code(0);
}

#[test]
fn single_values_as_vals_and_terraform_find_them() {
    let Some(world) = godecrypt("single_values_as_vals_and_terraform_find_them") else {
        return;
    };
    for (file, keys, value) in
        [("v.yaml", "m b", "x y"), ("v.yaml", "l 1", "two"), ("v.yaml", "m big", "1000"), ("v.json", "l 0", "1.5")]
    {
        world.sh(&format!("\"$GODECRYPT\" ref - {file} {keys}")).code(0).prints(value);
    }
    world.sh("\"$GODECRYPT\" ref - v.yaml m none").code(1);
    let flat = "a = \"1\"\nl.0 = \"1.5\"\nl.1 = \"two\"\nl.2 = \"true\"\nl.3 = \"null\"\nm.b = \"x y\"\n";
    world.sh("\"$GODECRYPT\" flat - v.json").code(0).prints(flat);
}

#[test]
fn programs_on_the_package_decrypt_check_our_mac() {
    let Some(world) = godecrypt("programs_on_the_package_decrypt_check_our_mac") else {
        return;
    };
    let ended = world.sh("sed /^a:/d v.yaml > cut.yaml; \"$GODECRYPT\" text - cut.yaml").code(1);
    assert!(ended.stderr.contains("verify data integrity") && ended.stdout.is_empty(), "{ended:?}");
    let ended = world.sh("SOPS_AGE_KEY_FILE=/dev/null \"$GODECRYPT\" text - v.yaml").code(1);
    assert!(ended.stderr.contains("data key") && ended.stdout.is_empty(), "{ended:?}");
}

#[test]
fn an_older_sops_opens_our_files_and_we_open_its() {
    let Some(peers) = peers::locate("an_older_sops_opens_our_files_and_we_open_its") else {
        return;
    };
    let world = encrypted();
    let repo = world.path("");
    let run = |program: &Path, arguments: &[&str]| {
        let ran = peers::run(program, &repo, &identity(), arguments);
        assert!(ran.ok(), "{program:?} {arguments:?}: {}", ran.last_words());
        ran.text()
    };
    for (name, text, laid_out) in TEXTS {
        assert_eq!(run(&peers.old_sops, &["decrypt", name]), *laid_out, "{name}");

        let theirs = format!("old-{name}");
        world.write(&theirs, text);
        run(&peers.old_sops, &["encrypt", "--in-place", &theirs]);
        world.sh(&format!("sops decrypt {theirs}")).code(0).prints(laid_out);
        // a change of ours in a file of its
        if name.ends_with(".pem") || name.ends_with(".ini") {
            continue;
        }
        world.sh(&format!("sops set {theirs} '[\"NEW\"]' '\"new\"'")).code(0);
        assert!(run(&peers.old_sops, &["decrypt", &theirs]).contains("new"), "{name}");
    }
    // 3.11.0 has only one kind of numbers in JSON; the text is the same
    assert!(world.read("old-v.json").contains("type:float") && !world.read("old-v.json").contains("type:int"));
    assert!(world.read("v.json").contains("type:int"));
}
