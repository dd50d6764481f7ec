//! `sops exec-env`.

use std::path::Path;

use super::call::{Call, must_be_readable};
use super::exit::{Exit, warn};
use crate::commands::exec_env;
use crate::commands::sopsfile;
use crate::failure::Kind;
use crate::fsio::output;
use crate::fsio::run::{Ended, Run, What};
use crate::fsio::user::{self, User};

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    let [file, line] = call.given.rest.as_slice() else {
        return Err(Exit::new(1, "error: missing file to decrypt"));
    };
    let file = Path::new(file);
    call.check_config()?;
    let background = warn_background(call, "exec-env");
    if background && call.given.is_on("same-process") {
        let text = "Error: The --same-process flag cannot be used with --background";
        return Err(Exit::new(Kind::ConflictingOptions.code(), text));
    }
    must_be_readable(file)?;
    let user = find_user(call)?;
    let opened = sopsfile::open_source(&call.session, call.source(file)?)?;
    let plain = opened.decrypt(false)?;
    let variables = exec_env::variables(&opened.name, &opened.parse_plain(&plain)?)?;
    drop(plain);
    let run = Run {
        what: What::Shell(line.clone()),
        variables: &variables,
        pristine: call.given.is_on("pristine"),
        keep_keys: true,
        user: user.as_ref(),
    };
    if call.given.is_on("same-process") {
        return Err(exec_env::not_started(&run.become_it()).into());
    }
    finish(&run, background)
}

/// Says that `--background` is going away.
pub fn warn_background(call: &Call, name: &str) -> bool {
    let background = call.given.is_on("background");
    if background {
        warn(&format!("{name}'s --background option is deprecated and will be removed in a future version of sops"));
    }
    background
}

/// The user of `--user`.
///
/// # Errors
/// Nobody has that name.
pub fn find_user(call: &Call) -> Result<Option<User>, Exit> {
    let Some(name) = call.given.text("user") else {
        return Ok(None);
    };
    match user::find(name)? {
        Some(user) => Ok(Some(user)),
        None => Err(Exit::fatal(format!("user: unknown user {name}"))),
    }
}

/// Waits for the command; its code is ours, 255 after a signal, as in sops.
///
/// # Errors
/// It does not start.
pub fn finish(run: &Run<'_>, background: bool) -> Result<u8, Exit> {
    let failed = |error| Exit::from(exec_env::not_started(&error));
    if background {
        run.leave().map_err(failed)?;
        return Ok(0);
    }
    match run.wait().map_err(failed)? {
        Ended::Code(0) => Ok(0),
        Ended::Code(code) => {
            output::say(&format!("exit status {code}"));
            Ok(code)
        }
        Ended::Signal(signal) => {
            output::say(&format!("signal: {}", signal_name(signal)));
            Ok(255)
        }
    }
}

/// As Go names them.
fn signal_name(signal: u8) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        6 => "aborted",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}
