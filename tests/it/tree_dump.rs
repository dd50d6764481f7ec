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
    let mut out = String::new();
    for index in 0..document.documents() {
        out.push_str("doc\n");
        let root = document.root(index);
        if document.kind(root) == NodeKind::Scalar {
            out.push_str("open map\n");
        }
        document
            .walk::<String>(index, |visit| {
                line(&document, visit, &mut out, root);
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

fn line(document: &Document, visit: Visit<'_>, out: &mut String, root: u32) {
    let text = match visit {
        Visit::Open(id) if document.kind(id) == NodeKind::Map => "open map".to_owned(),
        Visit::Open(_) => "open list".to_owned(),
        Visit::Close => "close".to_owned(),
        Visit::EnterKey(key) => format!("key {}", hex(key.as_bytes())),
        Visit::EnterItem(_) => "item".to_owned(),
        Visit::Leave => "leave".to_owned(),
        Visit::Comment { row, .. } => format!(
            "comment {}",
            hex(&document.text().as_bytes()[document.comment(row)][1..])
        ),
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
    let names: String = files
        .iter()
        .map(|file| format!("{}\n", file.display()))
        .collect();
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

#[test]
fn adhoc() {
    let Ok(dir) = std::env::var("DUMP_DIR") else {
        return;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    let home = std::env::var("HOME").unwrap();
    let theirs = peer_dumps(
        Path::new(&format!("{home}/.cache/sealant-peers/bin/treedump")),
        &files,
    );
    assert_eq!(theirs.len(), files.len());
    let (mut bad, mut same) = (0, 0);
    for (file, their) in files.iter().zip(&theirs) {
        let ours = dump(std::fs::read(file).unwrap());
        match (ours, their) {
            (Ok(a), Some(b)) if a == *b => same += 1,
            (Ok(a), Some(b)) => {
                bad += 1;
                let first = a.lines().zip(b.lines()).position(|(x, y)| x != y);
                println!("DIFF {} at {:?}", file.display(), first);
                if bad < 4 {
                    println!("ours:\n{a}\ntheirs:\n{b}");
                }
            }
            (Err(error), Some(_)) => {
                bad += 1;
                println!("WE REFUSE {}: {error}", file.display());
            }
            (Ok(_), None) => println!("they refuse {}", file.display()),
            (Err(_), None) => {}
        }
    }
    println!("{same} same; {bad} of {} differ", files.len());
}
