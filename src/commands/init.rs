//! `sealant init`: a repository made ready in one step. It makes what is missing and overwrites nothing.

mod git;
mod texts;

use std::path::{Path, PathBuf};

use super::identities::{self, NAMES_FOLDER};
use super::keys::{new, own_recipients, text};
use super::session::{CONFIG_NAME, Session};
use crate::failure::{Failure, Kind};
use crate::fsio::read::{KEY_LIMIT, read_bounded};
use crate::fsio::write::{NewMode, create_new, write_atomic};
use crate::fsio::{FsError, folder, output};
use crate::keyservice::report::either;
use git::Driver;

const ATTRIBUTES_NAME: &str = ".gitattributes";

const EXAMPLES: &str = "\
Makes what is missing, in the root of the Git repository or else in this folder:
  your age key, in your user folder
  .sops.yaml        who may open what, and which values are secret
  keys/NAME.pub     your recipient, under your name
  .gitattributes    and Git's configuration: `git diff` shows plain text to people who hold a key

Examples:
  sealant init
  sealant init --name alice";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Your name in keys/ [default: the name of your home folder]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// Runs it.
///
/// # Errors
/// A name that cannot be a file's or is taken, a key whose recipient is unknown, and what the file system says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    session.guard_files();
    if let Some(store) = git::store(session.cwd()) {
        let text = format!("{} is a bare Git repository: it has no files to work on", store.display());
        let text = match store.file_name() {
            Some(name) if name == ".git" => {
                format!("{} is Git's own folder, not the files you work on", store.display())
            }
            _ => text,
        };
        return Err(
            Failure::new(Kind::OddTarget, text).hint("run sealant init in a clone or a worktree; nothing was made")
        );
    }
    let repository = git::root(session.cwd());
    let root = repository.clone().unwrap_or_else(|| session.cwd().to_owned());
    let mut setup = Setup { session, root, made: 0, to_be_named: None };
    let name = new::name(args.name.as_deref(), session)?;
    let recipient = setup.key(&name)?;
    let name = setup.name(name, &recipient)?;
    setup.rules(&name, &recipient)?;
    setup.attributes()?;
    match repository {
        Some(root) => setup.driver(&root),
        None => setup.note("no Git repository here: run init again after git init, for the diff driver"),
    }
    setup.end()
}

/// The failure for a name whose `keys/NAME.pub` is not the user's.
fn taken(shown: &str) -> Failure {
    Failure::new(Kind::Exists, format!("{shown} is somebody else's recipient"))
        .hint("take another name: sealant init --name NAME")
}

struct Setup<'a> {
    session: &'a Session,
    root: PathBuf,
    made: usize,
    /// The name of a user whom the rules do not name yet.
    to_be_named: Option<String>,
}

