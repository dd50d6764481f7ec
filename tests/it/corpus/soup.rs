//! Documents with their lines disturbed: comments and blank lines put anywhere, lines moved, indented, cut. Many are no YAML any
//! more; what matters is that two readers agree on which, and on what the others say.

use super::rng::Rng;

const COMMENTS: [&str; 6] = ["# c", "#", "#! x", " # ind", "  # deeper", "# TODO: password: hunter2"];
const CHARACTERS: &str = "#:-[]{}&*!|>'\" \t\n,?%@`~\\/.0aé";

/// `text` with up to a dozen disturbances; `broken` also puts single characters anywhere.
pub fn disturb(text: &str, seed: u64, broken: bool) -> String {
    let mut rng = Rng::new(seed ^ 0x5eed_50f7);
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split(end).map(str::to_owned).collect();
    for _ in 0..=rng.below(12) {
        let at = rng.below(lines.len());
        match rng.below(10) {
            0..4 => {
                let indent = " ".repeat(rng.below(9));
                lines.insert(at, format!("{indent}{}", COMMENTS[rng.below(COMMENTS.len())]));
            }
            4..6 => lines.insert(at, String::new()),
            6 => lines[at].push_str(" # inline"),
            7 => lines[at].insert(0, ' '),
            8 if lines[at].starts_with(' ') => drop(lines[at].remove(0)),
            _ if lines.len() > 2 => drop(lines.remove(at)),
            _ => {}
        }
    }
    let mut text = lines.join(end);
    if broken {
        let mut at = rng.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert(at, CHARACTERS.chars().nth(rng.below(CHARACTERS.chars().count())).unwrap_or('x'));
    }
    text
}
