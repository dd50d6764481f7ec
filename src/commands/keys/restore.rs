//! `sealant keys restore`: the sealing keys of a backup, as the manifest that a cluster takes.

use std::path::PathBuf;

use super::backup;
use crate::commands::sealing_keys;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::fsio::output;
use crate::fsio::write::{NewMode, write_atomic};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The backup
    #[arg(value_name = "BACKUP")]
    pub backup: PathBuf,
    /// Where the manifest goes instead of standard output; only you can read it
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Restore before the controller starts, or restart it afterwards: it reads its keys when it starts, and makes a new one, which
no backup holds, when there is none.

Examples:
  sealant keys restore keys-prod.yaml | kubectl apply --server-side -f -
  kubectl rollout restart -n kube-system deployment/sealed-secrets-controller";

/// Runs it.
///
/// # Errors
/// A backup that does not open, and what the file system says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let keys = sealing_keys::read(session, &args.backup)?;
    let text = backup::manifest(&keys);
    match &args.output {
        Some(path) => {
            session.guard_files();
            write_atomic(path, text.as_bytes(), NewMode::OwnerOnly)?;
        }
        None => output::data(text.as_bytes())?,
    }
    session.say(&format!("{}; the controller reads its keys when it starts", backup::counted(keys.len())));
    Ok(())
}
