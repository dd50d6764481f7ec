//! Mistakes that are valid: what people most likely meant instead.

use super::CreationRule;
use super::reader::Reader;
use crate::sops::key::MasterKey;

/// Looks at a key: what it is said to be and cannot be fails much later, and at somebody else's.
pub(super) fn key(reader: &mut Reader, line: usize, field: &str, entry: usize, key: &MasterKey) {
    if let Some(what) = odd(key) {
        reader.warn(line, format!("entry {entry} of `{field}` is no {what}"));
    }
}

/// What a key should be and is not, as far as its form says it.
pub fn odd(key: &MasterKey) -> Option<&'static str> {
    let fits = match key {
        MasterKey::Pgp { fingerprint } => {
            let digits = fingerprint.strip_prefix("0x").unwrap_or(fingerprint);
            // gpg takes short identifiers and addresses, too
            fingerprint.contains('@')
                || matches!(digits.len(), 8..=64) && digits.bytes().all(|next| next.is_ascii_hexdigit())
        }
        MasterKey::Kms { arn, .. } => is_kms(arn),
        MasterKey::GcpKms { resource_id } => {
            let parts: Vec<&str> = resource_id.split('/').collect();
            let names = ["projects", "locations", "keyRings", "cryptoKeys"];
            parts.len() >= 8
                && names.iter().enumerate().all(|(at, name)| parts[2 * at] == *name && !parts[2 * at + 1].is_empty())
        }
        _ => true,
    };
    let what = match key {
        MasterKey::Pgp { .. } => "PGP fingerprint",
        MasterKey::Kms { .. } => "ARN of an AWS KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID or :alias/NAME)",
        _ => "Google Cloud KMS key (projects/…/locations/…/keyRings/…/cryptoKeys/…)",
    };
    (!fits).then_some(what)
}

/// As sops looks at it when the key is used (sops 3.13.2 `kms/keysource.go`, `arnRegex`).
fn is_kms(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [arn, partition, service, region, account, key] = parts.as_slice() else {
        return false;
    };
    let name = key.strip_prefix("key/").or_else(|| key.strip_prefix("alias/"));
    *arn == "arn"
        && partition.starts_with("aws")
        && *service == "kms"
        && !region.is_empty()
        && !account.is_empty()
        && account.bytes().all(|next| next.is_ascii_digit())
        && name.is_some_and(|name| !name.is_empty())
}

/// Looks at the rules side by side.
pub(super) fn rules(reader: &mut Reader, rules: &[CreationRule]) {
    if let Some((at, catch_all)) = rules.iter().enumerate().find(|(_, rule)| rule.path_regex.is_none()) {
        for rule in &rules[at + 1..] {
            let text = format!("this rule is never used: the one at line {} is for every path", catch_all.line);
            reader.warn(rule.line, text);
        }
    }
    for pair in rules.windows(2) {
        let [first, second] = pair else { continue };
        let torn = first.path_regex.is_some()
            && first.groups.is_empty()
            && second.path_regex.is_none()
            && !second.groups.is_empty();
        if torn {
            let text = format!(
                "this rule has keys but no `path_regex`, and the one at line {} a `path_regex` but no keys; \
                 is there a dash too many?",
                first.line
            );
            reader.warn(second.line, text);
        }
    }
}
