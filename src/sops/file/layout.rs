//! The layout: spellings that the style of a ciphertext cannot carry (`0x1F`, folded lines, aliases), as one encrypted entry of
//! the metadata. A tool that drops it costs the spelling, never the value.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::rows;
use crate::document::trail::Trail;
use crate::document::yaml::Part;

/// Additional data of the entry's ciphertext: no value of the document can have it, for its keys end in `:`.
pub const BOUND: &str = "sealant_layout";

/// The place of a key itself, where `trail` stands in its value.
pub fn key_place(trail: &Trail, document: usize) -> String {
    let mut place = "key ".to_owned();
    trail.write_id(document, &mut place);
    place
}

/// The place of a document that holds nothing.
pub fn absent_place(document: usize) -> String {
    format!("absent {document}")
}

/// One spelling.
#[derive(Clone, PartialEq, Eq)]
pub enum Spelling {
    /// A scalar's own text.
    Scalar {
        /// The part of the scalar that it is.
        part: Part,
        /// The text.
        raw: Zeroizing<String>,
    },
    /// `*name`, where the encrypted file holds what it stands for.
    Alias(String),
}

/// Spellings by the place of their value.
#[derive(Default)]
pub struct Layout {
    rows: Vec<(String, Spelling)>,
    index: HashMap<String, usize>,
}

impl Layout {
    /// Notes the spelling of the value at `place` (see `Trail::write_id`).
    pub fn record(&mut self, place: String, spelling: Spelling) {
        self.index.insert(place.clone(), self.rows.len());
        self.rows.push((place, spelling));
    }

    /// The spelling recorded for `place`.
    pub fn get(&self, place: &str) -> Option<&Spelling> {
        self.index.get(place).map(|row| &self.rows[*row].1)
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text that is encrypted: a JSON list of `[place, kind, spelling]`.
    pub fn write(&self) -> Zeroizing<String> {
        let rows: Vec<[&str; 3]> = self
            .rows
            .iter()
            .map(|(place, spelling)| {
                let (kind, raw): (&str, &str) = match spelling {
                    Spelling::Scalar { part: Part::Scalar, raw } => ("s", raw),
                    Spelling::Scalar { part: Part::Content, raw } => ("c", raw),
                    Spelling::Scalar { part: Part::Node, raw } => ("n", raw),
                    Spelling::Alias(raw) => ("a", raw),
                };
                [place.as_str(), kind, raw]
            })
            .collect();
        // JSON writes a byte as six at most (`\u0007`), so that the buffer never grows and leaves no copy behind.
        let longest: usize = rows.iter().flatten().map(|text| text.len() * 6 + 3).sum();
        let mut out = Vec::with_capacity(longest + rows.len() * 2 + 2);
        // A list of texts cannot fail to be written.
        drop(serde_json::to_writer(&mut out, &rows));
        Zeroizing::new(String::from_utf8(out).unwrap_or_default())
    }

    /// Reads such a text; what is not understood is left out, for a spelling is never worth a failure.
    pub fn read(text: &[u8]) -> Self {
        let mut layout = Self::default();
        let Some(rows) = std::str::from_utf8(text).ok().and_then(rows::read) else {
            return layout;
        };
        for [place, kind, raw] in rows {
            let place = place.to_string();
            let part = match kind.as_str() {
                "s" => Part::Scalar,
                "c" => Part::Content,
                "n" => Part::Node,
                "a" => {
                    layout.record(place, Spelling::Alias(raw.to_string()));
                    continue;
                }
                _ => continue,
            };
            layout.record(place, Spelling::Scalar { part, raw });
        }
        layout
    }
}
