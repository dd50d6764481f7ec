//! What decrypting gives.

use zeroize::Zeroizing;

/// A decrypted document.
#[derive(Debug)]
pub struct Decrypted {
    /// The plain text.
    pub text: Zeroizing<String>,
    /// The plain bytes of a binary file that is not UTF-8; there is no text then.
    pub not_text: Option<Zeroizing<Vec<u8>>>,
    /// Lines of comments that look encrypted but do not open; they are left as they are, as sops leaves them.
    pub unreadable_comments: Vec<usize>,
    /// How many values were decrypted.
    pub values: usize,
    /// The reading of the plain text that the file was made with, where its format has several.
    pub reading: Option<String>,
    /// For every comment, what it should be bound to where it is read; only as `decrypt_for_check` gives it.
    pub(super) comment_bounds: Vec<Option<String>>,
}

impl Decrypted {
    /// What was one value of any bytes.
    pub(super) fn of_bytes(mut bytes: Zeroizing<Vec<u8>>, values: usize) -> Self {
        let (text, not_text) = match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(Zeroizing::new(error.into_bytes()))),
        };
        Self {
            text: Zeroizing::new(text),
            not_text,
            unreadable_comments: Vec::new(),
            values,
            reading: None,
            comment_bounds: Vec::new(),
        }
    }

    /// The plain content, text or not.
    pub fn bytes(&self) -> &[u8] {
        match &self.not_text {
            Some(bytes) => bytes,
            None => self.text.as_bytes(),
        }
    }
}
