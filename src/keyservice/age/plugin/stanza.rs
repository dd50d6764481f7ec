//! Stanzas on the way to a plugin and back: `-> TYPE ARGUMENTS`, then a body in base64, 64 characters a line, the last
//! line shorter (C2SP age, "recipient stanza").

use std::io::{self, BufRead, Read};

use age_core::format::Stanza;
use zeroize::Zeroizing;

/// Longest line: arguments hold keys, and post-quantum ones are long.
const MAX_LINE: u64 = 64 * 1024;
/// Largest body.
const MAX_BODY: usize = 1024 * 1024;
const COLUMNS: usize = 64;

/// A stanza as it is written.
pub(super) fn encode(kind: &str, args: &[&str], body: &[u8]) -> Zeroizing<Vec<u8>> {
    let body = Zeroizing::new(base64_simd::STANDARD_NO_PAD.encode_to_string(body));
    let length = kind.len() + args.iter().map(|arg| arg.len() + 1).sum::<usize>() + body.len() * 65 / 64 + 8;
    // room for all of it, so that no unwiped copy is left when it grows
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    out.extend_from_slice(b"-> ");
    out.extend_from_slice(kind.as_bytes());
    for arg in args {
        out.push(b' ');
        out.extend_from_slice(arg.as_bytes());
    }
    out.push(b'\n');
    for line in body.as_bytes().chunks(COLUMNS) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    if body.len().is_multiple_of(COLUMNS) {
        out.push(b'\n');
    }
    out
}

/// The next stanza; `Ok(None)` at the end.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for anything that is no stanza.
pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Stanza>> {
    let Some(head) = line(from)? else {
        return Ok(None);
    };
    let mut words = head.strip_prefix("-> ").ok_or(io::ErrorKind::InvalidData)?.split(' ').map(str::to_owned);
    let tag = words.next().filter(|tag| !tag.is_empty()).ok_or(io::ErrorKind::InvalidData)?;
    let args = words.collect();
    let mut body = Zeroizing::new(String::new());
    loop {
        let line = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.len() > COLUMNS || body.len() > MAX_BODY {
            return Err(io::ErrorKind::InvalidData.into());
        }
        body.push_str(&line);
        if line.len() < COLUMNS {
            break;
        }
    }
    let body = base64_simd::STANDARD_NO_PAD.decode_to_vec(body.as_bytes()).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(Stanza { tag, args, body }))
}

fn line(from: &mut impl BufRead) -> io::Result<Option<Zeroizing<String>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if from.take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let text = bytes.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
    Ok(Some(Zeroizing::new(text.ok_or(io::ErrorKind::InvalidData)?.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for length in [0, 1, 47, 48, 49, 96, 200] {
            let body = vec![7; length];
            let text = encode("kind", &["a", "b"], &body);
            let mut from = text.as_slice();
            let stanza = read(&mut from).unwrap().unwrap();
            assert_eq!((stanza.tag.as_str(), stanza.args.len(), stanza.body), ("kind", 2, body));
            assert!(read(&mut from).unwrap().is_none());
        }
    }

    #[test]
    fn what_is_no_stanza_is_refused() {
        for text in ["hello\n\n", "-> \n\n", "-> a\n!\n", "-> a\n", "-> a", "\u{1b}[31m\n", "-> a\nAAAA"] {
            assert!(read(&mut text.as_bytes()).is_err(), "{text:?}");
        }
        let endless = vec![b'x'; 200_000];
        assert!(read(&mut endless.as_slice()).is_err());
    }
}
