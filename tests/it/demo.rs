//! `demo`: what the first command of the README shows.

use crate::sandbox::Sandbox;

#[test]
fn the_demo_holds_its_promises() {
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&["demo"]).code(0);
    for line in [
        "$ sealant keys new alice --output ../alice.txt",
        "$ sealant encrypt -i config",
        "encrypted 15 files",
        "✓ in all 15 files only secrets changed",
        "✓ one value changed",
        "✓ prod stays closed to her",
        "✓ every byte of 15 of 15 files came back",
        "Done: all 5 checks hold.",
    ] {
        assert!(ended.stdout.contains(line), "{line}\n{}", ended.stdout);
    }
    assert_eq!(ended.stderr, "");
    // nothing of the user's is touched, and the folder is gone
    assert_eq!(std::fs::read_dir(sandbox.home()).unwrap().count(), 0);
    assert!(!folder(&ended.stdout).exists());
}

#[test]
fn the_demo_leaves_its_folder_on_request() {
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&["demo", "--keep"]).code(0);
    let folder = folder(&ended.stdout);
    assert!(folder.join("config/prod/db/db.config").is_file());
    std::fs::remove_dir_all(folder.parent().unwrap()).unwrap();
}

/// Where the demo said it played.
fn folder(stdout: &str) -> std::path::PathBuf {
    let line = stdout.lines().find(|line| line.contains("&& cd ")).unwrap();
    line.rsplit(' ').next().unwrap().into()
}
