//! Following the events of a document: which keys are around, what the rule selects, and a name for every place.

use std::collections::HashMap;

use crate::document::format::{Event, Format};
use crate::document::trail::Trail;
use crate::sops::selector::{Selector, SelectorWalk};

/// Where the walk stands.
pub(super) struct Steps<'a> {
    document: &'a dyn Format,
    selector: SelectorWalk<'a>,
    /// The keys and positions around.
    pub trail: Trail,
    /// How many items each list around has had.
    items: Vec<usize>,
    /// How often each place was seen: some formats have several values under one path.
    seen: HashMap<String, usize>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(document: &'a dyn Format, selector: &'a Selector) -> Self {
        Self { document, selector: selector.walk(), trail: Trail::default(), items: Vec::new(), seen: HashMap::new() }
    }

    /// Goes one step; scalars and comments are asked about with [`Steps::selects`] before, and then followed too.
    pub(super) fn follow(&mut self, event: Event) {
        match event {
            Event::Open(_) => {
                self.items.push(0);
                self.selector.open();
            }
            Event::Close => {
                self.items.pop();
                self.selector.close();
                self.value_done();
            }
            Event::Key(key) => {
                let key = self.document.key(key);
                self.selector.enter_key(key);
                self.trail.enter_key(key);
            }
            Event::Item => {
                let at = self.items.last_mut().map_or(0, |next| {
                    *next += 1;
                    *next - 1
                });
                self.trail.enter_item(at);
            }
            Event::Scalar(_) => self.value_done(),
            Event::Comment(_) => {}
        }
    }

    fn value_done(&mut self) {
        if self.trail.depth() == 0 {
            return;
        }
        if self.trail.leave() {
            self.selector.leave_key();
        }
        self.selector.after_item();
    }

    /// Whether the rule selects the scalar that comes next.
    pub(super) fn selects_leaf(&self) -> bool {
        self.selector.leaf()
    }

    /// Whether the rule selects a comment here; comments after it may be selected by it.
    pub(super) fn selects_comment(&mut self, text: &str) -> bool {
        self.selector.comment(text)
    }

    /// A name for the place of the scalar that comes next, which no other has; to be asked for once per scalar.
    pub(super) fn place(&mut self) -> String {
        let mut place = String::new();
        self.trail.write_id(0, &mut place);
        if !self.document.repeats_paths() {
            return place;
        }
        let count = self.seen.entry(place.clone()).or_default();
        *count += 1;
        if *count > 1 {
            place.push_str(&format!(" {count}"));
        }
        place
    }
}

/// The name for the place of a comment.
pub(super) fn comment_place(comment: usize) -> String {
    format!("comment {comment}")
}

/// Where the name of the reading is kept.
pub(super) const READING: &str = "reading";
