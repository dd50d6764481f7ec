//! What an encrypted comment may be bound to: sops reads a comment elsewhere once the values around it are ciphertexts.

use crate::document::trail::Trail;

/// How many collections around a comment are tried, at most.
const TRIED: usize = 16;

/// The bounds that a comment may have: where it is read, what is around it, and the same for the value before it. Only the
/// nearest and the root are tried, or else comments in deep places would cost as much as whole files.
pub(super) fn bounds_to_try<'a>(trail: &'a Trail, last: &'a str) -> Vec<&'a str> {
    let mut bounds = vec![trail.bound()];
    bounds.extend(trail.outer().take(TRIED));
    let outer = |bound: &&'a str| {
        let end = bound[..bound.len() - 1].rfind(':')?;
        Some(&bound[..=end])
    };
    let last = (!last.is_empty()).then_some(last);
    bounds.extend(std::iter::successors(last, outer).take(TRIED));
    bounds.push(":");
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every mapping around a comment was tried, as often as there were comments.
    #[test]
    fn few_bounds_are_tried_in_deep_places() {
        let mut trail = Trail::default();
        assert_eq!(bounds_to_try(&trail, ""), [":", ":"]);
        ["a", "b"].iter().for_each(|key| trail.enter_key(key));
        assert_eq!(bounds_to_try(&trail, "c:d:"), ["a:b:", "a:", ":", "c:d:", "c:", ":"]);
        (0..200).for_each(|_| trail.enter_key("k"));
        let last = "l:".repeat(200);
        let bounds = bounds_to_try(&trail, &last);
        assert_eq!(bounds.len(), 2 + 2 * TRIED);
        assert_eq!((bounds[0], bounds[1]), (trail.bound(), trail.outer().next().unwrap()));
        assert_eq!(bounds.last(), Some(&":"));
    }
}
