//! The order of the keys of a mapping (go-yaml 2.4 `sorter.go`): numbers in names count as numbers, letters come last.

use std::cmp::Ordering;

use crate::document::tree::{Key, Node};

/// The entries in go-yaml's order.
///
/// The comparison goes in circles for some sets of names (`a9 < a10 < a1b < a9`), where upstream's order is a matter of chance.
/// The sorts of the standard library may panic over that, so it is done by hand.
pub fn sorted(items: &[(Key, Node)]) -> Vec<&(Key, Node)> {
    let mut keys: Vec<(Vec<char>, &(Key, Node))> =
        items.iter().map(|item| (item.0.name.chars().collect(), item)).collect();
    let mut width = 1;
    while width < keys.len() {
        let mut merged = Vec::with_capacity(keys.len());
        let mut rest = keys.into_iter().peekable();
        while rest.peek().is_some() {
            let mut left = rest.by_ref().take(width).collect::<Vec<_>>().into_iter().peekable();
            let mut right = rest.by_ref().take(width).collect::<Vec<_>>().into_iter().peekable();
            while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
                let from_right = compare(&second.0, &first.0) == Ordering::Less;
                merged.extend(if from_right { right.next() } else { left.next() });
            }
            merged.extend(left.chain(right));
        }
        keys = merged;
        width *= 2;
    }
    keys.into_iter().map(|(_, item)| item).collect()
}

/// At the first character that differs: numbers by their value, then whatever is no letter before letters.
fn compare(a: &[char], b: &[char]) -> Ordering {
    let Some(at) = a.iter().zip(b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // zeros inside a number count, those at its beginning do not
    let inside = (a[at] == '0' || b[at] == '0')
        && a[..at].iter().rev().take_while(|digit| digit.is_ascii_digit()).any(|digit| *digit != '0');
    let start = i64::from(inside);
    let (a_number, a_digits) = number(&a[at..], start);
    let (b_number, b_digits) = number(&b[at..], start);
    a_number.cmp(&b_number).then(a_digits.cmp(&b_digits)).then(a[at].cmp(&b[at]))
}

/// The number that the characters begin with, and its length.
fn number(characters: &[char], start: i64) -> (i64, usize) {
    let digits = characters.iter().map_while(|character| character.to_digit(10));
    digits.fold((start, 0), |(number, length), digit| {
        // go-yaml lets it overflow
        (number.wrapping_mul(10).wrapping_add(i64::from(digit)), length + 1)
    })
}
