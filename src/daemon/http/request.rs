//! The head of a request, of anybody's making.

/// What we need to know of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// Without the query.
    pub(super) path: &'a str,
}

/// Why it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Malformed,
    Version,
}

/// Where the head ends, its empty line included.
pub(super) fn head_end(bytes: &[u8]) -> Option<usize> {
    let unix = bytes.windows(2).position(|pair| pair == b"\n\n").map(|at| at + 2);
    let dos = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    [unix, dos].into_iter().flatten().min()
}

/// Reads a head (RFC 9112, 3 and 5).
pub(super) fn parse(head: &[u8]) -> Result<Request<'_>, Unreadable> {
    use Unreadable::{Malformed, Version};
    let head = std::str::from_utf8(head).map_err(|_| Malformed)?;
    let mut lines = head.lines();
    let mut parts = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Malformed);
    };
    if !is_token(method) || !version.starts_with("HTTP/") || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Malformed);
    }
    if !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
        return Err(Version);
    }
    for line in lines.take_while(|line| !line.is_empty()) {
        let name = line.split_once(':').map(|(name, _)| name);
        if !name.is_some_and(is_token) || line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(Malformed);
        }
    }
    // `http://host/path` is what proxies ask for
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    Ok(Request { method, path })
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The words that go with a number.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        // may be empty
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn heads() {
        use Unreadable::{Malformed, Version};
        for (head, wanted) in [
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", Ok(("GET", "/metrics"))),
            ("HEAD /a?b=/c#d HTTP/1.0\n\n", Ok(("HEAD", "/a"))),
            ("GET http://a:1/healthz HTTP/1.1\r\n\r\n", Ok(("GET", "/healthz"))),
            ("GET http://a HTTP/1.1\r\n\r\n", Ok(("GET", "/"))),
            ("OPTIONS * HTTP/1.1\r\n\r\n", Ok(("OPTIONS", "*"))),
            ("GET /\r\n\r\n", Err(Malformed)),
            ("GET  / HTTP/1.1\r\n\r\n", Err(Malformed)),
            ("G\0T / HTTP/1.1\r\n\r\n", Err(Malformed)),
            ("GET /é HTTP/1.1\r\n\r\n", Err(Malformed)),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Err(Malformed)),
            ("GET / HTTP/1.1\r\n folded: x\r\n\r\n", Err(Malformed)),
            ("GET / HTTP/1.1\r\na: \x1b\r\n\r\n", Err(Malformed)),
            ("GET / HTTP/2.0\r\n\r\n", Err(Version)),
            ("\r\n\r\n", Err(Malformed)),
            ("", Err(Malformed)),
        ] {
            let found = parse(head.as_bytes()).map(|request| (request.method, request.path));
            assert_eq!(found, wanted, "{head:?}");
        }
        assert_eq!(parse(b"GET /\xff HTTP/1.1\r\n\r\n"), Err(Malformed));
        assert_eq!((head_end(b"a\r\n\r\nb\n\n"), head_end(b"a\n\nb"), head_end(b"a\r\nb\n")), (Some(5), Some(3), None));
    }

    proptest! {
        #[test]
        fn total(head in any::<Vec<u8>>(), text in "[A-Z ]{0,5} [/a-z?#:]{0,9} HTTP/1[.][01]\r?\n[a-z: \r\n]{0,30}") {
            _ = (parse(&head), head_end(&head), parse(text.as_bytes()));
        }
    }
}
