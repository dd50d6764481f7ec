//! The leaves and comments of a document with their paths, to compare two texts of it.

use std::ops::Range;

use sealant::document::format::{Event, Format};
use sealant::document::kind::DocumentKind;
use sealant::document::open::{Reading, open};
use sealant::document::path::{KeyPath, Step};
use sealant::document::value::Value;
use sealant::sops::cipher::is_encrypted;

/// A leaf.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// As errors name it.
    pub path: KeyPath,
    /// As people name it.
    pub written: KeyPath,
    pub span: Range<usize>,
    /// Its text, when it is one.
    pub text: Option<String>,
    pub is_null: bool,
}

impl Leaf {
    pub fn is_encrypted(&self) -> bool {
        self.text.as_deref().is_some_and(is_encrypted)
    }

    pub fn is_empty(&self) -> bool {
        self.text.as_deref() == Some("")
    }

    /// The keys around, without the positions: what sops binds a value to.
    pub fn bound(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        for step in &self.path.0 {
            if let Step::Key(key) = step {
                keys.push(key.as_str());
            }
        }
        keys
    }
}

/// A text read as what it is: the envelope of a binary file as JSON.
pub fn read(kind: DocumentKind, text: &str, reading: Reading) -> Box<dyn Format> {
    let kind = if kind == DocumentKind::Binary { DocumentKind::Json } else { kind };
    open(kind, text.to_owned(), reading).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The reading of encrypted files.
pub const ENCRYPTED: Reading = Reading { commented_json: true, faithful_dotenv: false };

/// The leaves in order.
pub fn leaves(document: &dyn Format) -> Vec<Leaf> {
    let mut found = Vec::new();
    let mut path: Vec<(Step, Step)> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    for event in document.events() {
        match *event {
            Event::Open(_) => counts.push(0),
            Event::Key(key) => {
                path.push((Step::Key(document.key(key).into()), Step::Key(document.path_key(key).into())));
            }
            Event::Item => {
                let count = counts.last_mut().unwrap();
                path.push((Step::Index(*count), Step::Index(*count)));
                *count += 1;
            }
            Event::Scalar(leaf) => {
                let value = document.value(leaf);
                found.push(Leaf {
                    path: KeyPath(path.iter().map(|(step, _)| step.clone()).collect()),
                    written: KeyPath(path.iter().map(|(_, step)| step.clone()).collect()),
                    span: document.span(leaf),
                    text: if let Value::Str(text) = &value { Some(text.to_string()) } else { None },
                    is_null: value == Value::Null,
                });
                path.pop();
            }
            Event::Close => {
                counts.pop();
                path.pop();
            }
            Event::Comment(_) => {}
        }
    }
    assert!(counts.is_empty() && path.is_empty(), "the events are balanced");
    found
}

/// What an encrypted file and its plain text have in common: the text around what is encrypted. Positions are those of leaves
/// and comments in their order, of which both have the same.
pub struct Frame {
    spans: Vec<(Range<usize>, bool)>,
    text: String,
}

impl Frame {
    pub fn of(document: &dyn Format) -> Self {
        let text = document.text().to_owned();
        let mut spans = Vec::new();
        for event in document.events() {
            match *event {
                Event::Scalar(leaf) => {
                    let encrypted = matches!(document.value(leaf), Value::Str(text) if is_encrypted(&text));
                    spans.push((document.span(leaf), encrypted));
                }
                Event::Comment(comment) => {
                    spans.push((document.comment(comment), is_encrypted(&document.comment_text(comment))));
                }
                _ => {}
            }
        }
        Self { spans, text }
    }

    /// Every leaf and comment lies in the text, and no two overlap.
    pub fn check(&self, what: &str) {
        let mut spans: Vec<_> = self.spans.iter().map(|(span, _)| span.clone()).collect();
        spans.sort_by_key(|span| (span.start, span.end));
        for pair in spans.windows(2) {
            assert!(pair[0].end <= pair[1].start, "{what}: two spans overlap: {pair:?}\n{}", self.text);
        }
        assert!(spans.iter().all(|span| self.text.get(span.clone()).is_some()), "{what}: a span is of characters");
    }

    fn around(&self, hidden: impl Fn(usize) -> bool) -> String {
        let mut spans: Vec<_> =
            (0..self.spans.len()).filter(|at| hidden(*at)).map(|at| self.spans[at].0.clone()).collect();
        spans.sort_by_key(|span| span.start);
        let mut out = String::new();
        let mut done = 0;
        for span in spans {
            out.push_str(&self.text[done..span.start]);
            out.push('\u{1}');
            done = span.end;
        }
        out.push_str(&self.text[done..]);
        out
    }

    /// Asserts that nothing but what `encrypted` has encrypted differs from `self`, save for leaves whose empty value is spelled
    /// otherwise.
    pub fn assert_same_around(&self, encrypted: &Self, respelled: &[usize], what: &str) {
        assert_eq!(
            self.spans.len(),
            encrypted.spans.len(),
            "{what}: leaves and comments\n{}\n{}",
            self.text,
            encrypted.text
        );
        let hidden = |at: usize| encrypted.spans[at].1 || respelled.contains(&at);
        assert_eq!(self.around(hidden), encrypted.around(hidden), "{what}\n{}", self.text);
    }

    /// Which of the spans are leaves without a ciphertext and empty.
    pub fn empty(&self, document: &dyn Format) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = 0;
        for event in document.events() {
            match *event {
                Event::Scalar(leaf) => {
                    if document.value(leaf) == Value::Str("".into()) {
                        found.push(at);
                    }
                    at += 1;
                }
                Event::Comment(_) => at += 1,
                _ => {}
            }
        }
        found
    }
}
