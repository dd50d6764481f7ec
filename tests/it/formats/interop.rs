//! Real sops 3.13.2 on the formats that it has: it reads from our files what it reads from its own, and we from its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sealant::document::kind::DocumentKind;
use sealant::document::open::{Reading, open};

use super::Made;
use super::generate::document;
use super::leaves::{Leaf, leaves};
use crate::interop::{RECIPIENT, identity, sealant};
use crate::peers::{self, Peers, Ran};

/// Generated documents of each format; of dotenv more, for most of them mean something else to sops.
fn seeds(kind: DocumentKind) -> u64 {
    if kind == DocumentKind::Dotenv { 300 } else { 110 }
}

const THREADS: usize = 2;

/// What both programs are told to encrypt; without a flag for it in sops, [`MAC_ONLY`] is a rule.
const SELECTIONS: [&[&str]; 6] = [
    &[],
    &["--encrypted-regex", "^(pass|tok|a|k|db|x|u)"],
    &[],
    &["--unencrypted-regex", "^(host|port|data|level|web)"],
    &["--encrypted-suffix", "_enc"],
    MAC_ONLY,
];

const MAC_ONLY: &[&str] = &["--config", "rule.yaml"];
const RULE: &str = "    encrypted_regex: ^(pass|tok|a|k|db|x|u)\n    mac_only_encrypted: true\n";

/// Documents by hand: what people have, and what is odd.
const WRITTEN: &[(DocumentKind, &[&str])] = &[
    (
        DocumentKind::Json,
        &[
            "{\n  \"a\": \"b\"\n}\n",
            "{\"n\": [1, 1.5, -0.0, 1e3, 1E400, 9007199254740993, true, null, \"\", {}, []]}",
            "{\"html\": \"<b>&amp;</b> \\u2028 \\u0000 \\ud83d\\ude00 \\/\"}",
            "{\"a\": {\"b\": {\"c\": [[\"d\", [\"e\"]], {\"f\": \"g\"}]}}}",
            "{}",
            "{\"a\": {}, \"b\": []}",
            "{\"a\": 1, \"a\": 2}",
            "{\"a\": \"b\"} trailing",
            "{\"big\": 123456789012345678901234567890, \"small\": 1e-400}",
            "{\"date\": \"2026-01-15T00:00:00Z\", \"text\": \"1.0\"}",
        ],
    ),
    (
        DocumentKind::Dotenv,
        &[
            "A=b\n",
            "# comment\nA=b\n#\nB=c=d\n\nC=\n",
            "A=b\\nc\nB=\\\\n\n",
            "A='single'\nB=\"double\"\nexport C=d\nD=e # inline\n",
            "A=\"one\ntwo\"\n",
            "A=b\r\nC=d\r\n",
            "A = b\n",
            "=x\n",
            "no equals\n",
            "A=1\nA=2\n",
            "A=b",
            "KEY=-----BEGIN KEY-----\\nabc\\n-----END KEY-----\\n\n",
        ],
    ),
    (
        DocumentKind::Ini,
        &[
            "[s]\na=b\n",
            "a=b\n[s]\nc=d\n",
            "; head\n[s] ; behind\n; above\na = b ; inline\n",
            "[s]\na = \"q\"\nb = 'q'\nc = `x;y`\nd = \"\"\"m\nn\"\"\"\n",
            "[s]\na = 1\na = 2\n",
            "[s]\na=1\n[s]\nb=2\n[t]\n",
            "[s]\na = long \\\n  line\n",
            "[s]\nkey with spaces : value\n",
            "[s]\na =\nb = \n",
            "[s]\r\na = b\r\n",
            "[s]\na = \"with # hash\"\n",
            "[]\na=b\n",
            "[s]\nno delimiter\n",
            "[s]\n- = one\n- = two\n",
            "[s]\na = trailing \\\\\nb = c\n",
        ],
    ),
    (
        DocumentKind::Binary,
        &["", "text\n", "{\"data\": \"x\"}\n", "{\"sops\": {\"mac\": \"x\"}}", "a: b\n", "\0\u{1}", "\r\n"],
    ),
];

