//! The bytes of the output, compared with the real kubeseal's on texts that are hard to spell.

use serde_json::{Map, Value, json};

use super::{World, ours, real, vector, without_chance};

const HARD: &[&str] = &[
    "",
    "y",
    "No",
    "on",
    "OFF",
    "null",
    "~",
    "true",
    "0",
    "0777",
    "0o17",
    "0x1F",
    "0b101",
    "+1",
    "1_000",
    "1.",
    ".5",
    "-.5",
    "1e3",
    "1e400",
    ".",
    "...",
    "--- a",
    "1:30",
    "1:60",
    "190:20:30",
    "2001-01-01",
    "2001-1-1",
    "2001-13-01",
    "2001-01-01 00:00:00",
    ".inf",
    "-.INF",
    ".nan",
    "NaN",
    "<<",
    "=",
    "18446744073709551616",
    "-9223372036854775809",
    "a: b",
    "a:b",
    "a #b",
    "a#b",
    " a",
    "a ",
    "-",
    "-a",
    "- a",
    "?",
    "? a",
    ":a",
    "@a",
    "`a",
    "%a",
    "'",
    "\"",
    "\\",
    "a'b",
    "[a]",
    "{a}",
    "*a",
    "&a",
    "!a",
    "|a",
    ">a",
    "\n",
    "a\n",
    "a\n\n",
    "\na",
    " \na",
    "a \nb",
    "a\n b",
    "a\tb",
    "\ta\nb",
    "\r",
    "a\r\nb",
    "\u{2028}",
    "a\u{2028}b",
    "a\u{2028} b",
    "\u{a0}",
    "é\nü",
    "😀",
    "\u{feff}a",
    "\u{1b}[31m",
    "<a&b>",
    "\u{200b}",
    "中文",
    "x  y",
    "0_1",
    "._5",
    "+a",
    "2001-01-1x",
];

/// Words that make up longer texts.
const WORDS: &[&str] = &[
    "a",
    "word",
    " ",
    "  ",
    "\n",
    ": ",
    " #",
    "- ",
    "'",
    "\"",
    "0",
    "é",
    "😀",
    "longlonglonglonglong",
    ",",
    "\t",
    "\u{2028}",
];

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn text(&mut self) -> String {
        (0..self.below(40) + 1).map(|_| WORDS[self.below(WORDS.len())]).collect()
    }
}

fn same(world: &World, real: &std::path::Path, annotations: &Map<String, Value>) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "n", "namespace": "ns", "annotations": annotations, "finalizers": ["a: b", "<<"]},
        "data": {"k": "dg=="},
    });
    let input = secret.to_string();
    for format in ["json", "yaml"] {
        let arguments = ["--cert", &vector("rsa2048.crt"), "-o", format];
        let theirs = world.run(real, &arguments, input.as_bytes()).code(0).stdout;
        let ours = world.run(&ours(), &arguments, input.as_bytes()).code(0).stdout;
        let (theirs, ours) = (without_chance(&theirs), without_chance(&ours));
        for (their_line, our_line) in theirs.lines().zip(ours.lines()) {
            assert_eq!(our_line, their_line, "{format}");
        }
        assert_eq!(ours, theirs);
    }
}

#[test]
fn hard_texts_are_spelled_as_upstream_does() {
    let Some(real) = real("hard_texts_are_spelled_as_upstream_does") else { return };
    let world = World::new();
    let values = HARD.iter().enumerate().map(|(at, text)| (format!("k{at}"), Value::from(*text)));
    same(&world, &real, &values.collect());
    // as keys, too; `<<` as a key upstream writes so that nobody can read it
    let keys = HARD.iter().filter(|text| **text != "<<").map(|text| ((*text).to_owned(), Value::from("x")));
    for chunk in keys.collect::<Vec<_>>().chunks(1) {
        same(&world, &real, &chunk.iter().cloned().collect());
    }
}

#[test]
fn texts_of_any_length_are_folded_as_upstream_does() {
    let Some(real) = real("texts_of_any_length_are_folded_as_upstream_does") else { return };
    let world = World::new();
    let mut chance = Chance(7);
    for _ in 0..6 {
        same(&world, &real, &(0..100).map(|at| (format!("k{at}"), Value::from(chance.text()))).collect());
    }
}
