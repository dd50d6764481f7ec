//! What the demo shows and checks: where an encrypted file differs from its plain text.

use similar::{ChangeTag, TextDiff};

/// A ciphertext begins like this.
const CIPHERTEXT: &str = "ENC[AES256_GCM,";
/// Longest line that is shown; ciphertexts are longer.
const WIDTH: usize = 96;

/// The text before the metadata, and the lines of the metadata.
fn split(encrypted: &str) -> (&str, &str) {
    let at = encrypted.find("\nsops:").map_or(encrypted.len(), |at| at + 1);
    encrypted.split_at(at)
}

/// How many places differ, if each of them is a ciphertext and nothing but the metadata was added.
///
/// # Errors
/// The first line that should not differ.
pub fn only_secrets(plain: &str, encrypted: &str) -> Result<usize, String> {
    let (body, metadata) = split(encrypted);
    if metadata.is_empty() {
        return Err("the metadata is missing".into());
    }
    let diff = TextDiff::from_lines(plain, body);
    let mut places = 0;
    for op in diff.ops().iter().filter(|op| op.tag() != similar::DiffTag::Equal) {
        let mut new = diff.iter_changes(op).filter(|change| change.tag() == ChangeTag::Insert).peekable();
        // A scalar of several lines becomes one; all but its first line are indented.
        let top_level = diff.iter_changes(op).filter(|change| change.tag() == ChangeTag::Delete);
        let vanished = op.old_range().len() > op.new_range().len()
            && top_level.filter(|change| !change.value().starts_with(' ')).count() > op.new_range().len();
        if new.peek().is_none() || vanished || new.any(|change| !change.value().contains(CIPHERTEXT)) {
            let line = op.old_range().start + 1;
            return Err(format!("line {line} differs, but is no ciphertext"));
        }
        places += op.new_range().len();
    }
    Ok(places)
}

/// How many lines of `new` are not in `old` at their place.
pub fn changed_lines(old: &str, new: &str) -> usize {
    let diff = TextDiff::from_lines(old, new);
    let changes = diff.iter_all_changes();
    changes.filter(|change| change.tag() == ChangeTag::Insert).count()
}

/// One line of a diff.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// `-`, `+` or a blank; `@` for a gap.
    pub mark: char,
    /// The text, cut to a readable length.
    pub text: String,
}

/// The diff as git shows it, one line of context, without most of new metadata.
pub fn lines(old: &str, new: &str) -> Vec<Line> {
    let had_metadata = !split(old).1.is_empty();
    let (body, metadata) = if had_metadata { (new, "") } else { split(new) };
    let diff = TextDiff::from_lines(old, body);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            lines.push(line('@', "…"));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push(line(mark, change.value()));
        }
    }
    let added = metadata.lines().count();
    if added > 0 {
        lines.push(line('@', "…"));
        lines.push(line('+', "sops:"));
        let text = format!("    … {} more lines: who can open the file, and its MAC", added - 1);
        lines.push(line('+', &text));
    }
    lines
}

fn line(mark: char, text: &str) -> Line {
    let text = text.trim_end_matches(['\n', '\r']);
    let text = if text.chars().count() > WIDTH {
        let cut: String = text.chars().take(WIDTH - 1).collect();
        format!("{cut}…")
    } else {
        text.to_owned()
    };
    Line { mark, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "a: 1\npassword: x\nb: 2\n";
    const GOOD: &str = "a: 1\npassword: ENC[AES256_GCM,data:x]\nb: 2\nsops:\n    mac: y\n";

    #[test]
    fn secrets_may_differ() {
        assert_eq!(only_secrets(PLAIN, GOOD), Ok(1));
        assert!(only_secrets(PLAIN, &GOOD.replace("a: 1", "a:  1")).is_err());
        assert!(only_secrets(PLAIN, &GOOD.replace("b: 2\n", "")).is_err());
        assert!(only_secrets(PLAIN, "a: 1\n").is_err());
    }

    #[test]
    fn diffs_are_short() {
        let shown: Vec<String> = lines(PLAIN, GOOD).iter().map(|line| format!("{}{}", line.mark, line.text)).collect();
        assert_eq!(
            shown,
            [
                " a: 1",
                "-password: x",
                "+password: ENC[AES256_GCM,data:x]",
                " b: 2",
                "@…",
                "+sops:",
                "+    … 1 more lines: who can open the file, and its MAC",
            ]
        );
        assert_eq!(changed_lines(PLAIN, &PLAIN.replace("x", "y")), 1);
        assert!(line('+', &"x".repeat(500)).text.chars().count() <= WIDTH);
    }
}
