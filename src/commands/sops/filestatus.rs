//! `sops filestatus`: needs no keys.

use super::call::Call;
use super::exit::Exit;
use crate::commands::filestatus;
use crate::fsio::output;

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    let path = call.file().ok_or_else(Exit::no_file)?;
    call.check_config()?;
    let failed = |text: &str| Exit::fatal(format!("cannot check file status: cannot load encrypted file: {text}"));
    let parsed = call.source(path).and_then(|source| Ok(source.parse()?)).map_err(|exit| failed(&exit.text))?;
    let encrypted = filestatus::is_encrypted(parsed).map_err(|failure| failed(failure.message()))?;
    output::data(format!("{{\"encrypted\":{encrypted}}}\n").as_bytes())?;
    Ok(0)
}
