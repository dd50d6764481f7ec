//! Key services: the real sops asks ours and ours asks the real one, over TCP and over sockets; and servers that misbehave.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers;
use crate::vault::{World, sealant};

const PLAIN: &str = "a: one\nm:\n    b: 2\n";

/// A server of either program, killed when dropped.
struct Server {
    child: Child,
    address: String,
    said: PathBuf,
}

impl Server {
    /// Starts `program … keyservice` with the tester's key and waits until it answers.
    fn start(program: &Path, words: &[&str], network: &str, world: &World, more: &[&str], input: &str) -> Self {
        let place = match network {
            "unix" => world.root.join("keys.sock").display().to_string(),
            _ => format!("127.0.0.1:{}", free_port()),
        };
        let said = world.root.join("server.log");
        let mut child = Command::new(program)
            .args(words)
            .args(["keyservice", "--network", network, "--address", &place])
            .args(more)
            .current_dir(&world.root)
            .env_clear()
            .env("HOME", world.home())
            .env("SOPS_AGE_KEY_FILE", identity())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        let answers = || match network {
            "unix" => std::os::unix::net::UnixStream::connect(&place).is_ok(),
            _ => TcpStream::connect(&place).is_ok(),
        };
        while !answers() {
            assert!(Instant::now() < until, "{program:?} does not listen: {}", fs::read_to_string(&said).unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, address: format!("{network}://{place}"), said }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // one that has ended already is as good
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn identity() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keys/private/tester.txt")
}

fn recipient() -> String {
    let text = fs::read_to_string(identity()).unwrap();
    text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
}

/// A folder whose user has no key at all.
fn keyless() -> World {
    let world =
        World::bare(&format!("creation_rules:\n  - age: {}\n", recipient())).with("SOPS_AGE_KEY_FILE", "/dev/null");
    fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
    world
}

/// A key of somebody else, to be given a file.
const OTHER: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

#[test]
fn each_asks_the_service_of_the_other() {
    let Some(peers) = peers::locate("each_asks_the_service_of_the_other") else { return };
    let ours = sealant();
    type Pair<'a> = (&'a Path, &'a [&'a str], &'a Path, &'a [&'a str], bool);
    let pairs: [Pair<'_>; 4] = [
        (&ours, &[], &peers.sops, &[], false),
        (&ours, &["sops"], &peers.sops, &[], false),
        (&peers.sops, &[], &ours, &["sops"], false),
        (&peers.sops, &[], &ours, &[], true),
    ];
    for (server, serve, client, ask, native) in pairs {
        for network in ["tcp", "unix"] {
            let world = keyless();
            let server = Server::start(server, serve, network, &world, &[], "");
            let alone = if native { "--no-local-keys" } else { "--enable-local-keyservice=false" };
            let run = |verb: &str, more: &[&str]| {
                let service = ["--keyservice", &server.address, alone];
                let ended = world.run(client, &[ask, &[verb], &service[..], more].concat(), "");
                assert_eq!(ended.code, Some(0), "{client:?} {verb} {network}: {ended:?}\n{}", server.said());
                ended.stdout
            };
            run("encrypt", &["-i", "f.yaml"]);
            assert_eq!(run("decrypt", &["f.yaml"]), PLAIN);
            run("rotate", &["-i", "f.yaml"]);
            assert_eq!(run("decrypt", &["f.yaml"]), PLAIN);
            let rules = format!("creation_rules:\n  - age: {},{OTHER}\n", recipient());
            fs::write(world.root.join(".sops.yaml"), rules).unwrap();
            let service = ["--keyservice", &server.address];
            let ended = world.run(client, &[ask, &["updatekeys", "-y"], &service[..], &["f.yaml"]].concat(), "");
            assert_eq!(ended.code, Some(0), "{ended:?}");
            assert!(fs::read_to_string(world.root.join("f.yaml")).unwrap().contains(OTHER));
            assert_eq!(run("decrypt", &["f.yaml"]), PLAIN);
            // without the service nobody opens it
            assert_eq!(world.run(client, &[ask, &["decrypt", "f.yaml"]].concat(), "").code, Some(128));
        }
    }
}

#[test]
fn variables_name_services_and_local_keys_come_first() {
    let ours = sealant();
    let world = keyless();
    let server = Server::start(&ours, &[], "tcp", &world, &["--verbose"], "");
    let world = world.with("SOPS_KEYSERVICE", server.address.clone());
    assert_eq!(world.run(&ours, &["encrypt", "-i", "f.yaml"], "").code, Some(0));
    for before in [&[][..], &["sops"]] {
        let ended = world.run(&ours, &[before, &["decrypt", "f.yaml"]].concat(), "");
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), PLAIN), "{ended:?}");
    }
    let asked = server.said().matches("decrypt with").count();
    assert_eq!(asked, 2, "{}", server.said());
    assert!(!server.said().contains("AGE-SECRET") && !server.said().contains("BEGIN AGE"));
    // a key of this machine opens it, so nobody is asked
    let world = world.with("SOPS_AGE_KEY_FILE", identity().display().to_string());
    assert_eq!(world.run(&ours, &["decrypt", "f.yaml"], "").code, Some(0));
    assert_eq!(server.said().matches("decrypt with").count(), asked);
    let none = world.with("SOPS_ENABLE_LOCAL_KEYSERVICE", "false").with("SOPS_KEYSERVICE", "");
    let ended = none.run(&ours, &["decrypt", "f.yaml"], "");
    assert_eq!(ended.code, Some(128));
    assert!(ended.stderr.contains("no key service was named"), "{}", ended.stderr);
}

