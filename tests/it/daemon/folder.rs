//! The folder: what is in it at first, and what becomes of it.

use std::fs;
use std::path::Path;

use super::{Daemon, FILES, OFTEN, canary, external, fake, stamp, value};
use crate::external::World;

#[test]
fn the_first_round_writes_all_and_says_so() {
    let (one, two) = (canary("1"), canary("2"));
    let world = World::new(&[
        ("app/store.yaml", &fake("s", &[("a", &one), ("b", &two)])),
        ("app/es.yaml", &(external("first", "s", "", &["a"]) + &external("second", "s", "", &["a", "b"]))),
        ("app/third.yaml", &external("third", "s", "", &["nothing"])),
    ]);
    let daemon = Daemon::ready(&world, &[]);
    daemon.wait_for("first", &[("a", &one)]);
    daemon.wait_for("second", &[("a", &one), ("b", &two)]);
    assert!(!world.path("out/third.yaml").exists());
    assert_eq!(daemon.get("/healthz"), (200, "ok\n".into()));
    assert_eq!(daemon.get("/nothing").0, 404);
    assert_eq!(["first", "second", "third"].map(|name| daemon.is_ready(name)), [Some(true), Some(true), Some(false)]);
    let line = daemon.lines().into_iter().find(|line| line["name"] == "third").unwrap();
    assert_eq!((&line["level"], &line["msg"]), (&"warn".into(), &"not synced; what is there stays".into()));
    assert!(line["error"].as_str().unwrap().contains("spec.data[0] (key `nothing`)"), "{line}");

    let (status, text) = daemon.get("/metrics");
    assert_eq!(status, 200);
    for line in text.lines() {
        let is_comment = ["# HELP ", "# TYPE ", "# UNIT ", "# EOF"].iter().any(|begin| line.starts_with(begin));
        let number = line.rsplit(' ').next().and_then(|number| number.parse::<f64>().ok());
        let is_name = line.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        assert!(is_comment || (is_name && number.is_some()), "{line}");
    }
    for name in [
        "externalsecret_sync_calls_total",
        "externalsecret_sync_calls_error",
        "externalsecret_status_condition",
        "externalsecret_reconcile_duration",
        "sealant_last_sync_age_seconds",
        "sealant_build_info",
        "process_resident_memory_bytes",
    ] {
        assert!(daemon.number(name, &[]).is_some(), "no {name} in\n{text}");
    }
    assert_eq!(daemon.number("externalsecret_sync_calls_error", &[("name", "first")]).unwrap_or(0.0), 0.0);
    daemon.end();
}

#[test]
fn what_changes_in_the_folder_is_seen() {
    let (one, two) = (canary("1"), canary("2"));
    let world = World::new(&[
        ("app/store.yaml", &fake("s", &[("a", &one), ("b", &two)])),
        ("app/es.yaml", &external("first", "s", "", &["a"])),
    ]);
    let daemon = Daemon::ready(&world, &[]);
    daemon.wait_for("first", &[("a", &one)]);
    // another ExternalSecret, in a folder that is new as well
    world.write("app/more/es.yaml", &external("second", "s", "", &["b"]));
    daemon.wait_for("second", &[("b", &two)]);
    // one that wants something else
    world.write("app/es.yaml", &external("first", "s", "", &["a", "b"]));
    daemon.wait_for("first", &[("a", &one), ("b", &two)]);
    // another store behind the same name
    world.write("app/store.yaml", &fake("s", &[("a", &two), ("b", &one)]));
    daemon.wait_for("first", &[("a", &two), ("b", &one)]);
    daemon.wait_for("second", &[("b", &one)]);
    // one that goes: its Secret may be in use
    fs::remove_file(world.path("app/more/es.yaml")).unwrap();
    daemon.wait("the end of second", |daemon| daemon.says("the file stays"));
    daemon.wait("its series to go", |daemon| daemon.is_ready("second").is_none());
    assert!(world.path("out/second.yaml").exists());
    daemon.end();
}

