//! A server that says what it is told to, one answer for each connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// What it does with one connection.
#[derive(Clone)]
pub enum Reply {
    /// Status, more header lines, body.
    Http(u16, &'static str, String),
    /// Nothing, for a while.
    Hang,
    /// A good beginning, then nothing for a while.
    HangInBody,
    /// A body without end.
    Flood,
    /// Something else than HTTP.
    Garbage,
    /// The connection ends.
    Close,
}

/// What it was asked.
#[derive(Debug)]
pub struct Request {
    pub line: String,
    pub headers: Vec<String>,
    pub body: String,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// See the file's description.
pub struct Server {
    pub port: u16,
    requests: Receiver<Request>,
}

impl Server {
    /// Starts; when the replies are used up the last one is given again.
    pub fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let reply = replies[number.min(replies.len() - 1)].clone();
                let sender = sender.clone();
                thread::spawn(move || serve(stream.unwrap(), &reply, &sender));
            }
        });
        Self { port, requests }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn serve(mut stream: TcpStream, reply: &Reply, sender: &Sender<Request>) {
    if matches!(reply, Reply::Garbage) {
        let mut hello = [0; 16];
        _ = stream.read(&mut hello);
        _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
        // closing with something unread would reset the connection, and what was written might be lost
        _ = stream.shutdown(std::net::Shutdown::Write);
        _ = std::io::copy(&mut stream, &mut std::io::sink());
        return;
    }
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    if lines.is_empty() {
        return;
    }
    let mut request = Request { line: lines.remove(0), headers: lines, body: String::new() };
    let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request.body = String::from_utf8(body).unwrap();
    _ = sender.send(request);
    // a client that has gone away has seen enough
    match reply {
        Reply::Http(status, headers, body) => {
            let length = body.len();
            let text =
                format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
            _ = stream.write_all(text.as_bytes());
        }
        Reply::Hang => thread::sleep(Duration::from_secs(20)),
        Reply::HangInBody => {
            _ = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"data\":");
            thread::sleep(Duration::from_secs(20));
        }
        Reply::Flood => {
            _ = stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
            let chunk = vec![b'x'; 1 << 20];
            while stream.write_all(&chunk).is_ok() {}
        }
        Reply::Garbage | Reply::Close => {}
    }
}
