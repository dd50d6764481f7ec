//! Comments that sops's reader loses (behind `[`, on a directive's line): they are encrypted like the others, under the
//! mapping in which they stand.

use crate::document::trail::Trail;
use crate::document::yaml::{Document, NodeId, NodeKind};
use crate::sops::selector::Selector;

/// The rows of comments that no walk visited, each with where it stands and whether the rule selects it.
pub fn find(document: &Document, visited: &[bool], selector: &Selector) -> Vec<(u32, Trail, bool)> {
    let rows = visited.iter().enumerate().filter(|(_, visited)| !**visited).map(|(row, _)| row as u32);
    rows.map(|row| {
        let trail = locate(document, document.comment(row).start);
        let mut walk = selector.walk();
        walk.open();
        for key in trail.keys() {
            walk.enter_key(key);
            walk.open();
        }
        let selected = walk.comment(document.comment_text(row));
        (row, trail, selected)
    })
    .collect()
}

/// The innermost collection around a byte.
fn locate(document: &Document, offset: usize) -> Trail {
    let mut trail = Trail::default();
    let index = (0..document.documents()).take_while(|index| document.start(*index) <= offset).last();
    let Some(index) = index else { return trail };
    let mut id = document.root(index);
    while let Some(child) = descend(document, id, offset, &mut trail) {
        id = child;
    }
    trail
}

fn descend(document: &Document, id: NodeId, offset: usize, trail: &mut Trail) -> Option<NodeId> {
    let holds = |child: NodeId| {
        matches!(document.kind(child), NodeKind::Map | NodeKind::List) && document.span(child).contains(&offset)
    };
    match document.kind(id) {
        NodeKind::Map => {
            let (key, value) = document.entries(id).find(|(_, value)| holds(*value))?;
            trail.enter_key(&document.key_text(key));
            Some(value)
        }
        NodeKind::List => {
            let (at, item) = document.items(id).enumerate().find(|(_, item)| holds(*item))?;
            trail.enter_item(at);
            Some(item)
        }
        _ => None,
    }
}
