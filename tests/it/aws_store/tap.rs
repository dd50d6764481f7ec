//! Stands between us and moto: notes every request, and answers some itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request that came by.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The name of the operation.
    pub operation: String,
    pub head: String,
    pub body: String,
}

/// Status and body instead of moto's answer, for an operation with a body.
type Rule = dyn Fn(&str, &str) -> Option<(u16, String)> + Send + Sync;

/// See the file's description.
pub struct Tap {
    pub address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Tap {
    /// Hands everything on.
    pub fn to(port: u16) -> Self {
        Self::with(port, |_, _| None)
    }

    /// Hands on what `rule` has no answer for.
    pub fn with(port: u16, rule: impl Fn(&str, &str) -> Option<(u16, String)> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let rule: Arc<Rule> = Arc::new(rule);
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, rule) = (Arc::clone(&log), Arc::clone(&rule));
                thread::spawn(move || serve(&stream.unwrap(), port, &log, &*rule));
            }
        });
        Self { address, seen }
    }

    /// What came by since it was last asked.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The names of it, sorted.
    pub fn operations(&self) -> Vec<String> {
        let mut names: Vec<_> = self.seen().into_iter().map(|seen| seen.operation).collect();
        names.sort();
        names
    }
}

/// An error as AWS writes it.
pub fn error(code: &str, message: &str) -> (u16, String) {
    let status = if code.starts_with("Internal") { 500 } else { 400 };
    (status, serde_json::json!({ "__type": code, "message": message }).to_string())
}

fn serve(stream: &TcpStream, port: u16, log: &Mutex<Vec<Seen>>, rule: &Rule) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line == "\r\n" => break,
            Ok(_) => head.push_str(&line),
        }
    }
    let header = |name: &str| {
        head.lines().find_map(|line| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)))
    };
    let length = header("content-length").map_or(0, |(_, text)| text.trim().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let text = String::from_utf8(body).unwrap();
    let action = || text.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let operation = header("x-amz-target").and_then(|(_, target)| target.trim().rsplit('.').next()).or_else(action);
    let operation = operation.unwrap_or("?").to_owned();
    log.lock().unwrap().push(Seen { operation: operation.clone(), head: head.clone(), body: text.clone() });
    let answer = match rule(&operation, &text) {
        Some((status, body)) => format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
        None => forward(port, &head, &text),
    };
    let mut stream = stream;
    _ = stream.write_all(&answer);
    _ = stream.shutdown(Shutdown::Write);
}

fn forward(port: u16, head: &str, body: &str) -> Vec<u8> {
    let mut up = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let kept: Vec<_> =
        head.lines().skip(1).filter(|line| !line.to_ascii_lowercase().starts_with("connection:")).collect();
    let request = format!("POST / HTTP/1.0\r\n{}\r\n\r\n{body}", kept.join("\r\n"));
    up.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    up.read_to_end(&mut answer).unwrap();
    answer
}
