//! Microsoft's client against a server on this machine that answers as the documentation of Key Vault says. The client
//! insists on `https`, so the way there goes around TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use azure_core::http::{AsyncRawResponse, Request, Url};

use super::*;
use crate::secret::SecretText;

const VAULT: &str = "https://team.vault.azure.net";

/// Sends everything to one port of this machine, whatever the host's name; the name goes along in a header.
#[derive(Debug)]
struct Here {
    port: u16,
    client: reqwest::Client,
}

#[async_trait::async_trait]
impl HttpClient for Here {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut there = request.clone();
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let (path, query) = (request.url().path().to_owned(), request.url().query().map(str::to_owned));
        let mut url: Url = format!("http://127.0.0.1:{}", self.port).parse()?;
        url.set_path(&path);
        url.set_query(query.as_deref());
        *there.url_mut() = url;
        there.insert_header("x-host", host);
        self.client.execute_request(&there).await
    }
}

/// A request as the server sees it.
struct Asked {
    line: String,
    host: String,
    token: Option<String>,
    body: String,
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let (mut host, mut token, mut length) = (String::new(), None, 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "x-host" => value.clone_into(&mut host),
            "authorization" => token = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { line: line.trim_end().to_owned(), host, token, body: String::from_utf8(body).ok()? })
}

/// A vault whose "encryption" turns the bytes around. `fault` may answer instead.
fn answer(asked: &Asked, fault: &dyn Fn(&Asked) -> Option<(u16, String)>) -> (u16, String) {
    if asked.host == "login.microsoftonline.com" {
        return (200, r#"{"token_type":"Bearer","expires_in":3600,"access_token":"token"}"#.to_owned());
    }
    if asked.token.as_deref() != Some("Bearer token") {
        return (401, String::new());
    }
    if let Some(answer) = fault(asked) {
        return answer;
    }
    let path = asked.line.split(['?', ' ']).nth(1).unwrap_or_default();
    let value = |body: &str| -> String {
        let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        assert_eq!(json["alg"], "RSA-OAEP-256");
        let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(json["value"].as_str().unwrap_or_default());
        let turned: Vec<u8> = bytes.unwrap_or_default().into_iter().rev().collect();
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(turned)
    };
    match path {
        "/keys/sops" | "/keys/sops/" => (200, format!(r#"{{"key":{{"kid":"{VAULT}/keys/sops/v7"}}}}"#)),
        "/keys/sops/v7/encrypt" | "/keys/sops/v7/decrypt" => {
            (200, format!(r#"{{"kid":"{VAULT}/keys/sops/v7","value":"{}"}}"#, value(&asked.body)))
        }
        _ => (404, r#"{"error":{"code":"KeyNotFound","message":"hunter2"}}"#.to_owned()),
    }
}

fn service(fault: impl Fn(&Asked) -> Option<(u16, String)> + Send + Sync + 'static) -> AzureKv {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let fault = Arc::new(fault);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let fault = fault.clone();
            thread::spawn(move || {
                while let Some(asked) = read(&stream) {
                    let (status, body) = answer(&asked, &*fault);
                    let challenge = "WWW-Authenticate: Bearer authorization=\"https://login.microsoftonline.com/tenant\", \
                                     resource=\"https://vault.azure.net\"\r\n";
                    let more = match status {
                        401 => challenge,
                        307 => "Location: https://elsewhere.example.net/\r\n",
                        _ => "",
                    };
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\n{more}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    if (&stream).write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    tls::install();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let login = || {
        let secret = SecretText::new("hunter2".into());
        Ok(Login::Secret { tenant: "tenant".into(), client: "client".into(), secret })
    };
    AzureKv { http: Some(Arc::new(Here { port, client })), ..AzureKv::new(login) }
}

fn key(name: &str, version: &str) -> MasterKey {
    MasterKey::AzureKv { vault_url: VAULT.into(), name: name.into(), version: version.into() }
}

#[test]
fn wraps_and_unwraps_as_documented() {
    let service = service(|_| None);
    let settled = service.settle(&key("sops", "")).unwrap().unwrap();
    assert_eq!(settled, key("sops", "v7"));
    assert_eq!(service.settle(&settled).unwrap(), None);
    let enc = service.wrap(&settled, &[1, 2, 255]).unwrap().unwrap();
    assert_eq!(enc, "_wIB");
    let wrapped = WrappedKey { key: settled, enc, created_at: None };
    assert_eq!(service.unwrap(&wrapped).unwrap().unwrap().expose(), [1, 2, 255]);
}

#[test]
fn every_fault_has_its_cause_and_nothing_leaks() {
    let of = |status: u16, code: &'static str| {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"hunter2"}}}}"#);
        let service = service(move |_| Some((status, body.clone())));
        let wrapped = WrappedKey { key: key("sops", "v7"), enc: "_wIB".into(), created_at: None };
        let error = service.unwrap(&wrapped).unwrap_err();
        let shown = format!("{error} {error:?} {service:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("_wIB"), "{shown}");
        error.cause().unwrap()
    };
    assert_eq!(of(403, "Forbidden"), Cause::Denied);
    assert_eq!(of(403, "KeyDisabled"), Cause::Unusable);
    assert_eq!(of(404, "KeyNotFound"), Cause::Unusable);
    assert_eq!(of(400, "BadParameter"), Cause::Ciphertext);
    assert_eq!(of(429, "Throttled"), Cause::Throttled);
    assert_eq!(of(307, ""), Cause::BadAnswer);
    assert_eq!(of(418, ""), Cause::BadAnswer);
}

#[test]
fn answers_without_sense() {
    let garbage = service(|_| Some((200, "hunter2".into())));
    let error = garbage.wrap(&key("sops", "v7"), b"x").unwrap_err();
    assert_eq!(error.cause(), Some(Cause::BadAnswer));
    assert!(!error.to_string().contains("hunter2"));
    let empty = service(|_| Some((200, "{}".into())));
    assert_eq!(empty.wrap(&key("sops", "v7"), b"x").unwrap_err().cause(), Some(Cause::BadAnswer));
    assert_eq!(empty.settle(&key("sops", "")).unwrap_err().cause(), Some(Cause::BadAnswer));
}

#[test]
fn malformed_keys_are_refused_before_anybody_is_asked() {
    let service = AzureKv::new(|| panic!("nothing is to be set up"));
    for vault in ["http://team.vault.azure.net", "https://", "https://a/b", "https://user@host", "team"] {
        let key = MasterKey::AzureKv { vault_url: vault.into(), name: "k".into(), version: "v".into() };
        assert_eq!(service.wrap(&key, b"x").unwrap_err().cause(), Some(Cause::Malformed), "{vault}");
    }
    let wrapped = WrappedKey { key: key("sops", "v7"), enc: "?".into(), created_at: None };
    assert_eq!(service.unwrap(&wrapped).unwrap_err().cause(), Some(Cause::Ciphertext));
}
