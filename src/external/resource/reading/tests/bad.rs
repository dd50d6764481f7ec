//! ExternalSecrets, ClusterExternalSecrets and PushSecrets that are refused.

use crate::document::tree::Kind;

use super::{messages, read_all, refused};

/// An ExternalSecret with this in its `spec`, on line 5 and after.
fn secret(spec: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: db, namespace: shop}}\nspec:\n{}",
        spec.lines().map(|line| format!("  {line}\n")).collect::<String>()
    )
}

/// The same with a store and an entry before, on lines 5 and 6.
fn more(spec: &str) -> String {
    secret(&format!("secretStoreRef: {{name: vault}}\ndata: [{{secretKey: a, remoteRef: {{key: b}}}}]\n{spec}"))
}

/// An ExternalSecret with a store and this entry of `data` on line 6.
fn data(entry: &str) -> String {
    secret(&format!("secretStoreRef: {{name: vault}}\ndata: [{entry}]"))
}

/// The same with an entry of `dataFrom`.
fn from(entry: &str) -> String {
    secret(&format!("secretStoreRef: {{name: vault}}\ndataFrom: [{entry}]"))
}

#[test]
fn specs() {
    refused(
        &[
            (
                "refreshIntervall: 1h",
                "line 7: spec.refreshIntervall: there is no such field; did you mean `refreshInterval`?",
            ),
            ("refreshInterval: 0", "line 7: spec.refreshInterval: has to be text, not a number; write it in quotes"),
            ("refreshInterval: 1d", "line 7: spec.refreshInterval: is no duration such as 1h30m, 15s or 0"),
            ("refreshInterval: [1h]", "line 7: spec.refreshInterval: has to be text, not a list"),
            (
                "refreshPolicy: periodic",
                "line 7: spec.refreshPolicy: has to be one of Periodic, CreatedOnce, OnChange; did you mean `Periodic`?",
            ),
            (
                "refreshPolicy: Sometimes",
                "line 7: spec.refreshPolicy: has to be one of Periodic, CreatedOnce, OnChange",
            ),
            (
                "target: {name: Db}",
                "line 7: spec.target.name: cannot be the name of an object: small letters, digits, `-` and `.`",
            ),
            (
                "target: {creationPolicy: Own}",
                "line 7: spec.target.creationPolicy: has to be one of Owner, Orphan, Merge, None, CreateOrMerge; did you mean `Owner`?",
            ),
            ("target: {immutable: 'true'}", "line 7: spec.target.immutable: has to be true or false, not text"),
            (
                "target: {manifest: {apiVersion: v1, kind: ConfigMap}}",
                "line 7: spec.target.manifest: is not supported: only Secrets are written",
            ),
            (
                "target:\n  creationPolicy: Merge\n  deletionPolicy: Delete",
                "line 9: spec.target.deletionPolicy: cannot be Delete when the Secret is not owned; creationPolicy has to be Owner",
            ),
            (
                "target: {creationPolicy: None, deletionPolicy: Merge}",
                "line 7: spec.target.deletionPolicy: cannot be Merge when creationPolicy is None: there is no Secret to merge with",
            ),
            ("target: []", "line 7: spec.target: has to be a map, not a list"),
            ("syncWindows: {kind: allow}", "line 7: spec.syncWindows.windows: needs a window"),
            (
                "syncWindows: {kind: Allow, windows: [{schedule: '* * * * *', duration: 1h}]}",
                "line 7: spec.syncWindows.kind: has to be one of allow, deny; did you mean `allow`?",
            ),
            (
                "syncWindows: {kind: deny, windows: [{schedule: '* * * *', duration: 1h}]}",
                "line 7: spec.syncWindows.windows[0].schedule: is no schedule: five fields (minute, hour, day, month, weekday), `@daily` and its like, or `@every 10m`",
            ),
            (
                "syncWindows: {kind: deny, windows: [{schedule: '61 * * * *', duration: 1h}]}",
                "line 7: spec.syncWindows.windows[0].schedule: is no schedule: the field of the minute cannot be read",
            ),
            (
                "syncWindows: {kind: deny, windows: [{schedule: '@daily'}]}",
                "line 7: spec.syncWindows.windows[0].duration: is missing",
            ),
        ],
        more,
    );
}

