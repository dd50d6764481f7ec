//! `sealant exec-env`: a program with the file's values in its environment. Nothing is in its arguments, nothing on disk.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::redact::{SHORTEST, Secrets};
use super::session::Session;
use super::sops::convert;
use super::sopsfile;
use crate::document::kind::DocumentKind;
use crate::document::tree::{Kind as NodeKind, Node};
use crate::failure::{Failure, Kind};
use crate::fsio::child::ChildError;
use crate::fsio::run::{Ended, Run, What};
use crate::sops::file::Plain;

/// Names and values for an environment.
pub type Variables = Vec<(String, Zeroizing<String>)>;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The program gets nothing of the present environment but what the file holds
    #[arg(long)]
    pub pristine: bool,
    /// Mask the values, also in base64, JSON and URLs, in what the program prints
    #[arg(long)]
    pub redact: bool,
    /// The program and its arguments
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub program: Vec<OsString>,
}

const EXAMPLES: &str = "\
Every key at the top of the file becomes a variable; lists and mappings cannot. There is no shell in
between. The program gets all signals, and its exit code is ours. It does not get SOPS_AGE_KEY and
the variables with commands for keys.

Examples:
  sealant exec-env config/prod/app.yml -- ./server --port 8080
  sealant exec-env --redact config/prod/app.yml -- make deploy";

/// Runs it; returns the program's exit code.
///
/// # Errors
/// What keeps the file from being decrypted and the program from being started.
pub fn run(args: &Args, session: &Session) -> Result<u8, Failure> {
    let opened = sopsfile::open(session, &args.file)?;
    let plain = opened.decrypt(false)?;
    let name = &opened.name;
    let variables = variables(name, &opened.parse_plain(&plain)?).map_err(|failure| {
        let failure = if failure.message().contains(name.as_str()) { failure } else { failure.about(name) };
        failure.hint(format!("give the program the whole content instead: sealant exec-file {name} -- PROGRAM {{}}"))
    })?;
    drop(plain);
    let what = What::Program(args.program.clone());
    let run = Run { what, variables: &variables, pristine: args.pristine, keep_keys: false, user: None };
    finish(&run, &variables, args.redact, session)
}

/// Waits for the program, with or without masks over what it prints.
///
/// # Errors
/// It does not start.
pub fn finish(run: &Run<'_>, secret: &Variables, redact: bool, session: &Session) -> Result<u8, Failure> {
    let ended = if redact {
        let short: Vec<&str> = secret
            .iter()
            .filter(|(_, value)| !value.trim().is_empty() && value.trim().len() < SHORTEST)
            .map(|(name, _)| name.as_str())
            .collect();
        if !short.is_empty() {
            session.warn(&format!("too short to be masked: {}", short.join(", ")));
        }
        let secrets = Secrets::new(secret.iter().map(|(_, value)| value.as_str()));
        run.wait_filtered([Box::new(secrets.filter()), Box::new(secrets.filter())])
    } else {
        run.wait()
    };
    ended.map(Ended::code).map_err(|error| {
        let failure = not_started(&error);
        match &error {
            ChildError::NotStarted { program, .. } if program.contains(char::is_whitespace) => {
                let quoted = program.replace('\'', "'\\''");
                failure.hint(format!("there is no shell in between; for one: -- sh -c '{quoted}'"))
            }
            _ => failure,
        }
    })
}

/// A program that does not start.
pub fn not_started(error: &ChildError) -> Failure {
    Failure::of(Kind::Generic, error)
}

