//! Trees for the tests of this room, written as YAML. Small on purpose: the real reader is in the document room.

use granit_parser::{Event, Parser, ScalarStyle};

use crate::document::tree::{Key, Kind, Node};

/// The tree of the first document. Only simple scalars are told apart.
pub(crate) fn tree(yaml: &str) -> Node {
    let mut events = Parser::new_from_str(yaml)
        .map(|next| next.expect("test input is YAML"))
        .map(|(event, span)| (event, span.start.line()))
        .filter(|(event, _)| !matches!(event, Event::StreamStart | Event::DocumentStart(..) | Event::Comment(..)));
    match events.next().expect("the stream has an end") {
        (Event::StreamEnd | Event::DocumentEnd, line) => Node { line, kind: Kind::Null },
        first => node(first, &mut events),
    }
}

fn node<'a>((event, line): (Event<'a>, usize), events: &mut impl Iterator<Item = (Event<'a>, usize)>) -> Node {
    let kind = match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
        Event::Scalar(text, ..) => Kind::Str(text.into_owned()),
        Event::SequenceStart(..) => {
            let mut nodes = vec![];
            loop {
                match events.next().expect("every list ends") {
                    (Event::SequenceEnd, _) => break Kind::List(nodes),
                    first => nodes.push(node(first, events)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut items = vec![];
            loop {
                match events.next().expect("every mapping ends") {
                    (Event::MappingEnd, _) => break Kind::Map(items),
                    (Event::Scalar(name, ..), line) => {
                        let value = events.next().expect("every key has a value");
                        items.push((Key { name: name.into_owned(), line }, node(value, events)));
                    }
                    other => panic!("keys are scalars, not {other:?}"),
                }
            }
        }
        other => panic!("{other:?} is no value"),
    };
    Node { line, kind }
}

fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" => Kind::Null,
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        _ => match (text.parse(), text.parse()) {
            (Ok(number), _) => Kind::Int(number),
            (_, Ok(number)) => Kind::Float(number),
            _ if text.len() == 20 && text.ends_with('Z') && text.starts_with("20") => Kind::Time(text.into()),
            _ => Kind::Str(text.into()),
        },
    }
}
