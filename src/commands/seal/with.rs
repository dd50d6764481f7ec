//! What a value of a SealedSecret is sealed with and opened with: certificates and private keys.

mod web;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;

use crate::commands::sealing_keys;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};

use crate::fsio::read::{KEY_LIMIT, read_stream};
use crate::fsio::{clock, folder};
use crate::manifest::text;
use crate::sealed::clusters::{self, Cluster, Clusters};
use crate::sealed::file::{Item, Object};
use crate::sealed::{Certificate, CertificateError, KeyChain, Scope};
use crate::secret::SecretBytes;

/// The options that say it.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct With {
    /// Seal with this certificate, instead of the one that sealant.yaml names; may be repeated, the newest is taken
    #[arg(long, value_name = "FILE|URL")]
    pub cert: Vec<String>,
    /// Seal even if the certificate is expired
    #[arg(long)]
    pub allow_expired: bool,
    /// A file with private sealing keys (PEM, or Secrets of the controller); may be repeated
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
}

/// The certificates of one cluster.
#[derive(Clone, Debug)]
pub struct Set {
    /// The cluster, when `sealant.yaml` names it.
    pub cluster: Option<Cluster>,
    /// Where they come from, for messages.
    pub from: String,
    /// The newest first.
    pub certificates: Vec<Certificate>,
}

impl Set {
    /// The newest.
    pub fn newest(&self) -> Option<&Certificate> {
        self.certificates.first()
    }

    /// The newest, to seal with.
    ///
    /// # Errors
    /// It is expired, and that was not allowed.
    pub fn sealing(&self, session: &Session, with: &With) -> Result<&Certificate, Failure> {
        let newest = self.newest().ok_or_else(|| unfit(&self.from, "there is no certificate in it"))?;
        if !newest.expired(clock::timestamp()) {
            return Ok(newest);
        }
        let text = format!("the certificate expired on {}", day(newest.not_after()));
        if with.allow_expired {
            session.warn(&format!("{}: {text}; it is used because of --allow-expired", self.from));
            return Ok(newest);
        }
        Err(unfit(&self.from, &text).hint(
            "get the current one from the cluster, or say --allow-expired: the controller opens values of old keys as long as \
             it has them",
        ))
    }
}

/// Every certificate that there is to seal with.
#[derive(Debug)]
pub struct Certificates {
    given: Option<Set>,
    loaded: Option<Loaded>,
}

/// A `sealant.yaml` that was read.
#[derive(Debug)]
pub struct Loaded {
    /// Its name for messages.
    pub name: String,
    /// The folder it is in.
    pub root: PathBuf,
    /// What it says.
    pub clusters: Clusters,
    sets: Vec<OnceLock<Set>>,
}

impl Certificates {
    /// Those of the command line, else those of the nearest `sealant.yaml`. They are read when they are needed.
    ///
    /// # Errors
    /// A certificate of the command line, or the configuration, that cannot be read.
    pub fn find(session: &Session, with: &With) -> Result<Self, Failure> {
        let mut all = Vec::new();
        for source in &with.cert {
            let (bytes, name) = web::read(session, source)?;
            all.extend(certificates(&bytes, &name)?);
        }
        let given = (!all.is_empty()).then(|| set(None, with.cert.join(", "), all));
        Ok(Self { given, loaded: Loaded::find(session)? })
    }

    /// The `sealant.yaml`, when there is one.
    pub fn loaded(&self) -> Option<&Loaded> {
        self.loaded.as_ref()
    }

    /// Those of the command line.
    pub fn given(&self) -> Option<&Set> {
        self.given.as_ref()
    }

    /// Those for the SealedSecrets of a file; `None` when nobody says which.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn known_for(&self, session: &Session, path: &Path) -> Result<Option<&Set>, Failure> {
        if self.given.is_some() {
            return Ok(self.given.as_ref());
        }
        match &self.loaded {
            Some(loaded) => loaded.set_for(session, path),
            None => Ok(None),
        }
    }

    /// The same where there has to be one.
    ///
    /// # Errors
    /// [`Kind::CertificateUnfit`] when nobody says which.
    pub fn set_for(&self, session: &Session, path: &Path) -> Result<&Set, Failure> {
        let found = self.known_for(session, path)?;
        found.ok_or_else(|| {
            let text = format!("{}: no certificate to seal with", path.display());
            let failure = Failure::new(Kind::CertificateUnfit, text);
            match &self.loaded {
                Some(loaded) => failure
                    .detail(format!("no cluster of {} has a path that fits", loaded.name))
                    .hint("add the file to the paths of its cluster, or name the certificate with --cert FILE"),
                None => {
                    failure.hint("name it with --cert FILE, or name the cluster and its certificate in sealant.yaml")
                }
            }
        })
    }
}

