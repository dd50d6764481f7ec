//! `sealant demo`: the main job, played on a copy of the example repository by this very program, every command printed so
//! that the reader can repeat it, and every promise checked.

mod compare;
mod files;
mod stage;

use std::path::Path;

use super::session::{CONFIG_NAME, Session};
use crate::failure::{Failure, Kind};
use crate::fsio::child;
use crate::fsio::private::PrivateDir;
use files::SECRETS;
use stage::{Stage, command, diff, heading, remark};

/// The file that is looked at closely.
const FILE: &str = "config/prod/services/user-service.yml";
/// The value in it that is changed.
const VALUE: &str = "mail.password";
const NEW_VALUE: &str = "throw-away-new-7f3a";
/// A file that alice may open.
const DEV_FILE: &str = "config/dev/services/user-service.yml";
const ALICE: &str = "../alice.txt";
const CAROL: &str = "../carol.txt";

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Leave the folder in place
    #[arg(long)]
    pub keep: bool,
}

/// Runs it.
///
/// # Errors
/// A command that fails, or a promise that does not hold.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    session.guard_files();
    let folder = PrivateDir::new(&session.env)?;
    let mut stage = Stage::new(folder.path())?;
    introduce(&stage, args.keep)?;
    make_keys(&mut stage)?;
    encrypt(&mut stage)?;
    let new = change(&mut stage)?;
    try_as_alice(&mut stage)?;
    decrypt(&mut stage, &new)?;
    heading(&format!("Done: all {} checks hold.", stage.checks));
    if args.keep {
        remark(&format!("The folder stays: {}", folder.keep().display()));
    }
    remark("In your own repository: sealant init");
    Ok(())
}

fn introduce(stage: &Stage, keep: bool) -> Result<(), Failure> {
    heading("Sealant on a copy of examples/multi-environment: three environments, 15 files with secrets.");
    remark(if keep {
        "The folder stays when this is over."
    } else {
        "The folder is removed at the end (--keep leaves it). Your own files and keys are not touched."
    });
    let program = child::own_program()?;
    remark("");
    command(&format!("alias sealant={}", quoted(&program)));
    command(&format!("cp -r examples/multi-environment {0} && cd {0}", quoted(&stage.shop)));
    Ok(())
}

fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| text.clone().into_owned(), |quoted| quoted.into_owned())
}

/// Keys for a developer and for operations, made here; the other recipients are those of the example.
fn make_keys(stage: &mut Stage) -> Result<(), Failure> {
    heading("1. Two keys: alice, a developer, and carol, who runs production");
    for (path, text) in files::OTHERS {
        stage.write(path, text)?;
    }
    stage.write(CONFIG_NAME, files::RULES)?;
    let mut rules = files::RULES.to_owned();
    for (person, file) in [("alice", ALICE), ("carol", CAROL)] {
        let ended = stage.sealant(&["keys", "new", person, "--output", file])?;
        let recipient = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        rules = files::with_recipient(&rules, person, &recipient);
    }
    stage.write(CONFIG_NAME, &rules)?;
    remark("(their recipients take the place of alice's and carol's in .sops.yaml)");
    for (path, text) in SECRETS {
        stage.write(path, text)?;
    }
    Ok(())
}

fn encrypt(stage: &mut Stage) -> Result<(), Failure> {
    heading("2. Encrypt everything that .sops.yaml calls secret, in place");
    stage.sealant(&["encrypt", "-i", "config"])?;
    heading("3. What changed in one of the files");
    command(&format!("git diff {FILE}"));
    diff(&compare::lines(plain_of(FILE)?, &stage.read(FILE)?));
    remark("");
    let mut places = 0;
    for (path, plain) in SECRETS {
        let encrypted = stage.read(path)?;
        places +=
            compare::only_secrets(plain, &encrypted).map_err(|text| Failure::new(Kind::Generic, text).about(path))?;
    }
    let what = format!(
        "in all {} files only secrets changed, in {places} places; quotes, order and blank lines are as they were",
        SECRETS.len()
    );
    stage.check(places > 0, &what)
}

/// Changes one value; returns the plain text that the file now stands for.
fn change(stage: &mut Stage) -> Result<String, Failure> {
    heading("4. Change one value");
    stage.export_identity(CAROL);
    let before = stage.read(FILE)?;
    let got = stage.sealant(&["get", FILE, VALUE])?;
    let old_value = String::from_utf8_lossy(&got.stdout).into_owned();
    stage.sealant_with(NEW_VALUE, &["set", FILE, VALUE])?;
    let after = stage.read(FILE)?;
    command("git diff");
    diff(&compare::lines(&before, &after));
    remark("");
    let lines = compare::changed_lines(&before, &after);
    // within a second the date is the same
    let what = "one value changed, and with it the date and the MAC: no other line";
    stage.check((2..=3).contains(&lines), what)?;
    let got = stage.sealant(&["get", FILE, VALUE])?;
    stage.check(got.stdout.as_slice() == NEW_VALUE.as_bytes(), "the new value is there")?;
    Ok(plain_of(FILE)?.replace(&old_value, NEW_VALUE))
}

fn try_as_alice(stage: &mut Stage) -> Result<(), Failure> {
    heading("5. Alice may open dev, but not prod");
    stage.sealant_as(ALICE, &["get", DEV_FILE, VALUE], 0)?;
    let refused = stage.sealant_as(ALICE, &["decrypt", FILE], Kind::CannotOpen.code())?;
    let message = String::from_utf8_lossy(&refused.stderr);
    stage.check(
        refused.stdout.is_empty() && message.contains("carol"),
        "prod stays closed to her, and the message says who could open it",
    )
}

fn decrypt(stage: &mut Stage, new: &str) -> Result<(), Failure> {
    heading("6. Decrypt everything");
    stage.sealant(&["decrypt", "-i", "config"])?;
    let mut same = 0;
    for (path, plain) in SECRETS {
        let wanted = if *path == FILE { new } else { plain };
        same += usize::from(stage.read(path)? == wanted);
    }
    let all = SECRETS.len();
    let what = format!("every byte of {same} of {all} files came back, and the changed value is the new one");
    stage.check(same == all, &what)
}

fn plain_of(path: &str) -> Result<&'static str, Failure> {
    let found = SECRETS.iter().find(|(known, _)| *known == path);
    let missing = || Failure::new(Kind::Generic, format!("{path} is not in the example"));
    found.map(|(_, text)| *text).ok_or_else(missing)
}
