//! Where identities and names come from: the places sops knows (sops 3.13.2 `age/keysource.go`, `loadIdentities`),
//! `--identity` files before them, and `keys/NAME.pub`. Reads files and environment for the key services.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};
use crate::fsio::child;
use crate::fsio::env::{Env, Var};
use crate::fsio::read::{KEY_LIMIT, Wiped, read_bounded, read_stream};
use crate::fsio::{FsError, folder, terminal};
use crate::keyservice::age::{AgeKeys, Given, IdentitySource};
use crate::keyservice::{KeyService, Looked, Names, Outcome};
use crate::secret::{SecretBytes, SecretText};

/// Where sops keeps identities below the folder of per-user configuration.
const USER_FILE: &str = "sops/age/keys.txt";
/// The folder of named recipients in a repository.
pub const NAMES_FOLDER: &str = "keys";
/// What the commands for keys find the wanted recipient in.
const RECIPIENT: &str = "SOPS_AGE_RECIPIENT";

/// The age key service with everything that can be found. `files` are those of `--identity`; they come first.
pub fn age_keys(env: &Arc<Env>, files: &[PathBuf]) -> AgeKeys {
    let (env, files) = (env.clone(), files.to_vec());
    AgeKeys::lazily(move || sources(&env, &files), ask_on_terminal)
}

/// The per-user identity file, whether or not it exists.
pub fn user_file(env: &Env) -> Option<PathBuf> {
    Some(env.config_folder()?.join(USER_FILE))
}

/// Every place where identities may be, in the order they are tried, with what is there.
pub fn sources(env: &Env, files: &[PathBuf]) -> Vec<IdentitySource> {
    let mut sources: Vec<IdentitySource> =
        files.iter().map(|path| source(format!("--identity {}", path.display()), file(path))).collect();
    sources.extend(ssh_sources(env));
    sources.push(match env.secret(Var::SopsAgeKey) {
        Some(text) => {
            let bytes = text.expose().as_bytes().to_vec();
            source(Var::SopsAgeKey.name().into(), Given::Words(SecretBytes::new(bytes)))
        }
        None => not_set(Var::SopsAgeKey),
    });
    sources.push(match env.os(Var::SopsAgeKeyFile) {
        Some(path) => source(labelled(Var::SopsAgeKeyFile, Path::new(path)), file(Path::new(path))),
        None => not_set(Var::SopsAgeKeyFile),
    });
    sources.push(match env.text(Var::SopsAgeKeyCmd) {
        Some(line) => source(Var::SopsAgeKeyCmd.name().into(), command(line.to_owned())),
        None => not_set(Var::SopsAgeKeyCmd),
    });
    if let Some(path) = user_file(env) {
        // nobody has to have this one
        let given = if folder::exists(&path) { file(&path) } else { Given::Missing };
        sources.push(source(path.display().to_string(), given));
    }
    sources
}

/// SSH keys are looked for, so that the report can say that they are there but not supported.
fn ssh_sources(env: &Env) -> Vec<IdentitySource> {
    let mut sources = Vec::new();
    for var in [Var::SopsAgeSshPrivateKeyFile, Var::SopsAgeSshPrivateKeyCmd] {
        if env.os(var).is_some() {
            sources.push(source(var.name().into(), Given::NotSupported));
        }
    }
    for name in ["id_ed25519", "id_rsa"] {
        if let Some(path) = env.home().map(|home| home.join(".ssh").join(name))
            && folder::exists(&path)
        {
            sources.push(source(path.display().to_string(), Given::NotSupported));
        }
    }
    sources
}

fn source(label: String, given: Given) -> IdentitySource {
    IdentitySource { label, given }
}

fn not_set(var: Var) -> IdentitySource {
    source(var.name().into(), Given::NotSet)
}

fn labelled(var: Var, path: &Path) -> String {
    format!("{} ({})", var.name(), path.display())
}

fn file(path: &Path) -> Given {
    match read_stream(path, KEY_LIMIT) {
        Ok(bytes) => Given::File(secret(bytes)),
        Err(FsError::Missing(_)) => Given::Failed("the file does not exist".into()),
        Err(error) => Given::Failed(error.to_string()),
    }
}

fn command(line: String) -> Given {
    let line = Zeroizing::new(line);
    Given::Command(Box::new(move |recipient| {
        child::output_of(&line, &[(RECIPIENT, recipient)], KEY_LIMIT).map(secret).map_err(|error| error.to_string())
    }))
}

/// The same bytes, still wiped by whoever has them last.
fn secret(mut bytes: Wiped) -> SecretBytes {
    SecretBytes::new(std::mem::take(&mut *bytes))
}

/// The passphrase of what is named, if anybody is there who could type it.
pub(super) fn ask_on_terminal(label: &str) -> Option<SecretText> {
    if !terminal::stderr_is_terminal() && !terminal::stdin_is_terminal() {
        return None;
    }
    terminal::prompt_secret(&format!("passphrase for {label}: ")).ok()
}

