//! `sealant man`: the manual pages, made from the command line's own description.

use std::path::PathBuf;

use clap::CommandFactory;
use clap_mangen::Man;

use super::Cli;
use super::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::write::{NewMode, write_atomic};
use crate::fsio::{folder, output};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Write every page there, one file each; without it the main page is printed.
    pub dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  sealant man | man -l -
  sealant man ~/.local/share/man/man1";

/// Prints the main page, or writes all.
///
/// # Errors
/// When the folder or standard output cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let mut root = Cli::command();
    root.build();
    let Some(dir) = &args.dir else {
        return Ok(output::data(&page(root)?)?);
    };
    folder::make(dir, false)?;
    let mut commands = vec![root];
    let mut written = 0;
    while let Some(command) = commands.pop() {
        commands.extend(
            command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help").cloned(),
        );
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        let path = dir.join(format!("{name}.1"));
        write_atomic(&path, &page(command)?, NewMode::Public)?;
        written += 1;
    }
    session.say(&format!("wrote {written} pages to {}", dir.display()));
    Ok(())
}

fn page(command: clap::Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page).map_err(|error| Failure::of(Kind::Generic, &error))?;
    Ok(page)
}