struct Case {
    name: String,
    made: Made,
    selection: &'static [&'static str],
}

fn extension(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Dotenv => "env",
        DocumentKind::Binary => "bin",
        other => other.word(),
    }
}

fn cases(kind: DocumentKind) -> Vec<Case> {
    let generated = (0..seeds(kind)).map(|seed| {
        let made = document(kind, seed);
        Case { name: format!("seed {seed}"), made, selection: SELECTIONS[seed as usize % SELECTIONS.len()] }
    });
    let written = WRITTEN.iter().filter(|(of, _)| *of == kind).flat_map(|(_, texts)| texts.iter());
    let written = written.map(|text| Case { name: format!("{text:?}"), made: Made::new(kind, text), selection: &[] });
    generated.chain(written).collect()
}

struct Check<'a> {
    peers: &'a Peers,
    case: &'a Case,
    folder: &'a Path,
}

/// What one document came to.
enum Outcome {
    Same,
    /// Left out, and why.
    Apart(&'static str),
    Failed(String),
}

impl Check<'_> {
    fn run(&self, program: &Path, arguments: &[&str]) -> Ran {
        peers::run(program, self.folder, &identity(), arguments)
    }

    fn encrypt(&self, program: &Path, more: &[&str], file: &str) -> Ran {
        let kind: &[&str] = if self.case.made.kind == DocumentKind::Binary { &["--input-type", "binary"] } else { &[] };
        if self.case.selection == MAC_ONLY {
            let rule = format!("creation_rules:\n  - age: {RECIPIENT}\n{RULE}");
            fs::write(self.folder.join("rule.yaml"), rule).unwrap();
            return self.run(program, &[MAC_ONLY, &["encrypt"], kind, more, &[file]].concat());
        }
        self.run(program, &[&["encrypt", "--age", RECIPIENT], kind, self.case.selection, more, &[file]].concat())
    }

    /// What sops decrypts a file to: in its own format, and as JSON.
    fn by_sops(&self, file: &str) -> Result<(Vec<u8>, String), Ran> {
        let native = self.run(&self.peers.sops, &["decrypt", file]);
        let json = self.run(&self.peers.sops, &["decrypt", "--output-type", "json", file]);
        if !native.ok() {
            return Err(native);
        }
        // JSON cannot hold every number that JSON can be read from, say; the two then fail alike.
        let text = if json.ok() { json.text() } else { json.last_words() };
        Ok((native.stdout, text))
    }

    fn write(&self, stem: &str, bytes: &[u8]) -> String {
        let name = format!("{stem}.{}", extension(self.case.made.kind));
        fs::write(self.folder.join(&name), bytes).unwrap();
        name
    }

    fn all(&self) -> Outcome {
        let plain = self.write("plain", &self.case.made.bytes);
        // The program reads .json files without comments, and .env files faithfully.
        let reading = Reading { commented_json: false, faithful_dotenv: true };
        let ours = self.encrypt(&sealant(), &["--allow-empty"], &plain);
        let theirs = self.encrypt(&self.peers.sops, &[], &plain);
        match (ours.ok(), theirs.ok()) {
            (false, false) => return Outcome::Apart("refused by both"),
            (false, true) => return self.refused_by_us(&ours, &theirs),
            (true, false) if self.case.made.kind != DocumentKind::Dotenv => {
                return Outcome::Failed(format!("sops refuses, and we encrypt: {}", theirs.last_words()));
            }
            _ => {}
        }
        let ours = self.write("ours", &ours.stdout);
        let from_ours = match self.by_sops(&ours) {
            Ok(found) => found,
            Err(ran) => return Outcome::Failed(format!("sops cannot decrypt ours: {}", ran.last_words())),
        };
        if self.case.made.kind == DocumentKind::Dotenv && !readings_agree(&self.case.made) {
            return decoded(&self.case.made, reading, &from_ours.1);
        }
        if !theirs.ok() {
            return Outcome::Failed(format!("sops refuses, and we encrypt: {}", theirs.last_words()));
        }
        let theirs = self.write("theirs", &theirs.stdout);
        let from_theirs = match self.by_sops(&theirs) {
            Ok(found) => found,
            Err(_) => return Outcome::Apart("sops cannot decrypt its own file"),
        };
        if from_ours != from_theirs && self.case.made.bytes.windows(4).any(|four| four == b"-0.0") {
            return Outcome::Apart("sops writes -0.0 in clear as -0, and reads that as the integer 0");
        }
        if self.case.made.kind == DocumentKind::Ini && but_for_comments(&from_ours) == but_for_comments(&from_theirs) {
            if from_ours != from_theirs {
                return Outcome::Apart(COMMENTS);
            }
        } else if from_ours != from_theirs {
            return differ("sops reads other values from ours", &from_theirs, &from_ours);
        }
        self.back(&theirs, &from_theirs)
    }

