//! Saying which format a file is in, where its content and name do not.

use crate::document::kind::DocumentKind;

/// `--input-type`.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct InputType {
    /// The format of the input, when its content and name do not say it: yaml, json, dotenv, ini, binary, toml, hcl,
    /// properties
    #[arg(long = "input-type", value_name = "FORMAT", value_parser = parse)]
    pub input_type: Option<DocumentKind>,
}

fn parse(word: &str) -> Result<DocumentKind, String> {
    DocumentKind::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = DocumentKind::ALL.into_iter().map(DocumentKind::word).collect();
        format!("known are {}", known.join(", "))
    })
}
