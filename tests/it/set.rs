//! `set` and `unset`: one value, its type, and nothing else.

use crate::sandbox::{PLAIN, Sandbox, differing, only_value_and_metadata};

const FILE: &str = "secret/app.yaml";

#[test]
fn one_value_changes_one_line() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    sandbox.run_with("canary-new\n", &["set", FILE, "db.password"]).code(0).says("encrypted");
    only_value_and_metadata(&before, &sandbox.read(FILE), "password: 'ENC[");
    assert_eq!(sandbox.plain(FILE), PLAIN.replace("canary-one", "canary-new"));
}

#[test]
fn the_same_value_writes_nothing() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    sandbox.run_with("canary-one", &["set", FILE, "db.password"]).code(0).says("unchanged");
    assert_eq!(sandbox.read(FILE), before);
}

#[test]
fn values_come_from_stdin_a_file_or_with_a_warning_the_command_line() {
    let sandbox = Sandbox::encrypted();
    let ended = sandbox.run_with("canary-a\n\n", &["set", FILE, "db.password", "--value-stdin"]);
    assert!(!ended.code(0).stderr.contains("warning"));
    let get = |path: &str| sandbox.run(&["get", FILE, path]).code(0).stdout;
    assert_eq!(get("db.password"), "canary-a\n");
    sandbox.write("value", "canary-b\r\n");
    sandbox.run(&["set", FILE, "db.password", "--value-file", "value"]).code(0);
    assert_eq!(get("db.password"), "canary-b");
    sandbox.run(&["set", FILE, "db.password", "canary-c"]).code(0).says("warning: a value on the command line");
    assert_eq!(get("db.password"), "canary-c");
    sandbox.run(&["set", FILE, "db.password", "x", "--value-stdin"]).code(8);
    // nothing is hardly ever what is meant
    sandbox.run(&["set", FILE, "db.password"]).code(7).says("--value-stdin");
    sandbox.run(&["set", FILE, "db.password", "--value-stdin"]).code(0);
    assert_eq!(get("db.password"), "");
}

#[test]
fn types_are_kept() {
    let sandbox = Sandbox::encrypted();
    for (path, value, line) in [
        ("db.port", "5433", "  port: 5433"),
        ("db.ratio", "2", "  ratio: 2.0"),
        ("db.enabled", "false", "  enabled: false"),
        ("db.since", "2027-02-16", "  since: 2027-02-16"),
        ("db.password", "007", "  password: '007'"),
        ("host", "true", "host: \"true\""),
    ] {
        sandbox.run_with(value, &["set", FILE, path]).code(0);
        let plain = sandbox.plain(FILE);
        assert!(plain.lines().any(|found| found.starts_with(line)), "{plain}");
    }
    for (path, value) in [
        ("db.port", "canary-x"),
        ("db.enabled", "1"),
        ("db.since", "canary-x"),
        ("db", "canary-x"),
        ("users", "canary-x"),
    ] {
        let ended = sandbox.run_with(value, &["set", FILE, path]).code(7);
        assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    }
}

#[test]
fn types_can_be_chosen() {
    let sandbox = Sandbox::encrypted();
    for (wanted, value, line) in [
        ("str", "12", "  pin: \"12\""),
        ("int", "12", "  pin: 12"),
        ("float", "1", "  pin: 1.0"),
        ("bool", "true", "  pin: true"),
        ("auto", "13", "  pin: 13"),
        ("json", "{\"b\": [1, \"x\"], \"a\": null}", "  pin: {b: [1, x], a: null}"),
    ] {
        sandbox.run_with(value, &["set", FILE, "db.pin", "--type", wanted]).code(0);
        let plain = sandbox.plain(FILE);
        assert!(plain.lines().any(|found| found == line), "{wanted}: {plain}");
    }
    sandbox.run(&["set", FILE, "db.pin", "--type", "null"]).code(0);
    assert_eq!(sandbox.run(&["get", FILE, "db.pin", "--json"]).stdout.trim(), "null");
    sandbox.run(&["set", FILE, "db.pin", "x", "--type", "null"]).code(8);
    let ended = sandbox.run_with("{canary-x", &["set", FILE, "db.pin", "--type", "json"]);
    assert!(!ended.code(7).stderr.contains("canary"));
}

