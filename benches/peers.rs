//! sealant and the real sops 3.13.2, in turn in the same run on the same files: `cargo bench --bench peers [-- --quick --keys]`;
//! `--keys` runs only the parts about keys.
//!
//! sops is looked for in `$SEALANT_PEERS/bin` (`tests/peers/install.sh` puts it there); without it sealant is measured alone.
//! Run it on a quiet machine: the ratios move little with the machine, the times a lot.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a program for developers that starts programs")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let given = |name| std::env::args().any(|argument| argument == name);
    let quick = given("--quick");
    let bench = Bench::new();
    if bench.sops.is_none() {
        println!("sops is missing: tests/peers/install.sh installs it\n");
    }
    if given("--keys") {
        bench.transit(if quick { 100 } else { 1000 });
        return bench.recipients(if quick { 50 } else { 200 }, 10);
    }
    bench.one_value(if quick { 10 } else { 40 });
    bench.large(if quick { 10_000 } else { 100_000 }, if quick { 1 } else { 3 });
    bench.formats(
        if quick { 10_000 } else { 100_000 },
        if quick { 1 << 20 } else { 64 << 20 },
        if quick { 1 } else { 3 },
    );
    bench.small_files(if quick { 100 } else { 1000 });
    bench.transit(if quick { 100 } else { 1000 });
    bench.recipients(if quick { 50 } else { 200 }, 10);
    bench.growth(if quick { 100_000 } else { 1_000_000 });
}

/// What a run took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    /// Most memory at any moment; 0 where the system does not say.
    peak_kib: u64,
}

struct Bench {
    dir: tempfile::TempDir,
    recipient: String,
    sops: Option<PathBuf>,
}

/// A development server of OpenBao with a transit key `bench`, gone when this is dropped.
struct Bao {
    child: Child,
    port: u16,
    _home: tempfile::TempDir,
}

impl Bao {
    const TOKEN: &str = "bench";

    fn start() -> Option<Self> {
        let program = Some(peers().join("py/bin/bao")).filter(|path| path.is_file())?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let home = tempfile::tempdir().unwrap();
        let command = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
            command.env("HOME", home.path()).env("BAO_ADDR", format!("http://127.0.0.1:{port}"));
            command.env("BAO_TOKEN", Self::TOKEN).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let token = format!("-dev-root-token-id={}", Self::TOKEN);
        let listen = format!("-dev-listen-address=127.0.0.1:{port}");
        let child = command(&["server", "-dev", "-dev-no-store-token", &token, &listen]).spawn().unwrap();
        let begin = Instant::now();
        while !command(&["secrets", "enable", "transit"]).status().unwrap().success() {
            assert!(begin.elapsed() < Duration::from_secs(30), "{program:?} does not start");
        }
        assert!(command(&["write", "-f", "transit/keys/bench"]).status().unwrap().success());
        Some(Self { child, port, _home: home })
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The throw-away key of the tests.
fn key() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keys/private/tester.txt")
}

fn peers() -> PathBuf {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    named("SEALANT_PEERS").or_else(|| Some(cache()?.join("sealant-peers"))).unwrap_or_default()
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn mib(kib: u64) -> String {
    format!("{:.0} MiB", kib as f64 / 1024.0)
}

fn row(what: &str, ours: &str, theirs: Option<&str>, ratio: Option<f64>) {
    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.1} x"));
    println!("{what:<44} {ours:>12} {:>12} {ratio:>9}", theirs.unwrap_or("-"));
}

fn title(text: &str) {
    println!("\n{text}");
    println!("{:<44} {:>12} {:>12} {:>9}", "", "sealant", "sops", "ratio");
}

fn times(what: &str, ours: Duration, theirs: Option<Duration>) {
    let ratio = theirs.map(|theirs| theirs.as_secs_f64() / ours.as_secs_f64());
    row(what, &ms(ours), theirs.map(ms).as_deref(), ratio);
}

/// Smallest and middle one.
fn min_and_median(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[0], times[times.len() / 2])
}

/// A YAML text of about 41 bytes a value.
fn values(count: usize) -> String {
    let mut text = String::with_capacity(count * 42);
    for at in 0..count {
        if at % 100 == 0 {
            text += &format!("group_{:05}:\n", at / 100);
        }
        text += &format!("  key_{:02}: value {at:07} of a large file\n", at % 100);
    }
    text
}

/// A JSON text of about 41 bytes a value.
fn json_values(count: usize) -> String {
    let mut text = String::from("{\n");
    for at in 0..count {
        let comma = if at + 1 < count { "," } else { "" };
        text += &match at % 100 {
            0 => format!("  \"group_{:05}\": {{\n", at / 100),
            _ => String::new(),
        };
        let ends = at % 100 == 99 || at + 1 == count;
        let inner = if ends { "" } else { "," };
        text += &format!("    \"key_{:02}\": \"value {at:07} of a large file\"{inner}\n", at % 100);
        if ends {
            text += &format!("  }}{comma}\n");
        }
    }
    text + "}\n"
}

/// A `.env` text of about 40 bytes a value.
fn dotenv_values(count: usize) -> String {
    (0..count).map(|at| format!("KEY_{at:06}=value {at:07} of a large file\n")).collect()
}

