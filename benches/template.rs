//! Templates rendered by sealant and by Go's text/template with sprig, in the same run: `cargo bench --bench template [-- --quick]`.
//!
//! The templates are those of `tests/it/template`; both sides read and execute each of them again and again, with the data at
//! hand. The Go programs are looked for in `$SEALANT_PEERS/bin` (`tests/peers/install.sh` builds them); without them sealant is
//! measured alone. Run it on a quiet machine.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a program for developers that starts programs")]

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64_simd::STANDARD;
use sealant::secret::SecretBytes;
use sealant::template::{FunctionSet, MissingKey, Options, Value, render};
use serde_json::json;

const CORPUS: &str = include_str!("../tests/it/template/corpus.txt");
const EXTERNAL: &str = include_str!("../tests/it/template/external.txt");

/// Functions whose time is that of a key derivation or of an operation with a key.
const SLOW: [&str; 10] = [
    "bcrypt",
    "htpasswd",
    "derivePassword",
    "kcs12",
    "KCS12",
    "rsaDecrypt",
    "jwkPr",
    "filterCertChain",
    "filterPEM",
    "certSANs",
];

/// A template of a Secret as people write them.
const USUAL: &str = r#"[database]
host = {{ .host }}
user = {{ .user | quote }}
url = postgres://{{ .user }}:{{ .pass | urlquery }}@{{ .host }}:{{ .port | default "5432" }}/app
{{- range $i, $replica := splitList "," .replicas }}
replica.{{ $i }} = {{ $replica | trim | lower }}
{{- end }}
{{ if and .tls (ne .tls "off") }}tls = {{ .tls }}{{ else }}tls = off{{ end }}
auth = {{ printf "%s:%s" .user .pass | b64enc }}
config = {{ .json | fromJson | toJson | sha256sum }}
"#;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let seconds = if quick { 0.5 } else { 3.0 };
    let lines = |text: &'static str| {
        text.lines().filter(|line| !line.starts_with('#')).map(|line| serde_json::from_str::<String>(line).unwrap())
    };
    let slow = |template: &String| SLOW.iter().any(|name| template.contains(name));
    let quick_ones = |text| lines(text).filter(|template| !slow(template)).collect::<Vec<_>>();
    println!("{:<44} {:>12} {:>12} {:>9}", "per template", "sealant", "Go", "ratio");
    let sprig = (FunctionSet::Sprig, "gotemplate");
    let external = (FunctionSet::ExternalSecrets, "goexternal");
    measure("a template of a Secret, sprig", sprig, &[USUAL.to_owned()], seconds);
    measure("a template of a Secret, External Secrets", external, &[USUAL.to_owned()], seconds);
    measure("the corpus, sprig", sprig, &quick_ones(CORPUS), seconds);
    measure("the corpus, External Secrets", external, &quick_ones(CORPUS), seconds);
    measure("YAML and other own functions", external, &quick_ones(EXTERNAL), seconds);
    let keys: Vec<_> = lines(EXTERNAL).filter(slow).collect();
    measure("keys, certificates and stores", external, &keys, seconds);
}

/// Names and texts that the templates see.
fn data() -> Vec<(String, Vec<u8>)> {
    let mut data: Vec<_> = [
        ("a-b", "dash"),
        ("empty", ""),
        ("host", "db.example.org"),
        ("html", "<b>&amp;'\"</b>"),
        ("json", r#"{"a":"x","b":{"c":"d"},"n":5,"f":1.5,"arr":["p","q"],"nul":null,"t":true,"html":"<&>"}"#),
        ("multi", "line1\nline2\n"),
        ("pass", "p@ss \"w0rd\"<&>"),
        ("port", ""),
        ("replicas", "A.example.org, B.example.org,C.example.org"),
        ("tls", "on"),
        ("uni", "héllo 世界"),
        ("user", "admin"),
        ("yaml", "b: 2\na: [1, x]\nc: {d: true}\n"),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .into();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    for file in std::fs::read_dir(vectors.join("external-secrets/keys")).unwrap().map(Result::unwrap) {
        data.push((file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()));
    }
    for (name, file) in [("rsa.key", "sealed/rsa2048.key"), ("rsa.pkcs8.key", "sealed/rsa2048.pkcs8.key")] {
        data.push((name.to_owned(), std::fs::read(vectors.join(file)).unwrap()));
    }
    data
}

fn peers() -> PathBuf {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    named("SEALANT_PEERS").or_else(|| Some(cache()?.join("sealant-peers"))).unwrap_or_default()
}

fn measure(what: &str, (functions, program): (FunctionSet, &str), templates: &[String], seconds: f64) {
    let once = ours(functions, templates, 1);
    let rounds = ((seconds / once.as_secs_f64()) as u32).clamp(1, 100_000);
    // in turn, and the best of three each: others use the machine, too
    let program = Some(peers().join("bin").join(program)).filter(|path| path.is_file());
    let (mut best, mut go_best) = (Duration::MAX, None::<Duration>);
    for _ in 0..3 {
        best = best.min(ours(functions, templates, rounds));
        if let Some(program) = &program {
            let time = with_go(program, templates, rounds);
            go_best = Some(go_best.map_or(time, |best| best.min(time)));
        }
    }
    let count = f64::from(rounds) * templates.len() as f64;
    let each = |time: Duration| format!("{:.2} µs", time.as_secs_f64() / count * 1e6);
    let ratio = go_best.map_or(String::new(), |go| format!("{:.2} x", go.as_secs_f64() / best.as_secs_f64()));
    let what = format!("{what} ({})", templates.len());
    println!("{what:<44} {:>12} {:>12} {ratio:>9}", each(best), go_best.map_or("-".into(), each));
}

fn ours(functions: FunctionSet, templates: &[String], rounds: u32) -> Duration {
    let data = Value::texts(data().into_iter().map(|(name, text)| (name, SecretBytes::new(text))));
    let options =
        Options { functions, missing_key: MissingKey::Error, ..Options::new("2026-11-25T12:00:00Z".parse().unwrap()) };
    let begin = Instant::now();
    for _ in 0..rounds {
        for template in templates {
            let _ = black_box(render("t", template, &data, &options));
        }
    }
    begin.elapsed()
}

fn with_go(program: &Path, templates: &[String], rounds: u32) -> Duration {
    let data: serde_json::Map<_, _> =
        data().into_iter().map(|(name, text)| (name, STANDARD.encode_to_string(text).into())).collect();
    let mut input = tempfile::NamedTempFile::new().unwrap();
    for template in templates {
        let question = json!({"template": template, "data": data, "missingkey": "error"});
        writeln!(input, "{question}").unwrap();
    }
    let mut command = Command::new(program);
    command.arg("-repeat").arg(rounds.to_string()).stdin(File::open(input.path()).unwrap()).stderr(Stdio::inherit());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), output.status);
    Duration::from_nanos(String::from_utf8(output.stdout).unwrap().trim().parse().unwrap())
}
