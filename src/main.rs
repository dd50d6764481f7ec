//! Parse, run, report, exit.

use std::ffi::OsString;
use std::process::ExitCode;

use sealant::commands::{self, Cli, kubeseal, sops};
use sealant::fsio::harden;

fn main() -> ExitCode {
    harden::quiet_panics();
    let words: Vec<OsString> = std::env::args_os().collect();
    // before anything else looks at them: these two read their words in their own ways
    match words.as_slice() {
        [program, words @ ..] if commands::is_called(program, "sops") => return ExitCode::from(sops::run(words)),
        [_, word, words @ ..] if word == "sops" => return ExitCode::from(sops::run(words)),
        [program, words @ ..] if commands::is_called(program, "kubeseal") => {
            return ExitCode::from(kubeseal::run(program, words));
        }
        [_, word, words @ ..] if word == "kubeseal" => {
            return ExitCode::from(kubeseal::run("sealant kubeseal".as_ref(), words));
        }
        _ => {}
    }
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    match commands::run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.code())
        }
    }
}
