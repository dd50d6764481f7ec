//! `publish` to buckets: to moto's Amazon S3, side by side with the real sops, and to servers that refuse, lie and are not
//! there.

mod faults;
mod real;
mod settings;

use std::path::Path;

use crate::vault::{Ended, World, sealant};

/// Looked for where they must not be.
const SECRETS: [&str; 3] = ["AKIACANARYCANARYCANA", "canary-secret-access-key", "canary-session-token"];
const PLAIN: &str = "a: canary-value\nm:\n    b: 2\n";

/// A world in which AWS is at this address, with credentials in variables.
fn world(destinations: &str, files: &[(&str, &str)], address: &str) -> World {
    let [id, secret, token] = SECRETS;
    World::new(destinations, files)
        .with("AWS_ACCESS_KEY_ID", id)
        .with("AWS_SECRET_ACCESS_KEY", secret)
        .with("AWS_SESSION_TOKEN", token)
        .with("AWS_REGION", "us-east-1")
        .with("AWS_EC2_METADATA_DISABLED", "true")
        .with("AWS_ENDPOINT_URL", address)
}

#[track_caller]
fn run(world: &World, program: &Path, arguments: &[&str], input: &str) -> Ended {
    let ended = world.run(program, arguments, input);
    for secret in SECRETS {
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains(secret), "{program:?} {arguments:?} says {secret}\n{said}");
    }
    ended
}

/// `sealant publish --yes`.
#[track_caller]
fn publish(world: &World, arguments: &[&str]) -> Ended {
    run(world, &sealant(), &[&["publish", "--yes"], arguments].concat(), "")
}
