//! `sops decrypt`.

use std::path::Path;

use zeroize::Zeroizing;

use super::call::Call;
use super::exit::{Exit, warn};
use super::{path, store};
use crate::commands::sopsfile;
use crate::failure::Kind;
use crate::fsio::write::NewMode;

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    call.one_place()?;
    let file = call.file();
    match file {
        None if call.legacy => return Err(Exit::no_file()),
        None if call.given.is_on("in-place") => {
            let text = "Error: cannot use --in-place when reading from stdin";
            return Err(Exit::new(Kind::ConflictingOptions.code(), text));
        }
        None => {}
        Some(path) => call.must_exist(path)?,
    }
    let piped = call.piped(file);
    let name = file.unwrap_or(Path::new(""));
    let output = call.output(name);
    let part = call.given.text("extract").map(path::parse).transpose();
    let part = part.map_err(|why| Exit::new(Kind::BadPath.code(), format!("error parsing --extract path: {why}")))?;
    call.check_config()?;
    let source = match (piped, file) {
        (Some(source), _) => source?,
        (None, Some(path)) => call.source(path)?,
        (None, None) => call.stdin()?,
    };
    let opened = sopsfile::open_source(&call.session, source)?;
    let decrypted = opened.decrypt(call.given.is_on("ignore-mac"))?;
    if let Some(text) = sopsfile::unreadable(&opened.name, &decrypted) {
        warn(&text);
    }
    let bytes: Zeroizing<Vec<u8>> = match part {
        None if opened.file.kind() == output.kind() => Zeroizing::new(decrypted.bytes().to_vec()),
        None => {
            let plain = opened.parse_plain(&decrypted)?;
            store::emit(&opened.name, &plain, Some(&opened.file), output, call.style(output)?)?
        }
        Some(part) => {
            let tree = store::tree(&opened.name, &opened.parse_plain(&decrypted)?, Some(&opened.file))?;
            let found = path::find(&tree, &part);
            let found = found.map_err(|why| Exit::new(1, format!("error truncating tree: {why}")))?;
            Zeroizing::new(store::emit_part(found, output, call.style(output)?)?.as_bytes().to_vec())
        }
    };
    call.deliver(&bytes, file.map(|path| (path, opened.stamp)), NewMode::Private)?;
    Ok(0)
}
