//! Generators.

use std::collections::HashSet;

use crate::external::resource::generator::{
    EcrAuthorizationToken, EcrScope, Generator, GeneratorSpec, Password, PasswordEncoding, ResultType, SYMBOLS, SshKey,
    SshKeyType, StsSessionToken, VaultDynamicSecret,
};
use crate::external::resource::select::GeneratorKind;
use crate::secret::SecretText;

use super::fields::{Field, Map};
use super::metadata::Metadata;
use super::{aws, select, store, vault};

/// Nobody needs more characters; it bounds what a manifest makes a generator do.
const LONGEST_PASSWORD: i64 = 65_536;

/// Field of a ClusterGenerator for each kind.
const SPECS: &[(&str, GeneratorKind)] = &[
    ("passwordSpec", GeneratorKind::Password),
    ("uuidSpec", GeneratorKind::Uuid),
    ("sshKeySpec", GeneratorKind::SshKey),
    ("fakeSpec", GeneratorKind::Fake),
    ("vaultDynamicSecretSpec", GeneratorKind::VaultDynamicSecret),
    ("ecrAuthorizationTokenSpec", GeneratorKind::EcrAuthorizationToken),
    ("stsSessionTokenSpec", GeneratorKind::StsSessionToken),
];

/// Fields of a ClusterGenerator for the kinds that are not supported.
const OTHER_SPECS: &[&str] = &[
    "acrAccessTokenSpec",
    "beyondtrustWorkloadCredentialsDynamicSecretSpec",
    "cloudsmithAccessTokenSpec",
    "gcrAccessTokenSpec",
    "githubAccessTokenSpec",
    "gitlabDeployTokenSpec",
    "grafanaSpec",
    "mfaSpec",
    "quayAccessTokenSpec",
    "webhookSpec",
];

/// The object.
pub(super) fn generator(root: &Map<'_>, metadata: Metadata, kind: GeneratorKind) -> Option<Generator> {
    let cluster = kind == GeneratorKind::ClusterGenerator;
    let (spec, controller) = match (root.get("spec"), kind) {
        (Some(field), GeneratorKind::ClusterGenerator) => cluster_spec(&field)?,
        (Some(field), _) => spec(&field, kind)?,
        // the only one that needs nothing said
        (None, GeneratorKind::Uuid) => (GeneratorSpec::Uuid, None),
        (None, _) => {
            root.wrong_at("spec", "is missing");
            return None;
        }
    };
    Some(Generator { cluster, name: metadata.name, namespace: metadata.namespace, spec, controller, line: root.line })
}

fn cluster_spec(field: &Field<'_>) -> Option<(GeneratorSpec, Option<String>)> {
    let map = field.map(&["kind", "generator"])?;
    let known = &select::GENERATORS[..SPECS.len()];
    let kind = map.need("kind", map.get("kind").and_then(|field| select::generator_kind(&field, known)));
    let names: Vec<&'static str> = SPECS.iter().map(|(name, _)| *name).chain(OTHER_SPECS.iter().copied()).collect();
    let inner = map.needed_map("generator", &names)?;
    inner.unsupported(OTHER_SPECS, "");
    if !inner.present(OTHER_SPECS).is_empty() {
        return None;
    }
    let name = inner.one_of(&names[..SPECS.len()])?;
    let (_, of) = SPECS.iter().find(|(each, _)| *each == name)?;
    let read = inner.get(name).and_then(|field| spec(&field, *of));
    if kind.is_some_and(|kind| kind != *of) {
        map.wrong_at("kind", format!("is not that of {name}"));
    }
    read.filter(|_| kind.is_some())
}

fn spec(field: &Field<'_>, kind: GeneratorKind) -> Option<(GeneratorSpec, Option<String>)> {
    let without_controller = |spec| (spec, None);
    match kind {
        GeneratorKind::Password => password(field).map(GeneratorSpec::Password).map(without_controller),
        GeneratorKind::Uuid => field.map(&[]).map(|_| (GeneratorSpec::Uuid, None)),
        GeneratorKind::SshKey => ssh_key(field).map(GeneratorSpec::SshKey).map(without_controller),
        GeneratorKind::Fake => {
            let map = field.map(&["controller", "data"])?;
            let data = map.text_map("data").into_iter().map(|(key, value)| (key, SecretText::new(value)));
            Some((GeneratorSpec::Fake(data.collect()), map.given("controller")))
        }
        GeneratorKind::VaultDynamicSecret => dynamic(field),
        GeneratorKind::EcrAuthorizationToken => {
            ecr(field).map(GeneratorSpec::EcrAuthorizationToken).map(without_controller)
        }
        GeneratorKind::StsSessionToken => sts(field).map(GeneratorSpec::StsSessionToken).map(without_controller),
        GeneratorKind::ClusterGenerator => None,
    }
}

