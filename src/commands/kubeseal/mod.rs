//! Called as `kubeseal`: its command line, its exit codes, its words and its output (sealed-secrets 0.36.6 `cmd/kubeseal`,
//! `pkg/kubeseal`).
//!
//! | file | what it is for |
//! |---|---|
//! | [`flags`], [`grammar`], [`csv`], [`log`] | pure: the command line |
//! | [`call`] | what was given, input and output |
//! | [`exit`] | how it ends badly |
//! | `certificate` | `--cert` and `--fetch-cert` |
//! | `controller` | all that asks a cluster |
//! | `whole` | SealedSecrets as upstream's types have them |
//! | others | one mode each |

pub mod call;
mod certificate;
mod controller;
pub mod csv;
pub mod exit;
pub mod flags;
pub mod grammar;
pub mod log;
mod merge;
mod raw;
mod recovery;
mod remote;
mod seal;
mod whole;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::fsio::env::{self, Env};
use crate::fsio::{harden, output};
use call::Call;
use exit::Exit;
use grammar::{Given, Misuse};

/// The release whose behaviour this is.
const VERSION: &str = "0.36.6";

/// The command line of `sealant kubeseal`.
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// What `kubeseal` would be given
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    pub words: Vec<OsString>,
}

/// Runs it with the program's name, for the help page, and what follows it; returns the exit code, with everything said.
pub fn run(program: &OsStr, words: &[OsString]) -> u8 {
    harden::harden_process();
    match dispatch(&program.to_string_lossy(), words) {
        Ok(code) => code,
        Err(exit) => {
            exit.print();
            1
        }
    }
}

fn dispatch(program: &str, words: &[OsString]) -> Result<u8, Exit> {
    let mut given = Given::default();
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let outcome = given.read(texts.iter().map(AsRef::as_ref), env::preset);
    for notice in &given.notices {
        // upstream says it there, too
        print(&format!("{notice}\n"))?;
    }
    match outcome {
        Ok(()) => {}
        Err(misuse) => return misused(program, &misuse),
    }
    if given.is_on("version") {
        return print(&format!("kubeseal version: {VERSION} (sealant {})\n", env!("CARGO_PKG_VERSION")));
    }
    if given.is_on("help") {
        return print(&format!("Usage of {program}:\n{}", flags::page()));
    }
    modes(&Call::new(given, Env::from_process())?)?;
    Ok(0)
}

/// The first mode that was asked for, in upstream's order (`cmd/kubeseal/main.go:runCLI`).
fn modes(call: &Call) -> Result<(), Exit> {
    if call.given.is_on("recovery-unseal") {
        return recovery::run(call);
    }
    call.warn_of_idle_keys();
    if call.given.is_on("validate") {
        return remote::validate(call);
    }
    if call.given.is_on("re-encrypt") {
        return remote::re_encrypt(call);
    }
    let pem = certificate::obtain(call)?;
    if call.given.is_on("fetch-cert") {
        return call.finish(&pem);
    }
    let key = certificate::parse(&pem)?;
    if let Some(path) = call.given.some("merge-into") {
        return merge::run(call, Path::new(path), &key);
    }
    if call.given.is_on("raw") {
        return raw::run(call, &key);
    }
    seal::run(call, &key)
}

/// The page's first line is for people, the rest is on standard output, as pflag has it.
fn misused(program: &str, misuse: &Misuse) -> Result<u8, Exit> {
    output::say(&format!("Usage of {program}:"));
    print(&flags::page())?;
    match misuse {
        Misuse::Help => Ok(0),
        Misuse::Wrong(text) => {
            output::data(format!("{text}\n").as_bytes())?;
            Ok(2)
        }
    }
}

fn print(text: &str) -> Result<u8, Exit> {
    output::data(text.as_bytes())?;
    Ok(0)
}
