//! `sealant keys export`: what others paste into a creation rule.

use super::{list, own_recipients};
use crate::commands::identities;
use crate::commands::keyargs::field_of;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::keyservice::names;
use crate::sops::key::MasterKey;
use crate::sops::rules::identity;

const EXAMPLES: &str = "\
Prints lines for a creation rule of .sops.yaml, every key below the field of its kind.

Examples:
  sealant keys export            yours
  sealant keys export ci-prod    all keys of keys/ci-prod.pub";

/// The fields of a creation rule, in the order in which sops lists keys.
const FIELDS: [&str; 7] = ["age", "pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri"];

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whose keys [default: yours]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Runs it.
///
/// # Errors
/// No such name, no key at hand.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let texts = match &args.name {
        Some(name) => named(session, name)?,
        None => own_recipients(session),
    };
    if texts.is_empty() {
        return Err(match &args.name {
            Some(name) => Failure::new(Kind::NoFile, format!("there is no key in keys/{name}.pub")),
            None => Failure::new(Kind::NoFile, "you have no key at hand").hint("make one with: sealant keys new NAME"),
        });
    }
    if session.json() {
        return list::print_json_of(session, args.name.as_deref());
    }
    let keys: Vec<MasterKey> = texts.iter().filter_map(|text| names::key(text)).collect();
    let name = args.name.as_deref().or_else(|| keys.iter().find_map(|key| session.names_or_none().name_of(key)));
    Ok(output::data(lines(name, &keys).as_bytes())?)
}

/// The keys of a name in `keys/`, as they are written.
///
/// # Errors
/// No such name; a file there that is no recipients file.
pub fn named(session: &Session, name: &str) -> Result<Vec<String>, Failure> {
    let mut named = identities::named(&session.names_root())?.into_iter();
    let found = named.find(|(known, _)| known == name);
    let missing =
        || Failure::new(Kind::NoFile, format!("there is no keys/{name}.pub")).hint("all names: sealant keys list");
    Ok(found.ok_or_else(missing)?.1)
}

fn lines(name: Option<&str>, keys: &[MasterKey]) -> String {
    let mut text = name.map(|name| format!("# {name}\n")).unwrap_or_default();
    for field in FIELDS {
        let of_field: Vec<&MasterKey> = keys.iter().filter(|key| field_of(key) == field).collect();
        if !of_field.is_empty() {
            text.push_str(&format!("{field}:\n"));
        }
        for key in of_field {
            // a comment, or a colon with a blank, would end a plain scalar
            let key = identity(key).replace('\\', "\\\\").replace('"', "\\\"");
            let is_plain = !key.contains([' ', '#', '"', '\\']);
            text.push_str(&if is_plain { format!("  - {key}\n") } else { format!("  - \"{key}\"\n") });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_field() {
        let texts = [
            "https://example.vault.azure.net/keys/prod/0a",
            "ssh-ed25519 AAAA me@host",
            "arn:aws:kms:eu-west-1:1:alias/prod",
            "https://vault.example.com/v1/transit/keys/prod",
        ];
        let keys: Vec<MasterKey> = texts.iter().map(|text| names::key(text).unwrap()).collect();
        assert_eq!(
            lines(Some("prod"), &keys),
            "# prod\nage:\n  - \"ssh-ed25519 AAAA me@host\"\nkms:\n  - arn:aws:kms:eu-west-1:1:alias/prod\n\
             azure_keyvault:\n  - https://example.vault.azure.net/keys/prod/0a\n\
             hc_vault_transit_uri:\n  - https://vault.example.com/v1/transit/keys/prod\n"
        );
    }
}
