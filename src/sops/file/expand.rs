//! An alias whose target is encrypted is written out in the encrypted file, for a ciphertext is bound to its path and cannot
//! stand for a value at another one: a scalar becomes a scalar, a collection becomes a flow collection on one line.

use crate::document::scalar::{Context, Style, spell};
use crate::document::value::Value;
use crate::document::yaml::{NodeId, NodeKind};

/// The text being written for one alias.
pub struct Expansion {
    alias: NodeId,
    text: String,
    /// Open collections, and whether they already hold something.
    open: Vec<(NodeKind, bool)>,
    depth: usize,
}

impl Expansion {
    /// An empty text for `alias`.
    pub fn new(alias: NodeId) -> Self {
        Self { alias, text: String::new(), open: Vec::new(), depth: 0 }
    }

    /// The alias that is written out.
    pub fn alias(&self) -> NodeId {
        self.alias
    }

    /// A nested alias begins.
    pub fn nest(&mut self) {
        self.depth += 1;
    }

    /// An alias ends; true when it is the outermost.
    pub fn unnest(&mut self) -> bool {
        self.depth -= 1;
        self.depth == 0
    }

    /// The finished text.
    pub fn into_text(self) -> String {
        self.text
    }

    /// A collection begins.
    pub fn open(&mut self, kind: NodeKind) {
        self.text.push(if kind == NodeKind::Map { '{' } else { '[' });
        self.open.push((kind, false));
    }

    /// A collection ends.
    pub fn close(&mut self) {
        if let Some((kind, _)) = self.open.pop() {
            self.text.push(if kind == NodeKind::Map { '}' } else { ']' });
        }
    }

    fn separate(&mut self) {
        if let Some((_, filled)) = self.open.last_mut() {
            if *filled {
                self.text.push_str(", ");
            }
            *filled = true;
        }
    }

    /// An entry begins.
    pub fn key(&mut self, key: &str) {
        if self.open.is_empty() {
            return;
        }
        self.separate();
        Self::write_key(key, &mut self.text);
        self.text.push_str(": ");
    }

    /// A key in quotes.
    pub fn write_key(key: &str, out: &mut String) {
        spell(&Value::Str(key.into()), Style::Double, &CONTEXT, out);
    }

    /// An item begins.
    pub fn item(&mut self) {
        if !self.open.is_empty() {
            self.separate();
        }
    }

    /// A value in clear.
    pub fn clear(&mut self, value: &Value<'_>) {
        let style = if matches!(value, Value::Str(_)) { Style::Double } else { Style::Plain };
        spell(value, style, &CONTEXT, &mut self.text);
    }

    /// A ciphertext.
    pub fn cipher(&mut self, write: impl FnOnce(&mut String)) {
        self.text.push('"');
        write(&mut self.text);
        self.text.push('"');
    }
}

const CONTEXT: Context = Context { in_flow: true, is_key: false, parent_indent: -1, crlf: false, str_tag: false };
