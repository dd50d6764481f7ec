//! Google Cloud KMS against a server on this machine that answers as its REST documentation says; the real sops talks
//! to the same server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use crate::peers;
use crate::sandbox::Ended;

const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
const PLAIN: &str = "# why\npassword: hunter2\nport: 5432\n";

/// The server; it ends with the process.
struct Kms {
    port: u16,
}

/// Path, token, and the bytes in the body.
type Fault = dyn Fn(&str) -> Option<(u16, String)> + Send + Sync;

impl Kms {
    fn start(fault: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let fault: Arc<Fault> = Arc::new(fault);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let fault = fault.clone();
                thread::spawn(move || while serve(&stream, &*fault).is_some() {});
            }
        });
        Self { port }
    }

    /// sops or sealant, with what leads to this server.
    fn run(&self, program: &Path, folder: &Path, words: &[&str]) -> Ended {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
        command.env("SOPS_GCP_KMS_ENDPOINT", format!("http://127.0.0.1:{}", self.port));
        command.env("SOPS_GCP_KMS_CLIENT_TYPE", "rest").env("GOOGLE_OAUTH_ACCESS_TOKEN", "token-hunter3");
        let done = command.args(words).current_dir(folder).stdin(Stdio::null()).output().unwrap();
        done.into()
    }
}

fn serve(stream: &TcpStream, fault: &Fault) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let (mut token, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "authorization" => token = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = line.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
    let (status, answer) = fault(&path).unwrap_or_else(|| answer(&path, &token, &body));
    let more = if status == 307 { "Location: http://127.0.0.1:1/\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} X\r\n{more}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        answer.len()
    );
    (&*stream).write_all(format!("{head}{answer}").as_bytes()).ok()
}

/// A key whose "encryption" turns the bytes around.
fn answer(path: &str, token: &str, body: &[u8]) -> (u16, String) {
    let refuse = |status: u16, code: &str, text: &str| {
        (status, format!(r#"{{"error":{{"code":{status},"message":"{text}","status":"{code}"}}}}"#))
    };
    if token != "Bearer token-hunter3" {
        return refuse(401, "UNAUTHENTICATED", "no");
    }
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let turned = |field: &str| {
        let bytes = base64_simd::STANDARD.decode_to_vec(json[field].as_str().unwrap_or_default()).unwrap();
        base64_simd::STANDARD.encode_to_string(bytes.into_iter().rev().collect::<Vec<u8>>())
    };
    match path.strip_prefix("/v1/").and_then(|path| path.split_once(':')) {
        Some((KEY, "encrypt")) => (200, format!(r#"{{"name":"{KEY}","ciphertext":"{}"}}"#, turned("plaintext"))),
        Some((KEY, "decrypt")) => (200, format!(r#"{{"plaintext":"{}"}}"#, turned("ciphertext"))),
        _ => refuse(404, "NOT_FOUND", "no such key"),
    }
}

fn sealant() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sealant"))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".sops.yaml"), format!("creation_rules:\n  - gcp_kms: {KEY}\n")).unwrap();
    std::fs::write(folder.path().join("a.yaml"), PLAIN).unwrap();
    folder
}

#[test]
fn both_ways_with_sops() {
    let Some(peers) = peers::locate("google cloud kms") else { return };
    let kms = Kms::start(|_| None);
    for (writer, reader) in [(sealant(), peers.sops.as_path()), (peers.sops.as_path(), sealant())] {
        let folder = folder();
        let dir = folder.path();
        let file = dir.join("a.yaml");
        kms.run(writer, dir, &["encrypt", "-i", "a.yaml"]).code(0);
        assert!(!std::fs::read_to_string(&file).unwrap().contains("hunter2"));
        assert!(kms.run(reader, dir, &["decrypt", "a.yaml"]).code(0).stdout.contains("password: hunter2"));
        kms.run(writer, dir, &["rotate", "-i", "a.yaml"]).code(0);
        assert!(kms.run(reader, dir, &["decrypt", "a.yaml"]).code(0).stdout.contains("password: hunter2"));
        let age = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let rules = format!("creation_rules:\n  - gcp_kms: {KEY}\n    age: {age}\n");
        std::fs::write(dir.join(".sops.yaml"), rules).unwrap();
        kms.run(writer, dir, &["updatekeys", "--yes", "a.yaml"]).code(0);
        assert!(std::fs::read_to_string(&file).unwrap().contains(age));
        assert!(kms.run(reader, dir, &["decrypt", "a.yaml"]).code(0).stdout.contains("password: hunter2"));
    }
}

#[test]
fn faults_are_named_and_nothing_leaks() {
    let good = Kms::start(|_| None);
    let folder = folder();
    good.run(sealant(), folder.path(), &["encrypt", "-i", "a.yaml"]).code(0);
    let refuse = |status: u16, code: &str| {
        (status, format!(r#"{{"error":{{"code":{status},"message":"the reason","status":"{code}"}}}}"#))
    };
    for (answer, wanted) in [
        (refuse(403, "PERMISSION_DENIED"), "not allowed to use"),
        (refuse(404, "NOT_FOUND"), "there is no key"),
        (refuse(400, "FAILED_PRECONDITION"), "cannot be used: the reason"),
        (refuse(400, "INVALID_ARGUMENT"), "cannot open what is in the file"),
        (refuse(401, "UNAUTHENTICATED"), "gcloud auth application-default login"),
        (refuse(429, "RESOURCE_EXHAUSTED"), "too many requests"),
        ((200, "hunter4".to_owned()), "an answer that nobody understands"),
        ((307, String::new()), "HTTP status 307"),
    ] {
        let bad = Kms::start(move |_| Some(answer.clone()));
        let ended = bad.run(sealant(), folder.path(), &["decrypt", "a.yaml"]).code(128).says(wanted);
        assert!(!ended.stderr.contains("hunter"), "{}", ended.stderr);
    }
    // nobody there
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    Kms { port }.run(sealant(), folder.path(), &["decrypt", "a.yaml"]).code(128).says("cannot be reached");
}
