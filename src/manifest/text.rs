//! The base64 of sealed values and of Secrets, with Go's words for what is wrong with it.

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use crate::document::base64::decode_append;

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
    // as much as it can be, so that it never moves and leaves a copy behind
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    decode_append(text.as_bytes(), &mut bytes).map_err(|at| IllegalBase64 { at })?;
    Ok(bytes)
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
