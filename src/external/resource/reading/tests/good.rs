//! Documents that are read: from the documentation of External Secrets Operator, and what becomes of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{good, read_all};
use crate::external::reference::{Part, Reference};
use crate::external::resource::aws::{AwsAuth, AwsService};
use crate::external::resource::external_secret::{
    ApiVersion, Conversion, CreationPolicy, Decoding, DeletionPolicy, ExternalSecret, RefreshPolicy, Rewrite, Source,
};
use crate::external::resource::generator::{GeneratorSpec, SshKeyType};
use crate::external::resource::push::{Named, PushSelector};
use crate::external::resource::select::{GeneratorKind, StoreKind};
use crate::external::resource::store::Provider;
use crate::external::resource::template::{TemplateAs, TemplateSource, TemplateTarget};
use crate::external::resource::vault::{KubernetesToken, KvVersion, RoleId, VaultMethod};
use crate::external::resource::{ClusterExternalSecret, Resource, Store};

/// The documents, one after the other.
pub(super) const DOCUMENTS: &str = include_str!("good.yaml");

fn secret(name: &str) -> ExternalSecret {
    let found = read_all(DOCUMENTS).into_iter().find_map(|read| match read {
        Ok(Some(Resource::ExternalSecret(secret))) if secret.name == name => Some(*secret),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn store(name: &str) -> Store {
    let found = read_all(DOCUMENTS).into_iter().find_map(|read| match read {
        Ok(Some(Resource::Store(store))) if store.name == name => Some(*store),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn every_document_is_read() {
    let all = read_all(DOCUMENTS);
    assert!(all.len() >= 30, "{} documents", all.len());
    for read in all {
        match read {
            Ok(read) => assert!(read.is_some()),
            Err(problems) => panic!("{}", super::messages(&problems)),
        }
    }
}

#[test]
fn what_is_not_ours() {
    for text in [
        "apiVersion: v1\nkind: Secret\n",
        "kind: ExternalSecret\n",
        "a: b\n",
        "apiVersion: x.io/v1\nkind: SecretStore\n",
    ] {
        assert!(matches!(read_all(text)[..], [Ok(None)]), "{text}");
    }
}

#[test]
fn defaults() {
    let text = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec:\n  secretStoreRef: {name: s}\n  data:\n  - secretKey: a\n    remoteRef: {key: b}\n";
    let Resource::ExternalSecret(read) = good(text) else { panic!() };
    assert_eq!((read.refresh_policy, read.refresh_interval), (RefreshPolicy::Periodic, Duration::from_secs(3600)));
    assert_eq!(
        (read.target.creation_policy, read.target.deletion_policy),
        (CreationPolicy::Owner, DeletionPolicy::Retain)
    );
    assert_eq!((read.target_name(), read.namespace.as_deref(), read.api_version), ("db", None, ApiVersion::V1));
    assert_eq!((read.line, read.data[0].line), (1, 7));
    assert_eq!(read.data[0].remote_ref.reference(), Reference::value("b"));
    assert_eq!(read.store_ref.unwrap().kind, StoreKind::SecretStore);
    for (interval, want) in [("\"0\"", 0), ("-5s", 0), ("1h30m", 5400), ("\"0s\"", 0)] {
        let text = text.replace("spec:\n", &format!("spec:\n  refreshInterval: {interval}\n"));
        let Resource::ExternalSecret(read) = good(&text) else { panic!() };
        assert_eq!(read.refresh_interval, Duration::from_secs(want), "{interval}");
    }
    let older = good(&text.replace("/v1\n", "/v1beta1\n"));
    assert!(matches!(older, Resource::ExternalSecret(read) if read.api_version == ApiVersion::V1Beta1));
}

#[test]
fn entries() {
    let read = secret("all-fields");
    assert_eq!((read.generation, read.uid.as_deref()), (Some(3), Some("0f6c")));
    let remote = &read.data[0].remote_ref;
    assert_eq!((remote.property.as_deref(), remote.version.as_deref()), (Some("password"), Some("7")));
    assert_eq!((remote.metadata_policy, remote.decoding), (Part::Metadata, Decoding::Base64Url));
    assert_eq!(read.data[1].store_ref.as_ref().unwrap().kind, StoreKind::ClusterSecretStore);
    let [extract, find, generator] = &read.data_from[..] else { panic!() };
    assert!(matches!(&extract.source, Source::Extract(extract) if extract.key == "app"));
    assert_eq!((extract.conversion, extract.decoding), (Conversion::Unicode, Decoding::Auto));
    assert!(matches!(&extract.rewrite[..], [Rewrite::Regexp { .. }, Rewrite::Transform { .. }, Rewrite::Merge(_)]));
    assert!(
        matches!(&find.source, Source::Find(find) if find.by.name.as_deref() == Some("^db-") && find.by.tags.is_some())
    );
    assert_eq!(find.conversion, Conversion::Unicode);
    assert!(matches!(&generator.source, Source::Generator(generator) if generator.kind == GeneratorKind::Password));
    let template = read.target.template.unwrap();
    let [map, secret, literal] = &template.template_from[..] else { panic!() };
    assert!(
        matches!(&map.source, TemplateSource::ConfigMap(map) if map.items[0].template_as == TemplateAs::KeysAndValues)
    );
    assert!(matches!(secret.source, TemplateSource::Secret(_)));
    assert!(matches!(&literal.source, TemplateSource::Literal(_)));
    assert_eq!((map.target, literal.target), (TemplateTarget::Annotations, TemplateTarget::Labels));
    assert!(read.sync_windows.is_some());
}

#[test]
fn stores() {
    let vault = store("vault-approle");
    let Provider::Vault(provider) = &vault.provider else { panic!() };
    assert_eq!((provider.version, provider.path.as_deref()), (KvVersion::V2, Some("secret")));
    let VaultMethod::AppRole { path, role, .. } = &provider.auth.as_ref().unwrap().method else { panic!() };
    assert_eq!((path.as_str(), role), ("approle", &RoleId::Text("db02de05".into())));
    let Provider::Vault(provider) = store("vault-kubernetes").provider else { panic!() };
    let VaultMethod::Kubernetes { token, .. } = provider.auth.unwrap().method else { panic!() };
    assert!(matches!(token, KubernetesToken::ServiceAccount(_)));
    // the first of the methods in upstream's order, not in that of the manifest
    let Provider::Vault(provider) = store("vault-several").provider else { panic!() };
    assert!(matches!(provider.auth.unwrap().method, VaultMethod::Token(_)));

    let aws = store("aws-role");
    assert_eq!((aws.retry.unwrap().max_retries, aws.refresh_interval), (Some(5), Duration::from_secs(3600)));
    let Provider::Aws(provider) = aws.provider else { panic!() };
    assert_eq!(provider.service, AwsService::SecretsManager);
    assert!(matches!(provider.auth, AwsAuth::ServiceAccount(_)));

    let labels = |team: &str| BTreeMap::from([("team".to_owned(), team.to_owned())]);
    let css = store("for-some");
    assert!(
        css.allows("shop", &BTreeMap::new()) && css.allows("x", &labels("a")) && css.allows("my-prod-1", &labels("b"))
    );
    assert!(!css.allows("x", &labels("b")) && !css.allows("shop2", &BTreeMap::new()));
    assert!(matches!(store("files").provider, Provider::File(file) if file.path.as_deref() == Some("secrets")));
    let fake = store("fake");
    assert!(!format!("{fake:?}").contains("hunter2"));
}

#[test]
fn pushes_and_generators() {
    let mut kinds = Vec::new();
    for read in read_all(DOCUMENTS) {
        match read.unwrap().unwrap() {
            Resource::PushSecret(push) if push.name == "push-all" => {
                assert!(matches!(push.selector, PushSelector::Secret(Named::Name(ref name)) if name == "source"));
                assert_eq!(push.data[0].metadata.as_ref().unwrap()["spec"]["secretPushFormat"], "string");
                assert_eq!((push.data_to.len(), push.data_to[0].rewrite.len()), (2, 1));
            }
            Resource::Generator(generator) => {
                if let GeneratorSpec::SshKey(key) = &generator.spec {
                    assert_eq!(key.key_type, SshKeyType::Ed25519);
                }
                if let GeneratorSpec::Password(password) = &generator.spec {
                    assert_eq!((password.length, password.digits, password.symbols), (42, 5, 5));
                }
                assert!(!format!("{generator:?}").contains("hunter2"));
                kinds.push(generator.reference().kind);
            }
            _ => {}
        }
    }
    kinds.sort();
    let want = [
        GeneratorKind::Password,
        GeneratorKind::Uuid,
        GeneratorKind::SshKey,
        GeneratorKind::Fake,
        GeneratorKind::VaultDynamicSecret,
        GeneratorKind::EcrAuthorizationToken,
        GeneratorKind::StsSessionToken,
        GeneratorKind::ClusterGenerator,
    ];
    assert_eq!(kinds, want);
}

#[test]
fn the_same_in_many_namespaces() {
    let text = "apiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {name: all, annotations: {external-secrets.io/force-sync: '7', other: x}}\nspec:\n  externalSecretName: db\n  externalSecretMetadata: {labels: {a: b}}\n  namespaceSelectors:\n  - matchLabels: {team: shop}\n  - matchExpressions: [{key: tier, operator: In, values: [gold, silver]}, {key: none, operator: DoesNotExist}]\n  namespaces: [extra]\n  externalSecretSpec:\n    secretStoreRef: {name: s, kind: ClusterSecretStore}\n    dataFrom: [{extract: {key: app}}]\n";
    let Resource::ClusterExternalSecret(all) = good(text) else { panic!() };
    let all: ClusterExternalSecret = *all;
    let namespace = |name: &str, labels: &[(&str, &str)]| {
        (name.to_owned(), labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    };
    let made = all.expand(&[
        namespace("a", &[("team", "shop")]),
        namespace("b", &[("tier", "gold")]),
        namespace("c", &[("tier", "gold"), ("none", "")]),
        namespace("d", &[("tier", "iron")]),
        namespace("extra", &[]),
    ]);
    let names: Vec<_> = made.iter().map(|made| made.namespace.as_deref().unwrap()).collect();
    assert_eq!(names, ["a", "b", "extra"]);
    assert_eq!((made[0].name.as_str(), made[0].labels["a"].as_str()), ("db", "b"));
    assert_eq!(made[0].annotations, BTreeMap::from([("external-secrets.io/force-sync".to_owned(), "7".to_owned())]));
}
