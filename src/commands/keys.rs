//! `sealant keys`: age keys and the people behind them. Private keys are made and kept outside the repository; the
//! repository holds `keys/NAME.pub`.

pub mod list;
pub mod new;
pub mod show;
pub mod text;

use super::identities;
use super::session::Session;
use crate::failure::Failure;
use crate::keyservice::age::AgeKeys;
use crate::secret::SecretText;

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to do with keys.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Make a key; the private half goes to your user folder, never over another one
    New(new::Args),
    /// List the recipients of this repository by name, and which of them are you
    List(list::Args),
    /// Print a recipient
    Show(show::Args),
}

/// Runs it.
///
/// # Errors
/// What the subcommand says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    match &args.command {
        Command::New(args) => new::run(args, session),
        Command::List(args) => list::run(args, session),
        Command::Show(args) => show::run(args, session),
    }
}

/// The recipients of the identities at hand: none behind a passphrase, none that a command would print.
pub fn own_recipients(session: &Session) -> Vec<String> {
    let sources = identities::sources(&session.env, &session.global.identity);
    let nobody = |_: &str| -> Option<SecretText> { None };
    let mut recipients: Vec<String> = Vec::new();
    for recipient in AgeKeys::new(sources, nobody).recipients() {
        if !recipients.contains(&recipient) {
            recipients.push(recipient);
        }
    }
    recipients
}