impl Setup<'_> {
    fn made(&mut self, what: &str) {
        self.made += 1;
        self.session.say(&format!("made  {what}"));
    }

    fn kept(&self, what: &str) {
        self.session.say(&format!("kept  {what}"));
    }

    fn note(&self, text: &str) {
        self.session.say(&format!("note  {text}"));
    }

    /// The recipient of the user's key, which is made when there is none. An SSH key that happens to be there is for other
    /// purposes.
    fn key(&mut self, name: &str) -> Result<String, Failure> {
        let user_file = identities::user_file(&self.session.env);
        if let Some(recipient) = own_recipients(self.session).into_iter().find(|own| !own.starts_with("ssh-")) {
            self.kept("your key");
            return Ok(recipient);
        }
        let Some(file) = user_file else {
            return Err(Failure::new(Kind::Generic, "there is no home folder to put your key into")
                .hint("make one elsewhere: sealant keys new --output FILE, then init --identity FILE"));
        };
        if !folder::exists(&file) {
            // before the private key is made: nobody should have to clean up
            let public = format!("{NAMES_FOLDER}/{name}.pub");
            if folder::exists(&self.root.join(&public)) {
                return Err(taken(&public));
            }
            let key = new::make(&file, false, name, self.session)?;
            self.made(&format!("{} (your private key: back it up)", file.display()));
            return Ok(key.recipient);
        }
        // a key with a passphrase says its recipient only when it is unlocked; the repository may know it
        let named = identities::named(&self.root)?.into_iter();
        let known = named.filter(|(known, _)| known == name).flat_map(|(_, recipients)| recipients);
        known.into_iter().next().ok_or_else(|| {
            let text = format!("the recipient of {} is not known", file.display());
            Failure::new(Kind::Generic, text).hint(format!(
                "if it has a passphrase, put its recipient (age-keygen -y) into keys/{name}.pub and run init again"
            ))
        })
    }

    /// The name of the recipient in this repository; it gets one when it has none.
    fn name(&mut self, name: String, recipient: &str) -> Result<String, Failure> {
        let known = identities::names(&self.root)?;
        if let Some(known) = known.name(recipient) {
            self.kept(&format!("{NAMES_FOLDER}/{known}.pub"));
            return Ok(known.to_owned());
        }
        let shown = format!("{NAMES_FOLDER}/{name}.pub");
        let path = self.root.join(&shown);
        if folder::exists(&path) {
            return Err(taken(&shown));
        }
        folder::make(&self.root.join(NAMES_FOLDER), false)?;
        create_new(&path, text::public(&name, recipient).as_bytes(), NewMode::Public)?;
        self.made(&shown);
        Ok(name)
    }

    fn rules(&mut self, name: &str, recipient: &str) -> Result<(), Failure> {
        let path = self.root.join(CONFIG_NAME);
        if !folder::exists(&path) {
            create_new(&path, texts::sops_yaml(name, recipient).as_bytes(), NewMode::Public)?;
            self.made(CONFIG_NAME);
            return Ok(());
        }
        self.kept(CONFIG_NAME);
        let content = read_bounded(&path, KEY_LIMIT)?;
        if !String::from_utf8_lossy(&content.bytes).contains(recipient) {
            self.to_be_named = Some(name.to_owned());
            self.note(&format!(
                "{CONFIG_NAME} does not name your recipient: add {recipient} to its rules, or have it added"
            ));
        }
        Ok(())
    }

    fn attributes(&mut self) -> Result<(), Failure> {
        let path = self.root.join(ATTRIBUTES_NAME);
        let present = match read_bounded(&path, KEY_LIMIT) {
            Ok(content) => String::from_utf8(content.bytes.to_vec()),
            Err(FsError::Missing(_)) => Ok(String::new()),
            Err(error) => return Err(error.into()),
        };
        let Ok(present) = present else {
            self.note(".gitattributes is not UTF-8 text: it was left as it is");
            return Ok(());
        };
        match texts::attributes(&present) {
            None => self.kept(ATTRIBUTES_NAME),
            Some(text) => {
                write_atomic(&path, text.as_bytes(), NewMode::Public)?;
                self.made(&format!("{ATTRIBUTES_NAME} (readable diffs)"));
            }
        }
        Ok(())
    }

    fn driver(&mut self, root: &Path) {
        match git::set_driver(root) {
            Driver::Set => self.made(&format!("git's diff driver: {}", texts::TEXTCONV)),
            Driver::Kept => self.kept("git's diff driver"),
            Driver::Different => {
                self.note("git's diff driver named sealant is set to another command, and was left so");
            }
            Driver::NoGit => {
                let command = format!("git config diff.sealant.textconv '{}'", texts::TEXTCONV);
                self.note(&format!("git cannot be run; for readable diffs: {command}"));
            }
        }
    }

    /// Who could add the user: everybody else whom the rules name, by name.
    fn helpers(&self, name: &str) -> Result<String, Failure> {
        let rules = read_bounded(&self.root.join(CONFIG_NAME), KEY_LIMIT)?;
        let rules = String::from_utf8_lossy(&rules.bytes).into_owned();
        let is_named = |recipients: &[String]| recipients.iter().any(|recipient| rules.contains(recipient.as_str()));
        let named = identities::named(&self.root)?.into_iter();
        let others: Vec<String> =
            named.filter(|(other, recipients)| other != name && is_named(recipients)).map(|(other, _)| other).collect();
        Ok(match others.as_slice() {
            [] => "whoever can open the files".to_owned(),
            _ => either(&others),
        })
    }

    fn end(&self) -> Result<(), Failure> {
        if self.made == 0 {
            self.session.say("nothing to do: everything is there");
        }
        if self.session.json() {
            let root = self.root.to_string_lossy();
            let result = serde_json::json!({"root": root, "made": self.made});
            return Ok(output::data(format!("{result}\n").as_bytes())?);
        }
        self.session.say("next:");
        if let Some(name) = &self.to_be_named {
            let helpers = self.helpers(name)?;
            self.session.say(&format!("  commit {NAMES_FOLDER}/{name}.pub"));
            self.session.say(&format!("  ask {helpers} to add your recipient to {CONFIG_NAME}, and to run:"));
            self.session.say("  sealant updatekeys --yes .");
            return Ok(());
        }
        self.session.say("  sealant edit secrets/app.yaml       # a new file, encrypted when you save");
        self.session.say("  sealant decrypt secrets/app.yaml    # what it says");
        Ok(())
    }
}
