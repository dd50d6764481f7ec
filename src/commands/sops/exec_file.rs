//! `sops exec-file`.

use std::path::Path;

use super::call::{Call, must_be_readable};
use super::exec_env::{find_user, finish, warn_background};
use super::exit::Exit;
use super::store;
use crate::commands::exec_file::{self, Shown};
use crate::commands::sopsfile;
use crate::fsio::run::{Run, What};

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    let [file, line] = call.given.rest.as_slice() else {
        return Err(Exit::new(1, "error: missing file to decrypt"));
    };
    let file = Path::new(file);
    call.check_config()?;
    let background = warn_background(call, "exec-file");
    let name = Path::new(call.given.os("filename").unwrap_or("tmp-file".as_ref()));
    let name = exec_file::local(name).map_err(|failure| Exit::new(1, failure.message()))?;
    let output = call.output(file);
    must_be_readable(file)?;
    let user = find_user(call)?;
    let opened = sopsfile::open_source(&call.session, call.source(file)?)?;
    let plain = opened.decrypt(false)?;
    let plain = opened.parse_plain(&plain)?;
    let text = store::emit(&opened.name, &plain, Some(&opened.file), output, call.style(output)?)?;
    // somebody who runs on has to find a file, as nobody would write a FIFO any more
    let fifo = !call.given.is_on("no-fifo") && !background;
    let shown = Shown::new(&call.session, name, &text, fifo, user.as_ref())?;
    let what = What::Shell(shown.put_into(line));
    let run = Run { what, variables: &[], pristine: false, keep_keys: true, user: user.as_ref() };
    let code = finish(&run, background);
    if background {
        shown.keep();
    }
    code
}
