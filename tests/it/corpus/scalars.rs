//! Scalars of one line, their tags and their anchors.

use super::quoted;
use super::words;
use super::writer::{Anchor, Anchored, Writer};

/// Where a scalar stands, which decides what plain text is allowed and whether it may have several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// a value in block style; further lines are indented at least that much
    Block(usize),
    /// inside a flow collection; further lines are indented at least that much
    Flow(usize),
}

impl Place {
    fn indent(self) -> usize {
        match self {
            Self::Block(indent) | Self::Flow(indent) => indent,
        }
    }

    fn in_flow(self) -> bool {
        matches!(self, Self::Flow(_))
    }
}

/// Writes a scalar other than a block scalar, perhaps with tag and anchor.
pub fn write(w: &mut Writer, place: Place) {
    w.leaves += 1;
    if w.want("anchor-null", 3) {
        let name = w.anchor_name();
        w.put(&format!("&{name}"));
        if place.in_flow() {
            w.put(" ");
        }
        w.anchors.push(Anchor { name, kind: Anchored::Scalar, weight: 1 });
        return;
    }
    let anchor = w.want("anchor-scalar", 10).then(|| w.anchor_name());
    let tagged = tagged(w, place);
    let is_tagged = tagged.is_some();
    let (tag, text, kind) = tagged.unwrap_or_else(|| {
        let (text, kind) = untagged(w, place);
        (String::new(), text, kind)
    });
    let anchor_text = anchor.as_ref().map(|name| format!("&{name} ")).unwrap_or_default();
    let tag_text = if is_tagged { format!("{tag} ") } else { String::new() };
    let properties =
        if w.rng.percent(50) { format!("{anchor_text}{tag_text}") } else { format!("{tag_text}{anchor_text}") };
    w.put(&properties);
    w.put(&text);
    if let Some(name) = anchor {
        w.anchors.push(Anchor { name, kind, weight: 1 });
    }
}

fn untagged(w: &mut Writer, place: Place) -> (String, Anchored) {
    if w.want("single-quoted", 15) {
        return (quoted::single(w, Some(place.indent())), Anchored::Text);
    }
    if w.want("double-quoted", 18) {
        return (quoted::double(w, Some(place.indent())), Anchored::Text);
    }
    if w.want("plain-multi-line", 8) {
        return (quoted::plain_multi_line(w, place.indent()), Anchored::Text);
    }
    plain(w, place.in_flow())
}

/// Plain text of one line.
pub fn plain(w: &mut Writer, in_flow: bool) -> (String, Anchored) {
    for (feature, percent, list) in [
        ("numbers", 15, words::NUMBERS),
        ("number-spellings", 15, words::NUMBER_SPELLINGS),
        ("big-floats", 8, words::BIG_FLOATS),
        ("booleans", 12, words::BOOLEANS),
        ("nulls", 8, words::NULLS),
        ("timestamps", 10, words::TIMESTAMPS),
    ] {
        if w.want(feature, percent) {
            return (w.rng.pick(list).to_owned(), Anchored::Scalar);
        }
    }
    for (feature, percent, list) in [
        ("almost-numbers", 15, words::ALMOST),
        ("odd-plain", 15, words::ODD_PLAIN),
        ("unicode", 8, words::UNICODE),
        ("emoji", 5, words::EMOJI),
    ] {
        if w.want(feature, percent) {
            let text = w.rng.pick(list);
            if !in_flow || plain_in_flow(text) {
                return (text.to_owned(), Anchored::Text);
            }
        }
    }
    (quoted::words(w, 3), Anchored::Text)
}

fn plain_in_flow(text: &str) -> bool {
    !text.contains([',', '[', ']', '{', '}', '?', ':'])
}

/// A tag, the text after it, and what that is.
fn tagged(w: &mut Writer, place: Place) -> Option<(String, String, Anchored)> {
    for (feature, choices) in [
        ("tag-str", &["123", "true", "\"x y\"", "'1'", "null", "2024-01-01", "0x1F", "text"][..]),
        ("tag-int", &["5", "\"5\"", "0x1F", "'1_000'", "017", "-3"][..]),
        ("tag-float", &["3", "\"1.5\"", "1e3", ".inf", "-2.50", "'7'"][..]),
        ("tag-bool", &["true", "False", "\"true\""][..]),
        ("tag-null", &["~", "null", "\"\""][..]),
        ("tag-binary", &["aGVsbG8=", "\"AAEC\"", "/////w==", "''"][..]),
        ("tag-timestamp", &["2001-12-14", "\"2001-12-14T21:59:43Z\"", "2001-12-14 21:59:43"][..]),
    ] {
        if w.want(feature, 3) {
            let tag = format!("!!{}", feature.trim_start_matches("tag-"));
            return Some((tag, w.rng.pick(choices).to_owned(), Anchored::Scalar));
        }
    }
    if w.want("tag-custom", 4) {
        let tag = w.rng.pick(&["!Ref", "!vault", "!custom", "!x/y:z", "!GetAtt", "!1"]).to_owned();
        return Some((tag, custom_text(w, place), Anchored::Text));
    }
    if w.want("tag-verbatim", 3) {
        let tag = w.rng.pick(&["!<tag:yaml.org,2002:str>", "!<tag:example.com,2000:app/foo>", "!<!local>"]).to_owned();
        return Some((tag, custom_text(w, place), Anchored::Text));
    }
    if w.want("tag-non-specific", 3) {
        return Some(("!".to_owned(), custom_text(w, place), Anchored::Text));
    }
    if w.tag_handle && w.want("tag-directive", 10) {
        return Some(("!e!thing".to_owned(), custom_text(w, place), Anchored::Text));
    }
    None
}

fn custom_text(w: &mut Writer, place: Place) -> String {
    match w.rng.below(4) {
        0 => w.rng.pick(&["5", "true", "1.5", "null", "0x10"]).to_owned(),
        1 => quoted::single(w, Some(place.indent())),
        2 => quoted::double(w, Some(place.indent())),
        _ => quoted::words(w, 2),
    }
}