#[test]
fn missing_mappings_are_made() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    sandbox.run_with("canary-new", &["set", FILE, "mail.smtp.password"]).code(0);
    sandbox.run_with("canary-item", &["set", FILE, "users[1].token"]).code(0);
    let get = |path: &str| sandbox.run(&["get", FILE, path]).code(0).stdout;
    assert_eq!(get("mail.smtp.password"), "canary-new");
    assert_eq!(get("users[1].token"), "canary-item");
    let after = sandbox.read(FILE);
    assert!(!after.contains("canary-new") && !after.contains("canary-item"));
    // everything that was there is still there, with its ciphertext
    let kept = |line: &&str| {
        let metadata = line.contains("mac: ") || line.contains("sealant_layout: ");
        line.contains("ENC[") && !metadata
    };
    for line in before.lines().filter(kept) {
        assert!(after.contains(line), "{line}");
    }
    for (path, code) in [("host.below", 220), ("users[5]", 220), ("a..b", 91), ("users.x", 220)] {
        sandbox.run_with("x", &["set", FILE, path]).code(code);
    }
}

/// A misspelt path would put the secret where the rule leaves values in clear.
#[test]
fn a_value_that_would_stand_in_clear_is_refused() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    sandbox.run_with("canary-new", &["set", FILE, "db.passwrod"]).code(211).says("--in-clear");
    assert_eq!(sandbox.read(FILE), before);
    sandbox
        .run_with(r#"{"password": "x", "passwrod": "canary-new"}"#, &["set", FILE, "db2", "--type", "json"])
        .code(211);
    assert_eq!(sandbox.read(FILE), before);
    sandbox.run_with("canary-new", &["set", FILE, "db.passwrod", "--in-clear"]).code(0).says("in clear");
    // what was in clear before stays so without a word
    sandbox.run_with("canary-newer", &["set", FILE, "db.passwrod"]).code(0);
}

#[test]
fn several_lines_survive() {
    let sandbox = Sandbox::encrypted();
    let value = "-----BEGIN KEY-----\ncanary: x\n  # y\n-----END KEY-----\n";
    sandbox.run_with(&format!("{value}\n"), &["set", FILE, "db.password"]).code(0);
    let got = sandbox.run(&["get", FILE, "db.password"]).code(0).stdout;
    assert_eq!(got, value);
}

#[test]
fn a_value_that_others_refer_to_keeps_its_anchor() {
    let sandbox = Sandbox::encrypted();
    sandbox.run_with("canary-new", &["set", FILE, "db.shared_key"]).code(0);
    assert_eq!(sandbox.plain(FILE), PLAIN.replace("canary-two", "canary-new"));
    sandbox.run(&["unset", FILE, "db.shared_key"]).code(7).says("refer to it");
    sandbox.run_with("canary-own", &["set", FILE, "db.other_key"]).code(0);
    sandbox.run(&["unset", FILE, "db.shared_key"]).code(0);
    assert!(sandbox.plain(FILE).contains("  other_key: canary-own\n"));
}

#[test]
fn unset_removes_one_value() {
    let sandbox = Sandbox::encrypted();
    sandbox.run(&["unset", FILE, "db.port"]).code(0).says("removed db.port");
    assert_eq!(sandbox.plain(FILE), PLAIN.replace("  port: 5432\n", ""));
    sandbox.run(&["unset", FILE, "db.port"]).code(220);
    sandbox.run(&["unset", FILE, "users[0]"]).code(0);
    sandbox.run(&["unset", FILE, "db.password"]).code(0);
    let plain = sandbox.plain(FILE);
    assert!(plain.contains("host: db.example # here\n") && !plain.contains("canary-three"));
}

