//! `sealant edit`: the plain text of one file in the user's editor, and encrypted again when that is closed.
//!
//! The text is only ever in a private folder, which goes with every way this can end. What the editor leaves is read by
//! its name, so that editors that replace files work; text that cannot be encrypted opens the editor again.

mod editor;
mod exposed;

use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::keyargs::KeyArgs;
use super::secret_data::SecretData;
use super::selection::SelectionArgs;
use super::session::Session;
use super::sopsfile::{self, Change};
use crate::document::kind::DocumentKind;
use crate::document::yaml::YamlError;
use crate::failure::{Failure, Kind};
use crate::fsio::env::Var;
use crate::fsio::private::PrivateDir;
use crate::fsio::read::{DOCUMENT_LIMIT, Wiped, read_bounded};
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, create_new};
use crate::fsio::{FsError, child, folder, output, terminal};
use crate::sops::file::{Encrypted, FileError, Plain, Settings};
use crate::sops::key::DataKey;
use crate::sops::metadata::Metadata;
use editor::Position;

/// What a new file begins with, in its format.
fn new_text(name: &str) -> &'static str {
    match DocumentKind::from_name(name) {
        Some(DocumentKind::Json) => "{\n\t\"password\": \"replace me\"\n}\n",
        Some(DocumentKind::Dotenv) => "# Replace this text.\nPASSWORD=replace me\n",
        Some(DocumentKind::Ini) => "; Replace this text.\n[database]\npassword = replace me\n",
        Some(DocumentKind::Toml | DocumentKind::Hcl) => "# Replace this text.\npassword = \"replace me\"\n",
        Some(DocumentKind::Properties) => "# Replace this text.\npassword=replace me\n",
        Some(DocumentKind::Yaml | DocumentKind::Binary) | None => {
            "# Replace this text. When you save, the values that the rule selects are encrypted; the rest stays as you write \
             it.\npassword: replace me\n"
        }
    }
}

/// An editor that comes back sooner has probably handed the file to a window that is still open.
const AT_ONCE: Duration = Duration::from_secs(1);
/// As many names are tried for an edit that could not be saved under its own.
const RESCUE_NAMES: usize = 100;
/// What opens an edit that was kept.
const DECRYPT: &str = "sealant decrypt";

const EXAMPLES: &str = "\
The editor is SOPS_EDITOR, VISUAL or EDITOR, else vim, nano or vi. Values that you do not change
keep their ciphertext.

Examples:
  sealant edit config/prod/app.yml
  sealant edit --decode-data k8s/secret.yml              the data of a Secret without its base64
  EDITOR='code --wait' sealant edit secrets/new.yaml    a file that is not there is made";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The file; it is made when it is not there
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show the `data` of Kubernetes Secrets decoded, and encode it again when the editor is closed
    #[arg(long)]
    pub decode_data: bool,
    /// Accept a text in which nothing is selected
    #[arg(long)]
    pub allow_empty: bool,
    /// Accept shapes that sops cannot read (see docs/compatibility.md)
    #[arg(long)]
    pub allow_unrepresentable: bool,
    /// For whom a new file is, instead of the creation rule
    #[command(flatten, next_help_heading = "For whom a new file is (instead of the creation rule)")]
    pub keys: KeyArgs,
}

/// Runs it.
///
/// # Errors
/// [`Kind::NotChanged`] when the text was not changed, [`Kind::NoEditor`] when the editor failed; and all that keeps the file
/// from being opened, encrypted and written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    // the folder with the plain text must go with us, whatever ends us
    session.guard_files();
    sopsfile::no_folder(&args.file)?;
    let editor = Editor::find(session)?;
    let target = Target::resolve(&args.file)?;
    if target.existing.is_some() {
        if let Some(flag) = args.keys.flags().first() {
            let text = format!("{} is there already: {flag} is for new files", args.file.display());
            return Err(Failure::new(Kind::ConflictingOptions, text)
                .hint("change who may open it with: sealant rotate -i --add NAME, or sealant updatekeys"));
        }
        let how = How {
            decode_data: args.decode_data,
            allow_empty: args.allow_empty,
            allow_unrepresentable: args.allow_unrepresentable,
            ..How::default()
        };
        return edit_file(&args.file, &editor, session, &how);
    }
    // nobody should edit a text that cannot be saved
    target.check_folder()?;
    let selection = SelectionArgs {
        keys: args.keys.clone(),
        allow_empty: args.allow_empty,
        allow_unrepresentable: args.allow_unrepresentable,
        ..SelectionArgs::default()
    };
    let recipe = selection.recipe(session, &args.file)?;
    let (key, settings) = recipe.prepare(session, &session.now())?;
    let name = args.file.display().to_string();
    let new = New { key: &key, settings, text: new_text(&name), parse: &|text| sopsfile::parse_new(&name, text) };
    edit_new(&args.file, &editor, session, new)
}

