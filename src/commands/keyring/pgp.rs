//! OpenPGP keys: which gpg is run, where its keys are, and on which terminal it may ask.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "pgp")]
use crate::commands::terminal::AtTerminal;
use crate::fsio::child::ChildError;
use crate::fsio::env::{Env, Var};
use crate::fsio::exchange::{Exchange, Exchanged};
use crate::fsio::read::Wiped;
use crate::fsio::terminal;
#[cfg(feature = "pgp")]
use crate::fsio::{clock, folder, read::read_stream};
#[cfg(feature = "pgp")]
use crate::keyservice::age::AskPassphrase;
#[cfg(feature = "pgp")]
use crate::keyservice::pgp::native::{KeyFile, NativePgp, Surroundings};
use crate::keyservice::pgp::{Answer, Call, NoAnswer, PgpKeys};
use crate::secret::SecretBytes;

/// What is run when `SOPS_GPG_EXEC` names nothing else.
const GPG: &str = "gpg";
/// gpg waits for locks of other gpgs, and starts its agent.
const ALONE: Duration = Duration::from_secs(60);
/// A person may have to look for a card.
const WITH_A_PERSON: Duration = Duration::from_secs(300);
/// So much may be printed: the keyrings of some people hold thousands of keys.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The key service.
pub fn service(env: &Arc<Env>) -> PgpKeys {
    let program = env.path(Var::SopsGpgExec).map_or_else(|| GPG.into(), |path| path.as_os_str().to_owned());
    let name = program.to_string_lossy().into_owned();
    let keyring = match env.path(Var::GnupgHome) {
        Some(home) => format!("the keyring of gpg in {}", home.display()),
        None => "the keyring of gpg".to_owned(),
    };
    let env = env.clone();
    PgpKeys::new(name, keyring, move |call| run(&env, &program, call))
}

fn run(env: &Env, program: &OsString, call: &Call<'_>) -> Result<Answer, NoAnswer> {
    let mut variables: Vec<(&str, OsString)> = Vec::new();
    for var in [Var::GnupgHome, Var::Home] {
        variables.extend(env.os(var).map(|value| (var.name(), value.to_owned())));
    }
    // gpg would look at its standard input, which is not the terminal here
    if env.os(Var::GpgTty).is_none()
        && let Some(device) = terminal::device()
    {
        variables.push((Var::GpgTty.name(), device));
    }
    let deadline = if call.may_ask { WITH_A_PERSON } else { ALONE };
    let exchange = Exchange { program, arguments: call.arguments, variables: &variables, deadline, limit: LIMIT };
    match exchange.run(Wiped::new(call.input.to_vec())) {
        Ok(Exchanged { status, mut stdout, stderr }) => Ok(Answer {
            ok: status.success(),
            stdout: SecretBytes::new(std::mem::take(&mut *stdout)),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }),
        Err(ChildError::NotStarted { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Err(NoAnswer::NotInstalled)
        }
        Err(ChildError::TooLate { seconds, .. }) => Err(NoAnswer::TooLate(seconds)),
        Err(error) => Err(NoAnswer::Failed(error.to_string())),
    }
}

/// The service that works without gpg.
#[cfg(feature = "pgp")]
pub fn native(env: &Arc<Env>) -> NativePgp {
    let env = env.clone();
    NativePgp::new(Surroundings {
        load: Box::new(move || key_files(&env)),
        ask: Box::new(|label: &str| AtTerminal.ask(label)),
        now: Box::new(|| {
            let now = clock::now().parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second);
            now.ok().and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0)
        }),
    })
}

/// What `SEALANT_PGP_KEY_FILE` names, and the keyrings that gpg had before 2.1, as in sops.
#[cfg(feature = "pgp")]
fn key_files(env: &Env) -> Vec<KeyFile> {
    let file = |label: String, path: &std::path::Path| {
        let content = match read_stream(path, LIMIT) {
            Ok(mut bytes) => Ok(SecretBytes::new(std::mem::take(&mut *bytes))),
            Err(error) => Err(error.to_string()),
        };
        KeyFile { label, content: Some(content) }
    };
    let name = Var::PgpKeyFile.name();
    let mut files = vec![match env.path(Var::PgpKeyFile) {
        Some(path) => file(format!("{name} ({})", path.display()), path),
        None => KeyFile { label: name.to_owned(), content: None },
    }];
    let gnupg = env.path(Var::GnupgHome).map(ToOwned::to_owned).or_else(|| Some(env.home()?.join(".gnupg")));
    for ring in ["secring.gpg", "pubring.gpg"] {
        if let Some(path) = gnupg.as_ref().map(|gnupg| gnupg.join(ring)).filter(|path| folder::exists(path)) {
            files.push(file(path.display().to_string(), &path));
        }
    }
    files
}