#[test]
fn stores_of_entries() {
    refused(
        &[
            ("secretStoreRef: {name: vault}", "line 4: spec: needs data or dataFrom"),
            ("data: []", "line 4: spec: needs data or dataFrom"),
            (
                "secretStoreRef: {kind: SecretStore}\ndata: [{secretKey: a, remoteRef: {key: b}}]",
                "line 5: spec.secretStoreRef.name: is missing",
            ),
            (
                "secretStoreRef: {name: a, kind: Store}\ndata: [{secretKey: a, remoteRef: {key: b}}]",
                "line 5: spec.secretStoreRef.kind: has to be one of SecretStore, ClusterSecretStore",
            ),
            (
                "secretStoreRef: vault\ndata: [{secretKey: a, remoteRef: {key: b}}]",
                "line 5: spec.secretStoreRef: has to be a map, not text",
            ),
            (
                "data: [{secretKey: a, remoteRef: {key: b}}]",
                "line 5: spec.data[0]: names no store, and the object has no secretStoreRef",
            ),
            (
                "dataFrom: [{extract: {key: b}}]",
                "line 5: spec.dataFrom[0]: names no store, and the object has no secretStoreRef",
            ),
            (
                "data:\n- secretKey: a\n  remoteRef: {key: b}\n- secretKey: a\n  remoteRef: {key: c}\nsecretStoreRef: {name: v}",
                "line 8: spec.data[1].secretKey: is the key of an entry before, too",
            ),
        ],
        secret,
    );
}

#[test]
fn entries() {
    refused(
        &[
            (
                "{secretKey: a, remoteRef: {keyy: b}}",
                "line 6: spec.data[0].remoteRef.keyy: there is no such field; did you mean `key`?\nline 6: spec.data[0].remoteRef.key: is missing",
            ),
            (
                "{secretKey: a, remoteRef: {Key: b}}",
                "line 6: spec.data[0].remoteRef.Key: there is no such field; did you mean `key`?\nline 6: spec.data[0].remoteRef.key: is missing",
            ),
            ("{secretKey: a, remoteRef: {key: ''}}", "line 6: spec.data[0].remoteRef.key: is empty"),
            (
                "{secretKey: a, remoteRef: {key: b, version: 2}}",
                "line 6: spec.data[0].remoteRef.version: has to be text, not a number; write it in quotes",
            ),
            (
                "{secretKey: a, remoteRef: {key: yes}}",
                "line 6: spec.data[0].remoteRef.key: has to be text, not a boolean; write it in quotes",
            ),
            (
                "{secretKey: a, remoteRef: {key: b, decodingStrategy: base64}}",
                "line 6: spec.data[0].remoteRef.decodingStrategy: has to be one of None, Base64, Base64URL, Auto; did you mean `Base64`?",
            ),
            (
                "{secretKey: a, remoteRef: {key: b, metadataPolicy: Get}}",
                "line 6: spec.data[0].remoteRef.metadataPolicy: has to be one of None, Fetch",
            ),
            (
                "{secretKey: a, remoteRef: {key: b, nullBytePolicy: Drop}}",
                "line 6: spec.data[0].remoteRef.nullBytePolicy: has to be one of Ignore, Fail",
            ),
            (
                "{secretKey: a/b, remoteRef: {key: b}}",
                "line 6: spec.data[0].secretKey: cannot be the key of a Secret: letters, digits, `-`, `_` and `.`",
            ),
            ("{remoteRef: {key: b}}", "line 6: spec.data[0].secretKey: is missing"),
            ("{secretKey: a}", "line 6: spec.data[0].remoteRef: is missing"),
            (
                "{secretKey: a, remoteRef: {key: b}, sourceRef: {generatorRef: {kind: UUID, name: u}}}",
                "line 6: spec.data[0].sourceRef.generatorRef: has no effect here; generators are for dataFrom\nline 6: spec.data[0].sourceRef.storeRef: is missing",
            ),
            ("text", "line 6: spec.data[0]: has to be a map, not text"),
        ],
        data,
    );
}

