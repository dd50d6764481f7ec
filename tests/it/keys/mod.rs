//! Every kind of key against the real programs, both ways.

#[cfg(unix)]
mod age;
