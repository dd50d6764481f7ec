//! A file system that is full, and one that is read-only. Both are small ones in memory, mounted for the test; where that is
//! not allowed the tests say so and pass.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, names, open};

/// A small file system in memory, unmounted when dropped.
struct Mounted(PathBuf);

fn mount(arguments: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(arguments).arg(folder).output().is_ok_and(|output| output.status.success())
}

impl Mounted {
    /// `None`, with a line that says so, where this user may not mount.
    fn new(test: &str, place: &Place) -> Option<Self> {
        let folder = place.path("disk");
        fs::create_dir(&folder).unwrap();
        if mount(&["-t", "tmpfs", "-o", "size=512k", "sealant-test"], &folder) {
            place.write_rule(&folder);
            return Some(Self(folder));
        }
        eprintln!("SKIPPED {test}: mounting a file system is not allowed here (run it as root)");
        None
    }

    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], &self.0), "cannot remount");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        _ = Command::new("umount").arg(&self.0).status();
    }
}

const PLAIN: &str = "secret: value\nclear: 1\n";

/// An encrypted file, two plain ones and a folder.
fn files(place: &Place, disk: &Path) {
    for name in ["a.yaml", "b.yaml", "c.yaml"] {
        fs::write(disk.join(name), PLAIN).unwrap();
    }
    fs::create_dir(disk.join("out")).unwrap();
    let output = place.run(disk, &["encrypt", "-i", "a.yaml"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::copy(disk.join("a.yaml"), place.path("outside.yaml")).unwrap();
}

fn everything(disk: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(disk.join(&name)).unwrap_or_default();
        (name, bytes)
    };
    names(disk).into_iter().map(read).chain(names(&disk.join("out")).into_iter().map(|name| (name, vec![]))).collect()
}

/// Every command that writes fails with `code` and changes nothing.
fn nothing_changes(place: &Place, disk: &Path, code: i32) {
    let before = everything(disk);
    let editor = place.path("editor");
    fs::write(&editor, "#!/bin/sh\nprintf 'secret: other\\n' > \"$1\"\n").unwrap();
    let commands: [&[&str]; 8] = [
        &["set", "a.yaml", "secret", "--value-stdin"],
        &["set", "a.yaml", "secret_new", "--value-stdin"],
        &["unset", "a.yaml", "clear"],
        &["encrypt", "-i", "b.yaml", "c.yaml"],
        &["encrypt", "--output", "new.yaml", "b.yaml"],
        &["decrypt", "-i", "a.yaml"],
        &["decrypt", "--output-dir", "out", "a.yaml", "../outside.yaml"],
        &["edit", "a.yaml"],
    ];
    for arguments in commands {
        let mut command = place.command(disk, arguments);
        command.env("EDITOR", format!("sh {}", editor.display()));
        let output = super::start(command, "a new value").wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(everything(disk) == before, "{arguments:?} changed something");
        if arguments[0] == "edit" && code == 222 {
            // the edit is in the folder for temporary files, which is on another disk
            let kept = place.path("tmp/a.yaml.edited");
            assert!(error.contains(&format!("your edit is not lost: it is in {}", kept.display())), "{error}");
            assert_eq!(open(&fs::read_to_string(kept).unwrap()), Ok("secret: other\n".to_owned()));
        }
    }
    // Reading goes on.
    let output = place.run(disk, &["decrypt", "a.yaml"], "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), PLAIN);
    assert_eq!(open(&fs::read_to_string(disk.join("a.yaml")).unwrap()), Ok(PLAIN.to_owned()));
}

#[test]
fn a_full_disk_loses_nothing() {
    let place = Place::new();
    let Some(disk) = Mounted::new("a_full_disk_loses_nothing", &place) else {
        return;
    };
    files(&place, &disk.0);
    disk.fill();
    nothing_changes(&place, &disk.0, 222);
    // With room again it works.
    fs::remove_file(disk.0.join("filler")).unwrap();
    let output = place.run(&disk.0, &["set", "a.yaml", "secret", "--value-stdin"], "new");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_read_only_file_system_is_said_to_be_one() {
    let place = Place::new();
    let Some(disk) = Mounted::new("a_read_only_file_system_is_said_to_be_one", &place) else {
        return;
    };
    files(&place, &disk.0);
    disk.read_only();
    nothing_changes(&place, &disk.0, 219);
}
