//! Metadata trees as YAML text (being built).