#[test]
fn with_prune_files_go() {
    let one = canary("1");
    let world = World::new(&[
        ("app/store.yaml", &fake("s", &[("a", &one)])),
        ("app/es.yaml", &(external("first", "s", "", &["a"]) + &external("second", "s", "", &["a"]))),
        ("out/mine.yaml", "of somebody else\n"),
    ]);
    let daemon = Daemon::ready(&world, &["--prune"]);
    daemon.wait_for("second", &[("a", &one)]);
    world.write("app/es.yaml", &external("first", "s", "", &["a"]));
    daemon.wait("second to go", |_| !world.path("out/second.yaml").exists());
    // for the old Secret it is gone as well
    world.write("app/es.yaml", &external("first", "s", "  target: {name: other}\n", &["a"]));
    daemon.wait_for("other", &[("a", &one)]);
    daemon.wait("the old one to go", |_| !world.path("out/first.yaml").exists());
    assert!(world.path("out/mine.yaml").exists());
    daemon.end();
}

#[test]
fn with_manifests_that_are_wrong_everything_goes_on() {
    let world = World::new(&[
        ("app/store.yaml", FILES),
        ("app/es.yaml", &external("first", "files", OFTEN, &["v.yaml#a"])),
        ("app/wrong.yaml", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: 1\n"),
    ]);
    value(&world, "v", &format!("a: {}\n", canary("1")));
    let daemon = Daemon::start(&world, &[]);
    daemon.wait("a word about it", |daemon| daemon.says("app/wrong.yaml:4"));
    let line = daemon.lines().into_iter().find(|line| line.to_string().contains("app/wrong.yaml:4")).unwrap();
    assert_eq!(line["level"], "error");
    // nothing was done: nobody may rely on it
    assert_eq!((daemon.get("/healthz").0, daemon.get("/readyz").0), (200, 503));
    assert!(!world.path("out").exists());
    fs::remove_file(world.path("app/wrong.yaml")).unwrap();
    daemon.wait_for("first", &[("a", &canary("1"))]);
    daemon.wait("ready", |daemon| daemon.get("/readyz").0 == 200);
    // in the middle of it
    world.write("app/late.yaml", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: [");
    daemon.wait("a word about it", |daemon| daemon.says("app/late.yaml"));
    value(&world, "v", &format!("a: {}\n", canary("2")));
    daemon.wait_for("first", &[("a", &canary("2"))]);
    assert_eq!(daemon.get("/readyz").0, 200);
    daemon.end();
}

#[test]
fn what_is_the_same_is_not_written_again() {
    for encrypt in [false, true] {
        let world = World::new(&[
            ("app/store.yaml", FILES),
            ("app/es.yaml", &external("first", "files", OFTEN, &["v.yaml#a", "v.yaml#b"])),
        ]);
        value(&world, "v", &format!("a: {}\nb: {}\n", canary("1"), canary("2")));
        let daemon = Daemon::ready(&world, if encrypt { &["--encrypt"] } else { &[] });
        let (file, text) = ("out/first.yaml", world.read("out/first.yaml"));
        assert_eq!(text.contains("ENC["), encrypt, "{text}");
        let before = stamp(&world, file);
        daemon.wait_for_syncs("first", 2.0);
        assert_eq!(stamp(&world, file), before);
        value(&world, "v", &format!("a: {}\nb: {}\n", canary("1"), canary("3")));
        daemon.wait("the new value", |_| world.read(file) != text);
        if encrypt {
            let line =
                |text: &str| text.lines().find(|line| line.trim_start().starts_with("a: ENC[")).map(str::to_owned);
            assert_eq!(line(&world.read(file)), line(&text));
            let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_sealant")));
            let clear = String::from_utf8(command.args(["decrypt", file]).output().unwrap().stdout).unwrap();
            assert!(clear.contains(&base64_simd::STANDARD.encode_to_string(canary("3"))), "{clear}");
        } else {
            daemon.wait_for("first", &[("a", &canary("1")), ("b", &canary("3"))]);
        }
        daemon.end();
    }
}

#[test]
fn a_reload_reads_everything_anew() {
    let one = canary("1");
    let world = World::new(&[
        (".sops.yaml", "creation_rules: [{path_regex: ^nothing$, age: x}]\n"),
        ("app/store.yaml", &fake("s", &[("a", &one)])),
        ("app/es.yaml", &external("first", "s", "", &["a"])),
    ]);
    let daemon = Daemon::ready(&world, &["--encrypt"]);
    assert_eq!(daemon.is_ready("first"), Some(false));
    fs::remove_file(world.path(".sops.yaml")).unwrap();
    value(&world, "unused", "a: 1\n");
    daemon.signal("HUP");
    daemon.wait("the file", |_| world.path("out/first.yaml").exists());
    assert!(world.read("out/first.yaml").contains("ENC["));
    daemon.end();
}

#[test]
fn once_is_once() {
    let world = World::new(&[
        ("app/store.yaml", FILES),
        (
            "app/es.yaml",
            &(external("once", "files", &format!("{OFTEN}  refreshPolicy: CreatedOnce\n"), &["v.yaml#a"])
                + &external("change", "files", &format!("{OFTEN}  refreshPolicy: OnChange\n"), &["v.yaml#a"])
                + &external("never", "files", "  refreshInterval: 0s\n", &["v.yaml#a"])
                + &external("often", "files", OFTEN, &["v.yaml#a"])),
        ),
    ]);
    let (one, two) = (canary("1"), canary("2"));
    value(&world, "v", &format!("a: {one}\n"));
    let daemon = Daemon::ready(&world, &[]);
    value(&world, "v", &format!("a: {two}\n"));
    daemon.wait_for("often", &[("a", &two)]);
    daemon.wait_for_syncs("often", 2.0);
    for name in ["once", "change", "never"] {
        daemon.wait_for(name, &[("a", &one)]);
        assert_eq!(daemon.syncs(name), 1.0, "{name}");
    }
    world.replace("app/es.yaml", "data:\n  - {secretKey: a,", "data:\n  - {secretKey: b,");
    for name in ["change", "never", "often"] {
        daemon.wait_for(name, &[("b", &two)]);
    }
    daemon.wait_for_syncs("often", 1.0);
    daemon.wait_for("once", &[("a", &one)]);
    daemon.end();
}

#[test]
fn a_file_beside_is_watched_as_well() {
    let (one, two) = (canary("1"), canary("2"));
    let world =
        World::new(&[("store.yaml", &fake("s", &[("a", &one)])), ("app/es.yaml", &external("first", "s", "", &["a"]))]);
    let daemon = Daemon::ready(&world, &["--with", "store.yaml"]);
    daemon.wait_for("first", &[("a", &one)]);
    world.write("store.new", &fake("s", &[("a", &two)]));
    fs::rename(world.path("store.new"), world.path("store.yaml")).unwrap();
    daemon.wait_for("first", &[("a", &two)]);
    daemon.end();
}

/// As the kubelet does it: files are links through a link to a folder, and a change is another folder behind that link.
#[test]
fn a_mounted_config_map_is_read_once_and_followed() {
    let (one, two) = (canary("1"), canary("2"));
    let external = external("first", "s", "", &["a"]);
    let world =
        World::new(&[("app/..2026_01/store.yaml", &fake("s", &[("a", &one)])), ("app/..2026_01/es.yaml", &external)]);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, world.path(name)).unwrap();
    link("..2026_01", "app/..data");
    link("..data/store.yaml", "app/store.yaml");
    link("..data/es.yaml", "app/es.yaml");
    let daemon = Daemon::ready(&world, &[]);
    daemon.wait_for("first", &[("a", &one)]);
    world.write("app/..2026_02/store.yaml", &fake("s", &[("a", &two)]));
    world.write("app/..2026_02/es.yaml", &external);
    link("..2026_02", "app/..data_tmp");
    fs::rename(world.path("app/..data_tmp"), world.path("app/..data")).unwrap();
    fs::remove_dir_all(world.path("app/..2026_01")).unwrap();
    daemon.wait_for("first", &[("a", &two)]);
    daemon.end();
}
