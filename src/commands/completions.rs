//! `sealant completions`: a completion script.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::session::Session;
use crate::failure::Failure;
use crate::fsio::output;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell.
    pub shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  sealant completions bash > ~/.local/share/bash-completion/completions/sealant
  sealant completions zsh > ~/.zfunc/_sealant
  sealant completions fish > ~/.config/fish/completions/sealant.fish";

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args, _session: &Session) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "sealant", &mut script);
    Ok(output::data(&script)?)
}
