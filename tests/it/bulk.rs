//! Many files in one call: what they are taken for, what becomes of their modes, and what is left out.

use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{PLAIN, Sandbox};

const FILE: &str = "secret/app.yaml";

fn mode(sandbox: &Sandbox, path: &str) -> u32 {
    std::fs::metadata(sandbox.path(path)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn decrypt_output_over_a_file_that_others_may_read_is_not_left_open() {
    let sandbox = Sandbox::encrypted();
    std::fs::create_dir(sandbox.path("out")).unwrap();
    for path in ["plain.yaml", "value", "out/app.yaml"] {
        sandbox.write(path, "old");
        sandbox.mode(path, 0o644);
    }
    sandbox.run(&["decrypt", "-o", "plain.yaml", FILE]).code(0);
    sandbox.run(&["decrypt", "--extract", "db.password", "-o", "value", FILE]).code(0);
    sandbox.run(&["decrypt", "--output-dir", "out", FILE]).code(0);
    assert_eq!(sandbox.read("plain.yaml"), PLAIN);
    assert_eq!(sandbox.read("value"), "canary-one");
    for path in ["plain.yaml", "value", "out/app.yaml"] {
        assert_eq!(mode(&sandbox, path), 0o600, "{path}");
    }
    // in place it is the user's file, as with sops; and ciphertext hides nothing from who may read the file
    sandbox.mode(FILE, 0o640);
    sandbox.run(&["decrypt", "-i", FILE]).code(0);
    assert_eq!((sandbox.read(FILE).as_str(), mode(&sandbox, FILE)), (PLAIN, 0o640));
    sandbox.write("enc.yaml", "old");
    sandbox.mode("enc.yaml", 0o644);
    sandbox.run(&["encrypt", "-o", "enc.yaml", FILE]).code(0);
    assert_eq!(mode(&sandbox, "enc.yaml"), 0o644);
}
