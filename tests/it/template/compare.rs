//! Renders a corpus with Go (`tests/peers/gotemplate`) and with us: the same output, or errors on both sides.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use base64_simd::STANDARD;
use sealant::secret::SecretBytes;
use sealant::template::{FunctionSet, MissingKey, Options, Problem, Value, render};
use serde_json::json;

use crate::peers;

/// One question to both.
pub struct Question {
    /// the template
    pub template: String,
    /// what a missing key gives
    pub missing_key: MissingKey,
    /// which functions there are
    pub functions: FunctionSet,
}

/// What the templates see.
const DATA: [(&str, &[u8]); 10] = [
    ("a-b", b"dash"),
    ("bin", b"caf\xc3\xa9\x00\x01\xff"),
    ("empty", b""),
    ("html", b"<b>&amp;'\"</b>"),
    ("json", br#"{"a":"x","b":{"c":"d"},"n":5,"big":12345678901234567890,"f":1.5,"arr":["p","q"],"nul":null,"t":true,"html":"<&>"}"#),
    ("multi", b"line1\nline2\n"),
    ("pass", b"p@ss \"w0rd\"<&>"),
    ("uni", "héllo 世界".as_bytes()),
    ("user", b"admin"),
    ("yaml", b"b: 2\na: [1, x]\nc: {d: true}\n"),
];

macro_rules! key_file {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../vectors/external-secrets/keys/", $name)).as_slice())
    };
}

/// Keys and certificates that templates of External Secrets see besides.
const KEYS: [(&str, &[u8]); 16] = [
    key_file!("chain.pem"),
    key_file!("disjunct-chain.pem"),
    key_file!("intermediate-chain.pem"),
    key_file!("foo.crt"),
    key_file!("foo.key"),
    key_file!("sans.crt"),
    key_file!("root-ca.crt"),
    key_file!("foo-nopass.pfx"),
    key_file!("foo-withpass-1234.pfx"),
    key_file!("foo-disjunct-nopass.pfx"),
    key_file!("foo-multibag-nopass.pfx"),
    key_file!("rc2.pfx"),
    key_file!("des.pfx"),
    key_file!("aes128-sha512.pfx"),
    ("rsa.key", include_bytes!("../../vectors/sealed/rsa2048.key")),
    ("rsa.pkcs8.key", include_bytes!("../../vectors/sealed/rsa2048.pkcs8.key")),
];

/// What a template sees. Keys and certificates are there for those alone that name one: they are long, and sent each time.
fn data(with_keys: bool) -> Vec<(&'static str, &'static [u8])> {
    if with_keys { [&DATA[..], &KEYS].concat() } else { DATA.to_vec() }
}

fn names_a_key(template: &str) -> bool {
    KEYS.iter().any(|(name, _)| template.contains(name))
}

/// What we say.
pub fn ours(question: &Question) -> Result<Vec<u8>, Problem> {
    let data = data(names_a_key(&question.template)).into_iter();
    let data = Value::texts(data.map(|(key, value)| (key, SecretBytes::new(value.to_vec()))));
    let options = Options {
        missing_key: question.missing_key,
        functions: question.functions,
        ..Options::new("2026-11-25T12:00:00Z".parse().unwrap())
    };
    render("t", &question.template, &data, &options).map(|out| out.expose().to_vec()).map_err(|error| error.problem)
}

/// What Go says: the output, or the error.
pub fn go(program: &Path, questions: &[Question]) -> Vec<Result<Vec<u8>, String>> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let encoded = |with_keys| -> serde_json::Map<String, serde_json::Value> {
        let data = data(with_keys).into_iter();
        data.map(|(key, value)| (key.to_owned(), STANDARD.encode_to_string(value).into())).collect()
    };
    let data = [encoded(false), encoded(true)];
    let lines: String = questions
        .iter()
        .map(|question| {
            let missing = match question.missing_key {
                MissingKey::Invalid => "default",
                MissingKey::Zero => "zero",
                MissingKey::Error => "error",
            };
            let data = &data[usize::from(names_a_key(&question.template))];
            json!({"template": question.template, "data": data, "missingkey": missing}).to_string() + "\n"
        })
        .collect();
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "gotemplate: {}", output.status);
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let answer: serde_json::Value = serde_json::from_str(line).unwrap();
            match answer["out"].as_str() {
                Some(out) => Ok(STANDARD.decode_to_vec(out).unwrap()),
                None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
            }
        })
        .collect()
}

/// Fails when Go and we differ; says in what. All questions are about the same functions.
pub fn compare(test: &str, questions: &[Question]) {
    let functions = questions[0].functions;
    assert!(questions.iter().all(|question| question.functions == functions));
    let program = if functions == FunctionSet::ExternalSecrets { "bin/goexternal" } else { "bin/gotemplate" };
    let Some(programs) = peers::locate_all(test, &[program]) else { return };
    let answers = go(&programs[0], questions);
    assert_eq!(answers.len(), questions.len());
    let mut differences = vec![];
    for (question, go) in questions.iter().zip(answers) {
        let template = &question.template;
        match (ours(question), go) {
            (Ok(ours), Ok(go)) if ours == go => {}
            (Err(_), Err(_)) => {}
            (Ok(ours), Ok(go)) => differences.push(format!(
                "{template}\n    go:   {:?}\n    ours: {:?}",
                String::from_utf8_lossy(&go),
                String::from_utf8_lossy(&ours)
            )),
            (Ok(ours), Err(go)) => differences
                .push(format!("{template}\n    go fails: {go}\n    ours: {:?}", String::from_utf8_lossy(&ours))),
            (Err(ours), Ok(go)) => {
                differences
                    .push(format!("{template}\n    go: {:?}\n    we fail: {ours}", String::from_utf8_lossy(&go)));
            }
        }
    }
    let count = differences.len();
    assert!(count == 0, "{count} of {} differ:\n{}", questions.len(), differences.join("\n"));
}

/// The templates of a corpus, a JSON string on each line.
fn corpus(text: &'static str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| serde_json::from_str(line).unwrap())
}

#[test]
fn the_corpus_renders_as_with_go() {
    let mut questions = vec![];
    for template in corpus(include_str!("corpus.txt")) {
        for missing_key in [MissingKey::Invalid, MissingKey::Zero, MissingKey::Error] {
            questions.push(Question { template: template.clone(), missing_key, functions: FunctionSet::Sprig });
        }
    }
    assert!(questions.len() > 1500);
    compare("the_corpus_renders_as_with_go", &questions);
}

#[test]
fn the_corpus_renders_as_with_the_functions_of_external_secrets() {
    let all = corpus(include_str!("corpus.txt")).chain(corpus(include_str!("external.txt")));
    let questions: Vec<_> = all
        .map(|template| Question { template, missing_key: MissingKey::Error, functions: FunctionSet::ExternalSecrets })
        .collect();
    assert!(questions.len() > 800);
    compare("the_corpus_renders_as_with_the_functions_of_external_secrets", &questions);
}
