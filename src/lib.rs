//! Sealant moves secret values between a person's editor, a Git repository, a secret store and a
//! cluster, and nothing but the secret value changes on the way.
//!
//! The map. Arrows point down only; siblings never import each other.
//!
//! | room | what it is for |
//! |---|---|
//! | [`commands`] | drive: one file per subcommand |
//! | [`failure`] | drive: errors of every room turned into exit codes and hints |
//! | [`fsio`] | outside world: files, standard input, terminal, environment |
//! | [`keyservice`] | outside world: who can wrap and unwrap a data key |
//! | [`store`] | outside world: where secrets live outside of files |
//! | [`sops`] | pure: the SOPS file |
//! | [`document`] | pure: text as leaves with byte spans |
//! | [`secret`] | leaf: wiping types and the one random source |

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests set up files and look at them"))]

#[cfg(feature = "cli")]
pub mod commands;
pub mod document;
#[cfg(feature = "cli")]
pub mod failure;
#[cfg(feature = "cli")]
pub mod fsio;
#[cfg(feature = "cli")]
pub mod keyservice;
pub mod secret;
pub mod sops;
#[cfg(feature = "vault")]
pub mod store;
