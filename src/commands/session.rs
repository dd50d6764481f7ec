//! What a command runs in: environment, global options, configuration, key ring, names. Each is looked up once, and only
//! when it is needed; all of it may be used from several threads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::{identities, keyring};
use crate::document::tree::{Kind as NodeKind, Node};
use crate::document::value::Value;
use crate::document::yaml::Document;
use crate::failure::{Failure, Kind};
use crate::fsio::env::{Env, Var};
use crate::fsio::read::{KEY_LIMIT, read_stream};
use crate::fsio::{FsError, clock, folder, output, signals};
use crate::keyservice::names::without_comment;
use crate::keyservice::{KeyRing, Names};
use crate::sops::key::MasterKey;
use crate::sops::rules::{Config, CreationRule, Problem, RuleError};

/// The name of the configuration file.
pub const CONFIG_NAME: &str = ".sops.yaml";
/// Kinds of keys that sops has words for (sops 3.13.2 `keyservice`, `ParseDecryptionOrder`).
const KEY_KINDS: [&str; 7] = ["age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms"];

/// Options of every command.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The configuration file, instead of the nearest .sops.yaml [env: SOPS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A file with age identities; may be repeated
    #[arg(long, global = true, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// A key service in another process, tcp://HOST:PORT or unix:///PATH; may be repeated
    #[cfg(feature = "keyservice")]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub keyservice: Vec<String>,
    /// Use no key of this machine, only those of --keyservice
    #[cfg(feature = "keyservice")]
    #[arg(long, global = true)]
    pub no_local_keys: bool,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but warnings and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// See the file's description.
#[derive(Debug)]
pub struct Session {
    /// The environment as it was when we started.
    pub env: Arc<Env>,
    /// The global options.
    pub global: Global,
    cwd: PathBuf,
    config: OnceLock<Option<Loaded>>,
    ring: OnceLock<KeyRing>,
    names: OnceLock<Names>,
    own: OnceLock<Option<Vec<String>>>,
    warned: AtomicBool,
    warner: Warner,
}

/// Where warnings go; to standard error when nobody says.
#[derive(Clone, Default)]
struct Warner(Option<Arc<Warn>>);

type Warn = dyn Fn(&str) + Send + Sync;

impl fmt::Debug for Warner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Warner({})", self.0.is_some())
    }
}

/// A configuration file that was read.
#[derive(Debug)]
pub struct Loaded {
    /// Its name for messages.
    pub name: String,
    /// The folder it is in: paths in its rules are relative to this.
    pub root: PathBuf,
    /// What it says.
    pub config: Config,
}

impl Session {
    /// A session of this process.
    ///
    /// # Errors
    /// When the working folder is gone.
    pub fn new(global: Global) -> Result<Self, Failure> {
        let env = Env::from_process();
        #[cfg(feature = "keyservice")]
        let global = keyring::remote::from_environment(global, &env);
        Ok(Self::within(folder::current()?, env, global))
    }

    /// A session with another working folder and environment: for tests and for `demo`.
    pub fn within(cwd: PathBuf, env: Env, global: Global) -> Self {
        Self {
            env: Arc::new(env),
            global,
            cwd,
            config: OnceLock::new(),
            ring: OnceLock::new(),
            names: OnceLock::new(),
            own: OnceLock::new(),
            warned: AtomicBool::new(false),
            warner: Warner::default(),
        }
    }

    /// The same session for those who outlive the command: what was looked up is looked up again.
    pub fn share(&self) -> Arc<Self> {
        Arc::new(self.again(self.warner.clone()))
    }

    /// The same, with warnings that go elsewhere.
    pub fn warning_through(&self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.again(Warner(Some(Arc::new(warn))))
    }

    fn again(&self, warner: Warner) -> Self {
        Self {
            env: self.env.clone(),
            global: self.global.clone(),
            cwd: self.cwd.clone(),
            config: OnceLock::new(),
            ring: OnceLock::new(),
            names: OnceLock::new(),
            own: OnceLock::new(),
            warned: AtomicBool::new(false),
            warner,
        }
    }

    /// The working folder.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Whether results are to be JSON.
    pub fn json(&self) -> bool {
        self.global.json
    }

    /// Says something on standard error, unless told to be quiet.
    pub fn say(&self, line: &str) {
        if !self.global.quiet {
            output::say(line);
        }
    }