impl Loaded {
    fn find(session: &Session) -> Result<Option<Self>, Failure> {
        let mut folders = session.cwd().ancestors().map(|folder| folder.join(clusters::FILE_NAME));
        let Some(path) = folders.find(|path| folder::is_taken(path)) else {
            return Ok(None);
        };
        let name = session.shown(&path);
        let bad = |line: usize, problem: String| {
            Failure::new(Kind::BadConfig, format!("{name}:{line}: {problem}"))
                .hint("nothing was done: correct the configuration file first")
        };
        let bytes = read_stream(&path, KEY_LIMIT)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| bad(1, "the text is not UTF-8".into()))?;
        let clusters = Clusters::parse(text).map_err(|error| bad(error.line, error.problem.to_string()))?;
        let root = path.parent().unwrap_or(Path::new("/")).to_owned();
        let sets = clusters.all().iter().map(|_| OnceLock::new()).collect();
        Ok(Some(Self { name, root, clusters, sets }))
    }

    /// A path as the patterns see it.
    pub fn relative(&self, session: &Session, path: &Path) -> String {
        let absolute = folder::absolute(session.cwd(), path);
        let seen = absolute.strip_prefix(&self.root).unwrap_or(&absolute).to_string_lossy().into_owned();
        if cfg!(windows) { seen.replace('\\', "/") } else { seen }
    }

    /// The cluster that a file belongs to. The only one there is needs no paths.
    pub fn cluster_for(&self, session: &Session, path: &Path) -> Option<&Cluster> {
        match self.clusters.all() {
            [only] if !only.has_paths() => Some(only),
            _ => self.clusters.for_path(&self.relative(session, path)),
        }
    }

    fn set_for(&self, session: &Session, path: &Path) -> Result<Option<&Set>, Failure> {
        self.cluster_for(session, path).map(|cluster| self.set_of(session, cluster)).transpose()
    }

    /// The certificates of one of its clusters.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn set_of(&self, session: &Session, cluster: &Cluster) -> Result<&Set, Failure> {
        let at = self.clusters.all().iter().position(|one| one.name == cluster.name).unwrap_or_default();
        let cell = self.sets.get(at).ok_or_else(|| Failure::new(Kind::BadConfig, "there is no such cluster"))?;
        if let Some(set) = cell.get() {
            return Ok(set);
        }
        let file = self.root.join(&cluster.certificate);
        let from = session.shown(&file);
        let about = |failure: Failure| failure.detail(format!("{}:{} names it", self.name, cluster.line));
        let all = read(&file, &from).map_err(about)?;
        // two threads may both have read it: the first one's is kept
        Ok(cell.get_or_init(|| set(Some(cluster.clone()), from, all)))
    }
}

fn set(cluster: Option<Cluster>, from: String, mut certificates: Vec<Certificate>) -> Set {
    certificates.sort_by_key(|certificate| std::cmp::Reverse(certificate.not_before()));
    Set { cluster, from, certificates }
}

fn unfit(from: &str, text: &str) -> Failure {
    Failure::new(Kind::CertificateUnfit, format!("{from}: {text}"))
}

const HOW_TO_GET_IT: &str = "sealant kubeseal --fetch-cert > FILE gets the one of a cluster";

/// Every certificate of a file.
fn read(path: &Path, name: &str) -> Result<Vec<Certificate>, Failure> {
    certificates(&read_stream(path, KEY_LIMIT)?, name)
}

fn certificates(bytes: &[u8], name: &str) -> Result<Vec<Certificate>, Failure> {
    // what is wrong with a file without any is known to the one who reads one
    let of = |error: CertificateError| match error {
        CertificateError::None => unfit(name, "there is no certificate in it").hint(HOW_TO_GET_IT),
        CertificateError::PrivateKey => unfit(name, &error.to_string())
            .hint("seal with the certificate that belongs to it, and keep the private key away"),
        _ => unfit(name, &error.to_string()).hint(HOW_TO_GET_IT),
    };
    Certificate::parse(bytes).map_err(of)?;
    Certificate::every(bytes).collect::<Result<_, _>>().map_err(of)
}

/// The day of a time.
pub fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

impl With {
    /// The private keys of `--key`; none when it was not given.
    ///
    /// # Errors
    /// A file that holds none.
    pub fn keys(&self, session: &Session) -> Result<KeyChain, Failure> {
        sealing_keys::chain(session, &self.key)
    }
}

/// How an item was opened, or why it cannot be.
pub enum Opened {
    /// Its value, and the fingerprint of the key.
    Value(SecretBytes, String),
    /// It is no sealed value at all.
    Malformed(String),
    /// It opens under another scope.
    OtherScope(Scope),
    /// No key opens it.
    NoKey,
}

/// Opens an item, or finds out why that is impossible.
pub fn open(chain: &KeyChain, object: &Object, item: &Item) -> Opened {
    let Some(text) = &item.text else {
        return Opened::Malformed("the value is no text".into());
    };
    let blob = match text::decode(text) {
        Ok(blob) => blob,
        Err(error) => return Opened::Malformed(error.to_string()),
    };
    if let Err(error) = crate::sealed::blob::Blob::parse(&blob) {
        return Opened::Malformed(error.to_string());
    }
    if let Ok((value, key)) = chain.open(&object.label(), &blob) {
        return Opened::Value(value, key.fingerprint().to_owned());
    }
    match chain.other_scope(object.scope, &object.namespace, &object.name, &blob) {
        Some(scope) => Opened::OtherScope(scope),
        None => Opened::NoKey,
    }
}

impl Opened {
    /// Why it cannot be opened, for a person; `None` when it was.
    pub fn problem(&self, object: &Object) -> Option<String> {
        match self {
            Self::Value(..) => None,
            Self::Malformed(problem) => Some(problem.clone()),
            Self::OtherScope(scope) => Some(format!("it was sealed {scope}, the SealedSecret says {}", object.scope)),
            Self::NoKey => Some("no key opens it".into()),
        }
    }
}

/// `keys tried: SHA256:…, SHA256:…`.
pub fn tried(chain: &KeyChain) -> String {
    let all: Vec<&str> = chain.keys().iter().map(crate::sealed::PrivateKey::fingerprint).collect();
    match all.as_slice() {
        [] => "no private key was given".into(),
        [one] => format!("key tried: {one}"),
        all => format!("keys tried: {}", all.join(", ")),
    }
}
