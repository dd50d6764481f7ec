//! What people read when a file does not open: every situation as a whole text, compared with `why/failures.txt`. The texts of
//! services stand in for what the services say; what is tested is what is made of them.

mod situations;

use std::fs;
use std::path::Path;

use sealant::failure::Failure;
use sealant::keyservice::Names;

/// The texts of all situations, each under its title.
fn all() -> String {
    let names = situations::names();
    let mut text = String::new();
    for one in situations::all() {
        let policy = one.policy.as_ref();
        let failure = Failure::cannot_open("config/prod.yaml", Box::new(one.error), &names, policy);
        text += &format!("=== {}\n{}\n", one.title, printed(&failure));
    }
    text
}

fn printed(failure: &Failure) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    failure.write(&mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn every_situation_reads_like_advice() {
    let text = all();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/why/failures.txt");
    if std::env::var_os("SEALANT_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    for (ours, theirs) in text.split("=== ").zip(expected.split("=== ")) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(text, expected);
}

#[test]
fn the_first_line_says_why_and_something_can_be_done() {
    let mut titles = Vec::new();
    for one in situations::all() {
        assert!(!titles.contains(&one.title), "{} twice", one.title);
        titles.push(one.title);
        let policy = one.policy.as_ref();
        let failure = Failure::cannot_open("f", Box::new(one.error), &situations::names(), policy);
        assert!(failure.message().starts_with("cannot open f: "), "{}", one.title);
        assert!(!failure.hints().is_empty(), "{}", one.title);
        let lines = failure.details().iter().chain(failure.hints()).map(String::as_str).chain([failure.message()]);
        for line in lines {
            assert!(!line.contains('\n') && !line.ends_with('.'), "{}: {line}", one.title);
            assert!(!line.contains(situations::CANARY), "{}: {line}", one.title);
        }
    }
    assert!(titles.len() >= 35, "{}", titles.len());
}

/// Without names the same situations are told by recipients.
#[test]
fn nobody_needs_a_name() {
    for one in situations::all() {
        let policy = one.policy.as_ref();
        let failure = Failure::cannot_open("f", Box::new(one.error), &Names::new(), policy);
        assert!(!failure.message().contains("alice ("), "{}", one.title);
    }
}
