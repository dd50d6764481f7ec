//! Stores and generators that are refused.

use super::refused;

/// A SecretStore with this provider on line 5.
fn store(provider: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: s, namespace: shop}}\nspec:\n  provider: {{{provider}}}\n"
    )
}

fn cluster(provider: &str) -> String {
    store(provider).replace("kind: SecretStore", "kind: ClusterSecretStore")
}

/// A Vault with this method of logging in.
fn login(auth: &str) -> String {
    store(&format!("vault: {{server: https://v, auth: {{{auth}}}}}"))
}

#[test]
fn providers() {
    refused(
        &[
            (
                "azurekv: {vaultUrl: x}",
                "line 5: spec.provider.azurekv: the provider `azurekv` is not supported; supported: vault, aws, kubernetes, fake, encryptedFile",
            ),
            ("volt: {}", "line 5: spec.provider.volt: there is no such provider; did you mean `vault`?"),
            ("Vault: {server: a}", "line 5: spec.provider.Vault: there is no such provider; did you mean `vault`?"),
            ("", "line 5: spec.provider: needs a provider"),
            ("fake: {data: []}, encryptedFile: {}", "line 5: spec.provider: has to have only one provider"),
            ("encryptedFile: {folder: a}", "line 5: spec.provider.encryptedFile.folder: there is no such field"),
            ("fake: {}", "line 5: spec.provider.fake.data: is missing"),
            (
                "fake: {data: [{key: a, value: 1}]}",
                "line 5: spec.provider.fake.data[0].value: has to be text, not a number; write it in quotes",
            ),
            ("fake: {data: [{value: a}]}", "line 5: spec.provider.fake.data[0].key: is missing"),
            (
                "fake: {data: [], validationResult: 3}",
                "line 5: spec.provider.fake.validationResult: has to be from 0 to 2",
            ),
            ("kubernetes: {}", "line 5: spec.provider.kubernetes: needs auth or authRef"),
            (
                "kubernetes: {auth: {}}",
                "line 5: spec.provider.kubernetes.auth: needs one of token, serviceAccount, cert",
            ),
            (
                "kubernetes: {auth: {token: {bearerToken: {name: a}}}}",
                "line 5: spec.provider.kubernetes.auth.token.bearerToken.key: is missing",
            ),
            (
                "kubernetes: {auth: {serviceAccount: {name: a, namespace: other}}}",
                "line 5: spec.provider.kubernetes.auth.serviceAccount.namespace: is not the object's own; only cluster-wide objects can refer to other namespaces",
            ),
            (
                "kubernetes: {auth: {serviceAccount: {name: a}}, server: {caBundle: 'bm90aGluZw=='}}",
                "line 5: spec.provider.kubernetes.server.caBundle: is no base64 of certificates in PEM",
            ),
            (
                "kubernetes: {auth: {serviceAccount: {name: a}}, server: {caBundle: '-----BEGIN CERTIFICATE-----'}}",
                "line 5: spec.provider.kubernetes.server.caBundle: has to be the base64 of PEM, not the PEM itself",
            ),
        ],
        store,
    );
}

#[test]
fn aws() {
    refused(
        &[
            ("aws: {region: eu-west-1}", "line 5: spec.provider.aws.service: is missing"),
            ("aws: {service: SecretsManager}", "line 5: spec.provider.aws.region: is missing"),
            (
                "aws: {service: SecretManager, region: a}",
                "line 5: spec.provider.aws.service: has to be one of SecretsManager, ParameterStore; did you mean `SecretsManager`?",
            ),
            (
                "aws: {service: CertificateManager, region: a}",
                "line 5: spec.provider.aws.service: the service `CertificateManager` is not supported; supported: SecretsManager, ParameterStore",
            ),
            (
                "aws: {service: ParameterStore, region: a, auth: {secretRef: {accessKeyID: {name: a, key: b}}}}",
                "line 5: spec.provider.aws.auth.secretRef.accessKeyID: there is no such field\nline 5: spec.provider.aws.auth.secretRef.accessKeyIDSecretRef: is missing\nline 5: spec.provider.aws.auth.secretRef.secretAccessKeySecretRef: is missing",
            ),
            (
                "aws: {service: ParameterStore, region: a, auth: {jwt: {}}}",
                "line 5: spec.provider.aws.auth.jwt.serviceAccountRef: is missing",
            ),
            (
                "aws: {service: ParameterStore, region: a, auth: {jwt: {serviceAccountRef: {name: a, audience: [b]}}}}",
                "line 5: spec.provider.aws.auth.jwt.serviceAccountRef.audience: there is no such field; did you mean `audiences`?",
            ),
            (
                "aws: {service: ParameterStore, region: a, secretsManager: {forceDeleteWithoutRecovery: true, recoveryWindowInDays: 7}}",
                "line 5: spec.provider.aws.secretsManager.recoveryWindowInDays: is not for forceDeleteWithoutRecovery",
            ),
            (
                "aws: {service: ParameterStore, region: a, secretsManager: {recoveryWindowInDays: 31}}",
                "line 5: spec.provider.aws.secretsManager.recoveryWindowInDays: has to be from 7 to 30",
            ),
            (
                "aws: {service: ParameterStore, region: a, sessionTagsPolicy: Custom, customSessionTags: {esoNamespace: a}}",
                "line 5: spec.provider.aws.customSessionTags: cannot have esoNamespace, which is set anyway",
            ),
            (
                "aws: {service: ParameterStore, region: a, sessionTags: [{key: a}]}",
                "line 5: spec.provider.aws.sessionTags[0].value: is missing",
            ),
        ],
        store,
    );
}

