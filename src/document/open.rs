//! One door to the parsers of every format but YAML.

use super::format::{Format, FormatError};
use super::kind::DocumentKind;
use super::{dotenv, hcl, ini, json, properties, toml};

/// How texts are read where a format leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// JSON with comments and trailing commas.
    pub commented_json: bool,
    /// `.env` files as shells and libraries read them (`export`, quotes, inline comments), not as sops does.
    pub faithful_dotenv: bool,
}

/// Parses a text of a format that is neither YAML nor binary.
///
/// # Errors
/// [`FormatError`] says where it is not a document of its format.
pub fn open(kind: DocumentKind, text: String, reading: Reading) -> Result<Box<dyn Format>, FormatError> {
    Ok(match kind {
        DocumentKind::Json | DocumentKind::Yaml | DocumentKind::Binary => {
            let dialect = if reading.commented_json { json::Dialect::Commented } else { json::Dialect::Strict };
            Box::new(json::parse(text, dialect)?)
        }
        DocumentKind::Dotenv => {
            let reading = if reading.faithful_dotenv { dotenv::Reading::Faithful } else { dotenv::Reading::Literal };
            Box::new(dotenv::parse(text, reading)?)
        }
        DocumentKind::Ini => Box::new(ini::parse(text)?),
        DocumentKind::Toml => Box::new(toml::Toml::parse(text)?),
        DocumentKind::Hcl => Box::new(hcl::Hcl::parse(text)?),
        DocumentKind::Properties => Box::new(properties::Properties::parse(text)?),
    })
}
