//! `sealant unset`: removes one value, with its key or its place in a list, from an encrypted file.

use std::path::PathBuf;

use super::session::Session;
use super::set::{near, place};
use super::sopsfile::Change;
use crate::document::path::KeyPath;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  sealant unset config/prod/app.yml db.old_password
  sealant unset config/prod/app.yml 'db.users[0]'";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The key path.
    #[arg(value_name = "PATH", help = r#"What: db.users[0].password, "a.b".c or ["db"]["x"]"#)]
    pub path: String,
}

/// Runs it.
///
/// # Errors
/// Nothing at the path, and all that keeps the file from being opened and written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let path = KeyPath::parse(&args.path)?;
    let mut change = Change::begin(session, &args.file)?;
    let plain = place::parse(&change, change.plain())?;
    let path = near::meant(&plain, &args.path, path);
    let mut new = plain.unset(&path).map_err(|error| near::advise(place::refused(&error, &path), &plain, &path))?;
    let text = std::mem::take(&mut *new);
    // the last secret may go: that the rule selects the right keys has been seen before
    change.settings.allow_empty = true;
    place::save(session, &mut change, text)?.finish(session, change, |_| format!("removed {path}"))
}
