//! One file on its way: opened, decrypted and checked, then sent. What `sealant publish` and `sops publish` share.

use std::path::{Path, PathBuf};

use super::buckets::{Buckets, Object};
use super::content::{Content, Manner};
use super::google::{self, Google};
use super::recreation;
use super::vaults::{self, Vaults};
use crate::commands::rekey::Difference;
use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Source};
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::sops::rules::{CreationRule, Destination, VaultPlace};

/// A file that is ready to be sent.
#[derive(Debug)]
pub struct Job {
    /// The file, as it was named.
    pub name: String,
    /// The same from the root.
    pub absolute: PathBuf,
    /// Where it goes, for people.
    pub shown: String,
    /// For whom it is there, when it was encrypted anew.
    pub change: Option<Difference>,
    parcel: Parcel,
}

/// What is sent, and where to.
#[derive(Debug)]
enum Parcel {
    /// What the file holds, in clear, to a store of Vault; the path has the mount and all.
    Values { place: VaultPlace, path: String, content: Content },
    /// The encrypted file, to a bucket of Amazon S3.
    File { object: Object, bytes: Vec<u8> },
    /// The same to one of Google Cloud Storage.
    GoogleFile { object: google::Object, bytes: Vec<u8> },
}

/// How it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was written, as this version where there are versions.
    Published(Option<u64>),
    /// What is there is the same.
    UpToDate,
}

/// Makes jobs and does them; a place is connected to once.
#[derive(Debug)]
pub struct Publisher<'a> {
    session: &'a Session,
    vaults: Vaults,
    buckets: Buckets,
    google: Google,
}

impl<'a> Publisher<'a> {
    /// For one call.
    pub fn new(session: &'a Session) -> Self {
        Self { session, vaults: Vaults::default(), buckets: Buckets::default(), google: Google::default() }
    }

    /// Reads and checks what was read from `path`, and makes what is sent of it: for Vault the values, with the MAC checked;
    /// for a bucket the encrypted file, as it is or as `recreation` says. Nothing is sent yet.
    ///
    /// # Errors
    /// A destination that this build has no client for; what keeps the file from being opened; data that has no form at the
    /// destination.
    pub fn job(
        &self,
        source: Source,
        path: &Path,
        destination: &Destination,
        recreation: Option<&CreationRule>,
        name: &str,
        manner: Manner,
    ) -> Result<Job, Failure> {
        let session = self.session;
        let shown = destination.show(name, vaults::default_address(session));
        if name.is_empty() || name.ends_with('/') {
            let text = format!("{}: nothing is left of the name without its extension", path.display());
            return Err(Failure::new(Kind::BadConfig, text).hint("publish it without --omit-extensions"));
        }
        let absolute = folder::absolute(session.cwd(), path);
        let (name, change, parcel) = match destination {
            Destination::Gcs { bucket, prefix } => {
                let object = google::Object::new(bucket, &format!("{prefix}{name}"))?;
                let sent = recreation::sent(session, source, recreation, manner)?;
                (sent.name, sent.change, Parcel::GoogleFile { object, bytes: sent.bytes })
            }
            Destination::S3 { bucket, prefix } => {
                let object = Object::new(bucket, &format!("{prefix}{name}"))?;
                let sent = recreation::sent(session, source, recreation, manner)?;
                (sent.name, sent.change, Parcel::File { object, bytes: sent.bytes })
            }
            Destination::Vault(place) => {
                let opened = sopsfile::open_source(session, source)?;
                let plain = opened.decrypt(false)?;
                let content = Content::of(&opened, &plain)?;
                content.check(&opened.name, place.versioned, manner, &mut |text| session.warn(text))?;
                (opened.name, None, Parcel::Values { place: place.clone(), path: place.path(name), content })
            }
        };
        Ok(Job { name, absolute, shown, change, parcel })
    }

    /// Gets ready to send it: who cannot open a file need not look for a token first. Nothing is sent yet.
    ///
    /// # Errors
    /// Settings of the destination that are wrong; no token, nobody logged in.
    pub fn prepare(&mut self, job: &Job) -> Result<(), Failure> {
        match &job.parcel {
            Parcel::Values { place, .. } => self.vaults.prepare(self.session, place),
            Parcel::File { .. } => self.buckets.prepare(self.session),
            Parcel::GoogleFile { .. } => self.google.prepare(self.session),
        }
    }

    /// Sends it, unless the same is there already (a bucket is not asked about that).
    ///
    /// # Errors
    /// What the store says.
    pub fn publish(&mut self, job: &Job, warn: &mut dyn FnMut(&str)) -> Result<Outcome, Failure> {
        match &job.parcel {
            Parcel::Values { place, path, content } => self.vaults.publish(place, path, content, warn),
            Parcel::File { object, bytes } => self.buckets.publish(object, bytes),
            Parcel::GoogleFile { object, bytes } => self.google.publish(object, bytes),
        }
    }
}

/// A path that was found below a folder, in the form that Go's `filepath.Walk` gives it: rules are compared with that.
pub fn walked(path: &Path) -> PathBuf {
    path.strip_prefix("./").unwrap_or(path).components().collect()
}

/// The name of a file at its destination: its own, or the path from `root`, with `/` everywhere.
pub fn destination_name(path: &Path, root: Option<&Path>, omit_extension: bool) -> String {
    let root = root.map(walked);
    let below = root.as_deref().and_then(|root| path.strip_prefix(root).ok()).filter(|path| *path != Path::new(""));
    let below = match (below, root.as_deref()) {
        (Some(below), _) => below,
        // the root was the working folder
        (None, Some(root)) if root == Path::new("") || root == Path::new(".") => path,
        _ => path.file_name().map_or(path, Path::new),
    };
    let mut name = below.to_string_lossy().into_owned();
    if cfg!(windows) {
        name = name.replace('\\', "/");
    }
    if omit_extension {
        let start = name.rfind('/').map_or(0, |at| at + 1);
        if let Some(dot) = name[start..].rfind('.') {
            name.truncate(start + dot);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_the_destination() {
        let name = |path: &str, root: Option<&str>, omit| destination_name(Path::new(path), root.map(Path::new), omit);
        assert_eq!(name("a/b.enc.yaml", None, false), "b.enc.yaml");
        assert_eq!(name("a/b.enc.yaml", None, true), "b.enc");
        assert_eq!(name("a/b/c.yaml", Some("a"), false), "b/c.yaml");
        assert_eq!(name("a/b/c.yaml", Some("./a/"), true), "b/c");
        assert_eq!(name("b/c.yaml", Some("."), false), "b/c.yaml");
        assert_eq!(name("/x/b/c.yaml", Some("/x"), false), "b/c.yaml");
        assert_eq!(name("a.d/c", Some("."), true), "a.d/c");
        assert_eq!(name("a/.env", None, true), "");
        // sops would publish it as "."
        assert_eq!(name("a/b.yaml", Some("a/b.yaml"), false), "b.yaml");
    }

    #[test]
    fn found_paths_are_those_of_go() {
        for (path, go) in [("./a/b", "a/b"), ("a/./b", "a/b"), ("/a/b", "/a/b"), ("a//b", "a/b")] {
            assert_eq!(walked(Path::new(path)).to_str(), Some(go));
        }
    }
}
