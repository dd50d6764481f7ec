//! ExternalSecrets from OpenBao, beside OpenBao's own agent in the same run, and from AWS (moto):
//! `cargo bench --bench sync [-- --quick]`. Run it on a quiet machine.
//!
//! Times are taken without anything between; requests and sockets are counted in runs of their own, through a proxy. The peers
//! are looked for where `tests/peers/install.sh` puts them.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    dead_code,
    reason = "a program for developers that starts programs"
)]

#[path = "../tests/it/faults.rs"]
mod faults;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use faults::FaultProxy;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let bench = Bench::new();
    println!("{:<52} {:>14} {:>14} {:>8}", "", "sealant", "peer", "ratio");
    if let Some(bao) = bench.bao() {
        bench.distinct(&bao, if quick { 3 } else { 7 });
        bench.shared(&bao);
        bench.daemon(&bao, if quick { 1_000 } else { 10_000 });
    } else {
        println!("bao is missing: tests/peers/install.sh installs it");
    }
    bench.aws();
}

fn peers() -> PathBuf {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    named("SEALANT_PEERS").or_else(|| Some(cache()?.join("sealant-peers"))).unwrap_or_default()
}

/// A program, in one of the folders that peers are in.
fn peer(name: &str) -> Option<PathBuf> {
    let folders = [peers().join("bin"), peers().join("py/bin")];
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that is killed when it is no longer needed.
struct Server(Child, u16);

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

struct Cost {
    time: Duration,
    peak_kib: u64,
}

/// Runs a program to the end, looking at its memory.
fn run(command: &mut Command) -> Cost {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    while child.try_wait().unwrap().is_none() {
        peak_kib = memory(&status, "VmHWM:").max(peak_kib);
        thread::sleep(Duration::from_millis(1));
    }
    let time = begin.elapsed();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Cost { time, peak_kib }
}

fn memory(status: &str, field: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn row(what: &str, ours: &str, theirs: Option<&str>, ratio: Option<f64>) {
    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.1} x"));
    println!("{what:<52} {ours:>14} {:>14} {ratio:>8}", theirs.unwrap_or("-"));
}

fn ms(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

/// A store, its token, and ExternalSecrets: the value of `key(n)` for each.
fn manifests(port: u16, count: usize, interval: &str, key: impl Fn(usize) -> String) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: token, namespace: app}}\nstringData: {{token: root}}\n---\n\
         apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: bao, namespace: app}}\nspec:\n  provider:\n    \
         vault: {{server: 'http://127.0.0.1:{port}', path: secret, auth: {{tokenSecretRef: {{name: token, key: token}}}}}}\n"
    );
    for at in 0..count {
        write!(
            text,
            "---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: es-{at}, namespace: app}}\nspec:\n  \
             refreshInterval: {interval}\n  secretStoreRef: {{name: bao}}\n  dataFrom:\n  - extract: {{key: {}}}\n",
            key(at)
        )
        .unwrap();
    }
    text
}

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn sealant(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealant"));
        command.args(arguments).current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path());
        command
    }

    fn bao(&self) -> Option<Server> {
        let port = port();
        let mut command = Command::new(peer("bao")?);
        command.args(["server", "-dev", "-dev-root-token-id=root", &format!("-dev-listen-address=127.0.0.1:{port}")]);
        command.env("HOME", self.dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server(command.spawn().unwrap(), port);
        let health = format!("http://127.0.0.1:{port}/v1/sys/health");
        while ureq::get(&health).call().is_err() {
            thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// Writes so many secrets.
    fn fill(&self, bao: &Server, count: usize) {
        let agent = ureq::Agent::new_with_defaults();
        for at in 0..count {
            let url = format!("http://127.0.0.1:{}/v1/secret/data/app/key-{at}", bao.1);
            let body = format!(
                "{{\"data\":{{\"user\":\"app-{at}\",\"password\":\"a password of some length, number {at}\"}}}}"
            );
            agent.post(&url).header("X-Vault-Token", "root").send(body.as_bytes()).unwrap();
        }
    }

    /// The same work through a proxy that counts.
    fn counted(&self, what: &str, target: u16, manifests: impl Fn(u16) -> String, most: usize) {
        let proxy = FaultProxy::start(format!("127.0.0.1:{target}"));
        fs::write(self.path("counted.yaml"), manifests(proxy.port)).unwrap();
        run(&mut self.sealant(&["render", "counted.yaml", "-o", "counted"]));
        row(&format!("{what}: requests (at most {most})"), &proxy.requests().to_string(), None, None);
        row(&format!("{what}: sockets (at most 16)"), &proxy.sockets().1.to_string(), None, None);
    }

    fn distinct(&self, bao: &Server, runs: usize) {
        const COUNT: usize = 1_000;
        self.fill(bao, COUNT);
        let key = |at: usize| format!("app/key-{at}");
        fs::write(self.path("all.yaml"), manifests(bao.1, COUNT, "1h", key)).unwrap();
        let agent = self.agent(bao, COUNT);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            _ = fs::remove_dir_all(self.path("out"));
            ours.push(run(&mut self.sealant(&["render", "all.yaml", "-o", "out"])));
            if let Some(config) = &agent {
                _ = fs::remove_file(self.path("agent.out"));
                let mut command = Command::new(peer("bao").unwrap());
                command.arg("agent").arg(format!("-config={}", config.display())).env("HOME", self.dir.path());
                theirs.push(run(&mut command));
            }
        }
        let best = |costs: &[Cost]| costs.iter().map(|cost| cost.time).min();
        let peak = |costs: &[Cost]| costs.iter().map(|cost| cost.peak_kib).max();
        let (mine, other) = (best(&ours).unwrap(), best(&theirs));
        let ratio = other.map(|other| other.as_secs_f64() / mine.as_secs_f64());
        row("1,000 keys of OpenBao, each its own (bao agent)", &ms(mine), other.map(ms).as_deref(), ratio);
        let (mine, other) = (peak(&ours).unwrap(), peak(&theirs));
        let ratio = other.map(|other| other as f64 / mine as f64);
        row("  peak memory", &mib(mine), other.map(mib).as_deref(), ratio);
        self.counted("  counted", bao.1, |port| manifests(port, COUNT, "1h", key), 1_005);
    }

    /// The configuration of an agent that renders the same secrets once: all into one file, which is what it does best.
    fn agent(&self, bao: &Server, count: usize) -> Option<PathBuf> {
        peer("bao")?;
        let mut template = String::new();
        for at in 0..count {
            writeln!(template, "{{{{ with secret \"secret/data/app/key-{at}\" }}}}{{{{ .Data.data.user }}}} {{{{ .Data.data.password }}}}{{{{ end }}}}").unwrap();
        }
        fs::write(self.path("agent.ctmpl"), template).unwrap();
        fs::write(self.path("agent.token"), "root").unwrap();
        let path = |name: &str| self.path(name).display().to_string();
        let config = format!(
            "exit_after_auth = true\nvault {{ address = \"http://127.0.0.1:{}\" }}\nauto_auth {{\n  method {{\n    type = \"token_file\"\n    \
             config = {{ token_file_path = \"{}\" }}\n  }}\n}}\ntemplate {{\n  source = \"{}\"\n  destination = \"{}\"\n}}\n",
            bao.1,
            path("agent.token"),
            path("agent.ctmpl"),
            path("agent.out")
        );
        fs::write(self.path("agent.hcl"), config).unwrap();
        Some(self.path("agent.hcl"))
    }

    fn shared(&self, bao: &Server) {
        let key = |at: usize| format!("app/key-{}", at % 10);
        self.counted("1,000 ExternalSecrets of 10 keys", bao.1, |port| manifests(port, 1_000, "1h", key), 15);
    }

    /// A daemon that has fetched everything once, and then waits.
    fn daemon(&self, bao: &Server, count: usize) {
        fs::create_dir_all(self.path("watched")).unwrap();
        let key = |at: usize| format!("app/key-{}", at % 1_000);
        fs::write(self.path("watched/all.yaml"), manifests(bao.1, count, "24h", key)).unwrap();
        let listen = port();
        let mut command =
            self.sealant(&["daemon", "--dir", "watched", "-o", "kept", "--listen", &format!("127.0.0.1:{listen}")]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Server(child, listen);
        let ready = format!("http://127.0.0.1:{listen}/readyz");
        while ureq::get(&ready).call().is_err() {
            thread::sleep(Duration::from_millis(100));
        }
        thread::sleep(Duration::from_secs(3));
        let id = server.0.id();
        let before = cpu(id);
        let begin = Instant::now();
        thread::sleep(Duration::from_secs(30));
        let share = (cpu(id) - before).as_secs_f64() / begin.elapsed().as_secs_f64() * 100.0;
        let resident = memory(&format!("/proc/{id}/status"), "VmRSS:");
        row(&format!("daemon with {count} ExternalSecrets: memory at rest"), &mib(resident), None, None);
        row("  of one core while nothing is due", &format!("{share:.2} %"), None, None);
    }

    fn aws(&self) {
        const COUNT: usize = 1_000;
        let Some(program) = peer("moto_server") else {
            println!("moto_server is missing: tests/peers/install.sh installs it");
            return;
        };
        let port = port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let moto = Server(command.spawn().unwrap(), port);
        let url = format!("http://127.0.0.1:{port}/");
        while ureq::get(format!("{url}moto-api/")).call().is_err() {
            thread::sleep(Duration::from_millis(100));
        }
        let agent = ureq::Agent::new_with_defaults();
        for at in 0..COUNT {
            let body = format!(
                "{{\"Name\":\"app/key-{at}\",\"SecretString\":\"value {at}\",\"ClientRequestToken\":\"{at:032}\"}}"
            );
            let request = agent.post(&url).header("X-Amz-Target", "secretsmanager.CreateSecret");
            let request = request.header("Content-Type", "application/x-amz-json-1.1");
            let signed = "AWS4-HMAC-SHA256 Credential=key/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0";
            request.header("Authorization", signed).send(body.as_bytes()).unwrap();
        }
        let proxy = FaultProxy::start(format!("127.0.0.1:{}", moto.1));
        let mut text = String::from(
            "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: aws, namespace: app}\nspec:\n  provider:\n    \
             aws: {service: SecretsManager, region: eu-west-1}\n",
        );
        for at in 0..COUNT {
            write!(
                text,
                "---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: es-{at}, namespace: app}}\nspec:\n  \
                 secretStoreRef: {{name: aws}}\n  data:\n  - secretKey: value\n    remoteRef: {{key: app/key-{at}}}\n"
            )
            .unwrap();
        }
        fs::write(self.path("aws.yaml"), text).unwrap();
        let mut command = self.sealant(&["render", "aws.yaml", "-o", "aws"]);
        let endpoint = format!("http://127.0.0.1:{}", proxy.port);
        command
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        let cost = run(&mut command);
        row("1,000 secrets of AWS Secrets Manager (moto)", &ms(cost.time), None, None);
        row("  calls (at most 55)", &proxy.requests().to_string(), None, None);
    }
}

/// The time that a process has spent computing. A tick is a hundredth of a second.
fn cpu(id: u32) -> Duration {
    let text = fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).unwrap();
    let rest = text.rsplit(')').next().unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