/// How a file that is there is edited.
#[derive(Debug, Default)]
pub struct How {
    /// Its format, when somebody said it.
    pub format: Option<DocumentKind>,
    /// Its integrity is not looked at.
    pub unchecked: bool,
    /// The data of Kubernetes Secrets is shown decoded.
    pub decode_data: bool,
    /// The metadata is shown beneath the values. Nothing of it is taken over.
    pub show_metadata: bool,
    /// A text in which nothing is selected is accepted.
    pub allow_empty: bool,
    /// Shapes that sops cannot read are accepted.
    pub allow_unrepresentable: bool,
}

/// A file that is not there yet.
pub struct New<'a> {
    /// Its data key.
    pub key: &'a DataKey,
    /// How it is encrypted.
    pub settings: Settings,
    /// What it begins as.
    pub text: &'a str,
    /// Reads what it has become.
    pub parse: &'a dyn Fn(String) -> Result<Plain, FileError>,
}

impl std::fmt::Debug for New<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("New")
    }
}

/// Edits a file that is there.
///
/// # Errors
/// As [`run`].
pub fn edit_file(path: &Path, editor: &Editor, session: &Session, how: &How) -> Result<(), Failure> {
    let mut change = Change::begin_as(session, path, how.format, !how.unchecked)?;
    change.settings.allow_empty |= how.allow_empty;
    change.settings.allow_unrepresentable |= how.allow_unrepresentable;
    change.check_text()?;
    let name = change.opened.name.clone();
    let data = if how.decode_data { decoded(&change)? } else { None };
    let shown = how.show_metadata.then(|| Shown::new(&change)).transpose()?;
    let text = match (&data, &shown) {
        (Some(data), _) => data.text(),
        (None, Some(shown)) => &shown.text,
        (None, None) => change.plain(),
    };
    let draft = Draft::new(session, path, text)?;
    let mut prepare = |text| {
        change.settings.now = session.now();
        let text = match (&data, &shown) {
            (Some(data), _) => data.encode(text)?,
            (None, Some(shown)) => shown.bare(text)?,
            (None, None) => text,
        };
        change.prepare(text)
    };
    let encrypted = draft.edit(editor, &name, &mut |text| prepare(text).map_err(|error| Refused::of(&name, &error)))?;
    let (kind, old) = (change.opened.file.kind(), change.opened.file.text());
    let exposed = exposed::warning(&name, kind, change.plain(), old, &encrypted.text);
    let rescued = |failure| rescue(session, path, &encrypted.text, Some(DECRYPT), failure);
    change.commit(session, &encrypted).map_err(rescued)?;
    if let Some(text) = exposed {
        session.warn(&text);
    }
    saved(session, &name, &encrypted)
}

/// The plain text with the metadata beneath.
struct Shown {
    plain: Plain,
    metadata: Metadata,
    text: Zeroizing<String>,
}

impl Shown {
    fn new(change: &Change) -> Result<Self, Failure> {
        let plain = change.parse(change.plain().to_owned()).map_err(|error| change.failure(&error))?;
        let metadata = change.opened.file.metadata().clone();
        let text = plain.with_metadata(&metadata).ok_or_else(|| {
            let text = format!("{}: the metadata cannot be shown beneath this text", change.opened.name);
            Failure::new(Kind::ConflictingOptions, text).hint("edit it without --show-master-keys")
        })?;
        Ok(Self { plain, metadata, text })
    }

    fn bare(&self, text: String) -> Result<String, FileError> {
        let mut bare = self.plain.without_metadata(text, &self.metadata)?;
        Ok(std::mem::take(&mut *bare))
    }
}

