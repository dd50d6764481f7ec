//! One document, both ways: what we encrypt real sops opens, what it encrypts we open, and no byte is lost.

use super::values::{Form, Values};
use super::variants::Variant;
use super::{identity, sealant};
use crate::peers::{self, Peers, Ran};
use std::fs;
use std::path::Path;

/// What sops 3.13.2 says on standard error about a comment that it could not decrypt.
const COMMENT_WARNING: &str = "possibly unencrypted comment";

/// A document to check.
pub struct Case {
    /// the seed or the file name
    pub name: String,
    /// the text
    pub text: Vec<u8>,
    /// what the generator says is in it
    pub features: Vec<&'static str>,
    /// what is to be encrypted
    pub variant: Variant,
    /// not YAML by the specification, though sops takes it: we may refuse it
    pub may_refuse: bool,
}

/// What came out of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// what we do wrong
    pub failures: Vec<String>,
    /// comparisons that were left out because of what sops does with its own file
    pub excluded: Vec<&'static str>,
}

struct Check<'a> {
    peers: &'a Peers,
    case: &'a Case,
    folder: &'a Path,
    outcome: Outcome,
}

/// Runs all programs over one document, in a folder of its own.
pub fn check(peers: &Peers, case: &Case, folder: &Path) -> Outcome {
    fs::write(folder.join("plain.yaml"), &case.text).unwrap();
    // the creation rule must not be found when values are printed
    let rule = folder.join("rule");
    fs::create_dir(&rule).unwrap();
    fs::write(rule.join("plain.yaml"), &case.text).unwrap();
    case.variant.prepare(&rule);
    let mut check = Check { peers, case, folder, outcome: Outcome::default() };
    let (form, truth) = match check.plain_values("plain.yaml") {
        Ok(found) => found,
        Err(reason) => {
            check.fail(format!("sops 3.13.2 refuses the document: {reason}"));
            return check.outcome;
        }
    };
    check.ours(form, &truth);
    check.theirs(form, &truth);
    check.outcome
}

