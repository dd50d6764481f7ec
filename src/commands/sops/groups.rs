//! `sops groups add` and `sops groups delete`. Unlike sops, which then loses the data key, they fail when somebody cannot
//! be given his share.

use std::path::PathBuf;

use super::call::Call;
use super::exit::Exit;
use crate::commands::rekey::{self, Groups, Held};
use crate::commands::sopsfile;
use crate::fsio::output;

/// Adds a group.
///
/// # Errors
/// As sops, and when the new group has no keys.
pub fn add(call: &Call) -> Result<u8, Exit> {
    let keys = call.keys("")?;
    if keys.is_empty() {
        return Err(Exit::fatal("the new group would have no keys"));
    }
    run(call, |groups| {
        groups.push(keys);
        Ok(())
    })
}

/// Deletes a group.
///
/// # Errors
/// As sops, and when no group would be left.
pub fn delete(call: &Call) -> Result<u8, Exit> {
    let [index] = call.given.rest.as_slice() else {
        return Err(Exit::new(1, "error: exactly one positional argument (index) required"));
    };
    let index: usize = index
        .to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Exit::fatal("error: index must be a whole number from 0"))?;
    run(call, |groups| {
        if index >= groups.len() {
            return Err(Exit::fatal(format!("there is no group {index}: the file has {}", groups.len())));
        }
        if groups.len() == 1 {
            return Err(Exit::fatal("the last group cannot be deleted: nobody could open the file"));
        }
        groups.remove(index);
        Ok(())
    })
}

fn file(call: &Call) -> Result<PathBuf, Exit> {
    let path = call.given.os("file").map(PathBuf::from);
    path.ok_or_else(|| Exit::fatal("no file specified: --file FILE"))
}

fn run(call: &Call, change: impl FnOnce(&mut Groups) -> Result<(), Exit>) -> Result<u8, Exit> {
    let path = file(call)?;
    call.must_exist(&path)?;
    call.check_config()?;
    let given = usize::try_from(call.given.number("shamir-secret-sharing-threshold"))
        .map_err(|_| Exit::fatal("the threshold is negative"))?;
    let session = &call.session;
    let rewrite = |opened: &sopsfile::Opened| -> Result<String, Exit> {
        let mut groups = rekey::groups_of(&opened.file);
        change(&mut groups)?;
        let threshold = if given == 0 { opened.file.metadata().shamir_threshold } else { given };
        if groups.len() < threshold {
            let text = format!(
                "removing this key group will make the Shamir threshold impossible to satisfy: Shamir threshold is {threshold}, but we only have {} key groups",
                groups.len()
            );
            return Err(Exit::fatal(text));
        }
        Ok(rekey::rewrap(session, opened, &groups, threshold)?)
    };
    if call.given.is_on("in-place") {
        let (opened, place) = Held::begin(&path, Some(call.input(&path).kind()))?.open(session)?;
        place.replace(session, &rewrite(&opened)?)?;
        return Ok(0);
    }
    let opened = sopsfile::open_source(session, call.source(&path)?)?;
    output::data(rewrite(&opened)?.as_bytes())?;
    Ok(0)
}
