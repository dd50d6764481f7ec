//! Options that name keys: one for each kind, as sops has them, and one for the names in `keys/`.

use super::identities;
use super::keys::export;
use super::keys::text::is_name;
use super::session::Session;
use crate::failure::{Failure, Kind};
use crate::keyservice::age::check_recipient;
use crate::keyservice::{KeyError, names};
use crate::sops::key::MasterKey;
use crate::sops::rules::{odd, parse_key};

/// What to give where a recipient is wanted.
const RECIPIENT_HINT: &str =
    "a recipient begins with age1 or ssh-, or is a name in keys/ (sealant keys list); never publish a private key";
/// The same for other kinds.
const KEY_HINT: &str = "give the key itself, or a name in keys/ that has such a key (sealant keys list)";

/// For whom: instead of the keys of the creation rule.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct KeyArgs {
    /// Everybody and everything of these names in keys/, whatever the kind; separated by commas, may be repeated
    #[arg(long, value_name = "NAME")]
    pub to: Vec<String>,
    /// Recipients, or names in keys/, separated by commas; may be repeated [env: SOPS_AGE_RECIPIENTS]
    #[arg(long, value_name = "RECIPIENT")]
    pub age: Vec<String>,
    /// PGP fingerprints, or names in keys/
    #[arg(long, value_name = "FINGERPRINT")]
    pub pgp: Vec<String>,
    /// ARNs of AWS KMS keys, with +ROLE or not, or names in keys/
    #[arg(long, value_name = "ARN")]
    pub kms: Vec<String>,
    /// The AWS profile for the keys of --kms
    #[arg(long, value_name = "PROFILE")]
    pub aws_profile: Option<String>,
    /// Google Cloud KMS keys, or names in keys/
    #[arg(long, value_name = "RESOURCE")]
    pub gcp_kms: Vec<String>,
    /// Azure Key Vault keys, or names in keys/
    #[arg(long, value_name = "URL")]
    pub azure_kv: Vec<String>,
    /// Vault or OpenBao transit keys, or names in keys/
    #[arg(long, value_name = "URL")]
    pub hc_vault_transit: Vec<String>,
    /// HuaweiCloud KMS keys, or names in keys/
    #[arg(long, value_name = "REGION:ID")]
    pub hckms: Vec<String>,
}

/// Keys that are added to files, and keys that are taken out.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Who may open the files: added to the first key group, or taken out of all")]
pub struct ChangeArgs {
    /// Everybody and everything of these names in keys/, to add; separated by commas, may be repeated
    #[arg(long, value_name = "NAME")]
    pub add: Vec<String>,
    /// The same, to take out
    #[arg(long, value_name = "NAME")]
    pub rm: Vec<String>,
    /// Recipients, or names in keys/, to add
    #[arg(long, value_name = "RECIPIENT")]
    pub add_age: Vec<String>,
    /// Recipients, or names in keys/, to take out
    #[arg(long, value_name = "RECIPIENT")]
    pub rm_age: Vec<String>,
    /// PGP fingerprints to add
    #[arg(long, value_name = "FINGERPRINT")]
    pub add_pgp: Vec<String>,
    /// PGP fingerprints to take out
    #[arg(long, value_name = "FINGERPRINT")]
    pub rm_pgp: Vec<String>,
    /// AWS KMS keys to add
    #[arg(long, value_name = "ARN")]
    pub add_kms: Vec<String>,
    /// AWS KMS keys to take out
    #[arg(long, value_name = "ARN")]
    pub rm_kms: Vec<String>,
    /// The AWS profile for the keys of --add-kms and --rm-kms
    #[arg(long, value_name = "PROFILE")]
    pub aws_profile: Option<String>,
    /// Google Cloud KMS keys to add
    #[arg(long, value_name = "RESOURCE")]
    pub add_gcp_kms: Vec<String>,
    /// Google Cloud KMS keys to take out
    #[arg(long, value_name = "RESOURCE")]
    pub rm_gcp_kms: Vec<String>,
    /// Azure Key Vault keys to add
    #[arg(long, value_name = "URL")]
    pub add_azure_kv: Vec<String>,
    /// Azure Key Vault keys to take out
    #[arg(long, value_name = "URL")]
    pub rm_azure_kv: Vec<String>,
    /// Vault or OpenBao transit keys to add
    #[arg(long, value_name = "URL")]
    pub add_hc_vault_transit: Vec<String>,
    /// Vault or OpenBao transit keys to take out
    #[arg(long, value_name = "URL")]
    pub rm_hc_vault_transit: Vec<String>,
    /// HuaweiCloud KMS keys to add
    #[arg(long, value_name = "REGION:ID")]
    pub add_hckms: Vec<String>,
    /// HuaweiCloud KMS keys to take out
    #[arg(long, value_name = "REGION:ID")]
    pub rm_hckms: Vec<String>,
}

impl KeyArgs {
    /// Each option with the field of creation rules that is read alike; the first is for names.
    fn given(&self) -> [(&'static str, &'static str, &[String]); 8] {
        [
            ("--to", "", &self.to),
            ("--age", "age", &self.age),
            ("--pgp", "pgp", &self.pgp),
            ("--kms", "kms", &self.kms),
            ("--gcp-kms", "gcp_kms", &self.gcp_kms),
            ("--hckms", "hckms", &self.hckms),
            ("--azure-kv", "azure_keyvault", &self.azure_kv),
            ("--hc-vault-transit", "hc_vault_transit_uri", &self.hc_vault_transit),
        ]
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.flags().is_empty()
    }

