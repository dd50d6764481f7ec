//! How a document is laid out, so that what is added looks like the rest.

use std::ops::Range;

use super::document::JsonDocument;
use super::emit::{Layout, Lines};
use super::gap::Gap;
use crate::document::format::{Event, Format, Shape};

/// One entry of an object, or one item of an array.
#[derive(Debug, Clone)]
pub(super) struct Child {
    /// The step of its key or item.
    pub(super) step: usize,
    /// From the key (or the value of an item) to the end of the value.
    pub(super) span: Range<usize>,
}

impl Child {
    /// The step of its value.
    pub(super) fn value(&self) -> usize {
        self.step + 1
    }
}

impl JsonDocument {
    /// The shape of the collection whose `Open` is at `step`.
    pub(super) fn shape(&self, step: usize) -> Option<Shape> {
        match self.steps()[step].event {
            Event::Open(shape) => Some(shape),
            _ => None,
        }
    }

    /// What is in the collection whose `Open` is at `open`, metadata included.
    pub(super) fn children(&self, open: usize) -> Vec<Child> {
        let steps = self.steps();
        let close = steps[open].next() - 1;
        let mut children = Vec::new();
        let mut step = open + 1;
        while step < close {
            let value = &steps[step + 1];
            children.push(Child { step, span: steps[step].span().start..value.span().end });
            step = value.next();
        }
        children
    }

    /// The text inside the brackets of a collection.
    pub(super) fn inside(&self, open: usize) -> Range<usize> {
        let span = self.steps()[open].span();
        span.start + 1..span.end - 1
    }

    /// What stands before child `at`, or before the end when there are so many.
    pub(super) fn gap_before(&self, open: usize, children: &[Child], at: usize) -> Gap {
        let inside = self.inside(open);
        let from = if at == 0 { inside.start } else { children[at - 1].span.end };
        let to = children.get(at).map_or(inside.end, |child| child.span.start);
        Gap::read(self.text(), from, to)
    }

    /// The indentation of the line that a child begins, when it does begin one.
    pub(super) fn indent_of(&self, gap: &Gap) -> Option<&str> {
        gap.line.map(|line| blanks(&self.text()[line..]))
    }

    /// The indentation of the line that the byte at `offset` is on.
    pub(super) fn line_indent(&self, offset: usize) -> &str {
        let before = &self.text()[..offset];
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        blanks(before[line..].trim_start_matches('\u{FEFF}'))
    }

    /// The indentation of one level: that of the first collection written on several lines, else a tab.
    pub(super) fn unit(&self) -> &str {
        for (open, step) in self.steps().iter().enumerate() {
            let Event::Open(_) = step.event else { continue };
            let Some(first) = self.steps().get(open + 1).filter(|step| step.event != Event::Close) else { continue };
            let start = step.span().start;
            let gap = Gap::read(self.text(), start + 1, first.span().start);
            let Some(indent) = self.indent_of(&gap) else { continue };
            let outer = self.line_indent(start);
            return indent.strip_prefix(outer).unwrap_or(indent);
        }
        "\t"
    }

    /// The line break in use.
    pub(super) fn line_end(&self) -> &'static str {
        match self.text().find('\n') {
            Some(at) if self.text()[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// Whether nothing stands between a key or item and what follows.
    fn is_tight(&self) -> bool {
        let steps = self.steps();
        let key = steps.iter().position(|step| matches!(step.event, Event::Key(_)));
        if let Some(key) = key {
            return &self.text()[steps[key].span().end..steps[key + 1].span().start] == ":";
        }
        let pair = steps
            .windows(2)
            .find(|pair| matches!(pair[0].event, Event::Scalar(_) | Event::Close) && pair[1].event == Event::Item);
        pair.is_some_and(|pair| &self.text()[pair[0].span().end..pair[1].span().start] == ",")
    }

    /// The document's style: lines indented from `base`, or all on one line.
    pub(super) fn layout<'a>(&'a self, base: Option<&'a str>) -> Layout<'a> {
        let lines = base.map(|base| Lines { line_end: self.line_end(), base, unit: self.unit() });
        Layout { lines, tight: self.is_tight(), go: false }
    }
}

fn blanks(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches([' ', '\t']).len()]
}
