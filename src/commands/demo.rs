//! `sealant demo` (being built).

use super::session::Session;
use crate::failure::{Failure, Kind};

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// Always, until it is built.
pub fn run(_args: &Args, _session: &Session) -> Result<(), Failure> {
    Err(Failure::new(Kind::Generic, "not built yet"))
}
