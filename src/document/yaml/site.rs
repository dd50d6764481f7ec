//! Writing values into the place of a scalar: what the plain scalar looks like, and what its ciphertext looks like.
//!
//! The ciphertext keeps the style of what it replaces, so that most spellings need no record: a quoted value becomes a quoted
//! ciphertext, a block scalar keeps its header and its indentation.

use std::ops::Range;

use super::document::Document;
use super::node::{NodeId, NodeKind, ScalarStyle};
use super::scalar_text::{Chomp, decode_block};
use crate::document::scalar::{Context, Style, plain_room, spell, whole};
use crate::document::value::Value;

/// The surroundings that a scalar is written into.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    style: ScalarStyle,
    in_flow: bool,
    parent_indent: i32,
    crlf: bool,
    str_tag: bool,
    block: Option<BlockSite>,
}

#[derive(Clone, Copy, Debug)]
struct BlockSite {
    chomp: Chomp,
    indent: usize,
    explicit: bool,
    breaks: usize,
}

/// Tags that say what type a scalar has; a ciphertext under one of them would contradict it.
fn is_core_type(tag: &str) -> bool {
    matches!(tag, "!!int" | "!!float" | "!!bool" | "!!null" | "!!timestamp" | "!!binary")
}

/// Where a scalar's text goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The bytes that are replaced.
    pub span: Range<usize>,
    /// Which part of the scalar they are.
    pub part: Part,
}

/// A part of a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// All of it, without tag and anchor.
    Scalar,
    /// The content lines of a block scalar, without its header.
    Content,
    /// All of it, from its tag or anchor on.
    Node,
}

impl Document {
    fn site(&self, id: NodeId, style: ScalarStyle) -> Site {
        let tag = self.tag(id);
        let block = style.is_block().then(|| {
            let indent = usize::try_from(self.indent(id)).unwrap_or(0);
            let parts = decode_block(&self.text()[self.span(id)], indent);
            BlockSite { chomp: parts.chomp, indent, explicit: parts.explicit_indent, breaks: parts.breaks }
        });
        Site {
            style,
            in_flow: self.in_flow(id),
            parent_indent: if style.is_block() { -1 } else { self.indent(id) },
            crlf: self.line_end() == "\r\n",
            str_tag: tag.is_some_and(|tag| tag != "!" && !is_core_type(tag)),
            block,
        }
    }

    /// The spot of a scalar's content: block scalars keep their header.
    pub fn spot(&self, id: NodeId) -> Spot {
        let span = self.span(id);
        if self.style(id).is_block() {
            let block = decode_block(&self.text()[span.clone()], usize::try_from(self.indent(id)).unwrap_or(0));
            let content = span.start + block.content_start..span.start + block.content_end.max(block.content_start);
            return Spot { span: content, part: Part::Content };
        }
        Spot { span, part: Part::Scalar }
    }

    /// The bytes of a scalar's `part`.
    pub fn part_span(&self, id: NodeId, part: Part) -> Range<usize> {
        match part {
            Part::Scalar => self.span(id),
            Part::Node => self.full_span(id),
            Part::Content => self.spot(id).span,
        }
    }

    /// The spot that the ciphertext of a plain scalar takes, and the surroundings that it will have there.
    pub fn cipher_spot(&self, id: NodeId) -> (Spot, Site) {
        let typed = self.tag(id).is_some_and(is_core_type);
        let style = match self.style(id) {
            ScalarStyle::Plain if self.in_flow(id) => ScalarStyle::Double,
            style if typed && style.is_block() => ScalarStyle::Double,
            style => style,
        };
        let mut site = self.site(id, style);
        if let Some(block) = &mut site.block {
            // Metadata follows, so that even the last line of a file gets its break.
            block.breaks = block.breaks.max(1);
        }
        if typed || self.touches_anchor(id) {
            site.str_tag = false;
            // Empty lines after a block scalar stay where they are.
            let span = self.full_span(id).start..self.spot(id).span.end;
            return (Spot { span, part: Part::Node }, site);
        }
        (self.spot(id), site)
    }

