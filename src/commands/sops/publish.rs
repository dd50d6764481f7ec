//! `sops publish`.

use std::path::Path;

use super::call::Call;
use super::exit::Exit;
use crate::commands::publish;
use crate::failure::Kind;
use crate::fsio::folder;

/// Runs it: finds the destination, which cannot be reached yet.
///
/// # Errors
/// As sops; and for every destination.
pub fn run(call: &Call) -> Result<u8, Exit> {
    call.check_config()?;
    if !matches!(call.session.config(), Ok(Some(_))) {
        return Err(Exit::new(1, "config file not found"));
    }
    let path = call.existing()?;
    if folder::is_folder(path) && !call.given.is_on("recursive") {
        let text = "can't operate on a directory without --recursive flag.";
        return Err(Exit::new(Kind::Generic.code(), text));
    }
    let Some(loaded) = call.session.config()? else {
        return Err(Exit::new(1, "config file not found"));
    };
    let typed = Path::new(path).to_string_lossy();
    let rules = loaded.config.destination_rules.as_ref();
    let destination =
        publish::destination(rules, &typed).map_err(|error| Exit::new(1, format!("error loading config: {error}")))?;
    Err(Exit::not_yet(&format!("publishing to {destination} is")))
}
