//! Where SealedSecrets go: standard output, or files that lose nothing by it.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::create::CLUSTER;
use super::input::Document;
use crate::commands::session::Session;
use crate::commands::size;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::folder;
use crate::fsio::output;
use crate::fsio::read::{DOCUMENT_LIMIT, Stamp, read_bounded};
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, Staged};
use crate::manifest::emit::{self, Format};
use crate::manifest::limits;
use crate::manifest::{self, Object};
use crate::sealed::SealedSecret;

/// One piece of an output.
pub enum Piece {
    /// A SealedSecret.
    Sealed(Box<SealedSecret>),
    /// What was handed through, with its text where the output is YAML, too.
    Other(Zeroizing<String>, Zeroizing<String>),
}

/// A SealedSecret that is going to be written.
pub struct Wanted {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its cluster, when the file is for several.
    pub cluster: Option<String>,
}

/// One output.
pub struct Place {
    /// The file; `None` for standard output.
    pub path: Option<PathBuf>,
    /// How many values keep the text that they had.
    pub kept: usize,
    /// What goes there, each with its position in the input.
    pub pieces: Vec<(usize, Piece)>,
    existing: Vec<Object>,
    stamp: Option<Stamp>,
    has_comments: bool,
}

impl Place {
    /// Looks at what is there.
    ///
    /// # Errors
    /// A file that is no stream of objects: it would be lost.
    pub fn find(path: Option<PathBuf>) -> Result<Self, Failure> {
        // the word for standard output
        let path = path.filter(|path| path != Path::new("-"));
        let mut place =
            Self { path, kept: 0, pieces: Vec::new(), existing: Vec::new(), stamp: None, has_comments: false };
        let Some(path) = place.path.as_deref().filter(|path| folder::is_taken(path) && !output::is_stream(path)) else {
            return Ok(place);
        };
        let original = read_bounded(path, DOCUMENT_LIMIT)?;
        place.existing = manifest::read(&original.bytes).map_err(|_| lost(path, "it is no SealedSecret"))?;
        place.has_comments =
            original.bytes.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"#"));
        place.stamp = Some(original.stamp);
        Ok(place)
    }

    /// Refuses to replace what nobody could bring back.
    ///
    /// # Errors
    /// [`Kind::Exists`].
    pub fn check(&self, session: &Session, wanted: &[Wanted], documents: &[Document]) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        for object in &self.existing {
            let is_other = |document: &Document| match document {
                Document::Other { object: other, .. } => {
                    (other.kind(), other.name(), other.namespace())
                        == (object.kind(), object.name(), object.namespace())
                }
                Document::Secret { .. } => false,
            };
            if SealedSecret::is_one(object) {
                let same =
                    |wanted: &Wanted| is_same(object, &wanted.namespace, &wanted.name, wanted.cluster.as_deref());
                if !wanted.iter().any(same) {
                    return Err(lost(
                        path,
                        &format!("it holds the SealedSecret {}, which is not among these", object.name()),
                    ));
                }
            } else if !documents.iter().any(is_other) {
                let what = if object.kind() == "Secret" {
                    "a Secret that is not sealed"
                } else {
                    "objects that are not sealed"
                };
                return Err(lost(path, &format!("it holds {what}")));
            }
        }
        if self.has_comments {
            session
                .warn(&format!("{}: its comments are lost; `sealant seal --set KEY FILE` keeps them", path.display()));
        }
        Ok(())
    }

    /// The SealedSecret that was there.
    pub fn old(&self, namespace: &str, name: &str, cluster: Option<&str>) -> Option<SealedSecret> {
        let object = self.existing.iter().find(|object| is_same(object, namespace, name, cluster))?;
        SealedSecret::from_object(object).ok()
    }
}

fn is_same(object: &Object, namespace: &str, name: &str, cluster: Option<&str>) -> bool {
    let place = object.name() == name && object.namespace() == namespace;
    place && cluster.is_none_or(|cluster| object.annotation(CLUSTER).is_some_and(|there| there == cluster))
}

fn lost(path: &Path, why: &str) -> Failure {
    let text = format!("{} exists and is not overwritten: {why}", path.display());
    Failure::new(Kind::Exists, text).hint("take another name, or move the file away first")
}

/// Adds what is handed through.
pub fn add_others(place: &mut Place, documents: &[Document]) {
    for (at, document) in documents.iter().enumerate() {
        let Document::Other { object, text } = document else { continue };
        let yaml = text.clone().unwrap_or_else(|| emit::objects([&object.root], Format::Yaml));
        place.pieces.push((at, Piece::Other(yaml, emit::objects([&object.root], Format::Json))));
    }
    place.pieces.sort_by_key(|(at, _)| *at);
}

/// Writes everything, all files or none.
///
/// # Errors
/// What the file system says.
pub fn write(session: &Session, format: Format, places: Vec<Place>) -> Result<Vec<Place>, Failure> {
    let mut batch = Batch::new();
    for place in &places {
        let text = text(session, format, place);
        let Some(path) = &place.path else {
            output::data(text.as_bytes())?;
            continue;
        };
        if output::to_stream(path, text.as_bytes())? {
            continue;
        }
        let name = path.display().to_string();
        size::check(&name, text.len())?;
        session.guard_files();
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            folder::make(folder, false)?;
        }
        let target = Target::resolve(path)?;
        target.check_folder()?;
        batch.add(Staged::new(target, text.as_bytes(), NewMode::Public)?, place.stamp.clone(), None);
    }
    if !batch.is_empty() {
        batch.commit()?;
    }
    Ok(places)
}

fn text(session: &Session, format: Format, place: &Place) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::new());
    for (_, piece) in &place.pieces {
        match piece {
            Piece::Other(yaml, json) => out.push_str(if format == Format::Yaml { yaml } else { json }),
            Piece::Sealed(sealed) => {
                let text = emit::objects([&sealed.to_node()], format);
                warn_large(session, sealed, text.len());
                out.push_str(&text);
            }
        }
    }
    out
}

/// A Secret that fits may be too large when it is sealed: base64 adds a third.
fn warn_large(session: &Session, sealed: &SealedSecret, length: usize) {
    let name = &sealed.name;
    if length > limits::MOST_REQUEST {
        session.warn(&format!(
            "{name}: sealed it has {length} bytes; etcd takes {} in one object unless it is told otherwise",
            limits::MOST_REQUEST
        ));
    } else if length > limits::MOST_ANNOTATIONS {
        session.warn(&format!("{name}: sealed it has {length} bytes: apply it with `kubectl apply --server-side`"));
    }
}
