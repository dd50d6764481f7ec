//! Drive: one file per subcommand, and what they share.
//!
//! A subcommand is a file with a `pub struct Args` (its command line) and
//! `pub fn run(args: &Args, session: &Session) -> Result<(), Failure>`.
//!
//! | file | what it is for |
//! |---|---|
//! | [`session`] | environment, global options, configuration, key ring, names: each looked up once, when it is needed |
//! | [`sopsfile`] | reading, opening, encrypting and replacing one file |
//! | [`selection`] | the options that say for whom and which values |
//! | [`keyargs`] | the options that name keys of every kind |
//! | [`bulk`] | many files in one call, all or nothing |
//! | [`parallel`] | the same work for many items on all cores |
//! | [`rekey`] | other keys for a file that exists |
//! | [`redact`] | keeps secrets out of a stream of output |
//! | [`sops`] | all of it again under the name `sops` |
//! | [`kubeseal`] | Sealed Secrets under the name `kubeseal` |
//! | [`json`] | one value: as it is, or as JSON |
//! | [`syncing`] | what the commands about ExternalSecrets share |
//! | [`sealing_keys`] | files of private sealing keys, in clear or encrypted |
//! | [`sealed_templates`] | the values that the templates of a SealedSecret give |
//! | [`identities`] | where identities and names come from |
//! | `cluster` | which cluster, as flags, files and the environment say |
//! | `vault_settings` | what the environment says about Vault |
//! | `aws_login` | what the environment says about who we are for AWS |

pub mod advice;
#[cfg(feature = "aws")]
mod aws_login;
pub mod bulk;
#[cfg(feature = "kube")]
pub mod cluster;
pub mod completions;
pub mod daemon;
pub mod decrypt;
pub mod demo;
pub mod edit;
pub mod encrypt;
pub mod exec_env;
pub mod exec_file;
pub mod filestatus;
pub mod formats;
pub mod get;
pub mod groups;
pub mod identities;
pub mod init;
pub mod json;
pub mod keyargs;
pub mod keyring;
pub mod keys;
#[cfg(feature = "keyservice")]
pub mod keyservice;
pub mod kubeseal;
pub mod man;
pub mod parallel;
pub mod policy;
pub mod publish;
pub mod pull;
pub mod push;
pub mod redact;
pub mod rekey;
pub mod render;
pub mod reseal;
pub mod rotate;
pub mod seal;
pub mod sealed_templates;
pub mod sealing_keys;
pub mod secret_data;
pub mod selection;
pub mod session;
pub mod set;
pub mod size;
pub mod sops;
pub mod sopsfile;
pub mod store;
#[cfg(feature = "kube")]
pub mod sync;
pub mod syncing;
pub mod terminal;
pub mod textconv;
pub mod unseal;
pub mod unset;
pub mod updatekeys;
#[cfg(feature = "vault")]
mod vault_settings;
pub mod why;

use std::ffi::OsStr;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::failure::{Failure, Kind, TABLE};
use crate::fsio::env::Var;
use crate::fsio::harden;
use session::{Global, Session};

/// Encrypts the secret values of YAML, JSON, dotenv, INI, TOML, HCL and properties files, and any other file as a whole, for
/// Git; decrypts them at deploy time, and changes no other byte. Reads and writes SOPS files.
#[derive(Parser, Debug)]
#[command(name = "sealant", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = EXAMPLES, after_long_help = reference())]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sealant init                          a key, .sops.yaml and keys/ for this repository
  sealant encrypt -i config/            every file that a creation rule matches
  sealant edit config/prod/app.yml      change values in your editor
  sealant decrypt config/prod/app.yml   to standard output

`sealant --help` also lists exit codes and environment variables.";

/// The examples, and the tables of exit codes and environment variables.
fn reference() -> String {
    let examples = EXAMPLES.rsplit_once("\n\n").map_or(EXAMPLES, |(text, _)| text);
    let mut text = format!("{examples}\n\nExit codes:\n    0  done\n");
    for (_, code, meaning) in TABLE {
        text.push_str(&format!("  {code:>3}  {meaning}\n"));
    }
    text.push_str("\nEnvironment variables:\n");
    for var in Var::ALL {
        text.push_str(&format!("  {}: {}\n", var.name(), var.doc()));
    }
    text.pop();
    text
}

