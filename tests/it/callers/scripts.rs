//! Callers whose whole interface is one or two command lines: mise, VS Code, chezmoi, direnv, and scripts of CI.

use super::World;

const YAML: &str = "token: \"x y\" # why\nport: 5432\n";

fn world() -> World {
    let world = World::new();
    for (name, text) in [
        ("v.yaml", YAML),
        ("v.json", "{\"a\": 1, \"b\": \"x\"}"),
        ("v.env", "A=1\nB=x y\n"),
        ("v.ini", "[s]\nk = v\n"),
        ("v.bin", "r\u{1}w"),
    ] {
        world.write(name, text);
        world.sh(&format!("sops encrypt -i {name}")).code(0);
    }
    world
}

#[test]
fn mise_gives_ciphertext_on_standard_input() {
    let world = world();
    let with_key = "SOPS_AGE_KEY=$(cat \"$SOPS_AGE_KEY_FILE\") SOPS_AGE_KEY_FILE= sops decrypt --input-type yaml --output-type yaml < v.yaml";
    world.sh(with_key).code(0).prints(YAML);
    world.sh("sops decrypt --input-type json --output-type json < v.json").code(0).prints("{\"a\": 1, \"b\": \"x\"}");
}

#[test]
fn vs_code_copies_files_to_names_without_an_ending() {
    let world = world();
    for (name, kind) in
        [("v.yaml", "yaml"), ("v.json", "json"), ("v.env", "dotenv"), ("v.ini", "ini"), ("v.bin", "binary")]
    {
        let plain = world.sh(&format!("sops decrypt {name}")).code(0).stdout;
        let flags = format!("--ignore-mac --config /dev/null --output-type {kind} --input-type {kind}");
        world.sh(&format!("cp {name} d41d8cd9; sops {flags} --decrypt d41d8cd9")).code(0).prints(&plain);
    }
    let flags = "--ignore-mac --config /dev/null --output-type yaml --input-type yaml";
    world.write("decrypted", "token: new\nport: 1\n");
    world.editor("cat \"$VSCODE_SOPS_DECRYPTED_FILE_PATH\" > \"$1\"");
    let save = format!("cp v.yaml d41d8cd9; VSCODE_SOPS_DECRYPTED_FILE_PATH=$PWD/decrypted sops {flags} d41d8cd9");
    world.sh(&save).code(0);
    world.sh(&format!("sops {flags} --decrypt d41d8cd9")).code(0).prints("token: new\nport: 1\n");
    // a new file, under a copy of the rules; what it looks for when none is for it
    let new = "sops --config rules.yaml --output-type yaml --input-type yaml --encrypt rel/new.yaml";
    world.write("rel/new.yaml", "n: 1\n");
    let ended =
        world.sh(&format!("echo 'creation_rules: [{{path_regex: other, age: '$R'}}]' > rules.yaml; {new}")).code(1);
    assert!(ended.stderr.contains("no matching creation rules found"), "{ended:?}");
    let ended = world.sh(&format!("cp .sops.yaml rules.yaml; {new}")).code(0);
    assert!(ended.stdout.starts_with("n: ENC[AES256_GCM"), "{ended:?}");
}

#[test]
fn templates_and_shells_get_clean_text() {
    let world = world();
    // chezmoi: output "sops" "-d" FILE
    world.sh("sops -d v.yaml").code(0).prints(YAML);
    world.sh("sops --decrypt --extract '[\"token\"]' v.yaml").code(0).prints("x y");
    // direnv and shells: dotenv text, from YAML too, with its comments on lines of their own, as sops prints them
    world.sh("sops -d --output-type dotenv v.yaml").code(0).prints("# why\ntoken=x y\nport=5432\n");
    world
        .sh("set -a; eval \"$(sops -d --output-type dotenv v.env | sed \"s/=\\(.*\\)/='\\1'/\")\"; sh -c 'echo $A $B'")
        .code(0)
        .prints("1 x y\n");
}

#[test]
fn scripts_of_ci() {
    let world = world();
    world.sh("sops exec-env v.env 'echo $A-$B'").code(0).prints("1-x y\n");
    world.sh("sops exec-env v.env 'exit 7'").code(7);
    world.sh("sops exec-env --pristine v.env 'echo \"$A[$R]\"'").code(0).prints("1[]\n");
    // variables for Terraform: only a name in .json is read as JSON
    let terraform = "sops exec-file --no-fifo --filename vars.tfvars.json v.json 'basename {}; cat {}'";
    world.sh(terraform).code(0).prints("vars.tfvars.json\n{\"a\": 1, \"b\": \"x\"}");
    world.sh("sops exec-file v.yaml 'cat {}; exit 3'").code(3).prints(YAML);
    world.sh("sops -d v.json > out.json && sops -d --output other.json v.json && cmp out.json other.json").code(0);
    // a version check as scripts write it
    world.sh("sops --version --disable-version-check | grep -qE '^sops 3\\.[0-9]+\\.[0-9]+' && sops --version | awk '{print $2}'")
        .code(0)
        .prints("3.13.2\n");
    // re-keying every file that is found
    world.sh("find . -name 'v.*' | xargs -n 1 sops updatekeys --yes && find . -name 'v.*' | xargs -n 1 sops rotate -i && sops -d v.yaml").code(0).prints(YAML);
    world
        .sh("sops filestatus v.yaml && sops filestatus .sops.yaml")
        .code(0)
        .prints("{\"encrypted\":true}\n{\"encrypted\":false}\n");
}

/// A caller that cannot finish writing reports its own broken pipe instead of what we say.
#[test]
fn what_is_piped_in_is_read_also_when_we_refuse() {
    let world = World::new();
    world.write("other.yaml", "creation_rules: [{path_regex: other, age: age1none}]\n");
    world.write("bad.yaml", "creation_rules: {\n");
    for refused in [
        "--config other.yaml encrypt --filename-override x.yaml /dev/stdin",
        "--config other.yaml encrypt --filename-override x.yaml",
        "--config bad.yaml encrypt --filename-override x.yaml /dev/stdin",
        "--config bad.yaml decrypt --input-type yaml /dev/stdin",
        "decrypt --extract '[' --input-type yaml",
    ] {
        let script =
            format!("{{ yes '# x' | head -c 300000; echo $? > written; }} | sops {refused}; echo $?; cat written");
        let ended = world.sh(&script).code(0);
        assert!(ended.stdout.ends_with("\n0\n") && !ended.stdout.starts_with('0'), "{refused}: {ended:?}");
    }
}
