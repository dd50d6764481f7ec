//! `sops keyservice`.

use super::call::Call;
use super::exit::Exit;

/// Says that it is not there.
///
/// # Errors
/// Always.
pub fn run(_: &Call) -> Result<u8, Exit> {
    Err(Exit::not_yet("serving keys (keyservice) is"))
}
