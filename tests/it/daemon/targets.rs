//! Several ExternalSecrets for one Secret: it is always all of them, or what was there before.

use super::{Daemon, FILES, OFTEN, canary, external, value};
use crate::external::World;

const MERGE: &str = "  target: {name: first, creationPolicy: Merge}\n";

fn world(first: &str, second: &str) -> World {
    let world = World::new(&[
        ("app/store.yaml", FILES),
        ("app/first.yaml", &external("first", "files", first, &["v.yaml#a"])),
        ("app/second.yaml", &external("second", "files", second, &["w.yaml#b"])),
    ]);
    value(&world, "v", &format!("a: {}\n", canary("1")));
    value(&world, "w", &format!("b: {}\n", canary("2")));
    world
}

#[test]
fn who_adds_is_never_alone() {
    let (one, two, three, four) = (canary("1"), canary("2"), canary("3"), canary("4"));
    // either of them is due much more often than the other
    for (first, second) in [("", OFTEN), (OFTEN, "")] {
        let world = world(first, &format!("{second}{MERGE}"));
        let daemon = Daemon::ready(&world, &[]);
        daemon.wait_for("first", &[("a", &one), ("b", &two)]);
        let often = if first.is_empty() { "second" } else { "first" };
        daemon.wait_for_syncs(often, 2.0);
        daemon.wait_for("first", &[("a", &one), ("b", &two)]);
        value(&world, "v", &format!("a: {three}\n"));
        value(&world, "w", &format!("b: {four}\n"));
        daemon.wait_for("first", &[("a", &three), ("b", &four)]);
        // a Secret without what is not there would take it away from whoever uses it
        std::fs::remove_file(world.path("values/w.yaml")).unwrap();
        daemon.wait("trouble", |daemon| daemon.is_ready("second") == Some(false));
        daemon.wait("trouble for both", |daemon| daemon.is_ready("first") == Some(false));
        daemon.wait_for("first", &[("a", &three), ("b", &four)]);
        value(&world, "w", &format!("b: {two}\n"));
        daemon.wait_for("first", &[("a", &three), ("b", &two)]);
        daemon
            .wait("both ready", |daemon| daemon.is_ready("second").zip(daemon.is_ready("first")) == Some((true, true)));
        // who adds goes, and what it added
        std::fs::remove_file(world.path("app/second.yaml")).unwrap();
        daemon.wait_for("first", &[("a", &three)]);
        daemon.end();
    }
}

#[test]
fn who_adds_goes_and_the_file_stays() {
    let world = world("", MERGE);
    let daemon = Daemon::ready(&world, &["--prune"]);
    std::fs::remove_file(world.path("app/second.yaml")).unwrap();
    daemon.wait_for("first", &[("a", &canary("1"))]);
    daemon.end();
}

#[test]
fn two_makers_are_told() {
    let world = world(OFTEN, OFTEN);
    let daemon = Daemon::ready(&world, &[]);
    daemon.wait_for("second", &[("b", &canary("2"))]);
    // now both make the same one, and nobody knows which is meant
    world.write("app/second.yaml", &external("second", "files", "  target: {name: first}\n", &["w.yaml#b"]));
    daemon.wait("a word about it", |daemon| daemon.says("is written by several ExternalSecrets"));
    daemon.wait("both not ready", |daemon| {
        daemon.is_ready("first").zip(daemon.is_ready("second")) == Some((false, false))
    });
    daemon.wait_for("first", &[("a", &canary("1"))]);
    daemon.end();
}
