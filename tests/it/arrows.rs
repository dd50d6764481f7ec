//! The wall between the rooms of `src/`: arrows point down, pure rooms stay pure, files stay small.

mod check;
mod rooms;

use std::fs;
use std::path::{Path, PathBuf};

use check::{Source, check};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under `folder`, as (path with forward slashes relative to the repository, text).
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "no source under {folder}");
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let parts: Vec<_> =
                path.strip_prefix(root()).unwrap().components().map(|c| c.as_os_str().to_str().unwrap()).collect();
            (parts.join("/"), text)
        })
        .collect()
}

#[test]
fn arrows_point_down_and_pure_rooms_are_pure() {
    let files = sources("src");
    let files: Vec<_> = files.iter().map(|(path, text)| Source { path, text }).collect();
    let breaches = check(&files);
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests"] {
        for (path, text) in sources(folder) {
            if !text.starts_with("//!") {
                wrong.push(format!("{path}: does not open with `//!` and its purpose"));
            }
            let lines = text.lines().count();
            if lines > 600 {
                wrong.push(format!("{path}: {lines} lines, at most 600"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_test_module_is_forgotten() {
    let folder = root().join("tests/it");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_module = match path.is_dir() {
            true => path.join("mod.rs").exists(),
            false => path.extension().is_some_and(|e| e == "rs") && name != "main",
        };
        assert!(
            !is_module || main.lines().any(|l| l.trim() == format!("mod {name};")),
            "tests/it/main.rs does not name {name}"
        );
    }
}

/// What the checker says about one file.
fn breaches(path: &str, text: &str) -> Vec<String> {
    check(&[Source { path, text }])
}

#[track_caller]
fn caught(path: &str, text: &str, wanted: &str) {
    let found = breaches(path, text);
    assert!(found.iter().any(|b| b.contains(wanted)), "planted in {path}: {text}\nwanted: {wanted}\nfound: {found:?}");
}

#[track_caller]
fn clean(path: &str, text: &str) {
    let found = breaches(path, text);
    assert!(found.is_empty(), "{path}: {text}\nfound: {found:?}");
}

#[test]
fn planted_arrows_are_caught() {
    let up = "must not use room";
    caught("src/document/a.rs", "use crate::sops::cipher;", up);
    caught("src/document/a.rs", "use crate::{secret, sops};", up);
    caught("src/document/a.rs", "use {crate::sops as s};", up);
    caught("src/secret.rs", "use super::document::tree;", up);
    caught("src/document/yaml/mod.rs", "fn f() { crate::fsio::read() }", up);
    caught("src/sops/mac.rs", "type A = Vec<crate::keyservice::KeyRing>;", up);
    caught("src/sops/mac.rs", "fn f() { let crate::failure::K = 1; }", up);
    caught("src/fsio/mod.rs", "use crate::keyservice::KeyRing;", up);
    caught("src/keyservice/age.rs", "use crate::fsio::Env;", up);
    caught("src/keyservice/age.rs", "use crate::failure::Failure;", up);
    caught("src/failure.rs", "use crate::commands::edit;", up);
    caught("src/fsio/mod.rs", "use crate::commands;", up);
    caught("src/sops/mac.rs", "use crate as me; fn f() { me::fsio::x() }", up);
    caught("src/sops/mac.rs", "fn f() { vec![crate::fsio::x()]; }", up);
    caught("src/sops/mac.rs", "macro_rules! m { () => { $crate::fsio::x() } }", up);
    caught("src/sops/mac.rs", "macro_rules! m { () => { use $crate::{secret, fsio}; } }", up);
    caught("src/sops/mac.rs", "#[error(\"{}\", crate::fsio::x())] struct E;", up);
    caught("src/sops/mac.rs", "pub(in crate::fsio) struct E;", up);
    caught("src/sops/mac.rs", "#[cfg(test)] mod tests { use crate::fsio::x; }", up);
    caught("src/sops/mac.rs", "mod inner { use super::super::x; }", "super::super");
    caught("src/sops/mac.rs", "fn f() { a!(super::super::x) }", "super::super");
    caught("src/attic/mod.rs", "fn f() {}", "is not in the table of rooms");
    caught("src/commands/a.rs", "use crate::attic::f;", "is not in the table of rooms");
}

#[test]
fn planted_globs_are_caught() {
    let glob = "glob import";
    caught("src/sops/mac.rs", "use crate::*;", glob);
    caught("src/sops/mac.rs", "use crate::document::{tree::*};", glob);
    caught("src/sops/mac.rs", "use super::*;", glob);
    caught("src/main.rs", "use sealant::*;", glob);
    caught("src/sops/mac.rs", "#[cfg(test)] mod tests { use crate::*; }", glob);
    clean("src/sops/mac.rs", "#[cfg(test)] mod tests { use super::*; }");
    clean("src/sops/mac.rs", "use crate::document::value::Value::*;");
}

#[test]
fn planted_impurities_are_caught() {
    let pure = "src/document/yaml/scan.rs";
    for (text, wanted) in [
        ("use std::fs;", "std::fs"),
        ("use std::{fmt, env};", "std::env"),
        ("use std::{self as s}; fn f() { s::net::x() }", "std::net"),
        ("use std as s; fn f() { s::process::id(); }", "std::process"),
        ("use ::std::os::unix;", "std::os"),
        ("fn f() { std::fs::read(p); }", "std::fs"),
        ("fn f() -> std::time::SystemTime {}", "std::time::SystemTime"),
        ("use std::time; fn f() { time::Instant::now(); }", "std::time::Instant"),
        ("use std::io; fn f() { io::stdin(); }", "std::io::stdin"),
        ("use std::io::{self as d}; fn f() { d::stderr(); }", "std::io::stderr"),
        ("use std::io::*;", "std::io"),
        ("use std::*;", "std"),
        ("fn f() { assert!(std::env::var(x)) }", "std::env"),
        ("use std::io; fn f() { write!(io::stdout()) }", "std::io::stdout"),
        ("fn f() { println!() }", "println!"),
        ("fn f() { std::eprintln!() }", "eprintln!"),
        ("fn f() { dbg!(1); }", "dbg!"),
        ("macro_rules! m { () => { print!(1) } }", "print!"),
        ("fn f() { jiff::Timestamp::now() }", "Timestamp::now"),
        ("use jiff::Zoned; fn f() { Zoned::now() }", "Zoned::now"),
        ("fn f() { unsafe { x() } }", "unsafe"),
        ("fn f() { m!(unsafe { x() }) }", "unsafe"),
        ("extern crate std as s;", "extern crate"),
        ("fn f() { log::info!(1) }", "log"),
        ("use tracing::info;", "tracing"),
        ("#[cfg(not(test))] use std::fs;", "std::fs"),
        ("#[cfg(any(test, unix))] use std::fs;", "std::fs"),
        ("use ring::rand::SystemRandom;", "random"),
        ("fn f() { aes_gcm::aead::OsRng.x() }", "random"),
    ] {
        caught(pure, text, wanted);
    }
    for text in [
        "use std::io::{self, Write}; fn f(w: &mut dyn io::Write) {}",
        "use std::time::Duration; fn f(env: u8, fs: u8) { env.fs(); a::env::b(); }",
        "#[cfg(test)] mod tests { use std::fs; fn f() { println!() } }",
        "#[cfg(all(test, feature = \"cli\"))] mod tests { use std::env; }",
        "#[test] fn t() { std::fs::read(x); }",
        "/// println! and std::fs are words here\nfn f() { a != b; \"unsafe\"; }",
    ] {
        clean(pure, text);
    }
    clean("src/fsio/mod.rs", "use std::fs; fn f() { println!() }");
    clean("src/secret.rs", "use ring::rand::SystemRandom;");
}

#[test]
fn a_test_module_in_its_own_file_is_exempt_from_purity_only() {
    let parent = Source { path: "src/sops/mac.rs", text: "#[cfg(test)] mod tests;" };
    let child = |text| Source { path: "src/sops/mac/tests.rs", text };
    assert!(check(&[parent, child("use std::fs;")]).is_empty());
    assert_eq!(check(&[parent, child("use crate::fsio::x;")]).len(), 1);
    assert_eq!(check(&[child("use std::fs;")]).len(), 1);
}

#[test]
fn every_room_on_disk_is_in_the_table() {
    for (path, _) in sources("src") {
        let room = check::room_of(&path);
        assert!(
            room == "lib" || room == "main" || rooms::allowed(&room).is_some(),
            "{path}: room {room} is not in the table"
        );
    }
}