fn password(field: &Field<'_>) -> Option<Password> {
    let map = field.map(&[
        "length",
        "digits",
        "symbols",
        "symbolCharacters",
        "noUpper",
        "allowRepeat",
        "secretKeys",
        "encoding",
    ])?;
    let size = |name| map.number(name, 0, LONGEST_PASSWORD).and_then(|number| usize::try_from(number).ok());
    let length = size("length").filter(|length| *length > 0).unwrap_or(24);
    let encodings = [
        ("raw", PasswordEncoding::Raw),
        ("base64", PasswordEncoding::Base64),
        ("base64url", PasswordEncoding::Base64Url),
        ("base32", PasswordEncoding::Base32),
        ("hex", PasswordEncoding::Hex),
    ];
    let keys = map.list("secretKeys");
    let mut seen = HashSet::new();
    let named: Vec<_> = keys.iter().filter_map(|field| Some((field, field.key()?))).collect();
    if map.get("secretKeys").is_some() && keys.is_empty() {
        map.wrong_at("secretKeys", "needs a key");
    }
    for (field, _) in named.iter().filter(|(_, key)| !seen.insert(key.as_str())) {
        field.wrong("is there more than once");
    }
    let secret_keys: Vec<String> = named.into_iter().map(|(_, key)| key).collect();
    let password = Password {
        length,
        digits: size("digits").unwrap_or(length / 4),
        symbols: size("symbols").unwrap_or(length / 4),
        symbol_characters: map.text_or("symbolCharacters", SYMBOLS),
        no_upper: map.flag("noUpper"),
        allow_repeat: map.flag("allowRepeat"),
        secret_keys: if secret_keys.is_empty() { vec!["password".to_owned()] } else { secret_keys },
        encoding: map.word("encoding", &encodings),
    };
    possible(&map, &password);
    Some(password)
}

/// What the generator would refuse each time.
fn possible(map: &Map<'_>, password: &Password) {
    let letters = password.length.checked_sub(password.digits + password.symbols);
    let Some(letters) = letters else {
        map.wrong("has more digits and symbols than characters");
        return;
    };
    if password.allow_repeat {
        return;
    }
    let symbols = password.symbol_characters.chars().collect::<HashSet<_>>().len();
    for (wanted, there, what) in [
        (password.digits, 10, "digits"),
        (password.symbols, symbols, "symbols"),
        (letters, if password.no_upper { 26 } else { 52 }, "letters"),
    ] {
        if wanted > there {
            map.wrong(format!("needs allowRepeat: true, as it has {wanted} {what} and there are {there}"));
        }
    }
}

fn ssh_key(field: &Field<'_>) -> Option<SshKey> {
    #[derive(Clone, Copy, Default)]
    enum Type {
        #[default]
        Rsa,
        Ecdsa,
        Ed25519,
    }
    let map = field.map(&["keyType", "keySize", "comment"])?;
    let key_type = map.word("keyType", &[("rsa", Type::Rsa), ("ecdsa", Type::Ecdsa), ("ed25519", Type::Ed25519)]);
    let size = map.number("keySize", 256, 8192).and_then(|size| u32::try_from(size).ok());
    let key_type = match (key_type, size) {
        (Type::Rsa, size) => {
            let size = size.unwrap_or(2048);
            if size < 1024 {
                map.wrong_at("keySize", "has to be at least 1024 for rsa");
            }
            SshKeyType::Rsa(size)
        }
        // upstream makes 256 of what is no size of a curve
        (Type::Ecdsa, size) => {
            let size = size.unwrap_or(256);
            if !matches!(size, 256 | 384 | 521) {
                map.wrong_at("keySize", "has to be one of 256, 384, 521 for ecdsa");
            }
            SshKeyType::Ecdsa(size)
        }
        (Type::Ed25519, _) => SshKeyType::Ed25519,
    };
    Some(SshKey { key_type, comment: map.text("comment").unwrap_or_default() })
}

fn dynamic(field: &Field<'_>) -> Option<(GeneratorSpec, Option<String>)> {
    let map = field.map(&[
        "controller",
        "method",
        "parameters",
        "getParameters",
        "path",
        "provider",
        "resultType",
        "allowEmptyResponse",
        "retrySettings",
    ])?;
    let results = [("Data", ResultType::Data), ("Auth", ResultType::Auth), ("Raw", ResultType::Raw)];
    let provider = map.need("provider", map.get("provider").and_then(|field| vault::vault(&field)));
    let get_parameters = map.get("getParameters").and_then(|field| field.open_map());
    let get_parameters = get_parameters.iter().flat_map(Map::fields);
    let texts = |field: Field<'_>| {
        let items = field.list().unwrap_or_default();
        items.iter().filter_map(|item| item.text()).map(str::to_owned).collect()
    };
    let path = map.needed_text("path");
    let spec = VaultDynamicSecret {
        get_parameters: get_parameters.map(|(name, field)| (name.to_owned(), texts(field))).collect(),
        method: map.text_or("method", "GET"),
        parameters: map.get("parameters").and_then(|field| field.open_map().map(|_| field.json())),
        result_type: map.word("resultType", &results),
        allow_empty_response: map.flag("allowEmptyResponse"),
        retry: store::retry(&map),
        provider: provider?,
        path: path?,
    };
    Some((GeneratorSpec::VaultDynamicSecret(Box::new(spec)), map.given("controller")))
}

fn ecr(field: &Field<'_>) -> Option<EcrAuthorizationToken> {
    let map = field.map(&["region", "auth", "role", "scope"])?;
    let (region, auth) = (map.needed_text("region"), aws::auth(&map));
    let scope = map.word("scope", &[("private", EcrScope::Private), ("public", EcrScope::Public)]);
    Some(EcrAuthorizationToken { region: region?, auth: auth?, role: map.given("role"), scope })
}

fn sts(field: &Field<'_>) -> Option<StsSessionToken> {
    let map = field.map(&["region", "auth", "role", "requestParameters"])?;
    let (region, auth) = (map.needed_text("region"), aws::auth(&map));
    let parameters = map.map("requestParameters", &["sessionDuration", "serialNumber", "tokenCode"]);
    let of = |name| parameters.as_ref().and_then(|map| map.given(name));
    let seconds = parameters.as_ref().and_then(|map| map.number("sessionDuration", 900, 129_600));
    Some(StsSessionToken {
        region: region?,
        auth: auth?,
        role: map.given("role"),
        session_duration: seconds.and_then(|seconds| u32::try_from(seconds).ok()),
        serial_number: of("serialNumber"),
        token_code: of("tokenCode"),
    })
}