#[test]
fn json_results_say_whether_anything_changed() {
    let sandbox = Sandbox::encrypted();
    let changed = |value: &str| {
        let ended = sandbox.run_with(value, &["set", FILE, "db.password", "--json", "-q"]);
        let ended = ended.code(0);
        assert_eq!(ended.stderr, "");
        ended.stdout
    };
    assert!(changed("canary-new").contains("\"changed\":true"));
    assert!(changed("canary-new").contains("\"changed\":false"));
}

#[test]
fn lines_are_compared() {
    assert_eq!(differing("a\nb\n", "a\nc\n"), ["c"]);
}

/// `set` has no `--allow-empty` that a hint could name: null may take the place of the last secret.
#[test]
fn null_may_replace_the_last_secret() {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, "host: x\npassword: canary-one\n");
    sandbox.run(&["encrypt", "-i", FILE]).code(0);
    sandbox.run(&["set", FILE, "password", "--type", "null"]).code(0);
    assert!(!sandbox.plain(FILE).contains("canary-one"));
}

/// `set` on a block scalar dropped the comment behind its indicator.
#[test]
fn the_comment_behind_a_block_indicator_stays() {
    const START: &str = "a: 1\nkey: |  # why\n  canary-one\n  canary-two\n\nz: 2\n";
    for (value, wanted) in [
        ("canary-new\n\n", "key: |  # why\n  canary-new\n"),
        ("canary-new", "key: |-  # why\n  canary-new\n"),
        ("canary\nnew", "key: |-  # why\n  canary\n  new\n"),
        ("\u{1}", "key: \"\\x01\"  # why\n"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(FILE, START);
        sandbox.run(&["encrypt", "-i", "--encrypted-regex", ".", FILE]).code(0);
        sandbox.run_with(value, &["set", FILE, "key"]).code(0);
        assert_eq!(sandbox.plain(FILE), format!("a: 1\n{wanted}\nz: 2\n"), "{value}");
    }
    let sandbox = Sandbox::new();
    sandbox.write(FILE, "key: >- # why\r\n  canary-one\r\nz: 2\r\n");
    sandbox.run(&["encrypt", "-i", "--encrypted-regex", ".", FILE]).code(0);
    sandbox.run_with("12", &["set", FILE, "key", "--type", "int"]).code(0);
    assert_eq!(sandbox.plain(FILE), "key: 12 # why\r\nz: 2\r\n");
}

/// `set db.password` beside a key of that very name made a mapping and said nothing.
#[test]
fn a_key_with_dots_is_not_shadowed_by_levels() {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, "db.password: canary-one\nc:\n  d.e: 1\n  f: {x.y: 1, x: {y: 2}}\n");
    sandbox.run(&["encrypt", "-i", "--encrypted-regex", ".", FILE]).code(0);
    let before = sandbox.read(FILE);
    sandbox
        .run_with("canary-new", &["set", FILE, "db.password"])
        .code(7)
        .says(r#"'"db.password"'"#)
        .says(r#"'["db"]["password"]'"#);
    sandbox.run_with("canary-new", &["set", FILE, "db.password.old"]).code(7).says(r#"'"db.password".old'"#);
    sandbox.run_with("canary-new", &["set", FILE, "c.d.e"]).code(7).says(r#"'c."d.e"'"#);
    assert_eq!(sandbox.read(FILE), before);
    // both spellings of the hints work, and what is there with levels is meant
    sandbox.run_with("canary-new", &["set", FILE, "\"db.password\""]).code(0);
    sandbox.run_with("canary-two", &["set", FILE, "[\"db\"][\"password\"]"]).code(0);
    sandbox.run_with("3", &["set", FILE, "c.f.x.y"]).code(0);
    let plain = sandbox.plain(FILE);
    assert!(plain.starts_with("db.password: canary-new\n") && plain.ends_with("\ndb: {password: canary-two}\n"));
    assert!(plain.contains("{x.y: 1, x: {y: 3}}"), "{plain}");
}
