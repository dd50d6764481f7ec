//! Formats as sops chooses them: by name, or by `--input-type` and `--output-type` (sops 3.13.2 `formats/formats.go`).

use std::path::Path;

use zeroize::Zeroizing;

use super::comments;
use super::convert::{self, Style};
use super::exit::Exit;
use super::floats;
use crate::commands::sopsfile;
use crate::document::kind::DocumentKind;
use crate::document::open::Reading;
use crate::document::tree::{Key, Kind as NodeKind, Node};
use crate::document::yaml::emit::Floats;
use crate::failure::Kind;
use crate::sops::file::{Plain, SopsFile};

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

    /// The format.
    pub fn kind(self) -> DocumentKind {
        match self {
            Self::Yaml => DocumentKind::Yaml,
            Self::Json => DocumentKind::Json,
            Self::Dotenv => DocumentKind::Dotenv,
            Self::Ini => DocumentKind::Ini,
            Self::Binary => DocumentKind::Binary,
        }
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

/// The document in the format that is written. `file` is what it was decrypted from.
///
/// # Errors
/// What that cannot hold.
pub fn rewritten(name: &str, plain: Plain, file: Option<&SopsFile>, to: Store, style: Style) -> Result<Plain, Exit> {
    if plain.kind() == to.kind() {
        return Ok(plain);
    }
    let bytes = emit(name, &plain, file, to, Style { floats: Floats::Typed, ..style })?;
    Plain::parse(to.kind(), bytes, Reading::default())
        .map_err(|error| Exit::encrypting(&sopsfile::failure(name, &error)))
}

/// A plain text as one of another format; it may hold one document only. `file` is what it was decrypted from.
///
/// # Errors
/// What the other format cannot hold.
pub fn emit(
    name: &str,
    plain: &Plain,
    file: Option<&SopsFile>,
    to: Store,
    style: Style,
) -> Result<Zeroizing<Vec<u8>>, Exit> {
    if plain.kind() == to.kind() {
        return Ok(Zeroizing::new(plain.bytes().to_vec()));
    }
    if plain.yaml().is_some_and(|document| document.documents() > 1) {
        // sops drops all but the first (3.13.2 `stores/json/store.go`, `EmitPlainFile`)
        let text = format!("{name} holds several documents, and {} only one", to.word());
        return Err(Exit::new(Kind::CannotEmit.code(), format!("Error dumping file: {text}")));
    }
    let tree = tree(name, plain, file)?;
    let text = match comments::kept(plain, to) {
        Some(rows) => {
            let mut out = Zeroizing::new(String::new());
            comments::document(&rows, &tree, to, style, &mut out).map(|()| out)
        }
        None => convert::document(&tree, to, style),
    };
    let text = text.map_err(|why| cannot_emit(&why))?;
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

/// The tree of a plain text; that of bytes is what sops makes of them. `file` is what it was decrypted from.
///
/// # Errors
/// Aliases without end.
pub fn tree(name: &str, plain: &Plain, file: Option<&SopsFile>) -> Result<Zeroizing<Node>, Exit> {
    if plain.kind() == DocumentKind::Binary {
        let text = std::str::from_utf8(plain.bytes()).map_err(|_| {
            Exit::new(Kind::CannotEmit.code(), format!("Error dumping file: {name} holds bytes that are not text"))
        })?;
        let key = Key { name: "data".into(), line: 0 };
        return Ok(Zeroizing::new(Node::new(NodeKind::Map(vec![(key, Node::text(text))]))));
    }
    let mut tree = plain.tree().map_err(|error| Exit::from(sopsfile::failure(name, &error)))?;
    if tree.kind == NodeKind::Null {
        tree.kind = NodeKind::Map(Vec::new());
    }
    if let Some(file) = file {
        let encrypted = file.tree().map_err(|error| Exit::from(sopsfile::failure(name, &error)))?;
        floats::restore(&mut tree, &encrypted);
    }
    Ok(tree)
}

/// A part of a plain text on its own, as `--extract` gives it.
///
/// # Errors
/// What the format cannot hold.
pub fn emit_part(part: &Node, to: Store, style: Style) -> Result<Zeroizing<String>, Exit> {
    convert::part(part, to, style).map_err(|why| cannot_emit(&why))
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
