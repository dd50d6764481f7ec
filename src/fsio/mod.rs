//! The only door to files, standard input, environment, terminal and child programs.
//!
//! | file | what it is for |
//! |---|---|
//! | [`env`](mod@env) | the environment variables we know, read once |
//! | [`read`] | bounded reads, and the stamp that shows whether a file changed since |
//! | [`target`] | where a write really goes, and whether it may |
//! | [`write`](mod@write) | one atomic replacement |
//! | [`batch`] | many replacements, all or nothing |
//! | [`lock`] | one writer per file |
//! | [`machine`] | what this machine is called |
//! | [`walk`] | files below folders, in a stable order |
//! | [`process`](mod@process) | what we use of the machine
//! | [`watch`] | folders that change while we look
//! | [`private`] | a folder for plaintext that is gone afterwards |
//! | [`signals`] | what is removed when a signal ends us |
//! | [`socket`] | sockets that others connect to |
//! | [`harden`] | no core dumps |
//! | [`terminal`] | prompts without echo, progress |
//! | [`child`] | programs we start: key commands, editors |
//! | [`exchange`] | a program that gets input and gives output, in bounded time |
//! | [`run`](mod@run) | the program that gets the secrets |
//! | [`fifo`] | plaintext that is read once and never in a file |
//! | [`user`] | other users of this machine |
//! | [`printable`] | text from files made safe to print |
//! | [`output`] | standard output and standard error |
//! | [`folder`] | folders, and what is there |
//! | [`clock`] | the time |

#![allow(clippy::disallowed_methods, reason = "this is the room that the other rooms are sent to")]

pub mod batch;
pub mod child;
pub mod clock;
pub mod env;
mod error;
pub mod exchange;
pub mod fifo;
pub mod folder;
pub mod harden;
pub mod lock;
pub mod machine;
pub mod output;
pub mod printable;
pub mod private;
pub mod process;
pub mod read;
pub mod run;
pub mod signals;
pub mod socket;
pub mod target;
pub mod terminal;
pub mod user;
pub mod walk;
pub mod watch;
pub mod write;

pub use error::FsError;
