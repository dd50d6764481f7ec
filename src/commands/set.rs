//! `sealant set`: one value of an encrypted file. Everything else keeps its bytes and its ciphertext.

pub mod near;
pub(in crate::commands) mod place;
pub mod value;

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::secret_data;
use super::session::Session;
use super::sopsfile::Change;
use crate::document::path::KeyPath;
use crate::document::tree::Node;
use crate::failure::{Failure, Kind};
use crate::fsio::read::{DOCUMENT_LIMIT, Wiped, read_stdin, read_stream};
use crate::fsio::{output, terminal};
use value::{BadValue, Present, Type};

const EXAMPLES: &str = "\
Examples:
  sealant set config/prod/app.yml db.password                     asks, without echo
  printf %s \"$NEW\" | sealant set config/prod/app.yml db.password  from standard input
  sealant set config/prod/app.yml db.ca --value-file ca.pem
  sealant set config/prod/app.yml db.port 5433               visible to other users: not for secrets
  sealant set config/prod/app.yml 'db.users[2]' '{\"name\": \"eve\"}' --type json

A value keeps its type; a new one is text. Missing mappings on the way are made, and the position
after the last item of a list appends to it.";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The key path.
    #[arg(value_name = "PATH", help = r#"Where: db.users[0].password, "a.b".c or ["db"]["x"]"#)]
    pub path: String,
    /// The value; other users of this machine can see it, so better give it another way
    #[arg(value_name = "VALUE", group = "from", allow_negative_numbers = true)]
    pub value: Option<String>,
    /// Take the value from a file, without its last line break
    #[arg(long, value_name = "FILE", group = "from")]
    pub value_file: Option<PathBuf>,
    /// Take the value from standard input, without its last line break
    #[arg(long, group = "from")]
    pub value_stdin: bool,
    /// Write the value even if the file's rule leaves it in clear
    #[arg(long)]
    pub in_clear: bool,
    /// The value is what a Kubernetes Secret shall hold: it is written as base64, under data.NAME
    #[arg(long, conflicts_with = "wanted")]
    pub decode_data: bool,
    /// The type the value is to have, instead of the one it has
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub wanted: Option<Type>,
}

/// Runs it.
///
/// # Errors
/// A path or value that does not fit, and all that keeps the file from being opened and written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let path = KeyPath::parse(&args.path)?;
    let mut change = Change::begin(session, &args.file)?;
    // as for unset: null may take the place of the last secret
    change.settings.allow_empty = true;
    let plain = place::parse(&change, change.plain())?;
    let path = near::meant(&plain, &args.path, path);
    near::refuse_twin(&plain, &args.path, &path)?;
    let refused = |error| near::advise(place::refused(&error, &path), &plain, &path);
    let present = place::present(&plain, &path).map_err(refused)?;
    if args.decode_data {
        secret_data::require(&plain, &change.opened.name, &path)?;
    }
    let value = typed(args, present, &path)?;
    let mut new = plain.set(&path, &value).map_err(refused)?;
    let text = std::mem::take(&mut *new);
    let was_clear = place::shows_clear(change.opened.file.kind(), change.opened.file.text(), &path);
    let outcome = place::save(session, &mut change, text)?;
    let clear = outcome.shows_clear(change.opened.file.kind(), &path);
    if clear && !was_clear && !args.in_clear {
        let text = "the file's rule does not select this path: the value would stand in clear";
        return Err(Failure::new(Kind::NothingSelected, text)
            .about(&path)
            .hint("check the spelling of the path, or pass --in-clear if it is no secret"));
    }
    outcome.finish(session, change, |_| {
        let how = if clear { "in clear" } else { "encrypted" };
        format!("set {path} ({how})")
    })
}

/// The new value, of the right type.
fn typed(args: &Args, present: Present, path: &KeyPath) -> Result<Node, Failure> {
    if args.wanted == Some(Type::Null) {
        if args.value.is_some() || args.value_file.is_some() || args.value_stdin {
            let text = "--type null takes no value";
            return Err(Failure::new(Kind::ConflictingOptions, text));
        }
        return value::typed("", Type::Null).map_err(|error| unfit(&error, path));
    }
    let text = read(args, path)?;
    if args.decode_data {
        return Ok(Node::text(secret_data::encode_value(&text).as_str()));
    }
    let text = std::str::from_utf8(&text).map_err(|_| unfit(&BadValue::NotText, path))?;
    match args.wanted {
        Some(wanted) => value::typed(text, wanted),
        None => value::like(text, present),
    }
    .map_err(|error| unfit(&error, path))
}

fn unfit(error: &BadValue, path: &KeyPath) -> Failure {
    let failure = Failure::of(Kind::BadSetValue, error).about(path);
    match error {
        BadValue::NotAsBefore(_) => failure.hint("to change the type, say --type str, or another"),
        BadValue::Collection(_) => failure.hint("name one value in it, or replace it: --type json"),
        _ => failure,
    }
}

/// The value as it was given.
fn read(args: &Args, path: &KeyPath) -> Result<Wiped, Failure> {
    if let Some(value) = &args.value {
        output::warn(
            "a value on the command line is visible to other users and stays in the shell's history; \
             give it on standard input instead",
        );
        return Ok(Zeroizing::new(value.clone().into_bytes()));
    }
    if let Some(file) = &args.value_file {
        return Ok(without_line_break(read_stream(file, DOCUMENT_LIMIT)?));
    }
    if args.value_stdin {
        return Ok(without_line_break(read_stdin(DOCUMENT_LIMIT)?));
    }
    if terminal::stdin_is_terminal() {
        return prompt(path);
    }
    let text = read_stdin(DOCUMENT_LIMIT)?;
    if text.is_empty() {
        // a script whose variable is not set, or a job without input: hardly ever what is meant
        return Err(Failure::new(Kind::BadSetValue, "standard input holds no value")
            .hint("for an empty text say --value-stdin"));
    }
    Ok(without_line_break(text))
}

/// Asks for a value without echo.
pub(super) fn prompt(path: &dyn std::fmt::Display) -> Result<Wiped, Failure> {
    let answer = terminal::prompt_secret(&format!("value for {path}: "));
    match answer {
        Ok(text) => Ok(Zeroizing::new(text.expose().as_bytes().to_vec())),
        Err(error) => Err(Failure::new(Kind::BadSetValue, "no value was given").caused_by(error)),
    }
}

/// Programs and files end their last line; that line break is not part of the value.
pub(super) fn without_line_break(mut text: Wiped) -> Wiped {
    if text.ends_with(b"\n") {
        text.pop();
        if text.ends_with(b"\r") {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_is_dropped() {
        for (given, kept) in [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a"), ("\n", ""), ("", "")] {
            let text = Zeroizing::new(given.as_bytes().to_vec());
            assert_eq!(without_line_break(text).as_slice(), kept.as_bytes());
        }
    }
}
