//! `sealant keys show`.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{export, list, own_recipients, text};
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
        Some(name) => export::named(session, name)?,
    };
    if recipients.is_empty() {
        return Err(Failure::new(Kind::NoFile, "you have no key at hand").hint("make one with: sealant keys new NAME"));
    }
    if session.json() {
        return list::print_json_of(session, args.name.as_deref());
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
    if session.json() {
        return Ok(output::data(&as_json(&path, &content)?)?);
    }
    Ok(output::data(&content)?)
}

/// `{"private": PATH, "content": TEXT}`.
fn as_json(path: &Path, content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let text = std::str::from_utf8(content)
        .map_err(|_| Failure::new(Kind::CannotEmit, format!("{} is not text", path.display())))?;
    let bad = |error: serde_json::Error| Failure::of(Kind::CannotEmit, &error);
    let path = serde_json::to_string(&path.to_string_lossy()).map_err(bad)?;
    let start = format!("{{\"private\":{path},\"content\":");
    // room for all of it, so that no unwiped copy is left when the text grows: a character becomes six at most
    let mut line = Zeroizing::new(Vec::with_capacity(start.len() + 6 * content.len() + 8));
    line.extend_from_slice(start.as_bytes());
    serde_json::to_writer(&mut *line, text).map_err(bad)?;
    line.extend_from_slice(b"}\n");
    Ok(line)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_json_never_grows() {
        let content = "\u{1}\"\\é\n".repeat(50);
        let line = as_json(Path::new("a\"b"), content.as_bytes()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(value, serde_json::json!({"private": "a\"b", "content": content}));
        let only_controls = "\u{1}".repeat(100);
        let line = as_json(Path::new("a"), only_controls.as_bytes()).unwrap();
        assert_eq!(line.capacity(), "{\"private\":\"a\",\"content\":".len() + 6 * 100 + 8);
    }
}