/// Runs a program to the end; with `watch` its memory is looked at all the time.
fn run(command: &mut Command, watch: bool) -> Cost {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let begin = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    while watch && child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        peak_kib = peak_kib.max(peak.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let time = begin.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Cost { time, peak_kib }
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(key()).unwrap();
        let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
        let rule = format!("creation_rules:\n  - age: {recipient}\n");
        fs::write(dir.path().join(".sops.yaml"), rule).unwrap();
        let sops = Some(peers().join("bin/sops")).filter(|path| path.is_file());
        Self { dir, recipient, sops }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn program(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.dir.path()).env_clear();
        command.env("HOME", self.dir.path()).env("SOPS_AGE_KEY_FILE", key());
        command
    }

    fn sealant(&self, arguments: &[&str]) -> Command {
        self.program(Path::new(env!("CARGO_BIN_EXE_sealant")), arguments)
    }

    fn encrypted(&self, name: &str) -> String {
        let output = self.sealant(&["encrypt", name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn one_value(&self, runs: usize) {
        title(&format!("one value, whole process, {runs} runs each in turn"));
        self.write("one.yaml", "password: correct horse battery staple\n");
        self.write("one.enc.yaml", &self.encrypted("one.yaml"));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(run(&mut self.sealant(&["decrypt", "one.enc.yaml"]), false).time);
            if let Some(sops) = &self.sops {
                theirs.push(run(&mut self.program(sops, &["decrypt", "one.enc.yaml"]), false).time);
            }
        }
        let (ours, theirs) = (min_and_median(ours), Some(theirs).filter(|times| !times.is_empty()).map(min_and_median));
        times("decrypt, fastest", ours.0, theirs.map(|theirs| theirs.0));
        times("decrypt, median", ours.1, theirs.map(|theirs| theirs.1));
    }

    fn large(&self, count: usize, runs: usize) {
        self.one_file("large.yaml", &format!("{count} values"), values(count).as_bytes(), runs);
    }

    /// The other formats that both programs have.
    fn formats(&self, count: usize, bytes: usize, runs: usize) {
        self.one_file("large.json", &format!("{count} values of JSON"), json_values(count).as_bytes(), runs);
        self.one_file("large.env", &format!("{count} values of dotenv"), dotenv_values(count).as_bytes(), runs);
        // The same numbers each time, and no text.
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        self.one_file("large.bin", "one binary value", &noise.take(bytes).collect::<Vec<u8>>(), runs);
    }

    fn one_file(&self, name: &str, what: &str, content: &[u8], runs: usize) {
        title(&format!("{what} in {:.1} MB, fastest of {runs}", content.len() as f64 / 1e6));
        let sealed = format!("enc.{name}");
        fs::write(self.path(name), content).unwrap();
        self.write(&sealed, &self.encrypted(name));
        for arguments in [["encrypt", name], ["decrypt", &sealed]] {
            let mut ours = Vec::new();
            let mut theirs = Vec::new();
            for _ in 0..runs {
                ours.push(run(&mut self.sealant(&arguments), true));
                theirs.extend(self.sops.as_ref().map(|sops| run(&mut self.program(sops, &arguments), true)));
            }
            let fastest = |costs: &[Cost]| costs.iter().map(|cost| cost.time).min();
            let peak = |costs: &[Cost]| costs.iter().map(|cost| cost.peak_kib).max();
            times(arguments[0], fastest(&ours).unwrap(), fastest(&theirs));
            let (ours, theirs) = (peak(&ours).unwrap(), peak(&theirs));
            let ratio = theirs.map(|theirs| theirs as f64 / ours as f64);
            row(&format!("{}, peak memory", arguments[0]), &mib(ours), theirs.map(mib).as_deref(), ratio);
        }
    }

    /// Each program gets files of its own; sops one process for each file.
    fn small_files(&self, count: usize) {
        title(&format!("{count} files of three values, one call or one process each"));
        let names: Vec<String> = (0..count).map(|at| format!("file{at:04}.yaml")).collect();
        for folder in ["ours", "theirs"] {
            fs::create_dir_all(self.path(folder)).unwrap();
            for (at, name) in names.iter().enumerate() {
                let text = format!("user: user{at}\npassword: password {at}\ntoken: {at:032}\n");
                self.write(&format!("{folder}/{name}"), &text);
            }
        }
        let each = |arguments: &dyn Fn(&str) -> Vec<String>| {
            let sops = self.sops.as_ref()?;
            let begin = Instant::now();
            for name in &names {
                let arguments = arguments(name);
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                run(&mut self.program(sops, &arguments), false);
            }
            Some(begin.elapsed())
        };
        fs::create_dir_all(self.path("plain.theirs")).unwrap();
        let ours = run(&mut self.sealant(&["encrypt", "-i", "ours"]), false).time;
        let theirs = each(&|name| vec!["encrypt".into(), "-i".into(), format!("theirs/{name}")]);
        times("encrypt in place, on disk when it ends", ours, theirs);
        let ours = run(&mut self.sealant(&["decrypt", "--output-dir", "plain.ours", "ours"]), false).time;
        let theirs = each(&|name| {
            vec!["decrypt".into(), "--output".into(), format!("plain.theirs/{name}"), format!("theirs/{name}")]
        });
        times("decrypt to another folder", ours, theirs);
    }

    /// Files that several people can open, and rules that change: one of them is replaced, then all but the one who works.
    fn recipients(&self, count: usize, people: usize) {
        title(&format!(
            "{count} files of three values for {people} recipients, updatekeys in one call or one process each"
        ));
        let others: Vec<String> = (0..2 * people).map(|_| sealant::keyservice::age::generate().recipient).collect();
        let rule = |others: &[String]| {
            let all = [std::slice::from_ref(&self.recipient), others].concat();
            self.write("people/.sops.yaml", &format!("creation_rules:\n  - age: {}\n", all.join(",")));
        };
        fs::create_dir_all(self.path("people")).unwrap();
        rule(&others[1..people]);
        let names: Vec<String> = (0..count).map(|at| format!("file{at:04}.yaml")).collect();
        for folder in ["people/ours", "people/theirs"] {
            fs::create_dir_all(self.path(folder)).unwrap();
            for (at, name) in names.iter().enumerate() {
                let text = format!("user: user{at}\npassword: password {at}\ntoken: {at:032}\n");
                self.write(&format!("{folder}/{name}"), &text);
            }
        }
        let at_work = |mut command: Command| run(command.current_dir(self.path("people")), false).time;
        at_work(self.sealant(&["encrypt", "-i", "ours", "theirs"]));
        for (what, others) in [
            ("one recipient replaced, on disk when it ends", [&others[..1], &others[2..people]].concat()),
            ("all but one replaced, likewise", others[people..2 * people - 1].to_vec()),
        ] {
            rule(&others);
            let ours = at_work(self.sealant(&["updatekeys", "--yes", "ours"]));
            let theirs = self.sops.as_ref().map(|sops| {
                let one = |name: &String| at_work(self.program(sops, &["updatekeys", "-y", &format!("theirs/{name}")]));
                names.iter().map(one).sum()
            });
            times(what, ours, theirs);
        }
    }

    /// Files for one transit key of a real OpenBao.
    fn transit(&self, count: usize) {
        title(&format!("{count} files of three values for one transit key, one call or one process each"));
        let Some(server) = Bao::start() else {
            println!("OpenBao is missing: tests/peers/install.sh installs it");
            return;
        };
        let key = format!("{}/v1/transit/keys/bench", server.address());
        self.write("transit.yaml", &format!("creation_rules:\n  - hc_vault_transit_uri: {key}\n"));
        let names: Vec<String> = (0..count).map(|at| format!("file{at:04}.yaml")).collect();
        for folder in ["vault.ours", "vault.theirs", "vault.plain"] {
            fs::create_dir_all(self.path(folder)).unwrap();
            for (at, name) in names.iter().enumerate() {
                let text = format!("user: user{at}\npassword: password {at}\ntoken: {at:032}\n");
                self.write(&format!("{folder}/{name}"), &text);
            }
        }
        let with = |mut command: Command| {
            command.env("VAULT_TOKEN", Bao::TOKEN).env("SOPS_CONFIG", "transit.yaml");
            run(&mut command, false).time
        };
        let each = |arguments: &dyn Fn(&str) -> Vec<String>| {
            let sops = self.sops.as_ref()?;
            let one = |name: &String| {
                let arguments = arguments(name);
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                with(self.program(sops, &arguments))
            };
            Some(names.iter().map(one).sum())
        };
        let ours = with(self.sealant(&["encrypt", "-i", "vault.ours"]));
        let theirs = each(&|name| vec!["encrypt".into(), "-i".into(), format!("vault.theirs/{name}")]);
        times("encrypt in place, on disk when it ends", ours, theirs);
        let ours = with(self.sealant(&["decrypt", "--output-dir", "vault.opened", "vault.ours"]));
        let theirs = each(&|name| {
            vec!["decrypt".into(), "--output".into(), format!("vault.plain/{name}"), format!("vault.theirs/{name}")]
        });
        times("decrypt to another folder", ours, theirs);
    }

    fn growth(&self, most: usize) {
        println!("\ngrowth, recipient {}…", &self.recipient[..12]);
        println!("{:<12} {:>12} {:>12} {:>12} {:>12}", "values", "encrypt", "per value", "decrypt", "per value");
        let mut count = 1000;
        while count <= most {
            self.write("growth.yaml", &values(count));
            let sealed = run(&mut self.sealant(&["encrypt", "growth.yaml"]), false).time;
            self.write("growth.enc.yaml", &self.encrypted("growth.yaml"));
            let opened = run(&mut self.sealant(&["decrypt", "growth.enc.yaml"]), false).time;
            let per = |time: Duration| format!("{:.2} µs", time.as_secs_f64() * 1e6 / count as f64);
            println!("{count:<12} {:>12} {:>12} {:>12} {:>12}", ms(sealed), per(sealed), ms(opened), per(opened));
            count *= 10;
        }
    }
}
