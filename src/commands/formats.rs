//! Document formats on the command line: their words, and one as another.

use zeroize::Zeroizing;

use super::sops::convert::Style;
use super::sops::store::{self, Store};
use crate::document::kind::DocumentKind;
use crate::document::yaml::emit::Floats;
use crate::failure::{Failure, Kind};
use crate::sops::file::Plain;

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

/// A plain document in another format, as sops writes that.
///
/// # Errors
/// [`Kind::CannotEmit`] when the other format cannot hold it, or is one that sops does not have.
pub fn convert(name: &str, plain: &Plain, wanted: DocumentKind) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let store = Store::of_word(wanted.word()).ok_or_else(|| {
        let text = format!("{name}: other formats are not converted to {}", wanted.word());
        Failure::new(Kind::CannotEmit, text)
    })?;
    // what is YAML is read again by people and programs that take `1.0` for a float; JSON has one kind of number
    let floats = if store == Store::Json { Floats::Bare } else { Floats::Typed };
    store::emit(name, plain, None, store, Style { floats, ..Style::default() }).map_err(|exit| {
        let text = exit.text.strip_prefix("Error dumping file: ").unwrap_or(&exit.text);
        // some messages begin with the name as it is
        let named = if text.starts_with(name) { text.to_owned() } else { format!("{name}: {text}") };
        Failure::new(Kind::CannotEmit, named)
    })
}
