//! What was given, where the input comes from and where the output goes.

use std::path::Path;

use zeroize::Zeroizing;

use super::controller;
use super::exit::Exit;
use super::grammar::Given;
use crate::document::tree::Node;
use crate::fsio::env::Env;
use crate::fsio::read::{self, DOCUMENT_LIMIT};
use crate::fsio::write::{NewMode, write_atomic};
use crate::fsio::{folder, output, target, terminal};
use crate::manifest::emit::{self, Format};
use crate::sealed::Scope;

/// One call.
pub struct Call {
    /// The flags.
    pub given: Given,
    /// The environment.
    pub env: Env,
    /// The file of `--sealed-secret-file`, or what stands for it.
    output: Option<String>,
}

impl Call {
    /// Checks what has to be right before anything is done.
    ///
    /// # Errors
    /// `--from-file` without `--raw`, an input that is not there, an output that cannot be.
    pub fn new(given: Given, env: Env) -> Result<Self, Exit> {
        if given.all("from-file").next().is_some() && !given.is_on("raw") {
            return Err(Exit::new("--from-file requires --raw"));
        }
        match given.some("secret-file") {
            Some(path) if !folder::exists(path.as_ref()) => return Err(unreadable()),
            None if !given.is_on("raw") && !given.is_on("fetch-cert") && terminal::stdin_is_terminal() => {
                output::say("(tty detected: expecting json/yaml k8s resource in stdin)");
            }
            _ => {}
        }
        let mut output = given.some("sealed-secret-file");
        if given.is_on("re-encrypt") {
            output = output.or(given.some("secret-file"));
        }
        let output = output.map(str::to_owned);
        if let Some(path) = output.as_deref().map(Path::new).filter(|path| !output::is_stream(path)) {
            let checked = target::Target::resolve(path).and_then(|target| target.check_folder());
            checked.map_err(|error| Exit::file("open", path, &error))?;
        }
        Ok(Self { given, env, output })
    }

    /// Says on a terminal that keys are of no use without `--recovery-unseal`.
    pub fn warn_of_idle_keys(&self) {
        if self.given.all("recovery-private-key").next().is_some() && terminal::stderr_is_terminal() {
            output::say(
                "warning: ignoring --recovery-private-key because unseal command not chosen with --recovery-unseal",
            );
        }
    }

    /// The whole input.
    ///
    /// # Errors
    /// It cannot be read, or is beyond all bounds.
    pub fn input(&self) -> Result<Zeroizing<Vec<u8>>, Exit> {
        match self.given.some("secret-file") {
            Some(path) => read::read_stream(path.as_ref(), DOCUMENT_LIMIT).map_err(|error| {
                if folder::is_folder(path.as_ref()) { Exit::file("open", path.as_ref(), &error) } else { unreadable() }
            }),
            None => Ok(read::read_stdin(DOCUMENT_LIMIT)?),
        }
    }

    /// The scope of `--scope`; strict is also what it is without.
    pub fn scope(&self) -> Scope {
        // the grammar has let in nothing else
        self.given.text("scope").parse().unwrap_or_default()
    }

    /// The form of the output: the one of the file's name first.
    ///
    /// # Errors
    /// No such form.
    pub fn format(&self) -> Result<Format, Exit> {
        let is_yaml = |path: &String| path.ends_with(".yaml") || path.ends_with(".yml");
        if self.output.as_ref().is_some_and(is_yaml) {
            return Ok(Format::Yaml);
        }
        Ok(self.given.text("format").parse()?)
    }

    /// Whether the output goes to a file, which is replaced as a whole or not at all.
    pub fn has_output_file(&self) -> bool {
        self.output.is_some()
    }

    /// Prints objects.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn print<'a>(&self, nodes: impl IntoIterator<Item = &'a Node>) -> Result<(), Exit> {
        let text = emit::objects(nodes, self.format()?);
        self.finish(text.as_bytes())
    }

    /// Prints what a mode has made, to the file or to standard output.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(&self, bytes: &[u8]) -> Result<(), Exit> {
        let Some(path) = &self.output else {
            return Ok(output::data(bytes)?);
        };
        let path = Path::new(path);
        if output::is_stream(path) && output::to_stream(path, bytes)? {
            return Ok(());
        }
        // an opened Secret is for its owner only; whatever was there before keeps its mode
        let mode = if self.given.is_on("recovery-unseal") { NewMode::OwnerOnly } else { NewMode::Public };
        write_atomic(path, bytes, mode).map_err(|error| Exit::file("open", path, &error))
    }

    /// The namespace that flags and kubeconfig files say.
    ///
    /// # Errors
    /// Nothing says one, or the files cannot be used.
    pub fn namespace(&self) -> Result<String, Exit> {
        match self.explicit_namespace() {
            Some(namespace) => Ok(namespace.to_owned()),
            None => controller::namespace(self),
        }
    }

    /// The namespace of `--namespace`, without what kubectl prints before it (client-go `RemoveNamespacesPrefix`).
    pub fn explicit_namespace(&self) -> Option<&str> {
        let text = self.given.some("namespace")?;
        let prefixes = ["namespaces/", "namespace/", "ns/"];
        let stripped = prefixes.iter().find_map(|prefix| {
            let head = text.get(..prefix.len())?;
            text.get(prefix.len()..).filter(|rest| !rest.is_empty() && head.eq_ignore_ascii_case(prefix))
        });
        Some(stripped.unwrap_or(text))
    }
}

fn unreadable() -> Exit {
    Exit::new("Could not read file specified with --secret-file")
}
