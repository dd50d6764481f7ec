//! `sealant keys show`.

use std::path::PathBuf;

use super::{own_recipients, text};
use crate::commands::identities;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::fsio::read::{KEY_LIMIT, read_stream};

const EXAMPLES: &str = "\
Examples:
  sealant keys show              your recipient: what others need to encrypt for you
  sealant keys show alice        alice's, from keys/alice.pub
  sealant keys show --private    your private key, to move it to another machine";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whose recipient [default: yours]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print the private key of your user folder, the secret half
    #[arg(long)]
    pub private: bool,
}

/// Runs it.
///
/// # Errors
/// No such key.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    if args.private {
        return private(args, session);
    }
    let recipients = match &args.name {
        None => own_recipients(session),
        Some(name) => {
            let mut named = identities::named(&session.names_root())?.into_iter();
            let found = named.find(|(known, _)| known == name);
            let missing = || {
                Failure::new(Kind::NoFile, format!("there is no keys/{name}.pub")).hint("all names: sealant keys list")
            };
            found.ok_or_else(missing)?.1
        }
    };
    if recipients.is_empty() {
        return Err(Failure::new(Kind::NoFile, "you have no key at hand").hint("make one with: sealant keys new NAME"));
    }
    let lines: String = recipients.iter().map(|line| format!("{line}\n")).collect();
    Ok(output::data(lines.as_bytes())?)
}

fn private(args: &Args, session: &Session) -> Result<(), Failure> {
    let path = private_file(args, session)?;
    let content = read_stream(&path, KEY_LIMIT)?;
    output::warn(&format!(
        "this is the private key in {}: whoever sees it can open what is encrypted for it",
        path.display()
    ));
    Ok(output::data(&content)?)
}

/// Where `keys new` has put it.
fn private_file(args: &Args, session: &Session) -> Result<PathBuf, Failure> {
    let user_file = identities::user_file(&session.env)
        .ok_or_else(|| Failure::new(Kind::NoFile, "there is no home folder to look for keys in"))?;
    match &args.name {
        None => Ok(user_file),
        Some(name) if text::is_name(name) => Ok(user_file.with_file_name(format!("{name}.txt"))),
        Some(name) => {
            let text = format!("{name} cannot be the name of a key");
            Err(Failure::new(Kind::Generic, text))
        }
    }
}
