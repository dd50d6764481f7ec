//! `sealant seal --check`: what can be wrong with SealedSecrets and can be seen without any key. For CI.

mod finding;
mod objects;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use self::finding::{Finding, Findings};
use super::files::{self, Broken};
use super::with::{self, Certificates, Set, With};
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::{clock, output};

/// The options.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Args {
    /// Look for what is wrong in the files and folders that are named, or in the whole working folder; the exit code is 234
    /// when something is
    #[arg(long)]
    pub check: bool,
    /// Also report certificates that expire within this time: 30d, 12h or 8w
    #[arg(long, value_name = "TIME", requires = "check", value_parser = duration)]
    pub expires_within: Option<SignedDuration>,
}

/// Hours of a unit.
fn hours(unit: char) -> Option<i64> {
    match unit {
        'h' => Some(1),
        'd' => Some(24),
        'w' => Some(24 * 7),
        _ => None,
    }
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "write it like 30d, 12h or 8w".to_owned();
    let unit = text.chars().next_back().and_then(hours).ok_or_else(wrong)?;
    let count: i64 = text[..text.len() - 1].parse::<u32>().map_err(|_| wrong())?.into();
    Ok(SignedDuration::from_hours(count * unit))
}

/// Runs it.
///
/// # Errors
/// [`Kind::CheckFailed`] when there are findings; a file that was named and cannot be read.
pub fn run(args: &Args, files: &[PathBuf], with: &With, session: &Session) -> Result<(), Failure> {
    let certificates = Certificates::find(session, with)?;
    let found = files::find(session, files)?;
    let mut findings = Findings::default();
    let now = clock::timestamp();
    check_certificates(&certificates, session, now, args.expires_within, &mut findings);
    for broken in &found.broken {
        check_broken(broken, session, &mut findings);
    }
    let mut objects = objects::Checker::new(session, &certificates, &mut findings);
    for read in &found.files {
        objects.file(read);
    }
    let count: usize = found.files.iter().map(|read| read.file.objects().len()).sum();
    report(session, &findings.sorted(), count)
}

/// Every certificate that is named, whether a file needs it or not: the next one will.
fn check_certificates(
    certificates: &Certificates,
    session: &Session,
    now: Timestamp,
    within: Option<SignedDuration>,
    findings: &mut Findings,
) {
    if let Some(set) = certificates.given() {
        check_expiry(set, now, within, findings);
    }
    let Some(loaded) = certificates.loaded() else { return };
    for cluster in loaded.clusters.all() {
        match loaded.set_of(session, cluster) {
            Ok(set) => check_expiry(set, now, within, findings),
            Err(failure) => {
                let text = format!("the certificate of {}: {}", cluster.name, failure.message());
                findings.add(&loaded.name, cluster.line, "certificate", text);
            }
        }
    }
}

fn check_expiry(set: &Set, now: Timestamp, within: Option<SignedDuration>, findings: &mut Findings) {
    let Some(newest) = set.newest() else { return };
    let whose = set.cluster.as_ref().map(|cluster| format!(" of {}", cluster.name)).unwrap_or_default();
    let day = with::day(newest.not_after());
    let soon = within.and_then(|within| now.checked_add(within).ok()).is_some_and(|then| newest.expired(then));
    if newest.expired(now) {
        findings.add(&set.from, 1, "expired", format!("the certificate{whose} expired on {day}"));
    } else if soon {
        findings.add(&set.from, 1, "expires-soon", format!("the certificate{whose} expires on {day}"));
    }
}

fn check_broken(broken: &Broken, session: &Session, findings: &mut Findings) {
    if broken.is_template {
        session.warn(&format!("{}: a template is no YAML before it is rendered: left out", broken.name));
        return;
    }
    findings.add(&broken.name, broken.line, "unreadable", broken.problem.clone());
}

fn report(session: &Session, findings: &[Finding], objects: usize) -> Result<(), Failure> {
    let text = if session.json() {
        let text = serde_json::to_string_pretty(findings).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        format!("{text}\n")
    } else {
        findings.iter().map(|finding| format!("{finding}\n")).collect()
    };
    output::data(text.as_bytes())?;
    let s = if objects == 1 { "" } else { "s" };
    match findings.len() {
        0 => {
            session.say(&format!("{objects} SealedSecret{s}: nothing is wrong that can be seen without a key"));
            Ok(())
        }
        1 => Err(Failure::new(Kind::CheckFailed, "1 finding")),
        count => Err(Failure::new(Kind::CheckFailed, format!("{count} findings"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, hours) in [("30d", 720), ("12h", 12), ("8w", 1344), ("0d", 0)] {
            assert_eq!(duration(text), Ok(SignedDuration::from_hours(hours)), "{text}");
        }
        for text in ["", "d", "30", "30 d", "-1d", "1y", "1.5d", "99999999999d", "é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
