//! The pages that start a server: their commands are run where it is installed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::blocks::{Block, blocks};
use super::world::World;
use super::{WITH_SERVERS, read};
use crate::peers;

/// Stands in for the `aws` program: the same words, through the library that it is made of.
const AWS: &str = r#"
import json, sys, boto3
service, verb, words = sys.argv[1], sys.argv[2], sys.argv[3:]
camel = lambda word: "".join(part.capitalize() for part in word.strip("-").split("-"))
given = {camel(name): value for name, value in zip(words[::2], words[1::2])}
answer = getattr(boto3.client(service), verb.replace("-", "_"))(**given)
answer.pop("ResponseMetadata", None)
print(json.dumps(answer, indent=4, default=str))
"#;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn folder_of(program: &Path) -> PathBuf {
    program.parent().unwrap().to_owned()
}

fn run(page: &str, world: &World) {
    let all = blocks(&read(page));
    let runnable: Vec<&Block> = all.iter().filter(|block| block.is_run()).collect();
    assert!(runnable.len() >= 3, "{page}: only {} blocks", runnable.len());
    if let Some((block, problem)) = world.run(&runnable) {
        panic!("{page}:{}: {problem}", block.line);
    }
}

#[test]
fn openbao_as_the_page_says() {
    let Some(bao) = peers::locate_bao("openbao_as_the_page_says") else { return };
    let page = WITH_SERVERS[0];
    run(page, &World::with_server(page, vec![folder_of(&bao)], ("8200", free_port())));
}

#[test]
fn secrets_manager_as_the_page_says() {
    let Some(found) = peers::locate_all("secrets_manager_as_the_page_says", &["py/bin/moto_server", "py/bin/python3"])
    else {
        return;
    };
    let page = WITH_SERVERS[1];
    let mut world = World::with_server(page, vec![folder_of(&found[0])], ("5000", free_port()));
    world.program("aws", &format!("#!{}\n{AWS}", found[1].display()));
    run(page, &world);
}
