//! `sealant textconv`: what `git diff` shows instead of an encrypted file. Whatever happens, git gets a text and success:
//! a failing diff driver would make `git diff`, `log -p` and `show` fail for everybody without a key.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::identities;
use super::session::Session;
use crate::failure::Failure;
use crate::fsio::output;
use crate::fsio::read::{DOCUMENT_LIMIT, read_stream};
use crate::keyservice::KeyRing;
use crate::keyservice::age::AgeKeys;
use crate::secret::SecretText;
use crate::sops::file::{Plain, SopsFile};

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The file that git has put aside
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs it.
///
/// # Errors
/// None.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    if let Some(text) = text(&args.file, session) {
        // git closes the pipe early when the user leaves the pager
        _ = output::data(&text);
    }
    Ok(())
}

fn text(path: &Path, session: &Session) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = read_stream(path, DOCUMENT_LIMIT).ok()?;
    // even a defect of ours must not stop git
    let plain = catch_unwind(AssertUnwindSafe(|| decrypted(path, &bytes, session))).ok().flatten();
    Some(match plain {
        Some(plain) => plain,
        None => bytes,
    })
}

fn decrypted(path: &Path, bytes: &[u8], session: &Session) -> Option<Zeroizing<Vec<u8>>> {
    // git's name for the file it has put aside ends as the real one does
    let plain = Plain::recognise(path.to_str(), Zeroizing::new(bytes.to_vec()), false).ok()?;
    let file = SopsFile::from_plain(plain).ok()?;
    let metadata = file.metadata();
    // nobody is asked for a passphrase in the middle of a diff
    let sources = identities::sources(&session.env, &session.global.identity);
    let nobody = |_: &str| -> Option<SecretText> { None };
    let ring = KeyRing::new(vec![std::sync::Arc::new(AgeKeys::new(sources, nobody))]);
    let key = ring.unwrap(&metadata.groups, metadata.shamir_threshold).ok()?;
    Some(Zeroizing::new(file.decrypt(&key, false).ok()?.bytes().to_vec()))
}
