//! Changes to an input that keep it near YAML.

/// SplitMix64 (Steele, Lea, Flood 2014): enough for a fuzz loop, and the same on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end` (0 for an empty range).
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Inputs stay below this, so that one run stays short.
pub const MAX_INPUT: usize = 8 * 1024;

const TOKENS: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    " ",
    "  ",
    "\t",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "?",
    ", ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "#",
    " #",
    "# comment\n",
    "&a ",
    "&b",
    "*a",
    "*b ",
    "<<: *a\n",
    "!",
    "!!str ",
    "!!int ",
    "!!binary ",
    "!!null",
    "!x ",
    "!<x> ",
    "|",
    "|-\n",
    "|+\n",
    "|2-\n",
    ">",
    ">-\n",
    ">+2\n",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "\\x",
    "\\u00e9",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "---\n",
    "--- ",
    "...\n",
    "@",
    "`",
    "~",
    "null",
    "true",
    "no",
    "0x1F",
    "0o7",
    "1_000",
    "1e3",
    ".inf",
    "-.nan",
    "2001-12-14t21:59:43.10-05:00",
    "2020-01-01",
    "18446744073709551615",
    "\u{FEFF}",
    "\u{85}",
    "\u{2028}",
    "é",
    "😀",
    "a: ",
    "k: v\n",
    "- - ",
    "_unencrypted: ",
    "sops: ",
    "sops:\n",
    "ENC[",
    "ENC[AES256_GCM,data:",
    ",iv:",
    ",tag:",
    ",type:str]",
    ",type:comment]",
    ",type:int]",
    "mac: ",
    "lastmodified: ",
    "age:\n",
    "key_groups:\n",
    "\n\n",
    "\n ",
    "\n  ",
    "\n- ",
    "\n# ",
    "a.b",
    "[0]",
    "[\"a\"]",
    "\"a\".",
];

fn place(random: &mut Random, input: &[u8]) -> usize {
    random.below(input.len() + 1)
}

/// A piece of `input`: some bytes, or whole lines.
fn piece<'a>(random: &mut Random, input: &'a [u8]) -> &'a [u8] {
    if random.below(2) == 0 {
        let start = place(random, input);
        let length = random.below(64).min(input.len() - start);
        return &input[start..start + length];
    }
    let lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
    let first = random.below(lines.len());
    let length: usize = lines.iter().skip(first).take(1 + random.below(4)).map(|line| line.len()).sum();
    let start: usize = lines.iter().take(first).map(|line| line.len()).sum();
    &input[start..start + length]
}

fn once(random: &mut Random, input: &mut Vec<u8>, other: &[u8]) {
    let at = place(random, input);
    match random.below(9) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => drop(input.remove(at)),
        2 => {
            let end = (at + random.below(24)).min(input.len());
            input.drain(at..end);
        }
        3 => {
            let piece = piece(random, other).to_vec();
            input.splice(at..at, piece);
        }
        4 => {
            let piece = piece(random, input).to_vec();
            input.splice(at..at, piece);
        }
        5 => {
            let mut lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
            let line = random.below(lines.len());
            if line < lines.len() {
                let moved = lines.remove(line);
                lines.insert(random.below(lines.len() + 1), moved);
                *input = lines.concat();
            }
        }
        6 => {
            // more or less indentation of one line
            let start = input[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
            if random.below(2) == 0 {
                input.insert(start, b' ');
            } else if input.get(start) == Some(&b' ') {
                input.remove(start);
            }
        }
        _ => {
            let token = TOKENS[random.below(TOKENS.len())];
            input.splice(at..at, token.bytes());
        }
    }
}

/// A changed copy of one of `seeds`.
pub fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(6) {
        let other = &seeds[random.below(seeds.len())];
        once(random, &mut input, other);
    }
    input.truncate(MAX_INPUT);
    input
}
