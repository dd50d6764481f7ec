//! Command lines, run with both programs: the same code, the same words, the same output up to chance. Rows that are to differ
//! say why.

use super::{World, ours, real, vector, without_chance};

pub const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: mysecret
  namespace: myns
  labels: {b: \"2\", a1: x, a10: y, a2: z}
  annotations: {note: \"it's\", multi: \"one\\ntwo\\n\", long: \"a: bc defghijklmnop qrstuvw xyz abcdefgh ijklmnopq rstuvwxyz abcd efghi jklm\"}
  uid: 1234
  resourceVersion: \"5\"
  ownerReferences: [{apiVersion: v1, kind: Pod, name: x, uid: y}]
type: Opaque
immutable: true
data: {foo: YmFy, number: MQ==}
stringData: {baz: qux, number: 1.10}
";

const OTHER: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: other, namespace: myns}
stringData: {a: b}
";

#[derive(Clone, Copy)]
enum Row {
    /// Both do the same.
    Same(&'static str, &'static str),
    /// Ours ends with this code and says this; the reason.
    Ours(&'static str, &'static str, i32, &'static str, &'static str),
}
use Row::{Ours, Same};

const FIX: &str = "defect: broken and empty input passes for good";
const NEWER: &str = "0.36 is other than 0.27.1 here";
const CLEARER: &str = "the same error, said more clearly";

/// Input, arguments (`CERT` stands for `--cert` and a certificate, `V/` for the folder of keys).
const ROWS: &[Row] = &[
    Same("secret", "CERT"),
    Same("secret", "CERT -o yaml"),
    Same("secret", "CERT --format YAML"),
    Same("secret", "CERT -o="),
    Same("secret", "CERT -o xml"),
    Same("json", "CERT"),
    Same("json", "CERT -oyaml"),
    Same("two", "CERT"),
    Same("two", "CERT -o yaml"),
    Same("twojson", "CERT -o yaml"),
    Same("untyped", "CERT"),
    Same("secret", "CERT --scope namespace-wide"),
    Same("secret", "CERT --scope cluster-wide -o yaml"),
    Same("annotated", "CERT -o yaml"),
    Same("annotated", "CERT --scope namespace-wide -o yaml"),
    Same("noplace", "CERT --scope cluster-wide"),
    Same("noplace", "CERT -n ns/given"),
    Same("secret", "CERT -n myns"),
    Ours(
        "secret",
        "CERT -n else",
        1,
        "namespace mismatch: input secret is in namespace \"myns\" but \"else\" was specified",
        NEWER,
    ),
    Ours("noplace", "CERT", 1, "error: secret must declare a namespace", NEWER),
    Ours("noplace", "CERT --kubeconfig /nope", 1, "error: secret must declare a namespace", NEWER),
    Same("secret", "CERT --name changed"),
    Same("noname", "CERT"),
    Same("noname", "CERT --name x"),
    Same("nodata", "CERT"),
    Same("nodata", "CERT --allow-empty-data"),
    Same("list", "CERT"),
    Ours("badbase64", "CERT", 1, "line 4: data.k: illegal base64 data at input byte 3", CLEARER),
    Ours("broken", "CERT", 1, "no secrets found. Ensure the input is valid and UTF-8 encoded\nline 2: ", FIX),
    Ours("empty", "CERT", 1, "no secrets found. Ensure the input is valid and UTF-8 encoded", NEWER),
    Ours("utf16", "CERT", 1, "no secrets found. Ensure the input is valid and UTF-8 encoded", NEWER),
    Ours("halfbroken", "CERT", 1, "no secrets found. Ensure the input is valid and UTF-8 encoded\nline ", FIX),
    Same("secret", ""),
    Same("secret", "--validate"),
    Same("secret", "--re-encrypt"),
    Same("secret", "--rotate"),
    Same("secret", "--fetch-cert"),
    Same("secret", "--fetch-cert CERT"),
    Same("secret", "--fetch-cert --cert secret"),
    Same("secret", "--cert nofile"),
    Same("secret", "--cert ."),
    Same("secret", "--cert secret"),
    Same("secret", "--cert file:///nofile"),
    Same("secret", "--cert file://V/rsa2048.crt"),
    Same("secret", "--cert odd:thing"),
    Same("secret", "--cert V/expired.crt"),
    Ours("secret", "--cert V/ec.crt", 1, "error: expected RSA public key but found an elliptic-curve key", CLEARER),
    Ours(
        "secret",
        "--cert V/rsa2048.key",
        1,
        "does not contain any valid RSA or ECDSA certificates\nthis is a private key",
        CLEARER,
    ),
    Ours("secret", "CERT -f nofile", 1, "error: Could not read file specified with --secret-file", NEWER),
    Same("empty", "CERT -f secret"),
    Same("secret", "CERT --from-file x"),
    Same("secret", "CERT --raw"),
    Same("secret", "CERT --raw --name a"),
    Same("secret", "CERT --raw -n a"),
    Same("secret", "CERT --raw -n a --name b"),
    Same("secret", "CERT --raw --scope namespace-wide"),
    Same("secret", "CERT --raw --scope namespace-wide -n a"),
    Same("secret", "CERT --raw --scope cluster-wide"),
    Same("empty", "CERT --raw --scope cluster-wide"),
    Same("empty", "CERT --raw -n a --name b --from-file k=secret"),
    Same("empty", "CERT --raw -n a --name b --from-file secret --from-file c"),
    Same("empty", "CERT --raw -n a --name b --from-file nofile"),
    Same("empty", "CERT --raw -n a --name b --from-file ."),
    Same("sealed", "--recovery-unseal"),
    Same("sealed", "--recovery-unseal --recovery-private-key V/rsa2048.key"),
    Same("sealed", "--recovery-unseal --recovery-private-key V/rsa2048.key -o yaml"),
    Same("sealed", "--recovery-unseal --recovery-private-key V/other.key,V/rsa2048.pkcs8.key"),
    Same("sealed", "--recovery-unseal --recovery-private-key V/other.key"),
    Same("sealed", "--recovery-unseal --recovery-private-key nofile"),
    Ours(
        "sealed",
        "--recovery-unseal --recovery-private-key V/ec.key",
        1,
        "the private key is not an RSA key",
        CLEARER,
    ),
    Ours("empty", "--recovery-unseal", 1, "there is no SealedSecret in the input", FIX),
    Ours("secret", "--recovery-unseal", 1, "this is a Secret, not a SealedSecret", CLEARER),
    Same("deprecated", "--recovery-unseal"),
    Same("secret", "--help --nope"),
    Same("secret", "CERT --v=10 --logtostderr=false --vmodule=a=1"),
    Same("secret", "CERT operand -- --nope"),
    Same("secret", "CERT --merge-into nofile"),
];

fn world() -> World {
    let world = World::new();
    let json = r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"j","namespace":"n","annotations":{"a":"<&>\u2028é😀"}},"data":{"k":"dg=="}}"#;
    world.write("secret", SECRET);
    world.write("json", json);
    world.write("two", format!("---\n{SECRET}---\n{OTHER}"));
    world.write("twojson", format!("{json}\n{json}"));
    world.write("untyped", "metadata: {name: a, namespace: b}\ndata: {k: dg==}\n");
    let annotation = "sealedsecrets.bitnami.com/cluster-wide: \"true\"";
    world.write("annotated", SECRET.replace("annotations: {", &format!("annotations: {{{annotation}, ")));
    world.write("noplace", "kind: Secret\nmetadata: {name: a}\ndata: {k: dg==}\n");
    world.write("noname", "kind: Secret\nmetadata: {namespace: a}\ndata: {k: dg==}\n");
    world.write("nodata", "kind: Secret\nmetadata: {namespace: a, name: b}\n");
    world.write("list", "apiVersion: v1\nkind: List\nitems: []\n");
    world.write("badbase64", "kind: Secret\nmetadata: {namespace: a, name: b}\ndata:\n  k: bar!\n");
    world.write("broken", "a: [\n");
    world.write("halfbroken", format!("{SECRET}---\na: [\n"));
    world.write("empty", "");
    world.write("utf16", b"\xff\xfek\0");
    world.write(
        "deprecated",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}\nspec: {data: AAAA}\n",
    );
    let sealed = world.run(&ours(), &["--cert", &vector("rsa2048.crt")], SECRET.as_bytes()).code(0).stdout;
    world.write("sealed", sealed);
    world
}

