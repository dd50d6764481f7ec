//! Google Cloud KMS against a server on this machine that answers as its REST documentation says; the real sops talks
//! to the same server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

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

    /// sops or sealant, with a token and what leads to this server.
    fn run(&self, program: &Path, folder: &Path, words: &[&str]) -> Ended {
        self.run_as(program, folder, &[("GOOGLE_OAUTH_ACCESS_TOKEN", "token-hunter3")], words)
    }

    /// The same with other variables for who we are.
    fn run_as(&self, program: &Path, folder: &Path, login: &[(&str, &str)], words: &[&str]) -> Ended {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder).envs(login.iter().copied());
        command.env("SOPS_GCP_KMS_ENDPOINT", format!("http://127.0.0.1:{}", self.port));
        command.env("SOPS_GCP_KMS_CLIENT_TYPE", "rest");
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

/// A service account's own token: who made it, and that it did.
fn is_signed(token: &str) -> bool {
    let Some((signed, signature)) = token.rsplit_once('.') else { return false };
    let bytes = |text: &str| base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).unwrap_or_default();
    let claims = String::from_utf8(bytes(signed.split('.').nth(1).unwrap_or_default())).unwrap_or_default();
    let public = account().to_public_key().to_pkcs1_der().unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_bytes());
    public.verify(signed.as_bytes(), &bytes(signature)).is_ok() && claims.contains(ACCOUNT)
}

const ACCOUNT: &str = "sealant@shop.iam.example";

/// The service account's key.
fn account() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap())
}

/// A key whose "encryption" turns the bytes around.
fn answer(path: &str, token: &str, body: &[u8]) -> (u16, String) {
    let refuse = |status: u16, code: &str, text: &str| {
        (status, format!(r#"{{"error":{{"code":{status},"message":"{text}","status":"{code}"}}}}"#))
    };
    if path == "/token" {
        let body = String::from_utf8_lossy(body);
        return match body.contains("refresh-hunter5") || body.contains("jwt-bearer") {
            true => (200, r#"{"access_token":"token-hunter3","expires_in":3600,"token_type":"Bearer"}"#.to_owned()),
            false => (400, r#"{"error":"invalid_grant"}"#.to_owned()),
        };
    }
    if token != "Bearer token-hunter3" && !token.strip_prefix("Bearer ").is_some_and(is_signed) {
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

/// Every kind of credentials that needs nothing but a file, each from every place where it may be.
#[test]
fn credentials_of_several_kinds() {
    let kms = Kms::start(|_| None);
    let folder = folder();
    let dir = folder.path();
    kms.run(sealant(), dir, &["encrypt", "-i", "a.yaml"]).code(0);
    let token_uri = format!("http://127.0.0.1:{}/token", kms.port);
    let user = serde_json::json!({
        "type": "authorized_user", "client_id": "i", "client_secret": "client-hunter6",
        "refresh_token": "refresh-hunter5", "token_uri": token_uri,
    });
    let machine = serde_json::json!({
        "type": "service_account", "client_email": ACCOUNT, "private_key_id": "1", "project_id": "shop",
        "private_key": account().to_pkcs8_pem(LineEnding::LF).unwrap().as_str(), "token_uri": token_uri,
    });
    let gcloud = dir.join(".config/gcloud");
    std::fs::create_dir_all(&gcloud).unwrap();
    for (credentials, is_user) in [(user, true), (machine, false)] {
        let text = credentials.to_string();
        let file = dir.join("login.json");
        std::fs::write(&file, &text).unwrap();
        std::fs::write(gcloud.join("application_default_credentials.json"), &text).unwrap();
        let file = file.to_str().unwrap();
        let nonsense = ("GOOGLE_OAUTH_ACCESS_TOKEN", "nonsense");
        for login in [
            &[("GOOGLE_CREDENTIALS", text.as_str()), nonsense][..],
            &[("GOOGLE_CREDENTIALS", file), nonsense],
            &[("GOOGLE_APPLICATION_CREDENTIALS", file)],
            &[],
        ] {
            let ended = kms.run_as(sealant(), dir, login, &["decrypt", "a.yaml"]).code(0);
            assert!(ended.stdout.contains("password: hunter2"), "{login:?}");
            // sops asks Google itself for the tokens of people
            if let Some(peers) = peers::locate("google cloud credentials").filter(|_| !is_user) {
                kms.run_as(&peers.sops, dir, login, &["decrypt", "a.yaml"]).code(0);
            }
        }
    }
    // nobody is logged in any more
    let user = serde_json::json!({
        "type": "authorized_user", "client_id": "i", "client_secret": "client-hunter6",
        "refresh_token": "old-hunter7", "token_uri": token_uri,
    });
    let login = [("GOOGLE_CREDENTIALS", user.to_string())];
    let login = [(login[0].0, login[0].1.as_str())];
    let ended = kms.run_as(sealant(), dir, &login, &["decrypt", "a.yaml"]).code(128).says("invalid_grant");
    assert!(!ended.stderr.contains("hunter") && ended.stderr.contains("gcloud auth"), "{}", ended.stderr);
}

#[test]
fn what_was_changed_on_the_way_is_not_taken() {
    let good = Kms::start(|_| None);
    let folder = folder();
    good.run(sealant(), folder.path(), &["encrypt", "-i", "a.yaml"]).code(0);
    for answer in [
        r#"{"plaintext":"aHVudGVyNA==","plaintextCrc32c":"1"}"#,
        r#"{"plaintext":"?hunter4"}"#,
        r#"{"plaintext":["hunter4"]}"#,
    ] {
        let bad = Kms::start(move |_| Some((200, answer.to_owned())));
        let ended = bad.run(sealant(), folder.path(), &["decrypt", "a.yaml"]).code(128);
        assert!(!ended.stderr.contains("hunter"), "{}", ended.stderr);
    }
    std::fs::write(folder.path().join("b.yaml"), PLAIN).unwrap();
    for (answer, wanted) in [
        (r#"{"ciphertext":"aHVudGVyNA==","ciphertextCrc32c":"1"}"#, "something was changed on the way"),
        (r#"{"ciphertext":"aHVudGVyNA==","verifiedPlaintextCrc32c":false}"#, "something was changed on the way"),
        ("{}", "an answer without ciphertext"),
    ] {
        let bad = Kms::start(move |_| Some((200, answer.to_owned())));
        bad.run(sealant(), folder.path(), &["encrypt", "-i", "b.yaml"]).code(1).says(wanted);
    }
}