    /// The options that were given.
    pub fn flags(&self) -> Vec<&'static str> {
        self.given().into_iter().filter(|(_, _, texts)| !texts.is_empty()).map(|(flag, _, _)| flag).collect()
    }

    /// The keys that the options name.
    ///
    /// # Errors
    /// A text that is no key, with its option and its place there; an option that names nothing.
    pub fn keys(&self, session: &Session) -> Result<Vec<MasterKey>, Failure> {
        all(session, &self.given(), self.aws_profile.as_deref())
    }
}

impl ChangeArgs {
    /// The keys to add.
    ///
    /// # Errors
    /// As [`KeyArgs::keys`].
    pub fn added(&self, session: &Session) -> Result<Vec<MasterKey>, Failure> {
        let given: [(&str, &str, &[String]); 8] = [
            ("--add", "", &self.add),
            ("--add-age", "age", &self.add_age),
            ("--add-pgp", "pgp", &self.add_pgp),
            ("--add-kms", "kms", &self.add_kms),
            ("--add-gcp-kms", "gcp_kms", &self.add_gcp_kms),
            ("--add-hckms", "hckms", &self.add_hckms),
            ("--add-azure-kv", "azure_keyvault", &self.add_azure_kv),
            ("--add-hc-vault-transit", "hc_vault_transit_uri", &self.add_hc_vault_transit),
        ];
        all(session, &given, self.aws_profile.as_deref())
    }

    /// The keys to take out.
    ///
    /// # Errors
    /// As [`KeyArgs::keys`].
    pub fn removed(&self, session: &Session) -> Result<Vec<MasterKey>, Failure> {
        let given: [(&str, &str, &[String]); 8] = [
            ("--rm", "", &self.rm),
            ("--rm-age", "age", &self.rm_age),
            ("--rm-pgp", "pgp", &self.rm_pgp),
            ("--rm-kms", "kms", &self.rm_kms),
            ("--rm-gcp-kms", "gcp_kms", &self.rm_gcp_kms),
            ("--rm-hckms", "hckms", &self.rm_hckms),
            ("--rm-azure-kv", "azure_keyvault", &self.rm_azure_kv),
            ("--rm-hc-vault-transit", "hc_vault_transit_uri", &self.rm_hc_vault_transit),
        ];
        all(session, &given, self.aws_profile.as_deref())
    }
}

fn all(
    session: &Session,
    given: &[(&'static str, &'static str, &[String])],
    profile: Option<&str>,
) -> Result<Vec<MasterKey>, Failure> {
    let mut keys: Vec<MasterKey> = Vec::new();
    for (flag, field, texts) in given {
        let found = parse(session, flag, field, texts, profile.unwrap_or_default())?;
        if found.is_empty() && !texts.is_empty() {
            return Err(Failure::new(Kind::Generic, format!("{flag} names no key")));
        }
        for key in found {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

/// The keys that texts spell, each perhaps a list with commas. `from` is the option or variable they come from; without a
/// `field` they are names in `keys/`, or keys of any kind.
///
/// # Errors
/// A text that is no key. It is not repeated: it might be a private key.
pub fn parse(
    session: &Session,
    from: &str,
    field: &str,
    texts: &[String],
    profile: &str,
) -> Result<Vec<MasterKey>, Failure> {
    let mut keys = Vec::new();
    let words = texts.iter().flat_map(|text| text.split([',', '\n'])).map(str::trim).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        let refuse = |what: String| Failure::new(Kind::Generic, format!("entry {} of {from} {what}", at + 1));
        if let Some(named) = named(session, word)? {
            let before = keys.len();
            keys.extend(named.into_iter().filter(|key| field.is_empty() || field_of(key) == field));
            if keys.len() == before {
                let kind = field.trim_end_matches("_transit_uri");
                return Err(refuse(format!("is a name, but keys/{word}.pub has no {kind} key")).hint(KEY_HINT));
            }
            continue;
        }
        if field.is_empty() {
            let key = names::key(word).ok_or_else(|| {
                // it may be a name that is mistyped, or a secret
                refuse("is neither a name in keys/ nor a key".into()).hint("all names: sealant keys list")
            })?;
            keys.push(checked(key, &refuse)?);
            continue;
        }
        let hint = if field == "age" { RECIPIENT_HINT } else { KEY_HINT };
        let key = parse_key(field, word, profile).map_err(|problem| refuse(problem.to_string()).hint(hint))?;
        keys.push(checked(key, &refuse).map_err(|failure| failure.hint(hint))?);
    }
    Ok(keys)
}

/// The keys of a name in `keys/`; `None` when nobody has that name.
fn named(session: &Session, word: &str) -> Result<Option<Vec<MasterKey>>, Failure> {
    // a recipient is a good name for a file, too
    if !is_name(word) || names::key(word).is_some() {
        return Ok(None);
    }
    let named = identities::named(&session.names_root())?;
    if !named.iter().any(|(name, _)| name == word) {
        return Ok(None);
    }
    let texts = export::named(session, word)?;
    Ok(Some(texts.iter().filter_map(|text| names::key(text)).collect()))
}

fn checked(key: MasterKey, refuse: &dyn Fn(String) -> Failure) -> Result<MasterKey, Failure> {
    if let MasterKey::Age { recipient } = &key
        && check_recipient(recipient) == Err(KeyError::BadRecipient)
    {
        return Err(refuse(format!("is {}", KeyError::BadRecipient)));
    }
    match odd(&key) {
        Some(what) => Err(refuse(format!("is no {what}"))),
        None => Ok(key),
    }
}

/// The field of a creation rule for a key of this kind.
pub fn field_of(key: &MasterKey) -> &'static str {
    match key {
        MasterKey::AzureKv { .. } => "azure_keyvault",
        MasterKey::HcVault { .. } => "hc_vault_transit_uri",
        _ => names::kind_word(key),
    }
}
