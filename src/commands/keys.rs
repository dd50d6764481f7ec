//! `sealant keys`: keys and the people behind them. Private keys are made and kept outside the repository; the
//! repository holds `keys/NAME.pub`.

pub mod backup;
pub mod check;
pub mod drill;
pub mod export;
pub mod list;
pub mod new;
pub mod restore;
pub mod sealing;
pub mod show;
pub mod text;

use super::session::Session;
use crate::failure::Failure;
use crate::keyservice::Outcome;

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
    /// Compare keys/ with the creation rules
    Check(check::Args),
    /// Print keys as others paste them into a creation rule
    Export(export::Args),
    /// List the sealing keys and certificates of files: fingerprints, and when they expire
    Sealing(sealing::Args),
    /// Keep the sealing keys of a cluster in a file that is encrypted for named recipients
    Backup(backup::Args),
    /// Give back the sealing keys of a backup, as the manifest that a cluster takes
    Restore(restore::Args),
    /// Prove that a backup opens every SealedSecret of this repository
    Drill(drill::Args),
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
        Command::Check(args) => check::run(args, session),
        Command::Export(args) => export::run(args, session),
        Command::Sealing(args) => sealing::run(args, session),
        Command::Backup(args) => backup::run(args, session),
        Command::Restore(args) => restore::run(args, session),
        Command::Drill(args) => drill::run(args, session),
    }
}

/// The recipients of the identities at hand, of whatever kind: none behind a passphrase, none that a command would print.
pub fn own_recipients(session: &Session) -> Vec<String> {
    let mut own: Vec<String> = Vec::new();
    for looked in session.wrap_ring().looked() {
        let Outcome::Gave { recipients, .. } = looked.outcome else {
            continue;
        };
        for recipient in recipients {
            if !own.contains(&recipient) {
                own.push(recipient);
            }
        }
    }
    own
}
