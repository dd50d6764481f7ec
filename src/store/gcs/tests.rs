//! The client against a server on this machine: what it sends, and what it makes of the answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;
use crate::net::google::Login;
use crate::secret::SecretText;

/// The lines of a request, and its body.
type Request = (Vec<String>, Vec<u8>);

/// Gives these answers, one for each connection; what it was asked.
fn server(answers: Vec<(u16, &'static str)>) -> (u16, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = channel();
    thread::spawn(move || {
        for (status, answer) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim_end().is_empty() {
                    break;
                }
                lines.push(line.trim_end().to_owned());
            }
            let length =
                lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            sender.send((lines, body)).unwrap();
            let length = answer.len();
            let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{answer}");
            stream.write_all(head.as_bytes()).unwrap();
        }
    });
    (port, asked)
}

/// A client with a token for a server on this machine.
fn with_token(port: u16) -> Gcs {
    let identity = Identity::new(&Login::Token(SecretText::new("hunter2".into()))).unwrap();
    let base = Address::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    Gcs(Google::new(base, Some(identity), TIMEOUT).unwrap())
}

fn object() -> Object {
    Object::new("b-1", "p \u{e9}?/../a.yaml").unwrap()
}

#[test]
fn what_is_sent() {
    let (port, asked) = server(vec![(200, "{}")]);
    with_token(port).put(&object(), b"a: 1\n").unwrap();
    let (lines, body) = asked.recv().unwrap();
    let name = "p%20%C3%A9%3F%2F..%2Fa.yaml";
    assert_eq!(lines[0], format!("POST /upload/storage/v1/b/b-1/o?uploadType=multipart&name={name} HTTP/1.1"));
    let header = |name: &str| lines.iter().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
    assert_eq!(header("authorization: ").unwrap(), "bearer hunter2");
    let boundary = header("content-type: multipart/related; boundary=").unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Type: application/json\r\n\r\n\
         {{\"bucket\":\"b-1\",\"crc32c\":\"yS4ZUA==\",\"name\":\"p \u{e9}?/../a.yaml\"}}\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\na: 1\n\r\n--{boundary}--\r\n"
    );
    let sum = base64_simd::STANDARD.encode_to_string(crc32c(b"a: 1\n").to_be_bytes());
    assert_eq!(String::from_utf8(body).unwrap(), expected.replace("yS4ZUA==", &sum));
}

#[test]
fn what_passes_is_tried_again_and_the_rest_is_not() {
    let (port, asked) = server(vec![(503, "busy"), (429, "{}"), (200, "{}")]);
    with_token(port).put(&object(), b"x").unwrap();
    assert_eq!(asked.try_iter().count(), 3);
    for (status, answer, wanted) in [
        (401, "{}", "gcs://b-1: http://127.0.0.1:PORT: HTTP status 401"),
        (403, r#"{"error":{"message":"hunter2 may not"}}"#, "HTTP status 403: [REDACTED] may not"),
        (307, "", "HTTP status 307: redirects to an unnamed place, which is not followed"),
        (200, "hello", "an answer that nobody understands"),
        (200, "[]", "an answer that nobody understands"),
    ] {
        let (port, asked) = server(vec![(status, answer)]);
        let error = with_token(port).put(&object(), b"x").unwrap_err();
        let wanted = wanted.replace("PORT", &port.to_string());
        assert!(error.to_string().contains(&wanted), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert_eq!(asked.try_iter().count(), 1);
    }
}

#[test]
fn an_emulator_is_where_its_variable_says() {
    for (text, place) in [
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://localhost:9000/storage/v1/", "http://localhost:9000"),
        ("storage.local", "http://storage.local"),
    ] {
        assert_eq!(Gcs::emulator(text).unwrap().0.place(), place);
    }
    for text in ["ftp://x", "http://me:hunter2@x", ":9000", "x:port", "a b"] {
        let error = Gcs::emulator(text).unwrap_err();
        assert!(matches!(error, GcsError::Emulator(_)) && !error.to_string().contains("hunter2"), "{text}: {error}");
    }
    let (port, asked) = server(vec![(200, "{}")]);
    Gcs::emulator(&format!("127.0.0.1:{port}")).unwrap().put(&object(), b"x").unwrap();
    let (lines, _) = asked.recv().unwrap();
    assert!(!lines.iter().any(|line| line.to_lowercase().starts_with("authorization")), "{lines:?}");
}

#[test]
fn names() {
    for bucket in ["", "B", "a/b", "..", "a?b", &"x".repeat(223)] {
        assert!(matches!(Object::new(bucket, "n"), Err(GcsError::Bucket(_))), "{bucket}");
    }
    for name in ["", ".", "..", "a\nb", &"x".repeat(1025)] {
        assert!(matches!(Object::new("b", name), Err(GcsError::Name(_))), "{name}");
    }
    assert!(Object::new("example.com", "../x").is_ok());
}

#[test]
fn bytes_are_text_unless_they_are_not() {
    assert_eq!(content_type(b"\xEF\xBB\xBFa: \x1b\t\r\n\xFF"), "text/plain; charset=utf-8");
    assert_eq!(content_type(b"a\0"), "application/octet-stream");
}

#[test]
fn whoever_does_not_answer_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Address::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let gcs = Gcs(Google::new(base, None, Duration::from_millis(200)).unwrap());
    let error = gcs.put(&object(), b"x").unwrap_err();
    assert!(matches!(error, GcsError::Google { source: GoogleError::Timeout { .. }, .. }), "{error}");
}
