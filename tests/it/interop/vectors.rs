//! Files that real sops made, kept with what it printed for them: they open, and to the same values and comments.

use super::{documents, sealant, tests_folder};
use crate::peers;
use granit_parser::{Event, Parser, ScalarStyle};
use std::fs;

const FOLDERS: [&str; 3] = ["sops-3.13.2", "sops-3.11.0", "shapes"];

/// What a text holds, whatever its layout: nodes in order, comments in alphabetical order.
#[derive(Debug, PartialEq, Eq)]
struct Holds {
    nodes: Vec<String>,
    comments: Vec<String>,
}

fn holds(text: &str) -> Holds {
    let mut found = Holds { nodes: Vec::new(), comments: Vec::new() };
    for event in Parser::new_from_str(text) {
        match event.unwrap_or_else(|error| panic!("not YAML: {error}")).0 {
            Event::Comment(text, _) => found.comments.push(text.into_owned()),
            Event::Scalar(text, style, _, _) => found.nodes.push(scalar(&text, style)),
            Event::SequenceStart(..) => found.nodes.push("[".to_owned()),
            Event::SequenceEnd => found.nodes.push("]".to_owned()),
            Event::MappingStart(..) => found.nodes.push("{".to_owned()),
            Event::MappingEnd => found.nodes.push("}".to_owned()),
            Event::DocumentStart(..) => found.nodes.push("---".to_owned()),
            Event::Alias(_) => panic!("no vector holds an alias"),
            _ => {}
        }
    }
    found.comments.sort();
    found
}

/// The value, without its spelling. Good enough for the few spellings that the vectors hold.
fn scalar(text: &str, style: ScalarStyle) -> String {
    if style != ScalarStyle::Plain {
        return format!("text {text:?}");
    }
    if matches!(text, "" | "~" | "null") {
        return "null".to_owned();
    }
    if matches!(text, "true" | "false") {
        return format!("bool {text}");
    }
    let unsigned = text.trim_start_matches(['-', '+']);
    if matches!(unsigned, ".inf" | ".nan") {
        return format!("float {text}");
    }
    if let Ok(number) = text.parse::<i64>() {
        return format!("number {number}");
    }
    if unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && let Ok(number) = text.parse::<f64>()
    {
        // 2.0 and 2 are the same number to sops
        return format!("number {number}");
    }
    let date =
        text.len() >= 10 && text.is_char_boundary(10) && text[..10].chars().all(|c| c.is_ascii_digit() || c == '-');
    if date { format!("time {text}") } else { format!("text {text:?}") }
}

#[test]
fn files_made_by_sops_open() {
    let vectors = tests_folder().join("vectors");
    let scratch = tempfile::tempdir().unwrap();
    let identities = scratch.path().join("identities.txt");
    let both = ["identity.txt", "identity-b.txt"].map(|name| fs::read_to_string(vectors.join(name)).unwrap());
    fs::write(&identities, both.concat()).unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for folder in FOLDERS {
        for (name, _) in documents(&vectors.join(folder)) {
            let Some(stem) = name.strip_suffix(".enc") else {
                continue;
            };
            count += 1;
            let plain = fs::read_to_string(vectors.join(folder).join(format!("{stem}.plain.yaml"))).unwrap();
            let file = vectors.join(folder).join(format!("{name}.yaml"));
            let ran = peers::run(&sealant(), scratch.path(), &identities, &["decrypt".as_ref(), file.as_os_str()]);
            if !ran.ok() {
                failures.push(format!("{folder}/{stem}: {}", ran.last_words()));
                continue;
            }
            let (expected, got) = (holds(&plain), holds(&ran.text()));
            if expected.nodes != got.nodes {
                let at = expected.nodes.iter().zip(&got.nodes).position(|(one, two)| one != two);
                let at = at.unwrap_or(expected.nodes.len().min(got.nodes.len()));
                let (one, two) = (expected.nodes.get(at), got.nodes.get(at));
                failures.push(format!("{folder}/{stem}: node {at}: expected {one:?}, got {two:?}"));
            }
            if expected.comments != got.comments {
                failures.push(format!(
                    "{folder}/{stem}: comments: expected {:?}, got {:?}",
                    expected.comments, got.comments
                ));
            }
        }
    }
    assert!(count >= 40, "only {count} vectors");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
