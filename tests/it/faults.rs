//! A proxy between a client and a real server that misbehaves on demand, and counts: requests, and connections.
//!
//! It speaks HTTP/1.1 without TLS. What it is told to do holds for requests whose path begins with something, for so many of them;
//! everything else goes through.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What happens to one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This is answered: status, more header lines (each with `\r\n`), body.
    Answer(u16, &'static str, Vec<u8>),
    /// The real answer, after a while.
    Late(Duration),
    /// The real answer's beginning, then nothing for a while.
    SlowBody(Duration),
    /// The real answer without its second half, then the end of the connection.
    CutBody,
    /// The connection ends without an answer.
    Reset,
    /// The request goes through, and the connection ends without an answer.
    Lost,
}

impl Fault {
    /// An error of Vault's.
    pub fn errors(status: u16, text: &str) -> Self {
        Self::Answer(status, "", serde_json::json!({"errors": [text]}).to_string().into_bytes())
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// With what follows `?`.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// The value of a header; its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

struct Rule {
    prefix: String,
    /// How many requests go through before.
    skip: usize,
    /// How many it is done to; for ever when `None`.
    times: Option<usize>,
    fault: Fault,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<Seen>,
    sockets: usize,
    open: usize,
    most_open: usize,
}

/// See the file's description.
pub struct FaultProxy {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl FaultProxy {
    /// Between whoever asks and the server at `target`, which is `host:port`.
    pub fn start(target: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        let target = target.into();
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                let (state, target) = (shared.clone(), target.clone());
                {
                    let mut state = state.lock().unwrap();
                    state.sockets += 1;
                    state.open += 1;
                    state.most_open = state.most_open.max(state.open);
                }
                thread::spawn(move || {
                    // a client that goes away in the middle is what some tests want
                    _ = serve(&client, &target, &state);
                    _ = client.shutdown(Shutdown::Both);
                    state.lock().unwrap().open -= 1;
                });
            }
        });
        Self { port, state }
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on `fault` happens to requests whose path begins with `prefix` (`/v1/…`): `skip` of them go through first, and `times`
    /// of them are hit.
    pub fn hit(&self, prefix: &str, skip: usize, times: Option<usize>, fault: Fault) -> &Self {
        self.state.lock().unwrap().rules.push(Rule { prefix: prefix.to_owned(), skip, times, fault });
        self
    }

    /// The same for all of them.
    pub fn always(&self, prefix: &str, fault: Fault) -> &Self {
        self.hit(prefix, 0, None, fault)
    }

    /// No faults from now on, and nothing was asked or opened yet.
    pub fn clear(&self) {
        let mut state = self.state.lock().unwrap();
        let open = state.open;
        *state = State { open, most_open: open, ..State::default() };
    }

    /// What was asked, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Method and path of what was asked, in order.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().seen.len()
    }

    /// How many connections were opened, and how many were open at once.
    pub fn sockets(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.sockets, state.most_open)
    }
}

fn take_fault(state: &Mutex<State>, seen: Seen) -> Option<Fault> {
    let mut state = state.lock().unwrap();
    let path = seen.path.clone();
    state.seen.push(seen);
    for rule in &mut state.rules {
        if !path.starts_with(&rule.prefix) {
            continue;
        }
        if rule.skip > 0 {
            rule.skip -= 1;
            continue;
        }
        match &mut rule.times {
            Some(0) => continue,
            Some(left) => *left -= 1,
            None => {}
        }
        return Some(rule.fault.clone());
    }
    None
}

fn serve(client: &TcpStream, target: &str, state: &Mutex<State>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut from_client = BufReader::new(client.try_clone()?);
    let mut server: Option<BufReader<TcpStream>> = None;
    while let Some(head) = Head::read(&mut from_client)? {
        let body = head.body(&mut from_client)?;
        let mut words = head.lines[0].split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let seen = Seen { method: word(), path: word(), headers: head.headers(), body: body.clone() };
        let fault = take_fault(state, seen);
        match &fault {
            Some(Fault::Answer(status, headers, body)) => {
                let length = body.len();
                let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n");
                (&mut &*client).write_all(&[text.as_bytes(), body].concat())?;
                continue;
            }
            Some(Fault::Reset) => return Ok(()),
            Some(Fault::Late(time)) => thread::sleep(*time),
            _ => {}
        }
        let mut upstream = match server.take() {
            Some(upstream) => upstream,
            None => {
                let stream = TcpStream::connect(target)?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        upstream.get_mut().write_all(&[head.bytes().as_slice(), &body].concat())?;
        let Some(answer) = Head::read(&mut upstream)? else { return Ok(()) };
        let body = answer.body(&mut upstream)?;
        let whole = [answer.with_length(body.len()).as_slice(), &body].concat();
        match fault {
            Some(Fault::Lost) => return Ok(()),
            Some(Fault::CutBody) => return (&mut &*client).write_all(&whole[..whole.len() - body.len() / 2]),
            Some(Fault::SlowBody(time)) => {
                (&mut &*client).write_all(&whole[..whole.len() - body.len() / 2])?;
                thread::sleep(time);
                return Ok(());
            }
            _ => (&mut &*client).write_all(&whole)?,
        }
        server = Some(upstream);
    }
    Ok(())
}

/// The first line and the headers of a request or an answer.
struct Head {
    lines: Vec<String>,
}

impl Head {
    fn read(from: &mut impl BufRead) -> std::io::Result<Option<Self>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" if lines.is_empty() => {}
                "" => return Ok(Some(Self { lines })),
                line => lines.push(line.to_owned()),
            }
        }
    }

    fn headers(&self) -> Vec<(String, String)> {
        let split =
            |line: &String| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        self.lines.iter().skip(1).filter_map(split).collect()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers().into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    fn body(&self, from: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if self.header("transfer-encoding").is_some_and(|value| value == "chunked") {
            loop {
                let mut line = String::new();
                from.read_line(&mut line)?;
                let size = u64::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
                from.by_ref().take(size).read_to_end(&mut body)?;
                from.read_line(&mut line)?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        let length = self.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        from.take(length).read_to_end(&mut body)?;
        Ok(body)
    }

    fn bytes(&self) -> Vec<u8> {
        format!("{}\r\n\r\n", self.lines.join("\r\n")).into_bytes()
    }

    /// With a length in place of chunks.
    fn with_length(&self, length: usize) -> Vec<u8> {
        let is_framing = |line: &String| {
            let name = line.split(':').next().unwrap_or_default().to_lowercase();
            ["transfer-encoding", "content-length"].contains(&name.as_str())
        };
        let lines: Vec<_> = self.lines.iter().filter(|line| !is_framing(line)).cloned().collect();
        format!("{}\r\nContent-Length: {length}\r\n\r\n", lines.join("\r\n")).into_bytes()
    }
}
