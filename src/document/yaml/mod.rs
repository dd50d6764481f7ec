//! The lossless YAML engine (being built).
