//! The documentation is true: its commands are run, its tables compared with those of the program, its links followed.
//!
//! A block whose fence says `console` is a session: lines that begin with `$ ` are commands (`> ` goes on with one), the
//! others are what they print, standard error included; `…` stands for any part of a line, and alone for any lines. A
//! command has to succeed unless the next one is `echo $?`. `sh` is a script that has to succeed. The blocks of one page
//! are one session, in a folder that `World` sets up. `no-run` is for what would leave that folder.

mod blocks;
#[cfg(all(unix, feature = "vault", feature = "aws"))]
mod servers;
mod world;

pub use world::copy;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use blocks::{Block, blocks};
use sealant::daemon::metrics::{About, table};
use sealant::document::yaml::ProblemKind;
use sealant::external::resource::Resource;
use sealant::failure::TABLE;
use sealant::fsio::env::Var;
use world::World;

/// Commands that download, build, install, or need what is not here: they are typed, not tested.
const MAY_BE_LEFT_OUT: [&str; 11] = [
    "cargo ",
    "rustup ",
    "git clone ",
    "just ",
    "ssh -R ",
    "sealant keyservice ",
    "sealant decrypt --keyservice ",
    // a cluster and its controller
    "kubeseal ",
    "kubectl ",
    // the private keys of a controller; `sealing_keys` types them
    "sealant keys ",
    // a cluster
    "sealant sync ",
];
/// Pages whose commands need a server beside them; `servers` runs them.
#[cfg(unix)]
const WITH_SERVERS: [&str; 2] = ["examples/sync/openbao/README.md", "examples/sync/aws/README.md"];
/// So many blocks are not run in all pages together.
const LEFT_OUT: usize = 8;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// Every page for readers, by its path in the repository.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "keys/README.md"].map(String::from).into();
    let mut folders: Vec<PathBuf> = vec![root().join("docs"), root().join("examples"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    pages.sort();
    assert!(pages.len() > 15, "{pages:?}");
    pages
}

fn is_run(page: &str) -> bool {
    page == "README.md" || page.starts_with("docs/") || page.starts_with("examples/")
}

#[test]
#[cfg(unix)]
fn commands_do_what_the_pages_say() {
    let mut run = 0;
    for page in pages().iter().filter(|page| is_run(page) && !WITH_SERVERS.contains(&page.as_str())) {
        let all = blocks(&read(page));
        let runnable: Vec<&Block> = all.iter().filter(|block| block.is_run()).collect();
        if runnable.is_empty() {
            continue;
        }
        let world = World::new(page);
        if let Some((block, problem)) = world.run(&runnable) {
            panic!("{page}:{}: {problem}", block.line);
        }
        run += runnable.len();
    }
    assert!(run >= 12, "only {run} blocks were run");
}

#[test]
fn only_what_must_not_run_is_left_out() {
    let mut left_out = 0;
    for page in pages().iter().filter(|page| is_run(page)) {
        for block in blocks(&read(page)) {
            let at = format!("{page}:{}", block.line);
            match block.info.as_str() {
                "console" | "sh" | "yaml" | "diff" => {}
                "text" => {
                    let commands =
                        block.lines.iter().filter(|line| line.starts_with("$ ") || line.starts_with("sealant"));
                    assert_eq!(commands.count(), 0, "{at}: commands in a block that is not run");
                }
                "console no-run" => {
                    left_out += 1;
                    for line in block.lines.iter().filter_map(|line| line.strip_prefix("$ ")) {
                        assert!(MAY_BE_LEFT_OUT.iter().any(|begin| line.starts_with(begin)), "{at}: not run: {line}");
                    }
                }
                other => panic!("{at}: a block that says {other:?}"),
            }
        }
    }
    assert!(left_out <= LEFT_OUT, "{left_out} blocks are not run");
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = read("README.md");
    let first: Vec<&str> = readme.lines().take(20).map(str::trim).collect();
    for command in ["cargo run --release --locked -- demo", "cargo test --locked"] {
        assert!(first.contains(&command), "{command}");
    }
}

/// The cells of every table row whose first cell begins with a digit or a backquote.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(cells).filter(|row| row[0].starts_with(|c: char| c.is_ascii_digit() || c == '`')).collect()
}

