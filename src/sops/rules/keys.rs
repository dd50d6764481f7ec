//! Keys as rules spell them.

use super::problem::KeyProblem;
use crate::sops::key::MasterKey;

/// An age recipient. Whether it really is one, is for the key service to say.
pub(super) fn age(text: &str) -> Result<MasterKey, KeyProblem> {
    if text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("AGE-SECRET-KEY-")) {
        return Err(KeyProblem::PrivateAge);
    }
    if !text.starts_with("age1") && !text.starts_with("ssh-") {
        return Err(KeyProblem::Age);
    }
    if text.starts_with("age1") && text.contains(char::is_whitespace) {
        return Err(KeyProblem::Blank);
    }
    Ok(MasterKey::Age { recipient: text.to_owned() })
}

/// A PGP fingerprint, often written in blocks of four.
pub(super) fn pgp(text: &str) -> MasterKey {
    MasterKey::Pgp { fingerprint: text.replace(' ', "") }
}

/// `arn:aws:kms:…[+arn:aws:iam::…:role/…]`.
pub(super) fn kms(text: &str, aws_profile: &str) -> MasterKey {
    let text = text.replace(' ', "");
    // an ARN may hold a plus, but no colon after it, so that this is where the role begins
    let (arn, role) = match text.find("+arn:") {
        Some(at) if at > 0 => (text[..at].to_owned(), Some(text[at + 1..].to_owned())),
        _ => (text, None),
    };
    MasterKey::Kms { arn, role, context: vec![], aws_profile: aws_profile.to_owned() }
}

/// `projects/…/locations/…/keyRings/…/cryptoKeys/…`.
pub(super) fn gcp_kms(text: &str) -> MasterKey {
    MasterKey::GcpKms { resource_id: text.replace(' ', "") }
}

/// `region:key-uuid`.
pub(super) fn huawei_kms(text: &str) -> Result<MasterKey, KeyProblem> {
    match text.split_once(':') {
        Some((region, uuid)) if !region.trim().is_empty() && !uuid.trim().is_empty() => {
            Ok(MasterKey::HcKms { key_id: text.to_owned() })
        }
        _ => Err(KeyProblem::HuaweiKms),
    }
}

/// `https://NAME.vault.azure.net/keys/KEY[/VERSION]`. Without a version the current one has to be looked up.
pub(super) fn azure(text: &str) -> Result<MasterKey, KeyProblem> {
    let parts = || {
        let host_and_path = text.strip_prefix("https://")?;
        let (host, path) = host_and_path.split_once('/')?;
        let name_and_version = path.strip_prefix("keys/")?;
        let (name, version) = name_and_version.split_once('/').unwrap_or((name_and_version, ""));
        let fits = !host.is_empty() && !name.is_empty() && !version.contains('/');
        fits.then(|| (format!("https://{host}"), name, version))
    };
    let (vault_url, name, version) = parts().ok_or(KeyProblem::Azure)?;
    Ok(MasterKey::AzureKv { vault_url, name: name.to_owned(), version: version.to_owned() })
}

/// `https://HOST:PORT/v1/ENGINE/keys/KEY`; the engine's path may have several parts.
pub(super) fn vault(text: &str) -> Result<MasterKey, KeyProblem> {
    let (scheme, rest) = text.split_once("://").ok_or(KeyProblem::Vault)?;
    let (host, path) = rest.split_once('/').ok_or(KeyProblem::Vault)?;
    let scheme_fits = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|next| next.is_ascii_alphanumeric() || "+-.".contains(next));
    if !scheme_fits || host.is_empty() || path.contains(['?', '#']) {
        return Err(KeyProblem::Vault);
    }
    let parts: Vec<&str> = path.split('/').collect();
    // the version, and three parts after it
    let version_at = |at: usize| {
        let is_version = parts[at]
            .strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
        is_version && parts[at + 1..].iter().take_while(|part| !part.is_empty()).count() >= 3
    };
    match (0..parts.len()).rev().find(|at| version_at(*at)) {
        None => return Err(KeyProblem::Vault),
        Some(at) if parts[..at].iter().any(|part| !part.is_empty()) => {
            return Err(KeyProblem::VaultPrefix);
        }
        Some(_) => {}
    }
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    // what the check above promises: version, engine, "keys", name
    let [_, engine @ .., _, key_name] = parts.as_slice() else {
        return Err(KeyProblem::Vault);
    };
    Ok(MasterKey::HcVault {
        vault_address: format!("{}://{host}", scheme.to_ascii_lowercase()),
        engine_path: engine.join("/"),
        key_name: (*key_name).to_owned(),
    })
}

/// What sops calls a key by, and compares it by (`ToString` of each key kind). Unique only within one kind.
pub fn identity(key: &MasterKey) -> String {
    match key {
        MasterKey::Age { recipient } => recipient.clone(),
        MasterKey::Pgp { fingerprint } => fingerprint.clone(),
        MasterKey::Kms { arn, role, context, aws_profile } => {
            let mut text = arn.clone();
            if let Some(role) = role {
                text.push('+');
                text.push_str(role);
            }
            let mut pairs: Vec<String> = context.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            pairs.sort();
            match (pairs.is_empty(), aws_profile.is_empty()) {
                (true, true) => text,
                (false, true) => format!("{text}|{}", pairs.join(",")),
                (_, false) => format!("{text}|{}|{aws_profile}", pairs.join(",")),
            }
        }
        MasterKey::GcpKms { resource_id } => resource_id.clone(),
        MasterKey::AzureKv { vault_url, name, version } => {
            format!("{vault_url}/keys/{name}/{version}")
        }
        MasterKey::HcVault { vault_address, engine_path, key_name } => {
            format!("{vault_address}/v1/{engine_path}/keys/{key_name}")
        }
        MasterKey::HcKms { key_id } => key_id.clone(),
    }
}

/// A key and the line it stands on.
pub(super) type Placed = (usize, MasterKey);

/// Leaves the first of each key.
pub(super) fn deduplicate(keys: Vec<Placed>) -> Vec<Placed> {
    let mut seen = std::collections::HashSet::new();
    keys.into_iter().filter(|(_, key)| seen.insert((std::mem::discriminant(key), identity(key)))).collect()
}
