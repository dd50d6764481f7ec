//! The command line, by cases that are data: `tests/cmd/**/*.case`, whose format `tests/cmd/README.md` describes.
//!
//! `SEALANT_BLESS=1 cargo test cmd` writes what the program really says into the cases that fail; read the diff.

mod case;
mod expect;

use std::fs;
use std::path::{Path, PathBuf};

use case::Case;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd")
}

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cases(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "case") {
            found.push(path);
        }
    }
}

#[test]
fn every_case_behaves_as_written() {
    let mut paths = Vec::new();
    cases(&folder(), &mut paths);
    paths.sort();
    assert!(paths.len() >= 25, "only {} cases", paths.len());
    let bless = std::env::var_os("SEALANT_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in &paths {
        let name = path.strip_prefix(folder()).unwrap().display();
        let text = fs::read_to_string(path).unwrap();
        let mut case = Case::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let problems = case.run(bless);
        if bless && case.to_string() != text {
            fs::write(path, case.to_string()).unwrap();
        }
        wrong.extend(problems.iter().map(|problem| format!("{name}:{problem}")));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
