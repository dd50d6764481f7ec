//! Random documents: a tree, and for every value a way to write it.

use proptest::prelude::*;

/// A value and how it is written.
#[derive(Clone, Debug)]
pub enum Tree {
    Scalar(Scalar),
    List { flow: bool, items: Vec<Tree> },
    Map { flow: bool, entries: Vec<(Key, Tree)> },
}

/// A scalar as text of its own style: `plain` where nothing needs quotes.
#[derive(Clone, Debug)]
pub enum Scalar {
    Plain(String),
    Single(String),
    Double(String),
    /// Lines and the header (`|`, `>-`, …).
    Block(&'static str, Vec<String>),
}

#[derive(Clone, Debug)]
pub struct Key {
    pub name: String,
    pub clear: bool,
    pub comment: Option<String>,
}

fn scalar() -> impl Strategy<Value = Scalar> {
    let word = "[a-zA-Z0-9]([a-zA-Z0-9 é€/+=.-]{0,12}[a-zA-Z0-9])?";
    let plain = prop_oneof![
        word.prop_map(String::from),
        any::<i64>().prop_map(|number| number.to_string()),
        (-1e9_f64..1e9).prop_map(|number| format!("{number:?}")),
        prop::sample::select(vec![
            "true",
            "no",
            "null",
            "~",
            "",
            "0x1F",
            "0o17",
            "1_000",
            "2020-01-01",
            ".inf",
            "1e3",
            "- x",
            "=",
        ])
        .prop_map(|text| if text == "- x" { "x".into() } else { String::from(text) }),
    ];
    prop_oneof![
        4 => plain.prop_map(Scalar::Plain),
        2 => "[ -~é]{0,16}".prop_map(Scalar::Single),
        2 => "[ -~é\n\t\u{1}\u{85}]{0,16}".prop_map(Scalar::Double),
        2 => (
            prop::sample::select(vec!["|", "|-", "|+", ">", ">-", ">+"]),
            prop::collection::vec("[a-z]([ -~]{0,12}[!-~])?|", 1..5),
        )
            .prop_map(|(header, mut lines)| {
                // An empty line first would need an indentation indicator when a wider one follows.
                if lines[0].is_empty() {
                    lines[0].push('x');
                }
                Scalar::Block(header, lines)
            }),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    let comment = prop::option::weighted(0.2, "[a-z ]{1,10}[a-z]");
    ("[a-z]{1,4}", prop::bool::weighted(0.2), comment).prop_map(|(name, clear, comment)| Key { name, clear, comment })
}

/// A document whose root is a block mapping.
pub fn document() -> impl Strategy<Value = Tree> {
    let tree = scalar().prop_map(Tree::Scalar).prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            (prop::bool::weighted(0.3), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(flow, items)| Tree::List { flow, items }),
            (prop::bool::weighted(0.3), prop::collection::vec((key(), inner), 0..4))
                .prop_map(|(flow, entries)| Tree::Map { flow, entries }),
        ]
    });
    prop::collection::vec((key(), tree), 1..6).prop_map(|entries| Tree::Map { flow: false, entries })
}

/// The text of a document.
pub fn text(tree: &Tree) -> String {
    let mut out = String::new();
    block(tree, 0, &mut out);
    out
}

/// Names are made unique by their position.
fn name(key: &Key, at: usize) -> String {
    format!("{}{at}{}", key.name, if key.clear { "_unencrypted" } else { "" })
}

fn block(tree: &Tree, indent: usize, out: &mut String) {
    let margin = " ".repeat(indent);
    match tree {
        Tree::Map { entries, .. } => {
            for (at, (key, value)) in entries.iter().enumerate() {
                if let Some(comment) = &key.comment {
                    *out += &format!("{margin}# {comment}\n");
                }
                *out += &format!("{margin}{}:", name(key, at));
                after(value, indent, out);
            }
        }
        Tree::List { items, .. } => {
            for item in items {
                *out += &format!("{margin}-");
                after(item, indent, out);
            }
        }
        Tree::Scalar(_) => {}
    }
}

/// What follows a key or a dash, up to the end of its last line.
fn after(tree: &Tree, indent: usize, out: &mut String) {
    match tree {
        Tree::Map { flow: false, entries } if !entries.is_empty() => {
            out.push('\n');
            block(tree, indent + 2, out);
        }
        Tree::List { flow: false, items } if !items.is_empty() => {
            out.push('\n');
            block(tree, indent + 2, out);
        }
        Tree::Scalar(Scalar::Block(header, lines)) => {
            *out += &format!(" {header}\n");
            for line in lines {
                let margin = if line.is_empty() { 0 } else { indent + 3 };
                *out += &format!("{}{line}\n", " ".repeat(margin));
            }
        }
        _ => {
            out.push(' ');
            flow(tree, out);
            out.push('\n');
        }
    }
}

fn flow(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Map { entries, .. } => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                *out += &format!("{}{}: ", if at > 0 { ", " } else { "" }, name(key, at));
                flow(value, out);
            }
            out.push('}');
        }
        Tree::List { items, .. } => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                *out += if at > 0 { ", " } else { "" };
                flow(item, out);
            }
            out.push(']');
        }
        // An empty item would be no item.
        Tree::Scalar(Scalar::Plain(text)) if text.is_empty() => out.push('~'),
        Tree::Scalar(Scalar::Plain(text)) => *out += text,
        Tree::Scalar(Scalar::Single(text)) => *out += &format!("'{}'", text.replace('\'', "''")),
        Tree::Scalar(Scalar::Double(text)) => {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            *out += &format!("\"{}\"", text.replace('\u{1}', "\\x01").replace('\u{85}', "\\N"));
        }
        Tree::Scalar(Scalar::Block(_, lines)) => *out += &format!("{:?}", lines.concat().len()),
    }
}
