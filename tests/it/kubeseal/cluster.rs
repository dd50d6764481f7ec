//! The modes that ask a cluster, with the real controller behind a real API server.

use super::{World, ours, without_chance};
use crate::cluster::{self, Cluster, User};

fn run(cluster: &Cluster, arguments: &[&str], input: &str) -> crate::peers::Ran {
    let mut command = cluster.command(&ours(), User::Admin, Some("default"));
    command.arg("kubeseal").args(arguments);
    cluster::run(command, input)
}

fn secret(namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: mine, namespace: {namespace}, labels: {{of: template}}}}\n\
         stringData: {{key: value}}\n"
    )
}

#[test]
fn certificates_are_fetched_and_what_is_sealed_arrives() {
    let Some(cluster) = cluster::shared("certificates_are_fetched_and_what_is_sealed_arrives") else { return };
    let certificate = run(cluster, &["--fetch-cert"], "");
    assert_eq!(
        certificate.text(),
        cluster.kubeseal(User::Admin, &["--fetch-cert"], "").text(),
        "{}",
        certificate.stderr
    );
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        let namespace = cluster.namespace("kubeseal-");
        let sealed = run(cluster, &["--scope", scope, "-o", "yaml"], &secret(&namespace));
        assert!(sealed.ok(), "{}", sealed.stderr);
        let theirs = cluster.kubeseal(User::Admin, &["--scope", scope, "-o", "yaml"], &secret(&namespace));
        assert_eq!(without_chance(&sealed.text()), without_chance(&theirs.text()));
        cluster.apply(&sealed.text());
        assert_eq!(cluster.wait_secret(&namespace, "mine")["key"], b"value");
    }
}

#[test]
fn the_controller_is_asked_whether_it_can_open() {
    let Some(cluster) = cluster::shared("the_controller_is_asked_whether_it_can_open") else { return };
    let sealed = run(cluster, &[], &secret("there")).text();
    let good = run(cluster, &["--validate"], &sealed);
    assert!(good.ok() && good.stdout.is_empty() && good.stderr.is_empty(), "{}", good.stderr);
    let moved = sealed.replace("there", "elsewhere");
    for input in [moved.as_str(), "a: [", ""] {
        let ended = run(cluster, &["--validate"], input);
        assert!(!ended.ok() && ended.stderr.starts_with("error: unable to decrypt sealed secret"), "{}", ended.stderr);
    }
    assert_eq!(
        run(cluster, &["--validate"], &moved).stderr,
        cluster.kubeseal(User::Admin, &["--validate"], &moved).stderr
    );
}

#[test]
fn values_are_sealed_again_and_nothing_else_changes() {
    let Some(cluster) = cluster::shared("values_are_sealed_again_and_nothing_else_changes") else { return };
    let sealed = run(cluster, &[], &secret("there")).text();
    let again = run(cluster, &["--re-encrypt"], &sealed);
    assert!(again.ok(), "{}", again.stderr);
    assert_eq!(without_chance(&again.text()), without_chance(&sealed), "upstream loses the labels of the template");
    assert_ne!(again.text(), sealed);
    assert!(run(cluster, &["--validate"], &again.text()).ok());
    let world = World::new();
    world.write("file.yaml", &sealed);
    let path = world.path("file.yaml");
    let path = path.to_str().unwrap();
    assert!(run(cluster, &["--re-encrypt", "-f", path], "").ok());
    assert!(world.read("file.yaml").starts_with("---\n"));
    let moved = sealed.replace("there", "elsewhere");
    let (ours, theirs) =
        (run(cluster, &["--re-encrypt"], &moved), cluster.kubeseal(User::Admin, &["--re-encrypt"], &moved));
    assert_eq!((ours.ok(), ours.stderr), (false, theirs.stderr));
}

#[test]
fn what_a_cluster_lacks_is_said_as_upstream_says_it() {
    let Some(cluster) = cluster::shared("what_a_cluster_lacks_is_said_as_upstream_says_it") else { return };
    for arguments in [
        vec!["--fetch-cert", "--controller-name", "nobody"],
        vec!["--validate", "--controller-namespace", "nowhere"],
        vec!["--fetch-cert", "--context", "nope"],
        vec!["--fetch-cert", "--request-timeout", "x"],
        vec!["--fetch-cert", "--server", "http://127.0.0.1:1"],
    ] {
        let (ours, theirs) = (run(cluster, &arguments, ""), cluster.kubeseal(User::Admin, &arguments, ""));
        assert_eq!((ours.status.code(), ours.stderr), (theirs.status.code(), theirs.stderr), "{arguments:?}");
    }
}

/// The namespace of the context counts for Secrets that name none.
#[test]
fn namespaces_come_from_the_context() {
    let Some(cluster) = cluster::shared("namespaces_come_from_the_context") else { return };
    let input = "kind: Secret\nmetadata: {name: a}\nstringData: {k: v}\n";
    let sealed = run(cluster, &["-o", "yaml"], input).text();
    assert!(sealed.contains("namespace: default\n"), "{sealed}");
    let sealed = run(cluster, &["-o", "yaml", "-n", "given"], input).text();
    assert!(sealed.contains("namespace: given\n"), "{sealed}");
}
