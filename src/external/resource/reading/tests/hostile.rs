//! Good documents changed at random: reading says what is wrong, and never panics.

use super::good::DOCUMENTS;
use crate::document::tree::{Key, Kind, Node};
use crate::manifest::{self, Object};

/// A small generator of numbers, the same ones each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).unwrap()
    }
}

fn anything(random: &mut Random) -> Kind {
    match random.below(12) {
        0 => Kind::Null,
        1 => Kind::Bool(true),
        2 => Kind::Int(i64::MIN),
        3 => Kind::Int(i64::MAX),
        4 => Kind::Float(f64::NAN),
        5 => Kind::Str(String::new()),
        6 => Kind::Str("((((*".to_owned()),
        7 => Kind::Str("9223372036854775807h".to_owned()),
        8 => Kind::List(Vec::new()),
        9 => Kind::Map(Vec::new()),
        10 => Kind::Str("@every -9223372036854775808ns".to_owned()),
        _ => Kind::List(vec![Node::new(Kind::Null), Node::text("ä\u{0}"), Node::new(Kind::Map(Vec::new()))]),
    }
}

/// Walks down at random and changes what is there.
fn change(node: &mut Node, random: &mut Random) {
    let stop = random.below(6) == 0;
    match &mut node.kind {
        Kind::Map(entries) if !entries.is_empty() && !stop => {
            let at = random.below(entries.len());
            match random.below(8) {
                0 => drop(entries.remove(at)),
                1 => entries[at].0.name.push('x'),
                2 => {
                    let again = entries[at].clone();
                    entries.push(again);
                }
                3 => entries.push((Key { name: "namespace".into(), line: 0 }, Node::text("other"))),
                _ => change(&mut entries[at].1, random),
            }
        }
        Kind::List(items) if !items.is_empty() && !stop => {
            let at = random.below(items.len());
            change(&mut items[at], random);
        }
        kind => *kind = anything(random),
    }
}

#[test]
fn changed_documents_are_read_or_refused() {
    let mut random = Random(0x5ea1_ab1e);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..150 {
        for mut object in manifest::read(DOCUMENTS.as_bytes()).unwrap() {
            for _ in 0..=random.below(3) {
                change(&mut object.root, &mut random);
            }
            match crate::external::resource::read(&object) {
                Ok(_) => read += 1,
                Err(problems) => {
                    assert!(!problems.is_empty());
                    assert!(problems.iter().all(|problem| !problem.what.is_empty()));
                    refused += 1;
                }
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}

/// Each document cut and broken as text.
#[test]
fn broken_texts_are_read_or_refused() {
    let mut random = Random(77);
    for text in DOCUMENTS.split("---\n") {
        for _ in 0..20 {
            let mut bytes = text.as_bytes().to_vec();
            bytes.truncate(random.below(bytes.len() + 1));
            for _ in 0..random.below(4) {
                let at = random.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = b"{}[]:,'\"\n -#&*!|>%@`aA0\xff\x00"[random.below(25)];
                }
            }
            for object in manifest::read(&bytes).unwrap_or_default() {
                _ = crate::external::resource::read(&object);
            }
        }
    }
}

/// What is no map at all cannot come from a file, and is refused all the same.
#[test]
fn an_object_without_fields() {
    let object = Object { root: Node::new(Kind::Null), document: 0 };
    assert!(matches!(crate::external::resource::read(&object), Ok(None)));
}
