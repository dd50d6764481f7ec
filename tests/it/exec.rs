//! Programs that are run with secrets: signals reach them, and nothing of the file is left, however it ends.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

struct World {
    folder: tempfile::TempDir,
    identity: PathBuf,
}

impl World {
    fn new() -> Self {
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/multi-environment/keys");
        let world = Self { folder: tempfile::tempdir().unwrap(), identity: keys.join("private/alice.txt") };
        let public = fs::read_to_string(keys.join("alice.pub")).unwrap();
        let recipient = public.lines().find(|line| line.starts_with("age1")).unwrap();
        fs::write(world.folder.path().join("p.yaml"), "PASSWORD: hunter2\n").unwrap();
        let status = world.command(&["encrypt", "-qi", "--age", recipient, "p.yaml"]).status().unwrap();
        assert!(status.success());
        world
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealant"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("SOPS_AGE_KEY_FILE", &self.identity)
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null());
        command
    }

    /// Starts it and waits for the first line that it prints.
    fn start(&self, arguments: &[&str]) -> (Child, String, BufReader<ChildStdout>) {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        (child, line.trim_end().to_owned(), out)
    }
}

const WAIT: &str = "while :; do sleep 0.02; done";

#[test]
fn signals_reach_the_program_and_its_end_is_ours() {
    let world = World::new();
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::HUP, "HUP")] {
        let script = format!("trap 'echo $PASSWORD; exit 5' {name}; echo ready; {WAIT}");
        for redact in [false, true] {
            let options: &[&str] = if redact { &["exec-env", "--redact"] } else { &["exec-env"] };
            let arguments = [options, &["p.yaml", "--", "sh", "-c", &script]].concat();
            let (mut child, ready, mut out) = world.start(&arguments);
            assert_eq!(ready, "ready");
            kill_process(Pid::from_child(&child), signal).unwrap();
            let mut rest = String::new();
            out.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, if redact { "[redacted]\n" } else { "hunter2\n" });
            assert_eq!(child.wait().unwrap().code(), Some(5));
        }
    }
}

#[test]
fn the_content_is_gone_however_it_ends() {
    let world = World::new();
    for (script, signal, code) in [
        ("trap 'exit 6' TERM; echo \"$0\"; ", Some(Signal::TERM), 6),
        ("echo \"$0\"; ", Some(Signal::TERM), 128 + 15),
        ("echo \"$0\"; kill -9 $$; ", None, 128 + 9),
        ("echo \"$0\"; exit 3; ", None, 3),
    ] {
        for fifo in [true, false] {
            let script = format!("{script}{WAIT}");
            let options: &[&str] = if fifo { &["exec-file"] } else { &["exec-file", "--no-fifo"] };
            let arguments = [options, &["p.yaml", "--", "sh", "-c", &script, "{}"]].concat();
            let (mut child, path, _out) = world.start(&arguments);
            assert!(path.starts_with('/'), "{path}");
            if let Some(signal) = signal {
                assert!(Path::new(&path).exists(), "{path}");
                kill_process(Pid::from_child(&child), signal).unwrap();
            }
            assert_eq!(child.wait().unwrap().code(), Some(code));
            assert!(!Path::new(&path).parent().unwrap().exists(), "{path}");
        }
    }
}

#[test]
fn an_unread_fifo_that_is_replaced_or_taken_away_is_not_waited_for() {
    let world = World::new();
    for script in
        ["echo x > $1.n; mv $1.n $1", "mv $1 $1.n", "rm $1; ln -s $1.n $1", "rm $1; mkfifo $1", "rm $1; mkdir $1"]
    {
        let arguments = ["exec-file", "p.yaml", "--", "sh", "-c", &format!("{script}; echo $1; exit 4"), "_", "{}"];
        let (mut child, path, _out) = world.start(&arguments);
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > Duration::from_secs(30) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it hangs: {script}");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(4), "{script}");
        assert!(!Path::new(&path).parent().unwrap().exists(), "{script}");
    }
}
