//! One run of a plugin: the program, what goes to it, what comes back, and how long that may take.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use age_core::format::Stanza;
use zeroize::Zeroizing;

use super::stanza;
use crate::keyservice::age::person::{AskPassphrase, Person};
use crate::keyservice::{Cause, KeyError};
use crate::secret::SecretText;

/// Where to find plugins.
const LIST: &str = "https://github.com/FiloSottile/awesome-age#plugins";
/// After this long without a word the person is told what we wait for.
const WORTH_TELLING: Duration = Duration::from_secs(10);
/// How long a plugin that has answered may take to end.
const FAREWELL: Duration = Duration::from_millis(500);
/// More than any plugin has to say.
const MAX_MESSAGES: usize = 1000;
/// As much of what a plugin says as fits a line or two.
const MAX_TEXT: usize = 300;

/// A running plugin.
pub(super) struct Session<'a> {
    program: &'a str,
    child: Child,
    to: Option<Sender<Zeroizing<Vec<u8>>>>,
    from: Receiver<io::Result<Stanza>>,
    patience: Duration,
    messages: usize,
    person: &'a Person,
    /// Answers of earlier runs, each used once.
    known: HashMap<String, SecretText>,
    /// What this run was told.
    pub(super) answers: HashMap<String, SecretText>,
    /// Whether the person was asked for a secret.
    pub(super) asked: bool,
}

