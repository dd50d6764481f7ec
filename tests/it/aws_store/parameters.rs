//! Reading and finding in Parameter Store.

use sealant::external::Reference;
use sealant::store::aws::Service::ParameterStore;
use sealant::store::{Remote, StoreCause};
use serde_json::json;

use super::find::{by, names};
use super::tap::error;
use super::{Tap, metadata, moto, parameter, said, settings, store, texts, version};

#[test]
fn values_versions_and_tags() {
    let Some(moto) = moto("values_versions_and_tags") else { return };
    parameter(
        &moto,
        "PutParameter",
        r#"{"Name": "/p/a", "Value": "canary-value 1", "Type": "SecureString",
        "Tags": [{"Key": "team", "Value": "<b>&c"}, {"Key": "env", "Value": "prod"}]}"#,
    );
    parameter(
        &moto,
        "PutParameter",
        r#"{"Name": "/p/a", "Value": "canary-value 2", "Type": "SecureString", "Overwrite": true}"#,
    );
    parameter(&moto, "PutParameter", r#"{"Name": "/p/list", "Value": "a,b", "Type": "StringList"}"#);
    let tap = Tap::to(moto.port);
    let mut settings = settings(ParameterStore, &tap.address);
    settings.prefix = "/p/".into();
    let store = store(settings);
    let references = [
        Reference::value("a"),
        Reference::value("missing"),
        Reference::value("a"),
        Reference::value("list"),
        version("a", "1"),
        version("a", "2"),
        metadata("a"),
        metadata("missing"),
        Reference::value(""),
    ];
    let found = store.fetch(&references);
    let shown = texts(&found);
    assert_eq!(shown[..6], ["canary-value 2", "-", "canary-value 2", "a,b", "canary-value 1", "canary-value 2"]);
    assert_eq!(shown[6], r#"{"env":"prod","team":"\u003cb\u003e\u0026c"}"#);
    assert!(shown[7].starts_with("! Invalid there is no parameter \"/p/missing\""), "{}", shown[7]);
    assert!(shown[8].starts_with("! Invalid"), "{}", shown[8]);
    assert_eq!(found[0].as_ref().unwrap().as_ref().unwrap().version.as_deref(), Some("2"));
    let expected = ["GetParameter", "GetParameter", "GetParameters", "ListTagsForResource", "ListTagsForResource"];
    assert_eq!(tap.operations(), expected);
    let exists = |key: &str| store.exists(&Remote { key: key.to_owned(), property: None }).unwrap();
    assert!(exists("a") && !exists("missing"));
    let check = store.check(&[Reference::value("a"), Reference::value("missing")]).unwrap();
    assert!(check.identity.unwrap().starts_with("arn:aws:"));
    assert_eq!(check.readable[0], None);
    assert!(said(check.readable[1].as_ref().unwrap()).starts_with("there is no parameter \"/p/missing\""));
}

#[test]
fn many_cost_few_requests_and_one_does_not_spoil_the_others() {
    let Some(moto) = moto("many_cost_few_requests_and_one_does_not_spoil_the_others") else { return };
    let all: Vec<_> = (0..95).map(|n| format!("/many/{n:03}")).collect();
    for name in &all {
        parameter(&moto, "PutParameter", &json!({ "Name": name, "Value": name, "Type": "String" }).to_string());
    }
    let tap = Tap::to(moto.port);
    let references: Vec<_> = all.iter().map(Reference::value).collect();
    assert_eq!(texts(&store(settings(ParameterStore, &tap.address)).fetch(&references)), all);
    assert_eq!(tap.seen().len(), 10);

    let tap = Tap::with(moto.port, |_, body| {
        let message = "User: arn:aws:iam::1:user/eve is not authorized to perform: ssm:GetParameter on resource: \
                       arn:aws:ssm:eu-west-1:1:parameter/many/003";
        body.contains("/many/003").then(|| error("AccessDeniedException", message))
    });
    let found = texts(&store(settings(ParameterStore, &tap.address)).fetch(&references));
    assert_eq!(found.iter().zip(&all).filter(|(found, name)| found == name).count(), 94);
    let expected = "arn:aws:iam::1:user/eve may not ssm:GetParameter on the parameter \"/many/003\"";
    assert!(found[3].starts_with(&format!("! Denied {expected}")), "{}", found[3]);
    assert!(found[3].contains("\"Resource\": \"arn:aws:ssm:eu-west-1:1:parameter/many/003\""), "{}", found[3]);
    assert_eq!(tap.seen().len(), 20);
}

#[test]
fn found_by_name_path_and_tags() {
    let Some(moto) = moto("found_by_name_path_and_tags") else { return };
    for n in 0..25 {
        let (name, team) = (format!("/app/{n:03}"), if n % 2 == 0 { "even" } else { "odd" });
        let tags = json!([{ "Key": "team", "Value": team }]);
        let body = json!({ "Name": name, "Value": name, "Type": "SecureString", "Tags": tags });
        parameter(&moto, "PutParameter", &body.to_string());
    }
    parameter(&moto, "PutParameter", r#"{"Name": "/zz/app/1", "Value": "/zz/app/1", "Type": "String"}"#);
    let tap = Tap::to(moto.port);
    let store_ = store(settings(ParameterStore, &tap.address));
    let found = names(&*store_, &by(Some("app"), &[], None));
    assert_eq!((found.len(), found[25].as_str()), (26, "/zz/app/1"));
    assert!(tap.operations().iter().all(|name| name == "GetParametersByPath"));
    assert_eq!(names(&*store_, &by(Some("1$"), &[], Some("/app"))), ["/app/001", "/app/011", "/app/021"]);
    assert_eq!(
        names(&*store_, &by(Some("1$"), &[("team", "none")], Some("/zz"))),
        ["/zz/app/1"],
        "a name wins over tags"
    );
    tap.seen();
    assert_eq!(names(&*store_, &by(None, &[("team", "odd")], None)).len(), 12);
    assert_eq!(names(&*store_, &by(None, &[("team", "odd")], Some("/zz"))).len(), 0);
    assert!(tap.operations().iter().all(|name| name == "DescribeParameters" || name == "GetParameters"));
    assert_eq!(store_.find(&by(None, &[], None)).unwrap_err().cause, StoreCause::Invalid);

    let tap = Tap::with(moto.port, |operation, _| {
        (operation == "GetParametersByPath").then(|| error("AccessDeniedException", "no"))
    });
    let store_ = store(settings(ParameterStore, &tap.address));
    assert_eq!(names(&*store_, &by(Some("1$"), &[], Some("/app"))), ["/app/001", "/app/011", "/app/021"]);
}
