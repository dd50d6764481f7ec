//! `sops publish` (sops 3.13.2 `cmd/sops/subcommand/publish`).

use std::path::Path;

use super::call::Call;
use super::exit::{Exit, log, warn};
use super::updatekeys::groups;
use crate::commands::publish::{Manner, Outcome, Publisher, destination_name, walked};
use crate::commands::session::Loaded;
use crate::fsio::printable::sanitize;
use crate::fsio::walk::{Walk, walk};
use crate::fsio::{folder, output, terminal};
use crate::sops::rules::NoDestination;

/// Runs it: file by file, up to the first that fails.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    call.check_config()?;
    let Some(loaded) = call.session.config()? else {
        return Err(Exit::new(1, "config file not found"));
    };
    let path = call.file().ok_or_else(Exit::no_file)?;
    if !folder::exists(path) {
        return Err(Exit::new(1, format!("stat {}: no such file or directory", path.display())));
    }
    let recursive = call.given.is_on("recursive");
    if folder::is_folder(path) && !recursive {
        return Err(Exit::fatal("can't operate on a directory without --recursive flag."));
    }
    let destinations = &loaded.config.destinations;
    destinations.check_as_sops(&loaded.name).map_err(|error| Exit::new(1, format!("error loading config: {error}")))?;
    if let Err(invalid) = destinations.check(&loaded.name) {
        invalid.to_string().lines().for_each(|line| warn(&format!("{line}; the rule matches nothing")));
    }
    for (line, text) in &destinations.warnings {
        warn(&format!("{}:{line}: {text}", loaded.name));
    }
    let mut publisher = Publisher::new(&call.session);
    if !folder::is_folder(path) {
        one(call, loaded, path, recursive.then_some(path), &mut publisher)?;
        return Ok(0);
    }
    let mut found = walk(&[path.to_owned()], Walk::default())?;
    // sops follows those to files
    found.files.extend(found.links.into_iter().filter(|link| !folder::is_folder(link)));
    found.files.sort();
    for file in found.files {
        one(call, loaded, &walked(&file), Some(path), &mut publisher)?;
    }
    Ok(0)
}

fn one(
    call: &Call,
    loaded: &Loaded,
    path: &Path,
    root: Option<&Path>,
    publisher: &mut Publisher<'_>,
) -> Result<(), Exit> {
    let rule = loaded.config.destinations.rule_for(&path.to_string_lossy()).ok_or(NoDestination::NoRule);
    let rule = rule.map_err(|why| Exit::new(1, format!("error loading config: {why}")))?;
    let destination = rule.destination.as_ref().map_err(|why| match why {
        NoDestination::None => Exit::new(1, format!("{why} ({}:{})", loaded.name, rule.line)),
        _ => Exit::new(1, format!("error loading config: {why} ({}:{})", loaded.name, rule.line)),
    })?;
    let name = destination_name(path, root, call.given.is_on("omit-extensions") || rule.omit_extensions);
    let recreation = rule.recreation.as_ref();
    let job = publisher.job(call.source(path)?, path, destination, recreation, &name, Manner::AsSops)?;
    if let Some(change) = job.change.as_ref().filter(|change| !change.is_empty()) {
        let text = format!("The following changes will be made to the file's key groups:\n{}", groups(change));
        output::data(text.as_bytes())?;
    }
    publisher.prepare(&job)?;
    if !call.given.is_on("yes") && !agreed(&format!("uploading {} to {} ? (y/n): ", job.absolute.display(), job.shown))?
    {
        let text = format!("Publication of {} canceled", job.absolute.display());
        if root.is_none() {
            return Err(Exit::new(1, text));
        }
        return Ok(output::data(format!("{}\n", sanitize(&text)).as_bytes())?);
    }
    let outcome = publisher.publish(&job, &mut |text| log("PUBLISH", "warning", text))?;
    if outcome == Outcome::UpToDate && (call.given.is_on("verbose") || call.global.is_on("verbose")) {
        log("PUBLISH", "info", &format!("Secret in {} is already up-to-date.", job.shown));
    }
    Ok(())
}

/// Asks on standard output, until somebody says `y` or `n`.
fn agreed(question: &str) -> Result<bool, Exit> {
    loop {
        output::data(sanitize(question).as_bytes())?;
        let line = terminal::read_line().map_err(|_| Exit::new(1, "EOF"))?;
        match line.trim() {
            "y" => return Ok(true),
            "n" => return Ok(false),
            "" => return Err(Exit::new(1, "unexpected newline")),
            _ => {}
        }
    }
}
