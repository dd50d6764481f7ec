//! Templates made of every function and all kinds of arguments.

use sealant::template::{FunctionSet, Limits, MissingKey, Options, Value, render};

use super::compare::{Question, compare};
use crate::corpus::rng::Rng;

/// Functions that give the same each time.
const FUNCTIONS: &str = "abbrev abbrevboth add add1 add1f addf adler32sum all and any append atoi b32dec b32enc b64dec \
    b64enc base biggest camelcase cat ceil chunk clean coalesce compact concat contains deepCopy deepEqual default \
    dict dig dir div divf duration durationRound empty eq ext first float64 floor fromJson ge get gt has hasKey \
    hasPrefix hasSuffix html indent index initial initials int int64 isAbs join js kebabcase kindIs kindOf \
    last le len list lower lt max maxf merge mergeOverwrite min minf mod mul mulf ne nindent nospace not omit or pick \
    pluck plural prepend print printf println quote regexFind regexFindAll regexMatch regexQuoteMeta \
    regexReplaceAllLiteral regexSplit repeat replace rest reverse round semverCompare seq sha1sum sha256sum slice \
    snakecase sortAlpha split splitList splitn squote sub subf substr swapcase ternary title toDate toDecimal toJson \
    toPrettyJson toRawJson toString toStrings trim trimAll trimPrefix trimSuffix trunc typeIs typeOf uniq unixEpoch \
    unset until untilStep untitle upper urlParse urlquery without wrap wrapWith mustFromJson mustToDate";

const ARGUMENTS: [&str; 44] = [
    "1",
    "0",
    "-3",
    "7",
    "2.5",
    "-0.5",
    "1e6",
    "true",
    "false",
    "nil",
    "\"\"",
    "\"a\"",
    "\"hello world\"",
    "\"HTTPServer_x\"",
    "\"12\"",
    "\"1.50\"",
    "\"a,b,,c\"",
    "\",\"",
    "\"%v|%d\"",
    "\"2006-01-02\"",
    "\"2024-02-29\"",
    "\"[a-c]+\"",
    "\"x\\ny\\n\"",
    "\"<&>\"",
    "\"aGk=\"",
    ".user",
    ".uni",
    ".bin",
    ".nope",
    ".json",
    "(list)",
    "(list 1 2 3)",
    "(list \"b\" nil \"a\")",
    "(splitList \",\" \"p,q\")",
    "(until 3)",
    "(dict)",
    "(dict \"a\" 1 \"b\" (dict \"c\" 2))",
    "(fromJson .json)",
    ".",
    "(int64 5)",
    "(toDate \"2006\" \"2024\")",
    "(index \"A\" 0)",
    "'x'",
    "(rest (list))",
];

fn call(rng: &mut Rng, functions: &[&str]) -> String {
    let function = functions[rng.below(functions.len())];
    let count = rng.below(4);
    let arguments: Vec<_> = (0..count).map(|_| ARGUMENTS[rng.below(ARGUMENTS.len())]).collect();
    format!("{function} {}", arguments.join(" "))
}

fn template(rng: &mut Rng, functions: &[&str]) -> String {
    let first = call(rng, functions);
    match rng.below(4) {
        0 => format!("{{{{ {first} | {} }}}}", call(rng, functions)),
        1 => format!("{{{{ with {first} }}}}{{{{ . }}}}{{{{ else }}}}-{{{{ end }}}}"),
        2 => format!("{{{{ range $k, $v := {first} }}}}{{{{ $k }}}}={{{{ toJson $v }}}};{{{{ else }}}}-{{{{ end }}}}"),
        _ => format!("{{{{ {first} | toJson }}}}"),
    }
}

#[test]
fn generated_templates_render_as_with_go() {
    let functions: Vec<_> = FUNCTIONS.split_whitespace().collect();
    let mut rng = Rng::new(7);
    let questions: Vec<_> = (0..20_000)
        .map(|_| Question {
            template: template(&mut rng, &functions),
            missing_key: MissingKey::Invalid,
            functions: FunctionSet::Sprig,
        })
        .collect();
    compare("generated_templates_render_as_with_go", &questions);
}

#[test]
fn generated_templates_render_as_with_external_secrets() {
    // what `fromYaml` says of a text that is no YAML, it says in other words
    let own = "hexdec toYaml int float64 add toYaml toYaml toYaml";
    let functions: Vec<_> = FUNCTIONS.split_whitespace().chain(own.split_whitespace()).collect();
    let mut rng = Rng::new(23);
    let questions: Vec<_> = (0..10_000)
        .map(|_| template(&mut rng, &functions))
        // more than we let a template print
        .filter(|template| !template.contains("seq 1e6") && !template.contains("until 1e6"))
        .map(|template| Question { template, missing_key: MissingKey::Error, functions: FunctionSet::ExternalSecrets })
        .collect();
    compare("generated_templates_render_as_with_external_secrets", &questions);
}

/// Pieces of YAML, to be put together at random.
const YAML: [&str; 44] = [
    "a",
    "b",
    "key",
    ": ",
    ":",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    " ",
    "\"",
    "'",
    "\\",
    "#",
    " #",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&x ",
    "*x",
    "<<",
    "!!str ",
    "!!int ",
    "! ",
    "|",
    ">",
    "|-\n",
    "? ",
    "yes",
    "~",
    "null",
    "1",
    "1.50",
    "0x1f",
    "010",
    "1e3",
    "2024-01-02",
    ".inf",
    "1:30",
    "é",
    "-",
    "%",
];

