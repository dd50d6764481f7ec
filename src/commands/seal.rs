//! `sealant seal`: values that only a cluster can open.

pub mod check;
pub mod edit;
pub mod files;
pub mod inplace;
pub mod set;
pub mod with;

use std::path::PathBuf;

use super::session::Session;
use crate::failure::{Failure, Kind};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files; with --check also folders
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What is changed
    #[command(flatten, next_help_heading = "Change one item in place")]
    pub change: set::Args,
    /// The editor
    #[command(flatten)]
    pub edit: edit::Args,
    /// Which SealedSecret
    #[command(flatten)]
    pub which: inplace::Which,
    /// Keys
    #[command(flatten, next_help_heading = "Certificates and keys")]
    pub with: with::With,
    /// The check
    #[command(flatten, next_help_heading = "Check without any key")]
    pub check: check::Args,
}

const EXAMPLES: &str = "\
Examples:
  printf %s \"$NEW\" | sealant seal --set password db.yaml     one line of the file changes
  sealant seal --unset password db.yaml
  sealant seal --edit db.yaml                                new values in your editor
  sealant seal --edit --key backup.key db.yaml               all values in your editor
  sealant seal --check                                       for CI, without any key";

/// Runs it.
///
/// # Errors
/// Those of what was asked for.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let modes = [args.change.is_given(), args.edit.edit, args.check.check];
    if modes.into_iter().filter(|given| *given).count() > 1 {
        let text = "--set and --unset, --edit, and --check exclude each other";
        return Err(Failure::new(Kind::ConflictingOptions, text));
    }
    if args.change.is_given() {
        return set::run(&args.change, &args.files, &args.which, &args.with, session);
    }
    if args.edit.edit {
        return edit::run(&args.files, &args.which, &args.with, session);
    }
    if args.check.check {
        return check::run(&args.check, &args.files, &args.with, session);
    }
    Err(Failure::new(Kind::NoFile, "nothing to do was named").hint("sealant seal --help"))
}
