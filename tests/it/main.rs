//! The one integration test binary; one module per subject.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up files, run programs, read the clock, and may stop at a surprise"
)]

mod ahead;
mod arrows;
#[cfg(all(feature = "aws", feature = "vault"))]
mod aws_store;
#[cfg(all(feature = "aws", feature = "vault"))]
mod buckets;
mod bulk;
#[cfg(unix)]
mod callers;
#[cfg(target_os = "linux")]
mod cluster;
mod cmd;
mod compatibility;
mod conformance;
mod corpus;
#[cfg(all(unix, feature = "aws", feature = "vault", feature = "kube"))]
mod daemon;
mod demo;
mod docs;
mod edit;
mod example;
mod exec;
#[cfg(all(feature = "aws", feature = "vault", feature = "kube"))]
mod external;
#[cfg(feature = "vault")]
mod faults;
mod formats;
mod fuzz;
#[cfg(feature = "gcp")]
mod gcs;
mod init;
mod interop;
mod keys;
#[cfg(target_os = "linux")]
mod kubeseal;
mod lossless;
#[cfg(all(feature = "aws", feature = "vault"))]
mod moto;
mod peers;
mod people;
mod properties;
mod robust;
mod sandbox;
mod sealed;
mod sealed_verbs;
mod sealing_keys;
mod set;
#[cfg(any(unix, feature = "vault"))]
mod template;
mod tree_dump;
#[cfg(feature = "vault")]
mod vault;
#[cfg(feature = "vault")]
mod vault_store;
mod why;
