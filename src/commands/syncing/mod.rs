//! What `render`, `sync`, `push`, `pull`, `store` and `daemon` share: the manifests that are given, and what is around them.
//!
//! | file | what it is for |
//! |---|---|
//! | [`input`] | the options that name manifests, and reading them |
//! | [`run`] | everything that a single run works with |
//! | [`surroundings`] | environment, cluster and files of this machine |
//! | [`files`] | encrypted files as a store |
//! | `secrets` | Secrets of a cluster as a store |
//! | [`lines`] | what there is to say about one ExternalSecret |
//! | [`made`] | the Secrets that ExternalSecrets make together |
//! | [`existing`] | what is at a place already |
//! | [`output`] | where Secrets go |
//! | [`report`] | what failed, in words |

pub mod existing;
pub mod files;
pub mod input;
pub mod lines;
pub mod made;
pub mod output;
pub mod report;
pub mod run;
#[cfg(feature = "kube")]
mod secrets;
pub mod surroundings;
