//! Text as leaves with byte spans: the lossless document engines and the neutral values they share.

pub mod base64;
pub mod dotenv;
pub mod edits;
pub mod flatten;
pub mod format;
pub mod gather;
pub mod hcl;
pub mod ini;
pub(crate) mod intake;
pub mod json;
pub mod kind;
pub mod near;
pub mod open;
pub(crate) mod outline;
pub mod path;
pub mod properties;
pub mod scalar;
pub mod toml;
pub mod trail;
pub mod tree;
pub mod value;
pub mod yaml;