fn decoded(change: &Change) -> Result<Option<SecretData>, Failure> {
    let name = &change.opened.name;
    if change.opened.file.kind() != DocumentKind::Yaml {
        let text = format!("{name}: --decode-data shows Secrets in YAML only");
        return Err(Failure::new(Kind::ConflictingOptions, text)
            .hint(format!("change one value with: sealant set --decode-data {name} data.NAME")));
    }
    let data = SecretData::decode(change.plain()).map_err(|error| change.failure(&error))?;
    if data.is_none() {
        let text = format!("{name}: there is no Kubernetes Secret in it whose data could be decoded");
        return Err(Failure::new(Kind::ConflictingOptions, text).hint("leave --decode-data out"));
    }
    Ok(data)
}

/// Makes a file.
///
/// # Errors
/// As [`run`].
pub fn edit_new(path: &Path, editor: &Editor, session: &Session, mut new: New<'_>) -> Result<(), Failure> {
    let name = path.display().to_string();
    let draft = Draft::new(session, path, new.text)?;
    let encrypted = draft.edit(editor, &name, &mut |text| {
        new.settings.now = session.now();
        let encrypted = (new.parse)(text).and_then(|plain| plain.encrypt(new.key, &new.settings, None));
        encrypted.map(Some).map_err(|error| Refused::of(&name, &error))
    })?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder
        .map_or(Ok(()), |parent| folder::make(parent, false))
        .and_then(|()| create_new(path, encrypted.text.as_bytes(), NewMode::Public))
        .map_err(|error| rescue(session, path, &encrypted.text, Some(DECRYPT), error.into()))?;
    saved(session, &name, &encrypted)
}

fn saved(session: &Session, name: &str, encrypted: &Encrypted) -> Result<(), Failure> {
    let s = if encrypted.values == 1 { "" } else { "s" };
    let (fresh, values) = (encrypted.fresh, encrypted.values);
    session.say(&match fresh == values {
        true => format!("{name}: saved, {values} value{s} encrypted"),
        false => format!("{name}: saved, {fresh} of {values} encrypted value{s} changed"),
    });
    if session.json() {
        let result = serde_json::json!({"file": name, "changed": true});
        output::data(format!("{result}\n").as_bytes())?;
    }
    Ok(())
}

/// Keeps an edit that could not be written where it belongs: encrypted, beside the file, or when nothing can be written there
/// in the folder for temporary files, the home folder, or in memory. `opener` is the command that opens it.
pub(super) fn rescue(
    session: &Session,
    path: &Path,
    encrypted: &str,
    opener: Option<&str>,
    failure: Failure,
) -> Failure {
    let env = &session.env;
    let elsewhere =
        [Some(env.temp_folder()), env.home().map(Path::to_owned), env.path(Var::XdgRuntimeDir).map(Path::to_owned)];
    let elsewhere = elsewhere.into_iter().flatten().map(|folder| folder.join(path.file_name().unwrap_or_default()));
    let places = std::iter::once((path.to_owned(), NewMode::Public))
        // values that the rule leaves in clear are nobody else's business there
        .chain(elsewhere.map(|path| (path, NewMode::Private)));
    for (place, mode) in places {
        if let Some(kept) = keep(&place, encrypted, mode) {
            let shown = kept.display();
            let opener = opener.map(|opener| format!(" ({opener} {shown})")).unwrap_or_default();
            return failure.hint(format!("your edit is not lost: it is in {shown}, encrypted{opener}"));
        }
    }
    failure.detail("the edit could not be kept either")
}

/// Writes `PATH.edited`, or the next name that is free; `None` when nothing can be written there.
fn keep(path: &Path, encrypted: &str, mode: NewMode) -> Option<PathBuf> {
    for number in 1..=RESCUE_NAMES {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".edited");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let kept = path.with_file_name(name);
        match create_new(&kept, encrypted.as_bytes(), mode) {
            Ok(()) => return Some(kept),
            Err(FsError::Exists(_)) => {}
            Err(_) => return None,
        }
    }
    None
}

/// The user's editor.
#[derive(Debug)]
pub struct Editor {
    command: String,
    names: Vec<String>,
}

impl Editor {
    /// The one that the environment names, or an installed one.
    ///
    /// # Errors
    /// [`Kind::NoEditor`].
    pub fn find(session: &Session) -> Result<Self, Failure> {
        let command = child::find_editor(&session.env)?;
        let names = child::program_names(&session.env, &command);
        Ok(Self { command, names })
    }

