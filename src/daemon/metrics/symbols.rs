//! The values of labels, each kept once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::Shown;

/// The labels of a series, by number; 0 where there is none.
pub(super) type Key = [u32; 4];

/// A value is cut after so many bytes.
const LONGEST: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Symbols {
    numbers: HashMap<Arc<str>, u32>,
    /// The text of number n + 1, and how many series have it.
    texts: Vec<(Arc<str>, u32)>,
    free: Vec<u32>,
}

impl Symbols {
    /// The key of these labels, when all of them are in use somewhere.
    pub(super) fn known(&self, labels: &[&str]) -> Option<Key> {
        let mut key = Key::default();
        for (place, label) in key.iter_mut().zip(labels) {
            *place = *self.numbers.get(cut(label))?;
        }
        Some(key)
    }

    /// The key of these labels for a new series.
    pub(super) fn take(&mut self, labels: &[&str]) -> Key {
        let mut key = Key::default();
        for (place, label) in key.iter_mut().zip(labels) {
            *place = self.number(cut(label));
        }
        key
    }

    /// A series is gone.
    pub(super) fn release(&mut self, key: &Key) {
        for number in key.iter().filter(|number| **number > 0) {
            let Some((text, users)) = self.texts.get_mut(*number as usize - 1) else { continue };
            *users = users.saturating_sub(1);
            if *users == 0 {
                self.numbers.remove(text);
                *text = "".into();
                self.free.push(*number);
            }
        }
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            if let Some((_, users)) = self.texts.get_mut(*number as usize - 1) {
                *users += 1;
            }
            return *number;
        }
        let text: Arc<str> = text.into();
        let number = self.free.pop().unwrap_or_else(|| {
            self.texts.push(("".into(), 0));
            // families are bounded far below
            u32::try_from(self.texts.len()).unwrap_or(u32::MAX)
        });
        if let Some(place) = self.texts.get_mut(number as usize - 1) {
            *place = (Arc::clone(&text), 1);
        }
        self.numbers.insert(text, number);
        number
    }

    /// `{name="value",…}`, nothing when there are no labels.
    pub(super) fn render(&self, names: &[&str], key: &Key, bound: Option<f64>, out: &mut String) {
        if names.is_empty() && bound.is_none() {
            return;
        }
        let mut before = '{';
        for (name, number) in names.iter().zip(key) {
            let text = number.checked_sub(1).and_then(|place| self.texts.get(place as usize));
            _ = write!(out, "{before}{name}=\"");
            for c in text.map_or("", |(text, _)| text).chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '"' => out.push_str("\\\""),
                    '\n' => out.push_str("\\n"),
                    c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
                    c => out.push(c),
                }
            }
            out.push('"');
            before = ',';
        }
        if let Some(bound) = bound {
            _ = write!(out, "{before}le=\"{}\"", Shown(bound));
        }
        out.push('}');
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}
