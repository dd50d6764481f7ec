//! A generator of YAML documents: the same seed gives the same text on every machine.
//!
//! Every text is one that real sops encrypts. A document switches on a handful of features, and says
//! which of them it came to use, so that a failing seed names its suspects.

mod block;
mod flow;
mod keys;
mod quoted;
pub mod rng;
mod scalars;
pub mod soup;
mod stream;
mod words;
mod writer;

use std::collections::BTreeSet;

/// One generated file.
#[derive(Debug)]
pub struct Generated {
    /// what it was made from
    pub seed: u64,
    /// the text, byte order mark and odd line ends included
    pub text: String,
    /// the constructs it holds, in alphabetical order
    pub features: Vec<&'static str>,
    /// how many YAML documents the text holds
    pub documents: usize,
}

/// What a document may hold, and how many documents in a hundred have it switched on.
///
/// Plain block maps with plain scalars need no switch. The names are what a failing test prints.
const FEATURES: &[(&str, usize)] = &[
    // comments
    ("comment-head", 55),
    ("comment-line", 55),
    ("comment-foot", 25),
    ("comment-odd-indent", 15),
    ("comment-after-key", 20),
    ("comment-in-list", 30),
    ("comment-in-flow", 50),
    ("comment-between-documents", 30),
    ("comment-at-end", 20),
    ("comment-first", 30),
    ("comment-empty", 10),
    ("comment-many-hashes", 10),
    ("comment-after-block-header", 15),
    ("comment-after-block-scalar", 25),
    ("comment-after-dash", 35),
    // white space and framing
    ("blank-lines", 40),
    ("trailing-spaces", 15),
    ("tabs", 12),
    ("crlf", 10),
    ("byte-order-mark", 6),
    ("no-final-newline", 12),
    ("extra-final-newlines", 10),
    ("leading-blank-lines", 8),
    // the stream
    ("several-documents", 18),
    ("empty-documents", 25),
    ("document-start", 30),
    ("document-end", 15),
    ("yaml-directive", 6),
    ("tag-directive", 6),
    ("content-on-document-start", 8),
    // collections
    ("sequence", 80),
    ("indentless-sequence", 40),
    ("sequence-in-sequence", 45),
    ("map-in-sequence", 60),
    ("dash-newline", 30),
    ("wide-indent", 20),
    ("uneven-indent", 15),
    ("flow-sequence", 35),
    ("flow-map", 35),
    ("flow-single-pair", 30),
    ("flow-multi-line", 40),
    ("flow-trailing-comma", 30),
    ("flow-nested", 25),
    ("flow-no-spaces", 20),
    ("flow-json", 25),
    ("flow-outdented-close", 10),
    ("empty-collections", 20),
    ("merge-key", 45),
    // nodes
    ("anchor-scalar", 22),
    ("anchor-map", 40),
    ("anchor-list", 35),
    ("anchor-key", 6),
    ("anchor-null", 14),
    ("alias", 80),
    ("alias-key", 4),
    ("tag-str", 18),
    ("tag-int", 16),
    ("tag-float", 16),
    ("tag-bool", 18),
    ("tag-null", 14),
    ("tag-binary", 16),
    ("tag-timestamp", 12),
    ("tag-custom", 20),
    ("tag-verbatim", 16),
    ("tag-collection", 15),
    ("tag-non-specific", 14),
    // keys
    ("explicit-key", 12),
    ("explicit-key-block", 5),
    ("quoted-key", 25),
    ("long-key", 5),
    ("dotted-key", 20),
    ("colon-key", 12),
    ("spaced-key", 15),
    ("unicode-key", 12),
    ("empty-key", 8),
    ("number-like-key", 10),
    ("yes-no-key", 8),
    ("spaces-before-colon", 8),
    ("suffix-key", 40),
    ("odd-plain-key", 10),
    // scalars
    ("numbers", 60),
    ("number-spellings", 40),
    ("big-floats", 20),
    ("booleans", 45),
    ("nulls", 30),
    ("empty-values", 25),
    ("timestamps", 25),
    ("almost-numbers", 25),
    ("odd-plain", 25),
    ("unicode", 25),
    ("emoji", 12),
    ("plain-multi-line", 18),
    ("single-quoted", 45),
    ("single-multi-line", 30),
    ("double-quoted", 45),
    ("double-escapes", 30),
    ("double-multi-line", 35),
    ("double-escaped-newline", 40),
    ("quoted-outdented", 40),
    ("quoted-empty", 20),
    ("literal", 40),
    ("folded", 30),
    ("chomp-strip", 50),
    ("chomp-keep", 30),
    ("block-indicator", 15),
    ("block-leading-blank", 25),
    ("block-more-indented", 35),
    ("block-empty", 22),
    ("block-trailing-blank", 20),
    ("block-hash-lines", 15),
    ("block-tabs", 18),
    ("block-inner-spaces", 20),
    ("long-line", 8),
];

/// The text made from `seed`.
pub fn generate(seed: u64) -> String {
    document(seed).text
}

/// The text made from `seed`, with what it holds.
pub fn document(seed: u64) -> Generated {
    let mut writer = writer::Writer::new(seed, FEATURES);
    let documents = stream::write(&mut writer);
    let (text, used): (String, BTreeSet<&'static str>) = writer.finish();
    Generated { seed, text, features: used.into_iter().collect(), documents }
}

/// The names of all constructs.
pub fn features() -> impl Iterator<Item = &'static str> {
    FEATURES.iter().map(|(name, _)| *name)
}
