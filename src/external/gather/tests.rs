//! Order, precedence and missing secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, Assembled, EntryCause, EntryError, Flavour, Missing, Request, assemble, wanted};
use crate::external::golden::{external_secret, shown, values};
use crate::external::resource::ExternalSecret;
use crate::external::resource::external_secret::{
    Conversion, Data, DataFrom, Decoding, DeletionPolicy, Extract, NullBytes, RemoteRef, Rewrite, Source,
};
use crate::external::resource::select::{GeneratorKind, GeneratorRef, StoreKind, StoreRef};
use crate::external::{Fetched, Find, FindBy, Lease, Part, Raw};
use crate::secret::{SecretBytes, SecretText};

fn data(secret_key: &str, key: &str, property: Option<&str>) -> Data {
    Data {
        secret_key: secret_key.to_owned(),
        remote_ref: RemoteRef {
            key: key.to_owned(),
            property: property.map(str::to_owned),
            version: None,
            metadata_policy: Part::Value,
            decoding: Decoding::None,
            conversion: Conversion::Default,
            null_bytes: NullBytes::Ignore,
        },
        store_ref: None,
        line: 7,
    }
}

fn from(source: Source) -> DataFrom {
    DataFrom {
        source,
        store_ref: None,
        rewrite: vec![],
        conversion: Conversion::Default,
        decoding: Decoding::None,
        null_bytes: NullBytes::Ignore,
        line: 5,
    }
}

fn extract(key: &str) -> DataFrom {
    from(Source::Extract(Extract { key: key.to_owned(), property: None, version: None, metadata_policy: Part::Value }))
}

fn find() -> DataFrom {
    from(Source::Find(Find { path: None, by: FindBy { name: Some(".".to_owned()), tags: None } }))
}

fn generator() -> DataFrom {
    from(Source::Generator(GeneratorRef { kind: GeneratorKind::Fake, name: "gen".to_owned() }))
}

/// A store with these JSON values.
struct Store {
    secrets: BTreeMap<&'static str, Fetched>,
    found: Vec<(String, Fetched)>,
    made: BTreeMap<String, SecretBytes>,
}

fn fetched(text: &str) -> Fetched {
    Fetched::plain(Raw::Json(SecretBytes::new(text.as_bytes().to_vec())))
}

