//! JSON, and JSON with comments, as leaves with byte spans. What nobody asked to change keeps its bytes.
//!
//! sops 3.13.2 (`stores/json/store.go`) decides how values are typed and escaped; where it is laxer than JSON (text after the
//! top-level object, input that ends early, a key twice in one object) the text is refused here, because a value would be lost.

mod change;
mod document;
pub mod emit;
mod gap;
mod literal;
mod place;
mod scan;
mod style;
#[cfg(test)]
mod tests;

pub use document::JsonDocument;

use super::format::FormatError;

/// Which JSON is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 8259. Comments and trailing commas are errors that name them.
    Strict,
    /// With `//` and `/* */` comments, and a comma allowed after the last entry.
    Commented,
}

/// Reads a text whose top level is an object or an array.
///
/// # Errors
/// [`FormatError`] for text that is not JSON, has a key twice in one object, or is beyond a limit.
pub fn parse(text: String, dialect: Dialect) -> Result<JsonDocument, FormatError> {
    JsonDocument::parse(text, dialect)
}
