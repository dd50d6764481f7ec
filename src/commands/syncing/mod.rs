//! What `render`, `sync`, `push`, `pull`, `store` and `daemon` share: the manifests that are given, and what is around them.
//!
//! | file | what it is for |
//! |---|---|
//! | [`input`] | the options that name manifests, and reading them |
//! | [`surroundings`] | environment, cluster and files of this machine |
//! | [`files`] | encrypted files as a store |
//! | `secrets` | Secrets of a cluster as a store |
//! | [`report`] | what failed, in words |

pub mod files;
pub mod input;
pub mod report;
#[cfg(feature = "kube")]
mod secrets;
pub mod surroundings;