    /// Warns on standard error, always.
    pub fn warn(&self, line: &str) {
        match &self.warner.0 {
            Some(warn) => warn(line),
            None => output::warn(line),
        }
    }

    /// Now, as metadata states it.
    pub fn now(&self) -> String {
        clock::now()
    }

    /// From now on temporary files are removed when a signal ends us. Call it before the first one is written.
    pub fn guard_files(&self) {
        // without handlers a signal may leave a temporary file: no reason not to work
        _ = signals::install();
    }

    /// A path as messages show it: relative to the working folder when it is below that.
    pub fn shown(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.cwd).unwrap_or(path);
        shown.display().to_string()
    }

    /// The configuration; `None` when there is none. Its warnings are printed when it is read.
    ///
    /// # Errors
    /// When it cannot be read, or anything in it is wrong.
    pub fn config(&self) -> Result<Option<&Loaded>, Failure> {
        if let Some(found) = self.config.get() {
            return Ok(found.as_ref());
        }
        let loaded = match self.config_path()? {
            Some(path) => Some(self.load(&path)?),
            None => None,
        };
        // two threads may both have read it: the first one's is kept
        Ok(self.config.get_or_init(|| loaded).as_ref())
    }

    fn config_path(&self) -> Result<Option<PathBuf>, Failure> {
        let given = self.global.config.as_deref();
        if let Some(path) = given.or_else(|| self.env.path(Var::SopsConfig)) {
            let path = folder::absolute(&self.cwd, path);
            if folder::exists(&path) {
                return Ok(Some(path));
            }
            return Err(FsError::Missing(path).into());
        }
        let mut folders = self.cwd.ancestors().map(|folder| folder.join(CONFIG_NAME));
        // a link that leads nowhere is an error when it is read, not a reason to take the rules of a folder above
        Ok(folders.find(|path| folder::is_taken(path)))
    }

    fn load(&self, path: &Path) -> Result<Loaded, Failure> {
        let name = self.shown(path);
        let bad = |text: String| {
            Failure::new(Kind::BadConfig, text).hint("nothing was done: correct the configuration file first")
        };
        let mut bytes = read_stream(path, KEY_LIMIT)?;
        let placed = |error: &crate::document::yaml::YamlError| {
            let (line, column) = (error.line, error.column);
            bad(format!("{name}:{line}:{column}: {}", error.problem))
        };
        let document = Document::from_bytes(std::mem::take(&mut *bytes)).map_err(|error| placed(&error))?;
        // sops reads the first document only: whoever wrote a second one counts on it
        let others = (1..document.documents()).map(|number| document.root(number));
        let mut others = others.filter(|root| !matches!(document.value(*root), Ok(Value::Null)));
        if let Some(root) = others.next() {
            let (line, _) = document.position(document.span(root).start);
            return Err(bad(format!(
                "{name}:{line}: a second YAML document, which nobody reads: only the first counts"
            )));
        }
        let node = match document.documents() {
            0 => Node::new(NodeKind::Null),
            _ => document.tree(document.root(0)).map_err(|error| placed(&error))?,
        };
        let node = match node.kind {
            NodeKind::Null => Node::new(NodeKind::Map(Vec::new())),
            _ => node,
        };
        let config = Config::read(&node, &name).map_err(|error| bad_rules(&error))?;
        for (line, text) in &config.warnings {
            self.warn(&format!("{name}:{line}: {text}"));
        }
        let root = path.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Loaded { name, root, config })
    }

    /// A path as the rules of `loaded` see it: relative to the configuration's folder when it is below that, else absolute.
    pub fn rule_path(&self, loaded: &Loaded, path: &Path) -> String {
        let absolute = folder::absolute(&self.cwd, path);
        let seen = absolute.strip_prefix(&loaded.root).unwrap_or(&absolute);
        let text = seen.to_string_lossy();
        if cfg!(windows) {
            return text.replace('\\', "/");
        }
        text.into_owned()
    }

    /// The first creation rule for a path; `None` when none matches, or there is no configuration.
    ///
    /// # Errors
    /// As [`Session::config`].
    pub fn rule_for(&self, path: &Path) -> Result<Option<&CreationRule>, Failure> {
        let Some(loaded) = self.config()? else {
            return Ok(None);
        };
        Ok(loaded.config.rule_for(&self.rule_path(loaded, path)))
    }

    /// The failure for a path that no rule matches.
    pub fn no_rule(&self, path: &Path) -> Failure {
        match self.config() {
            Ok(Some(loaded)) if loaded.config.has_rules => {
                let seen = self.rule_path(loaded, path);
                Failure::new(Kind::NoRule, format!("no creation rule matches {seen}"))
                    .detail(format!("the rules are in {}", loaded.name))
                    .hint("add a rule whose path_regex matches it, or name recipients with --age")
            }
            Ok(Some(loaded)) => Failure::new(
                Kind::NoRule,
                format!("there is no rule for {}: {} has no creation_rules", path.display(), loaded.name),
            )
            .hint("add creation_rules to it, or name recipients with --age"),
            _ => {
                let failure = Failure::new(
                    Kind::NoRule,
                    format!(
                        "there is no rule for {}: no {CONFIG_NAME} in {} or above",
                        path.display(),
                        self.cwd.display()
                    ),
                )
                .hint("make one with: sealant init, or name recipients with --age");
                if folder::exists(&self.cwd.join(".sops.yml")) {
                    return failure.hint("rename .sops.yml: the file has to be called .sops.yaml, as in sops");
                }
                failure
            }
        }
    }

    /// The key ring with every identity that can be found.
    ///
    /// # Errors
    /// When `SOPS_DECRYPTION_ORDER` is wrong, or a file of `--identity` is missing.
    pub fn ring(&self) -> Result<&KeyRing, Failure> {
        self.decryption_order()?;
        #[cfg(feature = "keyservice")]
        keyring::remote::check(self)?;
        if let Some(missing) = self.global.identity.iter().find(|path| !folder::exists(path)) {
            return Err(FsError::Missing(missing.clone()).into());
        }
        Ok(self.wrap_ring())
    }

    /// The same key ring for those who only wrap: it looks for no identity and asks for no passphrase until something is
    /// to be unwrapped.
    pub fn wrap_ring(&self) -> &KeyRing {
        self.ring.get_or_init(|| {
            let services = keyring::services(self);
            #[cfg(feature = "keyservice")]
            let services = keyring::remote::with_remote(self, services);
            let ring = KeyRing::new(services);
            // whoever unwraps has been told what is wrong with it
            match self.decryption_order() {
                Ok(Some(order)) => ring.with_order(order),
                _ => ring,
            }
        })
    }

    /// Warns once when the user has keys, but none that `groups` name. Where keys may be behind a passphrase, a command or a
    /// service nobody knows.
    pub fn warn_outsider(&self, groups: &[Vec<MasterKey>], from: &str) {
        if groups.iter().flatten().any(|key| !matches!(key, MasterKey::Age { .. })) {
            return;
        }
        let own = self.own.get_or_init(|| identities::all_recipients(&self.env, &self.global.identity));
        let Some(own) = own.as_ref().filter(|own| !own.is_empty()) else {
            return;
        };
        let is_own = |key: &MasterKey| match key {
            MasterKey::Age { recipient } => own.iter().any(|own| without_comment(own) == without_comment(recipient)),
            _ => false,
        };
        if !groups.iter().flatten().any(is_own) && !self.warned.swap(true, Ordering::Relaxed) {
            self.warn(&format!("{from}: you are not among the recipients: you cannot open what is encrypted for them"));
        }
    }

    fn decryption_order(&self) -> Result<Option<Vec<String>>, Failure> {
        let Some(text) = self.env.text(Var::SopsDecryptionOrder) else {
            return Ok(None);
        };
        let mut order: Vec<String> = Vec::new();
        for word in text.split(',').map(str::trim) {
            let name = Var::SopsDecryptionOrder.name();
            if !KEY_KINDS.contains(&word) {
                return Err(Failure::new(Kind::Generic, format!("{name}: unknown kind of key {word}"))
                    .hint(format!("known are: {}", KEY_KINDS.join(", "))));
            }
            if order.iter().any(|known| known == word) {
                let text = format!("{name} names {word} twice");
                return Err(Failure::new(Kind::DuplicateDecryptionOrder, text));
            }
            order.push(word.to_owned());
        }
        Ok(Some(order))
    }

    /// The people of this repository: `keys/` beside the configuration, else in the working folder.
    ///
    /// # Errors
    /// When a file there is no recipients file.
    pub fn names(&self) -> Result<&Names, Failure> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        let names = identities::names(&self.names_root())?;
        Ok(self.names.get_or_init(|| names))
    }

    /// The same for a message about something else: whoever cannot be read has no name.
    pub fn names_or_none(&self) -> &Names {
        static NOBODY: OnceLock<Names> = OnceLock::new();
        self.names().unwrap_or_else(|_| NOBODY.get_or_init(Names::new))
    }

    /// The folder that `keys/` is in.
    pub fn names_root(&self) -> PathBuf {
        match self.config() {
            Ok(Some(loaded)) => loaded.root.clone(),
            _ => self.cwd.clone(),
        }
    }
}

