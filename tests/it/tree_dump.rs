//! The tree that our engine walks against the tree that sops's own reader builds, document by document: values, types, order and
//! the place of every comment.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealant::document::scalar::{TypeWord, append_plain_bytes, type_word};
use sealant::document::value::Value;
use sealant::document::yaml::{Document, NodeKind, Visit};

/// The walk in the text form of `tests/peers/treedump`.
pub fn dump(text: Vec<u8>) -> Result<String, String> {
    let document = Document::from_bytes(text).map_err(|error| error.to_string())?;
    if let Some(problem) = document.problems().first() {
        return Err(problem.kind.to_string());
    }
    if document.documents() == 0 && !document.text().is_empty() {
        return Err("no document".to_owned());
    }
    let mut out = String::new();
    for index in 0..document.documents() {
        out.push_str("doc\n");
        let root = document.root(index);
        if document.kind(root) == NodeKind::Scalar {
            out.push_str("open map\n");
        }
        document
            .walk::<String>(index, |visit| {
                line(&document, &visit, &mut out, root);
                Ok(())
            })
            .map_err(|error| error.to_string())?;
        if document.kind(root) == NodeKind::Scalar {
            out.push_str("close\n");
        }
    }
    Ok(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn line(document: &Document, visit: &Visit<'_>, out: &mut String, root: u32) {
    let text = match *visit {
        Visit::Open(id) if document.kind(id) == NodeKind::Map => "open map".to_owned(),
        Visit::Open(_) => "open list".to_owned(),
        Visit::Close => "close".to_owned(),
        Visit::EnterKey(key, _) => format!("key {}", hex(key.as_bytes())),
        Visit::EnterItem(_) => "item".to_owned(),
        Visit::Leave => "leave".to_owned(),
        Visit::Comment { row, .. } => {
            format!("comment {}", hex(&document.text().as_bytes()[document.comment(row)][1..]))
        }
        Visit::Scalar { id, .. } if id == root => return,
        Visit::Scalar { id, .. } => match document.value(id) {
            Ok(Value::Null) => "null".to_owned(),
            Ok(value) => {
                let mut bytes = Vec::new();
                append_plain_bytes(&value, &mut bytes);
                let word = match type_word(&value) {
                    TypeWord::Bytes => "str",
                    word => word.as_str(),
                };
                format!("{word} {}", hex(&bytes))
            }
            Err(_) => "bad tag".to_owned(),
        },
        Visit::Alias(_) | Visit::AliasEnd | Visit::ItemDone => return,
    };
    out.push_str(&text);
    out.push('\n');
}

/// The same of sops's reader, for many files in one call. A file that crashes it (a cyclic alias does) counts as refused.
pub fn peer_dumps(treedump: &Path, files: &[PathBuf]) -> Vec<Option<String>> {
    let mut dumps = Vec::new();
    while dumps.len() < files.len() {
        let rest = &files[dumps.len()..];
        let done = some_peer_dumps(treedump, rest);
        let crashed = done.len() < rest.len();
        dumps.extend(done);
        if crashed {
            dumps.push(None);
        }
    }
    dumps
}

fn some_peer_dumps(treedump: &Path, files: &[PathBuf]) -> Vec<Option<String>> {
    let mut child = Command::new(treedump)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("treedump starts");
    let names: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    let mut stdin = child.stdin.take().expect("stdin is piped");
    // A crash closes the pipe: what was answered until then counts.
    let writer = std::thread::spawn(move || drop(stdin.write_all(names.as_bytes())));
    let output = child.wait_with_output().expect("treedump ends");
    writer.join().expect("the writer ends");
    let text = String::from_utf8(output.stdout).expect("the dump is text");
    let mut dumps: Vec<Option<String>> = Vec::new();
    let mut current = String::new();
    for line in text.lines() {
        if line == "end" {
            let dump = std::mem::take(&mut current);
            dumps.push((dump != "error\n").then_some(dump));
        } else {
            current.push_str(line);
            current.push('\n');
        }
    }
    dumps
}

/// Where the two readers part, on purpose. Everything here is refused before anything is written.
fn refused_on_purpose(reason: &str) -> bool {
    // sops checks only the first document of a stream for these.
    let only_first =
        ["duplicate key", "not text", "used as a key", "without a key", "contradicts its tag", "merge key"];
    // Not YAML: a handle that nobody declared, which go-yaml looks up too late.
    let stricter = ["no %TAG declares"];
    only_first.iter().chain(&stricter).any(|words| reason.contains(words))
}

#[test]
fn our_tree_is_that_of_sops() {
    let Some(peers) = crate::peers::locate("our_tree_is_that_of_sops") else { return };
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = (0..2400)
        .map(|seed| {
            let text = crate::corpus::generate(seed / 3);
            let text = match seed % 3 {
                0 => text,
                kind => crate::corpus::soup::disturb(&text, seed, kind == 2),
            };
            let file = folder.path().join(format!("{seed}.yaml"));
            std::fs::write(&file, text).unwrap();
            file
        })
        .collect();
    let theirs = peer_dumps(&peers.treedump, &files);
    let mut same = 0;
    for (file, their) in files.iter().zip(theirs) {
        let text = std::fs::read_to_string(file).unwrap();
        match (dump(text.clone().into_bytes()), their) {
            (Ok(ours), Some(their)) => {
                assert_eq!(ours, their, "{}:\n{text}", file.display());
                same += 1;
            }
            (Err(reason), Some(_)) => assert!(refused_on_purpose(&reason), "{}: {reason}\n{text}", file.display()),
            (Ok(_), None) => panic!("{}: sops refuses this, we do not:\n{text}", file.display()),
            (Err(_), None) => {}
        }
    }
    assert!(same > 1000, "only {same} documents were read by both");
}
