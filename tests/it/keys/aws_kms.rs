//! AWS KMS: against moto, side by side with the real sops, and against servers that refuse, lie and are not there.

mod faults;
mod moto;

use std::fs;
use std::path::Path;

use crate::vault::{Ended, World, sealant};

const PLAIN: &str = "a: one\nm:\n    b: 2\n";
/// Looked for where they must not be.
const SECRETS: [&str; 3] = ["AKIACANARYCANARYCANA", "canary-secret-access-key", "canary-session-token"];
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// A world in which AWS is at this address, with credentials in variables.
fn world(config: &str, address: &str) -> World {
    let [id, secret, token] = SECRETS;
    let world = World::bare(config)
        .with("AWS_ACCESS_KEY_ID", id)
        .with("AWS_SECRET_ACCESS_KEY", secret)
        .with("AWS_SESSION_TOKEN", token)
        .with("AWS_REGION", "us-east-1")
        .with("AWS_EC2_METADATA_DISABLED", "true")
        .with("AWS_ENDPOINT_URL", address)
        .with("SOPS_AGE_KEY_FILE", "/dev/null");
    fs::create_dir(world.home().join(".aws")).unwrap();
    fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
    world
}

#[track_caller]
fn run(world: &World, program: &Path, arguments: &[&str]) -> Ended {
    let ended = world.run(program, arguments, "");
    for secret in SECRETS {
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains(secret), "{program:?} {arguments:?} says {secret}\n{said}");
    }
    ended
}

#[track_caller]
fn does(world: &World, program: &Path, arguments: &[&str]) -> Ended {
    let ended = run(world, program, arguments);
    assert_eq!(ended.code, Some(0), "{program:?} {arguments:?} {ended:?}");
    ended
}

#[track_caller]
fn ours(world: &World, arguments: &[&str]) -> Ended {
    run(world, &sealant(), arguments)
}

fn profiles(world: &World, name: &str, text: &str) {
    fs::write(world.home().join(".aws").join(name), text).unwrap();
}
