//! A buffer for secret output. Growing one wipes what it leaves behind.

use std::fmt;

use zeroize::Zeroizing;

use crate::secret::SecretBytes;

/// Bytes that are written piece by piece and wiped in the end.
#[derive(Default)]
pub(crate) struct Sink(Zeroizing<Vec<u8>>);

impl Sink {
    /// An empty one with room for `length` bytes.
    pub(crate) fn with_room(length: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(length)))
    }

    /// Adds bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two().max(64)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    /// What was written.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What was written, to be changed in place.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Keeps the first `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// What was written, as the buffer it is in.
    pub(crate) fn into_inner(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    /// What was written, as a secret.
    pub(crate) fn finish(self) -> SecretBytes {
        SecretBytes::from(self.0)
    }
}

/// For text that is ASCII or known to fit.
impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
