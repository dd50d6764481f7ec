//! `sealant keys new`.

use std::path::{Path, PathBuf};

use super::text;
use crate::commands::identities::{self, NAMES_FOLDER};
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::write::{NewMode, create_new};
use crate::fsio::{FsError, folder, output};
use crate::keyservice::age::{NewIdentity, generate, generate_post_quantum};
use crate::secret::RandomError;

const EXAMPLES: &str = "\
Your first key goes where sealant and sops look for it. Another one goes into a file of its own
beside that; use it with --identity FILE or SOPS_AGE_KEY_FILE. Where there is a keys/ folder, the
public half is put there as keys/NAME.pub.

Examples:
  sealant keys new alice
  sealant keys new ci-prod --output ci-prod.txt    for a machine: hand the file over, then remove it
  sealant keys new vault --post-quantum            for secrets that must stay secret for decades";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whose key it is [default: the name of your home folder]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Where the private key goes, instead of your user folder; the file must not exist
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Make a key that is safe from quantum computers as well; its recipient is long
    #[arg(long)]
    pub post_quantum: bool,
}

/// Runs it.
///
/// # Errors
/// A name that cannot be a file's, a file that is there already, and what the file system says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let name = name(args.name.as_deref(), session)?;
    let names = session.names_root().join(NAMES_FOLDER);
    let public = folder::is_folder(&names).then(|| names.join(format!("{name}.pub")));
    if let Some(public) = public.as_ref().filter(|path| folder::exists(path)) {
        // before the private key is made: nobody should have to clean up
        return Err(Failure::from(FsError::Exists(public.clone()))
            .hint("give another NAME, or remove the file if its owner has a new key"));
    }
    let private = match &args.output {
        Some(path) => path.clone(),
        None => place(&name, session)?,
    };
    let key = match args.post_quantum {
        true => generate_post_quantum().ok_or_else(|| Failure::of(Kind::Generic, &RandomError))?,
        false => generate(),
    };
    let key = store(key, &private, args.output.is_some(), &name, session)?;
    session.say(&format!("private key of {name}: {}", private.display()));
    if let Some(path) = &public {
        create_new(path, text::public(&name, &key.recipient).as_bytes(), NewMode::Public)?;
        session.say(&format!("recipient of {name}: {}", session.shown(path)));
    }
    if identities::user_file(&session.env).as_deref() != Some(&private) {
        let shown = private.display();
        session.say(&format!("to use it: --identity {shown} or SOPS_AGE_KEY_FILE={shown}"));
    }
    let line = if session.json() {
        let private = private.to_string_lossy();
        let result = serde_json::json!({"name": name, "recipient": key.recipient, "private": private});
        format!("{result}\n")
    } else {
        format!("{}\n", key.recipient)
    };
    Ok(output::data(line.as_bytes())?)
}

/// A given name that fits, or the default.
///
/// # Errors
/// A name that cannot be a file's.
pub fn name(given: Option<&str>, session: &Session) -> Result<String, Failure> {
    match given {
        None => Ok(text::default_name(&session.env)),
        Some(name) if text::is_name(name) => Ok(name.to_owned()),
        Some(name) => Err(Failure::new(Kind::Generic, format!("{name} cannot be the name of a key"))
            .hint("a name has letters, digits, and - _ . @ + within")),
    }
}

/// Where a new private key goes: the user file, or when that is taken a file of its own beside it.
fn place(name: &str, session: &Session) -> Result<PathBuf, Failure> {
    let user_file = identities::user_file(&session.env).ok_or_else(|| {
        Failure::new(Kind::Generic, "there is no home folder to put the key into").hint("say where: --output FILE")
    })?;
    if !folder::exists(&user_file) {
        return Ok(user_file);
    }
    let beside = user_file.with_file_name(format!("{name}.txt"));
    if beside == user_file || folder::exists(&beside) {
        return Err(Failure::from(FsError::Exists(beside))
            .hint("a private key is never overwritten: give another NAME, or --output FILE"));
    }
    Ok(beside)
}

/// Makes a key and writes its private half, readable by the user only. Folders are made for our own places, not for a path
/// that somebody may have mistyped.
///
/// # Errors
/// [`Kind::Exists`], and what the file system says.
pub fn make(private: &Path, given: bool, name: &str, session: &Session) -> Result<NewIdentity, Failure> {
    store(generate(), private, given, name, session)
}

fn store(key: NewIdentity, private: &Path, given: bool, name: &str, session: &Session) -> Result<NewIdentity, Failure> {
    session.guard_files();
    if let Some(parent) = private.parent().filter(|_| !given) {
        folder::make(parent, true)?;
    }
    let content = text::private(&key, name, &session.now());
    create_new(private, content.as_bytes(), NewMode::Private).map_err(|error| {
        let exists = matches!(error, FsError::Exists(_));
        let failure = Failure::from(error);
        if exists { failure.hint("a private key is never overwritten: name another file") } else { failure }
    })?;
    Ok(key)
}
