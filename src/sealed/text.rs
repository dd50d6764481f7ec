//! The base64 of sealed values and of Secrets, read as Go's `base64.StdEncoding` reads it: line ends anywhere, padding required,
//! stray bits at the end ignored.

use std::borrow::Cow;

use base64_simd::STANDARD;
use zeroize::Zeroizing;

/// No base64; the words are Go's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("illegal base64 data at input byte {at}")]
pub struct IllegalBase64 {
    /// The byte of the text, from 0.
    pub at: usize,
}

/// `bytes` as standard base64 with padding and without line ends.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// The bytes that `text` spells.
///
/// # Errors
/// [`IllegalBase64`] with the place that Go names.
pub fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, IllegalBase64> {
    let packed = match text.bytes().any(|byte| byte == b'\r' || byte == b'\n') {
        true => Cow::Owned(text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()),
        false => Cow::Borrowed(text.as_bytes()),
    };
    match STANDARD.decode_to_vec(packed.as_ref()) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(_) => slow(text),
    }
}

/// Group by group, for texts with stray bits at the end, and to find what is wrong.
fn slow(text: &str) -> Result<Zeroizing<Vec<u8>>, IllegalBase64> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let mut input = text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'));
    loop {
        let mut group = 0_u32;
        let mut length = 0;
        while length < 4 {
            let Some((at, byte)) = input.next() else {
                return if length == 0 { Ok(bytes) } else { Err(IllegalBase64 { at: text.len() - length }) };
            };
            match sextet(byte) {
                Some(bits) => group = group << 6 | u32::from(bits),
                None if byte == b'=' && length >= 2 => return padded(bytes, group, length, input, text.len()),
                None => return Err(IllegalBase64 { at }),
            }
            length += 1;
        }
        bytes.extend_from_slice(&group.to_be_bytes()[1..]);
    }
}

/// The end: what `length` characters of the last group spell, if only its padding follows.
fn padded(
    mut bytes: Zeroizing<Vec<u8>>,
    group: u32,
    length: usize,
    mut input: impl Iterator<Item = (usize, u8)>,
    end: usize,
) -> Result<Zeroizing<Vec<u8>>, IllegalBase64> {
    if length == 2 {
        match input.next() {
            Some((_, b'=')) => {}
            // Go points before the character, wherever that is
            Some((at, _)) => return Err(IllegalBase64 { at: at - 1 }),
            None => return Err(IllegalBase64 { at: end }),
        }
    }
    if let Some((at, _)) = input.next() {
        return Err(IllegalBase64 { at });
    }
    let group = group << (6 * (4 - length));
    bytes.extend_from_slice(&group.to_be_bytes()[1..length]);
    Ok(bytes)
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>, usize> {
        decode(text).map(|bytes| bytes.to_vec()).map_err(|error| error.at)
    }

    #[test]
    fn line_ends_and_stray_bits_are_ignored() {
        assert_eq!(read("aHVu\r\ndGVy\nMg=\n=\n"), Ok(b"hunter2".to_vec()));
        assert_eq!(read("Mh=="), Ok(b"2".to_vec()));
        assert_eq!(read("Mjv="), Ok(b"2;".to_vec()));
        assert_eq!(read(""), Ok(Vec::new()));
        assert_eq!(read("\n"), Ok(Vec::new()));
    }

    /// The places are those that Go 1.24 names.
    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        assert_eq!(read("NOTVALIDBASE64"), Err(12));
        assert_eq!(read("aHVu!"), Err(4));
        assert_eq!(read("aHVu dGVy"), Err(4));
        assert_eq!(read("aH_u"), Err(2));
        assert_eq!(read("Mg="), Err(3));
        assert_eq!(read("Mg==x"), Err(4));
        assert_eq!(read("Mg=x"), Err(2));
        assert_eq!(read("aHVu\ndG"), Err(5));
        assert_eq!(read("Mg=\n"), Err(4));
        assert_eq!(read("Mg==\nx"), Err(5));
        assert_eq!(read("M==="), Err(1));
        assert_eq!(read("="), Err(0));
        assert_eq!(read("ÿ"), Err(0));
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..256 {
            assert_eq!(read(&encode(&bytes[..length])), Ok(bytes[..length].to_vec()));
        }
    }
}
