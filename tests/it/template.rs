//! Go's templates: what Go and we make of the same ones.

mod compare;
mod external_secrets;
mod generated;
mod issue;
mod keystores;