/// The top of the first document as variables.
///
/// # Errors
/// A list or a mapping; a name that no variable can have.
pub fn variables(name: &str, plain: &Plain) -> Result<Variables, Failure> {
    if plain.kind() == DocumentKind::Binary {
        // as sops: the one value that it makes of bytes
        let text = String::from_utf8(plain.bytes().to_vec());
        let text = text.map_err(|_| Failure::new(Kind::Generic, format!("{name} holds bytes that are not text")))?;
        return Ok(vec![("data".to_owned(), Zeroizing::new(text))]);
    }
    let tree = plain.tree().map_err(|error| sopsfile::failure(name, &error))?;
    let NodeKind::Map(entries) = &tree.kind else {
        return Ok(Vec::new());
    };
    let mut variables = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let refuse = |why: &str| Failure::new(Kind::Generic, format!("{why}; offending key {}", key.name));
        let text = convert::scalar(value).ok_or_else(|| refuse("cannot use complex value in environment"))?;
        if key.name.is_empty() || key.name.contains(['=', '\0']) {
            return Err(refuse("cannot use keys that are empty or have \"=\" in them as environment"));
        }
        if text.contains('\0') {
            return Err(refuse("cannot use a value with a null character in environment"));
        }
        variables.push((key.name.clone(), text));
    }
    Ok(variables)
}

/// Every single value of a plain text, each with the last key above it, and after them their spellings where those differ.
///
/// # Errors
/// A text that is not of its format.
pub fn leaves(name: &str, plain: &Plain) -> Result<Variables, Failure> {
    let mut found = values(name, plain)?;
    let spellings: Vec<_> = {
        let known: HashSet<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
        let differs = |text: &Zeroizing<String>| text.len() >= SHORTEST && !known.contains(text.as_str());
        plain.spellings().into_iter().filter(differs).collect()
    };
    found.extend(spellings.into_iter().map(|text| (String::new(), text)));
    Ok(found)
}

fn values(name: &str, plain: &Plain) -> Result<Variables, Failure> {
    let mut found = Vec::new();
    let Some(document) = plain.yaml() else {
        let tree = plain.tree().map_err(|error| sopsfile::failure(name, &error))?;
        add_leaves("", &tree, &mut found);
        if plain.kind() == DocumentKind::Binary {
            found = variables(name, plain).unwrap_or_default();
        }
        return Ok(found);
    };
    let failed = |error| sopsfile::failure(name, &crate::sops::file::FileError::Yaml(error));
    for index in 0..document.documents() {
        let tree = super::json::Wiped::new(document.tree(document.root(index)).map_err(failed)?);
        add_leaves("", tree.node(), &mut found);
    }
    Ok(found)
}

fn add_leaves(key: &str, node: &Node, found: &mut Variables) {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().for_each(|(key, node)| add_leaves(&key.name, node, found)),
        NodeKind::List(items) => items.iter().for_each(|node| add_leaves(key, node, found)),
        _ => found.extend(convert::scalar(node).map(|value| (key.to_owned(), value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Plain {
        Plain::guess(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn the_top_becomes_variables() {
        let found = variables("f", &plain("# c\nA: x\nB: 1\nC: true\nD: 1.0\nE: \"l1\\nl2\"\n")).unwrap();
        let shown: Vec<String> = found.iter().map(|(name, value)| format!("{name}={}", value.as_str())).collect();
        assert_eq!(shown, ["A=x", "B=1", "C=true", "D=1.0", "E=l1\nl2"]);
    }

    #[test]
    fn leaves_are_found_everywhere() {
        let found = leaves("f", &plain("a: {b: [x, 1]}\n---\nc: y\n")).unwrap();
        let shown: Vec<String> = found.iter().map(|(name, value)| format!("{name}={}", value.as_str())).collect();
        assert_eq!(shown, ["b=x", "b=1", "c=y"]);
        let found = leaves("f", &plain("a: 0x1F4012\nb: 'it''s hunter2'\nc: \"plain\"\n")).unwrap();
        let shown: Vec<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(shown, ["2048018", "it's hunter2", "plain", "0x1F4012", "it''s hunter2"]);
    }

    #[test]
    fn what_cannot_be_one_is_named_without_its_value() {
        for (text, key) in [("a: [hunter2]\n", "a"), ("b: {c: hunter2}\n", "b"), ("\"c=d\": hunter2\n", "c=d")] {
            let failure = variables("f", &plain(text)).unwrap_err();
            assert!(failure.message().ends_with(&format!("offending key {key}")), "{failure}");
            assert!(!format!("{failure:?}").contains("hunter2"));
        }
    }
}
