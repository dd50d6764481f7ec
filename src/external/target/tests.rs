//! What templates make of fetched values: what replaces what, and what is told of those that fail.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Kind, TemplateProblem, Wanted, wanted};
use crate::external::golden::{external_secret, shown, texts, values};
use crate::external::resource::ExternalSecret;
use crate::external::resource::external_secret::Decoding;
use crate::external::resource::template::{
    MergePolicy, Template, TemplateAs, TemplateFrom, TemplateItem, TemplateRef, TemplateSource, TemplateTarget,
};

fn objects(kind: Kind, name: &str) -> Result<Option<BTreeMap<String, Vec<u8>>>, String> {
    let bytes = |all: &[(&str, &str)]| {
        Ok(Some(all.iter().map(|(key, text)| ((*key).to_owned(), text.as_bytes().to_vec())).collect()))
    };
    match (kind, name) {
        (Kind::ConfigMap, "cm") => {
            bytes(&[("one", "{{ .user }}!"), ("many", "a: {{ .user }}\nb: 0x1F\nc: yes\n"), ("list", "- 1")])
        }
        (Kind::Secret, "s") => bytes(&[("enc", "{{ .user | b64enc }}")]),
        (Kind::Secret, "down") => Err("nobody answers".to_owned()),
        _ => Ok(None),
    }
}

fn run(secret: &ExternalSecret) -> Result<Wanted, Vec<TemplateProblem>> {
    let fetched = values(&[("user", "admin"), ("pass", "hunter2")]);
    wanted(secret, fetched, &mut objects, Timestamp::UNIX_EPOCH)
}

fn with(template: Template) -> ExternalSecret {
    let mut secret = external_secret();
    secret.labels = texts(&[("l", "1")]);
    secret.target.template = Some(template);
    secret
}

fn from(source: TemplateSource) -> TemplateFrom {
    TemplateFrom { source, target: TemplateTarget::Data, decoding: Decoding::None, line: 3 }
}

fn named(name: &str, items: &[(&str, TemplateAs)]) -> TemplateRef {
    let items =
        items.iter().map(|(key, template_as)| TemplateItem { key: (*key).to_owned(), template_as: *template_as });
    TemplateRef { name: name.to_owned(), items: items.collect() }
}

#[test]
fn without_a_template_everything_is_copied() {
    let mut secret = external_secret();
    secret.labels = texts(&[("l", "1")]);
    secret.annotations = texts(&[("a", "2"), (super::LAST_APPLIED, "{}")]);
    secret.target.immutable = true;
    let made = run(&secret).unwrap();
    assert_eq!(shown(&made.data), [("pass", "hunter2"), ("user", "admin")]);
    assert_eq!((made.labels, made.annotations), (texts(&[("l", "1")]), texts(&[("a", "2")])));
    assert_eq!((made.secret_type, made.immutable), (None, true));
}

#[test]
fn a_template_replaces_or_adds() {
    let template = Template {
        secret_type: Some("kubernetes.io/basic-auth".to_owned()),
        data: texts(&[("conf", "u={{ .user }}")]),
        labels: texts(&[("team", "{{ .user }}")]),
        annotations: texts(&[("note", "x{{ .user }}")]),
        finalizers: vec!["f/x".to_owned()],
        ..Template::default()
    };
    let mut secret = with(template);
    let made = run(&secret).unwrap();
    assert_eq!(shown(&made.data), [("conf", "u=admin")]);
    assert_eq!(made.secret_type.as_deref(), Some("kubernetes.io/basic-auth"));
    assert_eq!((made.labels, made.annotations), (texts(&[("team", "admin")]), texts(&[("note", "xadmin")])));
    assert_eq!(made.finalizers, ["f/x"]);
    if let Some(template) = &mut secret.target.template {
        template.merge_policy = MergePolicy::Merge;
    }
    assert_eq!(run(&secret).unwrap().data.len(), 3);
    let only_metadata = with(Template { labels: texts(&[("a", "b")]), ..Template::default() });
    assert_eq!(shown(&run(&only_metadata).unwrap().data), [("pass", "hunter2"), ("user", "admin")]);
}

#[test]
fn templates_from_elsewhere() {
    let mut labels = from(TemplateSource::Literal("{{ .user }}: x\nteam: no\n".to_owned()));
    labels.target = TemplateTarget::Labels;
    let mut decoded = from(TemplateSource::Secret(named("s", &[("enc", TemplateAs::Values)])));
    decoded.decoding = Decoding::Base64;
    let items = [("one", TemplateAs::Values), ("many", TemplateAs::KeysAndValues)];
    let template = Template {
        template_from: vec![from(TemplateSource::ConfigMap(named("cm", &items))), decoded, labels],
        data: texts(&[("a", "own")]),
        labels: texts(&[("team", "own")]),
        ..Template::default()
    };
    let made = run(&with(template)).unwrap();
    assert_eq!(shown(&made.data), [("a", "own"), ("b", "31"), ("c", "true"), ("enc", "admin"), ("one", "admin!")]);
    assert_eq!(made.labels, texts(&[("admin", "x"), ("team", "own")]));
}

#[test]
fn every_error_is_told_and_no_value() {
    let items = [("none", TemplateAs::Values), ("list", TemplateAs::KeysAndValues)];
    let template = Template {
        template_from: vec![
            from(TemplateSource::ConfigMap(named("none", &[]))),
            from(TemplateSource::ConfigMap(named("cm", &items))),
            from(TemplateSource::Secret(named("down", &[]))),
            from(TemplateSource::Literal("{{ .pass }}".to_owned())),
        ],
        data: texts(&[("bad", "{{ .missing }}"), ("worse", "{{")]),
        labels: texts(&[("bytes", r#"{{ "gA==" | b64dec }}"#)]),
        ..Template::default()
    };
    let errors = run(&with(template)).unwrap_err();
    let paths: Vec<_> = errors.iter().map(|error| error.path.trim_start_matches("spec.target.template.")).collect();
    let from = |at: usize, kind: &str| format!("templateFrom[{at}].{kind}");
    let wanted = [
        from(0, "configMap"),
        from(1, "configMap"),
        from(1, "configMap"),
        from(2, "secret"),
        from(3, "literal"),
        "data.bad".to_owned(),
        "data.worse".to_owned(),
        "metadata.labels.bytes".to_owned(),
    ];
    assert_eq!(paths, wanted);
    assert!(errors.iter().all(|error| !format!("{error}{error:?}").contains("hunter2")), "{errors:?}");
}
