//! git's diff driver through the link, and our hook for pre-commit.

use std::path::Path;

use super::World;
use crate::peers;

const SETUP: &str = "set -e; git init -q -b main; git config user.name T; git config user.email t@example.org; ";

#[test]
fn sops_is_a_diff_driver() {
    let world = World::new();
    world.write("s.yaml", "a: canary-one # why\nb: 1\n");
    world.write(".gitattributes", "*.yaml diff=sopsdiffer\n");
    let script = "git config diff.sopsdiffer.textconv 'sops decrypt'; sops encrypt -i s.yaml; git add s.yaml; \
                  git commit -qm one; sops set s.yaml '[\"b\"]' 2";
    world.sh(&format!("{SETUP}{script}")).code(0);
    let diff = world.sh("git diff --no-color").code(0).stdout;
    assert!(diff.contains("\n a: canary-one # why\n-b: 1\n+b: 2\n"), "{diff}");
    assert!(!diff.contains("ENC[") && !diff.contains("lastmodified"), "{diff}");
    let log = world.sh("git commit -qam two; git log -p --no-color --format=%s").code(0).stdout;
    assert!(log.contains("two\n") && log.contains("-b: 1\n+b: 2\n") && !log.contains("ENC["), "{log}");
    world.sh("git show --textconv HEAD:s.yaml").code(0).prints("a: canary-one # why\nb: 2\n");
}

/// A repository that holds our hook and a name for the commit, as people name a release of ours.
fn hook_repository(world: &World) {
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    world.write("../hooks/.pre-commit-hooks.yaml", std::fs::read(hooks).unwrap());
    world.sh(&format!("cd ../hooks; {SETUP} git add .; git commit -qm hooks; git tag v0.1.0")).code(0);
}

const FILES: &[(&str, &str)] = &[
    ("README.md", "no rule for this\n"),
    ("secret/a.yaml", "a: canary-one\n"),
    ("secret/tls key.pem", "canary-two\n"),
    ("clear/b.yaml", "b: {{ not yaml }}\n"),
];

fn repository() -> World {
    let world = World::new();
    world.write(".sops.yaml", format!("creation_rules:\n  - path_regex: ^secret/\n    age: {}\n", super::recipient()));
    for (name, text) in FILES {
        world.write(name, text);
    }
    world.sh(&format!("{SETUP} git add .")).code(0);
    world
}

#[test]
fn pre_commit_stops_what_is_in_clear() {
    let Some(found) = peers::locate_all("pre_commit_stops_what_is_in_clear", &["py/bin/pre-commit"]) else {
        return;
    };
    let world = repository().with("PRE_COMMIT", &found[0]).with("GIT_CONFIG_NOSYSTEM", "1");
    hook_repository(&world);
    let hooks = world.root.join("hooks");
    let config =
        format!("repos:\n  - repo: {}\n    rev: v0.1.0\n    hooks: [{{id: sealant-no-plaintext}}]\n", hooks.display());
    world.write(".pre-commit-config.yaml", config);
    world.sh("set -e; git add .; \"$PRE_COMMIT\" install").code(0);

    let ended = world.sh("git commit -qm clear").code(1);
    assert!(ended.stderr.contains("secret/a.yaml: not encrypted"), "{ended:?}");
    assert!(ended.stderr.contains("secret/tls key.pem: not encrypted"), "{ended:?}");
    assert!(ended.stderr.contains("2 files are in clear that creation rules want encrypted"), "{ended:?}");
    assert!(!ended.stderr.contains("canary") && !ended.stderr.contains("README"), "{ended:?}");

    world.sh("sops encrypt -i secret/a.yaml; sops encrypt -i 'secret/tls key.pem'").code(0);
    // what is staged counts, not what lies there
    world.sh("git add secret/a.yaml; git commit -qm half").code(1);
    world.sh("set -e; git add secret; git commit -qm encrypted; git log --format=%s").code(0).prints("encrypted\n");
    world.sh("\"$PRE_COMMIT\" run --all-files").code(0);
}

#[test]
fn the_command_of_the_hook() {
    let world = repository();
    let hooks = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml")).unwrap();
    let entry = hooks.lines().find_map(|line| line.trim().strip_prefix("entry: ")).unwrap();
    let ended = world.sh(&format!("git ls-files -z | xargs -0 {entry}"));
    // xargs says 123 for any failure
    let ended = ended.code(123).prints("secret/a.yaml: not encrypted\nsecret/tls key.pem: not encrypted\n");
    assert!(!ended.stderr.contains("canary"), "{ended:?}");
    world.sh("sealant encrypt -i secret").code(0);
    world.sh(&format!("git ls-files -z | xargs -0 {entry}")).code(0).prints("");
    world.sh(&format!("{entry} clear/b.yaml README.md .sops.yaml")).code(0).prints("");
}
