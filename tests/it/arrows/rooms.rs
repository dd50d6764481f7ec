//! The table of rooms: who may use whom. It says what the diagram of the house says.

const PURE: &[&str] = &["secret", "pattern", "document", "manifest", "sops", "sealed", "template", "external", "repo"];
const OUTSIDE: &[&str] = &["fsio", "keyservice", "store", "k8s", "git"];
const DRIVE: &[&str] = &["commands", "daemon", "agent", "sync"];

/// Whether `room` may neither do I/O nor look at the clock or the environment.
pub fn is_pure(room: &str) -> bool {
    PURE.contains(&room)
}

/// The rooms that `room` may use beside itself; `None` when it is not a room.
pub fn allowed(room: &str) -> Option<Vec<&'static str>> {
    Some(match room {
        "secret" | "pattern" => vec![],
        "document" => vec!["secret"],
        "manifest" => vec!["document", "secret"],
        "sealed" => vec!["manifest", "document", "secret"],
        "sops" | "template" => vec!["pattern", "document", "secret"],
        "external" => vec!["template", "pattern", "manifest", "document", "secret"],
        "repo" => vec!["sops", "document", "secret"],
        // siblings: all of the pure rooms, none of each other; what they share of the network is below them
        "net" => vec!["secret"],
        "keyservice" | "store" | "k8s" => [PURE, &["net"]].concat(),
        "fsio" | "git" => PURE.to_vec(),
        "failure" => [PURE, OUTSIDE, &["net"]].concat(),
        "sync" | "agent" => [PURE, OUTSIDE, &["net", "failure"]].concat(),
        "daemon" => [PURE, OUTSIDE, &["net", "failure", "sync"]].concat(),
        "commands" => [PURE, OUTSIDE, &["net", "failure", "daemon", "agent", "sync"]].concat(),
        "main" | "lib" => [PURE, OUTSIDE, &["net", "failure"], DRIVE].concat(),
        _ => return None,
    })
}