#[test]
fn exit_codes_are_those_of_the_program() {
    let mut expected = vec![vec!["0".to_owned(), "done".to_owned()]];
    expected.extend(TABLE.iter().map(|(_, code, meaning)| vec![code.to_string(), (*meaning).to_owned()]));
    let found: Vec<Vec<String>> =
        rows(&read("docs/exit-codes.md")).into_iter().map(|row| vec![row[0].clone(), row[2].clone()]).collect();
    assert_eq!(found, expected);
}

#[test]
fn environment_variables_are_those_of_the_program() {
    let expected: Vec<Vec<String>> =
        Var::ALL.iter().map(|var| vec![format!("`{}`", var.name()), var.doc().to_owned()]).collect();
    assert_eq!(rows(&read("docs/environment.md")), expected);
}

#[test]
fn metrics_are_those_of_the_program() {
    let row = |about: &&About| {
        let labels: Vec<String> = about.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
        vec![format!("`{}`", about.name), about.kind.word().to_owned(), labels, about.help.to_owned()]
    };
    let expected: Vec<Vec<String>> = table::ALL.iter().map(row).collect();
    assert_eq!(rows(&read("docs/daemon.md")), expected);
}

/// Every refused shape has its row, with the message and the documents that show it.
#[test]
fn the_compatibility_table_is_complete() {
    let page = read("docs/compatibility.md");
    for kind in ProblemKind::ALL {
        let row = page.lines().find(|line| line.contains(&format!("| `{kind}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for {kind}"));
        let flag = row.trim_end_matches('|').trim_end().ends_with("| yes");
        assert_eq!(flag, !kind.is_final(), "the flag of: {row}");
    }
    let named: BTreeSet<String> = page.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    for folder in ["refused", "extended"] {
        let table = read(&format!("tests/corpus/{folder}/expect.txt"));
        for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let name = line.split(' ').next().unwrap_or_default();
            assert!(named.contains(name), "no row names {folder}/{name}");
        }
    }
}

/// The manifests that the page on stores shows are read without a complaint.
#[test]
fn the_manifests_of_stores_are_read() {
    let mut found = BTreeSet::new();
    for block in blocks(&read("docs/sync.md")).iter().filter(|block| block.info == "yaml") {
        let objects = sealant::manifest::read(block.lines.join("\n").as_bytes()).unwrap();
        for object in &objects {
            let resource = sealant::external::resource::read(object);
            let Ok(Some(Resource::Store(store))) = resource else { panic!("line {}: {resource:?}", block.line) };
            found.insert(store.provider.as_str());
        }
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["aws", "encryptedFile", "fake", "kubernetes", "vault"]);
}

#[test]
fn nothing_is_left_to_be_decided() {
    for page in pages() {
        let text = read(&page);
        for word in ["TO-BE-DECIDED", "TO-BE-COMPLETED", "TODO", "FIXME"] {
            assert!(!text.contains(word), "{page}: {word}");
        }
    }
}

#[test]
fn links_lead_somewhere() {
    let mut checked = 0;
    for page in pages() {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_owned();
        for (_, rest) in text.match_indices("](").map(|(at, mark)| text.split_at(at + mark.len())) {
            let target = rest.split(')').next().unwrap_or_default();
            if target.starts_with("https://") {
                continue;
            }
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            let to = if path.is_empty() { root().join(&page) } else { folder.join(path) };
            assert!(to.exists(), "{page}: {target}");
            if !fragment.is_empty() {
                let heading = |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
                let found = fs::read_to_string(&to)
                    .unwrap()
                    .lines()
                    .any(|line| line.starts_with('#') && heading(line) == fragment);
                assert!(found, "{page}: {target}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} links");
}

#[test]
fn every_decision_is_listed() {
    let index = read("docs/decisions/README.md");
    for page in pages().iter().filter(|page| page.starts_with("docs/decisions/0")) {
        let text = read(page);
        let name = page.rsplit('/').next().unwrap();
        let title = text.lines().next().and_then(|line| line.split_once(". ")).map(|(_, title)| title).unwrap();
        assert!(index.contains(&format!("({name}) | {title} |")), "{name}: {title}");
        assert!(text.lines().count() <= 60, "{name} is longer than a page");
        for part in ["## Context", "## Decision", "## Alternatives", "## Consequences"] {
            assert!(text.contains(part), "{name}: {part}");
        }
    }
}
