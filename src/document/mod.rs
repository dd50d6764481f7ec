//! Text as leaves with byte spans: the lossless document engines and the neutral values they share.

pub mod edits;
pub mod format;
pub mod gather;
pub mod json;
pub mod kind;
pub mod open;
pub mod path;
pub mod scalar;
pub mod trail;
pub mod tree;
pub mod value;
pub mod yaml;
