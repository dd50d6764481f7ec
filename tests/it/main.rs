//! The one integration test binary; one module per subject.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up files, run programs, read the clock, and may stop at a surprise"
)]

mod arrows;
mod cmd;
mod compatibility;
mod corpus;
#[cfg(unix)]
mod demo;
#[cfg(unix)]
mod docs;
#[cfg(unix)]
mod edit;
#[cfg(unix)]
mod example;
mod fuzz;
#[cfg(unix)]
mod init;
mod interop;
mod lossless;
mod peers;
mod properties;
#[cfg(unix)]
mod robust;
#[cfg(unix)]
mod sandbox;
#[cfg(unix)]
mod set;
mod tree_dump;
