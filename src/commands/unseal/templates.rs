//! The values of a Secret that templates give.

use crate::failure::{Failure, Kind};
use crate::fsio::clock;
use crate::sealed::SealedSecret;
use crate::secret::SecretBytes;
use crate::template::{self, Options, Value};

/// Adds what the templates print. As since sealed-secrets 0.37, templates see each other's text, and a sealed value wins over a
/// template of its name; as since 0.40, a template that is null keeps the value of its name out of the Secret.
///
/// # Errors
/// A template that is none, or fails.
pub fn render(file: &str, sealed: &SealedSecret, values: &mut Vec<(String, SecretBytes)>) -> Result<(), Failure> {
    let templates = &sealed.template.data;
    if templates.is_empty() {
        return Ok(());
    }
    let is_sealed = |name: &String| sealed.items.iter().any(|(key, _)| key == name);
    let copies = values.iter().map(|(key, value)| (key.as_str(), SecretBytes::new(value.expose().to_vec())));
    let texts = templates.iter().filter(|(key, _)| !is_sealed(key));
    let texts = texts.filter_map(|(key, text)| Some((key.as_str(), SecretBytes::new(text.clone()?.into_bytes()))));
    let data = Value::texts(copies.chain(texts));
    let options = Options::new(clock::timestamp());
    let mut problems = Vec::new();
    for (key, text) in templates {
        match text {
            Some(text) if !is_sealed(key) => match template::render(key, text, &data, &options) {
                Ok(value) => values.push((key.clone(), value)),
                Err(problem) => problems.push(format!("{problem} ({key})")),
            },
            Some(_) => {}
            None => values.retain(|(name, _)| name != key),
        }
    }
    let Some(first) = problems.first() else { return Ok(()) };
    let failure = Failure::new(Kind::CannotUnseal, format!("{file}: {}: {first}", sealed.name));
    let failure = problems.iter().skip(1).fold(failure, |failure, line| failure.detail(line));
    Err(failure.hint("to leave out the values of templates: --no-templates"))
}
