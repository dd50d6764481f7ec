//! One file on its way: opened, decrypted and checked, then sent. What `sealant publish` and `sops publish` share.

use std::path::{Path, PathBuf};

use super::client::Clients;
use super::content::{Content, Large};
use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Source};
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::sops::rules::{Destination, VaultPlace};

/// A file that is ready to be sent.
#[derive(Debug)]
pub struct Job {
    /// The file, as it was named.
    pub name: String,
    /// The same from the root.
    pub absolute: PathBuf,
    /// Where it goes, for people.
    pub shown: String,
    pub(super) place: VaultPlace,
    pub(super) path: String,
    pub(super) content: Content,
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
    clients: Clients,
}

impl<'a> Publisher<'a> {
    /// For one call.
    pub fn new(session: &'a Session) -> Self {
        Self { session, clients: Clients::default() }
    }

    /// Opens and decrypts what was read from `path`; its MAC is checked. Nothing is sent yet.
    ///
    /// # Errors
    /// A destination that this build has no client for; what keeps the file from being opened; data that has no form at the
    /// destination.
    pub fn job(
        &self,
        source: Source,
        path: &Path,
        destination: &Destination,
        name: &str,
        large: Large,
    ) -> Result<Job, Failure> {
        let shown = destination.show(name, super::client::default_address(self.session));
        let place = match destination {
            Destination::Vault(place) => place.clone(),
            Destination::S3 { .. } => return Err(no_client("Amazon S3", &shown)),
            Destination::Gcs { .. } => return Err(no_client("Google Cloud Storage", &shown)),
        };
        if name.is_empty() || name.ends_with('/') {
            let text = format!("{}: nothing is left of the name without its extension", path.display());
            return Err(Failure::new(Kind::BadConfig, text).hint("publish it without --omit-extensions"));
        }
        let opened = sopsfile::open_source(self.session, source)?;
        let plain = opened.decrypt(false)?;
        let content = Content::of(&opened, &plain)?;
        content.check(&opened.name, place.versioned, large, &mut |text| self.session.warn(text))?;
        let absolute = folder::absolute(self.session.cwd(), path);
        Ok(Job { name: opened.name, absolute, shown, path: place.path(name), place, content })
    }

    /// Gets ready to send it: who cannot open a file need not look for a token first. Nothing is sent yet.
    ///
    /// # Errors
    /// Settings of the destination that are wrong; no token.
    pub fn prepare(&mut self, job: &Job) -> Result<(), Failure> {
        self.clients.prepare(self.session, &job.place)
    }

    /// Sends it, unless the same is there already.
    ///
    /// # Errors
    /// What the store says.
    pub fn publish(&mut self, job: &Job, warn: &mut dyn FnMut(&str)) -> Result<Outcome, Failure> {
        self.clients.publish(job, warn)
    }
}

fn no_client(what: &str, shown: &str) -> Failure {
    Failure::new(Kind::Generic, format!("this build cannot publish to {what} ({shown})"))
        .hint("nothing was done; use the original sops for this destination")
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
