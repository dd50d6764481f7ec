//! What a rule selects is encrypted, or refused: nothing that it selects stays in clear without a word.

use sealant::document::kind::DocumentKind;
use sealant::sops::file::{FileError, Settings, SopsFile};
use sealant::sops::selector::Selection;

use super::{Made, data_key};
use crate::lossless::settings;

const INSIDE: &str = "the rule selects a key inside this expression, which cannot be encrypted";

fn encrypt(kind: DocumentKind, text: &str, selection: Selection) -> Result<String, FileError> {
    let encrypted = Made::new(kind, text).plain()?.encrypt(&data_key(), &settings(selection, false), None)?;
    Ok(encrypted.text)
}

fn comes_back(kind: DocumentKind, text: &str, settings: &Settings) {
    let plain = Made::new(kind, text).plain().unwrap();
    let encrypted = plain.encrypt(&data_key(), settings, None).unwrap();
    let file = SopsFile::parse(kind, encrypted.text.into_bytes().into()).unwrap();
    assert!(file.decrypt(&data_key(), false).unwrap().bytes() == text.as_bytes(), "{text}");
}

fn what(outcome: &Result<String, FileError>) -> Option<&'static str> {
    match outcome {
        Err(FileError::NotAValue { what, .. }) => Some(what),
        _ => None,
    }
}

/// Values with a selected key, in objects that HCL only calculates.
const HIDING: [&str; 10] = [
    "{ password = \"hunter2\", (var.k) = \"x\" }",
    "{ password = \"hunter2\", \"${var.k}\" = \"x\" }",
    "{ password = \"hunter2\", a.b = \"x\" }",
    "{ for k, v in x : k => { password = \"hunter2\" } }",
    "({ password = \"hunter2\" })",
    "{ password = \"hunter2\" }.password",
    "merge({password=\"hunter2\"}, x)",
    "c ? {password=\"hunter2\"} : {}",
    "{ a = [ { \"password\" : \"hunter2\" } ] }.a",
    "\"${jsonencode({ password = \"hunter2\" })}\"",
];

#[test]
fn a_selected_key_inside_an_expression_is_refused() {
    for value in HIDING {
        for text in [
            format!("db = {value}\npassword = \"z\"\n"),
            format!("db \"x\" {{\n  a = [1, {value}]\n}}\npassword = \"z\"\n"),
        ] {
            let keys = [Selection::EncryptedRegex("^password$".into()), Selection::EncryptedSuffix("word".into())];
            for selection in keys {
                assert_eq!(what(&encrypt(DocumentKind::Hcl, &text, selection)), Some(INSIDE), "{text}");
            }
            // A key above is selected, so that the expression itself is.
            for selection in [Selection::EncryptedRegex("^db$".into()), Selection::Default] {
                let outcome = encrypt(DocumentKind::Hcl, &text, selection);
                assert!(what(&outcome).is_some_and(|what| what != INSIDE), "{text}: {outcome:?}");
            }
            // In clear with all that is in it, as the rule says.
            for selection in [
                Selection::UnencryptedRegex("^db$".into()),
                Selection::EncryptedCommentRegex("never".into()),
                Selection::EncryptedRegex("^none$".into()),
            ] {
                let mut settings = settings(selection, false);
                settings.allow_empty = true;
                comes_back(DocumentKind::Hcl, &text, &settings);
            }
        }
    }
}

#[test]
fn other_expressions_stay_in_clear() {
    for value in [
        "var.password",
        "merge({ user = \"x\" }, local.password)",
        "c ? password : other",
        "x[\"password\"]",
        "\"password = ${var.password}\"",
        "[for password in x : password]",
        "<<E\npassword = ${x}\nE",
    ] {
        let text = format!("db = {value}\npassword = \"z\"\n");
        let encrypted = encrypt(DocumentKind::Hcl, &text, Selection::EncryptedRegex("^password$".into())).unwrap();
        assert!(encrypted.contains(value) && !encrypted.contains("\"z\""), "{text}");
    }
}

/// Texts in which values that begin with `on` are those that the comments with `mark` belong to.
const MARKED: [(DocumentKind, &str); 13] = [
    (DocumentKind::Toml, "a = \"off\" # other\nb = \"on\" # mark\nc = \"off\"\n"),
    (DocumentKind::Toml, "a = \"on\" # mark\n\n[t]\nb = \"off\"\n# mark\nc = \"on\"\n"),
    (DocumentKind::Toml, "a = [\n  \"on\", # mark\n  \"off\",\n  \"on\" # mark\n]\nb = \"off\"\n"),
    (DocumentKind::Toml, "a = [\n \"on1\",\n \"on2\"\n] # mark\nb = \"off\"\n"),
    (
        DocumentKind::Toml,
        "a = { x = \"on\",\n y = { z = \"on\" } } # mark\nb = { x = \"off\", # no\n y = \"on\" # mark\n}\n",
    ),
    (DocumentKind::Toml, "a.b = \"off\"\nc = \"off\"\na.d = \"on\" # mark\ne = '''on\n''' # mark\nf = \"off\""),
    (DocumentKind::Toml, "a.b = \"off\"\na.c = \"on\" # mark"),
    (DocumentKind::Hcl, "a = \"off\" # other\nb = \"on\" /* mark */\nc = \"off\"\n"),
    (DocumentKind::Hcl, "a = \"on\" // mark\n\nt {\n  b = \"off\"\n  # mark\n  c = \"on\"\n}\n"),
    (DocumentKind::Hcl, "a = [\n  \"on\", # mark\n  \"off\",\n  \"on\" # mark\n]\nb = \"off\"\n"),
    (
        DocumentKind::Hcl,
        "a = { x = \"on\", y = { z = \"on\" } } # mark\nb = {\n x = \"off\", # no\n y = \"on\" # mark\n}\n",
    ),
    (
        DocumentKind::Hcl,
        "b \"l\" { x = \"on\" } # mark\nb \"m\" { x = \"off\" }\nc {\n x = \"on\"\n} # mark\nc { x = \"off\" }\n",
    ),
    (DocumentKind::Hcl, "a = [\"off\", /* mark */ \"on\", \"off\", \"on\" /* mark */, \"off\"]\n"),
];

