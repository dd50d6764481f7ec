//! `sealant exec-file`: a program with the decrypted content under a name of its own: a FIFO that is read once, or a file
//! in memory where there is such a place. It is gone with every way this can end.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use super::exec_env;
use super::session::Session;
use super::sopsfile;
use crate::failure::{Failure, Kind};
use crate::fsio::fifo::Fifo;
use crate::fsio::private::PrivateDir;
use crate::fsio::run::{Run, What};
use crate::fsio::user::{self, User};
use crate::fsio::write::{NewMode, create_new};
use crate::fsio::{FsError, folder};

/// What stands for the file's name.
const PLACE: &str = "{}";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A file that may be read more than once, instead of a FIFO
    #[arg(long)]
    pub no_fifo: bool,
    /// The temporary file's name
    #[arg(long, value_name = "NAME", default_value = "tmp-file")]
    pub filename: PathBuf,
    /// Mask the values, also in base64, JSON and URLs, in what the program prints
    #[arg(long)]
    pub redact: bool,
    /// The program and its arguments; {} stands for the file's path
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub program: Vec<OsString>,
}

const EXAMPLES: &str = "\
The file is in a folder that only you can enter; a FIFO can be read once, a file as often as the
program likes. There is no shell in between. The program gets all signals, and its exit code is
ours.

Examples:
  sealant exec-file config/prod/app.yml -- ./server --config {}
  sealant exec-file --no-fifo --filename values.yaml secrets.yaml -- helm upgrade app ./chart -f {}";

/// Runs it; returns the program's exit code.
///
/// # Errors
/// What keeps the file from being decrypted and the program from being started.
pub fn run(args: &Args, session: &Session) -> Result<u8, Failure> {
    let name = local(&args.filename)?;
    let opened = sopsfile::open(session, &args.file)?;
    let plain = opened.decrypt(false)?;
    let secret = if args.redact { exec_env::leaves(&opened.name, &opened.parse_plain(&plain)?)? } else { Vec::new() };
    let shown = Shown::new(session, name, plain.bytes(), !args.no_fifo, None)?;
    let words: Vec<OsString> = args.program.iter().map(|word| shown.put_into(word)).collect();
    if words == args.program {
        session.warn("no argument has {} in it: the program is not told where the content is");
    }
    let run = Run { what: What::Program(words), variables: &[], pristine: false, keep_keys: false, user: None };
    exec_env::finish(&run, &secret, args.redact, session)
}

/// A name that stays in the folder.
///
/// # Errors
/// It does not.
pub fn local(name: &Path) -> Result<&Path, Failure> {
    let mut parts = name.components().filter(|part| *part != Component::CurDir);
    if let (Some(Component::Normal(_)), None) = (parts.next(), parts.next()) {
        return Ok(name);
    }
    let text = "The provided filename is not a local path.";
    Err(Failure::new(Kind::Generic, text).hint("a name without folders: --filename values.yaml"))
}

/// The content under its temporary name.
#[derive(Debug)]
pub struct Shown {
    // in this order: the FIFO's thread ends before its folder goes
    _fifo: Option<Fifo>,
    folder: PrivateDir,
    path: PathBuf,
}

impl Shown {
    /// Puts it there; with `fifo` where the system has FIFOs. It belongs to `owner` when one is named.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(
        session: &Session,
        name: &Path,
        bytes: &[u8],
        fifo: bool,
        owner: Option<&User>,
    ) -> Result<Self, Failure> {
        session.guard_files();
        let folder = PrivateDir::new(&session.env)?;
        let path = folder.path().join(name);
        let given = |error| Failure::from(FsError::io("give away", &path, error));
        if let Some(owner) = owner {
            folder.give_to(owner).map_err(given)?;
        }
        let fifo = if fifo { Fifo::new(&path, Zeroizing::new(bytes.to_vec()), owner)? } else { None };
        if fifo.is_none() {
            create_new(&path, bytes, NewMode::Private)?;
            if let Some(owner) = owner {
                user::give(&path, owner).map_err(given)?;
            }
        }
        Ok(Self { _fifo: fifo, folder, path })
    }

    /// A word with the path in every place that is kept for it.
    pub fn put_into(&self, word: &OsStr) -> OsString {
        let (Some(text), Some(path)) = (word.to_str(), self.path.to_str()) else {
            return word.to_owned();
        };
        text.replace(PLACE, path).into()
    }

    /// Lets it outlive us.
    pub fn keep(self) {
        let Self { _fifo, folder, path } = self;
        if folder::exists(&path) {
            folder.keep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        for (name, fits) in
            [("a.yaml", true), ("./a", true), ("../a", false), ("/a", false), ("a/b", false), ("", false)]
        {
            assert_eq!(local(name.as_ref()).is_ok(), fits, "{name}");
        }
    }
}
