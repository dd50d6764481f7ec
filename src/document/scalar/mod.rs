//! One scalar, in three steps: what text means ([`resolve_plain`], [`resolve_tagged`]), the bytes sops encrypts and hashes
//! ([`append_plain_bytes`], [`from_plain_bytes`]), and how a value is written so that it reads back the same ([`spell`]).
//!
//! The judge of what text means is go-yaml v3.0.4, the reader inside sops 3.13.2: any other answer breaks the MAC.

mod block;
mod bytes;
pub(crate) mod chars;
mod go_text;
mod hexfloat;
mod number;
mod quote;
mod resolve;
mod spell;
mod time;

#[cfg(test)]
mod tests;

pub use bytes::{
    BadPlaintext, TypeWord, append_plain_bytes, from_plain_bytes, plain_room, type_word, write_plain_bytes,
};
pub use go_text::go_text;
pub use number::{format_float_f, format_float_g, whole};
pub(crate) use quote::{push_double_quoted, push_single_quoted};
pub use resolve::{TagMismatch, resolve_plain, resolve_tagged};
pub use spell::{Context, Style, spell};
