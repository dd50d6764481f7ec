//! Documents that are read, documents that are refused with the exact words, and documents of any bytes.

mod bad;
mod bad_stores;
mod good;
mod hostile;

use crate::external::resource::{Problem, Resource};
use crate::manifest;

/// What each object of a text is read as.
fn read_all(text: &str) -> Vec<Result<Option<Resource>, Vec<Problem>>> {
    manifest::read(text.as_bytes()).unwrap().iter().map(super::read).collect()
}

/// The one resource of a text.
fn good(text: &str) -> Resource {
    match read_all(text).remove(0) {
        Ok(Some(resource)) => resource,
        Ok(None) => panic!("not one of ours: {text}"),
        Err(problems) => panic!("{text}\n{}", messages(&problems)),
    }
}

fn messages(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Checks that each text is refused with exactly these words.
fn refused(cases: &[(&str, &str)], text: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for (case, want) in cases {
        let text = text(case);
        let got = match read_all(&text).remove(0) {
            Ok(read) => format!("read: {}", read.is_some()),
            Err(problems) => messages(&problems),
        };
        if got != *want {
            wrong.push_str(&format!("--- {case}\nwant {want}\ngot  {got}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
