//! Base64 as Go's `StdEncoding` reads it.

use base64_simd::STANDARD;

use super::CipherError;

/// Appends the decoded bytes. The fast decoder is tried first; what it refuses is read again with Go's leniency: CR and
/// LF are skipped anywhere, and the unused low bits of the last character may be set.
pub(super) fn decode_append(text: &[u8], out: &mut Vec<u8>) -> Result<(), CipherError> {
    let start = out.len();
    if STANDARD.decode_append(text, out).is_ok() {
        return Ok(());
    }
    out.truncate(start);
    decode_leniently(text, out).ok_or(CipherError::Malformed)
}

fn decode_leniently(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut characters = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    loop {
        let mut bits = 0_u32;
        let mut count = 0;
        while count < 4 {
            match characters.next() {
                None if count == 0 => return Some(()),
                Some(b'=') => {
                    let closed = match count {
                        2 => characters.next() == Some(b'='),
                        3 => true,
                        _ => false,
                    };
                    if !closed || characters.next().is_some() {
                        return None;
                    }
                    bits <<= 6 * (4 - count);
                    out.extend_from_slice(&bits.to_be_bytes()[1..count]);
                    return Some(());
                }
                byte => bits = bits << 6 | sextet(byte?)?,
            }
            count += 1;
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
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

    fn decode(text: &str) -> Result<Vec<u8>, CipherError> {
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
            assert_eq!(decode(text), Err(CipherError::Malformed), "{text:?}");
        }
    }
}
