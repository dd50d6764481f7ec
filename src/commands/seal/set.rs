//! `sealant seal --set` and `--unset`: one item of a SealedSecret. Only the certificate is needed; every other byte of the file
//! stays what it is.

use std::path::PathBuf;

use serde_json::json;

use super::inplace::{InPlace, Which};
use super::with::{self, Certificates, Opened, With};
use crate::commands::session::Session;
use crate::commands::set::{prompt, without_line_break};
use crate::failure::{Failure, Kind};
use crate::fsio::read::{DOCUMENT_LIMIT, Wiped, read_stdin, read_stream};
use crate::fsio::{output, terminal};
use crate::manifest::limits::{self, MOST_DATA};
use crate::manifest::text;
use crate::sealed::KeyChain;
use crate::sealed::blob::Blob;
use crate::sealed::file::{Change, Object};

/// The options of a change.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Args {
    /// Set one item of the SealedSecret in FILE; its value comes from standard input, or a prompt
    #[arg(long, value_name = "KEY")]
    pub set: Option<String>,
    /// Remove an item of the SealedSecret in FILE; may be repeated
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,
    /// Take the value of --set from a file, without its last line break
    #[arg(long, value_name = "FILE", requires = "set", conflicts_with = "value_stdin")]
    pub value_file: Option<PathBuf>,
    /// Take the value of --set from standard input, also when that is empty
    #[arg(long, requires = "set")]
    pub value_stdin: bool,
}

impl Args {
    /// Whether a change was asked for.
    pub fn is_given(&self) -> bool {
        self.set.is_some() || !self.unset.is_empty()
    }
}

/// Runs it.
///
/// # Errors
/// An item that is not there, a certificate that does not do, a file that is meant for something else.
pub fn run(args: &Args, files: &[PathBuf], which: &Which, with: &With, session: &Session) -> Result<(), Failure> {
    let [path] = files else {
        return Err(Failure::new(Kind::ConflictingOptions, "--set and --unset change one file: name one")
            .hint("sealant seal --set KEY FILE"));
    };
    let file = InPlace::begin(path)?;
    let (at, object) = file.select(which)?;
    if let Some(key) = args.unset.iter().find(|key| args.set.as_ref() == Some(*key)) {
        return Err(Failure::new(Kind::ConflictingOptions, format!("{key} cannot be set and removed at once")));
    }
    let chain = with.keys(session)?;
    check_all(&file.name, &object, &chain)?;
    let mut sealed = None;
    let mut known = false;
    if let Some(key) = &args.set {
        check_key(key)?;
        // whatever is wrong with it is said before anybody types a value
        let certificates = Certificates::find(session, with)?;
        let certificate = certificates.set_for(session, path)?.sealing(session, with)?;
        let value = read(args, key)?;
        check_size(&file.name, &object, key, value.len())?;
        known = is_known(&chain, &object, key, &value, certificate.fingerprint());
        if !known {
            let blob = certificate.key().seal(&object.label(), &value);
            let blob = blob.map_err(|error| Failure::of(Kind::CannotEncryptValue, &error).about(key))?;
            sealed = Some(text::encode(&blob));
        }
    }
    let set = args.set.iter().zip(&sealed).map(|(key, text)| Change { object: at, key, to: Some(text) });
    let removed = args.unset.iter().map(|key| Change { object: at, key, to: None });
    let changes: Vec<Change<'_>> = removed.chain(set).collect();
    let name = file.name.clone();
    let title = object.title();
    if !changes.is_empty() {
        let text = file.change(&changes)?;
        file.commit(session, &text)?;
    }
    args.unset.iter().for_each(|key| session.say(&format!("{name}: removed {key} from {title}")));
    if let Some(key) = &args.set {
        session.say(&match known {
            true => format!(
                "{name}: {key} of {title} has that value already, sealed with the newest key: nothing was changed"
            ),
            false => format!("{name}: set {key} of {title} ({})", object.scope),
        });
    }
    if session.json() {
        let set: Vec<&String> = args.set.iter().filter(|_| !known).collect();
        let result = json!({
            "file": name, "namespace": object.namespace, "name": object.name, "scope": object.scope.to_string(),
            "set": set, "unset": args.unset, "changed": !changes.is_empty(),
        });
        output::data(format!("{result}\n").as_bytes())?;
    }
    Ok(())
}

/// Whether the item has that value already, under the key that it would be sealed with.
fn is_known(chain: &KeyChain, object: &Object, key: &str, value: &[u8], newest: &str) -> bool {
    let opened = object.item(key).map(|item| with::open(chain, object, item));
    matches!(opened, Some(Opened::Value(old, fingerprint)) if fingerprint == newest && old.expose() == value)
}

/// With private keys at hand: the items have to open where they are, else a new one beside them would not help anybody.
pub fn check_all(name: &str, object: &Object, chain: &KeyChain) -> Result<(), Failure> {
    if chain.is_empty() {
        return Ok(());
    }
    let mut problems = Vec::new();
    for item in &object.items {
        let opened = with::open(chain, object, item);
        // what is malformed can be set anew
        if let (Some(problem), false) = (opened.problem(object), matches!(opened, Opened::Malformed(_))) {
            problems.push(format!("{name}:{}: {}: {problem}", item.line, item.key));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    let text = format!("{name}: {} of {} items of {} do not open", problems.len(), object.items.len(), object.title());
    let failure = problems.into_iter().fold(Failure::new(Kind::CannotUnseal, text), Failure::detail);
    Err(failure
        .detail(with::tried(chain))
        .hint("nothing was written; without --key items are added without a look at the others"))
}

/// Refuses what cannot be the key of a Secret (kubernetes `IsConfigMapKey`).
pub fn check_key(key: &str) -> Result<(), Failure> {
    if limits::is_key(key) {
        return Ok(());
    }
    let text = format!("{} cannot be a key of a Secret", serde_json::to_string(key).unwrap_or_default());
    Err(Failure::new(Kind::BadPath, text).hint("letters, digits, `-`, `_` and `.` are allowed, 253 at most"))
}

/// Refuses a value that makes the Secret larger than Kubernetes takes.
pub fn check_size(name: &str, object: &Object, key: &str, length: usize) -> Result<(), Failure> {
    let others = object.items.iter().filter(|item| item.key != key);
    let size = |text: &String| {
        text::decode(text).ok().and_then(|blob| Blob::parse(&blob).ok().map(|blob| blob.plain_length()))
    };
    let total = others.filter_map(|item| item.text.as_ref().and_then(size)).sum::<usize>() + length;
    if total <= MOST_DATA {
        return Ok(());
    }
    let text = format!("{name}: with {key} the values of {} have {total} bytes together", object.title());
    Err(Failure::new(Kind::TooLarge, text).hint(format!("Kubernetes takes at most {MOST_DATA} in one Secret")))
}

/// The value as it was given.
fn read(args: &Args, key: &str) -> Result<Wiped, Failure> {
    if let Some(file) = &args.value_file {
        return Ok(without_line_break(read_stream(file, DOCUMENT_LIMIT)?));
    }
    if !args.value_stdin && terminal::stdin_is_terminal() {
        return prompt(&key);
    }
    let value = read_stdin(DOCUMENT_LIMIT)?;
    if value.is_empty() && !args.value_stdin {
        // a script whose variable is not set, or a job without input: hardly ever what is meant
        return Err(Failure::new(Kind::BadSetValue, "standard input holds no value")
            .hint("for an empty value say --value-stdin"));
    }
    Ok(without_line_break(value))
}