/// The same, of comments above and behind what holds several values.
const MARKED_WHOLE: [(DocumentKind, &str); 13] = [
    (DocumentKind::Toml, "a = [ # mark\n  \"on1\",\n  \"on2\", # no\n]\nb = \"off\"\n"),
    (DocumentKind::Toml, "a = [[ # mark\n  \"on1\", \"on2\"], [\"off\"]]\n"),
    (DocumentKind::Toml, "a = { # mark\n x = \"on\",\n y = [\"on\"] }\nb = \"off\"\n"),
    (DocumentKind::Toml, "a = \"off\"\n# mark\n[t]\nb = \"on\"\nc = \"on\"\n[t.u]\nd = \"on\"\n[v]\ne = \"off\"\n"),
    (DocumentKind::Toml, "a = \"off\"\n[t] # mark\nb = \"on\"\nc = \"on\"\n\n# no\n[u]\nd = \"off\"\n"),
    (
        DocumentKind::Toml,
        "[[t]]\na = \"off\"\n# mark\n# no\n[[t]]\na = \"on\"\n[t.u]\nb = \"on\"\n[[t]] # no\na = \"off\"\n",
    ),
    (DocumentKind::Toml, "# mark\n[t.u]\na = \"on\"\nb = \"on\"\n[t.v]\nc = \"off\"\n[t]\nd = \"off\"\n"),
    (DocumentKind::Toml, "[t]\na = \"off\"\n[t.u]\nb = \"off\"\n# mark\n[w]\nc = \"on\"\n[t.v]\nd = \"off\""),
    (DocumentKind::Toml, "a.b = \"off\"\n# mark\na.c = \"on\"\na.d = \"off\"\ne = \"off\"\n"),
    (
        DocumentKind::Hcl,
        "a = [ # mark\n  \"on1\",\n  \"on2\", # no\n]\nb = { // mark\n c = \"on\"\n d = \"on\"\n}\ne = \"off\"",
    ),
    (
        DocumentKind::Hcl,
        "# mark\nt {\n  b = \"on\"\n  c = \"on\"\n}\nu { # mark\n  b = \"on\"\n  c = \"on\"\n}\nd = \"off\"",
    ),
    (
        DocumentKind::Hcl,
        "t \"a\" {\n b = \"off\"\n}\nc = \"off\"\n# mark\nt \"d\" {\n b = \"on\"\n c = \"on\"\n}\ne = \"off\"\n",
    ),
    (DocumentKind::Hcl, "t { b = \"off\" }\n/* mark */\n\nt {\n b = \"on\"\n c = \"on\"\n}\nt { b = \"off\" }\n"),
];

/// The marking comment of a list, a table or a block once selected only the first value in it; the others stayed in clear.
#[test]
fn a_comment_at_a_bracket_or_a_header_selects_all_that_is_inside() {
    marks_select(&MARKED_WHOLE);
}

#[test]
fn a_comment_behind_a_value_is_that_values() {
    marks_select(&MARKED);
}

fn marks_select(texts: &[(DocumentKind, &str)]) {
    for &(kind, text) in texts {
        for (selection, is_on) in [
            (Selection::EncryptedCommentRegex("mark".into()), true),
            (Selection::UnencryptedCommentRegex("mark".into()), false),
        ] {
            let (gone, kept) = if is_on { ("on", "off") } else { ("off", "on") };
            let encrypted = encrypt(kind, text, selection.clone()).unwrap();
            let body = &encrypted[..encrypted.find("sops").unwrap()];
            let count = |text: &str, word: &str| text.matches(&format!("\"{word}")).count();
            assert_eq!(count(body, gone) + body.matches(&format!("'{gone}")).count(), 0, "{gone}: {body}");
            assert_eq!(count(body, kept), count(text, kept), "{kept}: {body}");
            comes_back(kind, text, &settings(selection, false));
        }
        for selection in [Selection::Default, Selection::EncryptedRegex("^(a|b)$".into())] {
            comes_back(kind, text, &settings(selection, true));
        }
    }
}
