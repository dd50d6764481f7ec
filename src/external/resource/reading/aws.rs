//! `provider.aws`, and who one is to AWS wherever that is said.

use crate::external::resource::aws::{AwsAuth, AwsProvider, AwsService, SecretsManager, SessionTagsPolicy, Tag};
use crate::external::resource::external_secret::ApiVersion;

use super::fields::{Field, Map};
use super::select::{WhichKey, needed_secret, secret, service_account};

/// Tags that the policies of tags set themselves.
const RESERVED: [&str; 3] = ["esoNamespace", "esoStoreName", "esoStoreKind"];

/// A service of AWS.
pub(super) fn aws(field: &Field<'_>) -> Option<AwsProvider> {
    let map = field.map(&[
        "service",
        "region",
        "auth",
        "role",
        "additionalRoles",
        "externalID",
        "sessionTags",
        "transitiveTagKeys",
        "sessionTagsPolicy",
        "customSessionTags",
        "prefix",
        "secretsManager",
    ])?;
    map.only_v1(&["sessionTagsPolicy", "customSessionTags"]);
    let service = map.need("service", map.get("service").and_then(|field| service(&field)));
    let auth = auth(&map);
    let policies = [
        ("None", SessionTagsPolicy::None),
        ("Simple", SessionTagsPolicy::Simple),
        ("Custom", SessionTagsPolicy::Custom),
    ];
    let custom = map.text_map("customSessionTags");
    if let Some(name) = RESERVED.iter().find(|name| custom.contains_key(**name)) {
        map.wrong_at("customSessionTags", format!("cannot have {name}, which is set anyway"));
    }
    let region = map.needed_text("region");
    let secrets_manager = secrets_manager(&map);
    let tag = |field: &Field<'_>| {
        let map = field.map(&["key", "value"])?;
        let value = map.need("value", map.text("value"));
        Some(Tag { key: map.needed_text("key")?, value: value? })
    };
    Some(AwsProvider {
        service: service?,
        region: region?,
        auth: auth?,
        role: map.given("role"),
        additional_roles: map.texts("additionalRoles"),
        external_id: map.given("externalID"),
        session_tags: map.list("sessionTags").iter().filter_map(tag).collect(),
        transitive_tag_keys: map.texts("transitiveTagKeys"),
        session_tags_policy: map.word("sessionTagsPolicy", &policies),
        custom_session_tags: custom.into_iter().map(|(key, value)| Tag { key, value }).collect(),
        prefix: map.given("prefix"),
        secrets_manager,
    })
}

fn service(field: &Field<'_>) -> Option<AwsService> {
    let known = [("SecretsManager", AwsService::SecretsManager), ("ParameterStore", AwsService::ParameterStore)];
    if field.text()? == "CertificateManager" && field.reading.version == ApiVersion::V1 {
        field.wrong("the service `CertificateManager` is not supported; supported: SecretsManager, ParameterStore");
        return None;
    }
    field.word(&known)
}

fn secrets_manager(map: &Map<'_>) -> SecretsManager {
    let known = ["forceDeleteWithoutRecovery", "recoveryWindowInDays"];
    let Some(map) = map.map("secretsManager", &known) else { return SecretsManager::default() };
    let force = map.flag("forceDeleteWithoutRecovery");
    let days = map.number("recoveryWindowInDays", 0, i64::MAX).filter(|days| *days != 0);
    if let Some(days) = days {
        if force {
            map.wrong_at("recoveryWindowInDays", "is not for forceDeleteWithoutRecovery");
        } else if !(7..=30).contains(&days) {
            map.wrong_at("recoveryWindowInDays", "has to be from 7 to 30");
        }
    }
    SecretsManager {
        force_delete_without_recovery: force,
        recovery_window_in_days: days.and_then(|days| u8::try_from(days).ok()),
    }
}

/// `auth` of this map; `None` when it is there and wrong.
pub(super) fn auth(map: &Map<'_>) -> Option<AwsAuth> {
    let Some(field) = map.get("auth") else { return Some(AwsAuth::Environment) };
    identity(&field.map(&["jwt", "secretRef"])?)
}

/// `jwt` and `secretRef` of this map; `None` when one is there and wrong.
pub(super) fn identity(map: &Map<'_>) -> Option<AwsAuth> {
    let mut found = Some(AwsAuth::Environment);
    if let Some(field) = map.get("secretRef") {
        found =
            field.map(&["accessKeyIDSecretRef", "secretAccessKeySecretRef", "sessionTokenSecretRef"]).and_then(|map| {
                let access_key_id = needed_secret(&map, "accessKeyIDSecretRef", WhichKey::Needed);
                let secret_access_key = needed_secret(&map, "secretAccessKeySecretRef", WhichKey::Needed);
                let session_token = secret(&map, "sessionTokenSecretRef", WhichKey::Needed);
                Some(AwsAuth::Secret {
                    access_key_id: access_key_id?,
                    secret_access_key: secret_access_key?,
                    session_token,
                })
            });
    }
    if let Some(field) = map.get("jwt") {
        let account = field
            .map(&["serviceAccountRef"])
            .and_then(|map| map.need("serviceAccountRef", service_account(&map, "serviceAccountRef")));
        // what is wrong with either must not turn into another identity
        found = found.and(account.map(AwsAuth::ServiceAccount));
    }
    found
}
