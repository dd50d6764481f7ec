//! Paths against what gjson and sjson themselves answer.

use serde_json::Value;

use super::{SetError, TooMuchWork, get, set};
use crate::external::golden::{cases, text};

fn shown(json: &str, path: &str) -> Option<String> {
    let found = get(json.as_bytes(), path).unwrap();
    found.map(|found| String::from_utf8_lossy(found.expose()).into_owned())
}

fn differing(cases: &[Value]) -> Vec<String> {
    let check = |case: &Value| {
        let (json, path) = (text(case, "json"), text(case, "path"));
        let wanted = case["exists"].as_bool().unwrap().then(|| text(case, "string").to_owned());
        let found = shown(json, path);
        (found != wanted).then(|| format!("{json}\n  {path}\n  found  {found:?}\n  wanted {wanted:?}"))
    };
    cases.iter().filter_map(check).collect()
}

#[test]
fn paths_find_what_gjson_finds() {
    let wrong = differing(&cases("gjson"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Made by gjson 1.18.0 and sjson 1.2.5 with Go 1.26: one line of JSON for each case, and first the document that most read.
fn more(set: bool) -> Vec<Value> {
    let lines = include_str!("../../../tests/vectors/external-secrets/gjson.jsonl").lines();
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let document = lines.next().unwrap()["document"].clone();
    let cases = lines.filter(|case| case["value"].is_string() == set).map(|mut case| {
        if case["json"] == "$document" {
            case["json"] = document.clone();
        }
        case
    });
    cases.collect()
}

#[test]
fn rare_paths_find_what_gjson_finds() {
    let cases = more(false);
    assert!(cases.len() > 1000, "{}", cases.len());
    let wrong = differing(&cases);
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn setting_keeps_the_rest() {
    let golden = cases("sjson_set").into_iter().map(|case| (case.clone(), case["out"].clone()));
    let more = more(true).into_iter().map(|case| (case.clone(), case["string"].clone()));
    for (case, wanted) in golden.chain(more) {
        let (json, path) = (text(&case, "json"), text(&case, "path"));
        let made = set(json.as_bytes(), path, text(&case, "value").as_bytes());
        if case["err"].is_string() {
            assert!(made.is_err(), "{json} {path}");
            continue;
        }
        let made = made.unwrap_or_else(|error| panic!("{json} {path}: {error}"));
        assert_eq!(String::from_utf8_lossy(made.expose()), wanted.as_str().unwrap(), "{json} {path}");
    }
    assert_eq!(set(b"{}", "", b"v").unwrap_err(), SetError::Empty);
    assert_eq!(set(b"{}", "a.99999999999", b"v").unwrap_err(), SetError::LargeIndex);
    assert_eq!(set(b"[1]", "99999999999", b"v").unwrap_err(), SetError::LargeIndex);
    assert_eq!(set(b"[1]", "x", b"v").unwrap_err(), SetError::NoIndex);
    assert_eq!(set(br#"[{"a":1},{"a":2}]"#, "#.a", b"v").unwrap_err(), SetError::Many);
}

#[test]
fn hostile_input_is_bounded() {
    let doubled = vec!["[@this,@this]"; 40].join("|");
    assert_eq!(get(b"{\"a\":1}", &doubled).unwrap_err(), TooMuchWork);
    let deep = "@this|".repeat(10_000);
    assert_eq!(get(b"{}", &deep).unwrap_err(), TooMuchWork);
    let nested = "[".repeat(20_000);
    for path in [
        "0",
        "@pretty",
        "@ugly",
        "@valid",
        "@flatten:{\"deep\":true}",
        "@keys",
        "@dig:a",
        "@reverse",
        "0.0.0.0",
        "#.#.#",
    ] {
        let _ = get(nested.as_bytes(), path);
        let _ = get("{\"a\":".repeat(5_000).as_bytes(), path);
    }
    let dots = "a.".repeat(100_000);
    assert_eq!(get("{\"a\":".repeat(100_000).as_bytes(), &dots).unwrap_err(), TooMuchWork);
    let stars = "*a".repeat(100);
    let _ = get(format!("{{\"{}\":1}}", "a".repeat(500)).as_bytes(), &stars);
    assert_eq!(set(b"{}", &"a.".repeat(100_000), b"v").map(|made| made.expose().len()), Ok(600_005));
}

#[test]
fn bytes_that_are_no_text_do_no_harm() {
    let json = b"{\"a\xff\":\"b\xc3\",\"c\":\"\\ud800\\u00e\"}";
    for path in [
        "*", "a?", "a*", "c", "@tostr", "@keys", "@values", "@pretty", "@this|c", "{c,*}", "\\", "#", "@", "!", "..",
        "|", ".", ":", "[", "{", "#(",
    ] {
        let _ = get(json, path).unwrap();
    }
    assert_eq!(get(json, "a\u{fffd}").unwrap().map(|found| found.expose().to_vec()), None);
    assert_eq!(get(json, "a?").unwrap().unwrap().expose(), b"b\xc3");
}