#[test]
fn entries_of_many_values() {
    refused(
        &[
            ("{}", "line 6: spec.dataFrom[0]: needs one of extract, find, sourceRef.generatorRef"),
            (
                "{sourceRef: {storeRef: {name: a}}}",
                "line 6: spec.dataFrom[0]: needs one of extract, find, sourceRef.generatorRef",
            ),
            (
                "{extract: {key: a}, find: {name: {regexp: b}}}",
                "line 6: spec.dataFrom[0]: has to have only one of extract, find, sourceRef.generatorRef",
            ),
            (
                "{extract: {key: a}, sourceRef: {generatorRef: {kind: UUID, name: u}}}",
                "line 6: spec.dataFrom[0]: has to have only one of extract, find, sourceRef.generatorRef",
            ),
            (
                "{extract: {key: a}, sourceRef: {}}",
                "line 6: spec.dataFrom[0].sourceRef: needs one of storeRef, generatorRef",
            ),
            ("{find: {path: a}}", "line 6: spec.dataFrom[0].find: needs name or tags"),
            (
                "{find: {name: {regexp: '('}}}",
                "line 6: spec.dataFrom[0].find.name.regexp: invalid regular expression `(`: a `)` is missing",
            ),
            (
                "{find: {name: {regex: 'a'}}}",
                "line 6: spec.dataFrom[0].find.name.regex: there is no such field; did you mean `regexp`?",
            ),
            (
                "{find: {tags: {a: 1}}}",
                "line 6: spec.dataFrom[0].find.tags.a: has to be text, not a number; write it in quotes",
            ),
            (
                "{sourceRef: {generatorRef: {kind: MFA, name: u}}}",
                "line 6: spec.dataFrom[0].sourceRef.generatorRef.kind: the generator `MFA` is not supported; supported: Password, UUID, SSHKey, Fake, VaultDynamicSecret, ECRAuthorizationToken, STSSessionToken, ClusterGenerator",
            ),
            (
                "{sourceRef: {generatorRef: {kind: Pasword, name: u}}}",
                "line 6: spec.dataFrom[0].sourceRef.generatorRef.kind: has to be one of Password, UUID, SSHKey, Fake, VaultDynamicSecret, ECRAuthorizationToken, STSSessionToken, ClusterGenerator; did you mean `Password`?",
            ),
            (
                "{sourceRef: {generatorRef: {apiVersion: v1, kind: UUID, name: u}}}",
                "line 6: spec.dataFrom[0].sourceRef.generatorRef.apiVersion: has to be generators.external-secrets.io/v1alpha1",
            ),
            (
                "{extract: {key: a}, rewrite: [{}]}",
                "line 6: spec.dataFrom[0].rewrite[0]: needs one of regexp, transform, merge",
            ),
            (
                "{extract: {key: a}, rewrite: [{regexp: {source: a, target: b}, transform: {template: c}}]}",
                "line 6: spec.dataFrom[0].rewrite[0]: has to have only one of regexp, transform, merge",
            ),
            (
                "{extract: {key: a}, rewrite: [{regexp: {source: 'a**', target: b}}]}",
                "line 6: spec.dataFrom[0].rewrite[0].regexp.source: invalid regular expression `a**`: `**` repeats a repetition",
            ),
            (
                "{extract: {key: a}, rewrite: [{regexp: {source: a}}]}",
                "line 6: spec.dataFrom[0].rewrite[0].regexp.target: is missing",
            ),
            (
                "{extract: {key: a}, rewrite: [{merge: {strategy: JSON}}]}",
                "line 6: spec.dataFrom[0].rewrite[0].merge.into: is missing, which the strategy JSON needs",
            ),
            (
                "{extract: {key: a}, rewrite: [{merge: {conflictPolicy: Win}}]}",
                "line 6: spec.dataFrom[0].rewrite[0].merge.conflictPolicy: has to be one of Error, Ignore",
            ),
        ],
        from,
    );
}

#[test]
fn templates() {
    let template = |text: &str| more(&format!("target:\n  template:\n    {text}"));
    refused(
        &[
            ("engineVersion: v1", "line 9: spec.target.template.engineVersion: has to be v2"),
            ("mergePolicy: Add", "line 9: spec.target.template.mergePolicy: has to be one of Replace, Merge"),
            (
                "data: {a/b: x}",
                "line 9: spec.target.template.data.a/b: cannot be the key of a Secret: letters, digits, `-`, `_` and `.`",
            ),
            ("data: {a: 1}", "line 9: spec.target.template.data.a: has to be text, not a number; write it in quotes"),
            ("stringData: {a: x}", "line 9: spec.target.template.stringData: there is no such field"),
            (
                "metadata: {label: {a: b}}",
                "line 9: spec.target.template.metadata.label: there is no such field; did you mean `labels`?",
            ),
            (
                "type: bootstrap.kubernetes.io/token",
                "line 9: spec.target.template.type: cannot be bootstrap.kubernetes.io/token",
            ),
            (
                "{type: kubernetes.io/service-account-token, metadata: {annotations: {kubernetes.io/service-account.name: a}}}",
                "line 9: spec.target.template.type: cannot be kubernetes.io/service-account-token when the template names the service account",
            ),
            (
                "{type: kubernetes.io/service-account-token, templateFrom: [{literal: x, target: annotations}]}",
                "line 9: spec.target.template.type: cannot be kubernetes.io/service-account-token when the template names the service account",
            ),
            (
                "templateFrom: [{target: Data}]",
                "line 9: spec.target.template.templateFrom[0]: needs one of configMap, secret, literal",
            ),
            (
                "templateFrom: [{literal: x, target: spec.rules}]",
                "line 9: spec.target.template.templateFrom[0].target: has to be one of Data, Annotations, Labels",
            ),
            (
                "templateFrom: [{configMap: {name: a}}]",
                "line 9: spec.target.template.templateFrom[0].configMap.items: is missing",
            ),
            (
                "templateFrom: [{secret: {name: a, items: [{key: k, templateAs: Keys}]}}]",
                "line 9: spec.target.template.templateFrom[0].secret.items[0].templateAs: has to be one of Values, KeysAndValues",
            ),
        ],
        template,
    );
}

