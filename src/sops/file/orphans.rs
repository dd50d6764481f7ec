//! Comments that sops's reader loses (behind `[`, on a directive's line): they are encrypted like the others, under the
//! mapping in which they stand.

use crate::document::trail::Trail;
use crate::document::yaml::{Document, NodeId, NodeKind};
use crate::sops::selector::{Selector, SelectorWalk};

/// Hands out the rows of comments that no walk visited and that the rule selects, each with where it stands. The trail is
/// lent: the visitor may swap it for its own, and has to swap it back.
pub fn each<E>(
    document: &Document,
    visited: &[bool],
    selector: &Selector,
    mut visit: impl FnMut(u32, &mut Trail) -> Result<(), E>,
) -> Result<(), E> {
    let rows = visited.iter().enumerate().filter(|(_, visited)| !**visited);
    let mut rows: Vec<(usize, u32)> =
        rows.map(|(row, _)| row as u32).map(|row| (document.comment(row).start, row)).collect();
    rows.sort_unstable();
    let mut place: Option<Place<'_>> = None;
    let mut index = 0;
    for (offset, row) in rows {
        let before = index;
        while index + 1 < document.documents() && document.start(index + 1) <= offset {
            index += 1;
        }
        let place = match &mut place {
            Some(place) if before == index => place,
            place => place.insert(Place::new(document, index, selector)),
        };
        place.go_to(offset);
        let selected = place.walk.comment(document.comment_text(row));
        place.walk.forget_last_comment();
        if selected {
            visit(row, &mut place.trail)?;
        }
    }
    Ok(())
}

/// The innermost collection around a byte. It only moves on through the text, so that all the comments of a document together
/// cost no more than its nodes.
struct Place<'d> {
    document: &'d Document,
    walk: SelectorWalk<'d>,
    trail: Trail,
    around: Vec<Level<'d>>,
}

struct Level<'d> {
    id: NodeId,
    /// What is below it and does not end before the byte: key and value, or a position and its item.
    rest: std::iter::Peekable<Box<dyn Iterator<Item = (Step, NodeId)> + 'd>>,
}

#[derive(Clone, Copy)]
enum Step {
    Key(NodeId),
    Item(usize),
}

impl<'d> Level<'d> {
    fn new(document: &'d Document, id: NodeId) -> Self {
        let rest: Box<dyn Iterator<Item = (Step, NodeId)> + 'd> = match document.kind(id) {
            NodeKind::Map => Box::new(document.entries(id).map(|(key, value)| (Step::Key(key), value))),
            NodeKind::List => Box::new(document.items(id).enumerate().map(|(at, item)| (Step::Item(at), item))),
            NodeKind::Scalar | NodeKind::Alias => Box::new(std::iter::empty()),
        };
        Self { id, rest: rest.peekable() }
    }
}

impl<'d> Place<'d> {
    fn new(document: &'d Document, index: usize, selector: &'d Selector) -> Self {
        let mut walk = selector.walk();
        walk.open();
        let around = vec![Level::new(document, document.root(index))];
        Self { document, walk, trail: Trail::default(), around }
    }

    fn go_to(&mut self, offset: usize) {
        let document = self.document;
        // What lies before the first byte of the root is its own all the same.
        while self.around.len() > 1
            && self.around.last().is_some_and(|level| !document.span(level.id).contains(&offset))
        {
            self.around.pop();
            if self.trail.leave() {
                self.walk.close();
                self.walk.leave_key();
            }
        }
        while let Some(level) = self.around.last_mut() {
            while level.rest.next_if(|(_, child)| document.span(*child).end <= offset).is_some() {}
            let Some((step, child)) = level.rest.peek().copied() else { return };
            let is_collection = matches!(document.kind(child), NodeKind::Map | NodeKind::List);
            if !is_collection || !document.span(child).contains(&offset) {
                return;
            }
            match step {
                Step::Key(key) => {
                    let key = document.key_text(key);
                    self.trail.enter_key(&key);
                    self.walk.enter_key(&key);
                    self.walk.open();
                }
                Step::Item(at) => self.trail.enter_item(at),
            }
            // It is left behind only when the byte is: no other comment can lead into it a second time.
            level.rest.next();
            self.around.push(Level::new(document, child));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::selector::Selection;

    fn found(text: &str, selection: &Selection) -> Vec<(u32, String)> {
        let document = Document::parse(text.to_owned()).unwrap();
        let selector = Selector::compile(selection).unwrap();
        let mut found = Vec::new();
        let visited = vec![false; document.comments()];
        each::<()>(&document, &visited, &selector, |row, trail| {
            found.push((row, trail.path().to_string()));
            Ok(())
        })
        .unwrap();
        found
    }

    fn paths(text: &str) -> Vec<String> {
        found(text, &Selection::Default).into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn a_comment_is_found_in_the_innermost_collection() {
        let text = "# top\na: [ # in a\n  1, { # in a[1]\n  b: [ # in b\n  2 ] # a[1] again\n  } # a again\n]\n# top again\n---\n\
                    c:\n- [ # first\n  ]\n- d: [ # second\n  ]\n";
        let expected = [".", "a", "a[1]", "a[1].b", "a[1]", "a", ".", "c[0]", "c[1].d"];
        let path = |path: &str| if path == "." { paths("# c\na: 1\n")[0].clone() } else { path.to_owned() };
        assert_eq!(paths(text), expected.map(path));
    }

    #[test]
    fn the_rule_is_asked_for_each() {
        let text = "a: [ # 1\n]\nb_unencrypted: [ # 2\n]\nc: [ # 3\n]\n";
        assert_eq!(found(text, &Selection::Default).iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 2]);
        let marked = Selection::EncryptedCommentRegex("1".into());
        assert!(found(text, &marked).is_empty(), "a comment speaks for none but those behind it");
    }

    /// Each comment was looked for from the root, past all nodes before it: minutes for a file like this one.
    #[test]
    fn many_lost_comments_are_found_in_one_pass() {
        let found = paths(&"- [ # c\n  ]\n".repeat(100_000));
        assert_eq!((found.len(), found[99_999].as_str()), (100_000, "[99999]"));
    }
}
