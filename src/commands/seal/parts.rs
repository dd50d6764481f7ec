//! A Secret made of values and files, as `kubectl create secret generic` makes one (kubernetes `create_secret.go`).

use std::path::Path;

use zeroize::Zeroizing;

use super::create::Args;
use super::input;
use crate::commands::session::Session;
use crate::commands::sopsfile::Source;
use crate::document::dotenv;
use crate::document::format::{Event, Format as _};
use crate::document::kind::DocumentKind;
use crate::document::tree::{Kind as NodeKind, Node};
use crate::document::value::Value;
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded, read_stdin, read_stream};
use crate::manifest::{Secret, limits};
use crate::secret::SecretBytes;

type Data = Vec<(String, SecretBytes)>;

/// The Secret.
///
/// # Errors
/// A key that cannot be one, or stands twice; a file that cannot be read.
pub fn secret(args: &Args, session: &Session) -> Result<Secret, Failure> {
    let mut data = Data::new();
    for path in &args.from_env_file {
        env_file(session, path, &mut data)?;
    }
    for source in &args.from_file {
        file(source, &mut data)?;
    }
    for literal in &args.from_literal {
        let split = literal.split_once('=').filter(|(key, _)| !key.is_empty());
        let (key, value) =
            split.ok_or_else(|| Failure::new(Kind::BadSetValue, "--from-literal: it has to be KEY=VALUE"))?;
        add(&mut data, key, SecretBytes::new(value.as_bytes().to_vec()), "--from-literal")?;
    }
    if !args.from_literal.is_empty() {
        session.warn(
            "--from-literal: the value is visible in the list of processes and stays in the shell's history; \
             better: … | sealant seal --from-file KEY=-",
        );
    }
    Ok(Secret {
        name: String::new(),
        namespace: String::new(),
        metadata: Node::new(NodeKind::Map(Vec::new())),
        data,
        twice: Vec::new(),
        kind: String::new(),
        immutable: None,
    })
}

fn add(data: &mut Data, key: &str, value: SecretBytes, from: &str) -> Result<(), Failure> {
    if !limits::is_key(key) {
        let text = format!(
            "{from}: a key of a Secret has only letters, digits, `-`, `_` and `.`, and {} has others",
            shown(key)
        );
        return Err(Failure::new(Kind::BadSetValue, text).hint("say the key: --from-file KEY=PATH"));
    }
    if data.iter().any(|(known, _)| known == key) {
        return Err(Failure::new(Kind::DuplicateKey, format!("{from}: the key {key} is there already")));
    }
    data.push((key.to_owned(), value));
    Ok(())
}

fn shown(key: &str) -> String {
    format!("`{}`", key.chars().take(60).collect::<String>())
}

fn file(source: &str, data: &mut Data) -> Result<(), Failure> {
    let bad = |text: &str| Failure::new(Kind::BadSetValue, format!("--from-file {source}: {text}"));
    let (key, path) = match source.split_once('=') {
        None => (None, source),
        Some(("", _)) => return Err(bad("the key is missing")),
        Some((_, "")) => return Err(bad("the path is missing")),
        Some((_, path)) if path.contains('=') => return Err(bad("neither keys nor paths can have a `=`")),
        Some((key, path)) => (Some(key), path),
    };
    if path == "-" || path == "/dev/stdin" {
        let key = key.ok_or_else(|| bad("say the key: --from-file KEY=-"))?;
        return add(data, key, bytes(read_stdin(DOCUMENT_LIMIT)?), "standard input");
    }
    let path = Path::new(path);
    if folder::is_folder(path) {
        if key.is_some() {
            return Err(bad("a folder has no key: its files' names are"));
        }
        for path in folder::regular_files(path)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            add(data, &name, bytes(read_bounded(&path, DOCUMENT_LIMIT)?.bytes), &path.display().to_string())?;
        }
        return Ok(());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let content = bytes(read_stream(path, DOCUMENT_LIMIT)?);
    add(data, key.unwrap_or(&name), content, &path.display().to_string())
}

fn bytes(mut read: Zeroizing<Vec<u8>>) -> SecretBytes {
    SecretBytes::new(std::mem::take(&mut *read))
}

/// The values as programs see them, without quotes and `export`.
fn env_file(session: &Session, path: &Path, data: &mut Data) -> Result<(), Failure> {
    let source = if path == Path::new("-") { Source::stdin()? } else { Source::file(path)? };
    let name = source.name.clone();
    let mut plain = input::plain(session, Source { format: Some(DocumentKind::Dotenv), ..source })?;
    let text = String::from_utf8(std::mem::take(&mut *plain)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        Failure::new(Kind::CannotRead, format!("{name}: the text is not UTF-8"))
    })?;
    let document = dotenv::parse(text, dotenv::Reading::Faithful)
        .map_err(|error| Failure::of(Kind::CannotRead, &error).about(&name))?;
    let mut key = None;
    for event in document.events() {
        match event {
            Event::Key(at) => key = Some(*at),
            Event::Scalar(leaf) => {
                let Some(key) = key.take() else { continue };
                let Value::Str(value) = document.value(*leaf) else { continue };
                add(data, document.path_key(key), SecretBytes::new(value.into_owned().into_bytes()), &name)?;
            }
            _ => {}
        }
    }
    Ok(())
}
