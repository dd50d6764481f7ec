//! URLs as Go's `net/url` takes them apart and puts them together.

use core::net::Ipv6Addr;

/// A URL in its parts.
#[derive(Default)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<User>,
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// The user before the host.
pub(super) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl User {
    /// As it stands in a URL.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = escape(&self.name, Part::User);
        if let Some(password) = &self.password {
            text.push(b':');
            text.extend(escape(password, Part::User));
        }
        text
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

fn is_plain(byte: u8, part: Part) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => true,
        b'$' | b'&' | b'+' | b',' | b';' | b'=' => true,
        b':' => part != Part::User,
        b'/' | b'@' => matches!(part, Part::Path | Part::Fragment),
        b'?' => part == Part::Fragment,
        b'!' | b'(' | b')' | b'*' => matches!(part, Part::Fragment | Part::Host | Part::Zone),
        b'\'' | b'"' | b'<' | b'>' | b'[' | b']' => matches!(part, Part::Host | Part::Zone),
        _ => false,
    }
}

fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if is_plain(*byte, part) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
}

fn unescape(text: &[u8], part: Part) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        if byte == b'%' {
            let value = hex(text.get(at + 1))? << 4 | hex(text.get(at + 2))?;
            let is_percent = value == b'%';
            if part == Part::Host && value < 0x80 && !is_percent {
                return None;
            }
            if part == Part::Zone && !is_percent && value != b' ' && !is_plain(value, Part::Host) {
                return None;
            }
            out.push(value);
            at += 3;
            continue;
        }
        if matches!(part, Part::Host | Part::Zone) && byte < 0x80 && !is_plain(byte, part) {
            return None;
        }
        out.push(byte);
        at += 1;
    }
    Some(out)
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == at) {
        Some(found) => (&text[..found], Some(&text[found + 1..])),
        None => (text, None),
    }
}

/// The scheme, and what comes after its colon; `None` for a colon without a scheme.
fn scheme(text: &[u8]) -> Option<(&[u8], &[u8])> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Some((b"", text))
}

fn is_optional_port(text: &[u8]) -> bool {
    text.is_empty() || (text[0] == b':' && text[1..].iter().all(u8::is_ascii_digit))
}

impl Url {
    /// `url.Parse`
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (text, fragment) = cut(text, b'#');
        let mut url = Self::parse_without_fragment(text)?;
        url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)?;
        Some(url)
    }

    fn parse_without_fragment(text: &[u8]) -> Option<Self> {
        if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return None;
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = b"*".to_vec();
            return Some(url);
        }
        let (scheme, rest) = scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Some(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return None;
            }
        }
        if rest.starts_with(b"//") && (!url.scheme.is_empty() || !rest.starts_with(b"///")) {
            let end = rest[2..].iter().position(|byte| *byte == b'/').map_or(rest.len(), |slash| slash + 2);
            url.read_authority(&rest[2..end])?;
            rest = &rest[end..];
        }
        url.path = unescape(rest, Part::Path)?;
        Some(url)
    }

    fn read_authority(&mut self, authority: &[u8]) -> Option<()> {
        let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else {
            self.host = self.parse_host(authority)?;
            return Some(());
        };
        self.host = self.parse_host(&authority[at + 1..])?;
        let user = &authority[..at];
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
        if !user.iter().all(fits) {
            return None;
        }
        let (name, password) = cut(user, b':');
        let password = match password {
            Some(password) => Some(unescape(password, Part::User)?),
            None => None,
        };
        self.user = Some(User { name: unescape(name, Part::User)?, password });
        Some(())
    }

    fn parse_host(&self, host: &[u8]) -> Option<Vec<u8>> {
        match host.iter().rposition(|byte| *byte == b'[') {
            Some(0) => return ip_literal(host),
            Some(_) => return None,
            None => {}
        }
        let first = host.iter().position(|byte| *byte == b':');
        // lists of hosts have several colons; of those only the last one is before a port
        let strict = matches!(self.scheme.as_slice(), b"http" | b"https");
        let colon = if strict { first } else { host.iter().rposition(|byte| *byte == b':') };
        if colon.is_some_and(|colon| !is_optional_port(&host[colon..])) {
            return None;
        }
        unescape(host, Part::Host)
    }

    /// The host without its port and brackets.
    pub(super) fn hostname(&self) -> &[u8] {
        let mut host = self.host.as_slice();
        if let Some(colon) = host.iter().rposition(|byte| *byte == b':')
            && is_optional_port(&host[colon..])
        {
            host = &host[..colon];
        }
        host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host)
    }

    /// `URL.String`
    pub(super) fn text(&self) -> Vec<u8> {
        let mut out = vec![];
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Part::Fragment));
        }
        out
    }

    fn write_hierarchy(&self, out: &mut Vec<u8>) {
        let has_host = !self.host.is_empty() || self.user.is_some();
        if !self.scheme.is_empty() || has_host {
            if has_host || !self.path.is_empty() {
                out.extend_from_slice(b"//");
            }
            if let Some(user) = &self.user {
                out.extend(user.text());
                out.push(b'@');
            }
            out.extend(escape(&self.host, Part::Host));
        }
        let path = if self.path == b"*" { b"*".to_vec() } else { escape(&self.path, Part::Path) };
        if !path.is_empty() && path[0] != b'/' && !self.host.is_empty() {
            out.push(b'/');
        }
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

/// `[fe80::1%25en0]:80`
fn ip_literal(host: &[u8]) -> Option<Vec<u8>> {
    let close = host.iter().rposition(|byte| *byte == b']')?;
    let port = &host[close + 1..];
    if !is_optional_port(port) {
        return None;
    }
    let name = &host[1..close];
    let zone = name.windows(3).position(|window| window == b"%25");
    let (address, zone) = name.split_at(zone.unwrap_or(name.len()));
    let address = unescape(address, Part::Host)?;
    let zone = unescape(zone, Part::Zone)?;
    std::str::from_utf8(&address).ok()?.parse::<Ipv6Addr>().ok()?;
    if zone == b"%" {
        return None;
    }
    Some([b"[".as_slice(), &address, &zone, b"]", port].concat())
}
