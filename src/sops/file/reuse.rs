//! Ciphertexts of an earlier encryption of the same file, so that a value that did not change keeps its own.
//!
//! A ciphertext is taken again only for the same value of the same type under the same additional data and data key: the very
//! same bytes, so nothing about the key can be learnt from the repetition. A value under a renamed key gets a fresh one:
//! taking its nonce with other additional data would give away the authentication key of GCM.
//!
//! A whole number that was stored as a float reads back as an integer (`scalar::whole`); its digits are the same.

use std::collections::HashMap;
use std::ops::Range;

use ring::digest::{Context, SHA256};

use super::layout::Layout;
use crate::document::scalar::TypeWord;
use crate::secret::SecretBytes;

struct Entry {
    bound: String,
    type_word: TypeWord,
    plain: SecretBytes,
    ciphertext: Range<usize>,
    bare: bool,
    used: bool,
}

/// A ciphertext that can be taken again.
pub struct Old<'a> {
    /// `ENC[…]`.
    pub ciphertext: &'a str,
    /// It stood without quotes, outside flow collections.
    pub bare: bool,
}

/// What is known of the earlier encryption.
#[derive(Default)]
pub struct Reuse {
    entries: Vec<Entry>,
    by_place: HashMap<String, usize>,
    by_value: HashMap<[u8; 32], Vec<usize>>,
    /// The ciphertexts, one after the other.
    store: String,
    pub(super) stamp: Option<Stamp>,
}

/// What is kept when no value changed.
#[derive(Clone)]
pub(super) struct Stamp {
    pub lastmodified: String,
    pub mac: String,
    pub mac_plain: SecretBytesShared,
    pub layout: Option<String>,
    pub layout_plain: SecretBytesShared,
}

/// Shared, because a stamp is cloned.
pub(super) type SecretBytesShared = std::sync::Arc<SecretBytes>;

fn digest(bound: &str, type_word: TypeWord, plain: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&(bound.len() as u64).to_le_bytes());
    context.update(bound.as_bytes());
    context.update(type_word.as_str().as_bytes());
    context.update(b"\0");
    context.update(plain);
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

impl Reuse {
    pub(super) fn add(
        &mut self,
        place: String,
        bound: &str,
        type_word: TypeWord,
        plain: &[u8],
        ciphertext: &str,
        bare: bool,
    ) {
        let row = self.entries.len();
        let start = self.store.len();
        self.store.push_str(ciphertext);
        self.by_value.entry(digest(bound, type_word, plain)).or_default().push(row);
        self.by_place.insert(place, row);
        self.entries.push(Entry {
            bound: bound.to_owned(),
            type_word,
            plain: SecretBytes::new(plain.to_vec()),
            ciphertext: start..self.store.len(),
            bare,
            used: false,
        });
    }

    /// The earlier ciphertext of this value: that of the same place, else one under the same keys (a list item that moved).
    pub(super) fn take(&mut self, place: &str, bound: &str, type_word: TypeWord, plain: &[u8]) -> Option<Old<'_>> {
        let fits = |entry: &Entry| {
            let same_type =
                entry.type_word == type_word || (entry.type_word == TypeWord::Float && type_word == TypeWord::Int);
            entry.bound == bound && same_type && entry.plain.expose() == plain && !entry.used
        };
        let at_place = self.by_place.get(place).copied().filter(|row| fits(&self.entries[*row]));
        let row = at_place.or_else(|| {
            let rows = self.by_value.get(&digest(bound, type_word, plain))?;
            rows.iter().copied().find(|row| fits(&self.entries[*row]))
        })?;
        let entry = &mut self.entries[row];
        entry.used = true;
        Some(Old { ciphertext: &self.store[entry.ciphertext.clone()], bare: entry.bare })
    }

    /// Whether every earlier ciphertext was taken.
    pub(super) fn all_taken(&self) -> bool {
        self.entries.iter().all(|entry| entry.used)
    }

    pub(super) fn forget_uses(&mut self) {
        for entry in &mut self.entries {
            entry.used = false;
        }
    }

    /// The layout entry of before, when it says the same.
    pub(super) fn same_layout(&self, layout: &Layout) -> Option<String> {
        let stamp = self.stamp.as_ref()?;
        (stamp.layout_plain.expose() == layout.write().as_bytes()).then(|| stamp.layout.clone()).flatten()
    }
}
