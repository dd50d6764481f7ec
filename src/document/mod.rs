//! Text as leaves with byte spans: the lossless document engines and the neutral values they share.

pub mod path;
pub mod tree;
pub mod yaml;
