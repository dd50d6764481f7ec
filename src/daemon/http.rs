//! A small server for health and numbers: `GET` and `HEAD` of a few paths, one answer for each connection.
//!
//! It is for probes and for Prometheus, and total on anything else: heads are bounded in size and time, a connection that is
//! in the way of a newer one is ended, and at most [`MAX_CONNECTIONS`] threads serve.

mod request;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::stop::Stop;
use crate::fsio::{clock, socket};
use request::{Request, Unreadable};

/// How many connections are served at the same time.
pub const MAX_CONNECTIONS: usize = 8;
/// The head of a request is no longer.
const MAX_HEAD: usize = 8 * 1_024;
/// What comes after the head is read no further: an answer that is followed by a reset is lost on its way.
const MAX_REST: usize = 64 * 1_024;
/// How long things take at most, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Limits {
    head: u64,
    answer: u64,
    rest: u64,
}
const LIMITS: Limits = Limits { head: 5_000, answer: 20_000, rest: 500 };

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The number, 200 for example.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A line of text.
    pub fn text(status: u16, line: &str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: format!("{line}\n") }
    }
}

/// A path and what answers there. It is asked by several threads at a time.
pub struct Route {
    path: &'static str,
    answer: Box<dyn Fn() -> Reply + Send + Sync>,
}

impl Route {
    /// `answer` answers at `path`.
    pub fn new(path: &'static str, answer: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self { path, answer: Box::new(answer) }
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Route").field(&self.path).finish()
    }
}

/// A server that runs until it is told to stop.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    thread: JoinHandle<()>,
}

struct Shared {
    routes: Vec<Route>,
    limits: Limits,
    /// From the oldest, each with its number.
    open: Mutex<VecDeque<(u64, TcpStream)>>,
}

impl Server {
    /// Listens at `address`, such as `127.0.0.1:8082` or `[::]:8082`, and serves until `stop` is set.
    ///
    /// # Errors
    /// `InvalidInput` when it is no address; what the system says.
    pub fn start(address: &str, routes: Vec<Route>, stop: &Stop) -> io::Result<Self> {
        Self::start_with(LIMITS, address, routes, stop)
    }

    fn start_with(limits: Limits, address: &str, routes: Vec<Route>, stop: &Stop) -> io::Result<Self> {
        let (host, port) = host_and_port(address).ok_or(io::ErrorKind::InvalidInput)?;
        let listener = socket::listen_tcp(host, port)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { routes, limits, open: Mutex::default() });
        let stopped = stop.clone();
        let serve = move || accept(&listener, &shared, &stopped);
        let thread = std::thread::Builder::new().name("http".into()).spawn(serve)?;
        let asked = stop.clone();
        stop.on_news(move || {
            if asked.is_set() {
                // whoever waits for a connection gets one
                _ = TcpStream::connect_timeout(&reachable(address), Duration::from_millis(200));
            }
        });
        Ok(Self { address, thread })
    }

    /// Where it listens; the port that the system has chosen when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has stopped to listen.
    pub fn join(self) {
        // nothing in it panics, and there would be nothing to do
        _ = self.thread.join();
    }
}

/// `HOST:PORT`; a host with colons is in brackets.
fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    // `:8082` is every address of the machine, as Go has it
    Some((if host.is_empty() { "::" } else { host }, port.parse().ok()?))
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, stop: &Stop) {
    for number in 0.. {
        let accepted = listener.accept();
        if stop.is_set() {
            break;
        }
        // too many open files, or a client that has gone already
        let Ok((stream, _)) = accepted else {
            if stop.wait(Duration::from_millis(100)) {
                break;
            }
            continue;
        };
        let Ok(clone) = stream.try_clone() else { continue };
        {
            let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
            while open.len() >= MAX_CONNECTIONS
                && let Some((_, oldest)) = open.pop_front()
            {
                _ = oldest.shutdown(Shutdown::Both);
            }
            open.push_back((number, clone));
        }
        let serving = Serving { shared: Arc::clone(shared), number };
        let serve = move || serving.serve(&stream);
        // without a thread the connection ends at once
        _ = std::thread::Builder::new().name("http".into()).spawn(serve);
    }
}

