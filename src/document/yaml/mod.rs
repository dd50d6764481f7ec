//! The lossless YAML engine (being built).

pub mod emit;
