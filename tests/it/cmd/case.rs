//! One case: parsed, run in a folder of its own, and written again.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::expect::matches;

/// People whose throw-away keys the example has.
const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "ci-staging", "ci-prod"];
/// What values are in cases: no message shows one.
const SECRET: &str = "hunter2";
const MARK: &str = "==> ";
const NO_LINE_END: &str = "no-line-end";

pub struct Case {
    description: String,
    steps: Vec<Step>,
}

#[derive(Clone)]
struct Step {
    line: usize,
    word: String,
    arguments: String,
    body: String,
}

/// What the last program did, until its expectations are checked.
struct Ran {
    at: usize,
    code: Option<i32>,
    out: String,
    err: String,
}

impl Case {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut description = String::new();
        let mut steps: Vec<Step> = Vec::new();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            if let Some(directive) = line.strip_prefix(MARK) {
                let (word, arguments) = directive.trim_end().split_once(' ').unwrap_or((directive.trim_end(), ""));
                steps.push(Step {
                    line: number + 1,
                    word: word.to_owned(),
                    arguments: arguments.to_owned(),
                    body: String::new(),
                });
            } else if let Some(step) = steps.last_mut() {
                step.body.push_str(line);
            } else {
                description.push_str(line);
            }
        }
        if !description.starts_with("# ") {
            return Err("1: begin with `# ` and what the case shows".into());
        }
        Ok(Self { description, steps })
    }

    /// Runs all steps; returns what is wrong. With `bless` the expectations become what happened.
    pub fn run(&mut self, bless: bool) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let mut world = World::new(&root);
        let mut wrong = Vec::new();
        let mut steps = Vec::new();
        let mut given = std::mem::take(&mut self.steps).into_iter().peekable();
        while let Some(step) = given.next() {
            let line = step.line;
            let ran = match world.step(&step) {
                Ok(ran) => ran,
                Err(problem) => {
                    wrong.push(format!("{line}: {problem}"));
                    None
                }
            };
            steps.push(step);
            let Some(ran) = ran else { continue };
            let mut expected = Vec::new();
            while let Some(next) = given.next_if(|next| ["code", "stdout", "stderr"].contains(&next.word.as_str())) {
                expected.push(next);
            }
            let problems = world.check(&ran, &expected);
            if bless && !problems.is_empty() {
                steps.extend(world.what_happened(&ran));
            } else {
                steps.extend(expected);
                wrong.extend(problems);
            }
        }
        self.steps = steps;
        wrong
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)?;
        for step in &self.steps {
            let space = if step.arguments.is_empty() { "" } else { " " };
            write!(f, "{MARK}{}{space}{}\n{}", step.word, step.arguments, step.body)?;
        }
        Ok(())
    }
}

/// The folder a case runs in.
struct World {
    root: String,
    env: BTreeMap<String, String>,
    stdin: Option<String>,
    kept: BTreeMap<String, Vec<u8>>,
    recipients: Vec<(String, String)>,
}

