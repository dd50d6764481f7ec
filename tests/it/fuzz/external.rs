//! What every input must satisfy that reaches us through manifests and values of External Secrets Operator, one plain function per
//! fuzz target, as in `targets.rs`.

use std::collections::BTreeMap;

use sealant::external::resource::external_secret::{Merge, Rewrite};
use sealant::external::rewrite::rewrite;
use sealant::external::{gjson, json, resource};
use sealant::manifest;
use sealant::secret::SecretBytes;
use sealant::template::{self, Limits, Options, Value, yaml};

/// A line and what follows.
fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, b""),
    }
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// Manifests: whatever is wrong is on a line of the text, and reading twice gives the same.
pub fn resource_read(data: &[u8]) {
    let Ok(objects) = manifest::read(data) else { return };
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for object in objects {
        let members = match object.into_members() {
            Ok(members) => members,
            Err(object) => vec![object],
        };
        for object in members {
            match (resource::read(&object), resource::read(&object)) {
                (Err(problems), Err(again)) => {
                    assert!(!problems.is_empty() && problems == again, "an error without a problem");
                    for problem in problems {
                        assert!(problem.line <= lines, "{problem} is beyond the {lines} lines");
                        assert!(problem.to_string().len() < 4096, "a problem is a line for people");
                    }
                }
                (Ok(one), Ok(again)) => assert_eq!(one.is_some(), again.is_some()),
                _ => panic!("reading twice gives two things"),
            }
        }
    }
}

/// A path and JSON, which need not be any.
pub fn gjson_get(data: &[u8]) {
    let (path, document) = split(data);
    let path = text(path);
    let found = gjson::get(document, &path);
    assert_eq!(format!("{found:?}").contains("[REDACTED]"), matches!(found, Ok(Some(_))), "a value is not shown");
}

/// A path, a value and JSON: what was set is found, and JSON stays JSON.
pub fn gjson_set(data: &[u8]) {
    let (path, rest) = split(data);
    let (value, document) = split(rest);
    let (path, value) = (text(path), text(value));
    let Ok(made) = gjson::set(document, &path, value.as_bytes()) else { return };
    // upstream takes a broken document for what it seems to be
    let is_whole = document.iter().all(u8::is_ascii_whitespace) || json::read(document).is_ok();
    let is_plain = path.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()));
    // an escaped name is another one for it
    if !is_whole || !is_plain || document.contains(&b'\\') {
        return;
    }
    assert!(json::read(made.expose()).is_ok(), "no JSON any more");
    let found = gjson::get(made.expose(), &path).expect("a plain path is no work").expect("what was set is there");
    assert_eq!(found.expose(), value.as_bytes(), "another value");
}

/// What a template printed for keys and values.
pub fn template_yaml(data: &[u8]) {
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    match yaml::string_map(data) {
        Ok(entries) => {
            assert!(entries.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, each name once");
        }
        Err(error) => assert!(error.line() <= lines + 2, "{error} is beyond the text"),
    }
    _ = yaml::parse(data);
}

/// Names of keys through patterns and templates, values through merging.
pub fn key_rewrite(data: &[u8]) {
    let (source, rest) = split(data);
    let (target, rest) = split(rest);
    let (source, target) = (text(source), text(target));
    let values = || -> BTreeMap<String, SecretBytes> {
        let lines = rest.split(|byte| *byte == b'\n').take(64);
        lines.map(|line| (text(line), SecretBytes::new(line.to_vec()))).collect()
    };
    let now = || "2026-01-01T00:00:00Z".parse().expect("a time");
    for one in [
        Rewrite::Regexp { source: source.clone(), target: target.clone() },
        Rewrite::Transform { template: source.clone() },
        Rewrite::Merge(Merge { into: target, priority: vec![source.clone()], ..Merge::default() }),
    ] {
        let is_merge = matches!(one, Rewrite::Merge(_));
        let all = values();
        let count = all.len();
        if let Ok(made) = rewrite(std::slice::from_ref(&one), all, now()) {
            assert!(is_merge || made.len() <= count, "keys come from nowhere");
        }
    }
    let mut options = Options::new(now());
    options.limits = Limits::default();
    _ = template::render("fuzz", &source, &Value::Nil, &options);
}
