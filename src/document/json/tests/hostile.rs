//! Texts made to hurt: deep, long, cut off, random.

use proptest::prelude::*;

use super::{commented, strict};
use crate::document::format::{Format, MAX_DEPTH};
use crate::document::json::{Dialect, parse};

#[test]
fn nesting_has_a_limit() {
    for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000), "[{\"a\":".repeat(50_000)] {
        let error = parse(text, Dialect::Strict).unwrap_err();
        assert_eq!(error.what, "objects and arrays are nested too deep");
    }
    let deepest = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(strict(&deepest).events().len(), MAX_DEPTH * 3 - 1);
    assert!(parse(format!("[{deepest}]"), Dialect::Strict).is_err());
}

#[test]
fn long_texts_take_linear_time() {
    let mega = 10 << 20;
    let text = format!("{{\"a\": \"{}\"}}", "x".repeat(mega));
    assert_eq!(strict(&text).span(0).len(), mega + 2);
    let text = format!("[{}1]", "1,".repeat(mega / 2));
    assert_eq!(strict(&text).events().len(), mega + 4);
    let keys: String = (0..200_000).map(|at| format!("\"k{at}\":{at},")).collect();
    assert_eq!(strict(&format!("{{{keys}\"z\":0}}")).events().len(), 400_004);
    for number in ["9".repeat(mega), format!("0.{}1", "0".repeat(mega)), format!("1e{}", "9".repeat(mega))] {
        assert_eq!(strict(&format!("[{number}]")).unrepresentable().len(), 2);
    }
    assert_eq!(commented(&format!("[{}1]", "/**/".repeat(mega / 4))).events().len(), 4);
    assert!(parse(format!("[{}", "/*".repeat(mega / 2)), Dialect::Commented).is_err());
    assert!(parse(format!("[{}", "\n".repeat(mega)), Dialect::Commented).is_err());
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "\"a\"",
        ":",
        ",",
        "\"b\":",
        "\"sops\":",
        "{\"sops\":{}}",
        "1",
        "-",
        "0",
        ".5",
        "e+",
        "E400",
        "\"",
        "\\",
        "\\u",
        "d800",
        "\\udc00",
        "/",
        "*",
        "//",
        "/*",
        "*/",
        " ",
        "\n",
        "\r",
        "true",
        "nul",
        "\u{1}",
        "é",
        "<<<<<<< ",
        "\u{feff}",
    ];
    let noise = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12);
    (0..3, noise).prop_map(|(wrap, pieces)| match wrap {
        0 => format!("[{}]", pieces.concat()),
        1 => format!("{{\"k\":{}}}", pieces.concat()),
        _ => pieces.concat(),
    })
}

proptest! {
    #[test]
    fn random_texts_are_never_a_panic(text in hostile()) {
        for dialect in [Dialect::Strict, Dialect::Commented] {
            if let Ok(document) = parse(text.clone(), dialect) {
                prop_assert_eq!(document.text(), &text);
                let _ = document.metadata();
            }
        }
        // serde_json reads the same texts, but for what is refused or reported on purpose.
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        match parse(text.clone(), Dialect::Strict) {
            Ok(document) => prop_assert!(theirs || document.unrepresentable().iter().any(|problem| problem.is_final)),
            Err(error) => prop_assert!(
                !theirs || error.what.contains("stands twice") || error.what.contains("single value"),
                "{}", error
            ),
        }
    }
}
