//! Every way to fail, with canaries in all places where a secret can be.

use std::fs;

use super::{Place, start};

/// The secret value of every file.
pub const VALUE: &str = "cAnArY+vALuE/4711";
/// What looks like a private key.
pub const KEY: &str = "AGE-SECRET-KEY-1CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANA";

/// One way to fail.
pub struct Failing {
    /// The exit code.
    pub code: i32,
    pub arguments: &'static [&'static str],
    pub input: &'static str,
    /// Variables; in a value `@` is the folder of the case.
    pub env: &'static [(&'static str, &'static str)],
    /// Further files in the repository; in a text `§` is the canary.
    pub files: &'static [(&'static str, &'static str)],
    /// What is replaced in the encrypted file before.
    pub damage: Option<(&'static str, &'static str)>,
}

const fn failing(code: i32, arguments: &'static [&'static str]) -> Failing {
    Failing { code, arguments, input: "", env: &[], files: &[], damage: None }
}

impl Failing {
    const fn file(mut self, files: &'static [(&'static str, &'static str)]) -> Self {
        self.files = files;
        self
    }

    const fn env(mut self, env: &'static [(&'static str, &'static str)]) -> Self {
        self.env = env;
        self
    }

    const fn input(mut self, input: &'static str) -> Self {
        self.input = input;
        self
    }

    const fn damage(mut self, from: &'static str, to: &'static str) -> Self {
        self.damage = Some((from, to));
        self
    }

    /// The files: one encrypted, one plain, and those of the case.
    pub fn prepare(&self, place: &Place) {
        let repo = place.repo();
        let plain = format!("secret: {VALUE}\nsecret_too: [{VALUE}, x]\nclear: {VALUE}\n# {VALUE}\nlist: [1]\n");
        fs::write(repo.join("plain.yaml"), &plain).unwrap();
        fs::write(repo.join("enc.yaml"), &plain).unwrap();
        place.done(&["encrypt", "-i", "enc.yaml"], "");
        if let Some((from, to)) = self.damage {
            let text = fs::read_to_string(repo.join("enc.yaml")).unwrap();
            assert!(text.contains(from), "{:?}: {from}", self.arguments);
            fs::write(repo.join("enc.yaml"), text.replacen(from, to, 1)).unwrap();
        }
        for (name, text) in self.files {
            fs::write(repo.join(name), text.replace('§', VALUE)).unwrap();
        }
    }

    pub fn start(&self, place: &Place) -> std::process::Child {
        let mut command = place.command(&place.repo(), self.arguments);
        for (name, value) in self.env {
            command.env(name, value.replace('@', &place.repo().display().to_string()));
        }
        start(command, &self.input.replace('§', VALUE))
    }
}

const STRANGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys/private/stranger.txt");
const ENCRYPT: &[&str] = &["encrypt", "x.yaml"];
const EDIT: &[&str] = &["edit", "enc.yaml"];
const SET: &[&str] = &["set", "enc.yaml", "secret", "--value-stdin"];

