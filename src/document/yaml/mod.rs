//! The lossless YAML engine: a text, the byte spans of its values and comments, and edits that replace spans. Bytes that
//! nobody asked to change cannot change.
//!
//! The scanner and parser are of libyaml's line (`scan`, `parse`), because the reader of sops is, and it decides which
//! scalar is which value and which mapping a comment belongs to. `walk` gives the document in the order of sops's tree.

pub mod change;
mod chars;
mod check;
mod conflict;
pub mod document;
pub mod emit;
pub mod error;
pub mod node;
mod parse;
mod parse_flow;
mod parse_props;
mod scalar_text;
mod scan;
mod scan_comments;
mod scan_props;
mod scan_scalar;
pub mod shape;
pub mod site;
mod token;
mod tree;
pub mod walk;

pub use chars::{BREAKS, first_break_len};
pub use document::Document;
pub use error::YamlError;
pub use node::{NodeId, NodeKind, ScalarStyle};
pub use scalar_text::{Block, Chomp, decode_block};
pub use shape::{Problem, ProblemKind};
pub use site::{Part, Site, Spot};
pub use tree::Scalars;
pub use walk::{Visit, WalkError};