/// The recipients of all identities; `None` when there may be more, behind a passphrase or a command or in a file that cannot
/// be read. Nobody is asked, and nothing is run.
pub fn all_recipients(env: &Env, files: &[PathBuf]) -> Option<Vec<String>> {
    let nobody = |_: &str| -> Option<SecretText> { None };
    let keys = AgeKeys::new(sources(env, files), nobody);
    let is_known = |looked: &Looked| match &looked.outcome {
        Outcome::Gave { unsupported, .. } => *unsupported == 0,
        Outcome::NotSet | Outcome::Missing | Outcome::NotSupported => true,
        Outcome::Locked | Outcome::NotRun | Outcome::Failed(_) => false,
    };
    keys.looked().iter().all(is_known).then(|| keys.recipients())
}

/// The names of a repository: `keys/NAME.pub` below `root`. No such folder: nobody has a name.
///
/// # Errors
/// [`Failure`] with file and line when one of the files is no recipients file, or cannot be read.
pub fn names(root: &Path) -> Result<Names, Failure> {
    let mut names = Names::new();
    read_names(root, &mut names)?;
    Ok(names)
}

/// The same as a list: name and recipients, by name.
///
/// # Errors
/// As [`names`].
pub fn named(root: &Path) -> Result<Vec<(String, Vec<String>)>, Failure> {
    read_names(root, &mut Names::new())
}

fn read_names(root: &Path, names: &mut Names) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut list = Vec::new();
    // the first file that names a recipient wins: let that not depend on the file system
    for path in folder::sorted_files(&root.join(NAMES_FOLDER), "pub")? {
        let content = read_bounded(&path, KEY_LIMIT)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = String::from_utf8_lossy(&content.bytes);
        let recipients = names.add_file(&name, &text).map_err(|error| {
            let about = format!("{}:{}", path.display(), error.line);
            let failure = Failure::new(Kind::BadConfig, error.to_string()).about(about);
            if error.secret {
                return failure.hint("move private keys out of the repository and replace them");
            }
            failure
        })?;
        list.push((name.into_owned(), recipients));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT_A: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    /// Label and what was found, without the folder the test runs in.
    fn found(env: &Env, files: &[PathBuf], root: &Path) -> Vec<(String, String)> {
        let root = format!("{}/", root.display());
        sources(env, files).iter().map(|one| (one.label.replace(&root, ""), format!("{:?}", one.given))).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn all_places_are_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let env = Env::from_pairs([(Var::Home, root)]);
        let expected = [
            ("SOPS_AGE_KEY", "NotSet"),
            ("SOPS_AGE_KEY_FILE", "NotSet"),
            ("SOPS_AGE_KEY_CMD", "NotSet"),
            (".config/sops/age/keys.txt", "Missing"),
        ];
        assert_eq!(found(&env, &[], root), pairs(&expected));

        std::fs::create_dir_all(root.join(".config/sops/age")).unwrap();
        std::fs::create_dir(root.join(".ssh")).unwrap();
        for path in [".config/sops/age/keys.txt", ".ssh/id_ed25519", "mine"] {
            std::fs::write(root.join(path), "# nothing").unwrap();
        }
        let env = Env::from_pairs([
            (Var::Home, root.as_os_str()),
            (Var::SopsAgeKey, "hunter2".as_ref()),
            (Var::SopsAgeKeyFile, root.join("gone").as_os_str()),
            (Var::SopsAgeKeyCmd, "echo hunter2".as_ref()),
            (Var::SopsAgeSshPrivateKeyFile, "x".as_ref()),
        ]);
        let expected = [
            ("--identity mine", "File([REDACTED])"),
            ("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "NotSupported"),
            (".ssh/id_ed25519", "NotSupported"),
            ("SOPS_AGE_KEY", "Words([REDACTED])"),
            ("SOPS_AGE_KEY_FILE (gone)", "Failed(..)"),
            ("SOPS_AGE_KEY_CMD", "Command(..)"),
            (".config/sops/age/keys.txt", "File([REDACTED])"),
        ];
        assert_eq!(found(&env, &[root.join("mine")], root), pairs(&expected));
    }

    #[cfg(unix)]
    #[test]
    fn commands_get_the_recipient() {
        let Given::Command(run) = command("sh -c 'echo \"# $SOPS_AGE_RECIPIENT\"'".into()) else {
            panic!("a command");
        };
        assert_eq!(run("age1x").unwrap().expose(), b"# age1x\n");
        let Given::Command(run) = command("false hunter2".into()) else { panic!("a command") };
        assert_eq!(run("age1x").unwrap_err(), "false failed: exit status: 1");
    }

    #[test]
    fn names_come_from_the_keys_folder() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(names(dir.path()).unwrap().name(RECIPIENT_A), None);
        let keys = dir.path().join("keys");
        std::fs::create_dir(&keys).unwrap();
        std::fs::write(keys.join("zoe.pub"), RECIPIENT_A).unwrap();
        std::fs::write(keys.join("alice.pub"), format!("# me\n{RECIPIENT_A}\n")).unwrap();
        std::fs::write(keys.join("alice.txt"), "not looked at").unwrap();
        assert_eq!(names(dir.path()).unwrap().name(RECIPIENT_A), Some("alice"));

        std::fs::write(keys.join("bad.pub"), "\nAGE-SECRET-KEY-1HUNTER2").unwrap();
        let failure = names(dir.path()).unwrap_err();
        assert_eq!(failure.kind(), Kind::BadConfig);
        assert!(failure.message().contains("bad.pub:2: "), "{failure}");
        assert!(!format!("{failure:?}").contains("HUNTER2"));
    }
}
