//! The collection community.sops of Ansible: its vars plug-in, lookup, filter, `load_vars` and `sops_encrypt`.

use std::path::Path;

use super::World;
use crate::peers;

#[test]
fn ansible_with_community_sops() {
    let wanted =
        ["py/bin/ansible-playbook", "py/bin/python", "ansible/ansible_collections/community/sops/MANIFEST.json"];
    let Some(found) = peers::locate_all("ansible_with_community_sops", &wanted) else {
        return;
    };
    let collections = found[2].ancestors().nth(4).unwrap().to_owned();
    let playbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/ansible/play.yml");
    let world = World::new()
        .with("PLAYBOOK", &found[0])
        .with("ANSIBLE_COLLECTIONS_PATH", collections)
        .with("ANSIBLE_VARS_ENABLED", "host_group_vars,community.sops.sops")
        .with("ANSIBLE_LOCALHOST_WARNING", "false")
        .with("ANSIBLE_NOCOLOR", "1")
        .with("LC_ALL", "C.UTF-8");
    world.write("play.yml", std::fs::read(playbook).unwrap());
    world.write("elsewhere.yaml", "creation_rules:\n  - path_regex: ^nothing$\n    age: age1none\n");
    world.write(
        "hosts",
        format!("localhost ansible_connection=local ansible_python_interpreter={}\n", found[1].display()),
    );
    for (name, text) in [
        ("group_vars/all.sops.yaml", "group_secret: from the group\nnumber: 42\n"),
        ("host_vars/localhost.sops.json", "{\"host_secret\": \"from the host\"}"),
        ("files/look.yaml", "lookup_secret: \"looked up\"\nnested:\n  deep: [1, two]\n"),
        ("files/look.env", "A=1\nB=x y\n"),
        ("files/raw.bin", "bin\nary\n"),
    ] {
        world.write(name, text);
        world.sh(&format!("sops encrypt -i {name}")).code(0);
        assert!(world.read(name).contains("ENC[AES256_GCM"));
    }
    world.write("files/clear.yaml", "clear: 1\n");
    let ended = world.sh("\"$PLAYBOOK\" -i hosts play.yml").code(0);

    assert!(ended.stdout.contains("unreachable=0    failed=0"), "{}", ended.stdout);
    // what it wrote is encrypted, each in the format of its name
    for (name, text) in [
        ("out.yaml", "a: 1\nb:\n- x\n- c: d\n"),
        ("out.json", "{\"a\": 1, \"b\": [\"x\", {\"c\": \"d\"}]}"),
        ("out.txt", "some text"),
        ("opt.yaml", "host: clear\npassword: secret\n"),
    ] {
        assert!(world.read(name).contains("ENC[AES256_GCM"), "{name}");
        world.sh(&format!("sops decrypt {name}")).code(0).prints(text);
    }
}