impl Check<'_> {
    fn fail(&mut self, message: String) {
        self.outcome.failures.push(message);
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Ran {
        peers::run(program, self.folder, &identity(), arguments)
    }

    fn encrypt(&self, program: &Path, settings: &[&str]) -> Ran {
        let arguments = [&["encrypt"], settings, &["plain.yaml"]].concat();
        peers::run(program, &self.folder.join("rule"), &identity(), &arguments)
    }

    /// The values of a plaintext file: sops "encrypts" it with nothing selected and prints it as JSON.
    /// As YAML when it has several documents or a number that JSON has not.
    fn plain_values(&self, file: &str) -> Result<(Form, Values), String> {
        let several = self.run(&self.peers.sops, &print_arguments(file, Form::Yaml));
        if !several.ok() {
            return Err(several.last_words());
        }
        let yaml = several.text();
        if yaml.lines().any(|line| line == "---") {
            return Ok((Form::Yaml, Form::Yaml.values(&yaml)));
        }
        let json = self.run(&self.peers.sops, &print_arguments(file, Form::Json));
        if json.ok() {
            return Ok((Form::Json, Form::Json.values(&json.text())));
        }
        Ok((Form::Yaml, Form::Yaml.values(&yaml)))
    }

    fn values_of(&self, program: &Path, file: &str, form: Form) -> Result<(Values, Ran), Ran> {
        let ran = self.run(program, &["decrypt", "--output-type", form.word(), file]);
        if ran.ok() { Ok((form.values(&ran.text()), ran)) } else { Err(ran) }
    }

    /// Our file: opened by both releases of sops, and by us to the same bytes.
    fn ours(&mut self, form: Form, truth: &Values) {
        let encrypted = self.encrypt(&sealant(), &self.case.variant.sealant());
        if !encrypted.ok() && self.case.may_refuse {
            self.outcome.excluded.push("not YAML, refused by us and taken by sops");
            return;
        }
        if encrypted.stderr.contains("a comment would be read elsewhere") {
            self.outcome.excluded.push("refused: a rule that depends on where a comment is read");
            return;
        }
        if encrypted.stderr.contains("does not end with a line break") {
            self.outcome.excluded.push("refused: a block in clear that ends a file without a line break");
            return;
        }
        if !encrypted.ok() {
            self.fail(format!("sealant encrypt fails: {}", encrypted.last_words()));
            return;
        }
        fs::write(self.folder.join("ours.yaml"), &encrypted.stdout).unwrap();
        for (name, program) in [("3.13.2", &self.peers.sops), ("3.11.0", &self.peers.old_sops)] {
            match self.values_of(program, "ours.yaml", form) {
                Err(ran) => self.fail(format!("sops {name} cannot decrypt ours: {}", ran.last_words())),
                Ok((values, ran)) => {
                    if !truth.is_whole() {
                        self.outcome.excluded.push("sops prints the plaintext as something that is not YAML");
                    } else if values != *truth {
                        self.fail(format!("sops {name} reads other values from ours: {}", truth.difference(&values)));
                    }
                    if ran.stderr.contains(COMMENT_WARNING) {
                        self.fail(format!("sops {name} cannot decrypt a comment in ours"));
                    }
                }
            }
        }
        let decrypted = self.run(&sealant(), &["decrypt", "ours.yaml"]);
        if !decrypted.ok() {
            self.fail(format!("sealant decrypt of ours fails: {}", decrypted.last_words()));
        } else if decrypted.stdout != self.case.text {
            self.fail(format!(
                "our round trip changes bytes: {}",
                first_difference(&self.case.text, &decrypted.stdout)
            ));
        }
    }

    /// The file of sops: we decrypt it to the values that the plaintext has.
    fn theirs(&mut self, form: Form, truth: &Values) {
        let encrypted = self.encrypt(&self.peers.sops, &self.case.variant.sops());
        if !encrypted.ok() {
            self.fail(format!("sops 3.13.2 does not encrypt it: {}", encrypted.last_words()));
            return;
        }
        fs::write(self.folder.join("theirs.yaml"), &encrypted.stdout).unwrap();
        let Some(expected) = self.theirs_by_sops(form, truth) else {
            return;
        };
        let decrypted = self.run(&sealant(), &["decrypt", "theirs.yaml"]);
        if !decrypted.ok() {
            self.fail(format!("sealant decrypt of theirs fails: {}", decrypted.last_words()));
            return;
        }
        fs::write(self.folder.join("theirs-plain.yaml"), &decrypted.stdout).unwrap();
        let printed = self.run(&self.peers.sops, &print_arguments("theirs-plain.yaml", form));
        if !printed.ok() {
            self.fail(format!("what we decrypted from theirs is not YAML to sops: {}", printed.last_words()));
            return;
        }
        let values = form.values(&printed.text());
        if values != expected && values != *truth {
            let text = String::from_utf8_lossy(&self.case.text);
            if text.lines().any(|line| line.trim() == "#") {
                self.outcome.excluded.push("sops makes an item of an empty comment in a list, and we a comment");
                return;
            }
            self.fail(format!("we read other values from theirs: {}", expected.difference(&values)));
        }
    }

    /// The values that sops itself reads from its file; `None` when no release of it can.
    fn theirs_by_sops(&mut self, form: Form, truth: &Values) -> Option<Values> {
        let current = self.values_of(&self.peers.sops, "theirs.yaml", form);
        let values = match current {
            Ok((values, ran)) => {
                if ran.stderr.contains(COMMENT_WARNING) {
                    self.outcome.excluded.push("sops cannot decrypt a comment of its own file (values still compared)");
                }
                values
            }
            Err(ran) => {
                let Ok((values, _)) = self.values_of(&self.peers.old_sops, "theirs.yaml", form) else {
                    self.outcome.excluded.push(why_not(&ran));
                    return None;
                };
                self.outcome.excluded.push("3.13.2 fails on a list comment of its own file, 3.11.0 is the judge");
                values
            }
        };
        if values != *truth {
            self.outcome.excluded.push("sops changes a value by its own round trip, its result is the judge");
        }
        Some(values)
    }
}

fn why_not(ran: &Ran) -> &'static str {
    if ran.stderr.contains("MAC mismatch") {
        "no sops verifies the MAC of its own file (it changed a value in clear)"
    } else if ran.stderr.contains("did not find expected") {
        "no sops can parse its own file (a block scalar in clear, wrongly indented)"
    } else if ran.stderr.contains("map merge requires") {
        "no sops can parse its own file (a merge key that merges no map)"
    } else {
        "no sops opens its own file"
    }
}

fn print_arguments(file: &str, form: Form) -> [&str; 8] {
    ["encrypt", "--age", super::RECIPIENT, "--unencrypted-regex", ".*", "--output-type", form.word(), file]
}

/// Where two texts part, with some context.
fn first_difference(expected: &[u8], got: &[u8]) -> String {
    let at = expected.iter().zip(got).position(|(one, two)| one != two).unwrap_or(expected.len().min(got.len()));
    let around = |text: &[u8]| {
        let start = at.saturating_sub(30);
        let end = text.len().min(at + 30);
        String::from_utf8_lossy(text.get(start..end).unwrap_or_default()).into_owned()
    };
    format!("at byte {at}: expected {:?}, got {:?}", around(expected), around(got))
}
