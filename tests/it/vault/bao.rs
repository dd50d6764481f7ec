//! A development server of OpenBao: its own port, home and data, gone when this is dropped.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The one token.
pub const ROOT: &str = "root-canary";

/// See the file's description.
pub struct Bao {
    child: Child,
    folder: tempfile::TempDir,
    pub port: u16,
    tls: bool,
}

impl Bao {
    /// Starts one, with a store of version 1 at `kv1/` beside the usual one of version 2 at `secret/`.
    pub fn start(program: &Path) -> Self {
        let bao = Self::spawn(program, false);
        let (status, _) = bao.ask("POST", "sys/mounts/kv1", r#"{"type":"kv","options":{"version":"1"}}"#);
        assert_eq!(status, 204);
        bao
    }

    /// Starts one that speaks TLS only.
    pub fn start_tls(program: &Path) -> Self {
        Self::spawn(program, true)
    }

    fn spawn(program: &Path, tls: bool) -> Self {
        // somebody else may take the port between looking and using
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let folder = tempfile::tempdir().unwrap();
            let mut command = Command::new(program);
            command
                .args(["server", "-dev", &format!("-dev-root-token-id={ROOT}")])
                .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("HOME", folder.path())
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(File::create(folder.path().join("out")).unwrap())
                .stderr(File::create(folder.path().join("err")).unwrap());
            if tls {
                command.arg("-dev-tls").arg(format!("-dev-tls-cert-dir={}", folder.path().display()));
            }
            let child = command.spawn().unwrap();
            let mut bao = Self { child, folder, port, tls };
            if bao.is_ready() {
                return bao;
            }
        }
        panic!("{program:?} does not start");
    }

    fn is_ready(&mut self) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(30) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            let up = match self.tls {
                true => self.authority().is_file() && TcpStream::connect(("127.0.0.1", self.port)).is_ok(),
                false => self.try_ask("GET", "secret/config", "").is_some_and(|(status, _)| status == 200),
            };
            if up {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// Whose certificates are good.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("vault-ca.pem")
    }

    /// One request as root, to a server without TLS.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.try_ask(method, path, body).unwrap()
    }

    fn try_ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let length = body.len();
        let request =
            format!("{method} /v1/{path} HTTP/1.0\r\nX-Vault-Token: {ROOT}\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        Some((status, serde_json::from_str(body).unwrap_or_default()))
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
