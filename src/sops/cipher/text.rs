//! Taking `ENC[…]` apart without a regex engine.

use memchr::memrchr;

/// How every encrypted value starts.
pub(super) const PREFIX: &str = "ENC[AES256_GCM,data:";
/// Before the IV.
pub(super) const IV: &str = ",iv:";
/// Before the tag.
pub(super) const TAG: &str = ",tag:";
/// Before the type word.
pub(super) const TYPE: &str = ",type:";

/// The four parts, still in base64. None is empty.
pub(super) struct Parts<'a> {
    pub(super) data: &'a str,
    pub(super) iv: &'a str,
    pub(super) tag: &'a str,
    pub(super) type_word: &'a str,
}

/// Whether `text` has the form of an encrypted value: what sops's regular expression
/// `^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]` accepts. Text after the last `]` does not matter.
pub fn is_encrypted(text: &str) -> bool {
    text.starts_with(PREFIX) && split(text).is_some()
}

/// The parts as the regular expression's greedy groups give them: every border is the last one possible, so they are
/// looked for from the end. `.` does not match a line feed, so nothing after one counts.
pub(super) fn split(text: &str) -> Option<Parts<'_>> {
    let rest = text.strip_prefix(PREFIX)?;
    let line = match memchr::memchr(b'\n', rest.as_bytes()) {
        Some(end) => &rest[..end],
        None => rest,
    };
    let rest = &line[..memrchr(b']', line.as_bytes())?];
    let (rest, type_word) = cut_last(rest, TYPE)?;
    let (rest, tag) = cut_last(rest, TAG)?;
    let (data, iv) = cut_last(rest, IV)?;
    if data.is_empty() {
        return None;
    }
    Some(Parts { data, iv, tag, type_word })
}

/// Cuts at the last `border` that is followed by something.
fn cut_last<'a>(text: &'a str, border: &str) -> Option<(&'a str, &'a str)> {
    let bytes = text.as_bytes();
    // at least one byte must follow
    let mut end = bytes.len().checked_sub(border.len())?;
    while let Some(at) = memrchr(b',', &bytes[..end]) {
        if bytes[at..].starts_with(border.as_bytes()) {
            return Some((&text[..at], &text[at + border.len()..]));
        }
        end = at;
    }
    None
}
