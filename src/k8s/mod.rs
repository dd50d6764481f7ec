//! Outside world: a Kubernetes cluster. Which one is said by flags, kubeconfig files and what a pod finds in its container, in the
//! same way as for kubectl and kubeseal ([`settings`]); what we ask of it are a few requests ([`Client`]).
//!
//! Files and variables are given to this room; the one thing that it starts by itself is the program that a kubeconfig names for
//! logging in. Nothing is connected before the first request.

pub mod error;
pub mod settings;

mod client;
mod exec;
mod kubeconfig;
mod objects;
mod path;
mod proxy;
mod retry;
mod transport;
mod waiting;

pub use client::{Answer, Client, Exchange, Stored};
pub use error::{Cause, ClusterError};
pub use objects::{Apply, Resource};
pub use settings::{Config, Loaded, Namespace, Overrides, Surroundings};
pub use waiting::Cancel;

#[cfg(test)]
mod tests;
