//! Formats as sops chooses them: by name, or by `--input-type` and `--output-type` (sops 3.13.2 `formats/formats.go`).
//!
//! [`check`] is the one place that says which formats can be read and written.

use std::path::Path;

use zeroize::Zeroizing;

use super::convert;
use super::exit::Exit;
use crate::commands::json::Wiped;
use crate::commands::sopsfile;
use crate::document::tree::Node;
use crate::document::yaml::Document;
use crate::failure::Kind;

/// A format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Store {
    /// `.yaml`, `.yml`.
    Yaml,
    /// `.json`.
    Json,
    /// `.env`.
    Dotenv,
    /// `.ini`.
    Ini,
    /// Everything else: JSON that holds the whole content.
    Binary,
}

impl Store {
    /// The format of a file of that name; case counts.
    pub fn of_name(path: &Path) -> Self {
        let name = path.to_string_lossy();
        let endings = [
            (".yaml", Self::Yaml),
            (".yml", Self::Yaml),
            (".json", Self::Json),
            (".env", Self::Dotenv),
            (".ini", Self::Ini),
        ];
        endings.iter().find(|(ending, _)| name.ends_with(ending)).map_or(Self::Binary, |(_, store)| *store)
    }

    /// The format of that name; `None` for one that sops does not know, and ignores.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "yaml" => Self::Yaml,
            "json" => Self::Json,
            "dotenv" => Self::Dotenv,
            "ini" => Self::Ini,
            "binary" => Self::Binary,
            _ => return None,
        })
    }

    /// The format that a flag names, else that of the file's name.
    pub fn choose(flag: Option<&str>, name: &Path) -> Self {
        flag.and_then(Self::of_word).unwrap_or_else(|| Self::of_name(name))
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Binary => "binary",
        }
    }
}

/// Whether files of this format can be read and written.
///
/// # Errors
/// A clear message for those that cannot be yet.
pub fn check(store: Store) -> Result<(), Exit> {
    match store {
        Store::Yaml => Ok(()),
        other => Err(Exit::not_yet(&format!("{} files are", other.word()))),
    }
}

/// Whether a file of the first format can be rewritten as one of the second.
///
/// # Errors
/// As [`check`].
pub fn check_both(input: Store, output: Store) -> Result<(), Exit> {
    check(input)?;
    if input == output {
        return Ok(());
    }
    let what = format!("encrypting from {} to {} is", input.word(), output.word());
    Err(Exit::not_yet(&what))
}

/// The first document of a plain text as a tree.
///
/// # Errors
/// A text that is not of its format.
pub fn tree(name: &str, plain: &str) -> Result<Wiped, Exit> {
    let failed = |error| Exit::from(sopsfile::failure(name, &crate::sops::file::FileError::Yaml(error)));
    let document = Document::parse(plain.to_owned()).map_err(failed)?;
    if document.documents() == 0 {
        return Ok(Wiped::new(Node::new(crate::document::tree::Kind::Map(Vec::new()))));
    }
    document.tree(document.root(0)).map(Wiped::new).map_err(failed)
}

/// A plain text of the first format as one of the second.
///
/// # Errors
/// What the second cannot hold.
pub fn emit(name: &str, plain: &str, from: Store, to: Store) -> Result<Zeroizing<String>, Exit> {
    if from == to {
        return Ok(Zeroizing::new(plain.to_owned()));
    }
    convert::document(tree(name, plain)?.node(), to).map_err(|why| cannot_emit(&why))
}

/// A part of a plain text on its own, as `--extract` gives it.
///
/// # Errors
/// What the format cannot hold.
pub fn emit_part(part: &Node, to: Store) -> Result<Zeroizing<String>, Exit> {
    convert::part(part, to).map_err(|why| cannot_emit(&why))
}

fn cannot_emit(why: &convert::Unspellable) -> Exit {
    Exit::new(Kind::CannotEmit.code(), format!("Error dumping file: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_flags_choose() {
        for (name, store) in [
            ("a.yaml", Store::Yaml),
            ("a.enc.yml", Store::Yaml),
            ("a.YAML", Store::Binary),
            (".env", Store::Dotenv),
            ("a.json", Store::Json),
            ("a.ini", Store::Ini),
            ("a", Store::Binary),
            ("", Store::Binary),
        ] {
            assert_eq!(Store::choose(None, name.as_ref()), store, "{name}");
            assert_eq!(Store::choose(Some("plaintext"), name.as_ref()), store, "{name}");
            assert_eq!(Store::choose(Some("ini"), name.as_ref()), Store::Ini);
        }
    }
}
