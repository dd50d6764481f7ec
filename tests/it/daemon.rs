//! `sealant daemon`: the real program in a folder of its own, changed under its feet, with stores that go and come back.

mod folder;
mod leases;
mod stores;
mod targets;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::external::{World, assert_quiet};

/// Nothing here takes nearly as long: whoever waits longer waits for nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// One that runs in `world`, with manifests in `app` and Secrets in `out`.
pub struct Daemon<'a> {
    world: &'a World,
    child: Child,
    log: PathBuf,
    port: u16,
}

impl<'a> Daemon<'a> {
    pub fn start(world: &'a World, arguments: &[&str]) -> Self {
        let log = world.path("log");
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_sealant")));
        command
            .args(["daemon", "--dir", "app", "--output-dir", "out", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        let mut daemon = Self { world, child: command.spawn().unwrap(), log, port: 0 };
        daemon.wait("listening", |daemon| daemon.says("listening"));
        let line = daemon.lines().into_iter().find(|line| line["msg"] == "listening").unwrap();
        daemon.port = line["address"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        daemon
    }

    /// One that has tried everything once.
    pub fn ready(world: &'a World, arguments: &[&str]) -> Self {
        let daemon = Self::start(world, arguments);
        daemon.wait("ready", |daemon| daemon.get("/readyz").0 == 200);
        daemon
    }

    /// What it has said so far; all of it JSON, and no secret in it.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).unwrap();
        assert_quiet(&text);
        // the last line may be on its way still
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }

    /// Whether a line has this in it.
    pub fn says(&self, what: &str) -> bool {
        self.lines().iter().any(|line| line.to_string().contains(what))
    }

    /// Waits for something to happen.
    #[track_caller]
    pub fn wait(&self, what: &str, happened: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !happened(self) {
            let log = || fs::read_to_string(&self.log).unwrap();
            assert!(begin.elapsed() < PATIENCE, "waited for {what} in vain:\n{}", log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until a Secret's file has just these keys and texts.
    #[track_caller]
    pub fn wait_for(&self, name: &str, wanted: &[(&str, &str)]) {
        let path = format!("out/{name}.yaml");
        let wanted = crate::external::map(wanted);
        let is_there = |daemon: &Self| daemon.world.path(&path).exists() && daemon.world.texts(&path) == wanted;
        self.wait(&format!("{path} with {wanted:?}"), is_there);
    }

    /// Waits until an ExternalSecret was synced so many times more.
    #[track_caller]
    pub fn wait_for_syncs(&self, name: &str, more: f64) {
        let before = self.syncs(name);
        self.wait("more syncs", |daemon| daemon.syncs(name) >= before + more);
    }

    pub fn syncs(&self, name: &str) -> f64 {
        self.number("externalsecret_sync_calls_total", &[("name", name)]).unwrap_or(0.0)
    }

    /// Whether an ExternalSecret is ready; `None` when nothing is known of it.
    pub fn is_ready(&self, name: &str) -> Option<bool> {
        let labels = [("name", name), ("condition", "Ready"), ("status", "True")];
        self.number("externalsecret_status_condition", &labels).map(|number| number == 1.0)
    }

    /// A number of the metrics.
    pub fn number(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let (_, text) = self.get("/metrics");
        let fits = |line: &&str| {
            line.split(['{', ' ']).next() == Some(name)
                && labels.iter().all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
        };
        text.lines().find(fits).map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }

    /// Status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_quiet(&answer);
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// It ends well and soon when it is told to, and leaves nothing but Secrets behind.
    #[track_caller]
    pub fn end(mut self) {
        self.signal("TERM");
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "it does not end");
            thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(0), "{}", fs::read_to_string(&self.log).unwrap());
        assert_eq!(self.lines().last().unwrap()["msg"], "ended");
        files(&self.world.path("out")).iter().for_each(|path| {
            assert!(path.extension().is_some_and(|extension| extension == "yaml"), "{} was left", path.display());
        });
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What changes when a file is written, even with the same bytes.
pub fn stamp(world: &World, name: &str) -> (u64, i64, i64) {
    let data = fs::metadata(world.path(name)).unwrap();
    (data.ino(), data.mtime(), data.mtime_nsec())
}

/// A store with these keys.
pub fn fake(name: &str, values: &[(&str, &str)]) -> String {
    let values: Vec<String> = values.iter().map(|(key, value)| format!("{{key: {key}, value: {value}}}")).collect();
    format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: {name}}}\nspec: {{provider: {{fake: \
         {{data: [{}]}}}}}}\n",
        values.join(", ")
    )
}

/// The encrypted files in `values`.
pub const FILES: &str = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: files}\nspec: {provider: \
                         {encryptedFile: {path: ../values}}}\n";

/// An encrypted file for that store.
pub fn value(world: &World, name: &str, text: &str) {
    let (file, plain) = (format!("values/{name}.yaml"), format!("plain-{name}.yaml"));
    world.write(&plain, text);
    if !world.path(".sops.yaml").exists() {
        let identity = fs::read_to_string(crate::vault::identity()).unwrap();
        let recipient = identity.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
        world.write(".sops.yaml", &format!("creation_rules: [{{age: {recipient}}}]\n"));
    }
    let encrypted = world.run(&["encrypt", &plain]).code(0).stdout;
    // whoever reads it finds the old one or the new one
    world.write("values/.new", &encrypted);
    fs::rename(world.path("values/.new"), world.path(&file)).unwrap();
    fs::remove_file(world.path(&plain)).unwrap();
}

/// An ExternalSecret of this store with a key for each: the name in the Secret, the key in the store, and perhaps its part.
pub fn external(name: &str, store: &str, more: &str, keys: &[&str]) -> String {
    let entry = |key: &&str| match key.split_once('#') {
        Some((file, part)) => format!("  - {{secretKey: {part}, remoteRef: {{key: {file}, property: {part}}}}}\n"),
        None => format!("  - {{secretKey: {key}, remoteRef: {{key: {key}}}}}\n"),
    };
    let data: String = keys.iter().map(entry).collect();
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}}}\nspec:\n  secretStoreRef: \
         {{name: {store}}}\n{more}  data:\n{data}---\n"
    )
}

/// `canary-value-…`
pub fn canary(text: &str) -> String {
    format!("{}-{text}", crate::external::CANARY)
}

/// As often as it can be.
pub const OFTEN: &str = "  refreshInterval: 1s\n";