/// Texts whose characters decide how YAML writes them.
const LETTERS: [&str; 40] = [
    "a", "b", "Z", "word ", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "#", " #", "-", "- ", "?", "'", "\"", "\\", "0",
    "1", "12", ".", "_", "é", "世", "😀", "\u{85}", "\u{a0}", "\u{2028}", "\u{feff}", "\0", "\x07", "\x1b", "\x7f",
    ",", "{", "~", "yes", "=",
];

fn joined(rng: &mut Rng, pieces: &[&str], most: usize) -> String {
    (0..rng.below(most)).map(|_| pieces[rng.below(pieces.len())]).collect()
}

#[test]
fn generated_yaml_is_read_and_written_as_with_external_secrets() {
    let mut rng = Rng::new(29);
    let literal = |text: &str| {
        // a Go literal: JSON writes some characters as two halves, which Go does not read
        text.chars().fold(String::new(), |all, next| match next {
            '"' | '\\' => format!("{all}\\{next}"),
            ' '..='~' => format!("{all}{next}"),
            _ => format!("{all}\\U{:08x}", u32::from(next)),
        })
    };
    let questions: Vec<_> = (0..12_000)
        .map(|at| {
            let template = match at % 4 {
                // what is no YAML is told in other words
                0 => {
                    let mut text = joined(&mut rng, &YAML, 16);
                    // go-yaml takes an anchor on nothing for a whole document, whatever follows; to us it is no YAML
                    if text.starts_with("&x ") {
                        text.insert_str(0, "a: ");
                    }
                    format!("{{{{ $v := fromYaml \"{}\" }}}}{{{{ if not (hasKey $v \"Error\") }}}}{{{{ toJson $v }}}}{{{{ end }}}}", literal(&text))
                }
                1 => {
                    let words: Vec<_> = (0..rng.below(30)).map(|_| LETTERS[rng.below(6)]).collect();
                    format!("{{{{ toYaml (list \"{}{}\") }}}}", literal(&words.concat()), literal(&joined(&mut rng, &LETTERS, 12)))
                }
                2 => format!("{{{{ toYaml \"{}\" }}}}", literal(&joined(&mut rng, &LETTERS, 8))),
                _ => {
                    let parts: Vec<_> = (0..4).map(|_| literal(&joined(&mut rng, &LETTERS, 6))).collect();
                    format!(
                        "{{{{ toYaml (dict \"{}\" \"{}\" \"{}\" (list 1 (list (dict) (dict \"x\" 1.5)) \"{}\")) }}}}",
                        parts[0], parts[1], parts[2], parts[3]
                    )
                }
            };
            Question { template, missing_key: MissingKey::Error, functions: FunctionSet::ExternalSecrets }
        })
        .collect();
    compare("generated_yaml_is_read_and_written_as_with_external_secrets", &questions);
}

/// Pieces of templates, to be put together at random.
const PIECES: [&str; 40] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "(",
    ")",
    "|",
    ".",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "if ",
    "else",
    "end",
    "range ",
    "with ",
    "define ",
    "template ",
    "block ",
    "break",
    "continue",
    "\"",
    "`",
    "'",
    "\\",
    "1",
    "-",
    "0x",
    "e",
    "i",
    "nil",
    "true",
    ".user",
    "printf ",
    "index ",
    "\"t\"",
    "/*",
];

#[test]
fn no_text_makes_it_panic() {
    let options = Options {
        limits: Limits { steps: 20_000, output: 1 << 16, work: 1 << 20, ..Limits::default() },
        ..Options::new("2026-11-25T12:00:00Z".parse().unwrap())
    };
    let data = Value::dict([("user", Value::text("admin"))]);
    let functions: Vec<_> = FUNCTIONS.split_whitespace().collect();
    let mut rng = Rng::new(11);
    for _ in 0..30_000 {
        let mut text = String::new();
        for _ in 0..rng.below(24) {
            match rng.below(8) {
                0 => text.push_str(functions[rng.below(functions.len())]),
                1 => text.push_str(ARGUMENTS[rng.below(ARGUMENTS.len())]),
                2 => text.push(char::from_u32(rng.below(0x3000) as u32).unwrap_or(' ')),
                _ => text.push_str(PIECES[rng.below(PIECES.len())]),
            }
        }
        // whatever it says, it says so and does not panic
        let _ = render("t", &text, &data, &options);
        let _ = render("t", &format!("{{{{ {text} }}}}"), &data, &options);
    }
}

#[test]
fn what_is_nested_as_deeply_as_is_allowed_fits_on_the_stack() {
    let options = Options::new("2026-11-25T12:00:00Z".parse().unwrap());
    let data = Value::dict([("a", Value::Int(1))]);
    for depth in [50, 98, 101, 100_000] {
        for (open, inside, close) in [
            ("{{ if true }}", "x", "{{ end }}"),
            ("{{ range 1 }}", "x", "{{ end }}"),
            ("{{ if false }}{{ else }}", "x", "{{ end }}"),
        ] {
            let text = open.repeat(depth) + inside + &close.repeat(depth);
            let ok = render("t", &text, &data, &options).is_ok();
            assert_eq!(ok, depth < 100, "{depth} {open}");
        }
        let text = format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(render("t", &text, &data, &options).is_ok(), depth < 100, "{depth}");
    }
    let list = "{{ $l := list }}{{ range 1000 }}{{ $l = list $l }}{{ end }}{{ toJson $l }}";
    assert!(render("t", list, &data, &options).is_err());
    let itself = "{{ $d := dict }}{{ set $d \"a\" $d }}";
    assert!(render("t", itself, &data, &options).is_err());
}
