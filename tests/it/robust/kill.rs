//! `kill -9` at any moment: every file is the old one or the new one, whole.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sealant::fsio::write::{NewMode, write_atomic};

use super::super::fuzz::mutate::Random;
use super::{Place, names, open, start};

const KILLS: usize = 200;
/// Kills that came too late are not counted; with this many rounds there are enough others.
const MOST_ROUNDS: usize = 20 * KILLS;

/// Names that a killed writer may leave: they are removed by a later run.
fn is_leftover(name: &str) -> bool {
    name.starts_with(".sealant-") && name.ends_with(".tmp")
}

fn plain(at: usize) -> String {
    format!("secret: value {at} {}\nclear: {at}\nlist:\n  - x\n", "y".repeat(3000))
}

/// One file that `set` changes over and over, and three that are encrypted and decrypted together.
struct Repository {
    place: Place,
    value: String,
    plain: Vec<String>,
    encrypted: Vec<String>,
}

const TOGETHER: [&str; 3] = ["b0.yaml", "b1.yaml", "b2.yaml"];

impl Repository {
    fn new() -> Self {
        let place = Place::new();
        let repo = place.repo();
        fs::write(repo.join("a.yaml"), "secret: v\nclear: 1\n").unwrap();
        place.done(&["encrypt", "-i", "a.yaml"], "");
        let plain: Vec<String> = (0..TOGETHER.len()).map(plain).collect();
        for (name, text) in TOGETHER.iter().zip(&plain) {
            fs::write(repo.join(name), text).unwrap();
        }
        place.done(&[&["encrypt", "-i"], &TOGETHER[..]].concat(), "");
        let read = |name| fs::read_to_string(repo.join(name)).unwrap();
        let encrypted = TOGETHER.iter().map(read).collect();
        Self { place, value: "v".into(), plain, encrypted }
    }

    fn reset(&self, texts: &[String]) {
        for (name, text) in TOGETHER.iter().zip(texts) {
            fs::write(self.place.repo().join(name), text).unwrap();
        }
    }

    /// Starts what round `round` does, and kills it after `delay`; whether the kill came in time.
    fn kill(&self, round: usize, delay: Duration) -> bool {
        let (arguments, input) = match round % 3 {
            0 => (vec!["set", "a.yaml", "secret", "--value-stdin"], format!("v{round}")),
            1 => {
                self.reset(&self.plain);
                ([&["encrypt", "-i"], &TOGETHER[..]].concat(), String::new())
            }
            _ => {
                self.reset(&self.encrypted);
                ([&["decrypt", "-i"], &TOGETHER[..]].concat(), String::new())
            }
        };
        let mut child = start(self.place.command(&self.place.repo(), &arguments), &input);
        std::thread::sleep(delay);
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(9), "{arguments:?} ended with {status}");
        status.signal() == Some(9)
    }

    fn check(&mut self, round: usize) {
        let repo = self.place.repo();
        let text = open(&fs::read_to_string(repo.join("a.yaml")).unwrap()).unwrap();
        let new = format!("v{round}");
        let expected = [&self.value, &new].map(|value| format!("secret: {value}\nclear: 1\n"));
        assert!(expected.contains(&text), "neither old nor new");
        if text == expected[1] {
            self.value = new;
        }
        for (name, plain) in TOGETHER.iter().zip(&self.plain) {
            let text = fs::read_to_string(repo.join(name)).unwrap();
            assert!(text == *plain || open(&text).as_ref() == Ok(plain), "{name} is neither old nor new");
        }
        let known = [".sops.yaml", "a.yaml"];
        for name in names(&repo) {
            let expected = known.contains(&name.as_str()) || TOGETHER.contains(&name.as_str());
            assert!(expected || is_leftover(&name), "{name} was left");
        }
    }
}

#[test]
fn killed_commands_lose_no_file() {
    let mut repository = Repository::new();
    let begin = Instant::now();
    repository.place.done(&["get", "a.yaml", "secret"], "");
    // A write takes somewhat longer than a read: the delays cover all of it.
    let span = begin.elapsed().as_micros() as usize * 3;
    let mut random = Random::new(0x5EA1);
    let (mut kills, mut round) = (0, 0);
    while kills < KILLS {
        assert!(round < MOST_ROUNDS, "only {kills} of {round} kills came in time");
        let delay = Duration::from_micros(random.below(span) as u64);
        kills += usize::from(repository.kill(round, delay));
        repository.check(round);
        round += 1;
    }
    println!("{kills} kills in {round} rounds");
    // And it goes on working.
    repository.reset(&repository.plain);
    repository.place.done(&[&["encrypt", "-i"], &TOGETHER[..]].concat(), "");
    repository.check(round);
}

const FOLDER: &str = "SEALANT_TEST_WRITE_LOOP";
const SIZE: usize = 200_000;

/// Not a test of its own: the writer that [`a_killed_writer_leaves_old_or_new`] kills.
#[test]
fn writer_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    for round in 0_u64.. {
        let letter = b'a' + (round % 26) as u8;
        write_atomic(&folder.join("file"), &vec![letter; SIZE], NewMode::Private).unwrap();
        if round == 0 {
            fs::write(folder.join("ready"), "").unwrap();
        }
    }
}

#[test]
fn a_killed_writer_leaves_old_or_new() {
    let dir = tempfile::tempdir().unwrap();
    let (file, ready) = (dir.path().join("file"), dir.path().join("ready"));
    let mut random = Random::new(0x0F51);
    for _ in 0..KILLS {
        _ = fs::remove_file(&ready);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "robust::kill::writer_that_is_killed"]).env(FOLDER, dir.path());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !ready.exists() {
            assert!(child.try_wait().unwrap().is_none(), "the writer ended by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(random.below(4000) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.len() == SIZE && bytes.iter().all(|byte| *byte == bytes[0]), "half a file");
    }
    for name in names(dir.path()) {
        assert!(["file", "ready"].contains(&name.as_str()) || is_leftover(&name), "{name} was left");
    }
}
