//! `sealant get`: one value.

use std::path::PathBuf;

use super::json;
use super::secret_data;
use super::session::Session;
use super::set::near;
use super::sopsfile;
use crate::document::path::KeyPath;
use crate::failure::{Failure, Kind};
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
    /// Decode the base64 of a value in a Kubernetes Secret's data
    #[arg(long)]
    pub decode_data: bool,
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
    let plain = opened.parse_plain(&decrypted)?;
    let path = near::meant(&plain, &args.path, path);
    let advise = |failure| near::advise(failure, &plain, &path);
    if args.decode_data {
        secret_data::require(&plain, &opened.name, &path)?;
        let base64 = json::extract(&opened.name, &plain, &path).map_err(advise)?;
        let bytes = secret_data::decode_value(&base64).ok_or_else(|| {
            Failure::new(Kind::CannotEmit, format!("{}: the value at {path} is not base64", opened.name))
        })?;
        return Ok(output::data(&bytes)?);
    }
    let text = json::show(session, &opened.name, &plain, &path).map_err(|failure| match failure.kind() {
        Kind::NoSuchPath => advise(failure),
        _ => failure,
    })?;
    Ok(output::data(text.as_bytes())?)
}
