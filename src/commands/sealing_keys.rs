//! Files of private sealing keys: what kubeseal takes for its recovery, and the same encrypted with SOPS. Opened in memory only.

use std::path::Path;

use super::session::Session;
use super::sopsfile::{self, Source};
use crate::failure::{Failure, Kind};
use crate::fsio::read::{DOCUMENT_LIMIT, read_stream};
use crate::sealed::keyfile::{self, SealingKey};
use crate::sealed::{KeyChain, KeyError, KeyFileError};
use crate::secret::SecretBytes;

/// What begins a file that cannot be SOPS's.
const PEM: &[u8] = b"-----BEGIN ";

/// The private keys in the file at `path`; `-` is standard input.
///
/// # Errors
/// Not readable, no keys in it, or encrypted and nobody here opens it.
pub fn read(session: &Session, path: &Path) -> Result<Vec<SealingKey>, Failure> {
    let source = source(path)?;
    let name = source.name.clone();
    if source.bytes.trim_ascii_start().starts_with(PEM) {
        return parse(&name, &SecretBytes::new(source.bytes.to_vec()));
    }
    let bytes = SecretBytes::new(source.bytes.to_vec());
    // what is no document at all is told by the reader of keys
    let Ok(parsed) = source.parse() else { return parse(&name, &bytes) };
    if !parsed.document.is_encrypted() {
        return parse(&name, &bytes);
    }
    let plain = sopsfile::open_parsed(session, parsed)?.decrypt(false)?;
    parse(&name, &SecretBytes::new(plain.bytes().to_vec()))
}

/// A file, a pipe such as `<(command)`, or standard input.
fn source(path: &Path) -> Result<Source, Failure> {
    if path.as_os_str() == "-" {
        return Source::stdin();
    }
    let name = path.display().to_string();
    let bytes = read_stream(path, DOCUMENT_LIMIT)?;
    Ok(Source { name: name.clone(), bytes, stamp: None, format: None, named: Some(name), literal: false })
}

/// The keys of several files as a chain.
///
/// # Errors
/// As [`read`].
pub fn chain<P: AsRef<Path>>(session: &Session, paths: &[P]) -> Result<KeyChain, Failure> {
    let mut chain = KeyChain::new();
    for path in paths {
        read(session, path.as_ref())?.into_iter().for_each(|sealing| chain.add(sealing.key));
    }
    Ok(chain)
}

fn parse(name: &str, bytes: &SecretBytes) -> Result<Vec<SealingKey>, Failure> {
    keyfile::read(bytes).map_err(|error| {
        let failure = Failure::of(Kind::CannotRead, &error).about(name);
        match error {
            KeyFileError::Pem(KeyError::Locked) => failure
                .hint("take the passphrase off into a pipe: openssl rsa -in FILE | …, or keep the key in a SOPS file"),
            _ => failure.hint(
                "give a PEM private key, or what this prints: kubectl get secret -n kube-system \
                 -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml",
            ),
        }
    })
}