    fn open(&self, file: &Path, position: Option<Position>) -> Result<Duration, Failure> {
        let arguments = editor::arguments(&self.names, &self.command, file, position);
        child::run_editor(&self.command, &arguments).map_err(|error| {
            Failure::from(error).hint("nothing was written; which editor: SOPS_EDITOR, VISUAL, EDITOR")
        })
    }
}

/// A text that cannot be taken: why, and where in it.
pub(super) struct Refused {
    /// For the person.
    pub failure: Box<Failure>,
    /// Where the editor should begin.
    pub position: Option<Position>,
}

impl Refused {
    fn of(name: &str, error: &FileError) -> Self {
        Self { failure: Box::new(sopsfile::failure(name, error)), position: place_of(error) }
    }
}

/// The plain text while it is being edited.
pub(super) struct Draft {
    /// Removed with all it holds when this is dropped.
    _folder: PrivateDir,
    file: PathBuf,
    before: Zeroizing<String>,
}

impl Draft {
    /// The file keeps its name, which tells editors the language.
    pub(super) fn new(session: &Session, path: &Path, text: &str) -> Result<Self, Failure> {
        let folder = PrivateDir::new(&session.env)?;
        let file = folder.path().join(path.file_name().unwrap_or_default());
        create_new(&file, text.as_bytes(), NewMode::Private)?;
        Ok(Self { _folder: folder, file, before: Zeroizing::new(text.to_owned()) })
    }

    /// Opens the editor until its text can be encrypted, or the user gives up. `encrypt` says `None` for the old text.
    pub(super) fn edit<T>(
        &self,
        editor: &Editor,
        name: &str,
        encrypt: &mut dyn FnMut(String) -> Result<Option<T>, Refused>,
    ) -> Result<T, Failure> {
        let mut position = None;
        loop {
            let took = editor.open(&self.file, position)?;
            let mut text = self.read()?;
            if text.as_slice() == self.before.as_bytes() && took < AT_ONCE && still_open() {
                text = self.read()?;
            }
            if text.as_slice() == self.before.as_bytes() {
                let message = format!("{name}: the text was not changed, nothing was written");
                return Err(Failure::new(Kind::NotChanged, message));
            }
            let text = utf8(text).map_err(|error| Refused::of(name, &error));
            let Refused { failure, position: place } = match text.and_then(&mut *encrypt) {
                Ok(Some(encrypted)) => return Ok(encrypted),
                Ok(None) => return Err(Failure::new(Kind::NotChanged, "nothing was changed")),
                Err(refused) => refused,
            };
            if !terminal::stdin_is_terminal() {
                return Err((*failure).detail(format!("{name} is as it was; the edit was discarded")));
            }
            failure.print();
            let question = "press Enter to go on in the editor, Ctrl-D to give the edit up:";
            if !terminal::wait_for_enter(question).unwrap_or(false) {
                let message = format!("{name}: given up, nothing was written");
                return Err(Failure::new(failure.kind(), message));
            }
            position = place;
        }
    }

    /// What the editor left, by name: some replace the file, some write it again.
    fn read(&self) -> Result<Wiped, Failure> {
        match read_bounded(&self.file, DOCUMENT_LIMIT) {
            Ok(original) => Ok(original.bytes),
            Err(FsError::Missing(_)) => {
                Err(Failure::new(Kind::NoEditor, "the editor removed the file, nothing was written"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Asks, when there is somebody to ask, whether an editor that came back at once is done.
fn still_open() -> bool {
    terminal::stdin_is_terminal()
        && terminal::wait_for_enter(
            "the editor came back at once and the text is as it was; if it is still open in a window, \
             save there, then press Enter (Ctrl-D: nothing to save):",
        )
        .unwrap_or(false)
}

fn utf8(mut text: Wiped) -> Result<String, FileError> {
    String::from_utf8(std::mem::take(&mut *text)).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = Zeroizing::new(error.into_bytes());
        YamlError::at(&bytes, at, "the text is not UTF-8").into()
    })
}

/// Where in the plain text an error is.
fn place_of(error: &FileError) -> Option<Position> {
    match error {
        FileError::Yaml(error) => Some((error.line, error.column)),
        _ => Some((sopsfile::line_of(error)?, 1)),
    }
}
