//! Mistakes that are valid: what people most likely meant instead.

use super::CreationRule;
use super::reader::Reader;

/// Looks at the rules side by side.
pub(super) fn rules(reader: &mut Reader, rules: &[CreationRule]) {
    if let Some((at, catch_all)) = rules.iter().enumerate().find(|(_, rule)| rule.path_regex.is_none()) {
        for rule in &rules[at + 1..] {
            let text = format!("this rule is never used: the one at line {} is for every path", catch_all.line);
            reader.warn(rule.line, text);
        }
    }
    for pair in rules.windows(2) {
        let [first, second] = pair else { continue };
        let torn = first.path_regex.is_some()
            && first.groups.is_empty()
            && second.path_regex.is_none()
            && !second.groups.is_empty();
        if torn {
            let text = format!(
                "this rule has keys but no `path_regex`, and the one at line {} a `path_regex` but no keys; \
                 is there a dash too many?",
                first.line
            );
            reader.warn(second.line, text);
        }
    }
}

/// The known name that is closest to a misspelt one, if any is close.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // long names are nobody's misspelling, and would be costly
    if name.len() > 40 {
        return None;
    }
    known
        .iter()
        .map(|candidate| (distance(&name.to_lowercase(), &candidate.to_lowercase()), *candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance * 2 < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, character) in left.chars().enumerate() {
        let mut diagonal = at;
        row[0] = at + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let known = ["encrypted_regex", "encrypted_suffix", "age", "pgp", "kms"];
        assert_eq!(nearest("encrypted_regexp", &known), Some("encrypted_regex"));
        assert_eq!(nearest("Encrypted_Regex", &known), Some("encrypted_regex"));
        assert_eq!(nearest("encryptd_sufix", &known), Some("encrypted_suffix"));
        assert_eq!(nearest("ages", &known), Some("age"));
        assert_eq!(nearest("gpg", &known), None);
        assert_eq!(nearest("comment", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