    /// Whether nothing stands between an anchor and its scalar: `&a:b` is the anchor `a` and the text `:b`.
    fn touches_anchor(&self, id: NodeId) -> bool {
        let start = self.span(id).start;
        self.anchor(id).is_some_and(|anchor| self.text()[..start].ends_with(anchor))
    }

    /// Appends `ciphertext` as it stands at its spot.
    pub fn write_cipher(&self, id: NodeId, spot: &Spot, site: &Site, ciphertext: &str, out: &mut String) {
        if spot.part == Part::Node
            && let Some(anchor) = self.anchor(id)
        {
            out.push_str(anchor);
            out.push(' ');
        }
        match (site.style, site.block) {
            (ScalarStyle::Single, _) => quote(ciphertext, '\'', out),
            (ScalarStyle::Double, _) => quote(ciphertext, '"', out),
            (_, Some(block)) => {
                out.extend(std::iter::repeat_n(' ', block.indent));
                out.push_str(ciphertext);
            }
            _ => out.push_str(ciphertext),
        }
    }

    /// How long a value is with the indentation that its lines can get at the place of `id`.
    pub fn spelled_room(&self, id: NodeId, value: &Value<'_>) -> usize {
        let Value::Str(text) = value else { return plain_room(value) };
        let indent = usize::try_from(self.indent(id).max(self.parent_indent(id))).unwrap_or(0);
        // A line break can become two bytes, and a block is two or more columns deeper than what is around it.
        text.len() + memchr::memchr_iter(b'\n', text.as_bytes()).count() * (indent + 12)
    }

    /// Appends the plain spelling of `value` for the place of the ciphertext `id`; says which bytes it replaces.
    pub fn write_plain(&self, id: NodeId, value: &Value<'_>, out: &mut String) -> Range<usize> {
        let site = self.site(id, self.style(id));
        let start = out.len();
        let spot = self.spot(id).span;
        let fits = site.write_plain(value, out);
        let became_block = site.block.is_none() && out[start..].starts_with('|');
        if fits && !(became_block && self.breaks_block(spot.end)) {
            return spot;
        }
        out.truncate(start);
        site.write_whole(value, out);
        self.span(id).start..spot.end
    }

    /// Where a ciphertext can stand bare, because decrypting it there gives the scalar back exactly as it is written now.
    pub fn bare_spot(&self, id: NodeId, value: &Value<'_>, probe: &mut String) -> Option<Range<usize>> {
        if self.in_flow(id) || self.tag(id).is_some_and(is_core_type) || self.touches_anchor(id) {
            return None;
        }
        let span = self.span(id).start..self.spot(id).span.end;
        let mut site = self.site(id, ScalarStyle::Plain);
        if self.style(id).is_block() {
            site.parent_indent = self.parent_indent(id);
        }
        probe.clear();
        (site.write_plain(value, probe) && *probe == self.text()[span.clone()]).then_some(span)
    }

    /// The block scalar that ends document `index` without a line break, if one does.
    pub fn open_block(&self, index: usize) -> Option<NodeId> {
        let mut id = self.root(index);
        while let Some(mut last) = self.last_child(id) {
            let key = self.entries(id).last().filter(|_| self.kind(id) == NodeKind::Map);
            if let Some((key, value)) = key
                && self.kind(value) == NodeKind::Scalar
                && self.full_span(value).is_empty()
            {
                // `? |` without a value ends in its key.
                last = key;
            }
            id = last;
        }
        if !self.style(id).is_block() || self.span(id).is_empty() {
            return None;
        }
        let block = decode_block(&self.text()[self.span(id)], usize::try_from(self.indent(id)).unwrap_or(0));
        let changes = match block.chomp {
            Chomp::Strip => false,
            Chomp::Clip => !block.is_empty,
            Chomp::Keep => true,
        };
        changes.then_some(id)
    }

    /// Whether a block scalar cannot end at `offset`: only a line break may follow it.
    fn breaks_block(&self, offset: usize) -> bool {
        !self.text()[offset..].starts_with(['\n', '\r'])
    }
}

fn quote(text: &str, mark: char, out: &mut String) {
    out.push(mark);
    out.push_str(text);
    out.push(mark);
}

