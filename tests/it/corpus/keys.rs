//! Keys of mappings: each different from its siblings, each resolving to a string.

use super::words;
use super::writer::{Anchor, Anchored, Writer};
use std::collections::HashSet;

/// Writes one key (without the colon) and whatever stands between it and the colon.
pub fn write(w: &mut Writer, used: &mut HashSet<String>, in_flow: bool) {
    if !in_flow && w.want("alias-key", 10) && alias(w, used) {
        return;
    }
    let anchor = w.want("anchor-key", 8).then(|| w.anchor_name());
    if let Some(name) = &anchor {
        w.put(&format!("&{name} "));
    }
    let text = spelled(w, used, in_flow);
    w.put(&text);
    if let Some(name) = anchor {
        w.anchors.push(Anchor { name: name.clone(), kind: Anchored::Text, weight: 1 });
        // the spelling of a quoted key is not its text
        if !text.starts_with(['"', '\'']) {
            w.key_anchors.push((name, text.clone()));
        }
    }
    if !in_flow && !text.ends_with(':') && w.want("spaces-before-colon", 15) {
        let count = w.rng.range(1, 3);
        w.spaces(count);
    }
}

/// An alias to a key that this mapping has not.
fn alias(w: &mut Writer, used: &mut HashSet<String>) -> bool {
    let free = w.key_anchors.iter().find(|(_, text)| !used.contains(text)).cloned();
    let Some((name, text)) = free else {
        return false;
    };
    used.insert(text);
    w.put(&format!("*{name} "));
    true
}

/// A key that starts with a letter and needs no quotes: for places where nothing else is wanted.
pub fn simple(w: &mut Writer, used: &mut HashSet<String>) -> String {
    let stem = w.rng.pick(words::WORDS).to_owned();
    unique(w, used, stem)
}

fn spelled(w: &mut Writer, used: &mut HashSet<String>, in_flow: bool) -> String {
    if w.want("empty-key", 3) && used.insert(String::new()) {
        return "\"\"".to_owned();
    }
    if w.want("number-like-key", 6) {
        let stem = w.rng.pick(&["1", "true", "1.5", "null", "2024-01-01", "~", "0x1F"]).to_owned();
        if used.insert(stem.clone()) {
            return if w.rng.percent(50) { format!("\"{stem}\"") } else { format!("'{stem}'") };
        }
    }
    if w.want("quoted-key", 12) {
        return quoted_key(w, used);
    }
    let stem = plain_stem(w, in_flow);
    unique(w, used, stem)
}

fn quoted_key(w: &mut Writer, used: &mut HashSet<String>) -> String {
    let stem = w
        .rng
        .pick(&[
            "a b",
            "a: b",
            "#x",
            "[k]",
            "it's",
            "- k",
            " lead",
            "trail ",
            "a\\tb",
            "caf\\u00e9",
            "x, y",
            "*s",
            "&t",
        ])
        .to_owned();
    let double = stem.contains('\\') || stem.contains('\'') || w.rng.percent(50);
    let key = unique(w, used, stem);
    if double { format!("\"{key}\"") } else { format!("'{key}'") }
}

fn plain_stem(w: &mut Writer, in_flow: bool) -> String {
    if w.want("long-key", 4) {
        let length = w.rng.range(120, 700);
        return "k".repeat(length);
    }
    for (feature, percent, list) in [
        ("dotted-key", 12, &["app.kubernetes.io/name", "a.b", "db.users", ".hidden", "tls.crt"][..]),
        ("unicode-key", 10, words::UNICODE),
        ("spaced-key", 10, &["my key", "two  spaces", "a b c"][..]),
        ("yes-no-key", 10, &["yes", "no", "on", "off", "y", "n", "Yes"][..]),
    ] {
        if w.want(feature, percent) {
            return w.rng.pick(list).to_owned();
        }
    }
    if !in_flow {
        for (feature, list) in [
            ("colon-key", &["a:b", "x::y", "arn:aws:iam", "a:"][..]),
            ("odd-plain-key", &["-x", "?x", "a#b", "k'", "k\"q", "$ref", "(p)", "a\\b", "1password", "~x", "a[0]"][..]),
        ] {
            if w.want(feature, 12) {
                return w.rng.pick(list).to_owned();
            }
        }
    }
    let stem = w.rng.pick(words::WORDS).to_owned();
    if w.want("suffix-key", 25) {
        return format!("{stem}{}", w.rng.pick(words::SUFFIXES));
    }
    stem
}

/// The stem, with a number in front of any suffix that counts when a sibling has that name.
fn unique(w: &mut Writer, used: &mut HashSet<String>, stem: String) -> String {
    if used.insert(stem.clone()) {
        return stem;
    }
    let mut number = w.rng.range(2, 99);
    loop {
        let name = match words::SUFFIXES.iter().find(|suffix| stem.ends_with(**suffix)) {
            Some(suffix) => format!("{}{number}{suffix}", stem.trim_end_matches(suffix)),
            None => format!("{stem}{number}"),
        };
        if used.insert(name.clone()) {
            return name;
        }
        number += 1;
    }
}
