//! A file with SealedSecrets that is to be changed in place: locked, read, replaced.

use std::path::Path;

use zeroize::Zeroizing;

use crate::commands::session::Session;
use crate::commands::sopsfile::no_folder;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::lock::LockGuard;
use crate::fsio::read::{DOCUMENT_LIMIT, Stamp, read_bounded};
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, Staged};
use crate::sealed::Scope;
use crate::sealed::file::{Change, ChangeError, FileError, Object, SealedFile};

/// The options that say which SealedSecret of a file is meant.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Which {
    /// The SealedSecret's name, where the file holds several
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Its namespace, where the file holds several of that name, or says none
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The scope that it is thought to have; another one is refused
    #[arg(long, value_name = "SCOPE")]
    pub scope: Option<Scope>,
}

/// See the file's description.
pub struct InPlace {
    /// The name for messages.
    pub name: String,
    /// What is in it.
    pub file: SealedFile,
    target: Target,
    stamp: Stamp,
    lock: Option<LockGuard>,
}

impl InPlace {
    /// Checks that the file may be replaced, locks and reads it.
    ///
    /// # Errors
    /// Read-only, locked, neither YAML nor JSON.
    pub fn begin(path: &Path) -> Result<Self, Failure> {
        no_folder(path)?;
        let target = Target::resolve(path)?;
        target.check_folder()?;
        let lock = LockGuard::acquire(&target)?;
        let name = path.display().to_string();
        let mut original = read_bounded(path, DOCUMENT_LIMIT)?;
        let file = SealedFile::read(std::mem::take(&mut *original.bytes)).map_err(|error| unreadable(&name, &error))?;
        Ok(Self { name, file, target, stamp: original.stamp, lock })
    }

    /// The position of the SealedSecret that is meant, and itself, with the namespace that its values are bound to.
    ///
    /// # Errors
    /// There is none, or several; it has another scope than it is thought to have; its values are bound to a name or namespace
    /// that nobody knows.
    pub fn select(&self, which: &Which) -> Result<(usize, Object), Failure> {
        let all = self.file.objects();
        if all.is_empty() {
            let text = format!("{}: there is no SealedSecret in it", self.name);
            return Err(
                Failure::new(Kind::NotEncrypted, text).hint(format!("make one with: sealant seal {}", self.name))
            );
        }
        let fits = |object: &Object| {
            let namespace = which.namespace.as_deref();
            which.name.as_ref().is_none_or(|name| *name == object.name)
                && namespace.is_none_or(|namespace| object.namespace.is_empty() || namespace == object.namespace)
        };
        let mut fitting: Vec<(usize, &Object)> = all.iter().enumerate().filter(|(_, object)| fits(object)).collect();
        if fitting.len() > 1 && which.namespace.is_some() {
            let exact = |object: &Object| which.namespace.as_ref() == Some(&object.namespace);
            if fitting.iter().any(|(_, object)| exact(object)) {
                fitting.retain(|(_, object)| exact(object));
            }
        }
        let titles: Vec<String> = all.iter().map(Object::title).collect();
        let [(at, object)] = fitting.as_slice() else {
            let text = match (fitting.is_empty(), titles.as_slice()) {
                (true, [only]) => format!("{}: the SealedSecret in it is {only}", self.name),
                (true, _) => format!("{}: there is no such SealedSecret in it", self.name),
                (false, _) => format!("{}: there are {} SealedSecrets that could be meant", self.name, fitting.len()),
            };
            return Err(Failure::new(Kind::ConflictingOptions, text)
                .detail(format!("in it: {}", titles.join(", ")))
                .hint("say which with --name and --namespace"));
        };
        let mut object = (*object).clone();
        if object.namespace.is_empty() {
            object.namespace = which.namespace.clone().unwrap_or_default();
        }
        self.check(&object, which)?;
        Ok((*at, object))
    }

    fn check(&self, object: &Object, which: &Which) -> Result<(), Failure> {
        let (name, title, scope) = (&self.name, object.title(), object.scope);
        if let Some(other) = which.scope.filter(|other| *other != scope) {
            let text = format!("{name}: {title} is {scope}, not {other}: a {other} value would not open in it");
            return Err(Failure::new(Kind::ConflictingOptions, text)
                .hint("the scope of a SealedSecret is that of all its values: to change it, seal the Secret anew"));
        }
        if scope.needs_namespace() && object.namespace.is_empty() {
            let text = format!("{name}: {title} says no namespace, and its values are bound to one ({scope})");
            return Err(Failure::new(Kind::BadSetValue, text).hint("say which with --namespace NAMESPACE"));
        }
        if scope == Scope::Strict && object.name.is_empty() {
            let text =
                format!("{name}: line {}: the SealedSecret has no name, and its values are bound to one", object.line);
            return Err(Failure::new(Kind::BadSetValue, text).hint("give it its metadata.name first"));
        }
        Ok(())
    }

    /// The text with changes made.
    ///
    /// # Errors
    /// A place that cannot be changed.
    pub fn change(&self, changes: &[Change<'_>]) -> Result<Zeroizing<String>, Failure> {
        self.file.change(changes).map_err(|error| refused(&self.name, &error))
    }

    /// Replaces the file, if it is still what was read.
    ///
    /// # Errors
    /// [`Kind::Changed`], and what the file system says. The old file is untouched then.
    pub fn commit(self, session: &Session, text: &str) -> Result<(), Failure> {
        session.guard_files();
        let mut batch = Batch::new();
        batch.add(Staged::new(self.target, text.as_bytes(), NewMode::Public)?, Some(self.stamp), self.lock);
        Ok(batch.commit()?)
    }
}

/// A text that cannot be read, for people.
pub fn unreadable(name: &str, error: &FileError) -> Failure {
    Failure::new(Kind::CannotRead, format!("{name}:{}:{}: {}", error.line, error.column, error.problem))
}

/// A change that cannot be made, for people.
pub fn refused(name: &str, error: &ChangeError) -> Failure {
    let kind = match error {
        ChangeError::NoSuchItem { .. } => Kind::NoSuchPath,
        ChangeError::Twice { .. } => Kind::DuplicateKey,
        ChangeError::Referred { .. } | ChangeError::NoPlace { .. } => Kind::Unrepresentable,
    };
    let failure = Failure::of(kind, error).about(name);
    match error {
        ChangeError::NoSuchItem { .. } => failure,
        ChangeError::Twice { .. } => failure.hint("remove one of them first: readers disagree about which one counts"),
        ChangeError::Referred { .. } => failure.hint("write the value where the alias is, and try again"),
        ChangeError::NoPlace { .. } => {
            failure.hint("nothing was written; write the item on a line of its own, and try again")
        }
    }
}
