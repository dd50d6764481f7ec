//! `sealant get`: one value.

use std::path::PathBuf;

use super::json;
use super::session::Session;
use super::sopsfile;
use crate::document::path::KeyPath;
use crate::failure::Failure;
use crate::fsio::output;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The encrypted file
    pub file: PathBuf,
    /// The key path.
    #[arg(help = r#"The key path: db.users[0].password, "a.b".c or ["db"]["x"]"#)]
    pub path: String,
}

const EXAMPLES: &str = "\
A single value is printed as it is, without a line break; a list or a mapping, and everything
with --json, as one line of JSON.

Examples:
  sealant get config/prod/app.yml db.password
  psql \"$(sealant get config/prod/app.yml 'databases[0].dsn')\"";

/// Prints the value.
///
/// # Errors
/// Nothing is there, and those of decrypting.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let path = KeyPath::parse(&args.path)?;
    let opened = sopsfile::open(session, &args.file)?;
    let decrypted = opened.decrypt(false)?;
    let text = json::show(session, &opened.name, &opened.parse_plain(&decrypted)?, &path)?;
    Ok(output::data(text.as_bytes())?)
}