/// One connection. It is not open any more when this is dropped.
struct Serving {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(number, _)| *number != self.number);
    }
}

impl Serving {
    fn serve(&self, stream: &TcpStream) {
        let limits = self.shared.limits;
        let (reply, extra, body) = match read_head(stream, limits.head) {
            Ok(head) => match request::parse(&head) {
                Ok(request) => self.answer(&request),
                Err(Unreadable::Malformed) => (Reply::text(400, "bad request"), "", true),
                Err(Unreadable::Version) => (Reply::text(505, "HTTP/1.0 or HTTP/1.1"), "", true),
            },
            Err(Head::TooLong) => (Reply::text(431, "the head is too long"), "", true),
            Err(Head::TooSlow) => (Reply::text(408, "too slow"), "", true),
            // nobody is there
            Err(Head::Gone) => return,
        };
        if write_reply(stream, &reply, extra, body, limits.answer).is_ok() {
            _ = stream.shutdown(Shutdown::Write);
            read_rest(stream, limits.rest);
        }
    }

    /// The answer, headers that belong to it, and whether its body is wanted.
    fn answer(&self, request: &Request<'_>) -> (Reply, &'static str, bool) {
        let body = request.method != "HEAD";
        let Some(route) = self.shared.routes.iter().find(|route| route.path == request.path) else {
            return (Reply::text(404, "not found"), "", body);
        };
        if !matches!(request.method, "GET" | "HEAD") {
            return (Reply::text(405, "method not allowed"), "Allow: GET, HEAD\r\n", true);
        }
        ((route.answer)(), "", body)
    }
}

enum Head {
    TooLong,
    TooSlow,
    Gone,
}

/// Reads until the empty line, and perhaps a little further.
fn read_head(mut stream: &TcpStream, limit: u64) -> Result<Vec<u8>, Head> {
    let end = clock::monotonic_millis() + limit;
    let mut head = Vec::new();
    let mut buffer = [0; 1_024];
    loop {
        let Some(left) = left(end) else {
            return Err(Head::TooSlow);
        };
        stream.set_read_timeout(Some(left)).map_err(|_| Head::Gone)?;
        match stream.read(&mut buffer) {
            Ok(0) => return Err(Head::Gone),
            Ok(read) => {
                // three bytes of what was there may begin the empty line
                let from = head.len().saturating_sub(3);
                head.extend_from_slice(&buffer[..read]);
                if let Some(length) = request::head_end(&head[from..]) {
                    head.truncate(from + length);
                    return if head.len() > MAX_HEAD { Err(Head::TooLong) } else { Ok(head) };
                }
                if head.len() > MAX_HEAD {
                    return Err(Head::TooLong);
                }
            }
            Err(error) if is_timeout(&error) || error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Head::Gone),
        }
    }
}

fn write_reply(mut stream: &TcpStream, reply: &Reply, extra: &str, body: bool, limit: u64) -> io::Result<()> {
    let end = clock::monotonic_millis() + limit;
    let Reply { status, content_type, body: text } = reply;
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\n{extra}Connection: close\r\n\r\n",
        request::reason(*status),
        text.len()
    );
    for mut part in [head.as_bytes(), if body { text.as_bytes() } else { b"" }] {
        while !part.is_empty() {
            stream.set_write_timeout(Some(left(end).ok_or(io::ErrorKind::TimedOut)?))?;
            match stream.write(part) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => part = &part[written..],
                Err(error) if is_timeout(&error) || error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Reads on for a short while, so that the answer is not lost to a reset.
fn read_rest(mut stream: &TcpStream, limit: u64) {
    let end = clock::monotonic_millis() + limit;
    let mut buffer = [0; 4_096];
    let mut total = 0;
    while total < MAX_REST
        && let Some(left) = left(end)
        && stream.set_read_timeout(Some(left)).is_ok()
        && let Ok(read @ 1..) = stream.read(&mut buffer)
    {
        total += read;
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// How long it is until `end`; `None` when that is over.
fn left(end: u64) -> Option<Duration> {
    end.checked_sub(clock::monotonic_millis()).filter(|left| *left > 0).map(Duration::from_millis)
}

#[cfg(test)]
mod tests;
