//! `publish` to Google Cloud Storage: to a server on this machine that takes what Google's own client sends, side by side with
//! the real sops, and to servers that refuse, lie and are not there.

mod bucket;
mod faults;
mod real;

use crate::vault::{Ended, World, sealant};

const PLAIN: &str = "a: canary-value\nm:\n    b: 2\n";

/// `sealant publish --yes`.
#[track_caller]
fn publish(world: &World, arguments: &[&str]) -> Ended {
    world.run(&sealant(), &[&["publish", "--yes"], arguments].concat(), "")
}
