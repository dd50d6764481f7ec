//! Resealing by the controller of the cluster: it has the private keys, and seals every item anew.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Args, Sealed, agreed, counted, find, write_all};
use crate::commands::cluster;
use crate::commands::seal::files::Read;
use crate::commands::seal::with::Certificates;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::fsio::terminal::Progress;
use crate::k8s::{Cause, Client, Overrides};
use crate::sealed::clusters::Controller;
use crate::sealed::file::Object;

/// A controller that was found.
struct Peer {
    client: Client,
    service: Controller,
    port: String,
}

#[derive(Deserialize)]
struct Answer {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(rename = "encryptedData")]
    encrypted_data: BTreeMap<String, String>,
}

/// Runs it.
///
/// # Errors
/// The cluster cannot be reached or refuses, the controller cannot open an object, and what the file system says. Nothing was
/// written then.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let certificates = Certificates::find(session, &args.with)?;
    let found = find(args, session)?;
    let objects: Vec<(usize, usize, &Read, &Object)> = found
        .files
        .iter()
        .enumerate()
        .flat_map(|(at, read)| {
            read.file.objects().iter().enumerate().map(move |(number, object)| (at, number, read, object))
        })
        .filter(|(.., object)| !object.items.is_empty())
        .collect();
    let items: usize = objects.iter().map(|(.., object)| object.items.len()).sum();
    let files = objects.chunk_by(|one, next| one.0 == next.0).count();
    session.say(&format!("the controller would seal {} in {} anew", counted(items, "item"), counted(files, "file")));
    let agreed = items > 0 && (args.dry_run || agreed(args, items, files)?);
    let mut sealed = Vec::new();
    if agreed && !args.dry_run {
        let mut peers: BTreeMap<String, Peer> = BTreeMap::new();
        let mut progress = Progress::new(&session.env);
        for (done, (at, number, read, object)) in objects.iter().enumerate() {
            progress.show(done, objects.len(), &read.name);
            let (context, service) = place(args, session, &certificates, read);
            let name = format!("{context} {}/{}", service.namespace, service.name);
            if !peers.contains_key(&name) {
                peers.insert(name.clone(), connect(session, &context, service)?);
            }
            let Some(peer) = peers.get(&name) else { continue };
            let mut new = rotate(peer, read, object, args.namespace.as_deref())?;
            for item in &object.items {
                let text = new.remove(&item.key).ok_or_else(|| odd(read, object))?;
                sealed.push(Sealed { read: *at, number: *number, key: &item.key, text });
            }
        }
        progress.clear();
        write_all(session, &found.files, &sealed)?;
        session.say(&format!("resealed {} in {}", counted(items, "item"), counted(files, "file")));
    }
    if session.json() {
        let action = if sealed.is_empty() { "reseal" } else { "resealed" };
        let row = |read: &Read, object: &Object, key: &str, line: usize| {
            json!({
                "file": read.name, "line": line, "namespace": object.namespace, "name": object.name,
                "scope": object.scope.to_string(), "item": key, "action": action,
            })
        };
        let rows: Vec<Value> = objects
            .iter()
            .flat_map(|(_, _, read, object)| {
                object.items.iter().map(move |item| row(read, object, &item.key, item.line))
            })
            .collect();
        let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        output::data(format!("{text}\n").as_bytes())?;
    }
    Ok(())
}

/// The context, and the controller, of the cluster that a file belongs to.
fn place(args: &Args, session: &Session, certificates: &Certificates, read: &Read) -> (String, Controller) {
    let cluster = certificates.loaded().and_then(|loaded| loaded.cluster_for(session, &read.path));
    let context = args.context.clone().or_else(|| cluster.and_then(|cluster| cluster.context.clone()));
    (context.unwrap_or_default(), cluster.map(|cluster| cluster.controller.clone()).unwrap_or_default())
}

fn connect(session: &Session, context: &str, service: Controller) -> Result<Peer, Failure> {
    let overrides = Overrides { context: context.to_owned(), ..Overrides::default() };
    let loaded = cluster::load(overrides, &session.env)?;
    if let Some(warning) = loaded.warning() {
        session.warn(&warning);
    }
    let client = Client::new(loaded.config()?);
    let port = client.service_port_name(&service.namespace, &service.name)?;
    Ok(Peer { client, service, port })
}

/// What the controller makes of the items. It is told the scope in both places: older ones take it from the template
/// (sealed-secrets before 0.40 `pkg/controller/controller.go`, `Rotate`).
fn rotate(
    peer: &Peer,
    read: &Read,
    object: &Object,
    namespace: Option<&str>,
) -> Result<BTreeMap<String, String>, Failure> {
    let namespace = if object.namespace.is_empty() { namespace.unwrap_or_default() } else { &object.namespace };
    let annotations: BTreeMap<&str, &str> = object.scope.annotation().map(|name| (name, "true")).into_iter().collect();
    let metadata = json!({"name": object.name, "namespace": namespace, "annotations": annotations});
    let items: BTreeMap<&str, &str> =
        object.items.iter().map(|item| (item.key.as_str(), item.text.as_deref().unwrap_or_default())).collect();
    let body = json!({
        "kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1", "metadata": metadata,
        "spec": {"encryptedData": items, "template": {"metadata": metadata}},
    });
    let place = || format!("{}:{}: {}", read.name, object.line, object.title());
    let Controller { namespace: at, name } = &peer.service;
    let body = body.to_string();
    let answer = peer.client.proxy_post(at, name, &peer.port, "/v1/rotate", body.as_bytes(), "application/json");
    let answer = answer.map_err(|error| match error.cause {
        Cause::Conflict => Failure::new(Kind::CannotUnseal, format!("{}: the controller cannot open it", place()))
            .hint("nothing was written; the controller's log says which items: it opens none of another scope, name or cluster"),
        _ => Failure::from(error).about(place()),
    })?;
    let answer: Answer = serde_json::from_slice(answer.body.expose()).map_err(|_| odd(read, object))?;
    Ok(answer.spec.encrypted_data)
}

fn odd(read: &Read, object: &Object) -> Failure {
    let text =
        format!("{}:{}: {}: the controller's answer is no such SealedSecret", read.name, object.line, object.title());
    Failure::new(Kind::ClusterRefuses, text)
}