#[test]
fn vault() {
    refused(
        &[
            ("vault: {path: kv}", "line 5: spec.provider.vault.server: is missing"),
            (
                "vault: {server: a, version: 2}",
                "line 5: spec.provider.vault.version: has to be text, not a number; write it in quotes",
            ),
            ("vault: {server: a, version: v3}", "line 5: spec.provider.vault.version: has to be one of v1, v2"),
            (
                "vault: {server: a, auth: {}}",
                "line 5: spec.provider.vault.auth: needs one of tokenSecretRef, appRole, kubernetes, ldap, userPass, jwt, cert, iam",
            ),
            (
                "vault: {server: a, version: v1, checkAndSet: {required: true}}",
                "line 5: spec.provider.vault.checkAndSet: is not for version v1",
            ),
            (
                "vault: {server: a, tls: {certSecretRef: {name: a}}}",
                "line 5: spec.provider.vault.tls.keySecretRef: is missing",
            ),
            (
                "vault: {server: a, caProvider: {type: Pod, name: a}}",
                "line 5: spec.provider.vault.caProvider.type: has to be one of Secret, ConfigMap",
            ),
            (
                "vault: {server: a, headers: {X-A: 1}}",
                "line 5: spec.provider.vault.headers.X-A: has to be text, not a number; write it in quotes",
            ),
        ],
        store,
    );
}

#[test]
fn logins() {
    refused(
        &[
            (
                "gcp: {role: a}",
                "line 5: spec.provider.vault.auth.gcp: is not supported; supported: tokenSecretRef, appRole, kubernetes, ldap, userPass, jwt, cert, iam",
            ),
            (
                "userpass: {username: a}",
                "line 5: spec.provider.vault.auth.userpass: there is no such field; did you mean `userPass`?\nline 5: spec.provider.vault.auth: needs one of tokenSecretRef, appRole, kubernetes, ldap, userPass, jwt, cert, iam",
            ),
            ("tokenSecretRef: {name: a}", "line 5: spec.provider.vault.auth.tokenSecretRef.key: is missing"),
            (
                "tokenSecretRef: {name: a, key: t, namespace: other}",
                "line 5: spec.provider.vault.auth.tokenSecretRef.namespace: is not the object's own; only cluster-wide objects can refer to other namespaces",
            ),
            (
                "appRole: {secretRef: {name: a, key: b}}",
                "line 5: spec.provider.vault.auth.appRole: needs roleId or roleRef",
            ),
            (
                "appRole: {roleID: a, roleId: b, secretRef: {name: a, key: b}}",
                "line 5: spec.provider.vault.auth.appRole.roleID: there is no such field; did you mean `roleId`?",
            ),
            ("kubernetes: {mountPath: k}", "line 5: spec.provider.vault.auth.kubernetes.role: is missing"),
            (
                "jwt: {role: a}",
                "line 5: spec.provider.vault.auth.jwt: needs secretRef or kubernetesServiceAccountToken",
            ),
            (
                "jwt: {kubernetesServiceAccountToken: {serviceAccountRef: {name: a}, expirationSeconds: 60}}",
                "line 5: spec.provider.vault.auth.jwt.kubernetesServiceAccountToken.expirationSeconds: has to be from 600 to 4294967296",
            ),
            ("iam: {path: aws}", "line 5: spec.provider.vault.auth.iam.vaultRole: is missing"),
            ("ldap: {username: a}", "line 5: spec.provider.vault.auth.ldap.secretRef: is missing"),
            // a second method is checked, too
            (
                "tokenSecretRef: {name: a, key: t}, ldap: {username: a}",
                "line 5: spec.provider.vault.auth.ldap.secretRef: is missing",
            ),
        ],
        login,
    );
}

#[test]
fn vault_by_kind_and_version() {
    refused(
        &[(
            "vault: {server: a, caProvider: {type: Secret, name: a}}",
            "line 5: spec.provider.vault.caProvider.namespace: is missing, which a cluster-wide object needs",
        )],
        cluster,
    );
    let older = |provider: &str| store(provider).replace("/v1\n", "/v1beta1\n");
    refused(
        &[
            (
                "vault: {server: a, checkAndSet: {required: true}}",
                "line 5: spec.provider.vault.checkAndSet: is not in v1beta1; write apiVersion: external-secrets.io/v1",
            ),
            (
                "aws: {service: ParameterStore, region: a, sessionTagsPolicy: Simple}",
                "line 5: spec.provider.aws.sessionTagsPolicy: is not in v1beta1; write apiVersion: external-secrets.io/v1",
            ),
        ],
        older,
    );
}

