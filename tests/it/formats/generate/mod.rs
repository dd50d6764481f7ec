//! Documents of every format from a seed: valid text with all the noise that the format allows.

mod hcl;
mod ini;
mod json;
mod lines;
mod toml;

use sealant::document::kind::DocumentKind;
use sealant::document::open::Reading;

use super::Made;
use crate::corpus::rng::Rng;

/// Names of keys: some that the selections of the tests catch, some that they do not.
const NAMES: &[&str] = &[
    "password",
    "token",
    "host",
    "port",
    "a",
    "b",
    "secret_enc",
    "name_plain",
    "api_key",
    "note_unencrypted",
    "user",
    "data",
    "level",
    "path",
    "k1",
    "db_url",
    "x_enc",
    "y_unencrypted",
    "mode",
    "zone",
];

/// Text of values, without the characters that single formats give a meaning.
const WORDS: &[&str] = &[
    "hunter2",
    "s3cr3t",
    "true",
    "null",
    "5432",
    "1.50",
    "0x1F",
    "naïve",
    "日本語",
    "😀",
    "a b",
    "x-y_z",
    "2026-01-15",
    "https://db.example:5432/x?y=1&z=2",
    "/etc/passwd",
    "AKIA0000",
    "p@ss!w0rd",
    "100%",
    "e̊",
    "~",
    "-",
    "no",
    "01",
];

/// The document of a seed.
pub fn document(kind: DocumentKind, seed: u64) -> Made {
    let mut rng = Rng::new(seed ^ ((kind.word().len() as u64) << 40) ^ u64::from(kind.word().as_bytes()[0]) << 48);
    let mut reading = Reading { commented_json: false, faithful_dotenv: true };
    let bytes = match kind {
        DocumentKind::Json | DocumentKind::Yaml => {
            reading.commented_json = rng.percent(15);
            json::document(&mut rng, reading.commented_json).into_bytes()
        }
        DocumentKind::Dotenv => {
            reading.faithful_dotenv = rng.percent(70);
            lines::dotenv(&mut rng, reading.faithful_dotenv).into_bytes()
        }
        DocumentKind::Ini => ini::document(&mut rng).into_bytes(),
        DocumentKind::Binary => binary(&mut rng),
        DocumentKind::Toml => toml::document(&mut rng).into_bytes(),
        DocumentKind::Hcl => hcl::document(&mut rng).into_bytes(),
        DocumentKind::Properties => lines::properties(&mut rng).into_bytes(),
    };
    Made { kind, bytes, reading }
}

fn binary(rng: &mut Rng) -> Vec<u8> {
    match rng.below(8) {
        0 => Vec::new(),
        1 => format!("{{\"data\": \"{}\"}}\n", rng.pick(WORDS)).into_bytes(),
        2 => b"{\"sops\": 1}".to_vec(),
        3 => rng.pick(WORDS).as_bytes().to_vec(),
        4 => vec![0; 1 + rng.below(40)],
        5 => "\u{FEFF}line\r\nline\r".into(),
        _ => (0..rng.below(300)).map(|_| rng.next() as u8).collect(),
    }
}

/// Names for the entries of one collection, no two alike.
fn names(rng: &mut Rng, most: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for _ in 0..rng.below(most + 1) {
        let mut name = rng.pick(NAMES).to_owned();
        if names.contains(&name) {
            name.push_str(&names.len().to_string());
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What a comment says: sometimes a marker of the comment patterns, sometimes text that looks like an entry.
fn remark(rng: &mut Rng) -> String {
    let choices: &[&str] = &[
        " clear: on purpose",
        " enc: this",
        " a remark",
        "",
        " key = value",
        "no blank",
        " naïve 日本語 😀",
        " 'quoted' \"text\"",
        "\ttab",
        " sops",
        " [section]",
    ];
    rng.pick(choices).to_owned()
}

/// Line ends, one kind in most texts.
struct Ends {
    end: &'static str,
    mixed: bool,
}

impl Ends {
    fn new(rng: &mut Rng) -> Self {
        let end = if rng.percent(20) { "\r\n" } else { "\n" };
        Self { end, mixed: rng.percent(6) }
    }

    fn push(&self, rng: &mut Rng, out: &mut String) {
        let other = self.mixed && rng.percent(30);
        out.push_str(match (self.end, other) {
            ("\n", false) | ("\r\n", true) => "\n",
            _ => "\r\n",
        });
    }
}

/// Drops the last line break in some texts, adds more in others.
fn finish(rng: &mut Rng, out: &mut String) {
    if rng.percent(18) {
        let kept = out.trim_end_matches(['\r', '\n']).len();
        out.truncate(kept);
    } else if rng.percent(12) {
        out.push_str(if out.ends_with("\r\n") { "\r\n\r\n" } else { "\n\n" });
    }
}

#[test]
fn every_kind_is_deterministic_and_mostly_valid() {
    for kind in super::kinds() {
        let mut valid = 0;
        for seed in 0..200 {
            let made = document(kind, seed);
            assert_eq!(made.bytes, document(kind, seed).bytes);
            match made.plain() {
                Ok(plain) => {
                    assert_eq!(plain.bytes(), made.bytes);
                    valid += 1;
                }
                Err(error) => println!("{seed}: {error}\n{}", made.shown()),
            }
        }
        assert!(valid >= 196, "{kind:?}: only {valid} of 200 are documents");
    }
}
