//! The name that somebody probably meant.

/// Names that differ in more letters are different names.
const MOST_WRONG: usize = 2;
/// Longer names are nobody's misspelling, and would be costly.
const LONGEST: usize = 40;

/// The known name that is closest to a misspelt one, if any is close.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let near = known.iter().filter(|known| known.len() <= LONGEST).map(|known| (distance(name, known), *known));
    near.filter(|(wrong, known)| *wrong <= MOST_WRONG && wrong * 2 < known.len()).min().map(|(_, known)| known)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut diagonal = at;
        row[0] = at + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_close_is_meant() {
        let known = ["certificate", "scope", "paths"];
        assert_eq!(nearest("certifcate", &known), Some("certificate"));
        assert_eq!(nearest("path", &known), Some("paths"));
        assert_eq!(nearest("xyz", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