    /// Ours of what we decrypt from theirs.
    fn back(&self, theirs: &str, expected: &(Vec<u8>, String)) -> Outcome {
        let decrypted = self.run(&sealant(), &["decrypt", theirs]);
        if !decrypted.ok() {
            return Outcome::Failed(format!("we cannot decrypt theirs: {}", decrypted.last_words()));
        }
        if self.case.made.kind == DocumentKind::Binary && decrypted.stdout != self.case.made.bytes {
            return Outcome::Failed("we decrypt other bytes from theirs".into());
        }
        let again = self.write("again", &decrypted.stdout);
        let encrypted = self.encrypt(&sealant(), &["--allow-empty"], &again);
        if !encrypted.ok() {
            return Outcome::Failed(format!("we cannot encrypt what we decrypted: {}", encrypted.last_words()));
        }
        let again = self.write("again-encrypted", &encrypted.stdout);
        match self.by_sops(&again) {
            Err(ran) => Outcome::Failed(format!("sops cannot decrypt ours of theirs: {}", ran.last_words())),
            Ok(found) if found != *expected => differ("sops reads other values from ours of theirs", expected, &found),
            Ok(_) => Outcome::Same,
        }
    }

    /// We may refuse what sops takes when sops loses something.
    fn refused_by_us(&self, ours: &Ran, theirs: &Ran) -> Outcome {
        let words = ours.last_words();
        let reasons = [
            ("more digits than sops keeps", "refused: sops rounds a number"),
            ("too large for sops", "refused: sops makes a number infinite"),
            ("stands twice", "refused: a key stands twice"),
            ("nothing more after", "refused: text after the object"),
            ("backslash before an n", "refused: sops makes a line break of \\n"),
            ("sops loses", "refused: sops loses text"),
            ("sops prints", "refused: sops prints something else than it read"),
            ("begins with an empty line", "refused: sops stops at a comment that begins with an empty line"),
            ("line of its own", "refused: sops splits a value"),
            ("has no end", "refused: a quote without an end"),
            ("something follows", "refused: text behind a quoted value"),
            ("expected a name", "refused: a value without a name"),
            ("half a surrogate", "refused: sops replaces half a surrogate pair"),
            ("is encrypted already", "refused: it looks encrypted"),
            ("a name that sops keeps", "refused: it looks encrypted"),
            ("is reserved", "refused: it looks encrypted"),
        ];
        if let Some((_, reason)) = reasons.iter().find(|(word, _)| words.contains(word)) {
            return Outcome::Apart(reason);
        }
        let theirs = self.write("theirs", &theirs.stdout);
        match self.by_sops(&theirs) {
            Err(_) => Outcome::Apart("refused, and sops cannot decrypt its own file"),
            Ok(_) => Outcome::Failed(format!("sealant encrypt fails: {words}")),
        }
    }
}

/// What sops prints without the lines that are comments.
fn but_for_comments((native, json): &(Vec<u8>, String)) -> (Vec<u8>, &str) {
    let lines = native.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| !line.starts_with(b";") && !line.starts_with(b"#"));
    (kept.collect::<Vec<_>>().concat(), json)
}

