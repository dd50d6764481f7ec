//! `sealant keys sealing`: whose certificates and keys are in files, and how long they are good for. Needs no private key.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::manifest;
use crate::sealed::Certificate;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Certificates (PEM), Secrets of a controller, or backups of them, encrypted or not
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
The newest certificate of a cluster comes last. Only certificates are looked at, which a backup holds in clear.

Examples:
  sealant keys sealing cluster.pem
  sealant keys sealing --json backup.yaml";

/// One certificate.
#[derive(Serialize)]
struct Row {
    fingerprint: String,
    bits: usize,
    not_before: String,
    not_after: String,
    expired: bool,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Runs it.
///
/// # Errors
/// A file that holds no certificate.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let now = crate::fsio::clock::timestamp();
    let mut rows = Vec::new();
    for path in &args.files {
        let text = read_bounded(path, DOCUMENT_LIMIT)?.bytes;
        let file = path.display().to_string();
        let before = rows.len();
        for (secret, certificate) in certificates(&text) {
            let certificate = certificate.map_err(|error| Failure::of(Kind::CertificateUnfit, &error).about(&file))?;
            rows.push((certificate.not_before(), row(&certificate, now, &file, secret)));
        }
        if rows.len() == before {
            let text = format!("{file}: there is no certificate in it");
            return Err(Failure::new(Kind::CertificateUnfit, text)
                .hint("get the one of a cluster with: sealant kubeseal --fetch-cert > cluster.pem"));
        }
    }
    rows.sort_by_key(|(begin, _)| *begin);
    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    print(session, &rows)
}

/// The certificates of a text: PEM, or the `tls.crt` of Secrets.
fn certificates(text: &[u8]) -> Vec<(Option<String>, Result<Certificate, crate::sealed::CertificateError>)> {
    let pem: Vec<_> = Certificate::every(text).map(|one| (None, one)).collect();
    if !pem.is_empty() {
        return pem;
    }
    let objects = manifest::read(text).unwrap_or_default().into_iter();
    let objects = objects.flat_map(|object| object.into_members().unwrap_or_else(|object| vec![object]));
    let of_secret = |object: manifest::Object| {
        let spelled = manifest::field(manifest::field(&object.root, "data")?, "tls.crt").and_then(manifest::text)?;
        let pem = manifest::text::decode(&spelled).ok()?;
        let name = Some(format!("{}/{}", object.namespace(), object.name()));
        Some(Certificate::every(&pem).map(|one| (name.clone(), one)).collect::<Vec<_>>())
    };
    objects.filter_map(of_secret).flatten().collect()
}

fn row(certificate: &Certificate, now: Timestamp, file: &str, secret: Option<String>) -> Row {
    Row {
        fingerprint: certificate.fingerprint().to_owned(),
        bits: certificate.key().bits(),
        not_before: certificate.not_before().to_string(),
        not_after: certificate.not_after().to_string(),
        expired: certificate.expired(now),
        file: file.to_owned(),
        secret,
    }
}

fn print(session: &Session, rows: &[Row]) -> Result<(), Failure> {
    if session.json() {
        let text = serde_json::to_string(rows).map_err(|error| Failure::of(Kind::Generic, &error))?;
        return Ok(output::data(format!("{text}\n").as_bytes())?);
    }
    let mut text = String::new();
    for row in rows {
        let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
        let (begin, end) = (day(&row.not_before), day(&row.not_after));
        let state = if row.expired { "  expired" } else { "" };
        let place = row.secret.as_deref().map_or_else(|| row.file.clone(), |name| format!("{} {name}", row.file));
        text.push_str(&format!("{}  RSA {}  {begin} to {end}  {place}{state}\n", row.fingerprint, row.bits));
    }
    Ok(output::data(text.as_bytes())?)
}
