//! `sops decrypt`.

use std::path::Path;

use zeroize::Zeroizing;

use super::call::{Call, read};
use super::exit::{Exit, warn};
use super::{path, store};
use crate::commands::sopsfile::{self, Source};
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
    let name = file.unwrap_or(Path::new(""));
    let (input, output) = (call.input(name), call.output(name));
    let part = call.given.text("extract").map(path::parse).transpose();
    let part = part.map_err(|why| Exit::new(Kind::BadPath.code(), format!("error parsing --extract path: {why}")))?;
    call.check_config()?;
    store::check(input)?;
    let source = match file {
        Some(path) => read(path)?,
        None => Source::stdin()?,
    };
    let opened = sopsfile::open_source(&call.session, source)?;
    let decrypted = opened.decrypt(call.given.is_on("ignore-mac"))?;
    if let Some(text) = sopsfile::unreadable(&opened.name, &decrypted) {
        warn(&text);
    }
    let text: Zeroizing<String> = match part {
        None => store::emit(&opened.name, &decrypted.text, input, output)?,
        Some(part) => {
            let tree = store::tree(&opened.name, &decrypted.text)?;
            let found = path::find(tree.node(), &part);
            let found = found.map_err(|why| Exit::new(1, format!("error truncating tree: {why}")))?;
            store::emit_part(found, output)?
        }
    };
    call.deliver(&text, file.map(|path| (path, opened.stamp)), NewMode::Private)?;
    Ok(0)
}
