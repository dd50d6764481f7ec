//! Replacing spans of a text: the only way in which a document changes.

use std::ops::Range;

use zeroize::Zeroizing;

/// A list of replacements for one text. What is put in is wiped on drop.
///
/// New text is kept in pieces that never grow beyond their first size: growing a buffer would leave a copy of a secret in
/// freed memory.
#[derive(Default)]
pub struct Edits {
    pieces: Vec<Zeroizing<String>>,
    list: Vec<Edit>,
}

#[derive(Clone, Copy)]
struct Edit {
    start: usize,
    end: usize,
    piece: usize,
    from: usize,
    to: usize,
}

/// Size of the first piece of new text, in bytes. Reserving costs little, wiping touches every page: most texts are small.
const FIRST_PIECE: usize = 16 << 10;
/// Each piece is twice as large as the one before, up to this.
const LARGEST_PIECE: usize = 1 << 20;
/// Most bytes that one byte of a text can be written as (`\\xNN`, or `\\u00NN` in JSON).
const LONGEST_ESCAPE: usize = 6;

impl Edits {
    /// A piece with room for `room` more bytes.
    fn piece(&mut self, room: usize) -> usize {
        let fits = self.pieces.last().is_some_and(|piece| piece.capacity() - piece.len() >= room);
        if !fits {
            let next = self.pieces.last().map_or(FIRST_PIECE, |piece| piece.capacity() * 2).min(LARGEST_PIECE);
            self.pieces.push(Zeroizing::new(String::with_capacity(room.max(next))));
        }
        self.pieces.len() - 1
    }

    /// Replaces `span` by `text`.
    pub fn replace(&mut self, span: Range<usize>, text: &str) {
        self.replace_by(text.len(), |out| {
            out.push_str(text);
            span
        });
    }

    /// Replaces what `write` says by what it appends; `length` is how long the value is, before it is spelled,
    /// and the indentation of its lines.
    pub fn replace_by(&mut self, length: usize, write: impl FnOnce(&mut String) -> Range<usize>) {
        let index = self.piece(length * LONGEST_ESCAPE + 4096);
        let piece = &mut self.pieces[index];
        let from = piece.len();
        let room = piece.capacity();
        let span = write(piece);
        debug_assert_eq!(piece.capacity(), room, "a piece that grows leaves a copy of a secret behind");
        self.list.push(Edit { start: span.start, end: span.end, piece: index, from, to: piece.len() });
    }

    /// Whether a replacement covers the byte at `offset`, or starts there.
    pub fn covers(&self, offset: usize) -> bool {
        self.list.iter().any(|edit| edit.start == offset || (edit.start..edit.end).contains(&offset))
    }

    /// The text with every replacement made. A replacement inside another one is dropped; insertions at one place keep their order,
    /// and stand before what begins there.
    pub fn apply(mut self, text: &str) -> Zeroizing<String> {
        self.list.sort_by_key(|edit| (edit.start, edit.end > edit.start, std::cmp::Reverse(edit.end)));
        let grown: usize = self.list.iter().map(|edit| edit.to - edit.from).sum();
        let mut out = Zeroizing::new(String::with_capacity(text.len() + grown));
        let mut done = 0;
        for edit in &self.list {
            if edit.start < done {
                continue;
            }
            out.push_str(&text[done..edit.start]);
            out.push_str(&self.pieces[edit.piece][edit.from..edit.to]);
            done = edit.end;
        }
        out.push_str(&text[done..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Edits;

    #[test]
    fn pieces_grow_with_the_text_and_none_is_left() {
        let mut edits = Edits::default();
        let text = "x".repeat(100_000);
        for at in 0..text.len() {
            edits.replace(at..at + 1, "yz");
        }
        let sizes: Vec<usize> = edits.pieces.iter().map(|piece| piece.capacity()).collect();
        assert_eq!(sizes, [16 << 10, 32 << 10, 64 << 10, 128 << 10]);
        assert_eq!(edits.apply(&text).as_str(), "yz".repeat(100_000));
    }

    #[test]
    fn an_insertion_before_a_removal_stays() {
        let mut edits = Edits::default();
        edits.replace(1..3, "");
        edits.replace(1..1, "x");
        edits.replace(2..3, "inside");
        assert_eq!(edits.apply("abcd").as_str(), "axd");
    }
}