impl World {
    fn new(root: &Path) -> Self {
        let recipients = PEOPLE.map(|name| {
            let text = fs::read_to_string(key_file(&format!("{name}.pub"))).unwrap();
            let recipient = text.lines().find(|line| line.starts_with("age1"));
            (name.to_owned(), recipient.unwrap().to_owned())
        });
        for folder in ["home", "tmp"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        let root = root.to_str().unwrap().to_owned();
        let env = [
            ("HOME", format!("{root}/home")),
            ("TMPDIR", format!("{root}/tmp")),
            ("PATH", std::env::var("PATH").unwrap()),
        ];
        Self {
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
            root,
            stdin: None,
            kept: BTreeMap::new(),
            recipients: recipients.into(),
        }
    }

    /// `<alice>` and `[TMP]` in a case, as they are here.
    fn here(&self, text: &str) -> String {
        let text = text.replace("[TMP]", &self.root);
        self.recipients.iter().fold(text, |text, (name, recipient)| text.replace(&format!("<{name}>"), recipient))
    }

    /// The other way round.
    fn anywhere(&self, text: &str) -> String {
        let text = text.replace(&self.root, "[TMP]");
        self.recipients.iter().fold(text, |text, (name, recipient)| text.replace(recipient, &format!("<{name}>")))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(&self.root).join(name)
    }

    fn read(&self, name: &str) -> Result<String, String> {
        fs::read_to_string(self.path(name)).map_err(|error| format!("{name}: {error}"))
    }

    fn step(&mut self, step: &Step) -> Result<Option<Ran>, String> {
        let words = shlex::split(&self.here(&step.arguments)).ok_or("a quote is not closed")?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match (step.word.as_str(), words.as_slice()) {
            ("file", [name, end @ ..]) => {
                let path = self.path(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let body = self.here(without_line_end(&step.body, end));
                fs::write(path, body).unwrap();
            }
            ("link", [name, to]) => link(Path::new(to), &self.path(name)),
            ("mode", [name, mode]) => {
                set_mode(&self.path(name), u32::from_str_radix(mode, 8).unwrap());
            }
            ("replace", [name, from, to]) => {
                let text = self.read(name)?;
                if !text.contains(from) {
                    return Err(format!("{name} does not hold {from}"));
                }
                fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
            }
            ("keys", names) => {
                for name in names {
                    let (public, private) = (format!("{name}.pub"), format!("private/{name}.txt"));
                    fs::create_dir_all(self.path("keys/private")).unwrap();
                    for file in [public, private] {
                        fs::copy(key_file(&file), self.path("keys").join(&file)).unwrap();
                    }
                }
            }
            ("env", [pair]) => match pair.split_once('=').ok_or("env NAME=VALUE")? {
                (name, "") => drop(self.env.remove(name)),
                (name, value) => drop(self.env.insert(name.into(), value.into())),
            },
            ("stdin", end) => self.stdin = Some(self.here(without_line_end(&step.body, end))),
            ("run", arguments) => {
                let program = Path::new(env!("CARGO_BIN_EXE_sealant")).to_owned();
                return Ok(Some(self.run(step.line, &program, arguments)));
            }
            ("sops", arguments) => {
                let program = self.path("bin/sops");
                if !program.exists() {
                    fs::create_dir(self.path("bin")).unwrap();
                    link(Path::new(env!("CARGO_BIN_EXE_sealant")), &program);
                }
                return Ok(Some(self.run(step.line, &program, arguments)));
            }
            ("keep", names) => {
                for name in names {
                    self.kept.insert((*name).to_owned(), fs::read(self.path(name)).unwrap());
                }
            }
            ("same", names) => {
                for name in names {
                    if fs::read(self.path(name)).ok().as_ref() != self.kept.get(*name) {
                        return Err(format!("{name} changed"));
                    }
                }
            }
            ("absent", names) => {
                if let Some(name) = names.iter().find(|name| self.path(name).exists()) {
                    return Err(format!("{name} is there"));
                }
            }
            ("holds", [name, end @ ..]) => {
                let (expected, actual) = (without_line_end(&step.body, end), self.read(name)?);
                if !matches(&self.here(expected), &actual) {
                    return Err(format!("{name} holds\n{}", self.anywhere(&actual)));
                }
            }
            (word, _) => return Err(format!("wrong directive: {word}")),
        }
        Ok(None)
    }

    fn run(&mut self, at: usize, program: &Path, arguments: &[&str]) -> Ran {
        let stdin = self.stdin.take();
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .env_clear()
            .envs(&self.env)
            .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let Some(text) = stdin {
            // a program that fails early does not read it
            _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        }
        let output = child.wait_with_output().unwrap();
        Ran {
            at,
            code: output.status.code(),
            out: self.anywhere(&String::from_utf8_lossy(&output.stdout)),
            err: self.anywhere(&String::from_utf8_lossy(&output.stderr)),
        }
    }

    fn check(&self, ran: &Ran, expected: &[Step]) -> Vec<String> {
        let of = |word: &str| expected.iter().find(|step| step.word == word);
        let mut wrong = Vec::new();
        if ran.err.contains(SECRET) {
            wrong.push(format!("{}: a value is said on standard error\n{}", ran.at, ran.err));
        }
        let code = of("code").map_or("0", |step| step.arguments.as_str());
        if code.parse().ok() != ran.code {
            wrong.push(format!("{}: exit code {:?}, not {code}", ran.at, ran.code));
        }
        for (word, actual) in [("stdout", &ran.out), ("stderr", &ran.err)] {
            let wanted = of(word).map_or("", |step| {
                let words: Vec<&str> = step.arguments.split_whitespace().collect();
                without_line_end(&step.body, &words)
            });
            if !matches(wanted, actual) {
                wrong.push(format!("{}: {word} is\n{actual}", ran.at));
            }
        }
        wrong
    }

    fn what_happened(&self, ran: &Ran) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut add = |word: &str, arguments: String, body: String| {
            steps.push(Step { line: ran.at, word: word.to_owned(), arguments, body });
        };
        if ran.code != Some(0) {
            let code = ran.code.map_or("none".into(), |code| code.to_string());
            add("code", code, String::new());
        }
        for (word, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
            if text.is_empty() {
                continue;
            }
            if text.ends_with('\n') {
                add(word, String::new(), text.clone());
            } else {
                add(word, NO_LINE_END.into(), format!("{text}\n"));
            }
        }
        steps
    }
}

fn without_line_end<'a>(body: &'a str, words: &[&str]) -> &'a str {
    if words.contains(&NO_LINE_END) { body.strip_suffix('\n').unwrap_or(body) } else { body }
}

fn key_file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/multi-environment/keys").join(name)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) {}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}
