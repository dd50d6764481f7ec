//! The old spelling of values that nobody touched, in the place of what was shown for them.

use zeroize::Zeroizing;

use super::{again, data_keys, decode_text, text_of};
use crate::document::path::KeyPath;
use crate::document::yaml::{Document, NodeId};

/// One value of `data` that was decoded.
pub(super) struct Entry {
    pub document: usize,
    pub key: String,
    /// As it stood in the file, quotes and all.
    pub raw: Zeroizing<String>,
    pub decoded: Zeroizing<String>,
    pub swap: Swap,
}

/// What took the place of what when a value was decoded: both of the value and of what had to change around it.
pub(super) struct Swap {
    /// Where it begins, counted from the value's first byte.
    from: isize,
    old: Zeroizing<String>,
    new: Zeroizing<String>,
}

impl Swap {
    pub fn between(before: &Document, after: &Document, value: NodeId) -> Self {
        let (old, new) = (before.text(), after.text());
        let same = |pairs: &mut dyn Iterator<Item = (u8, u8)>| pairs.take_while(|(one, other)| one == other).count();
        let mut start = same(&mut old.bytes().zip(new.bytes()));
        while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = same(&mut old[start..].bytes().rev().zip(new[start..].bytes().rev()));
        while !old.is_char_boundary(old.len() - end) || !new.is_char_boundary(new.len() - end) {
            end -= 1;
        }
        Self {
            from: start.cast_signed() - after.span(value).start.cast_signed(),
            old: Zeroizing::new(old[start..old.len() - end].to_owned()),
            new: Zeroizing::new(new[start..new.len() - end].to_owned()),
        }
    }

    /// The text with the old in the place of the new; `None` when something else is there by now.
    fn undo(&self, document: &Document, value: NodeId) -> Option<Zeroizing<String>> {
        let text = document.text();
        let start = document.span(value).start.checked_add_signed(self.from)?;
        let rest = text.get(start..)?.strip_prefix(self.new.as_str())?;
        let mut out = Zeroizing::new(String::with_capacity(text.len() + self.old.len()));
        out.push_str(&text[..start]);
        out.push_str(&self.old);
        out.push_str(rest);
        Some(out)
    }
}

/// The document with the old spelling of a value that stands as it was shown.
pub(super) fn untouched(
    document: &Document,
    index: usize,
    id: NodeId,
    path: &KeyPath,
    entry: &Entry,
) -> Option<Document> {
    reads_as_before(&entry.swap.undo(document, id)?, document, index, path, entry)
}

/// The document with the old spelling of a value in the place of one that reads as it was shown, but is written another way.
pub(super) fn restored(
    document: &Document,
    index: usize,
    id: NodeId,
    path: &KeyPath,
    entry: &Entry,
) -> Option<Document> {
    let (span, text, raw) = (document.span(id), document.text(), entry.raw.as_str());
    let mut with_raw = Zeroizing::new(String::with_capacity(text.len() + raw.len()));
    with_raw.push_str(&text[..span.start]);
    with_raw.push_str(raw);
    if document.style(id).is_block() {
        // its comment stands inside the block, behind the indicator, and so does its line break
        let block = &text[span.clone()];
        let head = block.lines().next().unwrap_or_default();
        let comment = head.find(" #").map_or("", |at| &head[at..]);
        if raw.contains('\n') && !comment.is_empty() {
            return None;
        }
        with_raw.push_str(comment);
        if block.ends_with('\n') && !raw.ends_with('\n') {
            with_raw.push('\n');
        }
    }
    with_raw.push_str(&text[span.end..]);
    reads_as_before(&with_raw, document, index, path, entry)
}

/// A text as a document, if the value reads in it as it did at first, and the keys are those of `document`.
fn reads_as_before(text: &str, document: &Document, index: usize, path: &KeyPath, entry: &Entry) -> Option<Document> {
    let old = again(text).ok()?;
    let base64 = old.find(index, path).ok().and_then(|id| text_of(&old, id))?;
    let same_keys = old.documents() == document.documents() && data_keys(&old, index) == data_keys(document, index);
    (same_keys && *decode_text(&base64)? == *entry.decoded).then_some(old)
}
