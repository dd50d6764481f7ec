//! One call as `sops`: what was given, and the session it runs in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::convert::Style;
use super::exit::{Exit, warn};
use super::flags::Command;
use super::grammar::Given;
use super::store::Store;
use crate::commands::session::{Global, Session};
use crate::commands::sopsfile::Source;
use crate::document::json::emit::Indent;
use crate::failure::Kind;
use crate::fsio::batch::Batch;
use crate::fsio::env::{Env, Var};
use crate::fsio::read::{DOCUMENT_LIMIT, Stamp, read_stream};
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, Staged};
use crate::fsio::{folder, output, terminal};
use crate::keyservice::KeyError;
use crate::keyservice::age::check_recipient;
use crate::sops::key::MasterKey;
use crate::sops::rules::parse_key;

/// Standard input, by its name.
const STDIN: &str = "/dev/stdin";
/// The kinds of keys that `--decryption-order` knows; others are accepted and mean nothing.
const KEY_KINDS: [&str; 7] = ["age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms"];

/// A flag for keys, the field of creation rules that is read alike.
pub const KEY_FLAGS: [(&str, &str); 7] = [
    ("kms", "kms"),
    ("gcp-kms", "gcp_kms"),
    ("hckms", "hckms"),
    ("azure-kv", "azure_keyvault"),
    ("pgp", "pgp"),
    ("hc-vault-transit", "hc_vault_transit_uri"),
    ("age", "age"),
];

/// See the file's description.
#[derive(Debug)]
pub struct Call {
    /// The flags and positionals of the subcommand; without one those before everything.
    pub given: Given,
    /// The flags before the subcommand.
    pub global: Given,
    /// The environment and the configuration.
    pub session: Session,
    /// There is no subcommand.
    pub legacy: bool,
}

impl Call {
    /// Sets everything up; nothing is read but the working folder's name. `encrypting` is whether a new file is made.
    ///
    /// # Errors
    /// A kind of key twice in the decryption order; a key service.
    pub fn new(given: Given, global: Given, env: Env, legacy: bool, encrypting: bool) -> Result<Self, Exit> {
        let services: Vec<String> = given.all("keyservice").into_iter().filter(|address| !address.is_empty()).collect();
        if !cfg!(feature = "keyservice") && !services.is_empty() {
            return Err(Exit::new(1, "this binary was built without key services (feature `keyservice`)"));
        }
        let without_local = given.switch("enable-local-keyservice") == Some(false);
        let no_service = without_local && services.is_empty();
        if no_service && encrypting {
            let text = "Could not generate data key: [no key services provided, cannot update master keys]";
            return Err(Exit::new(1, text));
        }
        if no_service {
            return Err(Exit::new(
                Kind::CannotOpen.code(),
                "Failed to get the data key required to decrypt the SOPS file.\n\nno key services: \
                 --enable-local-keyservice=false leaves none, and no --keyservice is named",
            ));
        }
        let order = decryption_order(given.text("decryption-order"))?;
        // sops knows EDITOR and SOPS_EDITOR only; a script in EDITOR must not lose to the user's VISUAL
        let env = env.with(Var::Visual, None).with(Var::SopsDecryptionOrder, order.as_deref().map(str::as_ref));
        let config = global.os("config").map(PathBuf::from);
        let options = Global {
            config,
            quiet: true,
            #[cfg(feature = "keyservice")]
            keyservice: services,
            #[cfg(feature = "keyservice")]
            no_local_keys: without_local,
            ..Global::default()
        };
        let session = Session::within(folder::current()?, env, options);
        #[cfg(feature = "keyservice")]
        crate::commands::keyring::remote::addresses(&session)?;
        Ok(Self { given, global, session, legacy })
    }