/// sops asks when the key has been used already.
#[test]
fn a_person_is_asked_before_a_key_is_used() {
    let ours = sealant();
    for (answer, code, words) in [("y\n", 0, ""), ("n\n", 128, "rejected"), ("", 128, "rejected")] {
        let world = keyless();
        assert_eq!(world.run(&ours, &["encrypt", "-i", "f.yaml"], "").code, Some(0));
        let server = Server::start(&ours, &[], "tcp", &world, &["--prompt"], answer);
        let ended = world.run(&ours, &["decrypt", "--keyservice", &server.address, "f.yaml"], "");
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(server.said().contains("Received decrypt request using"), "{}", server.said());
    }
}

#[test]
fn a_signal_ends_a_server_and_its_socket() {
    let world = keyless();
    for signal in ["INT", "TERM"] {
        let mut server = Server::start(&sealant(), &[], "unix", &world, &[], "");
        let socket = world.root.join("keys.sock");
        assert!(socket.exists());
        let id = server.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{}", server.said());
        assert!(!socket.exists());
    }
}

#[test]
fn bad_addresses_are_refused_before_anything_is_done() {
    let (world, ours) = (keyless(), sealant());
    for address in ["127.0.0.1:5000", "http://a:1", "unix://relative", "tcp://h"] {
        let ended = world.run(&ours, &["encrypt", "-i", "--keyservice", address, "f.yaml"], "");
        assert_ne!(ended.code, Some(0));
        assert!(ended.stderr.contains(address) && ended.stderr.contains("tcp://HOST:PORT"), "{}", ended.stderr);
    }
    assert_eq!(fs::read_to_string(world.root.join("f.yaml")).unwrap(), PLAIN);
    fs::write(world.root.join("file"), "x").unwrap();
    let path = world.root.join("file").display().to_string();
    let ended = world.run(&ours, &["keyservice", "--network", "unix", "--address", &path], "");
    assert!(ended.stderr.contains("no socket"), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(world.root.join("file")).unwrap(), "x");
}

/// A server that does `work` with whoever connects.
fn misbehaving(work: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let work = std::sync::Arc::new(work);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let work = work.clone();
            std::thread::spawn(move || work(stream));
        }
    });
    address
}

#[test]
fn services_that_misbehave_end_in_a_clear_error() {
    let (world, ours) = (keyless(), sealant());
    assert_eq!(world.run(&ours, &["encrypt", "-i", "f.yaml"], "").code, Some(0));
    let garbage = misbehaving(|mut stream| {
        // the other end may be gone before all is written
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        _ = stream.read(&mut [0; 64]);
    });
    let closes = misbehaving(drop);
    let mute = format!("tcp://127.0.0.1:{}", free_port());
    for address in [garbage, closes, mute] {
        let ended = world.run(&ours, &["decrypt", "--keyservice", &address, "f.yaml"], "");
        assert_eq!(ended.code, Some(128), "{ended:?}");
        assert!(ended.stderr.contains(&address), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

/// What ours says to a client that names no key, or asks for what is not there.
#[test]
fn a_request_without_a_key_is_refused() {
    let world = keyless();
    let server = Server::start(&sealant(), &[], "tcp", &world, &[], "");
    let place = server.address.strip_prefix("tcp://").unwrap();
    // no HTTP/2 at all: the connection ends, the server goes on
    let mut stream = TcpStream::connect(place).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut line = String::new();
    _ = BufReader::new(&stream).read_line(&mut line);
    let ended =
        world.run(&sealant(), &["encrypt", "-i", "--keyservice", &server.address, "--no-local-keys", "f.yaml"], "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
