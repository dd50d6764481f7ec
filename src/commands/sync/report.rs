//! What was done, for people and for scripts.

use serde_json::json;

use super::{Args, Done, title};
use crate::commands::session::Session;
use crate::commands::syncing::lines::Line;
use crate::commands::syncing::report::trouble;
use crate::failure::Failure;
use crate::fsio::output;

/// Tells it.
///
/// # Errors
/// What failed.
pub fn finish(args: &Args, session: &Session, done: &[Done], failed: &[Line]) -> Result<(), Failure> {
    if session.json() {
        let rows = done.iter().map(|done| {
            json!({"namespace": done.name.0, "name": done.name.1, "status": done.verb, "changes": done.changes,
                   "note": done.note})
        });
        let wrong = failed.iter().map(|line| {
            json!({"externalSecret": {"namespace": line.name.0, "name": line.name.1}, "place": line.place,
                   "problems": line.what, "hints": line.hints, "status": "failed"})
        });
        let report =
            json!({"dryRun": args.dry_run, "secrets": rows.collect::<Vec<_>>(), "failed": wrong.collect::<Vec<_>>()});
        output::data(format!("{report}\n").as_bytes())?;
    } else {
        for done in done.iter().filter(|done| done.verb != "unchanged" || done.note.is_some()) {
            let mut line = format!("{}: {}", title(&done.name), done.verb);
            if !done.changes.is_empty() {
                line.push_str(&format!(": {}", done.changes.join(", ")));
            }
            if let Some(note) = &done.note {
                line.push_str(&format!(" ({note})"));
            }
            if args.dry_run {
                output::data(format!("{line} (dry run)\n").as_bytes())?;
            } else {
                session.say(&line);
            }
        }
        let same = done.iter().filter(|done| done.verb == "unchanged" && done.note.is_none()).count();
        if same > 0 {
            session.say(&format!("{same} unchanged"));
        }
    }
    trouble("ExternalSecrets", failed, done.len()).map_or(Ok(()), Err)
}