pub const ALL: &[Failing] = &[
    // what is not YAML, or not what sops can hold
    failing(2, ENCRYPT).file(&[("x.yaml", "secret: §\n  bad: [§\n")]),
    failing(2, ENCRYPT).file(&[("x.yaml", "secret: \"§\n")]),
    failing(2, ENCRYPT).file(&[("x.yaml", "secret: *§\n")]),
    failing(2, ENCRYPT).file(&[("x.yaml", "secret: §\u{7}\n")]),
    failing(92, ENCRYPT).file(&[("x.yaml", "")]),
    failing(214, ENCRYPT).file(&[("x.yaml", "secret: §\nsecret: §\n")]),
    failing(215, ENCRYPT).file(&[("x.yaml", "secret: ENC[AES256_GCM,data:§,iv:x,tag:x,type:str]\n")]),
    failing(216, ENCRYPT).file(&[("x.yaml", "- §\n")]),
    failing(216, ENCRYPT).file(&[("x.yaml", "secret: !!int §\n")]),
    failing(216, ENCRYPT).file(&[("x.yaml", "1: §\n")]),
    failing(211, ENCRYPT).file(&[("x.yaml", "other: §\n")]),
    failing(100, &["encrypt", "missing.yaml"]),
    failing(203, &["encrypt", "enc.yaml"]),
    // options and rules
    failing(8, &["encrypt", "-i", "--output", "y.yaml", "plain.yaml"]),
    failing(210, &["encrypt", "--filename-override", "x.txt", "plain.yaml"]),
    failing(213, &["encrypt", "--encrypted-regex", "(", "plain.yaml"]),
    failing(212, &["encrypt", "plain.yaml"]).file(&[(".sops.yaml", "creation_rules: [{age: §, path_regex: 1}]\n")]),
    failing(3, &["encrypt", "--output", "enc.yaml/x.yaml", "plain.yaml"]),
    failing(223, &["encrypt", "--output", "/", "plain.yaml"]),
    // what does not open
    failing(128, &["decrypt", "enc.yaml"]).env(&[("SOPS_AGE_KEY_FILE", STRANGER)]),
    failing(128, &["decrypt", "enc.yaml"]).env(&[("SOPS_AGE_KEY_FILE", "@/k")]).file(&[("k", KEY)]),
    failing(128, &["decrypt", "enc.yaml"]).env(&[("SOPS_AGE_KEY_FILE", STRANGER), ("SOPS_AGE_KEY", KEY)]),
    failing(128, &["decrypt", "enc.yaml"])
        .env(&[("SOPS_AGE_KEY_FILE", STRANGER), ("SOPS_AGE_KEY_CMD", "sh @/k")])
        .file(&[("k", "echo AGE-SECRET-KEY-1CANARY; exit 3")]),
    failing(128, SET).env(&[("SOPS_AGE_KEY_FILE", STRANGER)]).input("§"),
    failing(225, &["decrypt", "plain.yaml"]),
    failing(25, &["decrypt", "enc.yaml"]).damage("data:", "data:AAAA"),
    failing(51, &["decrypt", "enc.yaml"]).damage("clear: ", "clear: x"),
    failing(51, &["decrypt", "enc.yaml"]).damage("mac: ENC[AES256_GCM,data:", "mac: ENC[AES256_GCM,data:AAAA"),
    failing(227, &["decrypt", "enc.yaml"]).damage("lastmodified:", "modified:"),
    // paths and values
    failing(91, &["get", "enc.yaml", "secret["]),
    failing(220, &["get", "enc.yaml", "secret.more"]),
    failing(220, &["get", "enc.yaml", "secret_too[7]"]),
    failing(220, &["unset", "enc.yaml", "nothing"]),
    failing(7, &["set", "enc.yaml", "list[0]", "--value-stdin"]).input("§"),
    failing(7, &["set", "enc.yaml", "secret", "--value-stdin", "--type", "json"]).input("{\"a\": §"),
    failing(220, &["set", "enc.yaml", "secret.more", "--value-stdin"]).input("§"),
    failing(100, &["set", "enc.yaml", "secret", "--value-file", "missing"]),
    // editors
    failing(200, EDIT).env(&[("EDITOR", "true")]),
    failing(201, EDIT).env(&[("EDITOR", "false")]),
    failing(201, EDIT).env(&[("EDITOR", "/no/such/editor")]),
    failing(2, EDIT).env(&[("EDITOR", "sh @/e")]).file(&[("e", "printf 'secret: [§' > \"$1\"\n")]),
    failing(217, EDIT).env(&[("EDITOR", "sh @/e")]).file(&[("e", "echo 'secret: §§' > \"$1\"; echo >> enc.yaml\n")]),
    failing(214, EDIT).env(&[("EDITOR", "sh @/e")]).file(&[("e", "printf 'secret: §\\nsecret: §\\n' > \"$1\"\n")]),
    // ended by a signal while the plain text is in the editor
    failing(143, EDIT).env(&[("EDITOR", "sh @/e")]).file(&[("e", "kill -TERM $PPID; sleep 1\n")]),
    failing(129, EDIT).env(&[("EDITOR", "sh @/e")]).file(&[("e", "kill -HUP $PPID; sleep 1\n")]),
];
