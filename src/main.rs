//! Parse, run, report, exit.

use std::process::ExitCode;

use sealant::commands::{self, Cli};
use sealant::fsio::harden;

fn main() -> ExitCode {
    harden::quiet_panics();
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    match commands::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.code())
        }
    }
}
