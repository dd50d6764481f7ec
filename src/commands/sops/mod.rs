//! Called as `sops`: its command line, its exit codes, the words that programs which call it look for (sops 3.13.2
//! `cmd/sops/main.go`). What is done is what our own commands do.
//!
//! | file | what it is for |
//! |---|---|
//! | [`grammar`], [`flags`], [`path`] | pure: the command line |
//! | [`call`] | what was given, and the session |
//! | [`exit`], [`report`] | codes and messages |
//! | [`store`], [`convert`], `comments`, `floats` | formats, and one as another |
//! | others | one subcommand each |

pub mod call;
mod comments;
mod completion;
pub mod convert;
mod decrypt;
mod edit;
mod encrypt;
mod exec_env;
mod exec_file;
pub mod exit;
mod filestatus;
pub mod flags;
mod floats;
pub mod grammar;
mod groups;
mod keyservice;
pub mod path;
mod publish;
pub mod report;
mod rotate;
mod set;
pub mod store;
mod unset;
mod updatekeys;

use std::ffi::OsString;

use super::sopsfile::VERSION;
use crate::fsio::env::Env;
use crate::fsio::{harden, output};
use call::Call;
use exit::Exit;
use flags::{COMMANDS, Command, ROOT};
use grammar::{Given, Misuse};

/// Completion scripts end their call with it.
const COMPLETE: &str = "--generate-bash-completion";

/// The command line of `sealant sops`.
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// What `sops` would be given
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    pub words: Vec<OsString>,
}

/// Runs it with what follows the program's name; returns the exit code, with everything said.
pub fn run(words: &[OsString]) -> u8 {
    harden::harden_process();
    match dispatch(words) {
        Ok(code) => code,
        Err(exit) => {
            exit.print();
            exit.code
        }
    }
}

fn dispatch(words: &[OsString]) -> Result<u8, Exit> {
    if words.last().is_some_and(|word| word == COMPLETE) {
        print(&completion::suggest(&words[..words.len() - 1]))?;
        return Ok(0);
    }
    let env = Env::from_process();
    let root_flags = ROOT.all_flags();
    let mut global =
        grammar::parse(&root_flags, words, false).map_err(|misuse| misused(&misuse, &ROOT, "Incorrect Usage."))?;
    global.fill(&root_flags, |var| env.os(var));
    if global.is_on("help") {
        print(&page(&ROOT))?;
        return Ok(0);
    }
    if global.is_on("version") {
        return version();
    }
    let command = global.rest.first().and_then(|word| word.to_str()).and_then(flags::find);
    let Some(command) = command else {
        if words.is_empty() {
            print(&page(&ROOT))?;
            return Err(Exit::no_file());
        }
        return legacy(global, env);
    };
    subcommand(command, &global, env)
}

/// A subcommand, or one of its own subcommands.
fn subcommand(command: &'static Command, global: &Given, env: Env) -> Result<u8, Exit> {
    let mut words = &global.rest[1..];
    let mut command = command;
    if flags::has_children(command.name) {
        let child = words.first().and_then(|word| word.to_str());
        match child.and_then(|child| flags::find(&format!("{} {child}", command.name))) {
            Some(child) => (command, words) = (child, &words[1..]),
            None => {
                print(&page(command))?;
                return Ok(0);
            }
        }
    }
    let flags = command.all_flags();
    let mut given =
        grammar::parse(&flags, words, true).map_err(|misuse| misused(&misuse, command, "Incorrect Usage:"))?;
    given.fill(&flags, |var| env.os(var));
    if command.name == "help" {
        let about = given.rest.first().and_then(|word| word.to_str()).and_then(flags::find);
        print(&page(about.unwrap_or(&ROOT)))?;
        return Ok(0);
    }
    if given.is_on("help") {
        print(&page(command))?;
        return Ok(0);
    }
    let call = Call::new(given, global.clone(), env, false, command.name == "encrypt")?;
    match command.name {
        "encrypt" => encrypt::run(&call),
        "decrypt" => decrypt::run(&call),
        "edit" => edit::run(&call),
        "set" => set::run(&call),
        "unset" => unset::run(&call),
        "rotate" => rotate::run(&call),
        "updatekeys" => updatekeys::run(&call),
        "groups add" => groups::add(&call),
        "groups delete" => groups::delete(&call),
        "exec-env" => exec_env::run(&call),
        "exec-file" => exec_file::run(&call),
        "filestatus" => filestatus::run(&call),
        "publish" => publish::run(&call),
        "keyservice" => keyservice::run(&call),
        "completion bash" => print(completion::BASH),
        "completion zsh" => print(completion::ZSH),
        other => Err(Exit::fatal(format!("unknown command {other}"))),
    }
}

/// Without a subcommand: a mode as a flag, or the editor.
fn legacy(global: Given, env: Env) -> Result<u8, Exit> {
    let encrypting = global.is_on("encrypt");
    let call = Call::new(global.clone(), global, env, true, encrypting)?;
    let given = &call.given;
    let modes = ["encrypt", "decrypt", "rotate"].into_iter().filter(|mode| given.is_on(mode));
    let modes: Vec<&str> = modes.chain(given.has("set").then_some("set")).collect();
    let Some(path) = given.rest.first() else {
        return Err(Exit::no_file());
    };
    if modes.len() > 1 {
        exit::warn("More than one command (--encrypt, --decrypt, --rotate, --set) was given: only the last one is run");
    }
    let changes = ["add-", "rm-"]
        .iter()
        .any(|prefix| call::KEY_FLAGS.iter().any(|(flag, _)| given.has(&format!("{prefix}{flag}"))));
    if changes && !crate::fsio::folder::exists(path.as_ref()) {
        let path = crate::fsio::folder::absolute(call.session.cwd(), path.as_ref());
        let what = format!("cannot add or remove keys on non-existent file \"{}\"", path.display());
        return Err(Exit::new(49, format!("Error: {what}, use `--kms` and `--pgp` instead.")));
    }
    match modes.last() {
        Some(&"encrypt") => encrypt::run(&call),
        Some(&"decrypt") => decrypt::run(&call),
        Some(&"rotate") => rotate::run(&call),
        Some(_) => set::run_legacy(&call),
        None => edit::run(&call),
    }
}

/// What callers read is the first word after `sops`: a number of sops's own releases.
fn version() -> Result<u8, Exit> {
    print(&format!("sops {VERSION} (sealant {})\n", env!("CARGO_PKG_VERSION")))
}

fn print(text: &str) -> Result<u8, Exit> {
    output::data(text.as_bytes())?;
    Ok(0)
}

/// The help page of a command.
fn page(command: &Command) -> String {
    let children: Vec<&Command> = COMMANDS
        .iter()
        .filter(|child| match child.name.split_once(' ') {
            Some((parent, _)) => parent == command.name,
            None => command.name.is_empty(),
        })
        .collect();
    call::help(command, &children)
}

/// As urfave/cli says it: what is wrong and the help page on standard output, what is wrong once more in the log.
fn misused(misuse: &Misuse, command: &Command, begin: &str) -> Exit {
    let text = format!("{begin} {misuse}\n\n{}", page(command));
    // when nobody reads it there is nobody to tell
    _ = output::data(text.as_bytes());
    Exit::fatal(misuse.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        assert!(page(&ROOT).contains("   updatekeys   give a file"));
        assert!(!page(&ROOT).contains("groups add"));
        let groups = page(flags::find("groups").unwrap());
        assert!(groups.contains("groups delete"), "{groups}");
        let decrypt = page(flags::find("decrypt").unwrap());
        assert!(decrypt.contains("--in-place, -i"), "{decrypt}");
    }
}
