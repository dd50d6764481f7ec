//! What was done, for people and for scripts, and the exit code.

use serde_json::json;

use super::Args;
use crate::commands::session::Session;
use crate::commands::syncing::lines::{Line, shown};
use crate::commands::syncing::output::Place;
use crate::commands::syncing::report::trouble;
use crate::failure::Failure;
use crate::fsio::output;

/// Tells it.
///
/// # Errors
/// What failed.
pub fn finish(
    args: &Args,
    session: &Session,
    places: &[Place],
    skipped: &[Line],
    failed: &[Line],
) -> Result<u8, Failure> {
    let differs = |place: &Place| !place.changes.is_empty();
    if session.json() {
        let rows = places.iter().map(|place| {
            let verb = match (differs(place), args.check) {
                (false, _) => "unchanged",
                (true, true) => "differs",
                (true, false) => "written",
            };
            json!({"namespace": place.name.0, "name": place.name.1, "file": place.path, "keys": place.keys,
                   "changes": place.changes, "status": verb})
        });
        let lines = |lines: &[Line], status: &str| {
            lines
                .iter()
                .map(|line| {
                    json!({"externalSecret": {"namespace": line.name.0, "name": line.name.1}, "place": line.place,
                           "problems": line.what, "hints": line.hints, "status": status})
                })
                .collect::<Vec<_>>()
        };
        let report = json!({"secrets": rows.collect::<Vec<_>>(), "skipped": lines(skipped, "skipped"),
                            "failed": lines(failed, "failed")});
        output::data(format!("{report}\n").as_bytes())?;
    } else if args.output.output_dir.is_some() {
        for place in places.iter().filter(|place| differs(place)) {
            let path = place.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
            let verb = if args.check { "differs" } else { "written" };
            let line = format!("{path}: {verb}: {}", place.changes.join(", "));
            if args.check { output::data(format!("{line}\n").as_bytes())? } else { session.say(&line) }
        }
        let same = places.iter().filter(|place| !differs(place)).count();
        if same > 0 {
            session.say(&format!("{same} unchanged"));
        }
    }
    for line in skipped {
        session.say(&format!("{}: {} is left out: {}", line.place, shown(&line.name), line.what.join("; ")));
    }
    if let Some(failure) = trouble("ExternalSecrets", failed, places.len()) {
        return Err(failure);
    }
    Ok(u8::from(args.check && places.iter().any(differs)))
}
