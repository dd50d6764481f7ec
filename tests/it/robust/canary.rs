//! Secrets stay where they belong: after every failure the canaries are looked for in what was printed, in the folders for
//! temporary files and for the user, and in the command lines and environments of all processes that took part.

use std::fs;
use std::io::Read;
use std::path::Path;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};

use super::failures::{ALL, Failing, KEY, VALUE};
use super::{Place, names, open, tester};

/// The canaries as they are, encoded and hashed.
fn needles() -> Vec<Vec<u8>> {
    let real = fs::read_to_string(tester()).unwrap();
    let real = real.lines().find(|line| line.starts_with("AGE-SECRET")).unwrap();
    let mut needles = Vec::new();
    for secret in [VALUE, KEY, real] {
        let mut forms = vec![secret.as_bytes().to_vec()];
        for algorithm in [&SHA1_FOR_LEGACY_USE_ONLY, &SHA256, &SHA512] {
            forms.push(digest(algorithm, secret.as_bytes()).as_ref().to_vec());
        }
        for form in forms {
            let hex: String = form.iter().map(|byte| format!("{byte:02x}")).collect();
            needles.push(hex.to_uppercase().into_bytes());
            needles.push(hex.into_bytes());
            // In the middle of something longer base64 begins at any of three offsets.
            for skipped in 0..3 {
                let whole = (form.len() - skipped) / 3 * 3;
                let text = base64_simd::STANDARD.encode_to_string(&form[skipped..skipped + whole]);
                needles.push(text.into_bytes());
            }
            needles.push(form);
        }
    }
    // A piece of a key is too much already.
    needles.push(b"1CANARY".to_vec());
    needles
}

fn found(needles: &[Vec<u8>], text: &[u8]) -> bool {
    needles.iter().any(|needle| text.windows(needle.len()).any(|window| window == needle))
}

/// Every file below `folder`, with its name.
fn contents(folder: &Path, out: &mut Vec<u8>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        out.extend_from_slice(path.as_os_str().as_encoded_bytes());
        if path.is_dir() {
            contents(&path, out);
        } else {
            out.extend(fs::read(&path).unwrap_or_default());
        }
    }
}

/// The command line of a process; of its children also, with their environments.
fn process(id: &str, child: bool, out: &mut Vec<u8>) {
    let root = Path::new("/proc").join(id);
    out.extend(fs::read(root.join("cmdline")).unwrap_or_default());
    if child {
        out.extend(fs::read(root.join("environ")).unwrap_or_default());
    }
    let children = fs::read_to_string(root.join("task").join(id).join("children")).unwrap_or_default();
    for child in children.split_whitespace() {
        process(child, true, out);
    }
}

/// What a run showed to others.
struct Seen {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    processes: Vec<u8>,
}

fn watch(failing: &Failing, place: &Place) -> Seen {
    let mut child = failing.start(place);
    let id = child.id().to_string();
    let mut seen = Seen { code: None, stdout: Vec::new(), stderr: Vec::new(), processes: Vec::new() };
    let status = loop {
        process(&id, false, &mut seen.processes);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_micros(500));
    };
    // A few lines: they fit in the pipes.
    child.stdout.take().unwrap().read_to_end(&mut seen.stdout).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut seen.stderr).unwrap();
    seen.code = status.code();
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        seen.code = seen.code.or(status.signal().map(|signal| 128 + signal));
    }
    seen
}

fn memory() -> Vec<String> {
    if !Path::new("/dev/shm").is_dir() {
        return Vec::new();
    }
    names(Path::new("/dev/shm")).into_iter().filter(|name| name.starts_with("sealant-")).collect()
}

#[test]
fn no_failure_tells_a_secret() {
    let needles = needles();
    let mut wrong = Vec::new();
    for failing in ALL {
        let place = Place::new();
        failing.prepare(&place);
        let repo = place.repo();
        let before = names(&repo);
        let encrypted = fs::read(repo.join("enc.yaml")).unwrap();
        let seen = watch(failing, &place);
        let error = String::from_utf8_lossy(&seen.stderr).into_owned();
        let mut problem = |what: &str| {
            wrong.push(format!("{:?} {:?}: {what}\n{error}", failing.arguments, failing.files));
        };
        if seen.code != Some(failing.code) {
            problem(&format!("ended with {:?}, not {}", seen.code, failing.code));
        }
        let mut folders = Vec::new();
        for folder in ["tmp", "run", "home"] {
            contents(&place.path(folder), &mut folders);
        }
        let places = [
            ("standard output", &seen.stdout),
            ("standard error", &seen.stderr),
            ("a command line or an environment", &seen.processes),
            ("a folder", &folders),
        ];
        for (name, bytes) in places {
            if found(&needles, bytes) {
                problem(&format!("a canary in {name}"));
            }
        }
        if !folders.is_empty() {
            problem("something was left in a folder");
        }
        for name in names(&repo).into_iter().filter(|name| !before.contains(name)) {
            // An edit that could not be written is kept, encrypted.
            if name != "enc.yaml.edited" || found(&needles, &fs::read(repo.join(&name)).unwrap()) {
                problem(&format!("{name} was left"));
            }
        }
        let now = fs::read(repo.join("enc.yaml")).unwrap();
        if now != encrypted && failing.code != 217 {
            problem("the file changed");
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The folder for plain text in memory is shared by all runs: looked at when none of ours is in it.
#[test]
fn nothing_is_left_in_shared_memory() {
    let place = Place::new();
    let failing = &ALL[ALL.len() - 1];
    failing.prepare(&place);
    let before = memory();
    let mut command = place.command(&place.repo(), failing.arguments);
    // Without a folder of the session's own it is the shared one.
    command.env_remove("XDG_RUNTIME_DIR");
    let script = place.repo().join("e");
    command.env("EDITOR", format!("sh {}", script.display()));
    let output = super::start(command, "").wait_with_output().unwrap();
    assert!(!output.status.success());
    let left: Vec<String> = memory().into_iter().filter(|name| !before.contains(name)).collect();
    let ours = |name: &String| {
        let mut text = Vec::new();
        contents(&Path::new("/dev/shm").join(name), &mut text);
        found(&needles(), &text)
    };
    assert!(!left.iter().any(ours), "{left:?}");
}

/// The canaries are really in the files: a test that looks for what is not there finds nothing.
#[test]
fn the_canaries_are_there() {
    let place = Place::new();
    ALL[0].prepare(&place);
    let text = fs::read_to_string(place.repo().join("enc.yaml")).unwrap();
    assert!(found(&needles(), open(&text).unwrap().as_bytes()));
    let output = place.done(&["get", "enc.yaml", "secret"], "");
    assert!(found(&needles(), &output.stdout));
}
