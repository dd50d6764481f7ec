//! Scalars that may run over several lines: plain, single-quoted, double-quoted, literal and folded.

use super::words;
use super::writer::Writer;

/// Text for a comment, a string or a line of a block.
pub fn words(w: &mut Writer, most: usize) -> String {
    let count = w.rng.range(1, most);
    let mut text = String::new();
    for index in 0..count {
        if index > 0 {
            text.push(' ');
        }
        if w.want("unicode", 8) {
            text.push_str(w.rng.pick(words::UNICODE));
        } else if w.want("emoji", 4) {
            text.push_str(w.rng.pick(words::EMOJI));
        } else {
            text.push_str(w.rng.pick(words::WORDS));
        }
    }
    if w.want("long-line", 3) {
        for _ in 0..w.rng.range(20, 60) {
            text.push(' ');
            text.push_str(w.rng.pick(words::WORDS));
        }
    }
    text
}

/// A line break inside a flow scalar, some blank lines, and the white space of the next line.
fn fold(w: &mut Writer, text: &mut String, indent: usize, outdent: bool) {
    if w.want("trailing-spaces", 20) {
        text.push_str("  ");
    }
    text.push('\n');
    if w.rng.percent(25) {
        for _ in 0..w.rng.range(1, 2) {
            if w.want("trailing-spaces", 20) {
                text.push_str("   ");
            }
            text.push('\n');
        }
    }
    let column = if outdent { 0 } else { indent + w.rng.below(4) };
    text.extend(std::iter::repeat_n(' ', column));
    if column > 0 && w.want("tabs", 15) {
        text.push('\t');
    }
}

/// A plain scalar of several lines, continued at `indent` or deeper.
pub fn plain_multi_line(w: &mut Writer, indent: usize) -> String {
    let mut text = words(w, 3);
    for _ in 0..w.rng.range(1, 3) {
        fold(w, &mut text, indent, false);
        text.push_str(&words(w, 4));
    }
    text
}

/// A single-quoted scalar; of one line when `indent` is `None`.
pub fn single(w: &mut Writer, indent: Option<usize>) -> String {
    if w.want("quoted-empty", 15) {
        return "''".to_owned();
    }
    let mut text = "'".to_owned();
    if w.rng.percent(10) {
        text.push(' ');
    }
    text.push_str(&words(w, 3));
    for _ in 0..w.rng.below(3) {
        let part = w.rng.pick(&[
            " it''s",
            " # no comment",
            ": ",
            " ''''",
            "\\n",
            " [x]",
            " {y: z}",
            " - ",
            " %",
            " @",
            "\"q\"",
            " &a *b",
            " true",
            ", ",
            " !tag",
            "| ",
            "  two  spaces",
        ]);
        text.push_str(part);
    }
    if let Some(indent) = indent
        && w.want("single-multi-line", 50)
    {
        let outdent = w.want("quoted-outdented", 45);
        for _ in 0..w.rng.range(1, 3) {
            fold(w, &mut text, indent, outdent);
            text.push_str(&words(w, 3));
        }
    }
    if w.rng.percent(8) {
        text.push(' ');
    }
    text.push('\'');
    text
}

/// A double-quoted scalar; of one line when `indent` is `None`.
pub fn double(w: &mut Writer, indent: Option<usize>) -> String {
    if w.want("quoted-empty", 15) {
        return "\"\"".to_owned();
    }
    let mut text = "\"".to_owned();
    if w.rng.percent(10) {
        text.push_str(w.rng.pick(&[" ", "123", "true", "# ", "- ", "0x"]));
    }
    text.push_str(&words(w, 3));
    for _ in 0..w.rng.below(4) {
        escape_or_text(w, &mut text);
    }
    if let Some(indent) = indent
        && w.want("double-multi-line", 50)
    {
        let outdent = w.want("quoted-outdented", 45);
        for _ in 0..w.rng.range(1, 3) {
            if w.want("double-escaped-newline", 40) {
                text.push_str(" \\");
            }
            fold(w, &mut text, indent, outdent);
            if w.want("double-escaped-newline", 15) {
                text.push_str("\\ ");
            }
            text.push_str(&words(w, 3));
        }
    }
    text.push('"');
    text
}

