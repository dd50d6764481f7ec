//! `sops edit`, and `sops FILE`.

use super::call::Call;
use super::encrypt::Recipe;
use super::exit::{Exit, warn};
use super::store;
use crate::commands::edit::{self, Editor};
use crate::fsio::folder;

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

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    let path = call.file().ok_or_else(Exit::no_file)?;
    call.check_config()?;
    store::check_both(call.input(path), call.output(path))?;
    if call.given.is_on("show-master-keys") {
        warn("--show-master-keys is not supported: the metadata is not shown");
    }
    let session = &call.session;
    // the folder with the plain text must go with us, whatever ends us
    session.guard_files();
    if folder::exists(path) {
        if call.legacy && session.rule_for(path)?.is_none() && call.has_rules() {
            return Err(Exit::no_rule(true));
        }
        let editor = Editor::find(session)?;
        let checked = !call.given.is_on("ignore-mac");
        edit::edit_file(path, &editor, session, checked).map_err(|failure| Exit::encrypting(&failure))?;
        return Ok(0);
    }
    let (key, settings) = Recipe::new(call, path)?.prepare(call).map_err(|exit| exit.with_code(128))?;
    let editor = Editor::find(session)?;
    edit::edit_new(path, &editor, session, &key, settings, EXAMPLE).map_err(|failure| Exit::encrypting(&failure))?;
    Ok(0)
}