    /// The configuration has to be readable whatever is done, as in sops.
    ///
    /// # Errors
    /// A file that is named and missing, or anything wrong in it.
    pub fn check_config(&self) -> Result<(), Exit> {
        match self.session.config() {
            Ok(_) => Ok(()),
            Err(failure) if failure.kind() == Kind::NoFile => {
                Err(Exit::new(1, format!("could not read config file: {failure}")))
            }
            Err(failure) if failure.kind() == Kind::CannotRead => {
                Err(Exit::new(1, format!("error loading config: {failure}")))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Whether there is a configuration with creation rules.
    pub fn has_rules(&self) -> bool {
        matches!(self.session.config(), Ok(Some(loaded)) if loaded.config.has_rules)
    }

    /// The first positional; those after it are ignored with a warning.
    pub fn file(&self) -> Option<&Path> {
        if self.given.rest.len() > 1 {
            warn("More than one positional argument provided. Only the first one will be used!");
            let flag = self.given.rest.iter().skip(1).find(|word| word.to_string_lossy().starts_with('-'));
            if let Some(flag) = flag {
                let flag = flag.to_string_lossy();
                warn(&format!(
                    "Note that one of the ignored positional argument is \"{flag}\", which looks like a flag. \
                     Flags must always be provided before the first positional argument!"
                ));
            }
        }
        self.given.rest.first().map(Path::new)
    }

    /// The first positional, which has to be a file that is there.
    ///
    /// # Errors
    /// None was named, or it is not there.
    pub fn existing(&self) -> Result<&Path, Exit> {
        let path = self.file().ok_or_else(Exit::no_file)?;
        self.must_exist(path)?;
        Ok(path)
    }

    /// The failure for a file that is not there.
    ///
    /// # Errors
    /// It is not there.
    pub fn must_exist(&self, path: &Path) -> Result<(), Exit> {
        if folder::exists(path) {
            return Ok(());
        }
        let absolute = folder::absolute(self.session.cwd(), path);
        let text = format!("Error: cannot operate on non-existent file \"{}\"", absolute.display());
        Err(Exit::new(Kind::NoFile.code(), text))
    }

    /// The name that rules and types are looked up by.
    pub fn name<'a>(&'a self, path: &'a Path) -> &'a Path {
        self.given.os("filename-override").map_or(path, Path::new)
    }

    /// The format that is read.
    pub fn input(&self, path: &Path) -> Store {
        Store::choose(self.given.text("input-type"), self.name(path))
    }

    /// The format that is written.
    pub fn output(&self, path: &Path) -> Store {
        Store::choose(self.given.text("output-type"), self.name(path))
    }

    /// How nested values are indented in another format: `--indent`, else the `stores` of the configuration.
    ///
    /// # Errors
    /// A negative number.
    pub fn style(&self, to: Store) -> Result<Style, Exit> {
        let stores = self.session.config()?.map(|loaded| loaded.config.stores).unwrap_or_default();
        let given = [&self.given, &self.global].into_iter().find(|flags| flags.has("indent"));
        let given = given.map(|flags| flags.number("indent"));
        let refuse = |text: &str| Err(Exit::new(Kind::CannotEmit.code(), format!("Error dumping file: {text}")));
        let (yaml, json) = (given.unwrap_or(stores.yaml_indent), given.unwrap_or(stores.json_indent));
        if to == Store::Json && json < -1 {
            return refuse("Error marshaling to json: JSON Indentation parameter smaller than -1 is not accepted");
        }
        if to == Store::Yaml && yaml < 0 {
            return refuse("YAML Negative indentation not accepted");
        }
        let yaml = usize::try_from(yaml).ok().filter(|step| *step > 0).unwrap_or(Style::default().yaml);
        Ok(Style { yaml, json: usize::try_from(json).map_or(Indent::Tab, Indent::Spaces) })
    }

    /// Refuses `--output` together with `--in-place`.
    ///
    /// # Errors
    /// Both were given.
    pub fn one_place(&self) -> Result<(), Exit> {
        if self.given.is_on("in-place") && self.given.has("output") {
            let text = "Error: cannot operate on both --output and --in-place";
            return Err(Exit::new(Kind::ConflictingOptions.code(), text));
        }
        Ok(())
    }

    /// The result goes to standard output, to the file of `--output`, or over the file itself.
    ///
    /// # Errors
    /// What the file system says.
    pub fn deliver(&self, bytes: &[u8], over: Option<(&Path, Option<Stamp>)>, new: NewMode) -> Result<(), Exit> {
        let (path, stamp) = match (self.given.os("output"), over) {
            (Some(path), _) => (Path::new(path), None),
            (None, Some((path, stamp))) if self.given.is_on("in-place") => (path, stamp),
            _ => return Ok(output::data(bytes)?),
        };
        if output::to_stream(path, bytes)? {
            return Ok(());
        }
        self.session.guard_files();
        let staged = Staged::new(Target::resolve(path)?, bytes, new)?;
        let mut batch = Batch::new();
        batch.add(staged, stamp, None);
        batch.commit().map_err(|error| Exit::from(crate::failure::Failure::from(error)))
    }

    /// The keys that flags name: `prefix` and the flag's own name.
    ///
    /// # Errors
    /// A text that is no key.
    pub fn keys(&self, prefix: &str) -> Result<Vec<MasterKey>, Exit> {
        let profile = self.given.text("aws-profile").unwrap_or_default();
        let context = self.encryption_context()?;
        let mut keys = Vec::new();
        for (flag, field) in KEY_FLAGS {
            for text in self.given.all(&format!("{prefix}{flag}")) {
                for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                    keys.push(parse_key(field, word, profile).map_err(|problem| {
                        // the text is not repeated: it might be a private key
                        Exit::new(1, format!("failed to parse input: --{prefix}{flag} {problem}"))
                    })?);
                    if field == "age" && check_recipient(word) == Err(KeyError::BadRecipient) {
                        let text = "failed to parse input as Bech32-encoded age public key: malformed recipient";
                        return Err(Exit::new(1, format!("{text} in --{prefix}{flag}")));
                    }
                }
            }
        }
        give_context(&mut keys, &context);
        Ok(keys)
    }

    /// What `--encryption-context` says.
    ///
    /// # Errors
    /// Not pairs.
    pub fn encryption_context(&self) -> Result<Vec<(String, String)>, Exit> {
        let text = self.given.text("encryption-context").unwrap_or_default();
        parse_context(text).ok_or_else(|| Exit::new(6, "Invalid KMS encryption context format"))
    }
}

/// Gives a context to the AWS KMS keys that have none.
pub fn give_context(keys: &mut [MasterKey], given: &[(String, String)]) {
    for key in keys {
        if let MasterKey::Kms { context, .. } = key
            && context.is_empty()
        {
            context.extend_from_slice(given);
        }
    }
}

/// `key:value` pairs with commas (sops 3.13.2 `kms/keysource.go`, `ParseKMSContext`). The last of two values for a key is
/// kept, in the order of the keys.
fn parse_context(text: &str) -> Option<Vec<(String, String)>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let pairs = text.split(',').map(|pair| {
        let (key, value) = pair.split_once(':')?;
        (!value.contains(':')).then(|| (key.to_owned(), value.to_owned()))
    });
    Some(pairs.collect::<Option<BTreeMap<_, _>>>()?.into_iter().collect())
}

impl Call {
    /// Reads a file in the format that it is said to have, as sops reads it.
    ///
    /// # Errors
    /// As [`read`].
    pub fn source(&self, path: &Path) -> Result<Source, Exit> {
        Ok(Source { format: Some(self.input(path).kind()), literal: true, ..read(path)? })
    }

