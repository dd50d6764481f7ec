//! helm-secrets: the command lines that its back end `sops` runs, and the texts that it looks for in files. With
//! `SEALANT_HELM_SECRETS` naming a checkout of it, its own scripts, too.

use super::World;

/// What its scripts do for `decrypt`, `encrypt` and `edit`, in the words of its documentation of the back end.
const BACKEND: &str = r#"
set -euf
is_encrypted() { grep -q 'mac.*,type:str]' "$1"; }
stored_type() {
    if grep -xq 'sops:[[:space:]]*' "$1"; then echo yaml
    elif grep -q '"data": "ENC' "$1"; then echo binary
    else echo json; fi
}
encrypt() { is_encrypted "$1" && return 9; sops --encrypt --input-type "$2" --output-type "$2" "$1"; }
encrypt_in_place() { is_encrypted "$1" && return 9; sops --encrypt --input-type "$2" --output-type "$2" --in-place "$1"; }
decrypt() { is_encrypted "$1"; t=$(stored_type "$1"); sops --decrypt --input-type "$t" --output-type "$t" "$1"; }
decrypt_in_place() { t=$(stored_type "$1"); sops --decrypt --input-type "$t" --output-type "$t" --in-place "$1"; }
decrypt_to() { sops --decrypt --input-type yaml --output-type yaml --output "$2" "$1"; }
literal() { printf '%s' "$1" | sops --decrypt --input-type json --output-type json /dev/stdin; }
edit() { sops --input-type yaml --output-type yaml "$1"; }
"#;
const VALUES: &str = "# for the chart\nreplicas: 2\ndb:\n  password: \"x y\"\nhosts: [a, b]\n";

fn world() -> World {
    let world = World::new();
    world.write("values.yaml", VALUES);
    world.write("values.json", "{\"a\": 1, \"m\": {\"b\": \"x\"}}\n");
    world.write("tls.key", "-----BEGIN X-----\nabc\n");
    world
}

fn backend(world: &World, script: &str) -> super::Ended {
    world.sh(&format!("{BACKEND}{script}"))
}

#[test]
fn the_command_lines_of_helm_secrets() {
    let world = world();
    backend(&world, "encrypt values.yaml yaml > enc.yaml; stored_type enc.yaml; decrypt enc.yaml")
        .code(0)
        .prints(&format!("yaml\n{VALUES}"));
    assert_eq!(world.read("values.yaml"), VALUES);
    backend(&world, "encrypt_in_place values.yaml yaml; decrypt values.yaml").code(0).prints(VALUES);
    backend(&world, "encrypt_in_place values.yaml yaml").code(9);
    // beside a chart, for the helm command that follows
    backend(&world, "decrypt_to values.yaml values.yaml.dec; cat values.yaml.dec").code(0).prints(VALUES);
    backend(&world, "decrypt_in_place values.yaml; cat values.yaml").code(0).prints(VALUES);

    let json = world.read("values.json");
    backend(&world, "encrypt_in_place values.json json; stored_type values.json; decrypt values.json")
        .code(0)
        .prints(&format!("json\n{json}"));
    backend(&world, "literal \"$(cat values.json)\"").code(0).prints(json.trim_end());
    let key = world.read("tls.key");
    backend(&world, "encrypt_in_place tls.key binary; stored_type tls.key; decrypt tls.key")
        .code(0)
        .prints(&format!("binary\n{key}"));
}

#[test]
fn values_are_edited_as_helm_secrets_does() {
    let world = world();
    backend(&world, "mkdir chart; cp values.yaml chart/secrets.yaml; cd chart; encrypt_in_place secrets.yaml yaml")
        .code(0);
    let before = world.read("chart/secrets.yaml");
    world.editor("sed -i.bak 's/x y/changed/' \"$1\"");
    backend(&world, "cd chart; edit secrets.yaml; decrypt secrets.yaml")
        .code(0)
        .prints(&VALUES.replace("x y", "changed"));
    world.editor("true");
    let after = world.read("chart/secrets.yaml");
    assert_ne!(before, after);
    backend(&world, "cd chart; edit secrets.yaml").code(200);
    assert_eq!(world.read("chart/secrets.yaml"), after);
}

#[test]
fn helm_secrets_itself() {
    let Some(checkout) = std::env::var_os("SEALANT_HELM_SECRETS") else {
        eprintln!("SKIP helm_secrets_itself: SEALANT_HELM_SECRETS does not name a checkout of it");
        return;
    };
    let world = world().with("HELM_PLUGIN_DIR", checkout).with("HELM_BIN", "helm");
    // of helm it wants the version, and that it reads the decrypted files
    let helm = world.root.join("bin/helm");
    std::fs::write(
        &helm,
        "#!/bin/sh\n[ \"$1\" = version ] && echo v3.17.3 && exit\nwhile [ \"$1\" != -f ]; do shift; done\ncat \"$2\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&helm, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let secrets = |arguments: &str| world.sh(&format!("sh \"$HELM_PLUGIN_DIR/scripts/run.sh\" {arguments}"));
    secrets("encrypt values.yaml > enc.yaml").code(0);
    secrets("decrypt enc.yaml").code(0).prints(VALUES);
    secrets("encrypt -i values.yaml").code(0);
    secrets("encrypt -i values.yaml").code(1);
    secrets("decrypt values.yaml").code(0).prints(VALUES);
    secrets("downloader '' '' '' secrets://values.yaml").code(0).prints(VALUES);
    secrets("template chart -f values.yaml").code(0).prints(VALUES);
    assert!(!world.path("values.yaml.dec").exists());
    world.editor("sed -i.bak 's/x y/changed/' \"$1\"");
    secrets("edit values.yaml").code(0);
    secrets("decrypt -i values.yaml").code(0);
    assert_eq!(world.read("values.yaml"), VALUES.replace("x y", "changed"));
}
