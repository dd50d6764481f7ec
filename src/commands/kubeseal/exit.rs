//! How a run called as `kubeseal` ends badly: a code, and words that people and scripts know from upstream.

use std::io;
use std::path::Path;

use crate::fsio::{FsError, output};
#[cfg(feature = "kube")]
use crate::k8s::ClusterError;
use crate::manifest::emit::UnknownFormat;
use crate::sealed::{CertificateError, SealError};

/// What is said on standard error, after `error: `. The code is 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exit(pub String);

impl Exit {
    /// With these words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A file that cannot be opened or read, as Go says it.
    pub fn file(verb: &str, path: &Path, error: &FsError) -> Self {
        let reason = match error {
            FsError::Missing(_) => "no such file or directory".to_owned(),
            FsError::NotAFile(_) if crate::fsio::folder::is_folder(path) => {
                return Self(format!("read {}: is a directory", path.display()));
            }
            FsError::Io { source, .. } => reason(source),
            other => return Self(other.to_string()),
        };
        Self(format!("{verb} {}: {reason}", path.display()))
    }

    /// Says it.
    pub fn print(&self) {
        for (at, line) in self.0.lines().enumerate() {
            output::say(&if at == 0 { format!("error: {line}") } else { line.to_owned() });
        }
    }
}

fn reason(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        _ => error.to_string(),
    };
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

impl From<FsError> for Exit {
    fn from(error: FsError) -> Self {
        Self(error.to_string())
    }
}

impl From<UnknownFormat> for Exit {
    fn from(error: UnknownFormat) -> Self {
        Self(error.to_string())
    }
}

impl From<CertificateError> for Exit {
    fn from(error: CertificateError) -> Self {
        Self(error.to_string())
    }
}

impl From<SealError> for Exit {
    fn from(error: SealError) -> Self {
        Self(error.to_string())
    }
}

#[cfg(feature = "kube")]
impl From<ClusterError> for Exit {
    fn from(error: ClusterError) -> Self {
        Self(error.text)
    }
}