/// What is wrong in a configuration file, for people.
pub fn bad_rules(error: &RuleError) -> Failure {
    let only_patterns = error.problems.iter().all(|(_, problem)| matches!(problem, Problem::Regex { .. }));
    let kind = if only_patterns { Kind::BadRegex } else { Kind::BadConfig };
    let mut lines = error.to_string();
    let rest = lines.find('\n').map(|at| lines.split_off(at).trim_start().to_owned());
    let failure = Failure::new(kind, lines);
    rest.iter()
        .flat_map(|rest| rest.lines())
        .fold(failure, |failure, line| failure.detail(line))
        .hint("nothing was done: correct the configuration file first")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(dir: &Path, below: &str) -> Session {
        let cwd = dir.join(below);
        std::fs::create_dir_all(&cwd).unwrap();
        Session::within(cwd, Env::default(), Global::default())
    }

    const RULES: &str = "creation_rules:\n  - path_regex: ^a/.*\\.yaml$\n    age: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n";

    #[test]
    fn the_nearest_configuration_upwards_decides() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(CONFIG_NAME), RULES).unwrap();
        let session = session(dir.path(), "a/b");
        let rule = |path: &str| session.rule_for(Path::new(path)).unwrap().is_some();
        assert!(rule("x.yaml") && rule("../x.yaml") && rule("./c/../x.yaml"));
        assert!(!rule("../../x.yaml") && !rule("/a/x.yaml"));
        let failure = session.no_rule(Path::new("x.yml"));
        assert_eq!(failure.message(), "no creation rule matches a/b/x.yml");
    }

    #[test]
    fn a_bad_configuration_says_where() {
        for (text, kind, message) in [
            ("a: [", Kind::BadConfig, ".sops.yaml:1:"),
            (
                "creation_rules:\n  - path_regex: (\n",
                Kind::BadRegex,
                ".sops.yaml:2: `path_regex`: invalid regular expression `(`: a `)` is missing",
            ),
            (
                "creation_rules: []\n---\n# more\ncreation_rules: []\n",
                Kind::BadConfig,
                ".sops.yaml:4: a second YAML document",
            ),
            ("---\n---\n- 1\n", Kind::BadConfig, ".sops.yaml:3: a second YAML document"),
            ("creation_rules: 1\n", Kind::BadConfig, ".sops.yaml:1: `creation_rules` should be"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(CONFIG_NAME), text).unwrap();
            let failure = session(dir.path(), "").config().unwrap_err();
            assert_eq!(failure.kind(), kind, "{failure}");
            assert!(failure.message().starts_with(message), "{failure}");
        }
    }

    #[test]
    fn a_marker_alone_is_no_second_document() {
        for text in
            ["---\ncreation_rules: []\n...\n", "creation_rules: []\n---\n", "creation_rules: []\n---\n# end\n...\n"]
        {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(CONFIG_NAME), text).unwrap();
            assert!(session(dir.path(), "").config().unwrap().unwrap().config.has_rules, "{text}");
        }
    }

    #[test]
    fn the_order_of_kinds_is_checked() {
        let order = |text: &str| {
            let env = Env::from_pairs([(Var::SopsDecryptionOrder, text)]);
            Session::within("/".into(), env, Global::default()).decryption_order()
        };
        assert_eq!(order("pgp, age").unwrap().unwrap(), ["pgp", "age"]);
        assert_eq!(order("age,age").unwrap_err().kind(), Kind::DuplicateDecryptionOrder);
        assert_eq!(order("agee").unwrap_err().kind(), Kind::Generic);
    }
}