fn escape_or_text(w: &mut Writer, text: &mut String) {
    if w.want("double-escapes", 60) {
        text.push_str(w.rng.pick(&[
            "\\n",
            "\\t",
            "\\\"",
            "\\\\",
            "\\0",
            "\\a",
            "\\b",
            "\\e",
            "\\f",
            "\\v",
            "\\r",
            "\\x41",
            "\\xE9",
            "\\u00e9",
            "\\u2028",
            "\\U0001F600",
            "\\N",
            "\\_",
            "\\L",
            "\\P",
            "\\ ",
            "\\r\\n",
            "\\n\\n",
            "\\ufeff",
            "\\u0001",
            "\\x7f",
            "\\n\\tx",
            "x\\n ",
        ]));
    } else {
        text.push_str(w.rng.pick(&[
            " it's",
            " # no comment",
            ": ",
            " [x]",
            " {y: z}",
            " - ",
            " %",
            "'q'",
            " &a *b",
            ", ",
            "  two  spaces",
            "",
        ]));
    }
}

/// A literal or folded scalar from its indicator to the end of its last line. `parent` is the column of
/// the collection it is in. Gives the column from which a comment below would be taken for content.
pub fn block(w: &mut Writer, parent: usize) -> usize {
    let folded = w.want("folded", 45);
    if !folded {
        w.note("literal");
    }
    w.put(if folded { ">" } else { "|" });
    let step = w.rng.range(1, 4);
    let empty = w.want("block-empty", 14);
    let more_indented_first = !empty && w.want("block-more-indented", 12);
    let indicator = (more_indented_first || w.want("block-indicator", 50)).then(|| step.to_string());
    if indicator.is_some() {
        w.note("block-indicator");
    }
    let chomp = if w.want("chomp-keep", 30) {
        "+"
    } else if w.want("chomp-strip", 40) {
        "-"
    } else {
        ""
    };
    let digits = indicator.unwrap_or_default();
    if w.rng.percent(50) {
        w.put(&format!("{digits}{chomp}"));
    } else {
        w.put(&format!("{chomp}{digits}"));
    }
    if w.want("comment-after-block-header", 25) {
        let text = words(w, 2);
        w.put(&format!(" # {text}"));
    } else if w.want("trailing-spaces", 10) {
        w.put("  ");
    }
    w.put("\n");
    if empty {
        if w.rng.percent(30) {
            w.put("\n");
        }
        return parent + 1;
    }
    body(w, parent + step, more_indented_first);
    if w.want("block-trailing-blank", 30) {
        for _ in 0..w.rng.range(1, 2) {
            w.put("\n");
        }
    }
    parent + step
}

fn body(w: &mut Writer, column: usize, more_indented_first: bool) {
    if w.want("block-leading-blank", 20) {
        for _ in 0..w.rng.range(1, 2) {
            w.put("\n");
        }
    }
    for index in 0..w.rng.range(1, 5) {
        if index > 0 && w.rng.percent(15) {
            if w.want("block-inner-spaces", 40) {
                let extra = w.rng.below(4);
                w.spaces(column + extra);
            }
            w.put("\n");
        }
        w.spaces(column);
        if (index == 0 && more_indented_first) || (index > 0 && w.want("block-more-indented", 20)) {
            let extra = w.rng.range(1, 3);
            w.spaces(extra);
        } else if index > 0 && w.want("block-tabs", 20) {
            w.put("\t");
        }
        if w.want("block-hash-lines", 20) {
            w.put_one(&["# not a comment", "#", "x # y", "--- x", "key: value", "- item", "\"", "'", "{{ x }}"]);
        } else {
            let text = words(w, 5);
            w.put(&text);
        }
        if w.want("block-tabs", 10) {
            w.put("\tx");
        }
        if w.want("block-inner-spaces", 10) {
            w.put("  ");
        }
        w.put("\n");
    }
}