#[test]
fn objects() {
    refused(
        &[
            (
                "apiVersion: external-secrets.io/v2\nkind: ExternalSecret",
                "line 1: apiVersion: has to be external-secrets.io/v1 or external-secrets.io/v1beta1",
            ),
            (
                "apiVersion: external-secrets.io/v1\nkind: PushSecret",
                "line 1: apiVersion: has to be external-secrets.io/v1alpha1",
            ),
            (
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecrets",
                "line 2: kind: there is no such kind in external-secrets.io; did you mean `ExternalSecret`?",
            ),
            (
                "apiVersion: external-secrets.io/v1alpha1\nkind: ClusterPushSecret",
                "line 2: kind: the kind `ClusterPushSecret` is not supported; supported: ExternalSecret, ClusterExternalSecret, SecretStore, ClusterSecretStore, PushSecret",
            ),
            (
                "apiVersion: generators.external-secrets.io/v1alpha1\nkind: Webhook",
                "line 2: kind: the generator `Webhook` is not supported; supported: Password, UUID, SSHKey, Fake, VaultDynamicSecret, ECRAuthorizationToken, STSSessionToken, ClusterGenerator",
            ),
            (
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecret",
                "line 1: metadata: is missing\nline 1: spec: is missing",
            ),
            (
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {namespace: a.b}\nspecs: {}",
                "line 1: spec: is missing\nline 3: metadata.namespace: cannot be the name of a namespace: small letters, digits and `-`\nline 3: metadata.name: is missing\nline 4: specs: there is no such field; did you mean `spec`?",
            ),
            (
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a, labels: {b: 1}}\nspec: {secretStoreRef: {name: a}, dataFrom: [{extract: {key: a}}]}",
                "line 3: metadata.labels.b: has to be text, not a number; write it in quotes",
            ),
        ],
        str::to_owned,
    );
}

#[test]
fn the_older_version() {
    let older = |spec: &str| more(spec).replace("/v1\n", "/v1beta1\n");
    refused(
        &[
            (
                "syncWindows: {kind: deny, windows: [{schedule: '@daily', duration: 1h}]}",
                "line 7: spec.syncWindows: is not in v1beta1; write apiVersion: external-secrets.io/v1",
            ),
            (
                "target: {creationPolicy: CreateOrMerge}",
                "line 7: spec.target.creationPolicy: has to be one of Owner, Orphan, Merge, None",
            ),
            (
                "target: {template: {templateFrom: [{literal: x, target: data}]}}",
                "line 7: spec.target.template.templateFrom[0].target: has to be one of Data, Annotations, Labels; did you mean `Data`?",
            ),
            (
                "dataFrom: [{extract: {key: a, nullBytePolicy: Fail}}]",
                "line 7: spec.dataFrom[0].extract.nullBytePolicy: is not in v1beta1; write apiVersion: external-secrets.io/v1",
            ),
            (
                "dataFrom: [{extract: {key: a}, rewrite: [{merge: {}}]}]",
                "line 7: spec.dataFrom[0].rewrite[0].merge: is not in v1beta1; write apiVersion: external-secrets.io/v1",
            ),
        ],
        older,
    );
}

#[test]
fn for_many_namespaces() {
    let all = |spec: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {{name: db}}\nspec: {{{spec}}}\n"
        )
    };
    let inner = "externalSecretSpec: {secretStoreRef: {name: a}, dataFrom: [{extract: {key: a}}]}";
    refused(
        &[
            (inner, "line 4: spec: needs one of namespaceSelectors, namespaces"),
            ("namespaces: [a]", "line 4: spec.externalSecretSpec: is missing"),
            (
                "namespaces: [A], externalSecretSpec: {secretStoreRef: {name: a}, dataFrom: [{extract: {kee: a}}]}",
                "line 4: spec.externalSecretSpec.dataFrom[0].extract.kee: there is no such field; did you mean `key`?\nline 4: spec.externalSecretSpec.dataFrom[0].extract.key: is missing\nline 4: spec.namespaces[0]: cannot be the name of a namespace: small letters, digits and `-`",
            ),
            (
                "namespaceSelectors: [{matchLabel: {a: b}}], externalSecretSpec: {secretStoreRef: {name: a}, dataFrom: [{extract: {key: a}}]}",
                "line 4: spec.namespaceSelectors[0].matchLabel: there is no such field; did you mean `matchLabels`?",
            ),
            (
                "namespaceSelectors: [{matchExpressions: [{key: a, operator: In}]}], externalSecretSpec: {secretStoreRef: {name: a}, dataFrom: [{extract: {key: a}}]}",
                "line 4: spec.namespaceSelectors[0].matchExpressions[0].values: is needed for In and NotIn",
            ),
        ],
        all,
    );
}

