//! `sealant seal`: values that only a cluster can open.

pub mod check;
pub mod create;
pub mod edit;
pub mod files;
pub mod inplace;
pub mod input;
pub mod metadata;
pub mod output;
pub mod parts;
pub mod set;
pub mod with;

use std::path::PathBuf;

use super::session::Session;
use crate::failure::{Failure, Kind};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Secret manifests, in clear or encrypted with SOPS; without any, standard input. With --check also folders
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What is sealed
    #[command(flatten, next_help_heading = "Seal Secrets")]
    pub create: create::Args,
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
  kubectl create secret generic db --dry-run=client --from-file=password -o yaml -n shop | sealant seal --cert eu.pem
  sealant seal secret.sops.yaml -o clusters/eu/db.yaml       what SOPS encrypted, without plain text on disk
  sealant seal -n shop --name db --from-env-file .env --all-clusters -o 'clusters/{cluster}/db.yaml'
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
    create::run(&args.create, &args.files, &args.which, &args.with, session)
}
