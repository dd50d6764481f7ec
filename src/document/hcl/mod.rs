//! HCL as in `.tfvars` files, with every byte kept: attributes, blocks, objects, lists, literal values. Expressions stay as they are.

mod change;
mod hidden;
mod literal;
mod parse;
#[cfg(test)]
mod tests;
mod token;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::edits::Edits;
use super::format::{Change, Event, Format, FormatError, PathError, Unspellable};
use super::outline::lines::{self, Lines, append_block, cut_block};
use super::outline::{Outline, ROOT};
use super::path::KeyPath;
use super::tree::{Kind, Node};
use super::value::Value;
use literal::Leaf;

/// The name of the metadata.
const SOPS: &str = "sops";

/// How the text makes a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// The root, and what stands in the braces of a block.
    Body,
    /// Blocks that differ in a label.
    Labels,
    /// Blocks that do not differ in their labels: a list.
    Blocks,
    /// A value, an object or a list.
    Value,
}

/// Where a node is.
struct Site {
    how: How,
    /// Its value, or the whole block.
    span: Range<usize>,
    /// Where its key begins.
    entry: usize,
    /// What is in the braces of a block.
    body: Range<usize>,
}

/// An HCL document.
pub struct Hcl {
    text: Zeroizing<String>,
    outline: Outline,
    sites: Vec<Site>,
    leaves: Vec<Leaf>,
    events: Vec<Event>,
}

impl Hcl {
    /// Reads a document.
    ///
    /// # Errors
    /// [`FormatError`] where the text is not HCL.
    pub fn parse(text: String) -> Result<Self, FormatError> {
        let text = Zeroizing::new(text);
        let parse::Parts { outline, sites, leaves } = parse::parse(&text)?;
        let events = outline.events(|key| key == SOPS);
        Ok(Self { text, outline, sites, leaves, events })
    }

    fn raw(&self, leaf: usize) -> &str {
        &self.text[self.outline.span(leaf)]
    }

    /// The lines of the metadata.
    fn metadata_lines(&self) -> Option<Range<usize>> {
        let site = &self.sites[self.outline.get(ROOT, SOPS)?];
        Some(lines::line_start(&self.text, site.entry)..lines::next_line(&self.text, site.span.end))
    }
}

impl fmt::Debug for Hcl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hcl({} events)", self.events.len())
    }
}

impl Format for Hcl {
    fn text(&self) -> &str {
        &self.text
    }

    fn into_text(self: Box<Self>) -> Zeroizing<String> {
        self.text
    }

    fn reparse(&self, text: String, _reading: Option<&str>) -> Result<Box<dyn Format>, FormatError> {
        Ok(Box::new(Self::parse(text)?))
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn key(&self, key: usize) -> &str {
        self.outline.key(key)
    }

    fn value(&self, leaf: usize) -> Value<'_> {
        literal::value(self.raw(leaf), self.leaves[leaf])
    }

    fn not_a_value(&self, leaf: usize) -> Option<&'static str> {
        self.leaves[leaf].why_not()
    }

    fn hidden_keys(&self, leaf: usize) -> Vec<String> {
        hidden::keys(self.raw(leaf), self.leaves[leaf])
    }

    fn span(&self, leaf: usize) -> Range<usize> {
        self.outline.span(leaf)
    }

    fn spell(&self, _leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        literal::spell(value, out)
    }

    fn repeats_paths(&self) -> bool {
        false
    }

    fn comment(&self, comment: usize) -> Range<usize> {
        self.outline.comment_span(comment)
    }

    fn comment_text(&self, comment: usize) -> Cow<'_, str> {
        Cow::Borrowed(&self.text[self.outline.comment_span(comment)])
    }

    fn spell_comment(&self, comment: usize, text: &str, out: &mut String) {
        // What is no text of such a comment cannot have been read from one.
        if self.text[..self.outline.comment_span(comment).start].ends_with("/*") {
            out.push_str(&text.replace("*/", "* /").replace('\0', " "));
        } else {
            out.extend(text.chars().map(|c| if matches!(c, '\n' | '\r' | '\0') { ' ' } else { c }));
        }
    }

    fn metadata(&self) -> Result<Option<Node>, FormatError> {
        let Some(node) = self.outline.get(ROOT, SOPS) else {
            return Ok(None);
        };
        let lines = Lines::new(&self.text);
        Ok(Some(self.outline.tree(node, &lines, &|leaf| literal::value(self.raw(leaf), self.leaves[leaf]))))
    }

    fn insert_metadata(&self, metadata: &Node, edits: &mut Edits) {
        append_block(&self.text, edits, 0, |line_end, out| {
            out.push_str("sops = ");
            write_metadata(metadata, 0, line_end, out);
            out.push_str(line_end);
        });
    }

    fn remove_metadata(&self, edits: &mut Edits) {
        if let Some(span) = self.metadata_lines() {
            edits.replace(cut_block(&self.text, span), "");
        }
    }

    fn set(&self, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
        change::set(self, path, value)
    }

    fn unset(&self, path: &KeyPath) -> Result<Change, PathError> {
        change::unset(self, path)
    }
}

/// One entry a line, as far as sops's own metadata is nested; deeper trees on one line.
fn write_metadata(node: &Node, level: usize, line_end: &str, out: &mut String) {
    let indent = |level: usize, out: &mut String| out.extend(std::iter::repeat_n("  ", level));
    match &node.kind {
        Kind::Map(entries) if level < 8 => {
            out.push('{');
            out.push_str(line_end);
            for (key, value) in entries {
                indent(level + 1, out);
                literal::key(&key.name, out);
                out.push_str(" = ");
                write_metadata(value, level + 1, line_end, out);
                out.push_str(line_end);
            }
            indent(level, out);
            out.push('}');
        }
        Kind::List(items) if level < 8 && !items.is_empty() => {
            out.push('[');
            out.push_str(line_end);
            for item in items {
                indent(level + 1, out);
                write_metadata(item, level + 1, line_end, out);
                out.push(',');
                out.push_str(line_end);
            }
            indent(level, out);
            out.push(']');
        }
        _ => {
            let start = out.len();
            if literal::inline(node, out).is_err() {
                out.truncate(start);
                out.push_str("null");
            }
        }
    }
}
