//! Base64 as Go's `base64.StdEncoding` reads it: line ends anywhere, padding required, stray bits at the end ignored.

use base64_simd::STANDARD;

/// Appends the bytes that `text` spells. The fast decoder is tried first; what it refuses is read again with Go's leniency.
///
/// # Errors
/// The byte of the text, from 0, that Go names; what was appended then is not meant.
pub fn decode_append(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    let start = out.len();
    if STANDARD.decode_append(text, out).is_ok() {
        return Ok(());
    }
    out.truncate(start);
    leniently(text, out)
}

/// Group by group.
fn leniently(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    let mut input = text.iter().copied().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'));
    loop {
        let (mut group, mut length) = (0_u32, 0);
        while length < 4 {
            let Some((at, byte)) = input.next() else {
                return if length == 0 { Ok(()) } else { Err(text.len() - length) };
            };
            match sextet(byte) {
                Some(bits) => group = group << 6 | bits,
                None if byte == b'=' && length >= 2 => return padded(group, length, input, text.len(), out),
                None => return Err(at),
            }
            length += 1;
        }
        out.extend_from_slice(&group.to_be_bytes()[1..]);
    }
}

/// The end: what `length` characters of the last group spell, if only its padding follows.
fn padded(
    group: u32,
    length: usize,
    mut input: impl Iterator<Item = (usize, u8)>,
    end: usize,
    out: &mut Vec<u8>,
) -> Result<(), usize> {
    if length == 2 {
        match input.next() {
            Some((_, b'=')) => {}
            // Go points before the character, wherever that is
            Some((at, _)) => return Err(at - 1),
            None => return Err(end),
        }
    }
    if let Some((at, _)) = input.next() {
        return Err(at);
    }
    let group = group << (6 * (4 - length));
    out.extend_from_slice(&group.to_be_bytes()[1..length]);
    Ok(())
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Vec<u8>, usize> {
        let mut out = Vec::new();
        decode_append(text.as_bytes(), &mut out).map(|()| out)
    }

    /// Every row was compared with Go 1.26 `base64.StdEncoding.DecodeString`.
    #[test]
    fn as_go_reads_it() {
        let good: [(&str, &[u8]); 9] = [
            ("", b""),
            ("Zg==", b"f"),
            ("Zh==", b"f"),
            ("Zm9=", b"fo"),
            ("Zm9v", b"foo"),
            ("Z\r\nm9v\n", b"foo"),
            ("Zg=\n=\r", b"f"),
            ("\r", b""),
            ("Zm9vZg==", b"foof"),
        ];
        for (text, bytes) in good {
            assert_eq!(decode(text).as_deref(), Ok(bytes), "{text:?}");
        }
        for text in ["Z", "Zg", "Zg=", "Zm9", "=", "====", "Zg==Zg==", "Zm9v=", "Zg= =", "Zm 9v", "Zm-_", "Z==="] {
            assert!(decode(text).is_err(), "{text:?}");
        }
    }
}
