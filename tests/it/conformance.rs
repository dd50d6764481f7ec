//! The same commands under the name `sops`, to the real program (3.13.2) and to ours: exit code, standard output, standard
//! error and the files that are left.
//!
//! Each row of `conformance/table.rs` is a shell script that calls `$S`. What differs from run to run (ciphertexts, times,
//! wrapped keys, the folder) is made the same in both before they are compared; of standard error the class counts, which
//! is what programs that call sops look for. Most rows are the subcommands' exit codes and those of sops's own functional
//! tests (`functional-tests/src/lib.rs`) that use YAML.

mod converted;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::peers;
use converted::DOCUMENTS;
use table::{Compare, ROWS, Row};

/// What the rows work on, plain and encrypted by the real program.
const PLAIN: &[(&str, &str)] = &[
    ("p.yaml", "a: hello\nb: 1\nl:\n    - x\n    - z\nm:\n    o: deep\n"),
    (
        "flat.yaml",
        "# top\ns: \"a<b>&\\u2028 \\\" \\\\ \\t\"\ni: 1\nf: 1.5\ng: 1.5e30\nb: true\nu: null\nd: 2024-01-01\n\
         t: 2024-01-01T02:03:04.5+07:06\nml: \"multi\\nline\"\n",
    ),
    (
        "p.json",
        "{\n\t\"a\": \"hello\",\n\t\"b\": 1,\n\t\"c\": 1.5,\n\t\"l\": [\n\t\t\"x\",\n\t\ttrue\n\t],\n\t\"n\": null\n}\n",
    ),
    // floats that read as integers
    ("whole.yaml", "a: 2.0\nb: 1e3\nc: -5.0\nd: 0.0\ne: 1.50\n"),
    ("whole.json", "{\n\t\"a\": 2.0,\n\t\"b\": 1e3,\n\t\"c\": -5.0\n}\n"),
    ("p.env", "# why\nfoo=bar\nBAZ=a b c\n"),
    ("p.ini", "[s]\n; why\nfoo = bar\nbaz = q\n"),
    ("p.bin", "any\tbytes {\"data\": 1}"),
];
/// Files that are no SOPS files.
const BROKEN: &[(&str, &str)] =
    &[("bad.yaml", ": : ["), ("empty.yaml", ""), ("flow.yaml", "{\"a\": 1, \"l\": [1, 2]}")];

struct World {
    _folder: tempfile::TempDir,
    root: PathBuf,
    identity: PathBuf,
    recipient: String,
    other: String,
}

impl World {
    fn new(sops: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/multi-environment/keys");
        let public = |name: &str| {
            let text = fs::read_to_string(keys.join(format!("{name}.pub"))).unwrap();
            text.lines().find(|line| line.starts_with("age1")).unwrap().to_owned()
        };
        let world = Self {
            identity: keys.join("private/alice.txt"),
            recipient: public("alice"),
            other: public("bob"),
            root,
            _folder: folder,
        };
        let start = world.root.join("start");
        fs::create_dir(&start).unwrap();
        for (name, text) in PLAIN.iter().chain(DOCUMENTS).chain(BROKEN) {
            fs::write(start.join(name), text).unwrap();
        }
        for (name, _) in PLAIN.iter().chain(DOCUMENTS) {
            let to = format!("e{name}");
            let arguments = ["encrypt", "--age", &world.recipient, "--output", &to, name];
            let ran = peers::run(sops, &start, &world.identity, &arguments);
            assert!(ran.ok(), "{}", ran.last_words());
        }
        world
    }

    /// Runs a row's script with one of the programs, in a fresh copy of the files.
    fn run(&self, row: &Row, who: &str, program: &Path) -> Outcome {
        let folder = self.root.join(who);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let work = folder.join("work");
        fs::create_dir_all(&work).unwrap();
        for name in ["home", "tmp"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        for entry in fs::read_dir(self.root.join("start")).unwrap().flatten() {
            fs::copy(entry.path(), work.join(entry.file_name())).unwrap();
        }
        // a script that hangs is a difference, too
        let output = Command::new("timeout")
            .args(["20", "/bin/sh", "-c", row.script])
            .current_dir(&work)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.join("home"))
            .env("TMPDIR", folder.join("tmp"))
            .env("SOPS_AGE_KEY_FILE", &self.identity)
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .env("S", program)
            .env("R", &self.recipient)
            .env("R2", &self.other)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&work).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            files.insert(entry.file_name().to_string_lossy().into_owned(), same_everywhere(&text, &folder));
        }
        let left: Vec<_> = fs::read_dir(folder.join("tmp")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(left.is_empty(), "{who} left {left:?} behind: {}", row.script);
        Outcome {
            code: output.status.code(),
            out: same_everywhere(&String::from_utf8_lossy(&output.stdout), &folder),
            err: same_everywhere(&String::from_utf8_lossy(&output.stderr), &folder),
            files,
        }
    }
}

struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
    files: BTreeMap<String, String>,
}

