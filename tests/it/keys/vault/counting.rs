//! How often a server is asked, and through how many connections.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{PLAIN, good, make, rules, start};
use crate::peers;
use crate::vault::bao::ROOT;
use crate::vault::{World, sealant};

/// Connections in all, and requests by what they ask for.
#[derive(Default)]
struct Counts {
    sockets: AtomicUsize,
    looks: AtomicUsize,
    wraps: AtomicUsize,
    unwraps: AtomicUsize,
}

impl Counts {
    fn take(&self) -> [usize; 4] {
        [&self.sockets, &self.looks, &self.wraps, &self.unwraps].map(|count| count.swap(0, Ordering::SeqCst))
    }
}

/// Stands before the server at `port` and counts. Its own port is returned.
fn proxy(port: u16, counts: Arc<Counts>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
            counts.sockets.fetch_add(1, Ordering::SeqCst);
            let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
            thread::spawn(move || copy(back.0, back.1, &mut |_| {}));
            let counts = counts.clone();
            thread::spawn(move || copy(near, far, &mut |bytes| count(&counts, bytes)));
        }
    });
    own
}

fn copy(mut from: TcpStream, mut to: TcpStream, seen: &mut dyn FnMut(&[u8])) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        seen(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    _ = to.shutdown(Shutdown::Both);
}

/// A request's head is sent at once, and one after the other on a connection.
fn count(counts: &Counts, bytes: &[u8]) {
    for (begin, count) in [
        ("GET /v1/transit/keys/", &counts.looks),
        ("PUT /v1/transit/encrypt/", &counts.wraps),
        ("PUT /v1/transit/decrypt/", &counts.unwraps),
    ] {
        if bytes.starts_with(begin.as_bytes()) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[test]
fn many_files_need_one_request_each_and_few_connections() {
    const FILES: usize = 200;
    let Some(program) = peers::locate_bao("many_files_need_one_request_each_and_few_connections") else {
        return;
    };
    let bao = start(&program);
    make(&bao, "transit/keys/k");
    let counts = Arc::new(Counts::default());
    let port = proxy(bao.port, counts.clone());
    let world = World::bare(&rules(&format!("http://127.0.0.1:{port}/v1/transit/keys/k"))).with("VAULT_TOKEN", ROOT);
    fs::create_dir(world.root.join("many")).unwrap();
    for at in 0..FILES {
        fs::write(world.root.join(format!("many/{at}.yaml")), PLAIN).unwrap();
    }
    let run = |arguments: &[&str]| {
        good("", &world.run(&sealant(), arguments, ""));
        let [sockets, asked @ ..] = counts.take();
        assert!((1..=16).contains(&sockets), "{sockets} connections");
        asked
    };
    assert_eq!(run(&["encrypt", "-i", "many"]), [1, FILES, 0]);
    assert_eq!(run(&["decrypt", "--output-dir", "plain", "many"]), [0, 0, FILES]);
    assert_eq!(fs::read_to_string(world.root.join("plain/7.yaml")).unwrap(), PLAIN);
    assert_eq!(run(&["rotate", "-i", "many"]), [1, FILES, FILES]);
    // the same wrapped key is unwrapped once
    fs::create_dir(world.root.join("same")).unwrap();
    for at in 0..FILES {
        fs::copy(world.root.join("many/0.yaml"), world.root.join(format!("same/{at}.yaml"))).unwrap();
    }
    assert_eq!(run(&["decrypt", "--output-dir", "plain", "same"]), [0, 0, 1]);
}
