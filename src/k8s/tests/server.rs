//! A small HTTP server that answers what it was told, one answer per request, and remembers what it was asked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(super) const CA: &str = include_str!("../../../tests/vectors/k8s/ca.crt");
pub(super) const CLIENT: [&str; 2] =
    [include_str!("../../../tests/vectors/k8s/client.crt"), include_str!("../../../tests/vectors/k8s/client.key")];

/// What is answered.
#[derive(Clone)]
pub(super) enum Reply {
    /// Status, headers, body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Nothing, and the connection is closed.
    Close,
    /// Nothing for a long time.
    Hang,
    /// More and more.
    Endless,
}

pub(super) fn say(status: u16, body: &str) -> Reply {
    let kind = if body.starts_with('{') { "application/json" } else { "text/plain" };
    Reply::Say(status, vec![("Content-Type", kind.into())], body.into())
}

pub(super) fn say_with(status: u16, header: &'static str, value: &str) -> Reply {
    Reply::Say(status, vec![(header, value.into())], String::new())
}

pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn plain(replies: Vec<Reply>) -> Self {
        Self::start(None, replies)
    }

    pub(super) fn tls(replies: Vec<Reply>) -> Self {
        let certificate =
            CertificateDer::from_pem_slice(include_bytes!("../../../tests/vectors/k8s/server.crt")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../../tests/vectors/k8s/server.key")).unwrap();
        let mut trusted = rustls::RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_slice(CA.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), provider.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.allow_unauthenticated().build().unwrap())
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self::start(Some(Arc::new(config)), replies)
    }

    fn start(tls: Option<Arc<ServerConfig>>, replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
        let log = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), tls, log, replies) = (stream, tls.clone(), log.clone(), replies.clone()) else {
                    return;
                };
                std::thread::spawn(move || match tls {
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        serve(StreamOwned::new(connection, stream), &log, &replies);
                    }
                    None => serve::<TcpStream>(stream, &log, &replies),
                });
            }
        });
        Self { url, asked }
    }

    /// Everything that was asked so far: request lines, headers and bodies.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve<S: Read + Write>(stream: S, log: &Mutex<Vec<String>>, replies: &Mutex<VecDeque<Reply>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = request(&mut stream) {
        let is_tunnel = request.starts_with("CONNECT");
        log.lock().unwrap().push(request);
        let next = if is_tunnel { say(200, "") } else { replies.lock().unwrap().pop_front().unwrap_or(Reply::Close) };
        let out = stream.get_mut();
        match next {
            Reply::Close => return,
            Reply::Hang => std::thread::sleep(std::time::Duration::from_secs(30)),
            Reply::Endless => {
                _ = out.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                while out.write_all(b"10\r\n0123456789abcdef\r\n").is_ok() {}
                return;
            }
            Reply::Say(status, headers, body) => {
                let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let length = if is_tunnel { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
                let text = format!("HTTP/1.1 {status} X\r\n{headers}{length}\r\n{body}");
                if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        }
    }
}

fn request(stream: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        match stream.read_line(&mut text) {
            Ok(0) => return None,
            Ok(_) => {}
            // whoever hangs up need not say so
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            // not text: what begins TLS, of which nobody shall see an end
            Err(_) => return Some("BAD".into()),
        }
    }
    let lower = text.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(text + &String::from_utf8_lossy(&body))
}
