//! The example repository does what its README says: each environment opens for its own people only, and every byte
//! comes back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::docs::copy;
use crate::peers::{self, Ran};

/// Who opens what, as the table of the example's README has it.
const OPENS: [(&str, [bool; 3]); 5] = [
    ("alice", [true, false, false]),
    ("bob", [true, true, false]),
    ("carol", [true, true, true]),
    ("ci-staging", [false, true, false]),
    ("ci-prod", [false, false, true]),
];
const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];
const CANNOT_OPEN: i32 = 128;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/multi-environment")
}

fn sealant(folder: &Path, person: &str, arguments: &[&str]) -> Ran {
    let identity = folder.join(format!("keys/private/{person}.txt"));
    peers::run(Path::new(env!("CARGO_BIN_EXE_sealant")), folder, &identity, arguments)
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    files(folder, &mut found);
    found
}

/// A copy with everything encrypted.
fn encrypted() -> (tempfile::TempDir, BTreeMap<PathBuf, Vec<u8>>) {
    let dir = tempfile::tempdir().unwrap();
    copy(&example(), dir.path());
    let before = content(dir.path());
    let ran = sealant(dir.path(), "nobody", &["encrypt", "-i", "config"]);
    assert!(ran.ok(), "{}", ran.last_words());
    (dir, before)
}

#[test]
fn every_byte_comes_back() {
    let (dir, before) = encrypted();
    let changed = content(dir.path()).iter().filter(|(path, text)| before[*path] != **text).count();
    assert_eq!((changed, before.len() - changed), (22, 12));
    let ran = sealant(dir.path(), "carol", &["decrypt", "-i", "config"]);
    assert!(ran.ok(), "{}", ran.last_words());
    assert!(content(dir.path()) == before);
}

#[test]
fn each_environment_opens_for_its_own_people_only() {
    let (dir, _) = encrypted();
    for (person, opens) in OPENS {
        for (environment, may) in ENVIRONMENTS.iter().zip(opens) {
            for path in content(&dir.path().join("config").join(environment)).keys() {
                let ran = sealant(dir.path(), person, &["decrypt", path.to_str().unwrap()]);
                assert_eq!(ran.ok(), may, "{person}, {}: {}", path.display(), ran.last_words());
                if !may {
                    assert_eq!(ran.status.code(), Some(CANNOT_OPEN));
                    assert!(ran.stdout.is_empty());
                    let can: Vec<&str> =
                        OPENS.iter().filter(|(_, opens)| opens[index(environment)]).map(|row| row.0).collect();
                    assert!(can.iter().all(|name| ran.stderr.contains(name)), "{}", ran.stderr);
                }
            }
        }
    }
}

fn index(environment: &str) -> usize {
    ENVIRONMENTS.iter().position(|known| *known == environment).unwrap()
}

#[test]
fn the_readme_has_the_same_table() {
    let readme = fs::read_to_string(example().join("README.md")).unwrap();
    for (person, opens) in OPENS {
        let row = readme.lines().find(|line| line.starts_with(&format!("| {person}"))).unwrap();
        let cells: Vec<bool> = row.split('|').skip(2).take(3).map(|cell| cell.trim() == "opens").collect();
        assert_eq!(cells, opens, "{row}");
    }
}

#[test]
fn identities_belong_to_the_named_recipients() {
    let rules = fs::read_to_string(example().join(".sops.yaml")).unwrap();
    for (person, _) in OPENS {
        let ran = sealant(&example(), person, &["keys", "show", person]);
        let recipient = ran.text().trim().to_owned();
        assert!(recipient.starts_with("age1") && rules.contains(&format!("- &{person} {recipient}\n")), "{person}");
        let ran = sealant(&example(), person, &["keys", "list"]);
        let yours: Vec<String> = ran.text().lines().filter(|line| line.ends_with("yours")).map(str::to_owned).collect();
        assert!(yours.len() == 1 && yours[0].contains(&recipient), "{person}: {yours:?}");
    }
}

/// Formats that sops does not have: it would take such a file for bytes.
const OURS: [&str; 3] = ["toml", "tfvars", "properties"];
/// The files beside the YAML ones, with what of them has to be a ciphertext.
const OTHERS: [(&str, &[&str]); 7] = [
    ("app.json", &["json-7f21", "dev-post", "dev-bank"]),
    ("app.env", &["dev queue", "dev-$mtp"]),
    ("legacy.ini", &["dev-stock", "dev ftp"]),
    ("app.toml", &["dev-index", "dev-reader", "of two lines"]),
    ("network.tfvars", &["dev-vpn", "dev-database"]),
    ("app.properties", &["billing\n! ", "dev-mail"]),
    ("tls.key", &["8c1f"]),
];

