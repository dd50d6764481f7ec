//! `sops keyservice`. Unlike sops it asks before a key is used, not after.

use super::call::Call;
use super::exit::Exit;

/// Serves until a signal ends it.
///
/// # Errors
/// An address that cannot be one, or cannot be used; that the program was built without it.
#[cfg(feature = "keyservice")]
pub fn run(call: &Call) -> Result<u8, Exit> {
    use crate::commands::keyservice;

    let text = |flag: &str, default: &str| match call.given.text(flag) {
        Some(given) if !given.is_empty() => given.to_owned(),
        _ => default.to_owned(),
    };
    let args = keyservice::Args {
        network: text("network", "tcp"),
        address: text("address", "127.0.0.1:5000"),
        prompt: call.given.is_on("prompt"),
        verbose: call.given.is_on("verbose"),
    };
    keyservice::run(&args, &call.session)?;
    Ok(0)
}

/// Says that it is not there.
///
/// # Errors
/// Always.
#[cfg(not(feature = "keyservice"))]
pub fn run(_: &Call) -> Result<u8, Exit> {
    Err(Exit::new(1, "this binary was built without key services (feature `keyservice`)"))
}
