//! The name that somebody probably meant.

/// The known name that is closest to a misspelt one, if any is close.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
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
