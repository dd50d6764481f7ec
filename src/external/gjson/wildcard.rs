//! `*` and `?` in keys and values, as github.com/tidwall/match 1.1 matches them.

use super::budget::{Budget, TooMuchWork};
use crate::template::next_character;

/// Whether `text` matches `pattern`. As in gjson, what takes very long to compare does not.
pub(super) fn matches(budget: &Budget, text: &[u8], pattern: &[u8]) -> Result<bool, TooMuchWork> {
    if pattern == b"*" {
        return Ok(true);
    }
    let mut matcher = Matcher { budget, calls: 0, most: text.len().saturating_mul(10_000) };
    Ok(matcher.run(text, pattern)? == Outcome::Match)
}

#[derive(PartialEq, Eq)]
enum Outcome {
    None,
    Match,
    Stop,
}

/// What is left of a text and of its pattern.
type Rest<'a> = (&'a [u8], &'a [u8]);

struct Matcher<'a> {
    budget: &'a Budget,
    calls: usize,
    most: usize,
}

impl Matcher<'_> {
    fn run<'t>(&mut self, mut text: &'t [u8], mut pattern: &'t [u8]) -> Result<Outcome, TooMuchWork> {
        if self.calls > self.most {
            return Ok(Outcome::Stop);
        }
        self.calls += 1;
        while let Some((wanted, mut wanted_size)) = next_character(pattern) {
            self.budget.charge(1)?;
            let next = next_character(text);
            let mut wild = false;
            let mut wanted = wanted;
            match wanted {
                '?' if next.is_none() => return Ok(Outcome::None),
                '?' => {}
                '*' => {
                    while pattern.get(1) == Some(&b'*') {
                        pattern = &pattern[1..];
                    }
                    if pattern.len() == 1 {
                        return Ok(Outcome::Match);
                    }
                    let Some((shorter, left)) = self.trim_suffix(text, pattern)? else { return Ok(Outcome::None) };
                    (text, pattern) = (shorter, left);
                    if pattern.len() == 1 {
                        return Ok(Outcome::Match);
                    }
                    let budget = self.budget;
                    let outcome = budget.deeper(|| self.run(text, &pattern[1..]))?;
                    if outcome != Outcome::None || text.is_empty() {
                        return Ok(outcome);
                    }
                    wild = true;
                }
                _ => {
                    let Some((found, _)) = next else { return Ok(Outcome::None) };
                    if wanted == '\\' {
                        pattern = &pattern[wanted_size..];
                        let Some(escaped) = next_character(pattern) else { return Ok(Outcome::None) };
                        (wanted, wanted_size) = escaped;
                    }
                    if found != wanted {
                        return Ok(Outcome::None);
                    }
                }
            }
            text = text.get(next.map_or(0, |(_, size)| size)..).unwrap_or_default();
            if !wild {
                pattern = &pattern[wanted_size..];
            }
        }
        Ok(if text.is_empty() { Outcome::Match } else { Outcome::None })
    }

    /// Takes from both ends what is no wildcard; nothing when it differs.
    fn trim_suffix<'a>(&self, mut text: &'a [u8], mut pattern: &'a [u8]) -> Result<Option<Rest<'a>>, TooMuchWork> {
        while !text.is_empty() && pattern.len() > 1 {
            self.budget.charge(1)?;
            let (wanted, mut wanted_size) = last_character(pattern);
            let before = &pattern[..pattern.len() - wanted_size];
            let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
            let escaped = backslashes % 2 == 1;
            wanted_size += usize::from(escaped);
            if wanted == '*' && !escaped {
                break;
            }
            let (found, size) = last_character(text);
            if (escaped || wanted != '?') && wanted != found {
                return Ok(None);
            }
            text = &text[..text.len() - size];
            pattern = &pattern[..pattern.len() - wanted_size];
        }
        Ok(Some((text, pattern)))
    }
}

/// The last character and its length; U+FFFD and 1 for an invalid byte.
fn last_character(text: &[u8]) -> (char, usize) {
    for size in 1..=text.len().min(4) {
        if let Some((next, length)) = next_character(&text[text.len() - size..])
            && length == size
            && (size > 1 || next != char::REPLACEMENT_CHARACTER)
        {
            return (next, size);
        }
    }
    (char::REPLACEMENT_CHARACTER, 1)
}
