//! `--raw`: one value, sealed on its own.

use std::path::Path;

use zeroize::Zeroizing;

use super::call::Call;
use super::exit::Exit;
use crate::fsio::read::{self, DOCUMENT_LIMIT};
use crate::fsio::{output, terminal};
use crate::manifest::text;
use crate::sealed::{PublicKey, Scope};

/// Seals what `--from-file` or standard input has, to the last byte.
pub fn run(call: &Call, key: &PublicKey) -> Result<(), Exit> {
    let scope = call.scope();
    let name = call.given.text("name");
    let mut namespace = String::new();
    if scope.needs_namespace() {
        namespace = call.namespace()?;
        if namespace.is_empty() {
            return Err(Exit::new(format!("must provide the --namespace flag with --raw and --scope {scope}")));
        }
        if name.is_empty() && scope == Scope::Strict {
            return Err(Exit::new(format!("must provide the --name flag with --raw and --scope {scope}")));
        }
    }
    let value = value(call)?;
    let blob = key.seal(&scope.label(&namespace, name), &value)?;
    call.finish(text::encode(&blob).as_bytes())
}

fn value(call: &Call) -> Result<Zeroizing<Vec<u8>>, Exit> {
    let mut files = call.given.all("from-file");
    match (files.next(), files.next()) {
        (Some(_), Some(_)) => {
            Err(Exit::new("must provide only one --from-file when encrypting a single item with --raw"))
        }
        (Some(file), None) => {
            // what stands before it is the key, which nothing is bound to
            let path = Path::new(file.split_once('=').map_or(file, |(_, path)| path));
            read::read_stream(path, DOCUMENT_LIMIT).map_err(|error| Exit::file("open", path, &error))
        }
        (None, _) => {
            if terminal::stdin_is_terminal() {
                output::say("(tty detected: expecting a secret to encrypt in stdin)");
            }
            Ok(read::read_stdin(DOCUMENT_LIMIT)?)
        }
    }
}
