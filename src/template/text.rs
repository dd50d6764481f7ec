//! Bytes that are wiped when the last owner lets go of them, and the bounded buffer that makes them.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A string as Go has it: bytes, usually but not always UTF-8. Cloning shares them; they are wiped after the last use.
#[derive(Clone, Default)]
pub struct Text(Arc<Zeroizing<Vec<u8>>>);

impl Text {
    /// Takes ownership of `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// The bytes themselves.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Zeroizing<Vec<u8>>> for Text {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(Arc::new(bytes))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes().to_vec())
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Text {}

impl std::hash::Hash for Text {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        self.bytes()
    }
}

/// Bytes being written, up to a limit. What goes beyond is dropped, and whoever asks for the result is told so.
pub(super) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
    overflown: bool,
}

impl Buffer {
    /// An empty buffer for at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Zeroizing::default(), limit, overflown: false }
    }

    /// Appends `more`, unless that would be too much.
    pub(super) fn push(&mut self, more: &[u8]) {
        if !self.room_for(more.len()) {
            return;
        }
        self.bytes.extend_from_slice(more);
    }

    /// Appends `times` times `byte`.
    pub(super) fn push_repeated(&mut self, byte: u8, times: usize) {
        if !self.room_for(times) {
            return;
        }
        let length = self.bytes.len() + times;
        self.bytes.resize(length, byte);
    }

    /// Appends a character as UTF-8.
    pub(super) fn push_char(&mut self, next: char) {
        self.push(next.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Makes room without leaving an unwiped copy behind.
    fn room_for(&mut self, more: usize) -> bool {
        let Some(needed) = self.bytes.len().checked_add(more).filter(|needed| *needed <= self.limit) else {
            self.overflown = true;
            return false;
        };
        if self.overflown {
            return false;
        }
        if needed > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two().max(64)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        true
    }

    /// What is there so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it was too much.
    pub(super) fn overflown(&self) -> bool {
        self.overflown
    }

    /// The bytes; `None` when it was too much.
    pub(super) fn finish(self) -> Option<Zeroizing<Vec<u8>>> {
        (!self.overflown).then_some(self.bytes)
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_stops_at_its_limit() {
        let mut buffer = Buffer::new(5);
        buffer.push(b"abc");
        buffer.push_repeated(b'-', 2);
        assert_eq!(buffer.bytes(), b"abc--");
        buffer.push(b"x");
        assert!(buffer.overflown());
        assert!(buffer.finish().is_none());
    }

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", Text::from("hunter2")), "[REDACTED]");
    }
}
