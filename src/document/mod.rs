//! Text as leaves with byte spans: the lossless document engines and the neutral values they share.

pub mod edits;
pub mod format;
pub mod hcl;
pub(crate) mod outline;
pub mod path;
pub mod properties;
pub mod scalar;
pub mod toml;
pub mod trail;
pub mod tree;
pub mod value;
pub mod yaml;