#[test]
fn pushes() {
    let push = |spec: &str| {
        format!(
            "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {{name: p}}\nspec:\n  secretStoreRefs: [{{name: v}}]\n{}",
            spec.lines().map(|line| format!("  {line}\n")).collect::<String>()
        )
    };
    let from = "selector: {secret: {name: s}}\n";
    let after: Vec<(String, &str)> = [
        ("updatePolicy: Never", "line 7: spec.updatePolicy: has to be one of Replace, IfNotExists"),
        ("deletionPolicy: Retain", "line 7: spec.deletionPolicy: has to be one of None, Delete"),
        ("data: [{match: {secretKey: a}}]", "line 7: spec.data[0].match.remoteRef: is missing"),
        ("data: [{match: {remoteRef: {key: a}}}]", "line 7: spec.data[0].match.remoteRef.key: there is no such field\nline 7: spec.data[0].match.remoteRef.remoteKey: is missing"),
        ("data: [{match: {remoteRef: {remoteKey: a}}, conversionStrategy: Unicode}]", "line 7: spec.data[0].conversionStrategy: has to be one of None, ReverseUnicode"),
        ("dataTo: [{}]", "line 7: spec.dataTo[0].storeRef: is missing"),
        ("dataTo: [{storeRef: {name: other}}]", "line 7: spec.dataTo[0].storeRef: is none of secretStoreRefs"),
        ("dataTo: [{storeRef: {name: v}, remoteKey: a, rewrite: [{transform: {template: x}}]}]", "line 7: spec.dataTo[0].rewrite: is not for remoteKey, under which all keys go together"),
        ("dataTo: [{storeRef: {name: v}, rewrite: [{merge: {}}]}]", "line 7: spec.dataTo[0].rewrite[0].merge: there is no such field\nline 7: spec.dataTo[0].rewrite[0]: needs one of regexp, transform"),
        ("dataTo: [{storeRef: {name: v}, match: {regexp: '['}}]", "line 7: spec.dataTo[0].match.regexp: invalid regular expression `[`: a `]` is missing"),
    ]
    .into_iter()
    .map(|(case, want)| (format!("{from}{case}"), want))
    .collect();
    let after: Vec<(&str, &str)> = after.iter().map(|(case, want)| (case.as_str(), *want)).collect();
    refused(&after, push);
    refused(
        &[
            ("selector: {}", "line 6: spec.selector: needs one of secret, generatorRef"),
            ("selector: {secret: {}}", "line 6: spec.selector.secret: needs one of name, selector"),
            (
                "selector: {secret: {name: a, selector: {}}}",
                "line 6: spec.selector.secret: has to have only one of name, selector",
            ),
            ("data: []", "line 4: spec.selector: is missing"),
        ],
        push,
    );
}

/// A thousand misspelt fields are told in reasonable words.
#[test]
fn problems_are_bounded_and_shown_safely() {
    let many: String = (0..2000).map(|number| format!("wrong{number}: 1\n")).collect();
    assert_eq!(read_all(&more(&many)).remove(0).unwrap_err().len(), 500);
    let odd = read_all(&more(&format!("\"a\\e[31m{}\": 1", "x".repeat(900)))).remove(0).unwrap_err();
    let shown = messages(&odd);
    assert!(shown.len() < 200 && shown.contains("spec.a\\u{1b}[31mxxx"), "{shown}");
}

/// The YAML reader refuses such texts itself.
#[test]
fn a_field_that_is_there_twice() {
    let mut object = crate::manifest::read(more("target: {name: a}").as_bytes()).unwrap().remove(0);
    let Kind::Map(entries) = &mut object.root.kind else { panic!() };
    let again = entries[3].clone();
    entries.push(again);
    let problems = crate::external::resource::read(&object).unwrap_err();
    assert_eq!(messages(&problems), "line 4: spec: is there more than once");
}