    /// The same from standard input.
    ///
    /// # Errors
    /// As [`Source::stdin`].
    pub fn stdin(&self) -> Result<Source, Exit> {
        Ok(Source { format: Some(self.input(Path::new("")).kind()), literal: true, ..Source::stdin()? })
    }

    /// What is piped in, if the file is that, to be read before anything else can go wrong: a caller that is still writing
    /// when we end fails on its own pipe and never sees why we did (Ansible's `run_command`). sops is merely slower to end.
    pub fn piped(&self, file: Option<&Path>) -> Option<Result<Source, Exit>> {
        match file {
            _ if terminal::stdin_is_terminal() => None,
            None => Some(self.stdin()),
            Some(path) => (path == Path::new(STDIN)).then(|| self.source(path)),
        }
    }
}

/// Reads a file, or what has a name but is none: `/dev/stdin`, a pipe of the shell.
///
/// # Errors
/// As [`Source::file`].
pub fn read(path: &Path) -> Result<Source, Exit> {
    if path == Path::new(STDIN) {
        return Ok(Source::stdin()?);
    }
    if folder::is_stream(path) {
        let bytes: Zeroizing<Vec<u8>> = read_stream(path, DOCUMENT_LIMIT)?;
        let name = path.display().to_string();
        return Ok(Source { name, bytes, stamp: None, format: None, named: None, literal: true });
    }
    Ok(Source::file(path)?)
}

/// The failure for a file that is not there, which here has another number than elsewhere.
///
/// # Errors
/// It is not there.
pub fn must_be_readable(file: &Path) -> Result<(), Exit> {
    if folder::exists(file) {
        return Ok(());
    }
    let text = format!("Error reading file: open {}: no such file or directory", file.display());
    Err(Exit::new(Kind::CannotRead.code(), text))
}

/// Words that mean nothing are left out.
fn decryption_order(text: Option<&str>) -> Result<Option<String>, Exit> {
    let Some(text) = text else {
        return Ok(None);
    };
    let mut order: Vec<&str> = Vec::new();
    for word in text.split(',').map(str::trim) {
        if order.contains(&word) {
            let text = format!("Duplicate decryption key type: {word}");
            return Err(Exit::new(Kind::DuplicateDecryptionOrder.code(), text));
        }
        order.push(word);
    }
    order.retain(|word| KEY_KINDS.contains(word));
    Ok(Some(order.join(",")).filter(|order| !order.is_empty()))
}

/// The help of a subcommand, or of everything.
pub fn help(command: &Command, list: &[&Command]) -> String {
    let mut text = String::new();
    let separator = if command.name.is_empty() { "" } else { " " };
    text.push_str(&format!("NAME:\n   sops{separator}{} - {}\n\n", command.name, command.help));
    text.push_str(&format!("USAGE:\n   sops{separator}{} {}\n", command.name, command.usage));
    if !list.is_empty() {
        text.push_str("\nCOMMANDS:\n");
        for command in list {
            text.push_str(&format!("   {:<12} {}\n", command.name, command.help));
        }
    }
    text.push_str("\nOPTIONS:\n");
    let flags = command.all_flags();
    let spelled: Vec<String> = flags
        .iter()
        .map(|flag| {
            let value = if flag.kind == super::grammar::Kind::Bool { "" } else { " value" };
            let short: String = flag
                .aliases
                .iter()
                .map(|alias| format!(", {}{alias}", if alias.len() == 1 { "-" } else { "--" }))
                .collect();
            format!("--{}{short}{value}", flag.name)
        })
        .collect();
    let width = spelled.iter().map(String::len).max().unwrap_or(0);
    for (flag, spelled) in flags.iter().zip(spelled) {
        let var = flag.var.map_or_else(String::new, |var| format!(" [${}]", var.name()));
        text.push_str(&format!("   {spelled:<width$}  {}{var}\n", flag.help));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts() {
        let pairs = |text| parse_context(text).map(|pairs| format!("{pairs:?}"));
        assert_eq!(pairs("").unwrap(), "[]");
        assert_eq!(pairs("b:2,a:1, c:,b:3").unwrap(), r#"[(" c", ""), ("a", "1"), ("b", "3")]"#);
        for bad in ["a", "a:b:c", "a:1,", ","] {
            assert_eq!(pairs(bad), None, "{bad}");
        }
    }

    #[test]
    fn orders() {
        assert_eq!(decryption_order(Some("pgp,agee, age")).unwrap().unwrap(), "pgp,age");
        assert_eq!(decryption_order(Some("nothing")).unwrap(), None);
        let exit = decryption_order(Some("age,age")).unwrap_err();
        assert_eq!((exit.code, exit.text.as_str()), (112, "Duplicate decryption key type: age"));
    }
}
