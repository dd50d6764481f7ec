//! What is to be sealed: the Secrets of manifests, in clear or encrypted with SOPS, and what stands between them.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Source};
use crate::document::kind::DocumentKind;
use crate::document::yaml::Document as Yaml;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::fsio::read::Wiped;
use crate::fsio::terminal;
use crate::manifest::Secret;
use crate::manifest::secret::SecretError;
use crate::manifest::{self, Object};
use crate::sealed::SealedSecret;

/// One object of the input.
pub enum Document {
    /// To be sealed.
    Secret {
        /// Where it comes from, for messages.
        from: String,
        /// The Secret.
        secret: Secret,
    },
    /// To be handed through.
    Other {
        /// The object.
        object: Object,
        /// Its text, where that is YAML.
        text: Option<Zeroizing<String>>,
    },
}

/// Everything that the files hold; without a file standard input.
///
/// # Errors
/// Not readable, no manifest, another kind of object that was not to be kept, no Secret at all.
pub fn read(session: &Session, files: &[PathBuf], keep_others: bool) -> Result<Vec<Document>, Failure> {
    let mut found = Vec::new();
    let standard = [PathBuf::from("-")];
    for path in if files.is_empty() { &standard } else { files } {
        let source = if path == Path::new("-") {
            if terminal::stdin_is_terminal() {
                output::say("(reading a Secret from the terminal; end with Ctrl-D)");
            }
            Source::stdin()?
        } else if path == Path::new("/dev/stdin") {
            Source::stdin()?
        } else {
            Source::file(path)?
        };
        let name = source.name.clone();
        let named = source.named.clone();
        let plain = plain(session, source)?;
        documents(&name, named.as_deref(), &plain, keep_others, &mut found)?;
    }
    if found.iter().any(|document| matches!(document, Document::Secret { .. })) {
        return Ok(found);
    }
    Err(Failure::new(Kind::NoDocument, "there is no Secret in the input")
        .hint("make one of values with: sealant seal --name NAME --namespace NAMESPACE --from-file KEY=- --cert FILE"))
}

/// The content; what SOPS has encrypted is decrypted in memory.
///
/// # Errors
/// Nobody here can open it.
pub fn plain(session: &Session, source: Source) -> Result<Wiped, Failure> {
    let has = |needle: &[u8]| memchr::memmem::find(&source.bytes, needle).is_some();
    if !(has(b"sops") && has(b"ENC[AES256_GCM")) {
        return Ok(source.bytes);
    }
    // whoever reads it as no document at all will say what is wrong
    let copy = source.clone();
    match source.parse() {
        Ok(parsed) if parsed.document.is_encrypted() => {
            let decrypted = sopsfile::open_parsed(session, parsed)?.decrypt(false)?;
            Ok(Zeroizing::new(decrypted.bytes().to_vec()))
        }
        _ => Ok(copy.bytes),
    }
}

fn documents(
    name: &str,
    named: Option<&str>,
    plain: &[u8],
    keep_others: bool,
    found: &mut Vec<Document>,
) -> Result<(), Failure> {
    let objects = manifest::read(plain).map_err(|error| {
        let failure = Failure::of(Kind::CannotRead, &error).about(name);
        match named.and_then(DocumentKind::from_name) {
            Some(DocumentKind::Dotenv) => failure.hint(format!("an .env file is given with: --from-env-file {name}")),
            _ => failure.hint("give a Secret manifest, or values with --from-file, --from-env-file or --from-literal"),
        }
    })?;
    let text = std::str::from_utf8(plain).unwrap_or_default();
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    let yaml =
        (keep_others && !is_json).then(|| Yaml::parse(text.trim_start_matches('\u{feff}').to_owned()).ok()).flatten();
    for object in objects {
        let document = object.document;
        match object.into_members() {
            Ok(members) => {
                for member in members {
                    let secret = secret(name, &member)?;
                    let secret =
                        secret.ok_or_else(|| refuse(name, &member, "it is a member of a List, and cannot be kept"))?;
                    found.push(Document::Secret { from: name.to_owned(), secret });
                }
            }
            Err(object) => match secret(name, &object)? {
                Some(secret) => found.push(Document::Secret { from: name.to_owned(), secret }),
                None if keep_others => {
                    let text = yaml.as_ref().map(|yaml| raw(yaml, document));
                    found.push(Document::Other { object, text });
                }
                None if SealedSecret::is_one(&object) => return Err(refuse(name, &object, "it is sealed already")),
                None => return Err(refuse(name, &object, "only Secrets are sealed")),
            },
        }
    }
    Ok(())
}

/// The text of one document, its marker included.
fn raw(yaml: &Yaml, document: usize) -> Zeroizing<String> {
    let text = yaml.text()[yaml.start(document)..yaml.content_end(document)].trim_start_matches(['\n', '\r']);
    let marker = if yaml.has_marker(document) { "" } else { "---\n" };
    let end = if text.ends_with('\n') { "" } else { "\n" };
    Zeroizing::new(format!("{marker}{text}{end}"))
}

/// `None` for another kind of object.
fn secret(name: &str, object: &Object) -> Result<Option<Secret>, Failure> {
    if object.kind() != "Secret" {
        return Ok(None);
    }
    // never handed through: it may be a Secret all the same
    if object.api_version() != "v1" {
        let text = format!("{name}:{}: a Secret has the apiVersion v1, this one has not", object.line());
        return Err(Failure::new(Kind::CannotRead, text).hint("write apiVersion: v1 into it"));
    }
    let bad = |error: SecretError| {
        let is_base64 = matches!(error, SecretError::Base64 { .. });
        let failure = Failure::of(Kind::CannotRead, &error).about(name);
        if is_base64 {
            return failure.hint("values of data are base64; text as it is goes under stringData");
        }
        failure.hint("values are text: quote numbers, true and yes")
    };
    Secret::from_object(object).map(Some).map_err(bad)
}

fn refuse(name: &str, object: &Object, why: &str) -> Failure {
    let (kind, title) = (object.kind(), object.name());
    let line = object.line();
    let what = match (kind.is_empty(), title.is_empty()) {
        (true, _) => "an object without a kind".to_owned(),
        (false, true) => kind.into_owned(),
        (false, false) => format!("{kind} {title}"),
    };
    Failure::new(Kind::CannotRead, format!("{name}:{line}: {what}: {why}"))
        .hint("to hand other objects through as they are: --keep-others")
}