/// What differs from run to run, taken out.
fn same_everywhere(text: &str, folder: &Path) -> String {
    let text = text.replace(folder.to_str().unwrap(), "[DIR]");
    let mut out = String::new();
    let mut wrapped = false;
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.starts_with("-----BEGIN AGE") {
            wrapped = true;
        }
        if !wrapped && !bare.starts_with("lastmodified:") && !bare.starts_with("sealant_layout:") {
            out.push_str(&without_cipher_and_time(line));
            out.push('\n');
        }
        if bare.starts_with("-----END AGE") {
            wrapped = false;
        }
    }
    if !text.ends_with('\n') && !out.is_empty() {
        out.pop();
    }
    out
}

fn without_cipher_and_time(line: &str) -> String {
    let mut line = line.to_owned();
    let mut from = 0;
    while let Some(begin) = line[from..].find("ENC[").map(|at| from + at) {
        let Some(end) = line[begin..].find(']').map(|at| begin + at) else { break };
        let kind = line[begin..end].rfind(",type:").map_or(end, |at| begin + at);
        line.replace_range(begin + 4..kind, "");
        from = begin + 4;
    }
    if let (Some(begin), Some(end)) = (line.find("time=\""), line.find("\" level=")) {
        line.replace_range(begin..end, "time=\"");
    }
    // `2026/01/31 12:00:00 ` of Go's log
    let stamp = line.get(..20).filter(|stamp| {
        stamp.chars().enumerate().all(|(at, c)| match at {
            4 | 7 => c == '/',
            10 | 19 => c == ' ',
            13 | 16 => c == ':',
            _ => c.is_ascii_digit(),
        })
    });
    if stamp.is_some() {
        line.replace_range(..20, "");
    }
    line
}

/// The words of a message that decide what a caller makes of it: the beginnings of what sops says.
const CLASSES: &[&str] = &[
    "Error: ",
    "Error reading file: ",
    "Error unmarshalling file: ",
    "Error decrypting tree: ",
    "Error dumping file: ",
    "MAC mismatch",
    "Failed to get the data key required to decrypt the SOPS file.",
    "The file you have provided contains a top-level entry called 'sops'",
    "Could not run editor: ",
    "could not read config file: ",
    "error loading config: ",
    "error parsing --extract path: ",
    "error truncating tree: ",
    "failed to parse input",
    "Could not generate data key: ",
];

fn class(err: &str) -> String {
    let first = err.lines().next().unwrap_or_default();
    let known = CLASSES.iter().rev().find(|class| first.starts_with(**class));
    known.map_or_else(|| first.to_owned(), |class| (*class).to_owned())
}

fn differences(row: &Row, theirs: &Outcome, ours: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, theirs: &str, ours: &str| {
        if theirs != ours {
            found.push(format!("{what}: sops\n{theirs}\nours\n{ours}"));
        }
    };
    compare("exit code", &format!("{:?}", theirs.code), &format!("{:?}", ours.code));
    if row.compare != Compare::CodeOnly {
        compare("standard output", &theirs.out, &ours.out);
    }
    match row.compare {
        Compare::All => compare("standard error", &theirs.err, &ours.err),
        Compare::Class => compare("class of the message", &class(&theirs.err), &class(&ours.err)),
        Compare::CodeAndOutput | Compare::CodeOnly => {}
    }
    // an encrypted file is spelled as its plain text was, not as sops would: what it holds is for `decrypt` rows
    let names = |outcome: &Outcome| outcome.files.keys().cloned().collect::<Vec<_>>().join(" ");
    compare("names of files", &names(theirs), &names(ours));
    found
}

#[test]
#[cfg(unix)]
fn the_same_as_sops() {
    let Some(peers) = peers::locate("the_same_as_sops") else {
        return;
    };
    let world = World::new(&peers.sops);
    let ours = world.root.join("bin/sops");
    fs::create_dir(ours.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sealant"), &ours).unwrap();
    let mut wrong = Vec::new();
    for row in ROWS {
        let theirs = world.run(row, "theirs", &peers.sops);
        let ours = world.run(row, "ours", &ours);
        let found = differences(row, &theirs, &ours);
        if !found.is_empty() {
            wrong.push(format!("== {}\n{}", row.script, found.join("\n")));
        }
    }
    assert!(ROWS.len() >= 100, "only {} rows", ROWS.len());
    assert!(wrong.is_empty(), "{} of {} rows differ\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

#[test]
fn what_differs_from_run_to_run_is_taken_out() {
    let text = "a: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str] # ENC[q,type:int]\n    lastmodified: \"x\"\n\
                [CMD]\t time=\"2026\" level=warning msg=\"m\"\n2026/01/31 12:00:00 Syncing [DIR]\nenc: |\n  -----BEGIN AGE\n  x\n  \
                -----END AGE\nend";
    assert_eq!(
        same_everywhere(text, Path::new("/nowhere")),
        "a: ENC[,type:str] # ENC[,type:int]\n[CMD]\t time=\"\" level=warning msg=\"m\"\nSyncing [DIR]\nenc: |\nend"
    );
    assert_eq!(class("MAC mismatch. File has\nx"), "MAC mismatch");
    assert_eq!(class("Error reading file: x"), "Error reading file: ");
}
