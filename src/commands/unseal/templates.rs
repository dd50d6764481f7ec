//! The values of a Secret that templates give, or why not.

use crate::commands::sealed_templates;
use crate::failure::{Failure, Kind};
use crate::sealed::SealedSecret;
use crate::secret::SecretBytes;

/// Adds what the templates print.
///
/// # Errors
/// A template that is none, or fails.
pub fn render(file: &str, sealed: &SealedSecret, values: &mut Vec<(String, SecretBytes)>) -> Result<(), Failure> {
    sealed_templates::render(sealed, values).map_err(|problems| {
        let text = format!("{file}: {}: {}", sealed.name, problems.first().map_or("", String::as_str));
        let failure = Failure::new(Kind::CannotUnseal, text);
        let failure = problems.iter().skip(1).fold(failure, |failure, line| failure.detail(line));
        failure.hint("to leave out the values of templates: --no-templates")
    })
}