/// Whether a program called like this, with its folder or not, is meant to be `name`.
pub fn is_called(program: &OsStr, name: &str) -> bool {
    let called = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    called.strip_suffix(".exe").unwrap_or(&called) == name
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Start: a key, a .sops.yaml, keys/ and a diff driver
    Init(init::Args),
    /// Encrypt files or folders
    Encrypt(encrypt::Args),
    /// Decrypt files or folders
    Decrypt(decrypt::Args),
    /// Edit an encrypted file in your editor
    Edit(edit::Args),
    /// Print one value
    Get(get::Args),
    /// Change one value
    Set(set::Args),
    /// Remove one value
    Unset(unset::Args),
    /// Run a program with decrypted values in its environment
    ExecEnv(exec_env::Args),
    /// Run a program with the decrypted content in a temporary file
    ExecFile(exec_file::Args),
    /// Encrypt files again under new data keys
    Rotate(rotate::Args),
    /// Give files the keys of their creation rules
    Updatekeys(updatekeys::Args),
    /// Show and change the key groups of a file
    Groups(groups::Args),
    /// Say who can open files, whether you can, and what to do if not
    Why(why::Args),
    /// Say whether files are encrypted, and for whom
    Filestatus(filestatus::Args),
    /// Seal values for a cluster, and change and check SealedSecrets
    Seal(seal::Args),
    /// Open SealedSecrets with private sealing keys
    Unseal(unseal::Args),
    /// Seal what is under an older key with the newest certificate
    Reseal(reseal::Args),
    /// Make Secrets of ExternalSecrets: print them, or write them for Git
    Render(render::Args),
    /// Make Secrets of ExternalSecrets in a cluster
    #[cfg(feature = "kube")]
    Sync(sync::Args),
    /// Keep the Secrets of a folder of ExternalSecrets current
    Daemon(daemon::Args),
    /// Write values of Secrets to stores, as PushSecrets say
    Push(push::Args),
    /// Take what a store keeps into an encrypted file
    Pull(pull::Args),
    /// Say what stores let you do
    Store(store::Args),
    /// Publish a file to a configured destination
    Publish(publish::Args),
    /// Make, list and show keys
    Keys(keys::Args),
    /// Let other machines and processes use the keys of this one
    #[cfg(feature = "keyservice")]
    Keyservice(keyservice::Args),
    /// See it work in a temporary folder
    Demo(demo::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print the manual page, or write all pages to a folder
    Man(man::Args),
    /// Do what `sops` does, with its command line
    Sops(sops::Args),
    /// Do what `kubeseal` does, with its command line
    Kubeseal(kubeseal::Args),
    /// Decrypt for `git diff`; print the file as it is when that is impossible
    #[command(hide = true)]
    Textconv(textconv::Args),
}

impl Cli {
    /// The command line of this process.
    ///
    /// # Errors
    /// The exit code, when there is nothing to run: 0 after help, else that of a wrong command line, which was printed.
    pub fn from_process() -> Result<Self, u8> {
        Self::try_parse().map_err(|error| {
            let code = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
                // as sops without arguments
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Kind::NoFile.code(),
                ErrorKind::ArgumentConflict => Kind::ConflictingOptions.code(),
                _ => Kind::Generic.code(),
            };
            // when nobody reads it there is nobody to tell
            _ = error.print();
            code
        })
    }
}

/// Runs a command; returns the exit code, which is that of the program that was run, or 0.
///
/// # Errors
/// What the command says.
pub fn run(cli: &Cli) -> Result<u8, Failure> {
    let session = Session::new(cli.global.clone())?;
    match &cli.command {
        Command::Completions(args) => return completions::run(args, &session).map(|()| 0),
        Command::Man(args) => return man::run(args, &session).map(|()| 0),
        Command::Sops(args) => return Ok(sops::run(&args.words)),
        Command::Kubeseal(args) => return Ok(kubeseal::run("sealant kubeseal".as_ref(), &args.words)),
        _ => harden::harden_process(),
    }
    #[cfg(feature = "keyservice")]
    keyring::remote::addresses(&session)?;
    match &cli.command {
        Command::ExecEnv(args) => return exec_env::run(args, &session),
        Command::ExecFile(args) => return exec_file::run(args, &session),
        Command::Why(args) => return why::run(args, &session),
        Command::Render(args) => return render::run(args, &session),
        Command::Init(args) => init::run(args, &session),
        Command::Encrypt(args) => encrypt::run(args, &session),
        Command::Decrypt(args) => decrypt::run(args, &session),
        Command::Edit(args) => edit::run(args, &session),
        Command::Get(args) => get::run(args, &session),
        Command::Set(args) => set::run(args, &session),
        Command::Unset(args) => unset::run(args, &session),
        Command::Rotate(args) => rotate::run(args, &session),
        Command::Updatekeys(args) => updatekeys::run(args, &session),
        Command::Groups(args) => groups::run(args, &session),
        Command::Filestatus(args) => filestatus::run(args, &session),
        Command::Seal(args) => seal::run(args, &session),
        Command::Unseal(args) => unseal::run(args, &session),
        Command::Reseal(args) => reseal::run(args, &session),
        #[cfg(feature = "kube")]
        Command::Sync(args) => sync::run(args, &session),
        Command::Daemon(args) => daemon::run(args, &session),
        Command::Push(args) => push::run(args, &session),
        Command::Pull(args) => pull::run(args, &session),
        Command::Store(args) => store::run(args, &session),
        Command::Publish(args) => publish::run(args, &session),
        Command::Keys(args) => keys::run(args, &session),
        #[cfg(feature = "keyservice")]
        Command::Keyservice(args) => keyservice::run(args, &session),
        Command::Demo(args) => demo::run(args, &session),
        Command::Completions(_) | Command::Man(_) | Command::Sops(_) | Command::Kubeseal(_) => Ok(()),
        Command::Textconv(args) => textconv::run(args, &session),
    }
    .map(|()| 0)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn names_of_the_program() {
        for name in ["sops", "kubeseal"] {
            for called in [name.to_owned(), format!("/usr/bin/{name}"), format!("{name}.exe")] {
                assert!(is_called(called.as_ref(), name), "{called}");
            }
            for other in
                ["sealant".to_owned(), format!("{name}2"), format!("x{name}"), format!("{name}/x"), String::new()]
            {
                assert!(!is_called(other.as_ref(), name), "{other}");
            }
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