impl<'a> Session<'a> {
    /// Starts `age-plugin-NAME`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(
        program: &'a str,
        folder: Option<&Path>,
        protocol: &str,
        patience: Duration,
        person: &'a Person,
        known: HashMap<String, SecretText>,
    ) -> Result<Self, KeyError> {
        let path = folder.map_or_else(|| program.into(), |folder| folder.join(program));
        let started = Command::new(path)
            .arg(format!("--age-plugin={protocol}"))
            // it has identities of its own
            .env_remove("SOPS_AGE_KEY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.map_err(|error| not_started(program, &error))?;
        let (to, lines) = mpsc::channel::<Zeroizing<Vec<u8>>>();
        let (send, from) = mpsc::channel();
        if let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) {
            // threads, because a plugin may neither read nor write
            thread::spawn(move || {
                while let Ok(bytes) = lines.recv() {
                    if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
                        break;
                    }
                }
            });
            thread::spawn(move || {
                let mut stdout = BufReader::new(stdout);
                loop {
                    let read = stanza::read(&mut stdout).transpose();
                    let Some(read) = read else { break };
                    let is_last = read.is_err();
                    if send.send(read).is_err() || is_last {
                        break;
                    }
                }
            });
        }
        let (answers, to) = (HashMap::new(), Some(to));
        Ok(Self { program, child, to, from, patience, messages: 0, person, known, answers, asked: false })
    }

    pub(super) fn send(&self, kind: &str, args: &[&str], body: &[u8]) {
        if let Some(to) = &self.to {
            // a plugin that has gone away is noticed when it should answer
            _ = to.send(stanza::encode(kind, args, body));
        }
    }

    /// The next stanza that is not for the person; `None` when the plugin is done.
    ///
    /// # Errors
    /// A plugin that hangs, ended, or says what nobody understands.
    pub(super) fn next(&mut self) -> Result<Option<Stanza>, KeyError> {
        loop {
            let stanza = self.receive()?;
            self.messages += 1;
            if self.messages > MAX_MESSAGES {
                return Err(self.trouble("does not come to an end"));
            }
            match stanza.tag.as_str() {
                "done" => return Ok(None),
                "msg" => {
                    let told = self.person.tell(self.program, &cut(&stanza.body));
                    self.send(if told { "ok" } else { "fail" }, &[], b"");
                }
                "request-secret" => self.secret(&stanza),
                "request-public" => match self.person.ask_plain(self.program, &cut(&stanza.body)) {
                    Some(answer) => self.send("ok", &[], answer.as_bytes()),
                    None => self.send("fail", &[], b""),
                },
                "confirm" => self.confirm(&stanza),
                _ => return Ok(Some(stanza)),
            }
        }
    }

    fn secret(&mut self, stanza: &Stanza) {
        let prompt = cut(&stanza.body);
        let answer = self.known.remove(&prompt).or_else(|| {
            self.asked = true;
            self.person.ask_secret(self.program, &prompt)
        });
        match answer {
            Some(answer) => {
                self.send("ok", &[], answer.expose().as_bytes());
                self.answers.insert(prompt, answer);
            }
            None => self.send("fail", &[], b""),
        }
    }

    fn confirm(&self, stanza: &Stanza) {
        let choices: Option<Vec<String>> = stanza
            .args
            .iter()
            .map(|arg| base64_simd::STANDARD_NO_PAD.decode_to_vec(arg).ok().map(|bytes| cut(&bytes)))
            .collect();
        let chosen = match choices.as_deref() {
            Some([yes]) => self.person.choose(self.program, &cut(&stanza.body), yes, None),
            Some([yes, no]) => self.person.choose(self.program, &cut(&stanza.body), yes, Some(no)),
            _ => None,
        };
        match chosen {
            Some(yes) => self.send("ok", &[if yes { "yes" } else { "no" }], b""),
            None => self.send("fail", &[], b""),
        }
    }

    fn receive(&mut self) -> Result<Stanza, KeyError> {
        let mut waited = self.patience.min(WORTH_TELLING);
        let mut received = self.from.recv_timeout(waited);
        if matches!(received, Err(RecvTimeoutError::Timeout)) && waited < self.patience {
            self.person.tell(self.program, "still waiting for an answer");
            let rest = self.patience.saturating_sub(waited);
            waited = self.patience;
            received = self.from.recv_timeout(rest);
        }
        match received {
            Ok(Ok(stanza)) => Ok(stanza),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Err(self.trouble("does not speak age's plugin protocol"))
            }
            Err(RecvTimeoutError::Timeout) => {
                let text = format!("{} said nothing for {} seconds", self.program, waited.as_secs().max(1));
                let hint = "see whether its device is connected and waits for a touch, then try again";
                Err(KeyError::service(Cause::Program, text).with_hint(hint))
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                let how = match self.end() {
                    Some(status) if !status.success() => format!("ended without an answer: {status}"),
                    _ => "ended without an answer".into(),
                };
                Err(self.trouble(&how))
            }
        }
    }

    /// An error of the plugin's as a program.
    pub(super) fn trouble(&self, what: &str) -> KeyError {
        let hint = format!("see whether it is the right program and works: {} --help", self.program);
        KeyError::service(Cause::Program, format!("{} {what}", self.program)).with_hint(hint)
    }

    /// What the plugin itself says is wrong.
    pub(super) fn said(&self, stanza: &Stanza) -> KeyError {
        KeyError::service(Cause::Program, format!("{}: {}", self.program, cut(&stanza.body)))
    }

    /// Waits a moment for the plugin to end by itself.
    fn end(&mut self) -> Option<std::process::ExitStatus> {
        self.to = None;
        let mut pause = Duration::from_millis(1);
        let mut waited = Duration::ZERO;
        while waited < FAREWELL {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        None
    }

    /// Lets it end.
    pub(super) fn finish(mut self) {
        self.end();
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn not_started(program: &str, error: &io::Error) -> KeyError {
    match error.kind() {
        io::ErrorKind::NotFound => KeyError::service(Cause::Program, format!("{program} is not installed"))
            .with_hint(format!("install {program} and have it in PATH; plugins are listed at {LIST}")),
        _ => KeyError::service(Cause::Program, format!("{program} cannot be run: {error}"))
            .with_hint(format!("see what it is: ls -l \"$(command -v {program})\"")),
    }
}

/// A plugin's text, cut to size and on one line.
fn cut(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(MAX_TEXT).collect()
}