impl Site {
    fn context(&self) -> Context {
        Context {
            in_flow: self.in_flow,
            is_key: false,
            parent_indent: self.block.map_or(self.parent_indent, |block| block.indent as i32 - 2),
            crlf: self.crlf,
            str_tag: self.str_tag,
        }
    }

    /// Appends `value` as the content of this place; false when its header or quotes cannot carry it.
    pub fn write_plain(&self, value: &Value<'_>, out: &mut String) -> bool {
        match (value, self.block) {
            (Value::Str(text), Some(block)) => block.write(text, self, out),
            (_, Some(_)) => false,
            (Value::Str(_), None) => {
                spell(value, self.spell_style(), &self.context(), out);
                true
            }
            // Only plain text can be anything but a string.
            _ => {
                spell(whole(value).as_ref().unwrap_or(value), Style::Plain, &self.context(), out);
                true
            }
        }
    }

    fn spell_style(&self) -> Style {
        match self.style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::Single => Style::Single,
            ScalarStyle::Double => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Literal,
        }
    }

    /// Appends `value` with a header or quotes of its own.
    fn write_whole(&self, value: &Value<'_>, out: &mut String) {
        let style = if matches!(value, Value::Str(_)) { Style::Double } else { Style::Plain };
        spell(whole(value).as_ref().unwrap_or(value), style, &self.context(), out);
    }
}

impl BlockSite {
    /// The content lines of `text` under this header, without the last line break.
    fn write(self, text: &str, site: &Site, out: &mut String) -> bool {
        let Some(body) = self.body(text) else {
            return false;
        };
        let folded = site.style == ScalarStyle::Folded;
        if folded && (body.contains('\n') || body.starts_with([' ', '\t'])) {
            return false;
        }
        let odd = |c: char| {
            c.is_control() && c != '\n' && c != '\t'
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
        };
        if body.contains(odd) {
            return false;
        }
        let mut blank_so_far = true;
        for (index, line) in body.split('\n').enumerate() {
            if index > 0 {
                out.push_str(if site.crlf { "\r\n" } else { "\n" });
            }
            if line.is_empty() {
                continue;
            }
            // Without an indentation indicator the first line that is not empty decides how deep the block is.
            if blank_so_far && !self.explicit && line.starts_with([' ', '\t']) {
                return false;
            }
            blank_so_far = false;
            out.extend(std::iter::repeat_n(' ', self.indent));
            out.push_str(line);
        }
        !blank_so_far || self.chomp == Chomp::Keep
    }

    /// The lines that the chomping indicator turns into exactly `text`.
    fn body(self, text: &str) -> Option<&str> {
        match self.chomp {
            Chomp::Strip => (!text.ends_with('\n')).then_some(text),
            Chomp::Clip => text.strip_suffix('\n').filter(|body| !body.ends_with('\n') && !body.is_empty()),
            Chomp::Keep => {
                let end = text.len().checked_sub(self.breaks)?;
                text.as_bytes()[end..].iter().all(|byte| *byte == b'\n').then(|| &text[..end])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::edits::Edits;

    /// The room was reckoned from the ciphertext, which knows nothing of the lines: the buffer grew. `Edits` watches for that.
    #[test]
    fn short_lines_in_deep_places_have_room() {
        let deep = " ".repeat(200);
        for place in
            [format!("a:\n{deep}b: X\n"), format!("a:\n{deep}b: |\n{deep} X\n"), format!("a:\n{deep}b: \"X\"\n")]
        {
            let document = Document::parse(place).unwrap();
            let (_, map) = document.entries(document.root(0)).next().unwrap();
            let (_, id) = document.entries(map).next().unwrap();
            let text = "a\n".repeat(20_000);
            let value = Value::Str(text.as_str().into());
            let mut edits = Edits::default();
            edits.replace_by(document.spelled_room(id, &value), |out| document.write_plain(id, &value, out));
            let written = Document::parse(std::mem::take(&mut *edits.apply(document.text()))).unwrap();
            assert!(written.value(id).unwrap() == value);
        }
    }
}
