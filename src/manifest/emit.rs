//! Objects as kubeseal prints them: JSON as Go's `json.MarshalIndent` spells it, YAML as sigs.k8s.io/yaml 1.6 does.
//!
//! Both come out byte for byte like upstream's, so that a file that is sealed again shows in a diff what has changed and nothing
//! else. Objects may hold opened values: what is printed is wiped.

mod json;
mod order;
mod traits;
mod yaml;

use std::str::FromStr;

use zeroize::Zeroizing;

use crate::document::tree::{Kind, Node};

/// In which form objects are printed (kubeseal's `--format`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// JSON, two columns a level.
    #[default]
    Json,
    /// YAML, keys in go-yaml's order, every document begun with `---`.
    Yaml,
}

/// A word that names no format; the words are kubeseal's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unsupported output format: {0}")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text.to_lowercase().as_str() {
            "json" | "" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            _ => Err(UnknownFormat(text.to_owned())),
        }
    }
}

/// One object after the other, as kubeseal prints them.
pub fn objects<'a>(nodes: impl IntoIterator<Item = &'a Node>, format: Format) -> Zeroizing<String> {
    let nodes: Vec<&Node> = nodes.into_iter().collect();
    // a buffer that grows leaves its old content behind
    let room = nodes.iter().map(|node| room(node, 1) + 8).sum();
    let mut out = Zeroizing::new(String::with_capacity(room));
    for node in nodes {
        match format {
            Format::Json => json::object(node, &mut out),
            Format::Yaml => yaml::document(node, &mut out),
        }
    }
    out
}

/// An upper bound for almost every object: twice the text and its frame.
fn room(node: &Node, level: usize) -> usize {
    let frame = 2 * level + 16;
    frame
        + match &node.kind {
            Kind::Str(text) | Kind::Time(text) => text.len() * 2,
            Kind::List(items) => items.iter().map(|item| room(item, level + 1)).sum(),
            Kind::Map(items) => items.iter().map(|(key, item)| key.name.len() * 2 + room(item, level + 1)).sum(),
            _ => 16,
        }
}

#[cfg(test)]
mod tests;
