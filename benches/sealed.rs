//! sealant and the real kubeseal 0.27.1, in turn in the same run on the same Secrets: `cargo bench --bench sealed [-- --quick]`.
//!
//! kubeseal is looked for in `$SEALANT_PEERS/bin` (`tests/peers/install.sh` puts it there); without it sealant is measured alone.
//! The private operations are counted beside those of `openssl speed rsa4096`. Run it on a quiet machine.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a program for developers that starts programs")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let bench = Bench::new();
    if bench.kubeseal.is_none() {
        println!("kubeseal is missing: tests/peers/install.sh installs it\n");
    }
    println!("{:<44} {:>12} {:>12} {:>9}", "", "sealant", "kubeseal", "ratio");
    bench.one(if quick { 10 } else { 40 });
    bench.many(if quick { 100 } else { 1000 });
    bench.again(if quick { 50 } else { 500 });
}

struct Bench {
    dir: tempfile::TempDir,
    kubeseal: Option<PathBuf>,
}

fn vector(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed").join(name).display().to_string()
}

fn peers() -> PathBuf {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    named("SEALANT_PEERS").or_else(|| Some(cache()?.join("sealant-peers"))).unwrap_or_default()
}

fn secret(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: shop\nstringData:\n  user: app\n  password: pw of {name}\n"
    )
}

fn row(what: &str, ours: Duration, theirs: Option<Duration>) {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let ratio = theirs.map_or(String::new(), |theirs| format!("{:.1} x", theirs.as_secs_f64() / ours.as_secs_f64()));
    println!("{what:<44} {:>12} {:>12} {ratio:>9}", ms(ours), theirs.map_or("-".into(), ms));
}

/// Runs a program to the end: its time.
fn run(command: &mut Command) -> Duration {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let begin = Instant::now();
    let output = command.output().unwrap();
    let time = begin.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    time
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let kubeseal = Some(peers().join("bin/kubeseal")).filter(|path| path.is_file());
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sealant"), dir.path().join("kubeseal")).unwrap();
        Self { dir, kubeseal }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, program: &Path, arguments: &[&str], input: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path());
        command.stdin(File::open(input).unwrap());
        command
    }

    /// The same call of both, in turn; fastest, median and memory.
    fn both(&self, what: &str, arguments: &[&str], input: &Path, runs: usize) {
        let ours = self.path("kubeseal");
        let programs: Vec<&Path> = [Some(ours.as_path()), self.kubeseal.as_deref()].into_iter().flatten().collect();
        let mut times = vec![Vec::new(); programs.len()];
        for _ in 0..runs {
            for (program, times) in programs.iter().zip(&mut times) {
                times.push(run(&mut self.command(program, arguments, input)));
            }
        }
        times.iter_mut().for_each(|times| times.sort());
        row(&format!("{what}, fastest of {runs}"), times[0][0], times.get(1).map(|times| times[0]));
        row(&format!("{what}, median"), times[0][runs / 2], times.get(1).map(|times| times[runs / 2]));
        let most = |program: &&Path| (0..runs).map(|_| self.peak(program, arguments, input)).max().unwrap_or(0);
        let peak: Vec<u64> = programs.iter().map(most).collect();
        let mib = |kib: &u64| format!("{:.1} MiB", *kib as f64 / 1024.0);
        let ratio = peak.get(1).map_or(String::new(), |theirs| format!("{:.1} x", *theirs as f64 / peak[0] as f64));
        let theirs = peak.get(1).map_or("-".into(), mib);
        println!("{:<44} {:>12} {theirs:>12} {ratio:>9}", format!("{what}, peak memory"), mib(&peak[0]));
    }

    /// The most memory of a run in KiB: looked at without a pause, since the program is gone after milliseconds.
    fn peak(&self, program: &Path, arguments: &[&str], input: &Path) -> u64 {
        let mut command = self.command(program, arguments, input);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            peak = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(peak);
        }
        peak
    }

    fn one(&self, runs: usize) {
        let plain = self.path("secret.yaml");
        fs::write(&plain, secret("db")).unwrap();
        let certificate = vector("rsa4096.crt");
        self.both("seal a Secret of two values", &["--cert", &certificate, "-o", "yaml"], &plain, runs);
        let sealed = self.path("sealed.yaml");
        let made =
            self.command(&self.path("kubeseal"), &["--cert", &certificate, "-o", "yaml"], &plain).output().unwrap();
        fs::write(&sealed, made.stdout).unwrap();
        let key = vector("rsa4096.key");
        self.both("open it again", &["--recovery-unseal", "--recovery-private-key", &key], &sealed, runs);
    }

    /// One call for all; kubeseal once for each.
    fn many(&self, count: usize) {
        let all: Vec<String> = (0..count).map(|at| secret(&format!("secret-{at}"))).collect();
        let stream = self.path("all.yaml");
        fs::write(&stream, all.join("---\n")).unwrap();
        let certificate = vector("rsa4096.crt");
        let ours = run(&mut self.command(
            Path::new(env!("CARGO_BIN_EXE_sealant")),
            &["seal", "--cert", &certificate],
            &stream,
        ));
        let theirs = self.kubeseal.as_ref().map(|kubeseal| {
            let one = self.path("one.yaml");
            let begin = Instant::now();
            for text in &all {
                fs::write(&one, text).unwrap();
                run(&mut self.command(kubeseal, &["--cert", &certificate, "-o", "yaml"], &one));
            }
            begin.elapsed()
        });
        row(&format!("seal {count} Secrets, one call or one each"), ours, theirs);
    }

    /// Items under an old key, sealed again under the newest.
    fn again(&self, secrets: usize) {
        let all: Vec<String> = (0..secrets).map(|at| secret(&format!("secret-{at}"))).collect();
        let stream = self.path("old.yaml");
        fs::write(&stream, all.join("---\n")).unwrap();
        let sealant = Path::new(env!("CARGO_BIN_EXE_sealant"));
        let sealed = self.path("repository.yaml");
        let old = ["seal", "--cert", &vector("rsa4096.crt"), "-o", "repository.yaml"];
        run(&mut self.command(sealant, &old, &stream));
        assert!(sealed.is_file());
        let new =
            ["reseal", "--yes", "--cert", &vector("rsa2048.crt"), "--key", &vector("rsa4096.key"), "repository.yaml"];
        let time = run(&mut self.command(sealant, &new, &stream));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let items = 2 * secrets;
        println!(
            "\nreseal {items} items offline: {:.1} s, {:.0} items a second on {cores} cores, {:.0} a core",
            time.as_secs_f64(),
            items as f64 / time.as_secs_f64(),
            items as f64 / time.as_secs_f64() / cores as f64
        );
        if let Ok(output) = Command::new("openssl").args(["speed", "-seconds", "3", "rsa4096"]).output() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let line = text.lines().find(|line| line.starts_with("rsa 4096") || line.starts_with("rsa  4096"));
            println!("openssl speed rsa4096, one core: {}", line.unwrap_or("no answer"));
        }
    }
}
