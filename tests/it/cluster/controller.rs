//! The real controller of Sealed Secrets, as if it ran in the cluster.
//!
//! It finds the API server by what a kubelet puts into a container: two variables, and files in
//! `/var/run/secrets/kubernetes.io/serviceaccount`. So it gets a mount namespace with a `/var/run` of its own, and
//! nothing on this machine changes.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::access::CONTROLLER_TOKEN;
use super::process::{DIES_WITH_US, Process, bare, run, wait_for};

/// Enters with the folder of the account's files as the current one, and the controller as its arguments.
const ENTER: &str = "mount -t tmpfs none /var/run && mkdir -p /var/run/secrets/kubernetes.io && \
                     cp -r account /var/run/secrets/kubernetes.io/serviceaccount && cd / && exec \"$@\"";

/// A running controller.
pub struct Controller {
    process: Process,
    pub port: u16,
    address: IpAddr,
}

/// A shell in a mount namespace of its own, still without its script.
fn apart() -> Command {
    let mut command = bare("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c"]);
    command
}

/// Why a controller cannot run on this machine.
pub fn obstacle() -> Option<String> {
    for program in ["openssl", "unshare", "setpriv"] {
        if Command::new(program).arg("--version").output().is_err() {
            return Some(format!("there is no {program}"));
        }
    }
    if own_address().is_none() {
        return Some("this machine has no address but the loopback one".to_owned());
    }
    let mut probe = apart();
    probe.arg("mount -t tmpfs none /var/run");
    let ran = run(probe, "");
    (!ran.ok()).then(|| format!("no mount namespace to be had: {}", ran.last_words()))
}

/// An address of this machine that the API server may reach the controller at: it refuses loopback addresses.
pub fn own_address() -> Option<IpAddr> {
    // nothing is sent; the system only looks up its route
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    let routed = socket.connect("198.51.100.1:9").and_then(|()| socket.local_addr()).map(|address| address.ip());
    let usable = |ip: &IpAddr| matches!(ip, IpAddr::V4(v4) if !v4.is_loopback() && !v4.is_link_local());
    routed.ok().filter(usable).or_else(|| {
        let listed = Command::new("hostname").arg("-I").output().ok()?;
        String::from_utf8_lossy(&listed.stdout).split_whitespace().filter_map(|one| one.parse().ok()).find(usable)
    })
}

/// Ports that nobody has at this moment.
pub fn free_ports<const N: usize>(address: IpAddr) -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((address, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl Controller {
    /// Starts one for the API server at `port` of the cluster in `folder`, and waits until it serves.
    pub fn start(program: &Path, folder: &Path, port: u16) -> Self {
        let account = folder.join("account");
        fs::create_dir_all(&account).unwrap();
        fs::copy(folder.join("certs/apiserver.crt"), account.join("ca.crt")).unwrap();
        fs::write(account.join("token"), CONTROLLER_TOKEN).unwrap();
        fs::write(account.join("namespace"), "kube-system").unwrap();
        let address = own_address().unwrap();
        // somebody else may take a port between looking and using
        for _ in 0..5 {
            if let Some(controller) = Self::try_start(program, folder, port, address) {
                return controller;
            }
        }
        panic!("the controller does not start: {}", fs::read_to_string(log(folder)).unwrap());
    }

    fn try_start(program: &Path, folder: &Path, server: u16, address: IpAddr) -> Option<Self> {
        let [port, metrics] = free_ports(address);
        let mut command = apart();
        command.arg(ENTER).arg("sh").args(DIES_WITH_US).arg(program).current_dir(folder);
        command.arg(format!("--listen-addr={address}:{port}"));
        command.arg(format!("--listen-metrics-addr={address}:{metrics}"));
        // two requests a second are not enough for tests that run at once
        command.args(["--rate-limit=1000", "--rate-limit-burst=1000"]);
        command.env("KUBERNETES_SERVICE_HOST", "127.0.0.1").env("KUBERNETES_SERVICE_PORT", server.to_string());
        let mut controller = Self { process: Process::start(command, log(folder)), port, address };
        let serves = wait_for(|| {
            let gone = controller.process.has_ended() || controller.said().contains("HTTP server exiting");
            let healthy = || controller.fetch("/healthz").is_some_and(|body| body == "ok\n");
            if gone { Some(false) } else { healthy().then_some(true) }
        });
        (serves == Some(true)).then_some(controller)
    }

    /// What it said since its start.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// The root of its own addresses, past the API server.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.address, self.port)
    }

    /// The newest certificate.
    pub fn certificate(&self) -> String {
        wait_for(|| self.fetch("/v1/cert.pem")).unwrap()
    }

    /// Makes it generate a key, as people do with `SIGUSR1`, and waits until that one is the newest.
    pub fn renew_key(&self) {
        let before = self.certificate();
        // dates of keys are in whole seconds, and after a restart only they say which key is the newest
        let second = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let begin = second();
        assert!(wait_for(|| (second() > begin).then_some(())).is_some());
        self.process.signal("USR1");
        let renewed = wait_for(|| (self.certificate() != before).then_some(()));
        assert!(renewed.is_some(), "no new key: {}", self.said());
    }

    fn fetch(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect((self.address, self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.contains(" 200 ").then(|| body.to_owned())
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("controller.log")
}
