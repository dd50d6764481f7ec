//! Drive: one file per subcommand (being built).

pub mod identities;