impl Store {
    fn new(secrets: &[(&'static str, &str)]) -> Self {
        let secrets = secrets.iter().map(|(key, text)| (*key, fetched(text))).collect();
        Self { secrets, found: vec![], made: values(&[("made/it", "bWFkZQ==")]) }
    }

    fn answer(&self, request: &Request) -> Answer<'_> {
        match request {
            Request::Secret { reference, .. } if reference.key == "down" => Answer::Failed("nobody answers".to_owned()),
            Request::Secret { reference, .. } => match self.secrets.get(reference.key.as_str()) {
                Some(fetched) => Answer::Secret(Flavour::Vault, fetched),
                None => Answer::Missing,
            },
            Request::Find { .. } => Answer::Found(Flavour::Vault, &self.found),
            Request::Generate { .. } => Answer::Generated(&self.made),
        }
    }

    fn assemble(&self, secret: &ExternalSecret) -> Result<Assembled, Vec<EntryError>> {
        assemble(secret, Timestamp::UNIX_EPOCH, &|request| self.answer(request))
    }
}

fn secret(data_from: Vec<DataFrom>, data: Vec<Data>) -> ExternalSecret {
    ExternalSecret { data_from, data, ..external_secret() }
}

#[test]
fn each_thing_is_asked_for_once() {
    let mut other = data("c", "one", None);
    other.store_ref = Some(StoreRef { name: "other".to_owned(), kind: StoreKind::ClusterSecretStore });
    let mut secret = secret(
        vec![extract("one"), find(), generator(), generator(), find()],
        vec![data("a", "one", Some("x")), data("b", "one", Some("y")), other],
    );
    let asked = wanted(&secret);
    assert_eq!(asked.len(), 5, "{asked:?}");
    assert!(
        matches!(&asked[0], Request::Secret { reference, store } if reference.key == "one" && store.name == "store")
    );
    assert!(matches!(&asked[2], Request::Generate { entry: 2, .. }));
    assert!(matches!(&asked[4], Request::Secret { store, .. } if store.name == "other"));
    secret.store_ref = None;
    assert_eq!(wanted(&secret).len(), 3);
    let errors = Store::new(&[]).assemble(&secret).unwrap_err();
    assert_eq!(errors.iter().filter(|error| error.cause == EntryCause::NoStore).count(), 5);
}

#[test]
fn what_comes_later_wins() {
    let store = Store::new(&[("one", r#"{"a":"1","b":"1","c":"1"}"#), ("two", r#"{"b":"2","c":"2","x/y":"2"}"#)]);
    let made = store
        .assemble(&secret(
            vec![extract("one"), extract("two")],
            vec![data("c", "one", Some("a")), data("c", "two", Some("x/y"))],
        ))
        .unwrap();
    assert_eq!(shown(&made.data), [("a", "1"), ("b", "2"), ("c", "2"), ("x_y", "2")]);
    assert!(made.missing.is_empty() && made.lease.is_none());
}

#[test]
fn a_missing_secret_depends_on_the_policy() {
    let store = Store::new(&[("one", r#"{"a":"1"}"#)]);
    let mut secret = secret(vec![extract("none")], vec![data("a", "one", Some("a")), data("b", "gone", None)]);
    let errors = store.assemble(&secret).unwrap_err();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0].to_string(), "spec.dataFrom[0].extract (key `none`): the store has no such secret");
    assert_eq!(errors[1].to_string(), "spec.data[1] (key `gone`): the store has no such secret");
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Merge] {
        secret.target.deletion_policy = policy;
        let made = store.assemble(&secret).unwrap();
        assert_eq!(shown(&made.data), [("a", "1")]);
        let missing = |path: &str, key: &str| Missing { path: path.to_owned(), key: Some(key.to_owned()), find: false };
        assert_eq!(made.missing, [missing("spec.dataFrom[0].extract", "none"), missing("spec.data[1]", "gone")]);
        // a missing property is no missing secret
        secret.data[0].remote_ref.property = Some("b".to_owned());
        assert_eq!(store.assemble(&secret).unwrap_err().len(), 1);
        secret.data[0].remote_ref.property = Some("a".to_owned());
    }
    secret.data[1].remote_ref.key = "down".to_owned();
    let errors = store.assemble(&secret).unwrap_err();
    assert_eq!(errors[0].to_string(), "spec.data[1] (key `down`): nobody answers");
}

#[test]
fn values_are_decoded_and_checked() {
    let store = Store::new(&[("one", r#"{"a":"aHVudGVyMgA=","b":"hunter2!"}"#)]);
    let mut entry = extract("one");
    entry.decoding = Decoding::Base64;
    let errors = store.assemble(&secret(vec![entry.clone()], vec![])).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "spec.dataFrom[0].extract (key `one`): the value of `b`: it is not base64 (byte 7)"
    );
    entry.decoding = Decoding::Auto;
    assert_eq!(
        shown(&store.assemble(&secret(vec![entry.clone()], vec![])).unwrap().data),
        [("a", "hunter2\0"), ("b", "hunter2!")]
    );
    entry.null_bytes = NullBytes::Fail;
    let mut single = data("a", "one", Some("a"));
    single.remote_ref.decoding = Decoding::Base64;
    single.remote_ref.null_bytes = NullBytes::Fail;
    single.line = 9;
    let errors = store.assemble(&secret(vec![entry], vec![single])).unwrap_err();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[1].line, 9);
    assert!(errors.iter().all(|error| !format!("{error:?}{error}").contains("hunter2")));
}

#[test]
fn found_and_generated() {
    let mut store = Store::new(&[]);
    let made = store.assemble(&secret(vec![find()], vec![])).unwrap();
    assert_eq!(made.missing, [Missing { path: "spec.dataFrom[0].find".to_owned(), key: None, find: true }]);
    store.found = vec![("app/db".to_owned(), fetched(r#"{"p":"<"}"#)), ("app".to_owned(), fetched("{}"))];
    let made = store.assemble(&secret(vec![find()], vec![])).unwrap();
    assert_eq!(shown(&made.data), [("app", "{}"), ("app_db", r#"{"p":"\u003c"}"#)]);
    // with a rewrite there is no conversion; a generator's keys are never converted, nor its values decoded
    let mut rewritten = find();
    rewritten.rewrite = vec![Rewrite::Regexp { source: "^app".to_owned(), target: "db".to_owned() }];
    let mut generated = generator();
    generated.decoding = Decoding::Base64;
    let errors = store.assemble(&secret(vec![rewritten, generated.clone()], vec![])).unwrap_err();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[1].path, "spec.dataFrom[1].sourceRef.generatorRef");
    generated.rewrite = vec![Rewrite::Regexp { source: "/".to_owned(), target: String::new() }];
    assert_eq!(shown(&store.assemble(&secret(vec![generated], vec![])).unwrap().data), [("madeit", "bWFkZQ==")]);
    let wrong =
        assemble(&secret(vec![generator()], vec![]), Timestamp::UNIX_EPOCH, &|_| Answer::Found(Flavour::Fake, &[]));
    assert_eq!(wrong.unwrap_err()[0].cause, EntryCause::Odd);
}

#[test]
fn the_shortest_lease_counts() {
    let mut store = Store::new(&[("one", "{}"), ("two", "{}")]);
    for (key, seconds) in [("one", 60), ("two", 30)] {
        let lease = Lease { id: SecretText::default(), duration: Duration::from_secs(seconds), renewable: true };
        store.secrets.get_mut(key).unwrap().lease = Some(lease);
    }
    let made = store.assemble(&secret(vec![extract("one")], vec![data("a", "two", None)])).unwrap();
    assert_eq!(made.lease, Some(Duration::from_secs(30)));
}
