//! A server that takes uploads of two parts, as Google documents them, and keeps what it was given.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is kept of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    pub content_type: String,
    pub bytes: Vec<u8>,
}

type Objects = Arc<Mutex<BTreeMap<String, Kept>>>;

/// See the file's description; it ends with the process.
pub struct Bucket {
    pub port: u16,
    objects: Objects,
}

impl Bucket {
    /// Starts with nothing in it. Its name is `team-a`.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let objects = Objects::default();
        let kept = objects.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                thread::spawn(move || while serve(&stream, &kept).is_some() {});
            }
        });
        Self { port, objects }
    }

    /// Everything in it, which is taken out.
    pub fn take(&self) -> BTreeMap<String, Kept> {
        std::mem::take(&mut *self.objects.lock().unwrap())
    }
}

fn serve(stream: &TcpStream, objects: &Objects) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let body = match header("content-length") {
        Some(length) => {
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).ok()?;
            body
        }
        None => chunks(&mut reader)?,
    };
    let (status, answer) = match upload(&lines[0], &header("content-type").unwrap_or_default(), &body) {
        _ if header("authorization").is_some() => {
            (400, r#"{"error":{"message":"nobody asked who you are"}}"#.to_owned())
        }
        Ok((name, kept)) => {
            objects.lock().unwrap().insert(name, kept);
            (200, r#"{"kind":"storage#object"}"#.to_owned())
        }
        Err((status, message)) => (status, serde_json::json!({"error": {"message": message}}).to_string()),
    };
    let length = answer.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    (&*stream).write_all(format!("{head}{answer}").as_bytes()).ok()
}

fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

/// The object's name and what is kept of it, or why not.
fn upload(line: &str, content_type: &str, body: &[u8]) -> Result<(String, Kept), (u16, &'static str)> {
    let target = line.strip_prefix("POST ").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    let (path, query) = target.and_then(|target| target.split_once('?')).ok_or((400, "not an upload"))?;
    if path != "/upload/storage/v1/b/team-a/o" {
        return Err((404, "The specified bucket does not exist."));
    }
    let field = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(decoded).unwrap_or_default()
    };
    let boundary = content_type.strip_prefix("multipart/related; boundary=").ok_or((400, "no parts"))?;
    if field("uploadType") != "multipart" {
        return Err((400, "not multipart"));
    }
    let text = String::from_utf8(body.to_vec()).map_err(|_| (400, "not text"))?;
    let line = format!("--{boundary}");
    let mut parts = text.split(&line).skip(1);
    let mut next = || {
        let part = parts.next().and_then(|part| part.strip_prefix("\r\n")?.strip_suffix("\r\n"));
        let (head, body) = part.and_then(|part| part.split_once("\r\n\r\n")).ok_or((400, "a part is missing"))?;
        Ok((head.strip_prefix("Content-Type: ").unwrap_or_default().to_owned(), body.to_owned()))
    };
    let (kind, what) = next()?;
    let what: serde_json::Value = serde_json::from_str(&what).map_err(|_| (400, "no metadata"))?;
    if kind != "application/json" || what["bucket"] != "team-a" || what["name"] != field("name").as_str() {
        return Err((400, "metadata and query differ"));
    }
    let (content_type, bytes) = next()?;
    if what["crc32c"] != checksum(bytes.as_bytes()).as_str() {
        return Err((400, "the checksum differs"));
    }
    Ok((field("name"), Kept { content_type, bytes: bytes.into_bytes() }))
}

/// CRC32C bit by bit, as base64 of its bytes from the highest.
fn checksum(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(!0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0x82F6_3B78 } else { sum >> 1 })
    });
    base64_simd::STANDARD.encode_to_string((!sum).to_be_bytes())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
