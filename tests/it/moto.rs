//! AWS on this machine: a server of moto's on a port of its own, gone when it is dropped.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// See the file's description.
pub struct Moto {
    child: Child,
    folder: tempfile::TempDir,
    pub port: u16,
}

/// What it answers.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// All lines before the body.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Moto {
    pub fn start(program: &Path, more: &[&str]) -> Self {
        // somebody else may take the port between looking and using
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let folder = tempfile::tempdir().unwrap();
            let child = Command::new(program)
                .args(["-H", "127.0.0.1", "-p", &port.to_string()])
                .args(more)
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("HOME", folder.path())
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(File::create(folder.path().join("out")).unwrap())
                .stderr(File::create(folder.path().join("err")).unwrap())
                .spawn()
                .unwrap();
            let mut moto = Self { child, folder, port };
            if moto.is_ready() {
                return moto;
            }
        }
        panic!("{program:?} does not start");
    }

    fn is_ready(&mut self) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) && self.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// One request to a service, by whoever `access` names; `more` are lines for the head.
    pub fn request(&self, service: &str, access: &str, line: &str, more: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={access}/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, \
             Signature=x"
        );
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nAuthorization: {signed}\r\n{more}Content-Length: {length}\r\n\r\n{body}",
            self.port
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        let head = String::from_utf8(answer).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body }
    }

    /// What it logged: a line for each request.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("err")).unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
