//! The values that the templates of a SealedSecret give, with the time and the time zones of this machine.

use std::path::Path;

use crate::fsio::clock;
use crate::fsio::read::{KEY_LIMIT, read_stream};
use crate::sealed::SealedSecret;
use crate::secret::SecretBytes;
use crate::template::{self, Options, Value};

/// Where systems keep the time zone database.
const ZONES: &str = "/usr/share/zoneinfo";

/// Adds what the templates print. As since sealed-secrets 0.37, templates see each other's text, and a sealed value wins over a
/// template of its name; as since 0.40, a template that is null keeps the value of its name out of the Secret.
///
/// # Errors
/// A line for each template that is none, or fails.
pub fn render(sealed: &SealedSecret, values: &mut Vec<(String, SecretBytes)>) -> Result<(), Vec<String>> {
    let templates = &sealed.template.data;
    if templates.is_empty() {
        return Ok(());
    }
    let is_sealed = |name: &String| sealed.items.iter().any(|(key, _)| key == name);
    let copies = values.iter().map(|(key, value)| (key.as_str(), SecretBytes::new(value.expose().to_vec())));
    let texts = templates.iter().filter(|(key, _)| !is_sealed(key));
    let texts = texts.filter_map(|(key, text)| Some((key.as_str(), SecretBytes::new(text.clone()?.into_bytes()))));
    let data = Value::texts(copies.chain(texts));
    let options = Options { zones: Some(&zone), ..Options::new(clock::timestamp()) };
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
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The rules of a time zone. A template names it: what is no name of one is no path of ours.
fn zone(name: &str) -> Option<Vec<u8>> {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    if !name.split('/').all(is_part) {
        return None;
    }
    let mut rules = read_stream(&Path::new(ZONES).join(name), KEY_LIMIT).ok()?;
    Some(std::mem::take(&mut *rules))
}

#[cfg(test)]
mod tests {
    use super::zone;

    #[test]
    fn only_names_of_time_zones_are_looked_up() {
        for name in
            ["", "/", "..", "../../etc/passwd", "Europe/../UTC", "/etc/passwd", "Europe//Berlin", ".", "a\0b", "-x"]
        {
            assert!(zone(name).is_none(), "{name:?}");
        }
    }
}