#[test]
fn settings_of_stores() {
    let with = |more: &str| format!("{}  {more}\n", store("fake: {data: []}"));
    refused(
        &[
            ("conditions: [{namespaces: [a]}]", "line 6: spec.conditions: is only for a ClusterSecretStore"),
            ("refreshInterval: -1", "line 6: spec.refreshInterval: has to be from 0 to 2147483647"),
            ("refreshInterval: -1h", "line 6: spec.refreshInterval: cannot be negative"),
            ("refreshInterval: soon", "line 6: spec.refreshInterval: is no duration such as 1h30m, 15s or 0"),
            (
                "retrySettings: {maxRetries: five}",
                "line 6: spec.retrySettings.maxRetries: has to be a whole number, not text",
            ),
            ("retry: {}", "line 6: spec.retry: there is no such field"),
        ],
        with,
    );
    refused(
        &[(
            "conditions: [{namespaceRegexes: ['a(']}]",
            "line 6: spec.conditions[0].namespaceRegexes[0]: invalid regular expression `a(`: a `)` is missing",
        )],
        |more| with(more).replace("kind: SecretStore", "kind: ClusterSecretStore"),
    );
    refused(&[("refreshInterval: 1h", "line 6: spec.refreshInterval: has to be a whole number, not text")], |more| {
        with(more).replace("/v1\n", "/v1beta1\n")
    });
}

#[test]
fn generators() {
    let generator = |text: &str| {
        let (kind, spec) = text.split_once(' ').unwrap();
        format!(
            "apiVersion: generators.external-secrets.io/v1alpha1\nkind: {kind}\nmetadata: {{name: g}}\nspec: {spec}\n"
        )
    };
    refused(
        &[
            ("Password {lenght: 12}", "line 4: spec.lenght: there is no such field; did you mean `length`?"),
            (
                "Password {length: 8, digits: 6, symbols: 4}",
                "line 4: spec: has more digits and symbols than characters",
            ),
            ("Password {length: 64}", "line 4: spec: needs allowRepeat: true, as it has 16 digits and there are 10"),
            (
                "Password {encoding: hexadecimal}",
                "line 4: spec.encoding: has to be one of raw, base64, base64url, base32, hex",
            ),
            ("Password {secretKeys: [a, a]}", "line 4: spec.secretKeys[1]: is there more than once"),
            ("Password {length: 9999999}", "line 4: spec.length: has to be from 0 to 65536"),
            ("UUID {version: 4}", "line 4: spec.version: there is no such field"),
            (
                "SSHKey {keyType: dsa}",
                "line 4: spec.keyType: has to be one of rsa, ecdsa, ed25519; did you mean `rsa`?",
            ),
            ("SSHKey {keyType: ecdsa, keySize: 512}", "line 4: spec.keySize: has to be one of 256, 384, 521 for ecdsa"),
            ("Fake {data: {a: 1}}", "line 4: spec.data.a: has to be text, not a number; write it in quotes"),
            ("VaultDynamicSecret {path: a}", "line 4: spec.provider: is missing"),
            (
                "VaultDynamicSecret {path: a, provider: {server: a}, resultType: All}",
                "line 4: spec.resultType: has to be one of Data, Auth, Raw",
            ),
            (
                "VaultDynamicSecret {path: a, provider: {server: a}, parameters: x}",
                "line 4: spec.parameters: has to be a map, not text",
            ),
            ("ECRAuthorizationToken {}", "line 4: spec.region: is missing"),
            ("ECRAuthorizationToken {region: a, scope: all}", "line 4: spec.scope: has to be one of private, public"),
            (
                "STSSessionToken {region: a, requestParameters: {sessionDuration: 1}}",
                "line 4: spec.requestParameters.sessionDuration: has to be from 900 to 129600",
            ),
            (
                "ClusterGenerator {kind: Password, generator: {uuidSpec: {}}}",
                "line 4: spec.kind: is not that of uuidSpec",
            ),
            (
                "ClusterGenerator {kind: Password, generator: {}}",
                "line 4: spec.generator: needs one of passwordSpec, uuidSpec, sshKeySpec, fakeSpec, vaultDynamicSecretSpec, ecrAuthorizationTokenSpec, stsSessionTokenSpec",
            ),
            (
                "ClusterGenerator {kind: Grafana, generator: {grafanaSpec: {}}}",
                "line 4: spec.kind: the generator `Grafana` is not supported; supported: Password, UUID, SSHKey, Fake, VaultDynamicSecret, ECRAuthorizationToken, STSSessionToken\nline 4: spec.generator.grafanaSpec: is not supported",
            ),
        ],
        generator,
    );
}
