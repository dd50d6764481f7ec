//! `sealant store`: what a store says about itself and us.

mod check;

use super::session::Session;
use crate::failure::Failure;

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Say whether stores can be reached, as whom, and what may be read
    Check(check::Args),
}

/// Runs it.
///
/// # Errors
/// What the verb says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    match &args.verb {
        Verb::Check(args) => check::run(args, session),
    }
}
