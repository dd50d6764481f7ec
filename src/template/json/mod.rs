//! JSON as Go's `encoding/json` reads and writes it.

mod decode;
mod encode;

pub(super) use decode::decode;
pub(super) use encode::{Style, encode};
