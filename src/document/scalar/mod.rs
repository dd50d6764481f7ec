//! Scalars: how text resolves to a value, the bytes sops hashes, and how a value is spelled (being built).