/// Whichever format: lines without secrets are the same lines, and no secret is in clear.
#[test]
fn only_secrets_change_in_every_format() {
    let (dir, before) = encrypted();
    for (name, secrets) in OTHERS {
        let path = dir.path().join("config/dev/extra").join(name);
        let plain = String::from_utf8(before[&path].clone()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for secret in secrets {
            assert!(plain.contains(secret) && !text.contains(secret), "{name}: {secret}");
        }
        if name == "tls.key" {
            continue;
        }
        let is_secret = |line: &&str| line.contains("throw-away") || line.trim_start() == "billing";
        let kept: Vec<&str> = plain.lines().filter(|line| !is_secret(line) && !line.contains("of two lines")).collect();
        let mut lines = text.lines();
        for line in kept {
            // the last entry of a JSON object gets a comma: the metadata comes after it
            let same = |found: &str| found == line || found.strip_suffix(',') == Some(line);
            assert!(lines.any(same), "{name}: {line}");
        }
    }
}

/// The real sops opens every file, to the values we encrypted.
#[test]
fn sops_opens_every_file() {
    let Some(peers) = peers::locate("sops_opens_every_file") else {
        return;
    };
    let (dir, before) = encrypted();
    // its rules would be asked for the plain text
    fs::remove_file(dir.path().join(".sops.yaml")).unwrap();
    let identity = dir.path().join("keys/private/carol.txt");
    let print = |arguments: &[&str], types: &[&str], path: &Path| {
        let all = [arguments, types, &[path.to_str().unwrap()]].concat();
        let ran = peers::run(&peers.sops, dir.path(), &identity, &all);
        assert!(ran.ok(), "{}: {}", path.display(), ran.last_words());
        ran.text()
    };
    let mut opened = 0;
    for path in content(&dir.path().join("config")).keys() {
        let ending = path.extension().unwrap().to_str().unwrap();
        if OURS.contains(&ending) {
            continue;
        }
        opened += 1;
        if ending == "key" {
            assert_eq!(print(&["decrypt"], &[], path).as_bytes(), before[path]);
            continue;
        }
        if ending == "env" {
            // to sops the quotes and the comment behind a value would be parts of it
            let text = print(&["decrypt"], &[], path);
            assert!(text.contains("\nQUEUE_PASSWORD=throw-away dev queue\n"), "{text}");
            assert!(text.contains("\nSMTP_PASSWORD=throw-away-dev-$mtp\n"), "{text}");
            continue;
        }
        let kind = if ["json", "ini"].contains(&ending) { ending } else { "yaml" };
        let types = ["--input-type", kind, "--output-type", "json"];
        let values: serde_json::Value = serde_json::from_str(&print(&["decrypt"], &types, path)).unwrap();
        let plain = dir.path().join("plain");
        fs::write(&plain, &before[path]).unwrap();
        let recipient = "age1mvvklyxtmmlvx42g2jhy46u4atyeu6tm5dm489z7zuul57sleshqvlue36";
        let clear = print(&["encrypt", "--age", recipient, "--unencrypted-regex", ".*"], &types, &plain);
        let mut expected: serde_json::Value = serde_json::from_str(&clear).unwrap();
        expected.as_object_mut().unwrap().remove("sops");
        assert_eq!(values, expected, "{}", path.display());
    }
    assert_eq!(opened, 19);
}

/// `examples/sync`: only the store differs.
#[test]
fn the_same_application_for_every_store() {
    let sync = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sync");
    let read = |name: &str| fs::read_to_string(sync.join(name)).unwrap();
    let application = read("file/app.yaml");
    let readme = read("README.md");
    for (folder, provider) in [("file", "encryptedFile"), ("openbao", "vault"), ("aws", "aws")] {
        assert!(readme.contains(&format!("`{folder}/`")), "{folder}");
        assert_eq!(read(&format!("{folder}/app.yaml")), application, "{folder}");
        let store = read(&format!("{folder}/store.yaml"));
        assert!(store.contains(&format!("  provider:\n    {provider}:\n")), "{folder}");
    }
}

/// Nothing of it lies there in clear.
#[test]
fn the_values_for_syncing_are_encrypted() {
    let sync = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sync");
    let mut checked = 0;
    for name in ["file/secrets/shop/database", "file/secrets/shop/mail", "file/secrets/shop/registry"]
        .into_iter()
        .chain(["openbao/login.yaml", "aws/login.yaml"])
    {
        let text = fs::read_to_string(sync.join(name)).unwrap();
        assert!(text.contains("ENC[AES256_GCM,") && !text.contains("throw-away"), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 5);
}
