//! The server, asked by friends and by others.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn routes() -> Vec<Route> {
    vec![
        Route::new("/healthz", || Reply::text(200, "ok")),
        Route::new("/readyz", || Reply::text(503, "not yet")),
        Route::new("/metrics", || Reply { status: 200, content_type: "a/b", body: "x".repeat(3_000_000) }),
        Route::new("/panics", || panic!("a mistake")),
    ]
}

fn server(limits: Limits) -> (Server, Stop) {
    let stop = Stop::new();
    (Server::start_with(limits, "127.0.0.1:0", routes(), &stop).unwrap(), stop)
}

/// Sends `request` and returns all of the answer; empty when there is none.
fn ask(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // the server may have answered and gone before it has all of it
    _ = stream.write_all(request);
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn answers() {
    let (server, stop) = server(LIMITS);
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(20_000));
    let endless = "x".repeat(40_000);
    for (request, status, body) in [
        ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK", "ok\n"),
        ("GET /healthz?verbose HTTP/1.0\n\n", "200 OK", "ok\n"),
        ("HEAD /healthz HTTP/1.1\r\n\r\n", "200 OK", ""),
        ("GET /readyz HTTP/1.1\r\n\r\n", "503 Service Unavailable", "not yet\n"),
        ("GET / HTTP/1.1\r\n\r\n", "404 Not Found", "not found\n"),
        ("GET /healthz/ HTTP/1.1\r\n\r\n", "404 Not Found", "not found\n"),
        ("POST /nothing HTTP/1.1\r\n\r\n", "404 Not Found", "not found\n"),
        ("POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed", "method not allowed\n"),
        ("GET /healthz HTTP/3\r\n\r\n", "505 HTTP Version Not Supported", "HTTP/1.0 or HTTP/1.1\n"),
        ("hello\r\n\r\n", "400 Bad Request", "bad request\n"),
        ("\u{16}\u{3}\u{1}\0\n\n", "400 Bad Request", "bad request\n"),
        (&long, "431 Request Header Fields Too Large", "the head is too long\n"),
        (&endless, "431 Request Header Fields Too Large", "the head is too long\n"),
    ] {
        let answer = ask(&server, request.as_bytes());
        let (head, found) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request:.60?}: {answer:?}"));
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request:.60?}: {head}");
        assert!(head.ends_with("\r\nConnection: close"), "{head}");
        assert_eq!(found, body, "{request:.60?}");
        let length = if request.starts_with("HEAD") { 3 } else { body.len() };
        assert!(head.contains(&format!("\r\nContent-Length: {length}\r\n")), "{head}");
        assert_eq!(head.contains("\r\nAllow: GET, HEAD\r\n"), status.starts_with("405"));
    }
    let answer = ask(&server, b"GET /metrics HTTP/1.1\r\n\r\n");
    assert!(answer.contains("\r\nContent-Type: a/b\r\n") && answer.len() > 3_000_000);
    // nobody speaks; a mistake of ours; neither is the end
    drop(TcpStream::connect(server.address()).unwrap());
    assert_eq!(ask(&server, b"GET /panics HTTP/1.1\r\n\r\n"), "");
    assert!(ask(&server, b"GET /healthz HTTP/1.1\r\n\r\n").ends_with("ok\n"));
    stop.set();
    let address = server.address();
    server.join();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn who_is_slow_is_ended() {
    let (server, stop) = server(Limits { head: 50, answer: 50, rest: 50 });
    let mut slow = TcpStream::connect(server.address()).unwrap();
    slow.write_all(b"GET /hea").unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    // a reader that does not read: its connection ends before it has all
    let mut lazy = TcpStream::connect(server.address()).unwrap();
    lazy.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    let end = clock::monotonic_millis() + 60_000;
    while lazy.write(b"x").is_ok() {
        assert!(clock::monotonic_millis() < end, "it is served for ever");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(is_idle(&server));
    stop.set();
    server.join();
}

/// Whether the server answers, which means that there was a free place.
fn is_idle(server: &Server) -> bool {
    ask(server, b"GET /healthz HTTP/1.1\r\n\r\n").ends_with("ok\n")
}

#[test]
fn a_crowd_that_says_nothing_does_not_keep_others_out() {
    // no time limit helps here
    let (server, stop) = server(Limits { head: 3_600_000, answer: 3_600_000, rest: 500 });
    let crowd: Vec<TcpStream> =
        (0..5 * MAX_CONNECTIONS).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    for mut silent in &crowd {
        // some were ended already
        _ = silent.write_all(b"GET /");
    }
    for _ in 0..3 {
        assert!(is_idle(&server));
    }
    // the first ones were ended
    let mut first = &crowd[0];
    assert!(matches!(first.read(&mut [0; 9]), Ok(0) | Err(_)));
    stop.set();
    server.join();
}

#[test]
fn many_at_a_time() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let count = Route::new("/count", move || Reply::text(200, &counted.fetch_add(1, Ordering::SeqCst).to_string()));
    let stop = Stop::new();
    let server = Server::start("127.0.0.1:0", vec![count], &stop).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    // on a busy machine one that waits too long makes room for others, and asks again
                    let is_good = || ask(&server, b"GET /count HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n");
                    assert!((0..10).any(|_| is_good()));
                }
            });
        }
    });
    assert!(asked.load(Ordering::SeqCst) >= 100);
    stop.set();
    server.join();
}

#[test]
fn addresses() {
    for (address, wanted) in [
        ("127.0.0.1:8082", Some(("127.0.0.1", 8_082))),
        ("[::]:8082", Some(("::", 8_082))),
        ("localhost:0", Some(("localhost", 0))),
        (":8082", Some(("::", 8_082))),
        ("::1:8082", None),
        ("[::1]", None),
        ("[::1:8082", None),
        ("127.0.0.1", None),
        ("a:65536", None),
        ("", None),
    ] {
        assert_eq!(host_and_port(address), wanted, "{address}");
    }
    let stop = Stop::new();
    let wrong = Server::start("nowhere", vec![], &stop).unwrap_err();
    assert_eq!(wrong.kind(), io::ErrorKind::InvalidInput);
    // set before it begins: it ends at once
    stop.set();
    Server::start("0.0.0.0:0", routes(), &stop).unwrap().join();
}
