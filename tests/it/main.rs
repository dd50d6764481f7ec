//! The one integration test binary; one module per subject.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up files, run programs, read the clock, and may stop at a surprise"
)]

mod ahead;
mod arrows;
mod bulk;
#[cfg(unix)]
mod callers;
#[cfg(target_os = "linux")]
mod cluster;
mod cmd;
mod compatibility;
mod conformance;
mod corpus;
mod demo;
mod docs;
mod edit;
mod example;
mod exec;
mod formats;
mod fuzz;
mod init;
mod interop;
mod keys;
#[cfg(target_os = "linux")]
mod kubeseal;
mod lossless;
mod peers;
mod people;
mod properties;
mod robust;
mod sandbox;
mod sealed;
mod set;
mod tree_dump;
#[cfg(feature = "vault")]
mod vault;
mod why;
