//! `sops edit`, and `sops FILE`.

use super::call::Call;
use super::encrypt::Recipe;
use super::exit::{Exit, warn};
use super::store::Store;
use zeroize::Zeroizing;

use crate::commands::edit::{self, Editor, How, New};
use crate::document::open::Reading;
use crate::failure::Kind;
use crate::fsio::folder;
use crate::sops::file::Plain;

/// What a new file begins with, as in sops (`stores/stores.go`, `ExampleComplexTree`).
const EXAMPLE: &str = "\
hello: Welcome to SOPS! Edit this file as you please!
example_key: example_value
# Example comment
example_array:
    - example_value1
    - example_value2
example_number: 1234.56789
example_booleans:
    - true
    - false
";

/// The same in other formats (`ExampleSimpleTree`, `ExampleFlatTree` for those that cannot nest).
fn example(format: Store) -> &'static str {
    match format {
        Store::Yaml => EXAMPLE,
        Store::Json => {
            "{\n\t\"hello\": \"Welcome to SOPS! Edit this file as you please!\",\n\t\"example_key\": \"example_value\",\n\t\
             \"example_array\": [\n\t\t\"example_value1\",\n\t\t\"example_value2\"\n\t],\n\t\"example_number\": 1234.56789,\n\t\
             \"example_booleans\": [\n\t\ttrue,\n\t\tfalse\n\t]\n}\n"
        }
        Store::Dotenv => {
            "# This is an example file.\nhello=Welcome to SOPS! Edit this file as you please!\nexample_key=example_value\n\
             example_multiline=foo\\nbar\\nbaz\n"
        }
        Store::Ini => {
            "; This is an example file.\n[Welcome!]\nhello       = Welcome to SOPS! Edit this file as you please!\n\
             example_key = example_value\n"
        }
        Store::Binary => "Welcome to SOPS! Edit this file as you please!",
    }
}

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    let path = call.file().ok_or_else(Exit::no_file)?;
    call.check_config()?;
    let (format, output) = (call.input(path), call.output(path));
    if format != output {
        let text =
            format!("a {} file is not edited into {}: decrypt it, and encrypt that", format.word(), output.word());
        return Err(Exit::new(Kind::ConflictingOptions.code(), text));
    }
    let show_metadata = call.given.is_on("show-master-keys");
    let session = &call.session;
    // the folder with the plain text must go with us, whatever ends us
    session.guard_files();
    if folder::exists(path) {
        if call.legacy && session.rule_for(path)?.is_none() && call.has_rules() {
            return Err(Exit::no_rule(true));
        }
        let editor = Editor::find(session)?;
        if show_metadata && format == Store::Binary {
            warn("--show-master-keys: the metadata of a binary file is not shown");
        }
        let how = How {
            format: Some(format.kind()),
            unchecked: call.given.is_on("ignore-mac"),
            show_metadata: show_metadata && format != Store::Binary,
            ..How::default()
        };
        edit::edit_file(path, &editor, session, &how).map_err(|failure| Exit::encrypting(&failure))?;
        return Ok(0);
    }
    if show_metadata {
        warn("--show-master-keys: a new file has no metadata yet");
    }
    let (key, settings) = Recipe::new(call, path)?.prepare(call).map_err(|exit| exit.with_code(128))?;
    let editor = Editor::find(session)?;
    let parse = |text: String| Plain::parse(format.kind(), Zeroizing::new(text.into_bytes()), Reading::default());
    let new = New { key: &key, settings, text: example(format), parse: &parse };
    edit::edit_new(path, &editor, session, new).map_err(|failure| Exit::encrypting(&failure))?;
    Ok(0)
}