const DECODED: &str = "readings differ: decoded values compared";

/// sops reads the comment above a key and the one behind its value as one, and cannot decrypt the second.
const COMMENTS: &str = "values compared: sops loses a comment behind a value";

fn differ(what: &str, expected: &(Vec<u8>, String), got: &(Vec<u8>, String)) -> Outcome {
    let (expected, got) = if expected.0 == got.0 {
        (expected.1.clone(), got.1.clone())
    } else {
        (expected.0.escape_ascii().to_string(), got.0.escape_ascii().to_string())
    };
    Outcome::Failed(format!("{what}:\n  expected {expected}\n  got      {got}"))
}

fn read_as(made: &Made, faithful_dotenv: bool) -> Option<Vec<Leaf>> {
    let text = String::from_utf8(made.bytes.clone()).ok()?;
    let document = open(made.kind, text, Reading { commented_json: false, faithful_dotenv }).ok()?;
    Some(leaves(document.as_ref()))
}

fn readings_agree(made: &Made) -> bool {
    let plain = |faithful| {
        let found = read_as(made, faithful)?;
        Some(found.into_iter().map(|leaf| (leaf.path, leaf.text)).collect::<Vec<_>>())
    };
    plain(true).is_some_and(|faithful| plain(false) == Some(faithful))
}

/// What sops decrypts is what the value says, or the text of the line where it stayed in clear.
fn decoded(made: &Made, reading: Reading, json: &str) -> Outcome {
    let document = open(DocumentKind::Json, json.to_owned(), Reading::default());
    let Ok(document) = document else { return Outcome::Failed(format!("sops prints no JSON: {json}")) };
    let found = leaves(document.as_ref());
    let text = String::from_utf8(made.bytes.clone()).unwrap();
    let plain = open(made.kind, text, reading).unwrap();
    for (at, leaf) in leaves(plain.as_ref()).iter().enumerate() {
        let same = found.iter().filter(|other| other.path == leaf.path).any(|other| {
            let clear = matches!(plain.clear_value(at), sealant::document::value::Value::Str(text) if Some(&*text) == other.text.as_deref());
            other.text == leaf.text || clear
        });
        if !same {
            return Outcome::Failed(format!("{} is not what the file says: {json}", leaf.path));
        }
    }
    Outcome::Apart(DECODED)
}

fn all(kind: DocumentKind) {
    let Some(peers) = peers::locate(kind.word()) else { return };
    let cases = cases(kind);
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let folder = tempfile::tempdir().unwrap();
                    let outcome = Check { peers: &peers, case, folder: folder.path() }.all();
                    outcomes.lock().unwrap().push((case, outcome));
                }
            });
        }
    });
    let mut apart: BTreeMap<&str, usize> = BTreeMap::new();
    let mut same = 0;
    let mut failed = Vec::new();
    for (case, outcome) in outcomes.into_inner().unwrap() {
        match outcome {
            Outcome::Same => same += 1,
            Outcome::Apart(reason) => *apart.entry(reason).or_default() += 1,
            Outcome::Failed(why) => {
                failed.push(format!("{} {:?}: {why}\n{}", case.name, case.selection, case.made.shown()));
            }
        }
    }
    eprintln!("{}: {same} of {} documents the same to sops, the others: {apart:#?}", kind.word(), cases.len());
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), cases.len(), failed[..failed.len().min(8)].join("\n\n"));
    assert!(same + apart.get(DECODED).unwrap_or(&0) >= 40, "only {same}: {apart:?}");
}

#[test]
fn json_with_sops() {
    all(DocumentKind::Json);
}

#[test]
fn dotenv_with_sops() {
    all(DocumentKind::Dotenv);
}

#[test]
fn ini_with_sops() {
    all(DocumentKind::Ini);
}

#[test]
fn binary_with_sops() {
    all(DocumentKind::Binary);
}
