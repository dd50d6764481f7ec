//! `sops rotate`.

use super::call::{Call, must_be_readable};
use super::exit::Exit;
use super::store;
use crate::commands::rekey::{self, Held};
use crate::commands::sopsfile;
use crate::fsio::folder;
use crate::fsio::write::NewMode;

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    call.one_place()?;
    let file = call.file().ok_or_else(Exit::no_file)?;
    if call.legacy {
        call.must_exist(file)?;
    }
    must_be_readable(&folder::absolute(call.session.cwd(), file))?;
    call.check_config()?;
    if call.legacy && call.session.rule_for(file)?.is_none() && call.has_rules() {
        return Err(Exit::no_rule(true));
    }
    let (format, output) = (call.input(file), call.output(file));
    let (add, remove) = (call.keys("add-")?, call.keys("rm-")?);
    let ignore_mac = call.given.is_on("ignore-mac");
    let rotate = |opened: &sopsfile::Opened| -> Result<String, Exit> {
        let mut groups = rekey::groups_of(&opened.file);
        rekey::change_groups(&mut groups, add.clone(), &remove);
        let plain = opened.decrypt(ignore_mac)?;
        let document = opened.parse_plain(&plain)?;
        let document = store::rewritten(&opened.name, document, Some(&opened.file), output, call.style(output)?)?;
        Ok(rekey::rotate(&call.session, opened, &plain, &document, &groups)?.text)
    };
    if call.given.is_on("in-place") {
        let (opened, place) = Held::begin(file, Some(format.kind()))?.open(&call.session)?;
        place.replace(&call.session, &rotate(&opened)?)?;
        return Ok(0);
    }
    let opened = sopsfile::open_source(&call.session, call.source(file)?)?;
    call.deliver(rotate(&opened)?.as_bytes(), None, NewMode::Public)?;
    Ok(0)
}