#[test]
fn both_do_the_same() {
    let Some(real) = real("both_do_the_same") else { return };
    let world = world();
    let mut wrong = Vec::new();
    for row in ROWS {
        let (Same(input, arguments) | Ours(input, arguments, ..)) = *row;
        let arguments = arguments.replace("CERT", "--cert V/rsa2048.crt").replace("V/", &vector(""));
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let input = world.read_bytes(input);
        let (theirs, ours) = (world.run(&real, &arguments, &input), world.run(&ours(), &arguments, &input));
        let heard = |ended: &crate::sandbox::Ended| {
            let page = ended.stdout.starts_with("Usage of") || ended.stdout.contains("unknown flag");
            let stdout = if page { String::new() } else { without_chance(&ended.stdout) };
            (ended.code, names_sorted(&ended.stderr), stdout)
        };
        match *row {
            Same(..) if heard(&theirs) == heard(&ours) => {}
            Ours(_, _, code, says, why) if ours.code == Some(code) && ours.stderr.contains(says) => {
                if heard(&theirs) == heard(&ours) {
                    wrong.push(format!("{arguments:?}: is the same by now; said was: {why}"));
                }
            }
            _ => wrong.push(format!("{arguments:?}:\n real {:?}\n ours {:?}", heard(&theirs), heard(&ours))),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Upstream names what does not open in the order of a Go map, which is another in every run.
fn names_sorted(text: &str) -> String {
    let found = text.strip_suffix(")\n").and_then(|text| text.rsplit_once('('));
    let Some((message, names)) = found else { return text.to_owned() };
    let mut names: Vec<&str> = names.split(", ").collect();
    names.sort_unstable();
    format!("{message}({})\n", names.join(", "))
}

impl World {
    fn read_bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }
}

/// The page and errors of flags: the same flags and texts, those of newer libraries aside.
#[test]
fn pages_differ_by_newer_flags_only() {
    let Some(real) = real("pages_differ_by_newer_flags_only") else { return };
    let world = World::new();
    let theirs = world.run(&real, &["--help"], b"").code(0);
    let ours_ = world.run(&ours(), &["--help"], b"").code(0);
    let trimmed = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let (theirs, ours_) = (trimmed(&theirs.stdout), trimmed(&ours_.stdout));
    let missing: Vec<_> = theirs.iter().filter(|line| !ours_.contains(line)).collect();
    assert!(missing.len() == 1 && missing[0].starts_with("--stderrthreshold"), "{missing:?}");
    let more: Vec<_> = ours_.iter().filter(|line| !theirs.contains(line)).collect();
    assert_eq!(more.len(), 3, "{more:?}");
}

#[test]
fn flag_errors_are_the_same() {
    let Some(real) = real("flag_errors_are_the_same") else { return };
    let world = World::new();
    for word in [
        "--nope",
        "-x",
        "-xyz",
        "--=x",
        "---x",
        "--cert",
        "-n",
        "--raw=maybe",
        "--scope=foo",
        "-vx",
        "--one_output=x",
        "--from-file=a\"b",
        "--from-file=\"a",
        "--log_backtrace_at=x",
        "--vmodule=a",
        "--log_file_max_size=-1",
        "--stderrthreshold=foo",
        "--insecure-skip-tls-verify=2",
    ] {
        let (theirs, ours) = (world.run(&real, &[word], b""), world.run(&ours(), &[word], b""));
        assert_eq!((ours.code, &ours.stderr), (theirs.code, &theirs.stderr), "{word}");
        // the older pflag says it before the page, too
        assert_eq!(ours.stdout.lines().last(), theirs.stdout.lines().last(), "{word}");
    }
    let help = world.run(&ours(), &["-h"], b"").code(0);
    assert_eq!(help.stderr, "Usage of kubeseal:\n");
}
