//! Words for document formats on the command line.

use crate::document::kind::DocumentKind;

/// The format of a word.
///
/// # Errors
/// The words that are known.
pub fn parse(word: &str) -> Result<DocumentKind, String> {
    DocumentKind::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = DocumentKind::ALL.into_iter().map(DocumentKind::word).collect();
        format!("known are {}", known.join(", "))
    })
}
