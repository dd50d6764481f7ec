//! Go's `text/template` with the functions of sprig, on bytes.
//!
//! Templates of SealedSecrets and ExternalSecrets are programs in this language, and what they print becomes the value of
//! a Secret: every rule of Go shows. What is here follows Go 1.26 and sprig 3.3.0; `tests/it/template` compares the two.
//!
//! A template comes from outside. It reads nothing but its data, `now`, and the random source; it has limits for its steps,
//! its depth, its output and its memory, and errors hold no value.
//!
//! ```
//! use sealant::secret::SecretBytes;
//! use sealant::template::{Options, Value, render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data = Value::texts([("user", SecretBytes::new(b"admin".to_vec()))]);
//! let options = Options::new("2026-11-25T12:00:00Z".parse()?);
//! let text = render("config", "user={{ .user | quote }}", &data, &options)?;
//! assert_eq!(text.expose(), b"user=\"admin\"");
//! # Ok(())
//! # }
//! ```

mod encoding;
mod error;
mod escape;
mod eval;
mod format;
mod functions;
mod json;
mod lexer;
mod methods;
mod number;
mod options;
mod parser;
mod pki;
mod semver;
mod text;
mod time;
mod tree;
mod unicode;
mod unquote;
mod url;
mod value;
pub mod yaml;

pub(crate) use encoding::decode_base64;
pub(crate) use number::parse_float;
pub(crate) use unicode::{decode as next_character, is_letter, is_number};

pub use error::{Fault, Limit, Problem, TemplateError};
pub use options::{FunctionSet, Limits, MissingKey, Options, Zones};
pub use semver::Version;
pub use text::Text;
pub use time::Time;
pub(crate) use time::parse_duration;
pub use value::{Element, List, Map, Value};

use crate::secret::SecretBytes;
use options::Env;

/// A template that was read and can be rendered any number of times.
pub struct Template {
    name: String,
    text: String,
    templates: tree::Templates,
}

impl Template {
    /// Reads a template. Only the functions, the delimiters and the limits of `options` matter.
    ///
    /// # Errors
    /// [`TemplateError`] when it is no template, or calls a function that is not there.
    pub fn parse(name: &str, text: &str, options: &Options<'_>) -> Result<Self, TemplateError> {
        let templates = parser::parse(name, text, options)?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), templates })
    }

    /// Renders it with `data` as its dot.
    ///
    /// # Errors
    /// [`TemplateError`] when Go would fail, or when a limit is reached.
    pub fn render(&self, data: &Value, options: &Options<'_>) -> Result<SecretBytes, TemplateError> {
        let env = Env::new(options);
        let located = |placed| parser::located(&self.name, &self.text, placed);
        let out = eval::run(&self.name, &self.text, &self.templates, data, &env).map_err(located)?;
        let bytes = out.finish().ok_or_else(|| located((0, Limit::Output.into())))?;
        Ok(SecretBytes::from(bytes))
    }
}

/// Reads and renders a template: `data` is its dot.
///
/// # Errors
/// [`TemplateError`] when Go would fail, or when a limit is reached.
pub fn render(name: &str, text: &str, data: &Value, options: &Options<'_>) -> Result<SecretBytes, TemplateError> {
    Template::parse(name, text, options)?.render(data, options)
}

#[cfg(test)]
mod tests;
